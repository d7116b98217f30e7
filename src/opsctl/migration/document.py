"""One document: plan it, decide what is to be done, and turn the outcomes into its one update."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from opsctl.migration.models import (
    DocumentUpdate,
    FailureClass,
    ImageFailure,
    ImageMapping,
    ImageRef,
    PlannedImage,
    Selection,
    SourceDocument,
    StoredImage,
)
from opsctl.migration.plan import DocumentPlan, plan_document, result_fields


@dataclass(frozen=True, slots=True)
class DocumentWork:
    """What a visit to one document has to do."""

    document: SourceDocument
    plan: DocumentPlan
    stored: Mapping[ImageRef, StoredImage]
    todo: tuple[PlannedImage, ...]
    visits: Mapping[ImageRef, int]

    def without(self, skip: Iterable[ImageRef]) -> tuple[PlannedImage, ...]:
        """What is left to do beside these."""
        done = set(skip)
        return tuple(image for image in self.todo if image.ref not in done)

    def by_url(self, skip: Iterable[ImageRef]) -> list[list[PlannedImage]]:
        """What is left to move, images of the same address together: it is fetched once."""
        groups: dict[object, list[PlannedImage]] = defaultdict(list)
        for image in self.without(skip):
            groups[image.fetch_url or image.ref].append(image)
        return list(groups.values())


def plan_work(document: SourceDocument, mapping: ImageMapping, selection: Selection) -> DocumentWork:
    """Split the images of a document into what is stored, what failed for good, and what is to be done."""
    plan = plan_document(document.original, mapping)
    refs = {image.ref for image in plan.images}
    stored = {entry.ref: entry for entry in document.stored if entry.ref in refs}
    given_up = {
        failure.ref
        for failure in document.failed
        if failure.failure_class.is_final and not selection.retry_failed and failure.ref in refs
    }
    visits = {} if selection.retry_failed else {failure.ref: failure.attempts for failure in document.failed}
    wanted = selection.image_types
    todo = tuple(
        image
        for image in plan.images
        if image.ref not in stored and image.ref not in given_up and (not wanted or image.ref.image_type in wanted)
    )
    return DocumentWork(document, plan, stored, todo, visits)


def has_work(document: SourceDocument, mapping: ImageMapping, selection: Selection) -> bool:
    """Whether a run has anything to do with a document: open ones are to be closed, processed ones may lack images."""
    return not document.is_processed or bool(plan_work(document, mapping, selection).todo)


def build_update(
    work: DocumentWork,
    mapping: ImageMapping,
    outcomes: Sequence[StoredImage | ImageFailure],
    *,
    run_id: str,
    now: datetime,
) -> DocumentUpdate:
    """The update for a visit: complete when every planned image is stored or finally failed, else partial.

    A document that was processed stays so: what failed again only for now keeps the failure that it had, or is given
    up when another tool had skipped it without a word.
    """
    stored = dict(work.stored)
    earlier = {failure.ref: failure for failure in work.document.failed}
    tried: dict[ImageRef, ImageFailure] = {}
    for outcome in outcomes:
        if isinstance(outcome, StoredImage):
            stored[outcome.ref] = outcome
        else:
            tried[outcome.ref] = outcome
    if work.document.is_processed:
        tried = _close_failures(tried, earlier)
    # What was not tried in this visit keeps what is known of it, the number of its visits above all.
    failed = {ref: failure for ref, failure in {**earlier, **tried}.items() if ref not in stored}
    closed = set(stored) | {ref for ref, failure in failed.items() if failure.failure_class.is_final}
    is_complete = all(image.ref in closed for image in work.plan.images)
    results = None
    if is_complete:
        urls = {ref: entry.s3_url for ref, entry in stored.items()}
        results = result_fields(work.document.original, mapping, urls)
    in_order = [image.ref for image in work.plan.images]
    return DocumentUpdate(
        document=work.document,
        run_id=run_id,
        results=results,
        stored=tuple(stored[ref] for ref in in_order if ref in stored),
        failed=tuple(failed[ref] for ref in in_order if ref in failed),
        finished_at=now,
    )


def _close_failures(
    tried: Mapping[ImageRef, ImageFailure], earlier: Mapping[ImageRef, ImageFailure]
) -> dict[ImageRef, ImageFailure]:
    closed: dict[ImageRef, ImageFailure] = {}
    for ref, failure in tried.items():
        if failure.failure_class.is_final:
            closed[ref] = failure
        elif ref not in earlier and failure.failure_class is FailureClass.LATER:
            closed[ref] = replace(failure, failure_class=FailureClass.EXHAUSTED, next_retry_at=None)
    return closed
