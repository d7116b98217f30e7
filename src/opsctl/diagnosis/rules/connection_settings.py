"""What a job's settings say about the servers it talks to: hosts, Cloud SQL sockets, and names of variables.

Shared by the rules about connections. Only values that the evidence shows are read; a masked one says nothing here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from opsctl.diagnosis.facts.model import BaselineFacts, Change, ExecutionFacts, Facts, Pointer, SqlInstanceFacts

# Exporters of traces and metrics fail without harm: their ports and words, never their module paths, which stand in the
# stack of every instrumented driver.
TELEMETRY = (
    r":431[78]\b|:8125\b|:8126\b|:9411\b|:14268\b|:6831\b|otlp\w*exporter|span ?exporter|metric ?exporter|/v1/traces"
    r"|/v1/metrics|failed to (?:export|upload|flush|send) (?:\w+ )?(?:spans?|traces?|metrics?|telemetry|profiles?)"
    r"|could not send (?:metrics|telemetry)|checkpoint\.prisma\.io|update[- ]notifier|telemetry (?:request|ping)"
)

# Package managers and downloads over HTTPS have certificates of their own.
FETCHERS = TELEMETRY + r"|npm ERR!|npm error|pip\._vendor|\bregistry\b|binaries\.prisma\.sh"

# What a client says when a connection did not come about or broke off: nothing about why. A hint in each of its causes.
POOL_GAVE_UP = (
    "connection terminated unexpectedly",
    "server closed the connection unexpectedly",
    "driver: bad connection",
    "timeout acquiring a connection",
    "connection is not available, request timed out",
    "pool timed out while waiting for an open connection",
)

# The container itself, as clients print it.
LOCAL_HOST = r"(?:localhost|127\.0\.0\.1|::1|0\.0\.0\.0|0:0:0:0:0:0:0:1)"

# RFC 1918.
PRIVATE_ADDRESS = r"(?:10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+)"

_INSTANCE = re.compile(r"/cloudsql/((?:[a-z0-9.-]+:)?[a-z0-9-]+:[a-z0-9-]+:[a-z][a-z0-9-]*)", re.IGNORECASE)
_HOST_NAME = re.compile(
    r"(?:^|_)(?:DB|DATABASE|PG|POSTGRES(?:QL)?|MYSQL|MARIADB|MSSQL|SQL|SQLSERVER|REDIS|MONGO(?:DB)?|TYPEORM|DATASOURCE)"
    r"\w*?_?(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS|ENDPOINT)$|^PGHOST$|^DB_?HOST$"
)
_URL = re.compile(
    r"(?:postgres(?:ql)?|mysql2?|mariadb|sqlserver|mssql|redis|rediss|mongodb|cockroachdb|ecto|clickhouse)"
    r"(?:\+\w+)?://(?:[^@/\s]*@)?(\[[0-9a-f:]+\]|[^:/?#,;\s]+)",
    re.IGNORECASE,
)
_KEY_VALUE = re.compile(r"(?:^|[\s;?&])(?:host|server|data source)=(?:tcp:)?([^;&,\s]+)", re.IGNORECASE)
_GO_MYSQL = re.compile(r"@tcp\(([^):]+)(?::\d+)?\)")
_HOST_AND_PORT = re.compile(r"^([^:/\s]+)(?::\d+)?$")


class HostSetting(NamedTuple):
    """A host that a variable names. `variable` is the variable's name."""

    host: str
    variable: str
    pointer: Pointer


class SocketSetting(NamedTuple):
    """A Cloud SQL connection name in a socket path that a variable gives."""

    instance: str
    variable: str
    pointer: Pointer


def instances_in(text: str) -> tuple[str, ...]:
    """The Cloud SQL connection names in the socket paths (`/cloudsql/P:R:I`) of a text, percent-encoded or not."""
    plain = unquote(text) if "%2f" in text.lower() or "%3a" in text.lower() else text
    return tuple(dict.fromkeys(_INSTANCE.findall(plain)))


def socket_settings(execution: ExecutionFacts) -> tuple[SocketSetting, ...]:
    """The Cloud SQL sockets that the variables name."""
    return tuple(
        SocketSetting(instance, variable.name, variable.pointer)
        for variable in execution.env
        if variable.value
        for instance in instances_in(variable.value)
    )


def host_settings(execution: ExecutionFacts) -> tuple[HostSetting, ...]:
    """The hosts that the variables name, in connection URLs and in variables like DB_HOST; sockets are left out."""
    return tuple(
        HostSetting(host, variable.name, variable.pointer)
        for variable in execution.env
        if variable.value
        for host in dict.fromkeys(_hosts_of(variable.name, variable.value.strip()))
        if not host.startswith("/")
    )


def _hosts_of(name: str, value: str) -> Iterator[str]:
    yield from (host.strip("[]") for host in _URL.findall(value))
    yield from _GO_MYSQL.findall(value)
    if "=" in value:
        yield from _KEY_VALUE.findall(value)
    plain = _HOST_AND_PORT.match(value)
    if plain and _HOST_NAME.search(name):
        yield plain[1]


def names_server(execution: ExecutionFacts) -> bool:
    """Whether any variable looks as if it tells the program where its database is, visible or not."""
    return any(
        _HOST_NAME.search(variable.name)
        or re.search(r"(?:DATABASE|DB|POSTGRES|MYSQL|REDIS|MONGO|SQL)\w*_?(?:URL|URI|DSN|CONNECTION)", variable.name)
        or "socket-path" in variable.traits
        or (variable.value and _URL.search(variable.value))
        for variable in execution.env
    )


def stopped_instances(facts: Facts) -> tuple[SqlInstanceFacts, ...]:
    """The Cloud SQL instances that do not run as of now: stopped by their owner (`RUNNABLE` with policy `NEVER`),
    suspended, failed or being deleted."""
    if not facts.seen("cloudsql"):
        return ()
    broken = ("SUSPENDED", "FAILED", "PENDING_DELETE", "STOPPED", "REPAIRING")
    return tuple(
        instance
        for instance in facts.cloudsql
        if instance.state in broken or (instance.state == "RUNNABLE" and instance.activation_policy == "NEVER")
    )


def is_local(host: str) -> bool:
    """Whether a host is the container itself."""
    if host.lower() in ("localhost", "0.0.0.0", "::", "localhost.localdomain"):  # noqa: S104
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_private(host: str) -> bool:
    """Whether a host is an address of a private network (RFC 1918, RFC 4193)."""
    address = _address(host)
    return address is not None and address.is_private and not address.is_loopback and not address.is_unspecified


def is_single_label(host: str) -> bool:
    """Whether a host is a bare word, as services are called in Compose or Kubernetes: no public DNS name is one."""
    return re.fullmatch(r"[a-z][a-z0-9_-]*", host, re.IGNORECASE) is not None and not is_local(host)


def changed_settings(baseline: BaselineFacts, name_pattern: str) -> tuple[Change, ...]:
    """The variables and secret versions that differ from the last success and whose name matches."""
    return tuple(
        change
        for change in baseline.changes or ()
        if change.what in ("env-added", "env-removed", "env-changed", "secret-version")
        and re.search(name_pattern, change.name, re.IGNORECASE)
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
