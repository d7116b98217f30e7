from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import mongomock
import pytest
from bson import ObjectId
from moto import mock_aws
from PIL import Image

from opsctl.lab.half_done import JOB_STARTED_AT, HalfDone, Target, half_done_by_old_job, write_half_done
from opsctl.lab.image_faults import FAULTS, Outcome, split_fault
from opsctl.lab.sample_data import Sample, build_sample
from opsctl.lab.sample_drafts import SOURCE_FIELDS, SampleImage
from opsctl.migration.keys import image_folder, image_hash, object_url
from opsctl.migration.models import ImageRef, KeyLayout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

METADATA_FIELDS = [
    "original_url", "image_type", "color_name", "vehicle_name", "bucket", "key", "s3_url", "sha256", "size_bytes",
    "content_type", "uploaded_at",
]  # fmt: skip


@pytest.fixture(scope="module")
def sample() -> Sample:
    return build_sample("http://127.0.0.1:8123")


@pytest.fixture(scope="module")
def half_done(sample: Sample) -> HalfDone:
    return half_done_by_old_job(sample)


def images_of(sample: Sample, document_id: object) -> list[SampleImage]:
    return [image for image in sample.images if image.document_id == document_id]


def succeeds_at_once(image: SampleImage) -> bool:
    split = split_fault(image.url.partition("8123")[2])
    return image.outcome is Outcome.STORED and (split is None or not FAULTS[split[0]].recovers)


def test_the_first_95_object_ids_are_done(sample: Sample, half_done: HalfDone) -> None:
    ids = sorted(d["_id"] for d in sample.documents if isinstance(d["_id"], ObjectId))
    assert list(half_done.updates) == ids[:95]
    assert half_done.interrupted_id == ids[95]


def test_it_wrote_result_fields_and_metadata_and_nothing_else(sample: Sample, half_done: HalfDone) -> None:
    for document in sample.documents:
        fields = half_done.updates.get(document["_id"])
        if fields is not None:
            sources = {f"s3_{name}" for name in SOURCE_FIELDS if name in document}
            assert set(fields) == sources | {"s3_images_metadata"}
            assert all(list(entry) == METADATA_FIELDS for entry in fields["s3_images_metadata"])


def test_images_that_failed_its_only_try_are_null_and_not_mentioned(sample: Sample, half_done: HalfDone) -> None:
    skipped = kept = 0
    for document_id, fields in half_done.updates.items():
        described = {(e["image_type"], e["color_name"], e["original_url"]): e for e in fields["s3_images_metadata"]}
        for image in images_of(sample, document_id):
            entry = described.pop((image.image_type, image.color_name, image.url), None)
            assert (entry is not None) == succeeds_at_once(image)
            url = entry["s3_url"] if entry else None
            assert all(value_at(fields, place.field, place.position) == url for place in image.places)
            skipped, kept = skipped + (entry is None), kept + (entry is not None)
        assert not described
    assert skipped > 5
    assert kept > 300


def value_at(fields: Any, name: str, position: int | None) -> Any:
    value = fields[f"s3_{name}"]
    item = value if position is None else value[position]
    return next(item[key] for key in ("image_url", "url", "image") if key in item) if isinstance(item, dict) else item


def test_lists_keep_their_length_and_objects_their_members(sample: Sample, half_done: HalfDone) -> None:
    seen_object = False
    for document in sample.documents[:95]:
        fields = half_done.updates.get(document["_id"], {})
        for name in ("exterior_images", "interior_images", "color_images"):
            if name in document and fields:
                assert len(fields[f"s3_{name}"]) == len(document[name])
        for before, after in zip(document.get("color_images", []), fields.get("s3_color_images", []), strict=False):
            if isinstance(before, dict):
                assert list(before) == list(after)
                assert before.get("hex") == after.get("hex")
                seen_object = True
    assert seen_object


