"""Processes that stay alive after their work, or by design; and timeouts of other kinds."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.models import Evidence
from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.process_never_exits import RULE
from tests.diagnosis.runs import TIMED_OUT, diagnose_run, failed_run, find_cause


def timed_out(lines: list[str], last_line_seconds: float, **more: object) -> Evidence:
    return failed_run(
        lines,
        message=TIMED_OUT,
        duration_seconds=600,
        last_line_seconds=last_line_seconds,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("lines", "clue"),
    [
        (["Running migrations", "No pending migrations to apply."], "work_done"),
        (["Seeding users...", "Seeding completed ✅"], "work_done"),
        (["Migration AddUsers1700000000000 has been executed successfully.", "Migrations complete"], "work_done"),
        (['{"level":"info","msg":"sync complete","rows":5120}'], "work_done"),
        (["Batch 3 run: 5 migrations"], "work_done"),
        (["Processed 500/500 records"], "work_done"),
        (["Done.", "Closing connection pool..."], "work_done"),
        (["마이그레이션 완료"], "work_done"),
        (["[Nest] 1 - LOG [NestApplication] Nest application successfully started"], "listening"),
        (["> node dist/main.js", "Server listening on http://0.0.0.0:8080"], "listening"),
        (["INFO:     Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)"], "listening"),
        (["[GIN-debug] Listening and serving HTTP on :8080"], "listening"),
        ([" [*] Waiting for messages. To exit press CTRL+C"], "listening"),
        (["[2026-01-01 00:00:04,000: INFO/MainProcess] celery@localhost ready."], "listening"),
        (["12:00:00 AM - Found 0 errors. Watching for file changes."], "listening"),
        (["Is posts table created or renamed from another table?", "> + posts   create table"], "asking"),
    ],
)
def test_silence_after_the_work_is_recognised(lines: list[str], clue: str) -> None:
    found = diagnose_run(timed_out(lines, 6)).findings[0]
    assert found.rule is RULE
    assert clue in {piece.id for piece in found.support}
    assert found.probability >= 0.6


def test_a_worker_that_polls_until_the_end_is_recognised() -> None:
    lines = ["Worker started", *["polling for jobs: no new jobs"] * 20]
    assert diagnose_run(timed_out(lines, 595)).findings[0].rule is RULE


@pytest.mark.parametrize(
    "line",
    [
        "poll: 0 due posts",
        "12:00:{second:02d} checking queue... found 0 items",
        "[worker] fetched 0 jobs",
        "tick",
    ],
)
def test_lines_that_say_the_same_until_the_end_are_no_work(line: str) -> None:
    lines = ["scheduler booted", *[line.format(second=second) for second in range(12)]]
    ranking = diagnose_run(timed_out(lines, 595))
    assert ranking.findings[0].rule is RULE
    assert ranking.findings[0].probability > 0.85


@pytest.mark.parametrize("line", ["inserted 1000 rows", "waiting for lock on table users"])
def test_the_same_work_or_the_same_wait_again_and_again_is_not_it(line: str) -> None:
    found = find_cause(diagnose_run(timed_out(["start", *[line] * 12], 597)), "process-never-exits")
    assert found is None or found.probability < 0.15


def test_numbers_of_debug_lines_after_the_work_are_not_work() -> None:
    lines = ["Job completed with status COMPLETED", "DEBUG Updating: TaskExecution with executionId=4"]
    assert diagnose_run(timed_out(lines, 6)).findings[0].rule is RULE


@pytest.mark.parametrize(
    ("lines", "last_line_seconds"),
    [
        (["Connected successfully", "Acquiring advisory lock"], 1),
        (["Cloud SQL Proxy: listening on 127.0.0.1:5432, ready for new connections", "Waiting for database"], 4),
        ([f"Finished batch {number}" for number in range(40)], 597),
        (["Connecting to db.internal..."], 1),
    ],
)
def test_waiting_and_working_are_not_it(lines: list[str], last_line_seconds: float) -> None:
    found = find_cause(diagnose_run(timed_out(lines, last_line_seconds)), "process-never-exits")
    assert found is None or found.probability < 0.15


def test_a_server_that_fails_at_once_is_not_it() -> None:
    lines = ["Server listening on 8080", "Error: listen EADDRINUSE: address already in use :::8080"]
    found = find_cause(diagnose_run(failed_run(lines)), "process-never-exits")
    assert found is not None
    assert found.verdict is Verdict.RULED_OUT


def test_the_command_of_a_server_supports_it() -> None:
    run = timed_out(["booting"], 2, container={"command": ["npm"], "args": ["run", "start:prod"]})
    found = find_cause(diagnose_run(run), "process-never-exits")
    assert found is not None
    clues = {piece.id: piece.clue for piece in found.support}
    assert clues["server_command"] is not None
    assert clues["server_command"].values["command"] == "npm run start:prod"


def test_without_the_program_s_lines_it_cannot_be_told() -> None:
    found = find_cause(diagnose_run(timed_out(["Done."], 3, without=("logs",))), "process-never-exits")
    assert found is None or found.probability < 0.1
