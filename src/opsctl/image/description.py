"""Joins what manifest and config say into one description: layers with the build steps that made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsctl.image.manifest import LARGEST_CONFIG_BYTES, Index, Manifest, check_digest, read_object
from opsctl.image.models import Descriptor, ImageDescription, JsonObject, Layer
from opsctl.image.reference import Reference


def read_config(content: bytes, blob: Descriptor) -> JsonObject:
    """The config of an image. Raises `DataError`: `digest-mismatch`, `manifest-unreadable`."""
    check_digest(content, blob.digest, "config")
    return read_object(content, "config", LARGEST_CONFIG_BYTES)


def describe_image(
    reference: Reference,
    digest: str,
    manifest: Manifest,
    config: JsonObject,
    *,
    index: Index | None = None,
    index_digest: str | None = None,
    provenance: JsonObject | None = None,
) -> ImageDescription:
    """`digest` names the manifest; `index` and `index_digest` are what led to it."""
    steps = map_build_steps(config, len(manifest.layers))
    return ImageDescription(
        reference=str(reference),
        repository=reference.name,
        digest=digest,
        index_digest=index_digest,
        platform=read_platform(config),
        platforms=index.platforms if index else (),
        config=config,
        layers=tuple(Layer(number, blob, steps[number]) for number, blob in enumerate(manifest.layers)),
        annotations={**(index.annotations if index else {}), **manifest.annotations},
        provenance=provenance,
    )


def map_build_steps(config: JsonObject, count: int) -> tuple[str | None, ...]:
    """The `created_by` of each of `count` layers, from the bottom.

    Entries of the history that are not `empty_layer` belong to the layers one to one and in order; when their numbers
    differ nothing can be said, and all are None.
    """
    history = _list(config.get("history"))
    steps = [entry for entry in history if isinstance(entry, dict) and entry.get("empty_layer") is not True]
    if len(steps) != count or not all(isinstance(entry, dict) for entry in history):
        return (None,) * count
    return tuple(_text(step.get("created_by")) for step in steps)


def read_diff_ids(config: JsonObject, count: int) -> tuple[str | None, ...]:
    """The digests of the `count` layers as they are uncompressed; None for each when the config does not tell."""
    rootfs = config.get("rootfs")
    diff_ids = _list(rootfs.get("diff_ids")) if isinstance(rootfs, dict) else []
    if len(diff_ids) != count:
        return (None,) * count
    return tuple(map(_text, diff_ids))


def read_platform(config: JsonObject) -> str:
    """`os/architecture[/variant]` as the config has it, `unknown` for what it leaves out."""
    parts = [_text(config.get("os")) or "unknown", _text(config.get("architecture")) or "unknown"]
    variant = _text(config.get("variant"))
    return "/".join([*parts, variant] if variant else parts)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
