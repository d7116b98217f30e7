"""What the old migration Job left behind when it was stopped after 95 documents: a half-done collection to take over.

The Job went through the ObjectId documents in `_id` order. It wrote the `s3_*` fields and `s3_images_metadata`, no
`s3_migration`; it tried each image once and skipped what failed in silence: null in its place, nothing in the metadata.
Of the document it was stopped in, the first images are in the bucket and the document knows nothing about it.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bson import ObjectId

from opsctl.lab.image_faults import FAULTS, Outcome, picture_behind, split_fault
from opsctl.lab.picture_paths import Picture
from opsctl.lab.sample_drafts import SOURCE_FIELDS, Document, DocumentId, SampleImage
from opsctl.lab.sample_peculiar import OBJECT_ID_TEXT

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pymongo.collection import Collection

    from opsctl.lab.sample_data import Sample

DONE_COUNT: Final = 95
JOB_STARTED_AT: Final = datetime(2025, 12, 23, 5, 42, tzinfo=UTC)
JOB_DURATION: Final = timedelta(minutes=44)
_EXTENSIONS: Final = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where the Job stored its objects. `endpoint_url` is that of an S3 other than Amazon's."""

    bucket: str = "carimage-382045063773"
    prefix: str = "images"
    collection: str = "danawa_vehicle_data"
    region: str = "us-east-1"
    endpoint_url: str | None = None

    def url_of(self, key: str) -> str:
        path = quote(key, safe="/~")
        if self.endpoint_url:
            return f"{self.endpoint_url.rstrip('/')}/{self.bucket}/{path}"
        return f"https://{self.bucket}.s3.{self.region}.amazonaws.com/{path}"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of the bucket."""

    key: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class HalfDone:
    """The Job's traces: `updates` are the fields it set, by `_id`; `orphans` the objects of the document it was in."""

    target: Target
    updates: Mapping[DocumentId, Mapping[str, Any]]
    objects: tuple[StoredObject, ...]
    interrupted_id: DocumentId
    orphans: tuple[StoredObject, ...]


def half_done_by_old_job(
    sample: Sample,
    target: Target | None = None,
    *,
    done_count: int = DONE_COUNT,
    started_at: datetime = JOB_STARTED_AT,
    duration: timedelta = JOB_DURATION,
) -> HalfDone:
    """Work out what the Job wrote for the first `done_count` ObjectId documents, evenly over `duration`.

    Raises ValueError when the sample begins with fewer ordinary documents, or has none left to be stopped in.
    """
    target = target or Target()
    documents = _ordinary_documents(sample)
    if done_count > len(documents):
        raise ValueError(f"only {len(documents)} documents stand before the first peculiar one")
    by_document = _images_by_document(sample)
    updates: dict[DocumentId, Mapping[str, Any]] = {}
    objects: list[StoredObject] = []
    pause = duration / max(1, done_count)
    for number, document in enumerate(documents[:done_count]):
        images = by_document.get(document["_id"], [])
        stored = _store(sample, target, document, images)
        updates[document["_id"]] = _result_fields(document, images, stored, target, started_at + pause * (number + 1))
        objects += stored.values()
    interrupted, orphans = _interrupt(sample, target, documents[done_count:], by_document)
    return HalfDone(target, updates, tuple(objects), interrupted, orphans)


def write_half_done(collection: Collection[dict[str, Any]], s3: S3Client, half_done: HalfDone) -> None:
    """Put the Job's traces into a collection that holds the sample's documents, and into an existing bucket.

    The objects get no SHA-256 checksum: a plain upload has none.
    """
    for stored in (*half_done.objects, *half_done.orphans):
        s3.put_object(Bucket=half_done.target.bucket, Key=stored.key, Body=stored.body, ContentType=stored.content_type)
    for document_id, fields in half_done.updates.items():
        collection.update_one({"_id": document_id}, {"$set": dict(fields)})


def _ordinary_documents(sample: Sample) -> list[Document]:
    """The ObjectId documents in `_id` order, up to the first one that the Job's simple ways would not have managed."""
    peculiar = set(sample.labels.values()) - {ObjectId(OBJECT_ID_TEXT)}
    documents = sorted((d for d in sample.documents if isinstance(d["_id"], ObjectId)), key=lambda d: d["_id"])
    return list(itertools.takewhile(lambda document: document["_id"] not in peculiar, documents))


