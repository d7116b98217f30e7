"""`kill -9` at random moments, start again each time: nothing lost, nothing stored twice, nothing falsely done."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from typing import Any

import pytest
from tests.end_to_end.conftest import Site

from opsctl.lab.sample_data import Sample

KILLS = 20


@pytest.mark.slow
def test_twenty_kills_lose_and_double_nothing(site: Site, record_property: Any) -> None:
    sample = site.seed()
    before = site.originals()
    moments = random.Random(20251223)
    killed = 0
    while killed < KILLS:
        child = site.start("migrate", "images", "--yes", "-q", "-o", "json")
        time.sleep(moments.uniform(0.6, 1.6))
        if child.poll() is not None:
            break
        child.send_signal(signal.SIGKILL)
        child.communicate()
        killed += 1
    answer = site.call("migrate", "images", "--yes", "-q", "-o", "json")
    record_property("killed", killed)

    assert answer.exit_code in (0, 4), answer.stderr
    assert killed == KILLS, f"the migration was over after {killed} kills: give it more to do"
    assert site.originals() == before
    check_outcome(site, sample)
    verified = site.call("migrate", "verify", "-q", "-o", "json")
    assert verified.exit_code == 0, verified.stdout


def check_outcome(site: Site, sample: Sample) -> None:
    """Every place of every document ends as the sample says; one object an image, and none without one."""
    keys: Counter[str] = Counter()
    documents = {document["_id"]: document for document in site.collection.find()}
    for image in sample.images:
        document = documents[image.document_id]
        entries = [entry for entry in document["s3_images_metadata"] if is_entry_of(entry, image)]
        failures = [entry["class"] for entry in document["s3_migration"]["failed"] if is_failure_of(entry, image)]
        if image.outcome == "stored":
            assert (len(entries), failures) == (1, []), image
            keys[entries[0]["key"]] += 1
        else:
            assert (entries, failures) == ([], [image.outcome.value]), image
    assert set(keys.values()) == {1}
    assert site.objects().keys() == keys.keys()
    assert all(document["s3_migration"]["state"] == "complete" for document in documents.values())


def is_entry_of(entry: dict[str, Any], image: Any) -> bool:
    identity = (entry["original_url"], entry["image_type"], entry["color_name"])
    return identity == (image.url, image.image_type, image.color_name)


def is_failure_of(entry: dict[str, Any], image: Any) -> bool:
    return (entry["url"], entry["type"], entry.get("color_name")) == (image.url, image.image_type, image.color_name)
