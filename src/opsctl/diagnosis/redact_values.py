"""Which parts of a value are secret: of an environment variable, an argument, a label, a field of a log line.

What is secret by its form alone (tokens, keys, `password=` in any text) is known to `opsctl.reporting.redact`; here is
what only the place of a value tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from opsctl.reporting.redact import (
    Secrecy,
    is_generated,
    is_masked,
    is_reference,
    locate_user_info,
    looks_random,
    secrecy_of,
)


class Role(Enum):
    """What a text is in the JSON around it."""

    ENV = "env-value"
    ARGUMENT = "argument"
    LABEL = "label"
    FIELD = "named-value"
    TEXT = "text"


class Secret(NamedTuple):
    """A part of a text. `is_searched`: it is to be found elsewhere too."""

    start: int
    end: int
    kind: str
    is_searched: bool = True


# Values that say that a secret is not there, or where it is.
_TRIVIAL = re.compile(r"true|false|yes|no|on|off|null|none|nil|undefined|\(null\)", re.IGNORECASE)
_REFERENCE = re.compile(
    r"projects/[\w:.-]+/secrets/[\w-]+(?:/versions/\w+)?|<[a-z _-]{1,60}>"
    r"|(?:berglas|(?:gcp-?)?g?sm|secret|op|vault|ref\+\w{1,20})://[\w./#?=:-]{1,300}"
    r"|/(?:etc|run|app|secrets?|var|mnt|usr|home|root|tmp|cloudsql|workspace|opt|srv)/[\w./:@-]{1,200}"
)
_PLAIN_WORD = re.compile(r"[a-z][a-z_:.-]{0,19}|\d{1,4}|[\w.-]*/[\w./-]*|[a-z]+://\S+")
_NAMES_OF_ADDRESSES = re.compile(
    r"(?:^|[_.-])(?:url|uri|dsn|conn|connection|connectionstring|connstr|database|jdbc)s?(?:$|[_.-])|__|url$|uri$|dsn$",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\s*[\"']?(?:jdbc:)?([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_BROKEN_SCHEME = re.compile(
    r"\s*[\"']?(?:jdbc:)?(?:[a-z][a-z0-9+.-]*:?/{1,2}|[a-z][a-z0-9+.-]*:(?=[^@]*:)|//)?", re.IGNORECASE
)
_BARE_ADDRESS = re.compile(r"[^\s:/@]+:[^\s@]+@[\w.-]+\.?[\w.-]*(?::\d{1,5})?(?:[/?].*)?")
# Names of Google's own labels and annotations; `run.googleapis.com/secrets` lists names.
_PUBLIC_LABELS = re.compile(r"(?:[\w.-]+\.)?(?:googleapis\.com|google\.com|knative\.dev|kubernetes\.io|k8s\.io)/")
_NAMES_OF_DIGESTS = re.compile(
    r"sha\d*|commit|digest|revision|checksum|hash|etag|trace|build|version|image|tag|client_?id|fingerprint",
    re.IGNORECASE,
)
_CANDIDATE = re.compile(r"[A-Za-z0-9+/_=.~-]{20,4096}")
_PIECE = re.compile(r"[A-Za-z0-9+_]{20,4096}")
_HEX_KEY = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{48}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})", re.IGNORECASE)
_DIGEST_PREFIX = re.compile(r"(?:sha\d{1,3}|md5)[:-]\Z", re.IGNORECASE)
_PUBLIC_ID = re.compile(r"\.apps\.googleusercontent\.com")


def find_in_value(name: str, value: str, role: Role) -> tuple[Secret, ...]:
    """The secret parts of `value`, in order, without overlaps. What is masked already is no secret."""
    if not value.strip() or is_masked(value):
        return ()
    if role is Role.LABEL and _PUBLIC_LABELS.match(name):
        return ()
    if is_secret_by_name(name, value, role):
        return (Secret(0, len(value), role.value),)
    if role not in (Role.ENV, Role.ARGUMENT):
        return ()
    found = [*_user_info(name, value)]
    if not _NAMES_OF_DIGESTS.search(name):
        found += _random_parts(value)
    return without_overlaps(found)


def is_secret_by_name(name: str, value: str, role: Role) -> bool:
    secrecy = secrecy_of(name)
    text = value.strip()
    if secrecy is Secrecy.NONE or _TRIVIAL.fullmatch(text) or _REFERENCE.fullmatch(text) or is_reference(text):
        return False
    if secrecy is Secrecy.STRONG:
        return True
    if role in (Role.ENV, Role.ARGUMENT):
        return not _PLAIN_WORD.fullmatch(text)
    return is_generated(text)


def _user_info(name: str, value: str) -> Iterator[Secret]:
    """User and password of an address that is the whole value, however it is broken."""
    if "@" not in value:
        return
    scheme = _SCHEME.match(value)
    if scheme is not None:
        start = scheme.end()
        end = start + locate_user_info(scheme[1], value[start:])
    elif _NAMES_OF_ADDRESSES.search(name) or _BARE_ADDRESS.fullmatch(value.strip()):
        prefix = _BROKEN_SCHEME.match(value)
        start = prefix.end() if prefix is not None else 0
        end = value.rfind("@")
    else:
        return
    if end > start:
        yield from split_user_info(value, start, end)


def split_user_info(text: str, start: int, end: int) -> Iterator[Secret]:
    """User and password of `text[start:end]`. A user is masked in its place only: error messages name it."""
    colon = text.find(":", start, end)
    has_password = colon >= 0
    user_end = colon if has_password else end
    user, password = text[start:user_end], text[user_end + 1 : end] if has_password else ""
    # `user:***@host`: another program has decided what to show of it.
    if user and not _is_open(user) and not (password and is_masked(password) and "(" not in password):
        yield Secret(start, user_end, "uri-user-info", is_searched=not has_password and looks_random(user))
    if password and not _is_open(password):
        yield Secret(colon + 1, end, "uri-user-info")


def _is_open(text: str) -> bool:
    return is_masked(text) or is_reference(text)


def _random_parts(value: str) -> Iterator[Secret]:
    if _PUBLIC_ID.search(value):
        return
    for candidate in _CANDIDATE.finditer(value):
        if _DIGEST_PREFIX.search(value, max(0, candidate.start() - 8), candidate.start()):
            continue
        if looks_random(candidate[0].rstrip("=")) and not _DIGEST_PREFIX.match(candidate[0]):
            yield Secret(*candidate.span(), "high-entropy")
            continue
        for piece in _PIECE.finditer(value, *candidate.span()):
            if _DIGEST_PREFIX.search(value, max(0, piece.start() - 8), piece.start()):
                continue
            if looks_random(piece[0]) or _HEX_KEY.fullmatch(piece[0]):
                yield Secret(*piece.span(), "high-entropy")


def without_overlaps(found: Iterable[Secret]) -> tuple[Secret, ...]:
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda secret: (secret.start, -secret.end)):
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
    return tuple(kept)
