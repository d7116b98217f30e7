"""Defects and refusals of the program itself, which yield to every cause that says more."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.application_error import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause
TRACE = [
    "Traceback (most recent call last):",
    '  File "/app/job.py", line 12, in main',
    "TypeError: 'NoneType' object is not iterable",
]


@pytest.mark.parametrize(
    ("lines", "exit_code"),
    [
        (
            [
                "TypeError: Cannot read properties of undefined (reading 'toFixed')",
                "    at /app/dist/report.js:40:34",
                "Node.js v20.11.0",
            ],
            1,
        ),
        (["ReferenceError: totals is not defined", "    at run (/app/dist/job.js:3:1)"], 1),
        (["RangeError: Maximum call stack size exceeded"], 1),
        (["Error: Nest can't resolve dependencies of the ReportService (?)."], 1),
        (TRACE, 1),
        (
            ["Traceback (most recent call last):", '  File "/app/job.py", line 12, in main', "KeyError: 'customer_id'"],
            1,
        ),
        (
            [
                "ImportError: cannot import name 'db' from partially initialized module 'app' (most likely due to a "
                "circular import)"
            ],
            1,
        ),
        (["panic: runtime error: index out of range [3] with length 3", "", "goroutine 1 [running]:"], 2),
        (['Exception in thread "main" java.lang.NullPointerException: Cannot invoke "String.trim()"'], 1),
        (
            [
                "Unhandled exception. System.NullReferenceException: Object reference not set to an instance of an "
                "object."
            ],
            134,
        ),
        (["undefined method `name' for nil:NilClass (NoMethodError)"], 1),
        (["PHP Fatal error:  Uncaught Error: Call to a member function find() on null in /app/src/Job.php:20"], 255),
        (["** (MatchError) no match of right hand side value: {:error, :empty}"], 1),
        (["called `Option::unwrap()` on a `None` value"], 101),
        (["ERROR validation failed: 17 of 2000 records rejected", "Exiting with code 4"], 4),
        (
            [
                "ActiveRecord::ProtectedEnvironmentError: You are attempting to run a destructive action against "
                "your 'production' database."
            ],
            1,
        ),
        (["Test Suites: 1 failed, 11 passed, 12 total"], 1),
    ],
)
def test_fires(lines: list[str], exit_code: int) -> None:
    assert first_cause(failed_run(lines, exit_code=exit_code)) == CAUSE


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (["Unhandled exception", "Error: connect ECONNREFUSED 10.0.0.3:5432"], "db-connection-refused"),
        (["Traceback (most recent call last):", "ModuleNotFoundError: No module named 'app'"], "module-not-found"),
        (
            ["Traceback (most recent call last):", 'psycopg2.errors.UndefinedTable: relation "jobs" does not exist'],
            "schema-drift",
        ),
        (["panic: required key DB_DSN missing value"], "env-missing"),
        (["TypeError: dayjs_1.default is not a function"], "module-format-mismatch"),
    ],
)
def test_a_specific_cause_hides_it(lines: list[str], cause: str) -> None:
    assert first_cause(failed_run(lines)) == cause


@pytest.mark.parametrize(
    "line", ["0 errors found", "error handling enabled", "validation passed for 200 rows", "exit code 0"]
)
def test_ordinary_lines_do_not_fire(line: str) -> None:
    found = find_cause(diagnose_run(failed_run([line])), CAUSE)
    assert found is None or found.probability < 0.3


def test_a_bare_trace_is_never_enough() -> None:
    ranking = diagnose_run(
        failed_run(["Traceback (most recent call last):", '  File "/app/job.py", line 9, in <module>'])
    )
    found = find_cause(ranking, CAUSE)
    assert found is not None
    assert found.verdict is Verdict.POSSIBLE
    assert ranking.unknown > found.probability


def test_a_changed_file_in_the_trace() -> None:
    commit = {
        "id": "0123456789abcdef",
        "subject": "Totals",
        "time": "2025-12-31T00:00:00Z",
        "files": ["src/job.py", "README.md"],
    }
    sections = {"commits": {"repository": "r", "from": "a", "to": "b", "commits": [commit]}}
    found = find_cause(diagnose_run(failed_run(TRACE, sections=sections)), CAUSE)
    assert found is not None
    piece = next(piece for piece in found.support if piece.id == "changed_file_in_trace")
    assert piece.clue is not None
    assert piece.clue.values == {"file": "src/job.py", "commit": "0123456789ab"}


def test_an_exit_code_of_its_own() -> None:
    found = find_cause(diagnose_run(failed_run(["done with problems"], exit_code=17)), CAUSE)
    assert found is not None
    assert {piece.id for piece in found.support} == {"own_exit_code"}


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(TRACE, without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    "line",
    [
        "CRITICAL: Source row count (0) is below the accepted minimum of 1000. Not replacing the table.",
        "2026-01-01 02:00:03 FATAL Ledger is out of balance by 12.40, nothing was written",
        "ERROR: expected 12 files but got 3",
        "ERROR Duplicate invoice numbers in batch 77; batch rejected",
        "/app/run.sh: line 58: [: -gt: unary operator expected",
    ],
)
def test_refusals_in_own_words(line: str) -> None:
    found = diagnose_run(failed_run(["Loading 3 source files", line])).findings[0]
    assert found.rule.cause == CAUSE


@pytest.mark.parametrize(
    "line",
    [
        "0 errors found",
        "INFO expected 12 files, got 12",
        "INFO rows below the minimum threshold: 0",
        "duplicate rows removed: 12",
    ],
)
def test_ordinary_words_are_no_refusal(line: str) -> None:
    assert diagnose_run(failed_run([line, "Closing"])).findings == ()


def test_a_refusal_yields_to_what_caused_it() -> None:
    lines = [
        "FATAL: nothing was written",
        'psycopg2.OperationalError: FATAL:  password authentication failed for user "app"',
    ]
    assert first_cause(failed_run(lines)) == "db-auth-failed"
