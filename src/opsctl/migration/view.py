"""What a person reads of a migration, a verification and a list of failures."""

from __future__ import annotations

from opsctl.migration.failures import FailuresReport
from opsctl.migration.models import RunState, StopReason
from opsctl.migration.report import MigrationReport
from opsctl.migration.verify import VerifyReport
from opsctl.reporting.view import (
    Bytes,
    Column,
    Duration,
    Field,
    Line,
    NextCommand,
    ReportView,
    Section,
    Table,
    Texts,
    Tone,
)

HOSTS_SHOWN = 10
ROWS_SHOWN = 50

_TONES: dict[RunState, Tone] = {
    RunState.COMPLETE: "good",
    RunState.COMPLETE_WITH_FAILURES: "warning",
    RunState.STOPPED: "warning",
    RunState.FAILED: "bad",
}


def migration_view(report: MigrationReport, texts: Texts) -> ReportView:
    """The end of `migrate images`, or of its dry run."""
    if report.dry_run:
        return _dry_run_view(report, texts)
    t = texts.get
    state = t(f"migrate.state_{report.state}", reason=_reason(report.state_reason, texts))
    summary = [Line(state, _TONES.get(report.state, "plain"))]
    if report.shard is not None:
        summary.append(Line(t("migrate.shard", index=report.shard.index, count=report.shard.count)))
    if report.open_documents:
        summary.append(Line(t("migrate.left", documents=report.open_documents)))
    blocks: list[Section | Table] = [_plan_section(report, texts), _done_section(report, texts)]
    if report.failed_by_class:
        blocks.append(_classes_table(report.failed_by_class, texts, t("migrate.failed_classes")))
    blocks.append(_hosts_table(report, texts))
    return ReportView(
        t("migrate.title"), tuple(summary), tuple(blocks), next_commands=tuple(_next_commands(report, texts))
    )


def verify_view(report: VerifyReport, texts: Texts) -> ReportView:
    """The verification: what differs first, then what was compared, then what could not be told."""
    t = texts.get
    if report.difference_count:
        summary = Line(t("migrate.verify_differences", count=report.difference_count), "bad")
    else:
        summary = Line(t("migrate.verify_ok"), "good")
    compared = Section(
        (
            Field(t("migrate.documents"), report.documents),
            Field(t("migrate.verify_processed"), report.documents_processed),
            Field(t("migrate.verify_unchanged"), report.documents_verified, t("migrate.verify_unchanged_note")),
            Field(t("migrate.verify_images"), report.images),
            Field(t("migrate.verify_objects"), report.objects, texts.show(Bytes(report.size_bytes))),
            Field(t("migrate.took"), Duration((report.finished_at - report.started_at).total_seconds())),
        )
    )
    blocks: list[Section | Table] = [compared]
    if report.difference_count:
        kinds = tuple((kind, t(f"migrate.kind_{kind}"), count) for kind, count in report.by_kind.items() if count)
        columns = (Column(t("migrate.kind")), Column(t("migrate.detail")), Column(t("migrate.count"), "right"))
        blocks.append(Table(columns, kinds, t("migrate.verify_by_kind")))
        shown = report.differences[:ROWS_SHOWN]
        rows = tuple((item.kind.value, item.document_id, item.key or item.detail) for item in shown)
        columns = (Column(t("migrate.kind")), Column(t("migrate.document")), Column(t("migrate.key")))
        blocks.append(Table(columns, rows, t("migrate.verify_examples", count=len(shown))))
    return ReportView(t("migrate.verify_title"), (summary,), tuple(blocks), notes=_gap_lines(report, texts))


def failures_view(report: FailuresReport, texts: Texts) -> ReportView:
    """Failed images, the first fifty of them."""
    t = texts.get
    if not report.failures:
        return ReportView(t("migrate.failures_title"), (Line(t("migrate.failures_none"), "good"),))
    classes = _classes_table(report.by_class, texts, None)
    shown = report.failures[:ROWS_SHOWN]
    rows = tuple(
        (
            item.failure_class.value if item.failure_class else t("migrate.unrecorded"),
            item.document_id,
            item.url,
            item.detail,
            item.next_retry_at,
        )
        for item in shown
    )
    columns = (
        Column(t("migrate.class")),
        Column(t("migrate.document")),
        Column(t("migrate.url")),
        Column(t("migrate.detail")),
        Column(t("migrate.next_try")),
    )
    notes = (Line(t("migrate.more_rows", shown=ROWS_SHOWN)),) if len(report.failures) > ROWS_SHOWN else ()
    return ReportView(
        t("migrate.failures_title"),
        (Line(t("migrate.failures_count", count=len(report.failures)), "warning"),),
        (classes, Table(columns, rows)),
        notes,
        (
            NextCommand("opsctl migrate images --retry-failed", t("migrate.next_retry")),
            NextCommand("opsctl migrate failures -o csv > failures.csv", t("migrate.next_export")),
        ),
    )


