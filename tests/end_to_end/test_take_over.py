"""A collection that the old Job left half done is reported, finished without asking twice, and verified."""

from __future__ import annotations

import hashlib

from opsctl.lab.half_done import DONE_COUNT, HalfDone, Target, half_done_by_old_job, write_half_done
from opsctl.lab.sample_data import Sample
from tests.end_to_end.conftest import COLLECTION, PREFIX, Site
from tests.end_to_end.outcome import check_outcome

EXACT = "exact"


def test_the_old_job_is_taken_over(site: Site) -> None:
    sample = site.seed()
    before = site.originals()
    target = Target(site.bucket, PREFIX, COLLECTION, site.target.region, site.target.endpoint_url)
    half_done = half_done_by_old_job(sample, target)
    write_half_done(site.collection, site.s3, half_done)
    left_behind = site.objects()

    check_status_of_old_job(site, half_done)
    answer = site.call("migrate", "images", "--yes", "-q", "-o", "json")

    assert answer.exit_code == 4, answer.stderr
    assert answer.data["state"] == "complete_with_failures"
    assert answer.data["counters"]["imagesFound"] == len(half_done.orphans)
    assert answer.data["counters"]["documentsComplete"] == len(sample.documents) - DONE_COUNT
    asked = site.requests()
    assert asked.keys().isdisjoint(addresses_in_the_bucket(sample, half_done))
    assert site.originals() == before
    documents = {document["_id"]: document for document in site.collection.find()}
    for document_id, fields in half_done.updates.items():
        found = documents[document_id]
        assert {name: found[name] for name in fields} == fields
        assert "s3_migration" not in found
    taken_over = [image for image in sample.images if image.document_id not in half_done.updates]
    check_outcome(site, taken_over, keys_before=[stored.key for stored in half_done.objects])
    assert left_behind.keys() <= site.objects().keys()
    check_verification(site, sample)
    check_status_at_the_end(site, sample)


def check_status_of_old_job(site: Site, half_done: HalfDone) -> None:
    """95 of 475 with objects, newest object, elapsed time, and a time left or the reason why there is none."""
    answer = site.call("status", "--recount", "-q", "-o", "json")
    assert answer.exit_code in (0, 3), answer.stdout
    status = answer.data
    documents, objects, images = status["documents"], status["objects"], status["images"]
    assert (documents["total"], documents["processed"], documents["remaining"]) == (475, DONE_COUNT, 380)
    assert documents["method"] == EXACT
    assert documents["asOf"] is not None
    assert (objects["count"], objects["method"]) == (len(half_done.objects) + len(half_done.orphans), EXACT)
    assert objects["newestAt"] is not None
    assert images["stored"] == len(half_done.objects)
    assert images["method"] == EXACT
    assert status["runId"] is None
    assert status["elapsedSeconds"] > 0
    assert status["eta"]["basis"]
    if status["eta"]["p50"] is not None:
        assert status["eta"]["p10"] <= status["eta"]["p50"] <= status["eta"]["p90"]


def check_verification(site: Site, sample: Sample) -> None:
    answer = site.call("migrate", "verify", "-q", "-o", "json")
    assert answer.exit_code == 0, answer.stdout
    assert answer.data["differenceCount"] == 0
    assert answer.data["gaps"]["documentsWithoutDigest"] == DONE_COUNT
    assert answer.data["documentsVerified"] == len(sample.documents) - DONE_COUNT
    assert answer.data["objects"] == len(site.objects())


def check_status_at_the_end(site: Site, sample: Sample) -> None:
    status = site.call("status", "--recount", "-q", "-o", "json").data
    assert status["state"] == "complete_with_failures"
    assert status["documents"]["processed"] == len(sample.documents)
    assert status["failedByClass"]["unrecorded"] > 0


def addresses_in_the_bucket(sample: Sample, half_done: HalfDone) -> set[str]:
    """The request targets of images that the Job has stored, but for those that an open document names as well."""
    orphans = {stored.key.rpartition("/")[2].partition(".")[0] for stored in half_done.orphans}
    stored = {entry["original_url"] for fields in half_done.updates.values() for entry in fields["s3_images_metadata"]}
    stored |= {
        image.url
        for image in sample.images
        if image.document_id == half_done.interrupted_id
        and hashlib.sha256(image.url.encode()).hexdigest()[:32] in orphans
    }
    wanted = {
        image.url
        for image in sample.images
        if image.document_id not in half_done.updates and image.document_id != half_done.interrupted_id
    }
    found = {url.removeprefix(sample.base_url) for url in stored - wanted}
    assert len(found) > DONE_COUNT
    return found


def name_of(url: str) -> str:
    """What the Job called the object of an image."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]
