"""What a container image is called: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`.

Grammar of names and tags: OCI distribution specification 1.1, "Pulling manifests". That a first component with a dot or
a colon, or `localhost`, is the registry, and that Docker Hub is meant without one, is what every container tool does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from opsctl.errors import DataError

DEFAULT_REGISTRY: Final = "docker.io"
DEFAULT_TAG: Final = "latest"
LONGEST_REPOSITORY: Final = 255

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_REGISTRY: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::([0-9]{{1,5}}))?", re.IGNORECASE)
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_GOOGLE_REGISTRY: Final = re.compile(r"(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)")
# `example.com:project`: a project that belongs to a domain; in the name of an image the colon is a slash.
_DOMAIN_PROJECT: Final = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+):([a-z][a-z0-9-]*/)")
_HINT: Final = "An image is named REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST."
_LONGEST_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed name. `tag` and `digest` are both None for neither; `str()` gives a text that parses to an equal value.

    `repository` is what stands between `/v2/` and `/manifests/`; Docker Hub's short names have their `library/`.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The repository with its registry."""
        return f"{self.registry}/{self.repository}"

    @property
    def version(self) -> str:
        """What to ask the registry for: the digest, else the tag, else `latest`."""
        return self.digest or self.tag or DEFAULT_TAG

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def parse_reference(text: str) -> Reference:
    """Reads the name of an image. Raises `DataError` with code `image-reference`, telling which part is wrong."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise _wrong(text, "its digest is not sha256: and 64 (or sha512: and 128) lower-case hexadecimal digits")
    registry, path = _split_registry(rest)
    if not _is_registry(registry):
        raise _wrong(text, "the registry is no host name with an optional port")
    registry = registry.lower()
    if _GOOGLE_REGISTRY.fullmatch(registry):
        path = _DOMAIN_PROJECT.sub(r"\1/\2", path, count=1)
    if registry in ("index.docker.io", "registry-1.docker.io"):
        registry = DEFAULT_REGISTRY
    repository, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise _wrong(text, "its tag is not 1 to 128 letters, digits, '.', '_' and '-'")
    _check_repository(text, repository)
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(registry, repository, tag or None, digest or None)


def is_digest(text: str) -> bool:
    """Whether this is a digest that can be verified here."""
    return _DIGEST.fullmatch(text) is not None


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, path = text.partition("/")
    if slash and (any(mark in first for mark in ".:[") or first.lower() == "localhost" or first != first.lower()):
        return first, path
    return DEFAULT_REGISTRY, text


def _is_registry(text: str) -> bool:
    match = _REGISTRY.fullmatch(text)
    return match is not None and (match[1] is None or 0 < int(match[1]) <= 65_535)


def _check_repository(text: str, repository: str) -> None:
    if not repository:
        raise _wrong(text, "it names no repository")
    if len(repository) > LONGEST_REPOSITORY:
        raise _wrong(text, f"its repository is longer than {LONGEST_REPOSITORY} characters")
    if not _REPOSITORY.fullmatch(repository):
        if _REPOSITORY.fullmatch(repository.lower()):
            raise _wrong(text, "the repository must be lower case")
        raise _wrong(text, "the repository is not lower-case words joined by '.', '_', '-' and '/'")


def _wrong(text: str, reason: str) -> DataError:
    shown = ascii(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")
    return DataError(f"{shown} is not the name of an image: {reason}.", hint=_HINT, code="image-reference")
