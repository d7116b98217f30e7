"""Applying a manifest: one object after the other, and a report that says of each what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from opsctl.errors import OpsctlError
from opsctl.migration.kubernetes.manifest.errors import explain
from opsctl.migration.kubernetes.manifest.plan import ApplyPlan, PlannedObject
from opsctl.migration.kubernetes.manifest.report import Action, ManifestOutcome, ObjectReport, ObjectState
from opsctl.migration.kubernetes.ports import Cluster

_DONE = {Action.CREATE: ObjectState.CREATED, Action.CHANGE: ObjectState.CHANGED, Action.REPLACE: ObjectState.REPLACED}
Replace = Callable[[PlannedObject], Awaitable[None]]


async def apply_plan(
    cluster: Cluster, plan: ApplyPlan, replace: Replace, stop: asyncio.Event
) -> tuple[tuple[ObjectReport, ...], OpsctlError | None]:
    """Create and change what the plan says, in its order, `replace` the Job where it has to be.

    The first failure, or being asked to stop, ends it: what comes after is not tried. Returns the report of every
    object, and the error that ended it.
    """
    reports: list[ObjectReport] = []
    error: OpsctlError | None = None
    for item in plan.objects:
        if item.action is Action.NONE:
            reports.append(item.report(ObjectState.UNCHANGED))
        elif error is not None or stop.is_set():
            reports.append(item.report(ObjectState.NOT_TRIED))
        else:
            try:
                await _apply(cluster, item, replace)
            except OpsctlError as failure:
                error = explain(failure, item.document, plan.roles)
                reports.append(item.report(ObjectState.FAILED, failure.message))
            else:
                reports.append(item.report(_DONE[item.action]))
    return tuple(reports), error


def outcome_of(reports: tuple[ObjectReport, ...]) -> ManifestOutcome:
    """How it ended, from what became of the objects."""
    states = {report.state for report in reports}
    if states <= {ObjectState.UNCHANGED}:
        return ManifestOutcome.UNCHANGED
    if states & {ObjectState.FAILED, ObjectState.NOT_TRIED}:
        has_done = states & set(_DONE.values())
        return ManifestOutcome.INCOMPLETE if has_done or ObjectState.FAILED in states else ManifestOutcome.REFUSED
    return ManifestOutcome.APPLIED


async def _apply(cluster: Cluster, item: PlannedObject, replace: Replace) -> None:
    if item.action is Action.REPLACE:
        await replace(item)
    else:
        await cluster.apply(item.document.body)
