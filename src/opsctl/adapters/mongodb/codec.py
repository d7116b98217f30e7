"""Between Mongo documents (snake_case, as the collection speaks) and the migration's values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import bson

from opsctl.adapters.mongodb.connection import CODEC, Fields
from opsctl.migration.models import (
    METADATA_FIELD,
    MIGRATION_FIELD,
    DocumentUpdate,
    FailureClass,
    ImageFailure,
    ImageMapping,
    ImageRef,
    SourceDocument,
    StoredImage,
)


def decode_document(fields: Fields, mapping: ImageMapping, *, with_digest: bool) -> SourceDocument:
    """A document as the migration sees it."""
    ours = mapping.result_fields
    original = {name: value for name, value in fields.items() if name not in ours}
    encoded = bson.encode(dict(sorted(original.items())), codec_options=CODEC) if with_digest else b""
    migration = _mapping(fields.get(MIGRATION_FIELD))
    entries = fields[METADATA_FIELD] if METADATA_FIELD in fields else migration.get("stored")
    return SourceDocument(
        id=fields["_id"],
        original=original,
        digest=hashlib.sha256(encoded).hexdigest() if with_digest else "",
        size_bytes=len(encoded),
        is_processed=METADATA_FIELD in fields,
        stored=tuple(filter(None, map(_decode_stored, _list(entries)))),
        failed=tuple(filter(None, map(_decode_failure, _list(migration.get("failed"))))),
        source_digest=_text(migration.get("source_digest")),
        run_id=_text(migration.get("run_id")),
        written_at=_time(migration.get("finished_at")),
        results={rule.target: fields[rule.target] for rule in mapping.fields if rule.target in fields},
    )


def encode_update(update: DocumentUpdate) -> Fields:
    """The fields that one update sets: all `s3_*` fields at once, or only the ledger of an open document."""
    ledger: Fields = {
        "run_id": update.run_id,
        "state": "partial" if update.results is None else "complete",
        "finished_at": update.finished_at,
        "source_digest": update.document.digest,
        "failed": [_encode_failure(failure) for failure in update.failed],
    }
    entries = [_encode_stored(entry) for entry in update.stored]
    if update.results is None:
        return {MIGRATION_FIELD: {**ledger, "stored": entries}}
    return {**update.results, METADATA_FIELD: entries, MIGRATION_FIELD: ledger}


def _encode_stored(entry: StoredImage) -> Fields:
    return {
        "original_url": entry.original_url,
        "image_type": entry.image_type,
        "color_name": entry.color_name,
        "vehicle_name": entry.vehicle_name,
        "bucket": entry.bucket,
        "key": entry.key,
        "s3_url": entry.s3_url,
        "sha256": entry.sha256,
        "size_bytes": entry.size_bytes,
        "content_type": entry.content_type,
        "uploaded_at": entry.uploaded_at,
    }


def _decode_stored(value: object) -> StoredImage | None:
    entry = _mapping(value)
    url, image_type = entry.get("original_url"), entry.get("image_type")
    if not isinstance(url, str) or not isinstance(image_type, str):
        return None
    return StoredImage(
        original_url=url,
        image_type=image_type,
        color_name=_text(entry.get("color_name")),
        vehicle_name=_text(entry.get("vehicle_name")) or "",
        bucket=_text(entry.get("bucket")) or "",
        key=_text(entry.get("key")) or "",
        s3_url=_text(entry.get("s3_url")) or "",
        sha256=_text(entry.get("sha256")),
        size_bytes=_size(entry.get("size_bytes")),
        content_type=_text(entry.get("content_type")),
        uploaded_at=_time(entry.get("uploaded_at")),
    )


def _encode_failure(failure: ImageFailure) -> Fields:
    entry: Fields = {
        "url": failure.ref.url,
        "type": failure.ref.image_type,
        "class": failure.failure_class.value,
        "detail": failure.detail,
        "attempts": failure.attempts,
        "last_at": failure.last_at,
        "next_retry_at": failure.next_retry_at,
    }
    if failure.ref.color_name is not None:
        entry["color_name"] = failure.ref.color_name
    return entry


def _decode_failure(value: object) -> ImageFailure | None:
    entry = _mapping(value)
    url, image_type, last_at = entry.get("url"), entry.get("type"), _time(entry.get("last_at"))
    if not isinstance(url, str) or not isinstance(image_type, str) or last_at is None:
        return None
    try:
        failure_class = FailureClass(str(entry.get("class")))
    except ValueError:
        failure_class = FailureClass.LATER  # a class of a newer version: try the image again
    attempts = entry.get("attempts")
    return ImageFailure(
        ref=ImageRef(image_type, _text(entry.get("color_name")), url),
        failure_class=failure_class,
        detail=_text(entry.get("detail")) or "",
        attempts=int(attempts) if isinstance(attempts, int) else 0,
        last_at=last_at,
        next_retry_at=_time(entry.get("next_retry_at")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _size(value: object) -> int | None:
    """A number of bytes; other tools write it as a double."""
    if isinstance(value, float) and not value.is_integer():  # NaN and infinity are none either
        return None
    return int(value) if isinstance(value, int | float) else None


def _time(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):  # the old Job may have written text
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            return None
        return parsed if parsed.tzinfo else None
    return None
