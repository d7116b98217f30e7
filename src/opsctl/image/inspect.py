"""Answers questions about the files of an image, reading as few layers as the answer needs."""

from __future__ import annotations

from opsctl.image.models import ImageDescription, Inspection, Wanted
from opsctl.image.ports import BlobSource, LayerCache


def inspect(
    image: ImageDescription, blobs: BlobSource, wanted: Wanted, *, budget_bytes: int, cache: LayerCache | None = None
) -> Inspection:
    """Looks for `wanted`, top layer first, and downloads at most `budget_bytes`."""
    raise NotImplementedError
