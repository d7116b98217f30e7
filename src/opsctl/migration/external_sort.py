"""Sorting more than memory holds: sorted chunks on disk, merged while they are read."""

from __future__ import annotations

import heapq
import marshal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO

from opsctl.errors import OpsctlError

CHUNK_ROWS = 50_000
BATCH_ROWS = 500

Row = tuple[str, int | None, str]


class ExternalSorter:
    """Rows (key, size, owner) in; the same rows out in the order of their keys' code points, which is UTF-8 order.

    At most `chunk_rows` are in memory. The files are temporary, nameless and this process' own.
    """

    def __init__(self, chunk_rows: int = CHUNK_ROWS) -> None:
        self._chunk_rows = chunk_rows
        self._rows: list[Row] = []
        self._chunks: list[IO[bytes]] = []

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) >= self._chunk_rows:
            self._spill()

    def __iter__(self) -> Iterator[Row]:
        """All rows in order; to be read once, after the last `add`."""
        self._rows.sort(key=_key)
        yield from heapq.merge(*map(_read, self._chunks), self._rows, key=_key)

    def __enter__(self) -> ExternalSorter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for chunk in self._chunks:
            with suppress(OSError):  # what a full disk did not take
                chunk.close()

    def _spill(self) -> None:
        """Write what is in memory to a file. Raises OpsctlError when there is no room for it."""
        self._rows.sort(key=_key)
        try:
            chunk = tempfile.TemporaryFile(prefix="opsctl-verify-")  # noqa: SIM115 closed by __exit__
            self._chunks.append(chunk)
            for start in range(0, len(self._rows), BATCH_ROWS):
                marshal.dump(self._rows[start : start + BATCH_ROWS], chunk)
            chunk.flush()
        except OSError as error:
            raise OpsctlError(
                f"The temporary files that sorting needs cannot be written: {error.strerror}.",
                hint=f"Make room in {tempfile.gettempdir()}, or name a larger folder in TMPDIR.",
                code="no-space",
            ) from error
        self._rows = []


def _read(chunk: IO[bytes]) -> Iterator[Row]:
    chunk.seek(0)
    while True:
        try:
            batch = marshal.load(chunk)  # noqa: S302 written by this very process
        except EOFError:
            return
        yield from batch


def _key(row: Row) -> str:
    return row[0]
