"""Reads and writes evidence files, `opsctl.evidence/v1` (.json or .json.gz).

The reader streams: log entries are taken one by one, and of very many the oldest and the newest are kept.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from opsctl.diagnosis.json_stream import JsonError, JsonReader
from opsctl.diagnosis.models import Evidence, ExecutionName, LogEntry, Section, SectionStatus
from opsctl.diagnosis.timestamps import parse_time
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, UsageError

SCHEMA = "opsctl.evidence/v1"
_SCHEMA = re.compile(r"opsctl\.evidence/v(\d+)(?:\.\d+)*$")
_NAME = re.compile(
    r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/jobs/(?P<job>[^/]+)/executions/(?P<execution>[^/]+)$"
)
_GZIP_MAGIC = b"\x1f\x8b"

# Bounds of memory. The first failing attempt is at the begin, the end of the story at the end: the middle can go.
OLDEST_KEPT = 100_000
NEWEST_KEPT = 150_000
MOST_CHARACTERS = 60_000_000
LONGEST_TEXT = 64_000


def read_evidence(path: Path) -> Evidence:
    """The evidence in a file.

    Raises `NotFoundError` (no such file), `AccessDeniedError`, `UsageError` (a folder), `DataError` (empty, not JSON,
    cut, another schema or major version, no `executionName`), each with the place of the fault.
    """
    try:
        with ExitStack() as stack:
            file: BinaryIO = stack.enter_context(path.open("rb"))
            magic = file.read(2)
            file.seek(0)
            if not magic:
                raise DataError(f"{path} is empty.", hint="An evidence file is one JSON object; save it again.")
            if magic == _GZIP_MAGIC:
                file = cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=file)))
            return _Reading(path, file).read()
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no file {path}.", hint="Practice files: opsctl lab incident list", code="file-not-found"
        ) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder.", hint="Name the evidence file in it.") from None
    except PermissionError:
        raise AccessDeniedError(f"{path} may not be read.", hint=f"ls -l {path}") from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise DataError(
            f"{path} is a damaged gzip file: {error}.", hint="It was cut or changed; copy it again."
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def write_evidence(path: Path, document: Mapping[str, Any], *, overwrite: bool = False) -> None:
    """Writes a redacted evidence document, whole or not at all; readable by its owner only.

    Raises `UsageError` when the file exists and may not be overwritten, or its folder does not exist.
    """
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists already.", hint="Choose another name, or allow it with --force.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", hint=f"mkdir -p {path.parent}")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with ExitStack() as stack:
            file = stack.enter_context(os.fdopen(handle, "wb"))
            if path.suffix == ".gz":
                # No time in the header: the same evidence gives the same bytes.
                file = cast("Any", stack.enter_context(gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0)))
            for piece in json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(document):
                file.write(piece.encode("utf-8", errors="backslashreplace"))
            file.write(b"\n")
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def parse_execution_name(full: str) -> ExecutionName:
    """The parts of an execution's name; of a name of another form only the last segment."""
    match = _NAME.match(full)
    if match is None:
        return ExecutionName(full, "", "", "", full.rpartition("/")[2])
    return ExecutionName(full, **match.groupdict())


def to_entry(number: int, raw: Mapping[str, Any], shared: dict[Any, Any]) -> LogEntry:
    """A LogEntry of Google's JSON. `shared` keeps one copy of labels and names that thousands of lines repeat."""
    labels = raw.get("labels")
    kept = {k: v for k, v in labels.items() if isinstance(v, str)} if isinstance(labels, dict) else {}
    text, payload, proto = raw.get("textPayload"), raw.get("jsonPayload"), raw.get("protoPayload")
    log_name, severity = str(raw.get("logName") or ""), str(raw.get("severity") or "DEFAULT")
    return LogEntry(
        number,
        parse_time(raw.get("timestamp")) or parse_time(raw.get("receiveTimestamp")),
        shared.setdefault(log_name, log_name),
        shared.setdefault(severity, severity),
        shared.setdefault(tuple(sorted(kept.items())), kept),
        _shorten(text) if isinstance(text, str) else None,
        payload if isinstance(payload, dict) else None,
        proto if isinstance(proto, dict) else None,
        str(raw.get("insertId") or ""),
    )


