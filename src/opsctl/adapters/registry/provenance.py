"""How an image was built, as BuildKit attests it: an in-toto statement in a manifest beside the image's own.

Source: BuildKit, "Image attestation storage"; SLSA provenance 0.2 and 1.
"""

from __future__ import annotations

from collections.abc import Iterable

from opsctl.errors import DataError
from opsctl.image.manifest import read_object
from opsctl.image.models import Descriptor, JsonObject

MAX_STATEMENT_BYTES = 4 << 20

_IN_TOTO = "application/vnd.in-toto+json"
_PREDICATE_TYPE = "in-toto.io/predicate-type"
_SLSA_PROVENANCE = "https://slsa.dev/provenance/"


def find_provenance(blobs: Iterable[Descriptor]) -> Descriptor | None:
    """The blob of an attestation manifest that holds the provenance; the others are lists of software."""
    for blob in blobs:
        if blob.media_type == _IN_TOTO and blob.annotations.get(_PREDICATE_TYPE, "").startswith(_SLSA_PROVENANCE):
            return blob
    return None


def read_statement(content: bytes) -> JsonObject:
    """The in-toto statement. Raises `DataError` for what is no provenance."""
    statement = read_object(content, "provenance", MAX_STATEMENT_BYTES)
    if not str(statement.get("predicateType")).startswith(_SLSA_PROVENANCE):
        raise DataError("What is attested of the image is not how it was built.")
    return statement
