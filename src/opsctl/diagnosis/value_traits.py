"""What can be said of a value without saying the value: empty, ends in a newline, is a URL without a host, ..."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator

from opsctl.diagnosis.url_traits import url_traits
from opsctl.reporting.redact import has_mask

MASKED = "masked"

_BYTE_ORDER_MARK = "\ufeff"
_REPLACEMENT_CHARACTER = "\ufffd"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PLACEHOLDER = re.compile(
    r"<[^<>]{1,80}>|\$\{[^{}]{1,80}\}|\$\([A-Za-z_]\w{0,80}\)|\$[A-Z_][A-Z0-9_]{1,80}|\{\{.{1,80}\}\}|%[A-Z_]{2,60}%"
    r"|(?:change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this)?[\w-]{0,30}|your[-_ ][\w -]{1,60}|todo|fixme|tbd|dummy"
    r"|placeholder|insert[-_ ][\w-]{1,60}|x{3,}|example)",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\$\{[^{}]{0,80}\}|\{\{[^{}]{0,80}\}\}|\$\([A-Za-z_]\w{0,80}\)|%\(\w{1,60}\)s|<%=?.{0,80}?%>")
_SOCKET = re.compile(r"/cloudsql/|%2Fcloudsql|host=/|\A\s*/\S*\.sock(?:et)?\b|\.s\.PGSQL\.", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,4})?")
_BOOLEAN = re.compile(r"true|false|yes|no|on|off", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]{16,}={0,2}\s*")
_HEX = re.compile(r"[0-9a-fA-F]+")
_SECRET_NAME = re.compile(r"projects/[\w:.-]+/secrets/[\w-]+(?:/versions/\w+)?|(?:gcp)?sm://\S+")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----(.*?)-----END [A-Z0-9 ]{1,40}-----", re.DOTALL)


def traits_of(value: str, name: str = "") -> tuple[str, ...]:
    """The traits of a value, in a fixed order. `name` is that of its variable: whether an address is expected there.

    Of a value of which a part was masked before, only what can still be seen is said, and "masked".
    """
    if value == "":
        return ("empty",)
    found = [*_edges(value), *_characters(value), *_forms(value), *url_traits(value, name)]
    if has_mask(value):
        found.append(MASKED)
    return tuple(dict.fromkeys(found))


def _edges(value: str) -> Iterator[str]:
    if not value.strip():
        yield "blank"
    if value.startswith(_BYTE_ORDER_MARK):
        yield "byte-order-mark"
    text = value.removeprefix(_BYTE_ORDER_MARK)
    if text[:1].isspace():
        yield "leading-space"
    if value.rstrip("\r\n")[-1:] in (" ", "\t"):
        yield "trailing-space"
    if value.endswith(("\n", "\r")):
        yield "trailing-newline"
    elif value.endswith("\\n"):
        yield "trailing-escaped-newline"
    if "\r" in value:
        yield "crlf"
    stripped = value.strip()
    if len(stripped) >= 2 and stripped[0] == stripped[-1] and stripped[0] in "\"'`":
        yield "quoted"


def _characters(value: str) -> Iterator[str]:
    if not value.removeprefix(_BYTE_ORDER_MARK).isascii():
        yield "non-ascii"
    if _CONTROL.search(value):
        yield "control-characters"
    if _REPLACEMENT_CHARACTER in value:
        yield "replacement-character"


def _forms(value: str) -> Iterator[str]:
    text = value.removeprefix(_BYTE_ORDER_MARK).strip()
    if _PLACEHOLDER.fullmatch(text):
        yield "placeholder"
    if _TEMPLATE.search(text):
        yield "template"
    if _SOCKET.search(text):
        yield "socket-path"
    if _NUMBER.fullmatch(text):
        yield "number"
    if _BOOLEAN.fullmatch(text):
        yield "boolean"
    if _SECRET_NAME.fullmatch(text):
        yield "secret-name"
    yield from _json_traits(text)
    if _is_base64(text):
        yield "base64"
    yield from _pem_traits(text)


def _json_traits(text: str) -> Iterator[str]:
    if text[:1] not in ("{", "[") or text.startswith(("{{", "[REDACTED")):
        return
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        yield "broken-json"
    else:
        yield "json"


def _is_base64(text: str) -> bool:
    encoded = text.removeprefix("base64:")
    if _BASE64.fullmatch(encoded) is None or _HEX.fullmatch(encoded) or encoded.isalpha():
        return False
    try:
        base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _pem_traits(text: str) -> Iterator[str]:
    begin = text.find("-----BEGIN ")
    if begin < 0:
        if "-----END " in text:
            yield "broken-pem"
        return
    yield "pem"
    block = _PEM.match(text, begin)
    is_whole = block is not None and "\n" in block[1] and "\\n" not in block[1]
    if not is_whole:
        yield "broken-pem"
