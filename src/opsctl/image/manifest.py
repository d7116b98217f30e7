"""Manifests and indexes of images, from the very bytes that a registry answers with.

Formats: OCI image specification 1.1 (`manifest.md`, `image-index.md`, `descriptor.md`), Docker image manifest
version 2, schema 2. Nothing is believed: sizes, digests and nesting are checked, what is no image is named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from opsctl.errors import DataError
from opsctl.image.models import Descriptor, JsonObject
from opsctl.image.reference import is_digest

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
# What to send as `Accept`: manifests first, so that a registry that converts gives what is smallest to read.
ACCEPTED_TYPES: Final = (OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_INDEX)

# Registries must take manifests of 4 MiB (distribution specification); configs of real images are below 1 MiB.
LARGEST_MANIFEST_BYTES: Final = 4 * 1024 * 1024
LARGEST_CONFIG_BYTES: Final = 16 * 1024 * 1024
MOST_OFFERS: Final = 1_000
# Engines refuse more than 127 layers; some builders write more, nobody this many.
MOST_LAYERS: Final = 1_000
_LARGEST_BLOB_BYTES = 1 << 50

_SCHEMA_1: Final = "application/vnd.docker.distribution.manifest.v1+"
_HELM_CONFIG: Final = "application/vnd.cncf.helm.config.v1+json"
_ATTESTATION: Final = "attestation-manifest"
# With BuildKit's option `oci-artifact` an attestation has an empty config.
_ATTESTATION_ARTIFACT: Final = "application/vnd.docker.attestation.manifest.v1+json"
# Docker before 1.13 pushed configs without a type of their own.
_CONFIG_TYPES: Final = (OCI_CONFIG, DOCKER_CONFIG, "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Offer:
    """One manifest of an index. `platform` is `os/architecture[/variant]`, `unknown/unknown` when it is not told."""

    blob: Descriptor
    platform: str


@dataclass(frozen=True, slots=True)
class Index:
    """Manifests to choose from, in the order of the index."""

    offers: tuple[Offer, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms of real images, attestations left out, each once."""
        return tuple(dict.fromkeys(offer.platform for offer in self.offers if not is_attestation(offer)))


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image for one platform: its config and its layers from the bottom to the top."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


def check_digest(content: bytes, digest: str, what: str = "manifest") -> None:
    """Raises `DataError` with code `digest-mismatch` unless `content` is what `digest` names."""
    if not is_digest(digest):
        raise DataError(f"{digest[:140]!a} is no digest that can be verified.", code="digest-unsupported")
    if hashlib.new(digest.partition(":")[0], content).hexdigest() != digest.partition(":")[2]:
        raise DataError(f"The {what} is not what its digest {digest} says.", code="digest-mismatch")


def read_manifest(content: bytes, content_type: str | None = None) -> Index | Manifest:
    """Reads an answer to `GET /v2/NAME/manifests/REFERENCE`; `content_type` is the header of that answer.

    The body's own `mediaType` wins over the header, the shape decides when neither is known. Raises `DataError`:
    `manifest-unreadable`, `manifest-schema-1` for the format that ended in 2017, `not-an-image` for charts, signatures
    and other artifacts.
    """
    body = read_object(content, "manifest", LARGEST_MANIFEST_BYTES)
    media_type = body.get("mediaType") or (content_type or "").partition(";")[0].strip()
    if body.get("schemaVersion") == 1 or str(media_type).startswith(_SCHEMA_1):
        raise DataError(
            "The image has a manifest of Docker's schema 1, which tells neither sizes nor digests that can be trusted.",
            hint="Push the image again with a current tool.",
            code="manifest-schema-1",
        )
    if media_type in (OCI_INDEX, DOCKER_INDEX) or (media_type not in ACCEPTED_TYPES and "manifests" in body):
        return _read_index(body)
    if "config" in body and "layers" in body:
        return _read_manifest(body)
    raise _unreadable("it is neither a manifest nor an index of an image")


def choose_offer(index: Index, platform: str = "linux/amd64") -> Offer | None:
    """The manifest for `platform`, the first one when there are several; None when the index does not offer it.

    A variant such as `linux/amd64/v2` is taken when there is no plain one.
    """
    images = [offer for offer in index.offers if not is_attestation(offer)]
    for offer in images:
        if offer.platform == platform:
            return offer
    return next((offer for offer in images if offer.platform.startswith(f"{platform}/")), None)


