"""A timeout while work was going on, told from timeouts of other kinds."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.models import Evidence
from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rule import Weight
from opsctl.diagnosis.rules.task_timeout import RULE
from tests.diagnosis.runs import TIMED_OUT, diagnose_run, facts_of, failed_run, find_cause


def timed_out(lines: list[str], last_line_seconds: float, **more: object) -> Evidence:
    return failed_run(
        lines,
        message=TIMED_OUT,
        duration_seconds=600,
        last_line_seconds=last_line_seconds,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "template",
    [
        "Processed {n}000 of 500000 rows",
        "[{n}%] embedding documents",
        "INFO crawler fetched https://example.com/p/{n}",
        "Finished batch {n}",
        "✔ Tenant {n} migrated",
        "Successfully processed user {n}",
        'pg_dump: dumping contents of table "public.events_{n}"',
        '{{"severity":"INFO","message":"Processing order {n}"}}',
        "주문 {n}건 처리 완료",
    ],
)
def test_progress_until_the_end_needs_more_time(template: str) -> None:
    lines = [template.format(n=number) for number in range(1, 40)]
    found = diagnose_run(timed_out(lines, 595)).findings[0]
    assert found.rule is RULE
    assert found.probability > 0.8


def test_a_long_statement_is_possible_and_no_more() -> None:
    found = diagnose_run(timed_out(["CREATE INDEX idx_orders_created ON orders (created_at)"], 4)).findings
    timeout = next((one for one in found if one.rule is RULE), None)
    assert timeout is not None
    assert "long_step" in {piece.id for piece in timeout.support}
    assert timeout.probability <= 0.6


@pytest.mark.parametrize(
    ("lines", "clue"),
    [
        (["Connecting to 10.20.0.3:5432..."], "waiting"),
        (["Acquiring migration lock"], "waiting"),
        (["Waiting for database... attempt 12 of 60"], "waiting"),
        (["Seeding users", "Seeding completed"], "work_over"),
        (["Server listening on port 8080"], "work_over"),
        ([], "no_words"),
    ],
)
def test_other_last_words_speak_against_it(lines: list[str], clue: str) -> None:
    run = timed_out(lines, 3)
    assert [(one.id, one.supports) for one in RULE.look(facts_of(run))] == [(clue, False)]
    found = find_cause(diagnose_run(run), "task-timeout")
    assert found is None or found.probability < 0.4


def test_tries_until_the_end_are_no_progress() -> None:
    lines = [f"could not reach the server, retrying ({number}/100)" for number in range(1, 60)]
    found = find_cause(diagnose_run(timed_out(lines, 598)), "task-timeout")
    assert found is None or found.probability < 0.5
    assert all(not one.supports for one in RULE.look(facts_of(timed_out(lines, 598))))


def test_one_request_and_silence_is_hardly_work() -> None:
    clues = list(RULE.look(facts_of(timed_out(["Fetching page 3 of the orders"], 2))))
    assert [(one.id, one.weight) for one in clues] == [("long_step", Weight.WEAK)]


def test_an_attempt_that_ended_itself_had_no_timeout() -> None:
    found = find_cause(diagnose_run(failed_run(["Processed 1 of 9", "TypeError: boom"])), "task-timeout")
    assert found is not None
    assert found.verdict is Verdict.RULED_OUT
    assert [piece.id for piece in found.against] == ["ended_itself"]


def test_a_later_attempt_that_timed_out_does_not_speak_first() -> None:
    run = failed_run(attempts=[["Error: boom"], ["Processed 1 of 9"]], message=TIMED_OUT, system=[])
    found = find_cause(diagnose_run(run), "task-timeout")
    assert found is None or "progress" not in {piece.id for piece in found.support}


def test_a_timeout_that_was_lowered_supports_it() -> None:
    before = {
        "name": "projects/shop-prod/locations/europe-west1/jobs/orders-migrate/executions/orders-migrate-a1b2c",
        "completionTime": "2025-12-31T00:00:00Z",
        "template": {"timeout": "3600s"},
        "conditions": [{"type": "Completed", "state": "CONDITION_SUCCEEDED"}],
    }
    run = timed_out(["Starting the import"], 2, sections={"baseline": {"execution": before}})
    found = find_cause(diagnose_run(run), "task-timeout")
    assert found is not None
    assert "timeout_changed" in {piece.id for piece in found.support}


def test_without_the_program_s_lines_the_timeout_is_known_and_its_kind_is_not() -> None:
    lines = [f"Processed {number} of 500" for number in range(40)]
    seen = diagnose_run(timed_out(lines, 595)).findings[0]
    unseen = find_cause(diagnose_run(timed_out(lines, 595, without=("logs",))), "task-timeout")
    assert seen.rule is RULE
    assert unseen is None or unseen.probability < 0.2
