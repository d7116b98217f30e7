"""The values that pass between the stages of a migration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

DocumentId = object
"""An `_id`: ObjectId, string, number, ... — opaque here, ordered by the document store only."""


class FailureClass(StrEnum):
    """Why an image could not be stored. Final classes close the image; the other two leave its document open."""

    GONE = "gone"
    REFUSED = "refused"
    EXHAUSTED = "exhausted"
    NOT_AN_IMAGE = "not-an-image"
    TOO_LARGE = "too-large"
    PLACEHOLDER = "placeholder"
    BLOCKED_ADDRESS = "blocked-address"
    BAD_URL = "bad-url"
    LATER = "later"
    OURS = "ours"

    @property
    def is_final(self) -> bool:
        return self not in (FailureClass.LATER, FailureClass.OURS)


class RunState(StrEnum):
    """States of a run record. The `-ing` states are intents that the working process has not carried out yet."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    COMPLETE = "complete"
    COMPLETE_WITH_FAILURES = "complete_with_failures"

    @property
    def is_over(self) -> bool:
        return self in (RunState.COMPLETE, RunState.COMPLETE_WITH_FAILURES)


class StopReason(StrEnum):
    """Why a run stopped before its end without an error; an error's own message stands in its place otherwise."""

    REQUEST = "stopped on request"
    LIMIT = "the limit of documents was reached"
    LEFT = "some documents are left for the next start"
    TYPES = "images of other types are left"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Where images of one type stand in a document, and where their new addresses go."""

    source: str
    target: str
    image_type: str


VEHICLE_FIELDS = (
    FieldRule("main_image", "s3_main_image", "basic"),
    FieldRule("image_url", "s3_image_url", "basic"),
    FieldRule("exterior_images", "s3_exterior_images", "exterior"),
    FieldRule("interior_images", "s3_interior_images", "interior"),
    FieldRule("color_images", "s3_color_images", "color"),
)

METADATA_FIELD = "s3_images_metadata"
MIGRATION_FIELD = "s3_migration"
KEY_TEMPLATE = "{prefix}/{collection}/{doc_id}/{vehicle_name}/{image_type}/[{color_name}/]{hash}.{ext}"


@dataclass(frozen=True, slots=True)
class ImageMapping:
    """How documents name their images. The defaults are the vehicle collection's."""

    fields: tuple[FieldRule, ...] = VEHICLE_FIELDS
    vehicle_name_fields: tuple[str, ...] = ("vehicle_name", "name")
    color_name_fields: tuple[str, ...] = ("color_name", "name", "color")
    color_url_fields: tuple[str, ...] = ("image_url", "url", "image")
    base_url: str | None = None

    @property
    def result_fields(self) -> frozenset[str]:
        """Every top-level field that a migration writes; all others are originals."""
        return frozenset({rule.target for rule in self.fields} | {METADATA_FIELD, MIGRATION_FIELD})


@dataclass(frozen=True, slots=True)
class KeyLayout:
    """Where objects are stored. `key_hash` is what the name is made of: the source URL or the content."""

    bucket: str
    prefix: str
    collection: str
    region: str
    endpoint_url: str | None = None
    template: str = KEY_TEMPLATE
    key_hash: str = "url"


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """Bounds of the work: what one image, one host and one outage may take."""

    workers: int = 32
    per_host_concurrency: int = 4
    per_host_rate: float = 10.0
    max_bytes: int = 32 * 1024 * 1024
    timeout_seconds: float = 60.0
    outage_seconds: float = 120.0
    drain_seconds: float = 20.0
    retry_base_seconds: float = 0.5
    retry_after_limit_seconds: float = 60.0
    placeholder_sha256: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents and images a run works on. `where` is a MongoDB filter in extended JSON."""

    where: str | None = None
    image_types: tuple[str, ...] = ()
    limit: int | None = None
    retry_failed: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What to migrate, where to, and how hard."""

    mapping: ImageMapping
    layout: KeyLayout
    limits: TransferLimits
    selection: Selection = field(default_factory=Selection)


