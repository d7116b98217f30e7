"""The bytes of one blob from first to last, over as many connections as it takes (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator

import urllib3

from opsctl.adapters.registry.deadline import Deadline
from opsctl.adapters.registry.transport import InterruptedTransferError, read_piece
from opsctl.errors import DataError, UnavailableError

_TRIES_WITHOUT_PROGRESS = 4
# A connection that brings less than this counts as a try that failed.
_PROGRESS_BYTES = 64 << 10
_PAUSE_SECONDS = 0.25
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


def read_blob_pieces(
    open_at: Callable[[int], urllib3.BaseHTTPResponse], *, size_bytes: int, what: str, deadline: Deadline
) -> Generator[bytes, None, None]:
    """The blob in pieces. `open_at` gives an answer, 200 or 206, that is to begin at a position.

    Ends where the server says that the blob ends; `size_bytes` decides only where it does not say. Raises
    `UnavailableError` when the connection is lost again and again, `DataError` for a range that was not asked for.
    """
    position, failures = 0, 0
    while True:
        before = position
        response = open_at(position)
        start, end = _extent(response, position, what)
        try:
            with deadline.stop.broken_off_by(response.shutdown):
                for piece in _pieces_from(response, start, position, deadline):
                    position += len(piece)
                    yield piece
            if position >= (size_bytes if end is None else end):
                return
        except InterruptedTransferError:
            # All is there and only the end of the answer is missing: there is no range left to ask for.
            if position == size_bytes:
                return
        finally:
            # A body that was read to its end has given its connection back already.
            response.close()
        failures = 0 if position - before >= _PROGRESS_BYTES else failures + 1
        if failures >= _TRIES_WITHOUT_PROGRESS or not deadline.pause(_PAUSE_SECONDS * failures):
            raise UnavailableError(f"{what}: the connection was lost at byte {position} of {size_bytes}")


def _pieces_from(response: urllib3.BaseHTTPResponse, start: int, position: int, deadline: Deadline) -> Iterator[bytes]:
    """The body without what came before `position`: a server that ignores the range begins again."""
    while piece := read_piece(response, deadline):
        skipped = min(len(piece), position - start)
        start += skipped
        if skipped < len(piece):
            start, position = start + len(piece) - skipped, position + len(piece) - skipped
            yield piece[skipped:] if skipped else piece


def _extent(response: urllib3.BaseHTTPResponse, position: int, what: str) -> tuple[int, int | None]:
    """Where the body begins, and where the blob ends; None when the server does not say."""
    if response.status == 200:
        length = response.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit():
            return 0, int(length[:18])
        # Chunks have an end of their own.
        return 0, 0 if "chunked" in response.headers.get("Transfer-Encoding", "").lower() else None
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None or int(found[1]) != position or int(found[2]) < position:
        response.close()
        raise DataError(f"{what}: the server sent another part than it was asked for")
    return position, None if found[3] == "*" else int(found[3])
