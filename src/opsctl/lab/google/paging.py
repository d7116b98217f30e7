"""Pages of a list."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Any

from opsctl.lab.google.answers import invalid
from opsctl.lab.google.faults import Action
from opsctl.lab.google.surface import Ask

Json = dict[str, Any]


def cut_page(
    items: Sequence[Json],
    ask: Ask,
    *,
    size: int = 100,
    largest: int = 1000,
    keys: tuple[str, str] = ("pageSize", "pageToken"),
) -> tuple[list[Json], str]:
    """The page that was asked for and the token of the next one, empty for the last page.

    `size` and `largest` are what the service takes when the caller names no size or a larger one; `keys` are the names
    of size and token in the query. Raises ApiError 400 for a token that is none, or that belongs to another list.
    """
    size_key, token_key = keys
    start = _read_token(ask.query.get(token_key, ""), ask.path)
    wanted = _read_size(ask.query.get(size_key, "0")) or size
    action = ask.fault.action if ask.fault is not None else None
    if action is Action.EMPTY_PAGE:
        return [], _write_token(start, ask.path)
    if action is Action.SHORT_PAGE and ask.fault is not None:
        wanted = min(wanted, ask.fault.size)
    end = start + min(wanted, largest)
    return list(items[start:end]), _write_token(end, ask.path) if end < len(items) else ""


def listing(name: str, page: tuple[list[Json], str]) -> Json:
    """The answer of a list call. Empty fields are left out, as in protobuf's JSON."""
    items, token = page
    return ({name: items} if items else {}) | ({"nextPageToken": token} if token else {})


def _read_size(text: str) -> int:
    try:
        size = int(text)
    except ValueError as error:
        raise invalid(f"Invalid value at 'page_size' (TYPE_INT32), \"{text}\"") from error
    if size < 0:
        raise invalid("page_size must not be negative.")
    return size


def _write_token(start: int, path: str) -> str:
    return base64.urlsafe_b64encode(f"{start}.{_mark(path)}".encode()).decode().rstrip("=")


def _read_token(token: str, path: str) -> int:
    if not token:
        return 0
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise invalid("The provided page token is invalid.") from error
    start, _, mark = text.partition(".")
    if mark != _mark(path) or not start.isdigit():
        raise invalid("The provided page token is invalid.")
    return int(start)


def _mark(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:12]
