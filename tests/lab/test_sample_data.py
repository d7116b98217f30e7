from __future__ import annotations

import hashlib
import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Regex, Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.lab.image_faults import FAULTS, Outcome, split_fault
from opsctl.lab.pictures import draw_placeholder
from opsctl.lab.sample_data import PLACEHOLDER_SHA256, PLAIN_COUNT, Sample, build_bulk, build_sample
from opsctl.lab.sample_drafts import SOURCE_FIELDS, Place
from opsctl.lab.sample_peculiar import CANARY, LONG_NAME_LENGTH, OBJECT_ID_TEXT
from opsctl.migration.models import ImageMapping
from opsctl.migration.plan import plan_document

BASE_URL = "http://127.0.0.1:8123"


@pytest.fixture(scope="module")
def sample() -> Sample:
    return build_sample(BASE_URL)


def places_of(document: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Every place of a document that could hold an image."""
    for field in SOURCE_FIELDS:
        value = document.get(field)
        if isinstance(value, list):
            yield from ((Place(document["_id"], field, at), item) for at, item in enumerate(value))
        else:
            yield Place(document["_id"], field, None), value


def faults_of(sample: Sample) -> Counter[str]:
    splits = (split_fault(image.url.removeprefix(BASE_URL)) for image in sample.images)
    return Counter(split[0] for split in splits if split)


# The whole ----------------------------------------------------------------------------------------------------------


def test_it_has_the_size_of_the_incident(sample: Sample) -> None:
    assert len(sample.documents) == 475
    assert len({document["_id"] for document in sample.documents}) == 475
    assert 1_500 <= len(sample.images) <= 1_900


def test_three_in_a_hundred_images_fail_for_good_and_more_need_another_try(sample: Sample) -> None:
    failed = sum(count for outcome, count in sample.outcomes.items() if outcome is not Outcome.STORED)
    assert 0.025 <= failed / len(sample.images) <= 0.035
    assert set(sample.outcomes) == set(Outcome)
    recovering = sum(count for name, count in faults_of(sample).items() if FAULTS[name].recovers)
    assert 0.015 <= recovering / len(sample.images) <= 0.04


def test_every_fault_is_in_it_and_the_costly_ones_are_rare(sample: Sample) -> None:
    counts = faults_of(sample)
    assert set(counts) == set(FAULTS)
    assert all(counts[name] <= 2 for name, fault in FAULTS.items() if fault.costly)


def test_the_same_arguments_build_the_same_sample(sample: Sample) -> None:
    again = build_sample(f"{BASE_URL}/")
    assert [bson.encode(document) for document in again.documents] == [bson.encode(d) for d in sample.documents]
    assert again.images == sample.images
    assert build_sample(BASE_URL, seed=1).documents != sample.documents


def test_only_addresses_depend_on_the_host(sample: Sample) -> None:
    other = build_sample("http://127.0.0.1:9999")
    assert [str(d).replace(":9999/", ":8123/") for d in other.documents] == [str(d) for d in sample.documents]
    assert [image.outcome for image in other.images] == [image.outcome for image in sample.images]


def test_documents_survive_bson_unchanged(sample: Sample) -> None:
    options: Any = bson.CodecOptions(tz_aware=True)
    for document in sample.documents:
        encoded = bson.encode(document)
        decoded = bson.decode(encoded, codec_options=options)
        assert bson.encode(decoded) == encoded
        assert list(decoded) == list(document)
    assert max(len(bson.encode(document)) for document in sample.documents) < 16_000_000


def test_the_first_documents_are_ordinary(sample: Sample) -> None:
    peculiar = set(sample.labels.values())
    first = sample.documents[:PLAIN_COUNT]
    assert not peculiar.intersection(document["_id"] for document in first)
    ids = [document["_id"] for document in first]
    assert ids == sorted(ids)


@settings(max_examples=15, deadline=None)
@given(count=st.integers(75, 300), seed=st.integers(0, 10_000))
def test_any_size_and_seed_has_all_that_is_peculiar(count: int, seed: int) -> None:
    built = build_sample(BASE_URL, count, seed)
    assert len(built.documents) == len({document["_id"] for document in built.documents}) == count
    assert len(built.labels) == len(set(built.labels.values())) > 60
    assert all(built.document(label)["_id"] == built.labels[label] for label in built.labels)


def test_a_sample_too_small_for_the_peculiar_documents_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        build_sample(BASE_URL, 20)


# Expectations -------------------------------------------------------------------------------------------------------


def test_every_place_that_holds_something_has_an_expected_outcome(sample: Sample) -> None:
    expected = sample.expected
    seen = set()
    for document in sample.documents:
        for place, value in places_of(document):
            members = (
                [value.get(name) for name in ("image_url", "url", "image")] if isinstance(value, dict) else [value]
            )
            holds_image = any(member is not None and str(member).strip() for member in members)
            assert (place in expected) == holds_image, (place, value)
            seen.add(place)
    assert set(expected) <= seen


def test_images_are_distinct_and_know_their_places(sample: Sample) -> None:
    identities = [(i.document_id, i.image_type, i.color_name, i.url) for i in sample.images]
    assert len(set(identities)) == len(identities)
    documents = {document["_id"]: dict(places_of(document)) for document in sample.documents}
    for image in sample.images:
        for place in image.places:
            value = documents[image.document_id][place]
            assert SOURCE_FIELDS[place.field] == image.image_type
            assert image.url in (value, repr(value)) or image.url in value.values()


def test_the_migration_plans_the_same_images(sample: Sample) -> None:
    mapping = ImageMapping(base_url=f"{BASE_URL}/")
    expected = {(i.document_id, i.image_type, i.color_name, i.url): i.outcome is Outcome.BAD_URL for i in sample.images}
    planned = {
        (document["_id"], image.ref.image_type, image.ref.color_name, image.ref.url): image.fetch_url is None
        for document in sample.documents
        for image in plan_document(document, mapping).images
    }
    assert planned == expected


def test_tuples_find_an_outcome_too(sample: Sample) -> None:
    document = sample.document("number-in-list")
    outcomes = [sample.expected[document["_id"], "interior_images", at] for at in range(4)]
    assert outcomes == [Outcome.STORED, Outcome.BAD_URL, Outcome.BAD_URL, Outcome.BAD_URL]


def test_the_placeholder_is_known_by_its_digest() -> None:
    assert hashlib.sha256(draw_placeholder()).hexdigest() == PLACEHOLDER_SHA256


# What is peculiar ---------------------------------------------------------------------------------------------------


def images_of(sample: Sample, label: str) -> list[tuple[str, str | None, Outcome, int]]:
    """Type, colour, outcome and number of places of each image of a peculiar document."""
    document_id = sample.labels[label]
    return [
        (image.image_type, image.color_name, image.outcome, len(image.places))
        for image in sample.images
        if image.document_id == document_id
    ]


def test_one_address_in_several_places(sample: Sample) -> None:
    assert images_of(sample, "same-url-twice") == [("exterior", None, "stored", 2), ("exterior", None, "stored", 1)]
    assert images_of(sample, "same-url-in-every-type") == [
        ("basic", None, "stored", 2),
        ("exterior", None, "stored", 1),
        ("interior", None, "stored", 1),
        ("color", None, "stored", 1),
        ("color", "글레이셔", "stored", 1),
    ]
    shared = {sample.document(f"same-url-as-others-{number}")["main_image"] for number in range(3)}
    assert len(shared) == 1
    users = Counter(image.url for image in sample.images if "/shared/brand-" in image.url)
    assert max(users.values()) > 3, "ordinary documents share pictures as well"


@pytest.mark.parametrize("label", ["missing-fields", "null-fields", "empty-lists"])
def test_documents_without_images(sample: Sample, label: str) -> None:
    assert images_of(sample, label) == []


def test_fields_that_are_missing_null_or_empty(sample: Sample) -> None:
    assert not set(SOURCE_FIELDS) & set(sample.document("missing-fields"))
    assert all(sample.document("null-fields")[field] is None for field in SOURCE_FIELDS)
    empty = sample.document("empty-texts")
    assert (empty["main_image"], empty["image_url"].strip(), empty["exterior_images"][:2]) == ("", "", ["", " \t"])
    assert images_of(sample, "empty-texts") == [("exterior", None, "stored", 1)]
    assert sample.document("empty-lists")["color_images"] == []


def test_shapes_that_are_not_the_expected_ones(sample: Sample) -> None:
    assert isinstance(sample.document("text-for-list")["exterior_images"], str)
    assert isinstance(sample.document("text-for-colours")["color_images"], str)
    assert [type(item) for item in sample.document("list-for-text")["main_image"]] == [str, str]
    assert [type(item) for item in sample.document("null-in-list")["exterior_images"]] == [type(None), str] * 2
    assert sample.document("number-in-list")["interior_images"][1:] == [12345, 3.5, True]
    assert len(images_of(sample, "many-images")) == 60


def test_colours_of_all_kinds(sample: Sample) -> None:
    colours = sample.document("colour-objects")["color_images"]
    assert [sorted(colour) if isinstance(colour, dict) else type(colour) for colour in colours] == [
        ["color_name", "hex", "image_url", "price_krw"],
        ["name", "url"],
        ["color", "image"],
        str,
        type(None),
        ["color_name"],
        ["image_url"],
        ["color_name", "image_url"],
    ]
    assert [image[1] for image in images_of(sample, "colour-objects")] == [
        "우유니 화이트", "비크 블랙", "카디프 그린", None, None, "실패",
    ]  # fmt: skip
    composed, decomposed = (image[1] for image in images_of(sample, "colour-names-nfc-nfd")[:2])
    assert composed is not None
    assert decomposed is not None
    assert composed != decomposed
    assert unicodedata.normalize("NFC", decomposed) == composed


@pytest.mark.parametrize(
    ("label", "start"),
    [
        ("url-scheme-relative", "//127.0.0.1:8123/img/"),
        ("url-absolute-path", "/img/"),
        ("url-relative", "img/"),
        ("url-dot-segments", "./img/nothing/../"),
        ("url-spaces", f"{BASE_URL}/img/front view "),
        ("url-korean", f"{BASE_URL}/img/사진/아반떼 정면 "),
        ("url-encoded-korean", f"{BASE_URL}/img/%EC%8F%98%EB%A0%8C%ED%86%A0/"),
        ("url-encoded-slash", f"{BASE_URL}/img/a%2Fb%20c/"),
        ("url-percent-sign", f"{BASE_URL}/img/할인 100%/"),
        ("url-query", f"{BASE_URL}/img?id="),
        ("url-query-korean", f"{BASE_URL}/img?id="),
        ("url-uppercase-scheme", "HTTP://127.0.0.1:8123/img/"),
        ("url-password", f"http://opsctl:{CANARY}@127.0.0.1:8123/private/"),
        ("url-signed", f"{BASE_URL}/signed/"),
    ],
)
def test_addresses_of_all_kinds(sample: Sample, label: str, start: str) -> None:
    assert sample.document(label)["main_image"].startswith(start)
    assert images_of(sample, label) == [("basic", None, "stored", 1)]


def test_secrets_in_addresses_are_the_canary(sample: Sample) -> None:
    assert f"&X-Amz-Signature={CANARY}-" in sample.document("url-signed")["main_image"]
    with_canary = {image.url for image in sample.images if CANARY in image.url}
    assert with_canary == {sample.document(label)["main_image"] for label in ("url-signed", "url-password")}


def test_a_fragment_a_long_query_and_every_format(sample: Sample) -> None:
    assert "#" in sample.document("url-fragment")["main_image"]
    assert len(sample.document("url-long")["main_image"]) > 4_000
    suffixes = [url.rpartition(".")[2] for url in sample.document("url-every-format")["exterior_images"]]
    assert suffixes == ["jpg", "png", "webp", "avif"]


def test_addresses_that_cannot_be_fetched(sample: Sample) -> None:
    bad = sample.document("bad-urls")
    urls = [bad["main_image"], *bad["exterior_images"], *bad["interior_images"]]
    assert {url.partition(":")[0] for url in urls} == {"javascript", "ftp", "http", "data", "mailto", "file"}
    assert "http://" in urls
    outcomes = Counter(outcome for _, _, outcome, _ in images_of(sample, "bad-urls"))
    assert outcomes == {Outcome.BAD_URL: 10, Outcome.STORED: 1}
    assert {image[2] for image in images_of(sample, "words-for-urls")} == {Outcome.GONE}
    private = sample.document("private-addresses")["exterior_images"]
    assert any(url.startswith("http://10.0.0.1:80/") for url in private), "with the default port"
    assert {image[2] for image in images_of(sample, "private-addresses")} == {Outcome.BLOCKED_ADDRESS}


def test_names_of_all_kinds(sample: Sample) -> None:
    def name(label: str) -> Any:
        return sample.document(f"name-{label}")["vehicle_name"]

    assert name("nfc") != name("nfd")
    assert name("nfc") == unicodedata.normalize("NFC", name("nfd"))
    assert "/" in name("slash")
    assert "\\" in name("backslash")
    assert name("dots") == ".."
    assert name("climbing").startswith("../")
    assert {"\x00", "\r", "\n", "\x7f", "\x85"} <= set(name("control-characters"))
    assert all(sequence in name("escape-sequences") for sequence in ("\x1b[31m", "\x1b]0;", "\x9b"))
    assert name("markup").startswith("[bold red]")
    assert "🚗" in name("emoji")
    assert len(name("long")) == LONG_NAME_LENGTH == 10_000
    assert "\u202e" in name("right-to-left")
    assert name("formula").startswith("=")
    assert (name("blank").strip(), name("null"), name("number")) == ("", None, 520)
    assert "vehicle_name" not in sample.document("name-in-other-field")
    assert not {"vehicle_name", "name"} & set(sample.document("name-missing"))


def test_ids_of_two_types(sample: Sample) -> None:
    types = Counter(type(document["_id"]) for document in sample.documents)
    assert set(types) == {ObjectId, str}
    assert types[str] == 9
    ids = {document["_id"] for document in sample.documents}
    assert {
        "ab",
        "ab-1",
        "ab0",
        "kia/sorento",
        "현대-아반떼-2024",
        "..",
        OBJECT_ID_TEXT,
        ObjectId(OBJECT_ID_TEXT),
    } <= ids
    # Why these: as ids they sort in one way, as the beginnings of keys in another.
    texts = ["ab", "ab-1", "ab0"]
    assert sorted(texts) == texts
    assert sorted(f"{text}/" for text in texts) == ["ab-1/", "ab/", "ab0/"]


def test_values_of_every_bson_type(sample: Sample) -> None:
    odd = sample.document("bson-types")
    assert type(odd["counts"]["large"]) is Int64
    assert type(odd["counts"]["small"]) is int
    kinds = {type(odd[name]) for name in ("raw", "pattern", "clock")}
    assert kinds == {Binary, Regex, Timestamp}
    ordinary = sample.documents[0]
    assert type(ordinary["price"]["min_krw"]) is Int64
    assert type(ordinary["trims"][0]["price_krw"]) is Decimal128
    assert type(ordinary["efficiency_km_per_l"]) is float
    assert len(bson.encode(sample.document("large-document"))) > 300_000
    assert sample.document("foreign-s3-field")["s3_backup_note"] == "keep"


# Bulk ---------------------------------------------------------------------------------------------------------------


def test_bulk_documents_have_four_right_images_each() -> None:
    documents = list(build_bulk(BASE_URL, 500))
    mapping = ImageMapping(base_url=f"{BASE_URL}/")
    urls = [image.ref.url for document in documents for image in plan_document(document, mapping).images]
    assert len(urls) == len(set(urls)) == 2_000
    assert all(url.startswith(f"{BASE_URL}/img/bulk/") and url.endswith(".jpg") for url in urls)
    ids = [document["_id"] for document in documents]
    assert ids == sorted(set(ids))
    assert documents == list(build_bulk(f"{BASE_URL}/", 500))


def test_bulk_documents_are_made_one_by_one() -> None:
    endless = build_bulk(BASE_URL, 10**12)
    assert len(list(itertools.islice(endless, 3))) == 3
