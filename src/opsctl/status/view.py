"""The report for people: one screen, the state first, the next command last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from opsctl.reporting.view import (
    Bytes,
    Cell,
    CellValue,
    Column,
    Duration,
    Field,
    Line,
    NextCommand,
    Percent,
    ReportView,
    Section,
    Table,
    Texts,
    Tone,
)
from opsctl.status.answers import Gap
from opsctl.status.job_view import job_fields, pod_tables
from opsctl.status.models import Assessment, Basis, Eta, Method, Scope, State
from opsctl.status.report import say
from opsctl.status.shard_view import shard_fields, shard_tables

FRESH_SECONDS = 2.5

_TONES: dict[State, Tone] = {
    State.RUNNING: "good",
    State.FINISHING: "good",
    State.COMPLETE: "good",
    State.COMPLETE_WITH_FAILURES: "warning",
    State.THROTTLED: "warning",
    State.PAUSED: "warning",
    State.UNKNOWN: "warning",
    State.STALLED: "bad",
    State.SILENT: "bad",
    State.CONTRADICTORY: "bad",
}

_NEXT: dict[State, tuple[tuple[str, str], ...]] = {
    State.NOT_STARTED: (("opsctl migrate images --dry-run", "next_plan"),),
    State.RUNNING: (("opsctl status --watch", "next_watch"),),
    State.THROTTLED: (("opsctl status --watch", "next_watch"),),
    State.FINISHING: (("opsctl status --watch", "next_watch"),),
    State.STALLED: (("opsctl migrate images", "next_go_on"),),
    State.SILENT: (("opsctl migrate images", "next_take_over"),),
    State.COMPLETE: (("opsctl migrate verify", "next_verify"),),
    State.COMPLETE_WITH_FAILURES: (
        ("opsctl migrate failures", "next_failures"),
        ("opsctl migrate verify", "next_verify"),
    ),
    State.CONTRADICTORY: (
        ("opsctl status --recount", "next_recount"),
        ("opsctl migrate verify", "next_verify"),
    ),
    State.UNKNOWN: (("opsctl status --recount", "next_recount"),),
}


_NEXT_IN_CLUSTER = (("opsctl migrate logs", "next_logs"), ("opsctl migrate restart", "next_restart"))

_STUCK_SHARDS = ("shards-silent", "shards-stalled", "shards-failed", "shards-failed-silently", "shards-given-up")


def status_view(assessment: Assessment, texts: Texts, *, is_watched: bool = False) -> ReportView:
    """The whole report as a view. `is_watched`: more looks follow, so that it does not say to watch."""
    state = assessment.verdict.state
    reason = assessment.verdict.reason
    summary = [Line(_headline(assessment, texts), _TONES.get(state, "strong"))]
    if reason is not None and reason not in assessment.verdict.contradictions:
        summary.append(Line(say(reason, texts), "warning" if reason.code.startswith("shards-") else "plain"))
    if state is State.THROTTLED and assessment.throttle_reason and (reason is None or reason.code != "throttled"):
        summary.append(Line(texts.get("status.remark_throttled", detail=assessment.throttle_reason)))
    summary += (
        Line(texts.get("status.problem", message=say(problem, texts)), "warning" if state.is_moving else "bad")
        for problem in assessment.verdict.problems
    )
    return ReportView(
        title=texts.get("status.title", profile=assessment.profile, at=assessment.taken_at),
        summary=tuple(summary),
        blocks=(
            _figures(assessment, texts),
            _facts(assessment, texts),
            *_failures(assessment, texts),
            *shard_tables(assessment.shards, assessment.taken_at, texts),
            *(pod_tables(assessment.job, assessment.taken_at, texts) if assessment.job else ()),
        ),
        notes=_notes(assessment, texts),
        next_commands=tuple(
            NextCommand(command, texts.get(f"status.{why}"))
            for command, why in _choose_next(assessment)
            if not (is_watched and why == "next_watch")
        ),
    )


def _choose_next(assessment: Assessment) -> tuple[tuple[str, str], ...]:
    """A Job that does not get on, or whose shard does not, is mended where it runs; one that has done its part is not
    started again."""
    state, job, reason = assessment.verdict.state, assessment.job, assessment.verdict.reason
    stands = state in (State.STALLED, State.SILENT) or (reason is not None and reason.code in _STUCK_SHARDS)
    if stands and job is not None and not job.is_complete:
        return _NEXT_IN_CLUSTER
    return _NEXT.get(state, ())


def _headline(assessment: Assessment, texts: Texts) -> str:
    """`running  1,204 of 1,632 images (73.8 %)  done ~14:20 (13:50 to 15:40, 8 in 10)`."""
    parts = [texts.get(f"status.state_{assessment.verdict.state.value}")]
    images, documents = assessment.images, assessment.documents
    if images.planned and images.stored is not None and images.method is not Method.LOWER_BOUND:
        share = _share(images.stored, images.planned)
        parts.append(texts.get("status.images_done", done=images.stored, total=images.planned, share=share))
    elif documents.total and documents.processed is not None:
        share = _share(documents.processed, documents.total)
        parts.append(texts.get("status.documents_done", done=documents.processed, total=documents.total, share=share))
    if assessment.eta.p50 is not None:
        parts.append(_show_eta(assessment.eta, assessment.taken_at, texts))
    return "  ".join(parts)


def _share(done: int, total: int) -> Percent:
    """Nothing is shown as 100 % before it is."""
    return Percent(1.0 if done >= total else min(done / total, 0.999))


def _show_eta(eta: Eta, now: datetime, texts: Texts) -> str:
    at = _clock(eta.p50, now, texts)
    if eta.p10 is None:
        return texts.get("status.done_about", at=at)
    if eta.p90 is None:
        return texts.get("status.done_open_end", at=at, early=_clock(eta.p10, now, texts))
    return texts.get("status.done_range", at=at, early=_clock(eta.p10, now, texts), late=_clock(eta.p90, now, texts))


def _clock(at: datetime | None, now: datetime, texts: Texts) -> str:
    """The time of day as the texts write it; with its date on another day. The title has the offset."""
    shown, today = texts.show(at), texts.show(now)
    return shown[11:16] if shown[:10] == today[:10] else shown[:16]


def _figures(assessment: Assessment, texts: Texts) -> Table:
    documents, images, objects = assessment.documents, assessment.images, assessment.objects
    names = ("what", "done", "total", "left", "failed")
    columns = [Column(texts.get(f"status.column_{name}"), "left" if name == "what" else "right") for name in names]
    columns.append(Column(texts.get("status.column_known")))
    failed: CellValue = Cell(images.failed, "warning") if images.failed else images.failed
    is_selection = images.scope is Scope.SELECTION
    return Table(
        tuple(columns),
        (
            (
                texts.get("status.row_documents"),
                documents.processed,
                documents.total,
                documents.remaining,
                "",
                _known(documents.method, documents.as_of, assessment, texts),
            ),
            (
                texts.get("status.row_selected_images" if is_selection else "status.row_images"),
                images.stored,
                images.planned,
                images.remaining,
                failed,
                _known(images.method, images.as_of, assessment, texts, is_known=images.planned is not None),
            ),
            (
                texts.get("status.row_objects"),
                objects.count,
                "",
                "",
                "",
                _known(objects.method, objects.as_of, assessment, texts, is_known=objects.count is not None),
            ),
        ),
    )


def _known(method: Method, as_of: datetime, assessment: Assessment, texts: Texts, *, is_known: bool = True) -> str:
    if not is_known:
        return texts.get("status.method_unknown")
    age = (assessment.taken_at - as_of).total_seconds()
    words = texts.get(f"status.method_{method.value}")
    if age < FRESH_SECONDS:
        return texts.get("status.known_now", method=words)
    return texts.get("status.known_before", method=words, age=Duration(float(round(age))))


def _facts(assessment: Assessment, texts: Texts) -> Section:
    """What is known beside the counts; a fact that is not known is left out, the notes say why."""
    rate, objects, eta = assessment.rate, assessment.objects, assessment.eta
    fields: list[Field] = []
    if assessment.documents.partial:
        fields.append(Field(texts.get("status.field_partial"), assessment.documents.partial))
    if objects.bytes is not None:
        fields.append(Field(texts.get("status.field_size"), Bytes(objects.bytes)))
    if objects.newest_at is not None:
        age = Duration(float(max(0, round((assessment.taken_at - objects.newest_at).total_seconds()))))
        fields.append(Field(texts.get("status.field_newest"), objects.newest_at, texts.get("status.ago", age=age)))
    if rate.documents_per_hour is not None:
        fields.append(Field(texts.get("status.field_rate"), _show_rate(assessment, texts), _window(assessment, texts)))
    if assessment.elapsed_seconds is not None:
        fields.append(Field(texts.get(_elapsed_label(assessment)), Duration(float(round(assessment.elapsed_seconds)))))
    if eta.basis not in (Basis.NOTHING_LEFT, Basis.NOT_MOVING):
        basis = texts.get(f"status.basis_{eta.basis.value}")
        fields.append(Field(texts.get("status.field_estimate"), basis, _track(eta, texts)))
    if assessment.run_id or assessment.documents.processed:
        run = assessment.run_id or texts.get("status.no_run")
        fields.append(Field(texts.get("status.field_run"), run))
    if assessment.job is not None:
        fields += job_fields(assessment.job, assessment.taken_at, texts)
    fields += shard_fields(assessment.shards, assessment.job, texts)
    return Section(tuple(fields))


def _elapsed_label(assessment: Assessment) -> str:
    if assessment.run_id:
        return "status.field_elapsed"
    has_start = assessment.job is not None and assessment.job.started_at is not None
    return "status.field_elapsed_job" if has_start else "status.field_elapsed_traces"


def _show_rate(assessment: Assessment, texts: Texts) -> str:
    rate = assessment.rate
    if rate.images_per_second is None:
        return texts.get("status.rate_documents", documents=_round(rate.documents_per_hour))
    return texts.get("status.rate", images=_round(rate.images_per_second), documents=_round(rate.documents_per_hour))


def _round(value: float | None) -> float | int | None:
    """Three digits that count: more would claim what no one knows."""
    if value is None or value < 10:
        return value
    return round(value) if value >= 100 else round(value, 1)


def _window(assessment: Assessment, texts: Texts) -> str | None:
    window = assessment.rate.window
    if window is None:
        return None
    return texts.get("status.window", window=Duration(float(round(window.total_seconds()))))


def _track(eta: Eta, texts: Texts) -> str | None:
    if eta.track_record is None:
        return None
    record = eta.track_record
    return texts.get("status.track_record", forecasts=record.forecasts, miss=Percent(record.median_miss))


def _failures(assessment: Assessment, texts: Texts) -> tuple[Table, ...]:
    classes = assessment.failed_by_class
    if not classes:
        return ()
    columns = (Column(texts.get("status.column_class")), Column(texts.get("status.column_images"), "right"))
    rows = sorted(classes.items(), key=lambda item: (-item[1], item[0]))
    return (Table(columns, tuple(rows)),)


def _notes(assessment: Assessment, texts: Texts) -> tuple[Line, ...]:
    contradictions = [
        Line(texts.get("status.contradiction", message=say(remark, texts)), "bad")
        for remark in assessment.verdict.contradictions
    ]
    gaps = [line for gap in assessment.gaps for line in _describe_gap(gap, texts)]
    return (*contradictions, *gaps)


def _describe_gap(gap: Gap, texts: Texts) -> Iterator[Line]:
    source, state = texts.get(f"status.source_{gap.source}"), texts.get(f"status.gap_{gap.state}")
    yield Line(texts.get("status.gap", source=source, state=state, reason=gap.reason), "warning")
    if gap.hint:
        yield Line(texts.get("status.gap_hint", hint=gap.hint))
