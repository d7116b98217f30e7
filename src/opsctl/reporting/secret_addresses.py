"""The user info of addresses in text: where it begins and ends, also when it is not escaped as it should be."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_STOP = r"\s\"'<>`"
# Schemes in whose addresses an @ behind the authority is part of a path: photo@2x.jpg, node_modules/@scope, a@sha256:.
_PATH_SCHEMES = re.compile(
    r"(?:https?|ftps?|wss?|file|gs|s3|docker|docker-image|oci|node|app|webpack(?:-internal)?|vite|deno|npm|pkg|data|blob"
    r"|git|git\+https?|git\+ssh|ssh)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(rf"://([^{_STOP}]*)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z", re.IGNORECASE)
_LONGEST_SCHEME = 31
_LOOSE_ADDRESS = re.compile(rf"(?<![\w:/])//([^/?#\\{_STOP}]*)")
_DRIVER_ADDRESS = re.compile(r"@(?:tcp[46]?|unix|cloudsql[\w-]*)\(")
_ORACLE_THIN = re.compile(rf"jdbc:oracle:\w{{1,9}}:([^@{_STOP}]{{0,400}})@", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#]")
_PORT = re.compile(r"\d{0,5}")
_COMPLETE_ADDRESS = re.compile(r"[\w.,:\[\]%-]+(?:/[\w.%-]*)?\?[\w.-]+=")
_ESCAPED_END = re.compile(r"\\[nrt\"]")
_LONGEST_USER_INFO = 4096


def find_user_info(text: str) -> list[Span]:
    """Where the user info of addresses stands in `text`, without the @ behind it.

    Of addresses with a scheme, and of `//user:password@host`, `user:password@tcp(host:3306)/` (Go's driver of MySQL)
    and Oracle's thin form.
    """
    return sorted((*_after_scheme(text), *_loose(text)))


def locate_user_info(scheme: str, rest: str) -> int:
    """Length of the user info at the start of `rest`, what stands behind `://`; -1 without any.

    A password with an unescaped slash, @, ? or # is how addresses get into error messages, so for databases all up to
    the last @ counts, except where a complete address stands before it.
    """
    cut = _ESCAPED_END.search(rest) if "\\" in rest else None
    if cut is not None and "@" in rest[: cut.start()]:
        rest = rest[: cut.start()]
    last = rest.rfind("@")
    if last < 0:
        return -1
    behind = _AUTHORITY_END.search(rest)
    authority = rest if behind is None else rest[: behind.start()]
    inside = authority.rfind("@")
    if inside == last:
        return last
    has_path_scheme = _PATH_SCHEMES.fullmatch(scheme) is not None
    if inside >= 0:
        is_complete = _COMPLETE_ADDRESS.match(rest, inside + 1, last) is not None
        return inside if has_path_scheme or is_complete else last
    _, colon, port = authority.partition(":")
    if not colon:
        return -1
    return -1 if has_path_scheme and _PORT.fullmatch(port) else last


def _after_scheme(text: str) -> Iterator[Span]:
    position = 0
    while (match := _SEPARATOR.search(text, position)) is not None:
        start, run_end = match.span(1)
        if text.rfind("@", start, run_end) < 0:
            position = run_end
            continue
        position = start
        scheme = _SCHEME.search(text[max(0, start - 3 - _LONGEST_SCHEME) : start - 3])
        if scheme is not None:
            end = locate_user_info(scheme[0], text[start : min(run_end, start + _LONGEST_USER_INFO)])
            if end > 0:
                yield start, start + end
                position = start + end


def _loose(text: str) -> Iterator[Span]:
    if "//" in text:
        for match in _LOOSE_ADDRESS.finditer(text):
            end = match[1].rfind("@")
            if end > 0:
                yield match.start(1), match.start(1) + end
    if "(" in text:
        floor = 0
        for match in _DRIVER_ADDRESS.finditer(text):
            start = _word_start(text, floor, match.start())
            floor = match.end()
            if ":" in text[start : match.start()]:
                yield start, match.start()
    if "jdbc:oracle:" in text:
        for match in _ORACLE_THIN.finditer(text):
            if "/" in match[1] and not match[1].endswith("/"):
                yield match.span(1)


def _word_start(text: str, floor: int, end: int) -> int:
    """Where the run of characters that ends at `end` begins; not before `floor`."""
    start = end
    while start > floor and not (text[start - 1].isspace() or text[start - 1] in "\"'`<>="):
        start -= 1
    return start
