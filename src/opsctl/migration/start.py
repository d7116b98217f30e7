"""Starting `migrate images`: check what is needed, get the lease, work; or only look (`--dry-run`)."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

from opsctl.errors import DataError, UsageError
from opsctl.migration.document import has_work, plan_work
from opsctl.migration.lease import acquire
from opsctl.migration.models import Counters, DocumentView, PageToken, PlanTotals, RunState, Settings, StopReason
from opsctl.migration.plan import count_document
from opsctl.migration.ports import Services
from opsctl.migration.report import MigrationReport, PlannedHost, Progress, ProgressSink, ReportSink, ShardPart
from opsctl.migration.run import Run
from opsctl.migration.run_record import current_process
from opsctl.migration.shard_lease import ShardStart
from opsctl.migration.shards import ShardChoice
from opsctl.migration.transfer import has_objects
from opsctl.migration.urls import host_of

_NOTHING = Counters()


async def migrate_images(
    settings: Settings,
    services: Services,
    *,
    owner_id: str,
    stop: asyncio.Event,
    on_progress: ProgressSink,
    on_cut_short: ReportSink = lambda _report: None,
    shard: ShardChoice | None = None,
) -> MigrationReport:
    """Migrate the selected documents, or as many as there is time for before `stop` is set.

    With a `shard` only that part of them; other processes do the others, in the same run.
    `on_cut_short` gets the report of a run that had begun, before the error that ended it is raised.
    Raises UnavailableError, AccessDeniedError, NotFoundError before anything is changed; BusyError when another
    process works on the collection; UnavailableError when a service stays away for longer than the limits allow.
    """
    check_types(settings)
    if shard is not None and settings.selection.limit is not None:
        raise UsageError("a limit of documents and shards do not go together", hint="leave one of them out")
    await services.objects.check()
    await services.documents.check()
    if settings.selection.where:
        # A filter that Mongo does not accept must not leave a run record behind.
        await _try_filter(settings, services)
    if shard is not None:
        return await _migrate_shard(
            shard,
            settings,
            services,
            owner_id=owner_id,
            stop=stop,
            on_progress=on_progress,
            on_cut_short=on_cut_short,
        )
    layout = settings.layout
    record, owner = await acquire(
        services.runs,
        selection=settings.selection,
        bucket=layout.bucket,
        prefix=layout.prefix,
        collection=layout.collection,
        process=current_process(),
        owner_id=owner_id,
        clock=services.clock,
    )
    return await Run(record, owner, settings, services, stop=stop, on_progress=on_progress).work(on_cut_short)


async def _migrate_shard(
    choice: ShardChoice,
    settings: Settings,
    services: Services,
    *,
    owner_id: str,
    stop: asyncio.Event,
    on_progress: ProgressSink,
    on_cut_short: ReportSink,
) -> MigrationReport:
    started_at = services.clock.now()
    start = ShardStart(
        choice=choice,
        settings=settings,
        services=services,
        owner_id=owner_id,
        process=current_process(),
        stop=stop,
        on_progress=on_progress,
        has_objects=partial(has_objects, services.objects, settings.layout),
    )
    acquired = await start.acquire()
    if acquired is not None:
        return await Run(*acquired, settings, services, stop=stop, on_progress=on_progress).work(on_cut_short)
    return MigrationReport(
        run_id=None,
        dry_run=False,
        state=RunState.STOPPED,
        state_reason=StopReason.REQUEST,
        started_at=started_at,
        finished_at=services.clock.now(),
        plan=PlanTotals(),
        counters=_NOTHING,
        open_documents=0,
        failed_by_class={},
        shard=ShardPart(choice.index, choice.count),
    )


async def _try_filter(settings: Settings, services: Services) -> None:
    try:
        await services.documents.page(settings.selection, DocumentView.PLAN, None)
    except DataError as error:
        raise UsageError(
            f"--where was not accepted: {error.message}", hint="it must be a filter that MongoDB's find understands"
        ) from error


async def plan_only(
    settings: Settings, services: Services, *, stop: asyncio.Event, on_progress: ProgressSink
) -> MigrationReport:
    """Read everything, fetch and write nothing: what a start would do."""
    check_types(settings)
    await services.objects.check()
    await services.documents.check()
    if settings.selection.where:
        await _try_filter(settings, services)
    started_at = services.clock.now()
    totals, hosts = PlanTotals(), Counter[str | None]()
    after: PageToken | None = None
    limit, fed = settings.selection.limit, 0
    while not stop.is_set():
        page = await services.documents.page(settings.selection, DocumentView.PLAN, after)
        for document in page.documents:
            totals = count_document(totals, document, settings.mapping, settings.selection)
            is_wanted = not document.is_processed or settings.selection.retry_failed
            if (
                (limit is None or fed < limit)
                and is_wanted
                and has_work(document, settings.mapping, settings.selection)
            ):
                fed += 1
                work = plan_work(document, settings.mapping, settings.selection)
                hosts.update(host_of(image.fetch_url) if image.fetch_url else None for image in work.todo)
        on_progress(Progress("planning", totals, _NOTHING, None))
        after = page.next
        if after is None:
            break
    ranked = sorted(hosts.items(), key=lambda item: (-item[1], item[0] or ""))
    return MigrationReport(
        run_id=None,
        dry_run=True,
        state=RunState.PLANNED,
        state_reason=None,
        started_at=started_at,
        finished_at=services.clock.now(),
        plan=totals,
        counters=_NOTHING,
        open_documents=fed,
        failed_by_class={},
        planned_hosts=tuple(PlannedHost(host, images) for host, images in ranked),
    )


def check_types(settings: Settings) -> None:
    """Raise UsageError for a `--type` that no field has."""
    known = {rule.image_type for rule in settings.mapping.fields}
    for image_type in settings.selection.image_types:
        if image_type not in known:
            raise UsageError(
                f"there is no image type {image_type!r}", hint=f"types of this collection: {', '.join(sorted(known))}"
            )