def _images_by_document(sample: Sample) -> dict[DocumentId, list[SampleImage]]:
    grouped: dict[DocumentId, list[SampleImage]] = {}
    for image in sample.images:
        grouped.setdefault(image.document_id, []).append(image)
    return grouped


def _store(
    sample: Sample, target: Target, document: Document, images: Sequence[SampleImage]
) -> dict[SampleImage, StoredObject]:
    """The objects of the images that the Job got with its only try."""
    stored: dict[SampleImage, StoredObject] = {}
    for image in images:
        picture = _fetch_once(sample.base_url, image)
        if picture is not None:
            key = _key_of(target, document, image, picture)
            stored[image] = StoredObject(key, picture.body, picture.content_type)
    return stored


def _fetch_once(base_url: str, image: SampleImage) -> Picture | None:
    request_target = image.url.removeprefix(base_url)
    if image.outcome is not Outcome.STORED or not request_target.startswith("/"):
        return None
    fault = split_fault(request_target)
    if fault is not None and FAULTS[fault[0]].recovers:
        return None
    return picture_behind(request_target)


def _key_of(target: Target, document: Document, image: SampleImage, picture: Picture) -> str:
    """The Job's key; it cleaned no names, and the documents it has seen needed no cleaning."""
    name = hashlib.sha256(image.url.encode()).hexdigest()[:32]
    folders = [target.prefix, target.collection, str(document["_id"]), _vehicle_name(document), image.image_type]
    if image.color_name:
        folders.append(image.color_name)
    return "/".join((*folders, f"{name}.{_EXTENSIONS[picture.image_format]}"))


def _vehicle_name(document: Document) -> str:
    return str(document.get("vehicle_name") or document["name"])


def _result_fields(
    document: Document,
    images: Sequence[SampleImage],
    stored: Mapping[SampleImage, StoredObject],
    target: Target,
    uploaded_at: datetime,
) -> dict[str, Any]:
    urls = {
        (place.field, place.position): target.url_of(stored[image].key) if image in stored else None
        for image in images
        for place in image.places
    }
    fields: dict[str, Any] = {}
    for name in SOURCE_FIELDS:
        if name not in document:
            continue
        value = document[name]
        if isinstance(value, list):
            fields[f"s3_{name}"] = [_replace(item, urls[name, at]) for at, item in enumerate(value)]
        else:
            fields[f"s3_{name}"] = urls[name, None]
    fields["s3_images_metadata"] = [
        _describe(document, image, stored[image], target, uploaded_at) for image in images if image in stored
    ]
    return fields


def _replace(item: Any, url: str | None) -> Any:
    if not isinstance(item, dict):
        return url
    member = next(name for name in ("image_url", "url", "image") if name in item)
    return {**item, member: url}


def _describe(
    document: Document, image: SampleImage, stored: StoredObject, target: Target, uploaded_at: datetime
) -> dict[str, Any]:
    return {
        "original_url": image.url,
        "image_type": image.image_type,
        "color_name": image.color_name,
        "vehicle_name": _vehicle_name(document),
        "bucket": target.bucket,
        "key": stored.key,
        "s3_url": target.url_of(stored.key),
        "sha256": hashlib.sha256(stored.body).hexdigest(),
        "size_bytes": len(stored.body),
        "content_type": stored.content_type,
        "uploaded_at": uploaded_at.replace(microsecond=0),
    }


def _interrupt(
    sample: Sample,
    target: Target,
    documents: Sequence[Document],
    by_document: Mapping[DocumentId, list[SampleImage]],
) -> tuple[DocumentId, tuple[StoredObject, ...]]:
    """Stop the Job inside the next document: its images but the last are in the bucket."""
    for document in documents:
        stored = _store(sample, target, document, by_document.get(document["_id"], []))
        if len(stored) > 1:
            return document["_id"], tuple(stored.values())[:-1]
    raise ValueError("no document is left in which the Job could be stopped")
