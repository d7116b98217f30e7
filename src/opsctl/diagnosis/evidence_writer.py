"""Writes evidence files, `opsctl.evidence/v1` (.json or .json.gz): whole or not at all, for their owner only."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, cast

from opsctl.diagnosis.evidence_entries import from_entry
from opsctl.diagnosis.models import Evidence, LogEntry, Section, SectionStatus
from opsctl.errors import AccessDeniedError, OpsctlError, UsageError

SCHEMA = "opsctl.evidence/v1"


def write_evidence(path: Path, evidence: Evidence, *, overwrite: bool = False) -> None:
    """Writes redacted evidence as Google's JSON, entry by entry. What is read from the file is equal to it.

    Entries that were left out to stay within memory are told by number and count in `logs.data.leftOut`, so that the
    others keep their numbers. Raises `UsageError` (the file exists and may not be overwritten, is a folder, or its
    folder does not exist), `AccessDeniedError`, `OpsctlError` (it could not be written).
    """
    _write(path, _pieces(evidence), overwrite=overwrite)


def write_document(path: Path, document: Mapping[str, Any], *, overwrite: bool = False) -> None:
    """Writes an evidence document that is JSON already. Raises as `write_evidence` does."""
    _write(path, (*_ENCODER.iterencode(document), "\n"), overwrite=overwrite)


def _write(path: Path, pieces: Iterable[str], *, overwrite: bool) -> None:
    try:
        _check_place(path, overwrite=overwrite)
        _replace(path, pieces)
    except PermissionError:
        raise AccessDeniedError(f"{path} may not be written.", hint=f"ls -ld {path.parent}") from None
    except OSError as error:
        raise OpsctlError(
            f"{path} could not be written: {error.strerror or error}.", hint="Choose another place.", code="not-written"
        ) from None


def _check_place(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", hint="Name the file to write.")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists already.", hint="Choose another name, or allow it with --force.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", hint=f"mkdir -p {path.parent}")


def _replace(path: Path, pieces: Iterable[str]) -> None:
    # Beside the file, so that it can take its name in one step; with its mode before the first byte.
    temporary = path.with_name(f".{os.getpid()}-{os.urandom(6).hex()}.part")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as plain:
            with ExitStack() as stack:
                file: BinaryIO = plain
                if path.suffix == ".gz":
                    # Neither name nor time in the header: the same evidence gives the same bytes.
                    packed = gzip.GzipFile(filename="", fileobj=plain, mode="wb", compresslevel=6, mtime=0)
                    file = cast("BinaryIO", stack.enter_context(packed))
                for block in _blocks(pieces):
                    # Half a character of UTF-16, which no encoding can write, becomes its JSON escape.
                    file.write(block.encode("utf-8", errors="backslashreplace"))
            plain.flush()
            os.fsync(plain.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _blocks(pieces: Iterable[str], characters: int = 1 << 16) -> Iterator[str]:
    """Many small pieces as fewer large ones."""
    block: list[str] = []
    size = 0
    for piece in pieces:
        block.append(piece)
        size += len(piece)
        if size >= characters:
            yield "".join(block)
            block, size = [], 0
    yield "".join(block)


_ENCODER = json.JSONEncoder(ensure_ascii=False, indent=1)
# A log entry is one line.
_ENTRY_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _pieces(evidence: Evidence) -> Iterator[str]:
    head = {
        "schema": SCHEMA,
        "collectedAt": evidence.collected_at,
        "collectedBy": evidence.collected_by,
        "executionName": evidence.name.full,
    }
    yield "{\n"
    for key, value in head.items():
        if value is not None:
            yield f" {_quote(key)}: {_quote(value)},\n"
    if evidence.masked_before:
        yield f' "masked": {json.dumps(dict(sorted(evidence.masked_before.items())))},\n'
    yield ' "sections": {'
    sections = dict(evidence.sections)
    if evidence.entries and "logs" not in sections:
        sections["logs"] = Section(SectionStatus.OK)
    for number, (name, section) in enumerate(sections.items()):
        yield f"{',' if number else ''}\n  {_quote(name)}: {{"
        yield from _section_pieces(section, evidence if name == "logs" else None)
        yield "}"
    yield "\n }\n}\n"


def _section_pieces(section: Section, logs: Evidence | None) -> Iterator[str]:
    yield f'"status": {_quote(section.status)}'
    for key, text in (("reason", section.reason), ("source", section.source)):
        if text is not None:
            yield f", {_quote(key)}: {_quote(text)}"
    if not section.status.has_data:
        return
    if logs is not None:
        yield from _logs_pieces(section.data or {}, logs)
    elif section.data is not None:
        yield f', "data": {_indent(section.data)}'


def _logs_pieces(data: Mapping[str, Any], logs: Evidence) -> Iterator[str]:
    fields = dict(data)
    if logs.entries_dropped:
        fields["leftOut"] = _gaps(logs.entries)
    yield ', "data": {'
    for key, value in fields.items():
        yield f"\n   {_quote(key)}: {_indent(value)},"
    yield '\n   "entries": ['
    encode = _ENTRY_ENCODER.encode
    for number, entry in enumerate(logs.entries):
        yield f"{',' if number else ''}\n{encode(from_entry(entry))}"
    yield "\n   ]}"


def _gaps(entries: tuple[LogEntry, ...]) -> list[dict[str, int]]:
    """Where entries are missing: the number of the first, and how many."""
    numbers = [-1, *(entry.number for entry in entries)]
    return [{"from": a + 1, "count": b - a - 1} for a, b in pairwise(numbers) if b - a > 1]


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _indent(value: Any) -> str:
    # A newline inside a string is written as an escape: these are all between values.
    return _ENCODER.encode(value).replace("\n", "\n   ")
