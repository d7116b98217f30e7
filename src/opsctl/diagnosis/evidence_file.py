"""Evidence files, `opsctl.evidence/v1` (.json or .json.gz): opens and reads them; `write_evidence` writes them."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from opsctl.diagnosis.evidence_reading import EvidenceReading, parse_execution_name
from opsctl.diagnosis.evidence_writer import SCHEMA, write_document, write_evidence
from opsctl.diagnosis.models import Evidence
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, UsageError

__all__ = ["SCHEMA", "parse_execution_name", "read_evidence", "write_document", "write_evidence"]

_STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
# What the shell makes of `<(command)`.
_OPEN_FILES = ("/dev/fd/", "/proc/self/fd/")
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a zip archive", "Unpack it, and give the file in it."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "zstd -d FILE; gzip is read as it is."),
    (b"\xfd7zXZ\x00", "compressed with xz", "xz -d FILE; gzip is read as it is."),
    (b"BZh", "compressed with bzip2", "bzip2 -d FILE; gzip is read as it is."),
    (b"\xff\xfe", "UTF-16 text", "Save it as UTF-8; in PowerShell: Out-File -Encoding utf8."),
    (b"\xfe\xff", "UTF-16 text", "Save it as UTF-8."),
)


def read_evidence(path: Path) -> Evidence:
    """The evidence in a file, or from standard input for `-` or `/dev/stdin`.

    Raises `NotFoundError` (no such file), `AccessDeniedError`, `UsageError` (a folder, a device, a named pipe),
    `DataError` (empty, not JSON, cut, another schema or major version, a section of the wrong type, no
    `executionName`), each with the place of the fault.
    """
    name = "standard input" if str(path) in _STANDARD_INPUT else str(path)
    try:
        with ExitStack() as stack:
            file = stack.enter_context(_open(path, name))
            # One byte is enough: a pipe may hold no more at first, and none of these begins a JSON object.
            head = file.peek(8)[:8]
            for magic, what, hint in _OTHER_FORMATS:
                if head.startswith(magic):
                    raise DataError(f"{name} is {what}.", hint=hint, code="evidence-not-json")
            source = cast("BinaryIO", file)
            if head[:1] == b"\x1f":
                source = cast("BinaryIO", _Unpacked(stack.enter_context(gzip.GzipFile(fileobj=file))))
            return EvidenceReading(name, source).read()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(
            f"There is no file {path}.", hint="Practice files: opsctl lab incident list", code="file-not-found"
        ) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder.", hint="Name the evidence file in it.") from None
    except PermissionError:
        raise AccessDeniedError(f"{path} may not be read.", hint=f"ls -l {path}") from None
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.", code="evidence-unreadable") from None


class _Unpacked:
    """A gzip file that hands out what it has before it tells that the rest is missing or damaged."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._fault: Exception | None = None

    def read(self, size: int) -> bytes:
        pieces: list[bytes] = []
        try:
            while size > 0 and self._fault is None and (piece := self._file.read1(min(size, 1 << 16))):
                pieces.append(piece)
                size -= len(piece)
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            self._fault = fault
        if self._fault is not None and not pieces:
            raise self._fault
        return b"".join(pieces)


def _open(path: Path, name: str) -> BufferedReader:
    if name != str(path):
        # Opening /dev/stdin again fails for a socket, and for a pipe of another user.
        file = os.fdopen(os.dup(0), "rb")
    else:
        _refuse_device(path)
        file = path.open("rb")
    mode = os.fstat(file.fileno()).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        file.close()
        raise UsageError(f"{name} is no file.", hint="Name an evidence file, or pipe one in.")
    return file


def _refuse_device(path: Path) -> None:
    """Opening a pipe that nobody writes to waits for ever, and so does reading some devices."""
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return
    if stat.S_ISFIFO(mode) and str(path).startswith(_OPEN_FILES):
        return
    what = "a named pipe" if stat.S_ISFIFO(mode) else "a device or a socket"
    raise UsageError(
        f"{path} is {what}, not a file.", hint="To read from another program: ... | ... --from-evidence /dev/stdin"
    )
