"""Which images a document holds, and the shape of its results: examples, the sample collection, any document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from bson import Binary, Decimal128, ObjectId, Regex
from hypothesis import given
from hypothesis import strategies as st

from opsctl.lab.image_faults import Outcome
from opsctl.lab.sample_data import Sample, build_sample
from opsctl.migration.models import (
    FailureClass,
    ImageFailure,
    ImageMapping,
    ImageRef,
    PlanTotals,
    Selection,
    SourceDocument,
    StoredImage,
)
from opsctl.migration.plan import count_document, plan_document, result_fields
from tests.fakes.clock import EPOCH

BASE_URL = "http://127.0.0.1:1"
MAPPING = ImageMapping(base_url=f"{BASE_URL}/")


def plan_urls(**fields: object) -> list[tuple[str, str | None, str]]:
    return [(i.ref.image_type, i.ref.color_name, i.ref.url) for i in plan_document(fields, MAPPING).images]


def results(urls: Mapping[str, str], **fields: object) -> dict[str, object]:
    refs = {image.ref: urls[image.ref.url] for image in plan_document(fields, MAPPING).images if image.ref.url in urls}
    return result_fields(fields, MAPPING, refs)


def only_colour(found: Mapping[str, Any]) -> dict[str, Any]:
    [colour] = found["s3_color_images"]
    assert isinstance(colour, dict)
    return colour


class TestImages:
    def test_every_field_and_type_in_order(self) -> None:
        found = plan_urls(
            color_images=["c"], interior_images=["i"], exterior_images=["e1", "e2"], image_url="b2", main_image="b1"
        )
        assert found == [
            ("basic", None, "b1"),
            ("basic", None, "b2"),
            ("exterior", None, "e1"),
            ("exterior", None, "e2"),
            ("interior", None, "i"),
            ("color", None, "c"),
        ]

    def test_the_same_url_counts_once_for_each_type_and_colour(self) -> None:
        one = {"color_name": "흰색", "image_url": "x"}
        assert (
            len(plan_urls(main_image="x", image_url="x", exterior_images=["x", "x"], color_images=["x", one, one])) == 4
        )

    @pytest.mark.parametrize("empty", [None, "", "  ", "\t\n", []])
    def test_empty_places_hold_no_image(self, empty: object) -> None:
        assert plan_urls(main_image=empty, exterior_images=[empty], color_images=[{"image_url": empty}]) == []

    @pytest.mark.parametrize(
        ("colour", "expected"),
        [
            ({"color_name": "a", "name": "b", "color": "c", "image_url": "1", "url": "2", "image": "3"}, ("a", "1")),
            ({"name": "b", "color": "c", "url": "2", "image": "3"}, ("b", "2")),
            ({"color": "c", "image": "3"}, ("c", "3")),
            ({"color_name": " ", "color": "c", "url": "2"}, ("c", "2")),
            ({"color_name": None, "image_url": None, "url": "2"}, (None, "2")),
            ({"image_url": "", "url": " ", "image": "3"}, (None, "3")),
            ({"color_name": 7, "url": "2"}, ("7", "2")),
        ],
    )
    def test_colours(self, colour: dict[str, object], expected: tuple[str | None, str]) -> None:
        assert plan_urls(color_images=[colour]) == [("color", *expected)]
        replaced = only_colour(results({expected[1]: "S3"}, color_images=[colour]))
        assert [name for name, value in replaced.items() if value == "S3"] == [
            next(name for name, value in colour.items() if value == expected[1])
        ]

    def test_an_object_outside_of_colours_has_no_colour(self) -> None:
        assert plan_urls(exterior_images=[{"name": "front", "url": "x"}]) == [("exterior", None, "x")]

    @pytest.mark.parametrize("value", [5, 3.5, True, ObjectId(), Binary(b"x" * 5000), Regex("a"), Decimal128("1")])
    def test_what_is_no_text_is_a_bad_url(self, value: object) -> None:
        [image] = plan_document({"interior_images": [value]}, MAPPING).images
        assert image.fetch_url is None
        assert image.problem == f"is a {type(value).__name__}, not a text"
        assert len(image.ref.url) <= 200
        assert results({}, interior_images=[value]) == {"s3_interior_images": [None]}

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"vehicle_name": "a", "name": "b"}, "a"),
            ({"vehicle_name": "  ", "name": "b"}, "b"),
            ({"vehicle_name": None, "name": "b"}, "b"),
            ({"vehicle_name": 520}, "520"),
            ({"vehicle_name": True, "name": ["x"]}, ""),
            ({}, ""),
        ],
    )
    def test_vehicle_names(self, fields: dict[str, object], expected: str) -> None:
        assert plan_document(fields, MAPPING).vehicle_name == expected


class TestShapes:
    def test_arrays_keep_order_and_length_and_null_stands_for_a_failure(self) -> None:
        found = results({"a": "A", "c": "C"}, exterior_images=["a", None, "b", "", "c", "a"], main_image="b")
        assert found == {"s3_main_image": None, "s3_exterior_images": ["A", None, None, None, "C", "A"]}

    def test_a_text_stays_a_text_and_a_list_a_list(self) -> None:
        found = results({"a": "A", "b": "B"}, exterior_images="a", main_image=["a", "b"], color_images={"url": "b"})
        assert found == {"s3_exterior_images": "A", "s3_main_image": ["A", "B"], "s3_color_images": {"url": "B"}}

    def test_only_fields_that_are_there_have_results(self) -> None:
        assert results({}, image_url=None, other="x") == {"s3_image_url": None}
        assert results({}, other="x") == {}

    def test_colour_objects_keep_everything_else_and_their_order(self) -> None:
        colour = {"hex": "#fff", "image_url": "a", "price": 7, "color_name": "흰색"}
        found = results({"a": "A"}, color_images=[colour, {"color_name": "no address"}])
        assert found == {"s3_color_images": [{**colour, "image_url": "A"}, {"color_name": "no address"}]}
        assert list(found["s3_color_images"][0]) == list(colour)  # type: ignore[index]

    def test_the_original_is_not_touched(self) -> None:
        original: dict[str, Any] = {"color_images": [{"image_url": "a", "deep": [1, {"x": 2}]}]}
        before = repr(original)
        results({"a": "A"}, **original)
        assert repr(original) == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", " ", "a", "b.jpg", "http://h/x"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["image_url", "url", "image", "name", "color", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from([rule.source for rule in MAPPING.fields] + ["vehicle_name", "other"]), JSON)


@given(DOCUMENTS)
def test_plan_and_results_agree_in_shape_for_any_document(original: dict[str, Any]) -> None:
    plan = plan_document(original, MAPPING)
    urls = {image.ref: f"s3://{number}" for number, image in enumerate(plan.images)}
    found = result_fields(original, MAPPING, urls)
    assert found.keys() == {rule.target for rule in MAPPING.fields if rule.source in original}
    assert set(_leaves(found)) >= set(urls.values()), "every image that was planned has its place"
    for rule in MAPPING.fields:
        if rule.source in original:
            _assert_same_shape(original[rule.source], found[rule.target])


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value] if isinstance(value, str) else []


def _assert_same_shape(source: object, result: object) -> None:
    if isinstance(source, list):
        assert isinstance(result, list)
        assert len(result) == len(source)
        for inner, outer in zip(source, result, strict=True):
            _assert_same_shape(inner, outer)
    elif isinstance(source, dict):
        assert isinstance(result, dict)
        assert list(result) == list(source)
    elif source is None or (isinstance(source, str) and not source.strip()):
        assert result is None
    else:
        assert isinstance(result, str)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return build_sample(BASE_URL)


class TestSample:
    def test_the_plan_of_every_document_is_what_its_author_meant(self, sample: Sample) -> None:
        expected = {(i.document_id, i.image_type, i.color_name, i.url): i.outcome for i in sample.images}
        found = {
            (document["_id"], image.ref.image_type, image.ref.color_name, image.ref.url): image
            for document in sample.documents
            for image in plan_document(document, MAPPING).images
        }
        assert found.keys() == expected.keys()
        for key, image in found.items():
            assert (image.fetch_url is None) == (expected[key] is Outcome.BAD_URL), key

    def test_the_results_stand_where_the_images_stood(self, sample: Sample) -> None:
        for document in sample.documents:
            plan = plan_document(document, MAPPING)
            found = result_fields(document, MAPPING, {image.ref: image.ref.url for image in plan.images})
            for rule in MAPPING.fields:
                if rule.source in document:
                    _assert_same_shape(document[rule.source], found[rule.target])


class TestTotals:
    def count(self, *, retry_failed: bool = False, **state: Any) -> PlanTotals:
        original = {"_id": 1, "main_image": "a", "exterior_images": ["b", "c", "b"]}
        document = SourceDocument(id=1, original=original, digest="", size_bytes=0, **state)
        totals = count_document(PlanTotals(), document, MAPPING, Selection(retry_failed=retry_failed))
        assert (totals.documents, totals.images) == (1, 3)
        return totals

    def entry(self, url: str, image_type: str = "exterior") -> StoredImage:
        return StoredImage(url, image_type, None, "", "", "", "", None, None, None, None)

    def failure(self, url: str, failure_class: FailureClass) -> ImageFailure:
        return ImageFailure(ImageRef("exterior", None, url), failure_class, "", 1, EPOCH)

    def test_untouched(self) -> None:
        totals = self.count()
        assert (totals.documents_open, totals.images_remaining) == (1, 3)

    def test_open_with_a_final_and_a_transient_failure(self) -> None:
        failed = (self.failure("b", FailureClass.GONE), self.failure("c", FailureClass.LATER))
        totals = self.count(stored=(self.entry("a", "basic"),), failed=failed)
        assert (totals.images_stored, totals.images_failed, totals.images_remaining) == (1, 1, 1)

    def test_processed_by_another_tool_that_skipped_one(self) -> None:
        totals = self.count(is_processed=True, stored=(self.entry("a", "basic"), self.entry("b")))
        assert (totals.documents_processed, totals.images_failed, totals.images_remaining) == (1, 1, 0)

    def test_entries_that_belong_to_no_image_any_more_do_not_count(self) -> None:
        assert self.count(stored=(self.entry("gone from the document"),)).images_stored == 0

    def test_failures_that_are_tried_again_are_work(self) -> None:
        failed = (self.failure("b", FailureClass.GONE), self.failure("c", FailureClass.EXHAUSTED))
        stored = (self.entry("a", "basic"),)
        totals = self.count(is_processed=True, stored=stored, failed=failed, retry_failed=True)
        assert (totals.documents_open, totals.images_remaining, totals.images_failed) == (1, 2, 0)
        totals = self.count(is_processed=True, stored=stored, failed=failed)
        assert (totals.documents_open, totals.images_remaining, totals.images_failed) == (0, 0, 2)


def test_not_a_number_survives() -> None:
    colour = only_colour(results({"a": "A"}, color_images=[{"url": "a", "n": float("nan")}]))
    assert math.isnan(colour["n"])
