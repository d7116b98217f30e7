"""Why a log says nothing: "no lines" is not "nothing happened"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from opsctl.diagnosis.execution_list import ExecutionRow
from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.facts.reading import as_text
from opsctl.diagnosis.log_query import INGESTION_SECONDS, RETENTION_DAYS, active_exclusions
from opsctl.diagnosis.log_reading import LogSelection, SilenceReason
from opsctl.diagnosis.ports import Logs
from opsctl.errors import AccessDeniedError, OpsctlError

INGESTION_DELAY = timedelta(seconds=INGESTION_SECONDS)
DEFAULT_RETENTION = timedelta(days=RETENTION_DAYS)
_MOST_NAMED = 5


async def explain_silence(
    logs: Logs, project: str, row: ExecutionRow | None, selection: LogSelection, *, entries_read: int, now: datetime
) -> tuple[SilenceReason, ...]:
    """What may have kept the lines away, likeliest first. Never raises: what cannot be asked is one of the reasons."""
    reasons: list[SilenceReason] = []
    if entries_read and not selection.is_everything:
        return (SilenceReason("selection", str(entries_read)),)
    reasons.extend(_by_time(row, now))
    is_explained = any(reason.code == "not-started" for reason in reasons)
    if not is_explained:
        reasons.extend(await _by_exclusion(logs, project))
    return tuple(reasons) or (SilenceReason("nothing-known"),)


def _by_time(row: ExecutionRow | None, now: datetime) -> Iterator[SilenceReason]:
    if row is None:
        return
    if row.completed_at is None and row.outcome is Outcome.RUNNING:
        yield SilenceReason("running")
    elif row.completed_at is not None and now - row.completed_at < INGESTION_DELAY:
        yield SilenceReason("just-ended")
    elif row.completed_at is not None and row.started_at is None:
        yield SilenceReason("not-started", row.reason)
    ended = row.completed_at or row.created_at
    if ended is not None and now - ended > DEFAULT_RETENTION:
        yield SilenceReason("retention", str((now - ended).days))


async def _by_exclusion(logs: Logs, project: str) -> list[SilenceReason]:
    try:
        exclusions = await logs.list_exclusions(project)
    except OpsctlError as error:
        permission = error.permission if isinstance(error, AccessDeniedError) else None
        return [SilenceReason("exclusions-unknown", permission or error.message)]
    active = active_exclusions(exclusions)
    if any(as_text(exclusion.get("name")) == "_Default" and not exclusion.get("filter") for exclusion in active):
        return [SilenceReason("sink-disabled")]
    names = [as_text(exclusion.get("name")) for exclusion in active]
    return [SilenceReason("exclusion", ", ".join(names[:_MOST_NAMED]))] if names else []
