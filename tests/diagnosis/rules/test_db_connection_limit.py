"""Servers and poolers that have no connection left."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = "db-connection-limit"
TOO_MANY = "FATAL:  sorry, too many clients already"


@pytest.mark.parametrize(
    "lines",
    [
        [TOO_MANY],
        ["error: remaining connection slots are reserved for roles with the SUPERUSER attribute", "  code: '53300',"],
        ["ERROR 1040 (HY000): Too many connections"],
        ["SQLSTATE[HY000] [1040] Too many connections"],
        ['Data source rejected establishment of connection,  message from server: "Too many connections"'],
        ["ERROR 1226 (42000): User 'app' has exceeded the 'max_user_connections' resource (current value: 10)"],
        ["FATAL: MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size"],
        ['Exceeded maximum of 100 connections per instance "p:us-central1:db"'],
        ["FATAL:  no more connections allowed (max_client_conn)"],
        ["ReplyError: ERR max number of clients reached"],
        ['connection to server at "10.0.0.3", port 5432 failed: FATAL:  sorry, too many clients already'],
    ],
)
def test_it_is_first_where_a_server_says_so(lines: list[str]) -> None:
    ranking = diagnose_run(failed_run(["Running migrations ...", *lines]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.85


def test_a_pool_that_gave_up_is_a_guess() -> None:
    lines = ["KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full."]
    found = find_cause(diagnose_run(failed_run(lines)), CAUSE)
    assert found is not None
    assert found.probability < 0.4


def test_many_tasks_support_it() -> None:
    found = find_cause(diagnose_run(failed_run([TOO_MANY], execution={"taskCount": 50, "parallelism": 25})), CAUSE)
    assert found is not None
    clue = next(piece.clue for piece in found.support if piece.id == "many_tasks")
    assert clue is not None
    assert clue.values == {"tasks": "25"}


@pytest.mark.parametrize(
    "lines",
    [
        ["KnexTimeoutError: Knex: Timeout acquiring a connection.", "Error: connect ECONNREFUSED ::1:5432"],
        ["HTTP 429 Too Many Requests"],
        ["pool ready: max connections (10)", "ERROR:  permission denied for schema public"],
        ["Error: EMFILE: too many open files, open '/app/x'"],
    ],
)
def test_it_is_not_first_on_look_alikes(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
