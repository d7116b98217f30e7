"""What the sources say that does not fit together."""

from __future__ import annotations

from opsctl.status.answers import ImageTally, ObjectTally, Snapshot
from opsctl.status.figures import last_trace
from opsctl.status.job_contradictions import SETTLED_SECONDS, find_job_contradictions
from opsctl.status.models import DocumentFigures, Method, Remark
from opsctl.status.ports import StatusSettings


def find_contradictions(snapshot: Snapshot, documents: DocumentFigures, settings: StatusSettings) -> tuple[Remark, ...]:
    """All of them, the gravest first."""
    found = [_compare_run_and_documents(snapshot, documents), _compare_places(snapshot, settings)]
    if snapshot.has_foreign_writer:
        found.append(Remark("two-writers"))
    tally, objects = snapshot.images, snapshot.objects
    if tally is not None and objects is not None and _can_be_compared(snapshot, tally, objects):
        found.append(_compare_stored(tally, objects))
    found += find_job_contradictions(snapshot, count_open(documents), count_arrived(snapshot, documents))
    return tuple(remark for remark in found if remark is not None)


def count_open(documents: DocumentFigures) -> int:
    """Documents that are open for certain: counted, not inferred."""
    return documents.remaining or 0 if documents.method is Method.EXACT else 0


def count_arrived(snapshot: Snapshot, documents: DocumentFigures) -> int:
    """How many documents the collection has more than the run planned for."""
    run = snapshot.run
    if run is None or run.plan is None or documents.total is None:
        return 0
    return max(0, documents.total - run.plan.documents)


def _compare_run_and_documents(snapshot: Snapshot, documents: DocumentFigures) -> Remark | None:
    """A run over all documents that says complete, though more are open than it gave up and than have arrived since."""
    run = snapshot.run
    if run is None or not run.is_over or run.has_selection:
        return None
    left = count_open(documents) - run.counters.documents_failed
    if left <= count_arrived(snapshot, documents):
        return None
    return Remark("complete-but-open", {"documents": left, "run": run.run_id})


def _compare_places(snapshot: Snapshot, settings: StatusSettings) -> Remark | None:
    run = snapshot.run
    if run is None or settings.bucket is None or (run.bucket, run.prefix) == (settings.bucket, settings.prefix):
        return None
    return Remark(
        "other-bucket",
        {"run_place": f"{run.bucket}/{run.prefix}", "profile_place": f"{settings.bucket}/{settings.prefix}"},
    )


def _compare_stored(tally: ImageTally, objects: ObjectTally) -> Remark | None:
    """Every stored image has its object; an object more may belong to an open document, or to an image that failed."""
    if objects.count < tally.stored_keys:
        missing = tally.stored_keys - objects.count
        return Remark("objects-missing", {"stored": tally.stored_keys, "objects": objects.count, "missing": missing})
    extra = objects.count - tally.stored_keys - tally.planned_open - tally.failed
    if extra > 0:
        return Remark("objects-unexplained", {"stored": tally.stored_keys, "objects": objects.count, "extra": extra})
    return None


def _can_be_compared(snapshot: Snapshot, tally: ImageTally, objects: ObjectTally) -> bool:
    """Both were counted to their end, and nobody stores images meanwhile: they are not counted in the same instant."""
    if not tally.is_complete or not objects.is_complete:
        return False
    if snapshot.run is not None:
        return not snapshot.run.is_open
    trace = last_trace(snapshot)
    return trace is None or (snapshot.taken_at - trace).total_seconds() > SETTLED_SECONDS
