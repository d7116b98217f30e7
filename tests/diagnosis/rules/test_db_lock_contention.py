"""Locks and deadlocks in the words of servers and tools, silence behind a lock, and what only looks like one."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.db_lock_contention import RULE
from tests.diagnosis.runs import TIMED_OUT, diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause


@pytest.mark.parametrize(
    "line",
    [
        "PSQLException: ERROR: deadlock detected\n  Detail: Process 1 waits for AccessExclusiveLock on relation 2.",
        "SQLSTATE[40001]: Serialization failure: 1213 Deadlock found when trying to get lock; try restarting"
        " transaction",
        "Error: Lock wait timeout exceeded; try restarting transaction",
        "asyncpg.exceptions.LockNotAvailableError: canceling statement due to lock timeout",
        "Microsoft.Data.SqlClient.SqlException (0x80131904): Transaction (Process ID 61) was deadlocked on"
        " lock resources"
        " with another process and has been chosen as the deadlock victim. Rerun the transaction.",
        "Context: Timed out trying to acquire a MySQL advisory lock (SELECT GET_LOCK('prisma_migrate', 10))."
        " Elapsed: 10s",
        "Knex: MigrationLocked: Migration table is already locked",
        "liquibase.exception.LockException: Could not acquire change log lock.  Currently locked by web-1 (10.2.0.9)",
        "org.flywaydb.core.api.FlywayException: Number of retries exceeded while attempting to acquire"
        " PostgreSQL advisory"
        " lock. Configure the number of retries with the 'lockRetryCount' configuration option",
        "error: can't acquire lock",
        "ActiveRecord::ConcurrentMigrationError:\n\nCannot run migrations because another migration process"
        " is currently"
        " running.",
        "Error: SQLITE_BUSY: database is locked",
        "ERROR: Could not migrate up, a lock is present.",
        "오류:  교착 상태가 발생했습니다",
        "MigrationsAreLockedError: Migrations are running at the moment. Please wait that the lock get`s released.",
        'django.db.utils.IntegrityError: duplicate key value violates unique constraint "pg_class_relname_nsp_index"',
        "Timeout waiting for the migration lock",
    ],
)
def test_fires(line: str) -> None:
    assert first_cause(failed_run(["Running migrations", line])) == CAUSE


@pytest.mark.parametrize(
    "lines",
    [
        ["E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (apt)"],
        ["Error acquiring the state lock: ConditionalCheckFailedException (terraform)"],
        ["npm warn old lockfile", "npm error Failed to acquire lock for package-lock.json"],
        ["fatal error: all goroutines are asleep - deadlock!"],
        ["deadlock detected, retrying transaction (1/5)", "orders imported: 120", "KeyError: 'total'"],
        [
            "SequelizeConnectionAcquireTimeoutError: Operation timeout",
            "ResourceRequest timed out acquiring a connection",
        ],
        ["Can't take lock to run migrations: SQLITE_READONLY: attempt to write a readonly database"],
    ],
)
def test_other_locks_do_not_fire(lines: list[str]) -> None:
    assert find_cause(diagnose_run(failed_run(lines)), CAUSE) is None


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(["deadlock detected"], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    "last",
    [
        "Waiting for changelog lock....",
        "Acquiring an exclusive lock for migration application. See https://aka.ms/efcore-docs-migrations-lock",
        "SELECT pg_advisory_lock(72707369)",
        "Trying to acquire migration lock",
    ],
)
def test_silence_after_asking_for_a_lock(last: str) -> None:
    evidence = failed_run(["Connected", last], message=TIMED_OUT, duration_seconds=600, last_line_seconds=4)
    ranking = diagnose_run(evidence)
    assert ranking.findings[0].rule.cause == CAUSE
    assert "waits_until_timeout" in {piece.id for piece in ranking.findings[0].support}


def test_silence_after_a_statement_is_a_hint() -> None:
    evidence = failed_run(
        ["== 20260101 AddTenant: migrating ===", "-- add_index(:orders, :tenant_id)"],
        message=TIMED_OUT,
        duration_seconds=600,
        last_line_seconds=4,
    )
    found = find_cause(diagnose_run(evidence), CAUSE)
    assert found is not None
    assert [piece.id for piece in found.support] == ["begins_until_timeout"]
    assert found.probability < 0.6


def test_work_until_the_timeout_is_no_lock() -> None:
    lines = [f"copied {n}000 rows of 90000" for n in range(1, 40)]
    evidence = failed_run(lines, message=TIMED_OUT, duration_seconds=600, last_line_seconds=598)
    assert find_cause(diagnose_run(evidence), CAUSE) is None


def test_a_lock_that_only_a_retry_meets_is_a_consequence() -> None:
    first = ["Running migrations", 'ERROR:  syntax error at or near "ADDD"']
    later = ["MigrationLocked: Migration table is already locked"]
    ranking = diagnose_run(failed_run(attempts=[first, later]))
    assert ranking.findings[0].rule.cause == "migration-sql-error"
    found = find_cause(ranking, CAUSE)
    assert found is None or "retry_only" in {piece.id for piece in found.against}


def test_tasks_together_support_a_deadlock() -> None:
    evidence = failed_run(["error: deadlock detected\n  code: '40P01'"], execution={"taskCount": 3, "parallelism": 3})
    found = diagnose_run(evidence).findings[0]
    assert found.rule.cause == CAUSE
    assert "tasks_together" in {piece.id for piece in found.support}
