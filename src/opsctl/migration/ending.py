"""How a start of a run ends: its state, and the error to tell."""

from __future__ import annotations

from opsctl.errors import OpsctlError
from opsctl.migration.models import Counters, PlanTotals, RunState, Selection, StopReason


def final_state(
    plan: PlanTotals, done: Counters, selection: Selection, *, left: int, is_stopped: bool, reached_limit: bool
) -> tuple[RunState, str | None]:
    """The state and its reason; `left` documents wait for another start."""
    if is_stopped and (left or selection.retry_failed):
        return RunState.STOPPED, StopReason.REQUEST
    if reached_limit:
        return RunState.STOPPED, StopReason.LIMIT
    if left:
        return RunState.STOPPED, StopReason.TYPES if selection.image_types else StopReason.LEFT
    if plan.images_failed or plan.images_unselected or done.images_failed or done.documents_failed:
        return RunState.COMPLETE_WITH_FAILURES, None
    return RunState.COMPLETE, None


def first_known(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell: one of ours if there is one, else the first."""
    ours = errors.subgroup(OpsctlError)
    found: BaseException = ours or errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