def require_offer(index: Index, platform: str = "linux/amd64") -> Offer:
    """As `choose_offer`; raises `DataError` with code `image-platform` that names what is offered instead."""
    offer = choose_offer(index, platform)
    if offer is None:
        offered = ", ".join(index.platforms) or "nothing that runs"
        raise DataError(
            f"The image is not offered for {platform}, but for: {offered}.",
            hint=f"Build it with --platform {platform}.",
            code="image-platform",
        )
    return offer


def find_attestation(index: Index, digest: str) -> Descriptor | None:
    """The manifest with what BuildKit attests of the image `digest`, None without one."""
    for offer in index.offers:
        if is_attestation(offer) and offer.blob.annotations.get("vnd.docker.reference.digest") == digest:
            return offer.blob
    return None


def is_attestation(offer: Offer) -> bool:
    """Whether this is no image but what is said about one."""
    return offer.blob.annotations.get("vnd.docker.reference.type") == _ATTESTATION or offer.platform.startswith(
        "unknown/"
    )


def read_object(content: bytes, what: str, most_bytes: int) -> JsonObject:
    """A JSON object of at most `most_bytes`. Raises `DataError` with code `manifest-unreadable`."""
    if len(content) > most_bytes:
        raise _unreadable(f"it has {len(content)} bytes, more than {most_bytes}", what)
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise _unreadable("it is not JSON", what) from None
    if not isinstance(body, dict):
        raise _unreadable("it is not a JSON object", what)
    return body


def _read_index(body: JsonObject) -> Index:
    manifests = body.get("manifests")
    if not isinstance(manifests, list) or len(manifests) > MOST_OFFERS:
        raise _unreadable(f"its index is not a list of at most {MOST_OFFERS} manifests")
    blobs = tuple(map(_read_descriptor, manifests))
    offers = tuple(
        Offer(blob, _read_platform(item.get("platform"))) for blob, item in zip(blobs, manifests, strict=True)
    )
    return Index(offers, _read_texts(body.get("annotations")))


def _read_manifest(body: JsonObject) -> Manifest:
    config = _read_descriptor(body["config"])
    artifact_type = body.get("artifactType") or ""
    if config.media_type not in _CONFIG_TYPES and artifact_type != _ATTESTATION_ARTIFACT:
        kind = "a Helm chart" if config.media_type == _HELM_CONFIG else ascii(str(artifact_type or config.media_type))
        raise DataError(f"The reference names {kind}, which is no container image.", code="not-an-image")
    layers = body["layers"]
    if not isinstance(layers, list) or len(layers) > MOST_LAYERS:
        raise _unreadable(f"its layers are not a list of at most {MOST_LAYERS}")
    return Manifest(config, tuple(map(_read_descriptor, layers)), _read_texts(body.get("annotations")))


def _read_descriptor(item: Any) -> Descriptor:
    if not isinstance(item, dict):
        raise _unreadable("a descriptor is not a JSON object")
    media_type, digest, size = item.get("mediaType"), item.get("digest"), item.get("size")
    if not isinstance(media_type, str) or not isinstance(digest, str) or not is_digest(digest):
        raise _unreadable("a descriptor has no media type or no digest that can be verified")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _LARGEST_BLOB_BYTES:
        raise _unreadable(f"the size of {digest} is not a number of bytes")
    return Descriptor(media_type, digest, size, _read_texts(item.get("annotations")))


def _read_platform(item: Any) -> str:
    platform = item if isinstance(item, dict) else {}
    parts = [platform.get("os") or "unknown", platform.get("architecture") or "unknown", platform.get("variant")]
    return "/".join(str(part) for part in parts if part)


def _read_texts(item: Any) -> Mapping[str, str]:
    if not isinstance(item, dict):
        return {}
    return {key: value for key, value in item.items() if isinstance(value, str)}


def _unreadable(reason: str, what: str = "manifest") -> DataError:
    return DataError(f"The {what} of the image cannot be read: {reason}.", code="manifest-unreadable")
