"""From what a document calls an image to an absolute, percent-encoded address that can be fetched."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
# An address that is as it should be already: most are, and a migration meets millions of them.
_SAFE = r"[A-Za-z0-9/:@!$&'()*+,;=~\-._]*"
_PLAIN = re.compile(rf"https?://[a-z0-9.\-]{{1,253}}(:([0-9]{{1,4}}|[1-5][0-9]{{4}}))?/{_SAFE}(\?{_SAFE})?")
_KEPT = "/%:@!$&'()*+,;=~-._?[]|"


class BadUrlError(ValueError):
    """The text names no address that could be fetched; the message says why, without the text itself."""


def resolve_url(text: str, base_url: str | None) -> str:
    """The address to fetch, RFC 3986. What is percent-encoded already stays as it is, so that signatures hold.

    `//host/path` takes the scheme of `base_url` (https without one); relative addresses need a `base_url`.
    Raises BadUrlError.
    """
    text = text.strip()
    if len(text) < 2000 and _PLAIN.fullmatch(text):
        return text
    if _CONTROL.search(text):
        raise BadUrlError("holds control characters")
    try:
        absolute = _make_absolute(text.replace("\\", "%5C"), base_url)
        return _encode(urlsplit(absolute))
    except BadUrlError:
        raise
    except ValueError as error:
        raise BadUrlError("is not a valid address") from error


def _make_absolute(text: str, base_url: str | None) -> str:
    if text.startswith("//"):
        scheme = urlsplit(base_url).scheme if base_url else "https"
        return f"{scheme}:{text}"
    if _SCHEME.match(text):
        return text
    if base_url is None:
        raise BadUrlError("is relative, and no base_url is configured")
    return urljoin(base_url, text)


def _encode(parts: SplitResult) -> str:
    if parts.scheme.lower() not in ("http", "https"):
        raise BadUrlError(f"has the scheme {parts.scheme.lower()[:20]!r}; only http and https are fetched")
    host = parts.hostname
    if not host or len(host) > 253:
        raise BadUrlError("names no host")
    netloc = _encode_host(host)
    if parts.port is not None:  # urlsplit raises ValueError here for a port that is no number
        netloc += f":{parts.port}"
    if "@" in parts.netloc:
        netloc = f"{_quote(parts.netloc.rpartition('@')[0])}@{netloc}"
    query = f"?{_quote(parts.query)}" if parts.query else ""
    return f"{parts.scheme.lower()}://{netloc}{_quote(parts.path) or '/'}{query}"


def _encode_host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    name = host if host.isascii() else host.encode("idna").decode("ascii")
    if not re.fullmatch(r"[A-Za-z0-9._\-]+", name):
        raise BadUrlError("has a host name with characters that no host name has")
    return name


def _quote(text: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", text), safe=_KEPT)


def host_of(url: str) -> str:
    """The host and port that a budget counts for, lower case."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()