class _Reading:
    """One pass over a file."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._json = JsonReader(file)
        self._top: dict[str, Any] = {}
        self._sections: dict[str, Section] = {}
        self._entries = _KeptEntries()
        self._remarks: list[str] = []

    def read(self) -> Evidence:
        try:
            self._read_document()
            if self._json.peek():
                raise self._json.fault("there is more text after the end of the object")
        except JsonError as fault:
            raise self._refuse(fault) from None
        self._check_head()
        if self._json.replaced:
            self._remarks.append("invalid-utf8")
        return Evidence(
            parse_execution_name(self._top["executionName"]),
            self._top.get("collectedAt") if isinstance(self._top.get("collectedAt"), str) else None,
            self._sections,
            self._entries.all(),
            self._entries.dropped,
            tuple(self._remarks),
        )

    def _read_document(self) -> None:
        for key in self._json.members():
            if key != "sections":
                self._top[key] = self._json.value()
                if key == "schema":
                    self._check_schema()
                continue
            for name in self._json.members():
                self._sections[name] = self._read_section(name)

    def _read_section(self, name: str) -> Section:
        fields: dict[str, Any] = {}
        for key in self._json.members():
            is_logs = name == "logs" and key == "data" and self._json.peek() == "{"
            fields[key] = self._read_logs() if is_logs else self._json.value()
        try:
            status = SectionStatus(str(fields.get("status")))
        except ValueError:
            status = SectionStatus.UNKNOWN
            self._remarks.append(f"unknown-status:{name}")
        data = fields.get("data")
        if status.has_data and not isinstance(data, dict):
            status = SectionStatus.ERROR
            self._remarks.append(f"no-data:{name}")
        return Section(
            status,
            _text_or_none(fields.get("reason")),
            _text_or_none(fields.get("source")),
            data if status.has_data else None,
        )

    def _read_logs(self) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key in self._json.members():
            if key != "entries" or self._json.peek() != "[":
                data[key] = self._json.value()
                continue
            for read in self._json.items():
                self._entries.add(read())
        return data

    def _check_schema(self) -> None:
        schema = self._top.get("schema")
        match = _SCHEMA.match(schema) if isinstance(schema, str) else None
        if match is None:
            raise self._foreign(f"its schema is {schema!r}")
        if match[1] != "1":
            raise DataError(
                f"{self._path} is evidence of version {match[1]}; this opsctl reads version 1.",
                hint="Use the opsctl that wrote it, or a newer one.",
                code="evidence-version",
            )

    def _check_head(self) -> None:
        if "schema" not in self._top:
            raise self._foreign("it has no schema")
        name = self._top.get("executionName")
        if not isinstance(name, str) or not name.strip():
            raise DataError(
                f"{self._path} lacks executionName: $.executionName is {json.dumps(name, default=str)[:60]}.",
                hint="Add projects/P/locations/L/jobs/J/executions/E, the execution that this is about.",
                code="evidence-incomplete",
            )

    def _foreign(self, what: str) -> DataError:
        return DataError(
            f"{self._path} is not an evidence file: {what}, not {SCHEMA!r}.",
            hint="Files are written by --save-evidence and by opsctl lab incident write.",
            code="evidence-foreign",
        )

    def _refuse(self, fault: JsonError) -> DataError:
        place = f"line {fault.line}, column {fault.column}"
        is_cut = "too early" in fault.message
        return DataError(
            f"{self._path} is {'cut' if is_cut else 'not JSON'} at {place}: {fault.message}.",
            hint="Copy the file again, or save the evidence again."
            if is_cut
            else "An evidence file is one JSON object.",
            code="evidence-cut" if is_cut else "evidence-not-json",
        )


class _KeptEntries:
    """Log entries within bounds: the oldest, and a window of the newest."""

    def __init__(self) -> None:
        self._oldest: list[LogEntry] = []
        self._newest: deque[LogEntry] = deque()
        self._shared: dict[Any, Any] = {}
        self._oldest_characters = 0
        self._newest_characters = 0
        self._count = 0

    @property
    def dropped(self) -> int:
        return self._count - len(self._oldest) - len(self._newest)

    def add(self, raw: Any) -> None:
        index = self._count
        self._count += 1
        entry = to_entry(index, raw if isinstance(raw, dict) else {"textPayload": json.dumps(raw)}, self._shared)
        size = _size(entry)
        if (
            len(self._oldest) < OLDEST_KEPT
            and self._oldest_characters + size <= MOST_CHARACTERS // 2
            and not self._newest
        ):
            self._oldest.append(entry)
            self._oldest_characters += size
            return
        self._newest.append(entry)
        self._newest_characters += size
        while len(self._newest) > NEWEST_KEPT or self._newest_characters > MOST_CHARACTERS // 2:
            self._newest_characters -= _size(self._newest.popleft())

    def all(self) -> tuple[LogEntry, ...]:
        return (*self._oldest, *self._newest)


def _size(entry: LogEntry) -> int:
    if entry.text is not None:
        return len(entry.text)
    return len(str(entry.json or entry.proto or ""))


def _shorten(text: str) -> str:
    """Begin and end of a very long line: an error stands at one of them."""
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 2
    return f"{text[:half]} ... {text[-half:]}"


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def iterate_strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from iterate_strings(item)
    elif isinstance(value, Iterable):
        for item in value:
            yield from iterate_strings(item)
