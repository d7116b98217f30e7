"""Documents that change while they are worked on, documents at the limit of Mongo, very long names."""

from __future__ import annotations

import pytest

from opsctl.lab.sample_peculiar import LONG_NAME_LENGTH
from tests.end_to_end.conftest import EMBEDDED_ONLY, FAST, Site, read_answer, wait_until
from tests.end_to_end.gate import Gate
from tests.end_to_end.outcome import check_wide_outcome

pytestmark = pytest.mark.slow

MIGRATE = ("migrate", "images", "--yes", "-q", "-o", "json")
LARGEST_BYTES = 16 * 1024 * 1024
LONGEST_KEY_BYTES = 1024


def test_documents_that_change_meanwhile_are_tried_again(slow_site: Site, gate: Gate) -> None:
    """One gets another price, one another image; one is deleted. Nothing is fetched twice, the end is right."""
    paths = slow_site.seed_wide(4, 30)
    gate.close_after(1)
    child = slow_site.start(*MIGRATE)
    wait_until(lambda: gate.is_reached() and documents_in_flight(slow_site) == [0, 1, 2, 3], child)
    new = paths[0].replace("0-0.jpg", "new.jpg")
    slow_site.collection.update_one({"_id": 1}, {"$set": {"price": 1}})
    slow_site.collection.update_one({"_id": 2}, {"$push": {"exterior_images": slow_site.base_url + new}})
    slow_site.collection.delete_one({"_id": 3})
    before = slow_site.originals()
    gate.open()
    answer = read_answer(child)

    assert answer.exit_code == 0, answer.stderr
    assert answer.data["counters"]["conflicts"] == 2
    assert (answer.data["state"], answer.data["openDocuments"]) == ("complete", 0)
    assert slow_site.originals() == before
    gone = [path for path in paths if path.rpartition("/")[2].startswith("3-")]
    orphans = {key for key in slow_site.objects() if "/int-3/" in key}
    verified = slow_site.call("migrate", "verify", "-q", "-o", "json")
    # What was stored for the deleted document is nobody's now, and is said so. S3 tells whole seconds: an object of the
    # second in which `verify` began may be newer than its beginning, and is counted as such.
    told = {item["key"] for item in verified.data["differences"]}
    assert told <= orphans
    assert len(told) + verified.data["gaps"]["newerObjects"] == len(orphans)
    assert verified.exit_code == (3 if told else 0)
    for key in orphans:
        slow_site.s3.delete_object(Bucket=slow_site.bucket, Key=key)
    check_wide_outcome(slow_site, [*(path for path in paths if path not in gone), new])
    asked = slow_site.requests()
    assert max(asked[path] for path in (*paths, new)) == 1


def documents_in_flight(site: Site) -> list[int]:
    """Those that have been read, and are being worked on."""
    return sorted(site.run_record()["shards"]["0"]["in_flight"])


def test_a_document_of_15_megabytes_is_migrated(plain_site: Site) -> None:
    paths = plain_site.seed_wide(2, 2)
    plain_site.collection.update_one({"_id": 0}, {"$set": {"description": "x" * (15 * 1024 * 1024)}})
    before = plain_site.originals()
    answer = plain_site.call(*MIGRATE)
    assert answer.exit_code == 0, answer.stderr
    assert plain_site.originals() == before
    check_wide_outcome(plain_site, paths)
    assert plain_site.call("migrate", "verify", "-q").exit_code == 0


def test_a_document_without_room_for_its_results_is_told_and_stays_as_it_is(plain_site: Site) -> None:
    plain_site.seed_wide(2, 10)
    plain_site.collection.update_one({"_id": 0}, {"$set": {"description": "x" * (LARGEST_BYTES - 3000)}})
    before = plain_site.originals()
    answer = plain_site.call(*MIGRATE)

    assert answer.exit_code == 4, answer.stderr
    assert (answer.data["state"], answer.data["counters"]["documentsFailed"]) == ("complete_with_failures", 1)
    assert plain_site.originals() == before
    crowded = plain_site.collection.find_one({"_id": 0})
    assert crowded is not None
    assert not [name for name in crowded if name.startswith("s3_")]
    (failure,) = plain_site.run_record()["document_failures"]
    assert failure["id"] == 0
    assert "16 MB" in failure["reason"]


@EMBEDDED_ONLY
def test_a_name_of_ten_thousand_letters(plain_site: Site) -> None:
    name = ("현대 쏘나타 디 엣지 " * LONG_NAME_LENGTH)[:LONG_NAME_LENGTH]
    plain_site.collection.insert_one(
        {"_id": name[:300], "vehicle_name": name, "main_image": f"{plain_site.base_url}/fault/404/{name[:500]}.jpg"}
    )
    plain_site.collection.insert_one(
        {"_id": 1, "name": name, "color_images": [{"color": name, "url": f"{plain_site.base_url}/img/long.jpg"}]}
    )
    answer = plain_site.call(*MIGRATE, **FAST)
    assert (answer.exit_code, answer.data["failedByClass"]) == (4, {"gone": 1})
    (key,) = plain_site.objects()
    assert len(key.encode()) <= LONGEST_KEY_BYTES
    stored = plain_site.collection.find_one({"_id": 1})
    assert stored is not None
    assert stored["s3_images_metadata"][0]["vehicle_name"] == name
    assert stored["s3_images_metadata"][0]["color_name"] == name
    for output in ("table", "json", "csv", "markdown"):
        assert plain_site.run_here("migrate", "failures", "-q", "-o", output).exit_code == 0
    assert plain_site.run_here("migrate", "verify", "-q").exit_code == 0
