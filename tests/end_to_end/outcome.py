"""What must be true once a migration is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from opsctl.lab.sample_drafts import SampleImage
from tests.end_to_end.conftest import Document, Site


def check_outcome(site: Site, images: Iterable[SampleImage], *, keys_before: Iterable[str] = ()) -> None:
    """Every place ends as the sample says; one object an image, and none without one.

    `keys_before` are objects of documents whose images are not among `images`.
    """
    keys = Counter(keys_before)
    documents = {document["_id"]: document for document in site.collection.find()}
    for image in images:
        document = documents[image.document_id]
        entries = [entry for entry in document["s3_images_metadata"] if is_entry_of(entry, image)]
        failures = [entry["class"] for entry in document["s3_migration"]["failed"] if is_failure_of(entry, image)]
        if image.outcome == "stored":
            assert (len(entries), failures) == (1, []), image
            keys[entries[0]["key"]] += 1
        else:
            assert (entries, failures) == ([], [image.outcome.value]), image
        assert document["s3_migration"]["state"] == "complete"
    assert set(keys.values()) == {1}
    assert site.objects().keys() == keys.keys()


def check_plain_outcome(site: Site, documents: Iterable[Document]) -> None:
    """Every document is complete with four images, each stored once; nothing else is in the bucket."""
    expected = {document["_id"]: document for document in documents}
    found = {document["_id"]: document for document in site.collection.find()}
    assert found.keys() == expected.keys()
    keys: Counter[str] = Counter()
    for document in found.values():
        assert (document["s3_migration"]["state"], document["s3_migration"]["failed"]) == ("complete", [])
        assert len(document["s3_images_metadata"]) == 4
        assert document["s3_main_image"] is not None
        keys.update(entry["key"] for entry in document["s3_images_metadata"])
    assert set(keys.values()) == {1}
    assert site.objects().keys() == keys.keys()


def is_entry_of(entry: dict[str, Any], image: SampleImage) -> bool:
    identity = (entry["original_url"], entry["image_type"], entry["color_name"])
    return identity == (image.url, image.image_type, image.color_name)


def is_failure_of(entry: dict[str, Any], image: SampleImage) -> bool:
    return (entry["url"], entry["type"], entry.get("color_name")) == (image.url, image.image_type, image.color_name)


def check_wide_outcome(site: Site, paths: Sequence[str]) -> None:
    """Every image of `Site.seed_wide` stands in its place, once in the bucket and once in the ledger."""
    found: list[str] = []
    keys: Counter[str] = Counter()
    for document in site.collection.find(sort=[("_id", 1)]):
        entries = {entry["original_url"]: entry for entry in document["s3_images_metadata"]}
        assert document["s3_migration"]["state"] == "complete"
        assert document["s3_exterior_images"] == [entries[url]["s3_url"] for url in document["exterior_images"]]
        found += (url.removeprefix(site.base_url) for url in entries)
        keys.update(entry["key"] for entry in entries.values())
    assert sorted(found) == sorted(paths)
    assert set(keys.values()) == {1}
    assert site.objects().keys() == keys.keys()