def _reason(reason: str | None, texts: Texts) -> str | None:
    """Reasons that are ours have words in both languages; the message of an error is English."""
    known = next((kind.name.lower() for kind in StopReason if kind == reason), None)
    return texts.get(f"migrate.reason_{known}") if known else reason


def _dry_run_view(report: MigrationReport, texts: Texts) -> ReportView:
    t = texts.get
    to_fetch = sum(host.images for host in report.planned_hosts)
    fields = (*_plan_section(report, texts).fields, Field(t("migrate.to_fetch"), to_fetch))
    rows = tuple((row.host or t("migrate.bad_urls"), row.images) for row in report.planned_hosts[:HOSTS_SHOWN])
    hosts = Table((Column(t("migrate.host")), Column(t("migrate.count"), "right")), rows, t("migrate.hosts"))
    next_commands = (NextCommand("opsctl migrate images", t("migrate.next_start")),)
    return ReportView(t("migrate.title_dry_run"), (), (Section(fields), hosts), next_commands=next_commands)


def _plan_section(report: MigrationReport, texts: Texts) -> Section:
    plan, t = report.plan, texts.get
    processed = t("migrate.documents_note", processed=plan.documents_processed) if plan.documents_processed else None
    before = None
    if plan.images_stored or plan.images_failed:
        before = t("migrate.images_note", stored=plan.images_stored, failed=plan.images_failed)
    return Section(
        (
            Field(t("migrate.documents"), plan.documents, processed),
            Field(t("migrate.images"), plan.images, before),
        ),
        t("migrate.plan"),
    )


def _done_section(report: MigrationReport, texts: Texts) -> Section:
    done, t = report.counters, texts.get
    rate = done.images_finished / report.seconds if report.seconds > 0 else None
    found = t("migrate.images_found_note", found=done.images_found) if done.images_found else None
    fields = [
        Field(t("migrate.run"), report.run_id),
        Field(t("migrate.took"), Duration(report.seconds), t("migrate.rate_value", rate=rate)),
        Field(t("migrate.documents_done"), done.documents_complete),
        Field(t("migrate.images_stored"), done.images_stored, found),
        Field(t("migrate.bytes_stored"), Bytes(done.bytes_stored)),
        Field(t("migrate.images_failed"), done.images_failed),
    ]
    rare = (
        ("documents_partial", done.documents_partial, "documents_partial_note"),
        ("images_later", done.images_later, None),
        ("documents_failed", done.documents_failed, "documents_failed_note"),
        ("conflicts", done.conflicts, "conflicts_note"),
    )
    fields += [
        Field(t(f"migrate.{label}"), count, t(f"migrate.{note}") if note else None)
        for label, count, note in rare
        if count
    ]
    return Section(tuple(fields), t("migrate.this_start"))


def _classes_table(by_class: dict[str, int], texts: Texts, title: str | None) -> Table:
    columns = (Column(texts.get("migrate.class")), Column(texts.get("migrate.count"), "right"))
    ranked = sorted(by_class.items(), key=lambda item: (-item[1], item[0]))
    return Table(columns, tuple((name, count) for name, count in ranked), title)


def _hosts_table(report: MigrationReport, texts: Texts) -> Table:
    t = texts.get
    columns = (
        Column(t("migrate.host")),
        Column(t("migrate.requests"), "right"),
        Column(t("migrate.throttled"), "right"),
        Column(t("migrate.peak"), "right"),
        Column(t("migrate.is_down")),
    )
    rows = tuple(
        (host.host, host.requests, host.throttled, host.peak_concurrency, host.is_down)
        for host in report.hosts[:HOSTS_SHOWN]
    )
    return Table(columns, rows, t("migrate.hosts"), empty="-")


def _next_commands(report: MigrationReport, texts: Texts) -> list[NextCommand]:
    t = texts.get
    commands = []
    if report.open_documents:
        commands.append(NextCommand("opsctl migrate images", t("migrate.next_again")))
    if report.counters.images_failed or report.plan.images_failed:
        commands.append(NextCommand("opsctl migrate failures", t("migrate.next_failures")))
    if not report.open_documents:
        commands.append(NextCommand("opsctl migrate verify", t("migrate.next_verify")))
    return commands


def _gap_lines(report: VerifyReport, texts: Texts) -> tuple[Line, ...]:
    gaps = report.gaps
    counts = (
        ("gap_digest", gaps.documents_without_digest),
        ("gap_size", gaps.images_without_size),
        ("gap_elsewhere", gaps.images_elsewhere),
        ("gap_newer", gaps.newer_objects),
    )
    return tuple(Line(texts.get(f"migrate.{name}", count=count)) for name, count in counts if count)
