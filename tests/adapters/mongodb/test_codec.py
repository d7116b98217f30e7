"""Decoding what others left in the `s3_*` fields: whatever it is, it is read or left out, never an end of the run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from bson import Binary, DatetimeMS, Decimal128, Int64, ObjectId
from hypothesis import example, given
from hypothesis import strategies as st

from opsctl.adapters.mongodb.codec import decode_document, encode_update
from opsctl.adapters.mongodb.connection import CODEC
from opsctl.lab.half_done import half_done_by_old_job
from opsctl.lab.sample_data import build_sample
from opsctl.migration.models import DocumentUpdate, FailureClass, ImageMapping
from opsctl.migration.plan import plan_document

MAPPING = ImageMapping()
WHEN = datetime(2025, 12, 23, 6, 26, 15, 123000, tzinfo=UTC)

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.sampled_from([ObjectId(), Int64(5), Decimal128("NaN"), Binary(b"x", 4), WHEN, DatetimeMS(2**62), "2025-12-23"]),
)
ENTRY = "original_url image_type color_name vehicle_name bucket key s3_url sha256 size_bytes content_type uploaded_at"
LEDGER = "url type class detail attempts last_at next_retry_at stored failed run_id finished_at source_digest"
NAMES = st.sampled_from([*ENTRY.split(), *LEDGER.split()])
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=8), max_leaves=20
)


@given(metadata=ANYTHING, migration=ANYTHING)
def test_anything_in_our_fields_is_read_or_left_out(metadata: Any, migration: Any) -> None:
    fields = {"_id": 1, "main_image": "a", "s3_images_metadata": metadata, "s3_migration": migration}
    document = decode_document(fields, MAPPING, with_digest=True)
    assert document.is_processed
    assert document.original == {"_id": 1, "main_image": "a"}
    assert document.digest == decode_document({"main_image": "a", "_id": 1}, MAPPING, with_digest=True).digest


@given(entry=st.dictionaries(NAMES, LEAVES))
@example(entry={"size_bytes": float("nan")})
@example(entry={"size_bytes": float("-inf")})
@example(entry={"size_bytes": 1e300})
def test_any_entry_with_an_address_and_a_type_counts(entry: dict[str, Any]) -> None:
    entry |= {"original_url": "u", "image_type": "basic"}
    [stored] = decode_document({"_id": 1, "s3_images_metadata": [entry]}, MAPPING, with_digest=False).stored
    assert (stored.original_url, stored.image_type) == ("u", "basic")


class TestDigest:
    def digest(self, **fields: Any) -> str:
        return decode_document({"_id": 1, **fields}, MAPPING, with_digest=True).digest

    def test_is_of_the_originals_whatever_their_order(self) -> None:
        assert self.digest(a=1, b=2) == self.digest(b=2, a=1, s3_main_image="x", s3_migration={})

    @pytest.mark.parametrize(
        ("first", "second"), [(1, 1.0), (1, Int64(1)), ("1", 1), (None, []), ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
    )
    def test_tells_types_and_inner_order_apart(self, first: Any, second: Any) -> None:
        assert self.digest(a=first) != self.digest(a=second)

    def test_a_missing_field_is_not_a_null_one(self) -> None:
        assert self.digest() != self.digest(a=None)

    def test_is_the_same_after_a_round_trip(self) -> None:
        for document in build_sample("http://127.0.0.1:1").documents:
            first = decode_document(document, MAPPING, with_digest=True)
            again = bson.decode(bson.encode(document), codec_options=CODEC)
            assert decode_document(again, MAPPING, with_digest=True).digest == first.digest


def test_what_the_old_job_wrote_is_understood() -> None:
    sample = build_sample("http://127.0.0.1:1")
    half_done = half_done_by_old_job(sample)
    by_id = {document["_id"]: document for document in sample.documents}
    for document_id, update in half_done.updates.items():
        document = decode_document({**by_id[document_id], **update}, MAPPING, with_digest=True)
        assert document.is_processed
        assert (document.run_id, document.source_digest, document.written_at) == (None, None, None)
        planned = {image.ref for image in plan_document(document.original, MAPPING).images}
        assert {entry.ref for entry in document.stored} <= planned
        assert len(document.stored) == len(update["s3_images_metadata"])


def test_times_that_were_written_as_text() -> None:
    entries = [
        {"original_url": "u", "image_type": "basic", "uploaded_at": text}
        for text in ("2025-12-23T06:26:15+09:00", "2025-12-23T06:26:15Z", "2025-12-23T06:26:15", "yesterday", "")
    ]
    document = decode_document({"_id": 1, "s3_images_metadata": entries}, MAPPING, with_digest=False)
    times = [entry.uploaded_at.isoformat() if entry.uploaded_at else None for entry in document.stored]
    assert times == ["2025-12-23T06:26:15+09:00", "2025-12-23T06:26:15+00:00", None, None, None]


def test_a_class_of_a_newer_version_is_tried_again() -> None:
    failed = {"url": "u", "type": "basic", "class": "eclipsed", "last_at": WHEN}
    document = decode_document({"_id": 1, "s3_migration": {"failed": [failed]}}, MAPPING, with_digest=False)
    assert [failure.failure_class for failure in document.failed] == [FailureClass.LATER]


def test_the_fields_of_an_update_are_those_of_the_format() -> None:
    document = decode_document({"_id": 1, "main_image": "a"}, MAPPING, with_digest=True)
    complete = encode_update(DocumentUpdate(document, "run-1", {"s3_main_image": None}, (), (), WHEN))
    assert complete == {
        "s3_main_image": None,
        "s3_images_metadata": [],
        "s3_migration": {
            "run_id": "run-1",
            "state": "complete",
            "finished_at": WHEN,
            "source_digest": document.digest,
            "failed": [],
        },
    }
    partial = encode_update(DocumentUpdate(document, "run-1", None, (), (), WHEN))
    assert list(partial) == ["s3_migration"]
    assert (partial["s3_migration"]["state"], partial["s3_migration"]["stored"]) == ("partial", [])
