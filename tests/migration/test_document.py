"""One document: what is to be done, and the update that its outcomes make."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from opsctl.migration.document import build_update, plan_work
from opsctl.migration.models import (
    DocumentUpdate,
    FailureClass,
    ImageFailure,
    ImageRef,
    Selection,
    SourceDocument,
    StoredImage,
)
from opsctl.migration.transfer import Outcome
from tests.fakes.clock import EPOCH
from tests.fakes.world import MAPPING

HOST = "https://img.example.com"
MAIN, FIRST, SECOND = (f"{HOST}/{name}.jpg" for name in ("main", "first", "second"))
ORIGINAL = {"_id": 1, "vehicle_name": "v", "main_image": MAIN, "exterior_images": [FIRST, SECOND, FIRST]}
REFS = {MAIN: ImageRef("basic", None, MAIN), **{url: ImageRef("exterior", None, url) for url in (FIRST, SECOND)}}


def document(**state: Any) -> SourceDocument:
    return SourceDocument(id=1, original=ORIGINAL, digest="d", size_bytes=9, **state)


def stored(url: str) -> StoredImage:
    return StoredImage(
        url, REFS[url].image_type, None, "v", "b", f"k/{url}", f"s3://{url}", "ab", 1, "image/jpeg", EPOCH
    )


def failed(url: str, failure_class: FailureClass, attempts: int = 1) -> ImageFailure:
    return ImageFailure(REFS[url], failure_class, "why", attempts, EPOCH)


def update(outcomes: list[Outcome], selection: Selection | None = None, **state: Any) -> DocumentUpdate:
    work = plan_work(document(**state), MAPPING, selection or Selection())
    return build_update(work, MAPPING, outcomes, run_id="run-2", now=EPOCH + timedelta(hours=1))


class TestWork:
    def todo(self, selection: Selection | None = None, **state: Any) -> list[str]:
        return [i.ref.url for i in plan_work(document(**state), MAPPING, selection or Selection()).todo]

    def test_everything_once(self) -> None:
        assert self.todo() == [MAIN, FIRST, SECOND]

    def test_what_is_stored_or_finally_failed_is_done(self) -> None:
        state: dict[str, Any] = {"stored": (stored(MAIN),), "failed": (failed(FIRST, FailureClass.GONE),)}
        assert self.todo(**state) == [SECOND]
        assert self.todo(Selection(retry_failed=True), **state) == [FIRST, SECOND]

    @pytest.mark.parametrize("failure_class", [FailureClass.LATER, FailureClass.OURS])
    def test_what_failed_for_now_is_tried_again_and_its_visits_are_known(self, failure_class: FailureClass) -> None:
        state = document(failed=(failed(FIRST, failure_class, 2),))
        work = plan_work(state, MAPPING, Selection())
        assert len(work.todo) == 3
        assert work.visits == {REFS[FIRST]: 2}
        assert plan_work(state, MAPPING, Selection(retry_failed=True)).visits == {}

    def test_only_the_wanted_types(self) -> None:
        assert self.todo(Selection(image_types=("basic",))) == [MAIN]
        assert self.todo(Selection(image_types=("color",))) == []

    def test_images_of_one_address_are_fetched_together(self) -> None:
        original = {"main_image": MAIN, "image_url": "x", "color_images": [MAIN, {"name": "a", "url": MAIN}, "x"]}
        work = plan_work(replace(document(), original=original), MAPPING, Selection())
        assert [[i.ref.image_type for i in group] for group in work.by_url(())] == [
            ["basic", "color", "color"],
            ["basic", "color"],
        ]
        assert [len(group) for group in work.by_url([work.todo[0].ref])] == [2, 2]


class TestUpdate:
    def test_complete(self) -> None:
        done = update([stored(SECOND), stored(MAIN), failed(FIRST, FailureClass.GONE)])
        assert done.results == {
            "s3_main_image": f"s3://{MAIN}",
            "s3_exterior_images": [None, f"s3://{SECOND}", None],
        }
        assert [entry.original_url for entry in done.stored] == [MAIN, SECOND], "in the order of the document"
        assert [failure.ref.url for failure in done.failed] == [FIRST]
        assert (done.run_id, done.finished_at) == ("run-2", EPOCH + timedelta(hours=1))

    @pytest.mark.parametrize("failure_class", FailureClass)
    def test_open_as_long_as_one_image_failed_only_for_now(self, failure_class: FailureClass) -> None:
        done = update([stored(MAIN), stored(SECOND), failed(FIRST, failure_class)])
        assert (done.results is None) is not failure_class.is_final

    def test_open_as_long_as_one_image_was_not_tried(self) -> None:
        assert update([stored(MAIN), stored(SECOND)]).results is None
        assert update([]).results is None

    def test_earlier_entries_are_kept(self) -> None:
        state: dict[str, Any] = {"stored": (stored(MAIN),), "failed": (failed(FIRST, FailureClass.GONE),)}
        done = update([stored(SECOND)], **state)
        assert done.results is not None
        assert {entry.original_url for entry in done.stored} == {MAIN, SECOND}
        assert done.failed == state["failed"]

    def test_a_success_replaces_the_failure_before_it(self) -> None:
        done = update([stored(url) for url in REFS], failed=(failed(FIRST, FailureClass.LATER),))
        assert (done.failed, len(done.stored)) == ((), 3)

    def test_entries_of_images_that_the_document_holds_no_more_are_dropped(self) -> None:
        old = replace(stored(MAIN), original_url="old")
        assert len(update([stored(url) for url in REFS], stored=(old,)).stored) == 3

    def test_a_processed_document_stays_processed(self) -> None:
        state: dict[str, Any] = {"is_processed": True, "stored": (stored(MAIN), stored(SECOND))}
        for outcomes in ([failed(FIRST, FailureClass.LATER)], [failed(FIRST, FailureClass.OURS)], []):
            done = update(
                list(outcomes), Selection(retry_failed=True), failed=(failed(FIRST, FailureClass.GONE),), **state
            )
            assert done.results is not None
            assert [failure.failure_class for failure in done.failed] == [FailureClass.GONE]