def test_keys_and_addresses_are_those_of_the_migration(sample: Sample, half_done: HalfDone) -> None:
    target = half_done.target
    layout = KeyLayout(target.bucket, target.prefix, target.collection, target.region)
    for document_id, fields in half_done.updates.items():
        for entry in fields["s3_images_metadata"]:
            ref = ImageRef(entry["image_type"], entry["color_name"], entry["original_url"])
            stem = image_folder(layout, document_id, entry["vehicle_name"], ref) + image_hash(layout, ref, None)
            assert entry["key"].rpartition(".")[0] == stem
            assert entry["s3_url"] == object_url(layout, entry["key"])


def test_objects_and_metadata_agree(half_done: HalfDone) -> None:
    entries = {entry["key"]: entry for fields in half_done.updates.values() for entry in fields["s3_images_metadata"]}
    objects = {stored.key: stored for stored in half_done.objects}
    assert set(entries) == set(objects)
    assert len(half_done.objects) == len(objects)
    for key, entry in entries.items():
        stored = objects[key]
        assert entry["sha256"] == hashlib.sha256(stored.body).hexdigest()
        assert entry["size_bytes"] == len(stored.body)
        assert entry["content_type"] == stored.content_type
        image_format = Image.open(io.BytesIO(stored.body)).format
        assert image_format is not None
        assert stored.content_type == f"image/{image_format.lower()}"
        assert key.rpartition(".")[2] == image_format.lower().replace("jpeg", "jpg")


def test_uploads_are_spread_over_the_44_minutes(half_done: HalfDone) -> None:
    times = [e["uploaded_at"] for fields in half_done.updates.values() for e in fields["s3_images_metadata"]]
    assert times == sorted(times)
    assert times[0] > JOB_STARTED_AT
    assert JOB_STARTED_AT + timedelta(minutes=40) < times[-1] <= JOB_STARTED_AT + timedelta(minutes=44)


def test_the_document_it_was_stopped_in_has_some_objects_and_no_fields(sample: Sample, half_done: HalfDone) -> None:
    assert half_done.interrupted_id not in half_done.updates
    planned = [image for image in images_of(sample, half_done.interrupted_id) if succeeds_at_once(image)]
    assert 0 < len(half_done.orphans) < len(planned)
    assert all(f"/{half_done.interrupted_id}/" in orphan.key for orphan in half_done.orphans)


def test_a_custom_endpoint_has_path_style_addresses(sample: Sample) -> None:
    target = Target(bucket="b", prefix="p", endpoint_url="http://127.0.0.1:9000/")
    half_done = half_done_by_old_job(sample, target, done_count=1)
    (fields,) = half_done.updates.values()
    assert fields["s3_main_image"].startswith("http://127.0.0.1:9000/b/p/danawa_vehicle_data/")


@pytest.mark.parametrize("done_count", [110, 10_000])
def test_it_never_got_to_the_peculiar_documents(sample: Sample, done_count: int) -> None:
    with pytest.raises(ValueError, match="document"):
        half_done_by_old_job(sample, done_count=done_count)


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        yield client


def test_the_traces_can_be_written(sample: Sample, half_done: HalfDone, s3: S3Client) -> None:
    s3.create_bucket(Bucket=half_done.target.bucket)
    collection: Any = mongomock.MongoClient(tz_aware=True)["triple_db"]["danawa_vehicle_data"]
    collection.insert_many(sample.documents)
    write_half_done(collection, s3, half_done)
    assert collection.count_documents({"s3_images_metadata": {"$exists": True}}) == 95
    assert collection.count_documents({"s3_migration": {"$exists": True}}) == 0
    for document in sample.documents:
        found = collection.find_one({"_id": document["_id"]})
        assert {name: found[name] for name in document} == document, "originals stay as they are"
        assert {name: found[name] for name in found if name not in document} == half_done.updates.get(
            document["_id"], {}
        )
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=half_done.target.bucket)
    listed = {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}
    assert listed == {stored.key: len(stored.body) for stored in (*half_done.objects, *half_done.orphans)}
    some = half_done.objects[0]
    head = s3.head_object(Bucket=half_done.target.bucket, Key=some.key, ChecksumMode="ENABLED")
    assert head["ContentType"] == some.content_type
    assert "ChecksumSHA256" not in head
