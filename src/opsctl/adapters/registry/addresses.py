"""Where a registry is asked, and whom Google's token may be shown to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urljoin, urlsplit

from opsctl.errors import ConfigError, DataError

_GOOGLE = re.compile(r"(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev")
_DOCKER_HUB = frozenset({"docker.io", "index.docker.io"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_google_registry(registry: str) -> bool:
    """Whether Google runs the registry: Artifact Registry, or what was Container Registry."""
    return _GOOGLE.fullmatch(registry.lower()) is not None


def find_base_url(registry: str, google_endpoint: str | None) -> str:
    """`https://HOST` of a registry, without a slash at the end. Only this machine is asked in plain http."""
    if is_google_registry(registry):
        return google_endpoint or f"https://{registry}"
    if registry in _DOCKER_HUB:
        return "https://registry-1.docker.io"
    host = urlsplit(f"//{registry}").hostname
    return f"{'http' if is_loopback(host) else 'https'}://{registry}"


def check_endpoint(endpoint: str | None) -> str | None:
    """The endpoint without a slash at the end. Raises `ConfigError` for one that a token must not be sent to."""
    if endpoint is None:
        return None
    parts = _split(endpoint)
    if parts is None or not is_safe(parts, may_be_plain=is_loopback(parts.hostname)):
        raise ConfigError("cloudrun.registry_endpoint: must be an https:// URL, or http:// on this machine")
    return endpoint.rstrip("/")


def parse_foreign_url(url: str, *, asked_at: str, what: str) -> str:
    """`url` as it stands, when it may be followed.

    It comes from a server: it must be https, or plain http on this machine when `asked_at` is that too, and carry no
    login. Raises `DataError`, which does not repeat it.
    """
    parts, asked = _split(url), _split(asked_at)
    may_be_plain = asked is not None and asked.scheme == "http" and is_loopback(asked.hostname)
    if parts is None or not is_safe(parts, may_be_plain=may_be_plain):
        raise DataError(f"{what} is not an https address")
    return url


def resolve_redirect(location: str, *, asked_at: str, what: str) -> str:
    """The address that a `Location` header means. Raises as `parse_foreign_url` does."""
    try:
        url = urljoin(asked_at, location)
    except ValueError:
        url = ""
    return parse_foreign_url(url, asked_at=asked_at, what=what)


def is_same_origin(one: str, other: str) -> bool:
    """Whether scheme, host and port agree (RFC 6454)."""
    return _origin(one) == _origin(other)


def is_loopback(host: str | None) -> bool:
    """Whether the name or address can only mean this machine."""
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(parts: SplitResult, *, may_be_plain: bool) -> bool:
    """Whether a secret may be sent there: encrypted, or to this machine."""
    if not parts.hostname or parts.username is not None or parts.password is not None:
        return False
    return parts.scheme == "https" or (may_be_plain and parts.scheme == "http" and is_loopback(parts.hostname))


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
