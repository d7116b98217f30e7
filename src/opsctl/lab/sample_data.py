"""The sample collection: vehicle documents as in the incident's collection, and what a migration must make of them.

Pure and seeded: the same arguments give the same documents, addresses and outcomes. `base_url` is where the image host
runs; relative addresses resolve against `base_url` + "/", and this one private address must be allowed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from opsctl.lab.image_faults import Outcome
from opsctl.lab.pictures import draw_placeholder
from opsctl.lab.sample_drafts import AddressBook, Document, DocumentId, SampleImage, settle_draft
from opsctl.lab.sample_peculiar import draft_peculiar
from opsctl.lab.sample_vehicles import IdSequence, draft_bulk, draft_facts, draft_vehicle

DEFAULT_COUNT: Final = 475
DEFAULT_SEED: Final = 20251223
PLAIN_COUNT: Final = 100
"""So many documents at the beginning are ordinary ones: the part that the old Job has dealt with."""

PLACEHOLDER_SHA256: Final = hashlib.sha256(draw_placeholder()).hexdigest()
"""What the image host's "no image" picture is recognised by; goes into the setting `placeholder_sha256`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Documents in the order of their insertion, and every image in them.

    `labels` names the peculiar documents: what is peculiar, and the `_id`.
    """

    base_url: str
    documents: list[Document]
    images: tuple[SampleImage, ...]
    labels: Mapping[str, DocumentId]

    @property
    def expected(self) -> dict[tuple[DocumentId, str, int | None], Outcome]:
        """The outcome by (document id, source field, number in the list or None) of every place that holds an image.

        Places that hold none (null, empty) are not in it.
        """
        return {place: image.outcome for image in self.images for place in image.places}

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many images end with each outcome."""
        return Counter(image.outcome for image in self.images)

    def document(self, label: str) -> Document:
        """Return the peculiar document `label`. Raises KeyError."""
        document_id = self.labels[label]
        return next(document for document in self.documents if document["_id"] == document_id)


def build_sample(base_url: str, count: int = DEFAULT_COUNT, seed: int = DEFAULT_SEED) -> Sample:
    """Build the sample for an image host at `base_url`.

    All peculiar documents are in it, spread over what follows the first `PLAIN_COUNT`. Raises ValueError when `count`
    leaves no room for them.
    """
    rng = Random(seed)
    base_url = base_url.rstrip("/")
    book = AddressBook(base_url, rng)
    peculiar = list(draft_peculiar(book))
    ordinary_count = count - len(peculiar)
    if ordinary_count < 0:
        raise ValueError(f"the sample needs at least {len(peculiar)} documents, not {count}")
    labels = _shuffle_labels(rng, [label for label, _ in peculiar], ordinary_count)
    fields = dict(peculiar)
    ids = IdSequence(rng)
    documents: list[Document] = []
    images: list[SampleImage] = []
    label_ids: dict[str, DocumentId] = {}
    for label in labels:
        next_id = ids.next_id()
        draft = draft_vehicle(book, rng, next_id) if label is None else _complete_draft(rng, fields[label], next_id)
        document, found = settle_draft(draft)
        documents.append(document)
        images += found
        if label is not None:
            label_ids[label] = document["_id"]
    return Sample(base_url, documents, tuple(images), label_ids)


def build_bulk(base_url: str, count: int, seed: int = DEFAULT_SEED) -> Iterator[Document]:
    """Yield `count` plain documents for measurements: four JPEG images each, all of them right."""
    return draft_bulk(base_url.rstrip("/"), count, seed)


def _shuffle_labels(rng: Random, labels: list[str], ordinary_count: int) -> list[str | None]:
    """Say for each document in turn which peculiar one it is; None for an ordinary one."""
    first = min(PLAIN_COUNT, ordinary_count)
    rest: list[str | None] = [*labels, *[None] * (ordinary_count - first)]
    rng.shuffle(rest)
    return [*[None] * first, *rest]


def _complete_draft(rng: Random, fields: dict[str, Any], document_id: DocumentId) -> Document:
    """Put a peculiar document's fields around ordinary facts: identity and names before, images after them."""
    facts = draft_facts(rng, "기타", "기타", rng.randrange(1000, 3000))
    head: Document = {"_id": document_id}
    head |= {name: fields[name] for name in ("_id", "vehicle_name", "name") if name in fields}
    return head | facts | fields
