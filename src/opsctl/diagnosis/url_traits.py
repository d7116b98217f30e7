"""What can be said of an address without saying it. Source of the parts: RFC 3986, section 3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from opsctl.reporting.redact import has_mask, locate_user_info

_URL = re.compile(r"(jdbc:)?([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)
_NAMES = re.compile(r"(?:^|_)(?:url|uri|dsn)$", re.IGNORECASE)
_DATABASES = re.compile(
    r"(?:postgres(?:ql)?|mysql2?|mariadb|mongodb|sqlserver|mssql|cockroachdb|clickhouse|redshift|oracle)(?:\+[\w.]+)?",
    re.IGNORECASE,
)
# These need neither a host nor a user.
_LOCAL = re.compile(r"(?:file|sqlite\d?|h2|unix|data|memory)(?:\+[\w.]+)?", re.IGNORECASE)
# Forms of connection strings that are no addresses: `host=... user=...`, `Server=...;`, `user:password@tcp(host)/`.
_OTHER_FORMS = re.compile(
    r"\w[\w ]*=|\S*@(?:tcp|unix|cloudsql\S*)\(|\{|/"
    r"|(?:sqlite|jdbc|file|h2|mysql|pgsql|sqlsrv):(?:[\w ]+=|:|\.{0,2}/|mem|h2|sqlite)",
    re.IGNORECASE,
)
_BARE_ADDRESS = re.compile(r"//|[^\s:/@]+:[^\s@]+@[\w.-]+|[\w.-]+:\d{1,5}/\w")
_AUTHORITY_END = re.compile(r"[/?#]")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|0\.0\.0\.0)", re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?", re.DOTALL)
# Of libpq, the drivers of MySQL, and Google's socket factory for Java.
_HOST_PARAMETER = re.compile(
    r"[?&](?:host|socket|unix_socket|unix_sock|unixSocketPath|cloudSqlInstance|socketFactory)=", re.IGNORECASE
)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNESCAPED = re.compile(r"[@/:#?\[\]\s]|%(?![0-9A-Fa-f]{2})")
_PORT = re.compile(r"\d{1,5}")
_HIGHEST_PORT = 65_535


class _Address(NamedTuple):
    scheme: str
    user: str | None
    password: str | None
    authority: str
    path: str
    query: str
    user_info: str


def url_traits(value: str, name: str = "") -> Iterator[str]:
    """Traits of an address; `loopback-host` of a bare host as well. Nothing of other values."""
    text = value.strip().strip("\"'`").removeprefix("\ufeff")
    match = _URL.fullmatch(text)
    if match is None:
        yield from _bare_traits(text, name)
        return
    address = _split(match[2], match[3])
    yield "url"
    # Java gives user and password apart from the address.
    yield from _user_traits(address, has_password_inside=match[1] is None)
    yield from _host_traits(address)
    if _DATABASES.fullmatch(address.scheme) and not address.path.strip("/") and "database" not in address.query.lower():
        yield "url-without-database"
    if _BAD_ESCAPE.search(text):
        yield "invalid-percent-escape"


def _bare_traits(text: str, name: str) -> Iterator[str]:
    if _LOOPBACK.fullmatch(text.partition(":")[0]) or _LOOPBACK.fullmatch(text):
        yield "loopback-host"
    if not text or has_mask(text):
        return
    is_expected = _NAMES.search(name) is not None and not _OTHER_FORMS.match(text)
    if is_expected or (_BARE_ADDRESS.match(text) and not _OTHER_FORMS.match(text.lstrip("/"))):
        yield "url-without-scheme"


def _split(scheme: str, rest: str) -> _Address:
    end = locate_user_info(scheme, rest)
    user_info = rest[:end] if end >= 0 else ""
    behind = rest[end + 1 :] if end >= 0 else rest
    stop = _AUTHORITY_END.search(behind)
    authority = behind if stop is None else behind[: stop.start()]
    path, _, query = behind[len(authority) :].partition("?")
    user, colon, password = user_info.partition(":")
    return _Address(
        scheme, user if end >= 0 else None, password if colon else None, authority, path, f"?{query}", user_info
    )


def _user_traits(address: _Address, *, has_password_inside: bool) -> Iterator[str]:
    if address.user:
        yield "url-with-user"
    if address.password:
        yield "url-with-password"
    elif has_password_inside and _DATABASES.fullmatch(address.scheme) and "password=" not in address.query.lower():
        yield "url-without-password"
    if has_mask(address.user_info):
        return
    if any(_UNESCAPED.search(part) for part in (address.user, address.password) if part):
        yield "unescaped-characters"


def _host_traits(address: _Address) -> Iterator[str]:
    hosts = [match for part in address.authority.split(",") if (match := _HOST_AND_PORT.fullmatch(part))]
    named = [match[1] for match in hosts if match[1]]
    if not named and not _LOCAL.fullmatch(address.scheme) and not _HOST_PARAMETER.search(address.query):
        yield "url-without-host"
    if any(_LOOPBACK.fullmatch(host) for host in named):
        yield "loopback-host"
    ports = [match[2] for match in hosts if match[2]]
    if any(not _PORT.fullmatch(port) or int(port) > _HIGHEST_PORT for port in ports):
        yield "invalid-port"