@dataclass(frozen=True, slots=True)
class ImageRef:
    """The identity of an image inside its document. `url` is exactly what the document says."""

    image_type: str
    color_name: str | None
    url: str


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """An image to fetch: `fetch_url` is absolute and percent-encoded, or None with the `problem` that makes it bad."""

    ref: ImageRef
    fetch_url: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One entry of `s3_images_metadata`. What another tool left out is None."""

    original_url: str
    image_type: str
    color_name: str | None
    vehicle_name: str
    bucket: str
    key: str
    s3_url: str
    sha256: str | None
    size_bytes: int | None
    content_type: str | None
    uploaded_at: datetime | None

    @property
    def ref(self) -> ImageRef:
        return ImageRef(self.image_type, self.color_name, self.original_url)


@dataclass(frozen=True, slots=True)
class ImageFailure:
    """One entry of `s3_migration.failed`. `attempts` counts visits, one per run that tried the image."""

    ref: ImageRef
    failure_class: FailureClass
    detail: str
    attempts: int
    last_at: datetime
    next_retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document as it was read: its original fields, and what earlier runs wrote about it.

    `digest` is the SHA-256 (hex) of the BSON of the original fields, top-level names in sorted order.
    `results` are the `s3_*` fields as they stand. `written_at` is `s3_migration.finished_at`; None when no run of
    opsctl wrote to the document.
    """

    id: DocumentId
    original: Mapping[str, object]
    digest: str
    size_bytes: int
    is_processed: bool = False
    stored: tuple[StoredImage, ...] = ()
    failed: tuple[ImageFailure, ...] = ()
    source_digest: str | None = None
    run_id: str | None = None
    written_at: datetime | None = None
    results: Mapping[str, object] = field(default_factory=dict)


class DocumentView(StrEnum):
    """What a reading of the collection is for, and so what of it is read."""

    PLAN = "plan"  # every selected document; only the fields that name images and results, and no digest
    OPEN = "open"  # the documents that are left to be worked on, whole
    ALL = "all"  # every selected document, whole


PageToken = tuple[int, DocumentId]
"""Where a reading stands: the kind of `_id` and the last one seen. Opaque outside the document store."""


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """Some documents, all of one `kind` of `_id`, and where to go on; `next` is None at the end."""

    documents: tuple[SourceDocument, ...]
    next: PageToken | None
    kind: int = 0


@dataclass(frozen=True, slots=True)
class IdRange:
    """A part of the collection in reading order: behind `after`, up to and with `upto`. None is the open end."""

    after: PageToken | None = None
    upto: PageToken | None = None


BEFORE_ALL: PageToken = (0, None)
"""The place in front of the first document: as `upto` of a range it says that the range is empty."""


@dataclass(frozen=True, slots=True)
class DocumentUpdate:
    """What one run writes to one document, in one guarded update.

    `results` are the `s3_*` fields; None leaves the document open (state `partial`).
    """

    document: SourceDocument
    run_id: str
    results: Mapping[str, object] | None
    stored: tuple[StoredImage, ...]
    failed: tuple[ImageFailure, ...]
    finished_at: datetime


class RecordOutcome(StrEnum):
    """What became of a document update."""

    RECORDED = "recorded"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"


@dataclass(frozen=True, slots=True)
class Download:
    """A complete body. `is_framed` is False when only the end of the connection marked its end."""

    body: bytes
    is_framed: bool = True


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """One failed try to download: a value, because a failing image does not fail the run."""

    failure_class: FailureClass
    detail: str
    retry_after_seconds: float | None = None
    is_throttle: bool = False


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """An object of the bucket. LIST gives no checksum and no content type."""

    key: str
    size_bytes: int
    modified_at: datetime | None = None
    sha256: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """What a run has done; also used for differences between two moments.

    Images count when their document is recorded. `images_found` is the part of `images_stored` that was in the bucket
    already. Bytes are those uploaded, requests those made to image hosts.
    """

    documents_complete: int = 0
    documents_partial: int = 0
    documents_failed: int = 0
    conflicts: int = 0
    images_stored: int = 0
    images_found: int = 0
    images_failed: int = 0
    images_later: int = 0
    bytes_stored: int = 0
    requests: int = 0

    def plus(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, name) + getattr(other, name) for name in Counters.__slots__))

    def minus(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, name) - getattr(other, name) for name in Counters.__slots__))

    @property
    def images_finished(self) -> int:
        """Images that need no more work: the unit of progress and of the ETA."""
        return self.images_stored + self.images_failed


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """The frozen plan: what the selected documents hold, counted before the first image is fetched.

    Images are those of the selected types; `images_unselected` are images of other types that are not stored.
    """

    documents: int = 0
    documents_processed: int = 0
    images: int = 0
    images_stored: int = 0
    images_failed: int = 0
    images_unselected: int = 0

    def plus(self, other: PlanTotals) -> PlanTotals:
        return PlanTotals(*(getattr(self, name) + getattr(other, name) for name in PlanTotals.__slots__))

    def minus(self, other: PlanTotals) -> PlanTotals:
        return PlanTotals(*(getattr(self, name) - getattr(other, name) for name in PlanTotals.__slots__))

    @property
    def documents_open(self) -> int:
        return self.documents - self.documents_processed

    @property
    def images_remaining(self) -> int:
        return max(0, self.images - self.images_stored - self.images_failed)
