"""What `migrate images` ends with: who tries again on a 4 must come to an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from opsctl.cli.migrate.images import choose_exit_code
from opsctl.migration.models import Counters, PlanTotals, RunState, Selection
from opsctl.migration.report import MigrationReport

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
DONE = MigrationReport(
    run_id="vehicles-1",
    dry_run=False,
    state=RunState.COMPLETE,
    state_reason=None,
    started_at=MOMENT,
    finished_at=MOMENT,
    plan=PlanTotals(),
    counters=Counters(),
    open_documents=0,
    failed_by_class={},
)
FAILED = replace(DONE, state=RunState.COMPLETE_WITH_FAILURES, counters=Counters(images_failed=2))
FAILED_BEFORE = replace(DONE, state=RunState.COMPLETE_WITH_FAILURES)
LEFT = replace(DONE, state=RunState.STOPPED, open_documents=1, counters=Counters(images_later=1))
BOTH = replace(LEFT, counters=Counters(images_failed=1, images_later=1))
EVERYTHING = Selection(None, (), None, False)


@pytest.mark.parametrize(
    ("report", "plain", "accepting"),
    [(DONE, 0, 0), (FAILED, 4, 0), (FAILED_BEFORE, 4, 0), (LEFT, 4, 4), (BOTH, 4, 4)],
    ids=["done", "failed", "failed-before", "left", "both"],
)
def test_failures_may_be_accepted_and_what_is_left_may_not(report: MigrationReport, plain: int, accepting: int) -> None:
    codes = [choose_exit_code(report, EVERYTHING, accept_failures=accept) for accept in (False, True)]
    assert codes == [plain, accepting]


def test_a_limit_leaves_documents_on_purpose() -> None:
    limited = replace(LEFT, counters=Counters())
    assert choose_exit_code(limited, replace(EVERYTHING, limit=1), accept_failures=False) == 0
    assert choose_exit_code(limited, EVERYTHING, accept_failures=True) == 4


def test_looking_is_never_partial() -> None:
    assert choose_exit_code(replace(FAILED, dry_run=True), EVERYTHING, accept_failures=False) == 0
