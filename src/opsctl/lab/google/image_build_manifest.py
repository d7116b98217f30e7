"""An image as a registry keeps it: layers, configuration, manifest, and the index that builders put around them.

Formats: OCI image specification 1.1 (`manifest.md`, `config.md`, `image-index.md`), Docker image manifest version 2,
schema 2. An attestation is stored as BuildKit stores one: a second manifest of the index whose platform is unknown and
whose layer is an in-toto statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsctl.lab.google.image_build_layers import Compression, LayerFile, StoredLayer, digest_of, write_layer

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
SLSA_PROVENANCE = "https://slsa.dev/provenance/v1"

_OCI_LAYERS = {
    Compression.GZIP: "application/vnd.oci.image.layer.v1.tar+gzip",
    Compression.ZSTD: "application/vnd.oci.image.layer.v1.tar+zstd",
    Compression.NONE: "application/vnd.oci.image.layer.v1.tar",
}
_DOCKER_LAYERS = {
    Compression.GZIP: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    Compression.NONE: "application/vnd.docker.image.rootfs.diff.tar",
}


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest or an index: the media type it is served with, and its bytes."""

    media_type: str
    body: bytes


@dataclass(slots=True)
class RepositoryContent:
    """What a repository holds: `tags` lead to digests of `manifests`; `blobs` are layers and configurations."""

    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, StoredManifest] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def add(self, other: RepositoryContent) -> None:
        """Takes in what another one holds; a tag that both have moves."""
        self.tags |= other.tags
        self.manifests |= other.manifests
        self.blobs |= other.blobs


@dataclass(frozen=True, slots=True)
class BuildStep:
    """A step of a Dockerfile. `files` None means that it made no layer (`ENV`, `WORKDIR`). `modified` is the time of
    its files, seconds since 1970, None for that of the image."""

    created_by: str
    files: tuple[LayerFile, ...] | None = None
    compression: Compression = Compression.GZIP
    created: str | None = None
    modified: int | None = None


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """`digest` is what a reference names, that of the index when there is one; `manifest_digest` is that of the
    manifest of the platform."""

    digest: str
    manifest_digest: str
    content: RepositoryContent


def build_image(
    steps: Sequence[BuildStep],
    config: Mapping[str, Any],
    *,
    tags: Iterable[str] = (),
    provenance: Mapping[str, Any] | None = None,
    in_index: bool = False,
    docker_format: bool = False,
    modified: int = 0,
) -> BuiltImage:
    """An image of these steps, bottom first.

    `config` is an OCI image configuration; `rootfs` and `history` are filled in here. With `provenance` (an in-toto
    predicate) or `in_index` an index stands in front of the manifest. `modified`: time of the files, seconds since
    1970. Raises `KeyError` for zstd layers in Docker's format, which has no name for them.
    """
    layers = [
        write_layer(
            step.files, modified=modified if step.modified is None else step.modified, compression=step.compression
        )
        for step in steps
        if step.files is not None
    ]
    content = RepositoryContent()
    configuration = _encode(_configuration(steps, layers, config))
    manifest = _encode(_manifest(layers, configuration, docker_format=docker_format))
    content.blobs |= {layer.digest: layer.blob for layer in layers} | {digest_of(configuration): configuration}
    manifest_digest = _keep(content, DOCKER_MANIFEST if docker_format else OCI_MANIFEST, manifest)
    digest = manifest_digest
    if in_index or provenance is not None:
        listed = [_listed(content, manifest_digest, _platform(config))]
        if provenance is not None:
            listed.append(_attest(content, manifest_digest, provenance))
        digest = add_index(content, listed, docker_format=docker_format)
    content.tags.update(dict.fromkeys(tags, digest))
    return BuiltImage(digest, manifest_digest, content)


def join_platforms(images: Sequence[BuiltImage], *, tags: Iterable[str] = ()) -> BuiltImage:
    """One index over images of different platforms. Raises `ValueError` without an image."""
    if not images:
        raise ValueError("an index needs an image")
    content = RepositoryContent()
    for image in images:
        content.add(image.content)
    listed = [_listed(content, image.manifest_digest, _platform_of(content, image)) for image in images]
    digest = add_index(content, listed)
    content.tags.update(dict.fromkeys(tags, digest))
    return BuiltImage(digest, images[0].manifest_digest, content)


def add_index(
    content: RepositoryContent, manifests: Sequence[Mapping[str, Any]], *, docker_format: bool = False
) -> str:
    """Stores an index over these descriptors and returns its digest."""
    media_type = DOCKER_INDEX if docker_format else OCI_INDEX
    body = _encode({"schemaVersion": 2, "mediaType": media_type, "manifests": list(manifests)})
    return _keep(content, media_type, body)


def _configuration(
    steps: Sequence[BuildStep], layers: Sequence[StoredLayer], config: Mapping[str, Any]
) -> dict[str, Any]:
    created = config.get("created", "1970-01-01T00:00:00Z")
    history = [
        {"created": step.created or created, "created_by": step.created_by}
        | ({} if step.files is not None else {"empty_layer": True})
        for step in steps
    ]
    rootfs = {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}
    return {"architecture": "amd64", "os": "linux", **config, "rootfs": rootfs, "history": history}


def _manifest(layers: Sequence[StoredLayer], configuration: bytes, *, docker_format: bool) -> dict[str, Any]:
    names = _DOCKER_LAYERS if docker_format else _OCI_LAYERS
    return {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker_format else OCI_MANIFEST,
        "config": _descriptor(DOCKER_CONFIG if docker_format else OCI_CONFIG, configuration),
        "layers": [_descriptor(names[layer.compression], layer.blob) for layer in layers],
    }


def _attest(content: RepositoryContent, subject: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """The attestation manifest of `subject`, stored; what the index says of it."""
    statement = _encode(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": SLSA_PROVENANCE,
            "subject": [{"name": "_", "digest": {"sha256": subject.removeprefix("sha256:")}}],
            "predicate": dict(predicate),
        }
    )
    rootfs = {"type": "layers", "diff_ids": [digest_of(statement)]}
    configuration = _encode({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs})
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(OCI_CONFIG, configuration),
        "layers": [
            {**_descriptor(IN_TOTO, statement), "annotations": {"in-toto.io/predicate-type": SLSA_PROVENANCE}},
        ],
    }
    content.blobs |= {digest_of(statement): statement, digest_of(configuration): configuration}
    digest = _keep(content, OCI_MANIFEST, _encode(body))
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}
    return {
        **_listed(content, digest, {"architecture": "unknown", "os": "unknown"}),
        "annotations": annotations,
    }


def _platform(config: Mapping[str, Any]) -> dict[str, str]:
    return {"architecture": config.get("architecture", "amd64"), "os": config.get("os", "linux")}


def _platform_of(content: RepositoryContent, image: BuiltImage) -> dict[str, str]:
    manifest = json.loads(content.manifests[image.manifest_digest].body)
    return _platform(json.loads(content.blobs[manifest["config"]["digest"]]))


def _listed(content: RepositoryContent, digest: str, platform: Mapping[str, str]) -> dict[str, Any]:
    stored = content.manifests[digest]
    return {**_descriptor(stored.media_type, stored.body), "platform": dict(platform)}


def _descriptor(media_type: str, stored: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(stored), "size": len(stored)}


def _keep(content: RepositoryContent, media_type: str, body: bytes) -> str:
    digest = digest_of(body)
    content.manifests[digest] = StoredManifest(media_type, body)
    return digest


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
