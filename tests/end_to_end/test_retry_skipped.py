"""Images that the old Job skipped without a word are found, tried and recorded by `--retry-failed`."""

from __future__ import annotations

import pytest

from opsctl.lab.half_done import Target, half_done_by_old_job, write_half_done
from tests.end_to_end.conftest import COLLECTION, PREFIX, Site
from tests.end_to_end.outcome import check_outcome

pytestmark = pytest.mark.slow


def test_skipped_images_are_tried_again_when_asked(site: Site) -> None:
    sample = site.seed(200)
    before = site.originals()
    target = Target(site.bucket, PREFIX, COLLECTION, site.target.region, site.target.endpoint_url)
    half_done = half_done_by_old_job(sample, target)
    write_half_done(site.collection, site.s3, half_done)
    assert site.call("migrate", "images", "--yes", "-q").exit_code == 4
    skipped = site.call("migrate", "failures", "--class", "unrecorded", "-q", "-o", "json").data["failures"]
    untouched = {document["_id"] for document in site.collection.find({"s3_migration": {"$exists": False}})}
    assert skipped
    assert untouched == set(half_done.updates)

    answer = site.call("migrate", "images", "--retry-failed", "--yes", "-q", "-o", "json")

    assert answer.data["state"] == "complete_with_failures"
    assert answer.data["openDocuments"] == 0
    assert site.originals() == before
    assert site.call("migrate", "failures", "--class", "unrecorded", "-q", "-o", "json").data["failures"] == []
    reopened = {item["documentId"] for item in skipped}
    ours = [image for image in sample.images if image.document_id not in half_done.updates]
    theirs = [image for image in sample.images if str(image.document_id) in reopened]
    left_alone = [
        stored.key
        for stored in half_done.objects
        if not any(f"/{identifier}/" in stored.key for identifier in reopened)
    ]
    check_outcome(site, [*ours, *theirs], keys_before=left_alone)
    left = {str(document["_id"]) for document in site.collection.find({"s3_migration": {"$exists": False}})}
    assert left == {str(identifier) for identifier in half_done.updates} - reopened
    assert site.call("migrate", "verify", "-q").exit_code == 0
