"""Objects that are there already or missing, in the words of servers and tools; notices; leftovers of a first try."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.schema_drift import RULE
from tests.diagnosis.runs import TIMED_OUT, diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause


@pytest.mark.parametrize(
    "line",
    [
        'QueryFailedError: relation "users" already exists',
        'pq: relation "public.accounts" does not exist',
        'error: migration failed: column "state" of relation "jobs" already exists in line 0: ALTER TABLE jobs',
        'PG::DuplicateObject: ERROR:  type "order_status" already exists',
        'ERROR: constraint "orders_user_id_fkey" of relation "orders" does not exist',
        "django.db.utils.OperationalError: (1091, \"Can't DROP 'name'; check that column/key exists\")",
        "Mysql2::Error: Duplicate column name 'phone'",
        "Error: ER_NO_SUCH_TABLE: Table 'shop.users' doesn\\'t exist",
        "SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.jobs' doesn't exist",
        "Microsoft.Data.SqlClient.SqlException (0x80131904): There is already an object named 'Roles' in the database.",
        'Npgsql.PostgresException (0x80004005): 42P07: relation "AspNetRoles" already exists',
        "SqliteError: no such column: users.locale",
        "The table `public.User` does not exist in the current database.",
        "Drift detected: Your database schema is not in sync with your migration history.",
        "SchemaManagementException: Schema-validation: missing column [tenant_id] in table [orders]",
        "** (MyXQL.Error) (1050) (ER_TABLE_EXISTS_ERROR) Table 'users' already exists",
        "Code: 57. DB::Exception: Table shop.events already exists. (TABLE_ALREADY_EXISTS)",
        "MongoServerError: ns not found",
        '{"level":"error","msg":"relation \\"users\\" already exists"}',
        "FEHLER:  Relation »users« existiert bereits",
        '오류:  "users" 이름의 릴레이션(relation)이 없습니다',
        'ERROR:  relation "files" does not exist',
        "(conn=41) Failed to add the foreign key constraint. Missing column 'app_id' for constraint 'fk_app' in the"
        " referenced table 'apps'",
        "snuba.clickhouse.errors.ClickhouseError: DB::Exception: Table default.migrations_dist doesn't exist. Stack",
        "QueryFailedError: cnst.consrc column does not exist",
        '(node:29) UnhandledPromiseRejectionWarning: Error: Migration failed. Reason: relation "users" already exists',
        "WARN 8509 --- [main] ConfigServletWebServerApplicationContext : Exception encountered during context"
        " initialization - cancelling refresh attempt: liquibase.exception.DatabaseException: ERROR: relation"
        ' "company" already exists [Failed SQL: (0) CREATE TABLE company]',
    ],
)
def test_fires(line: str) -> None:
    assert first_cause(failed_run(["Running migrations", line])) == CAUSE


@pytest.mark.parametrize(
    "lines",
    [
        ['NOTICE:  relation "users" already exists, skipping', "KeyError: 'total'"],
        ['NOTICE:  extension "pgcrypto" already exists, skipping', 'NOTICE:  table "tmp" does not exist, skipping'],
        ["Note (Code 1050): Table 'users' already exists"],
        ["Error: The specified bucket does not exist."],
        ["409 Conflict: You already own this bucket; it already exists"],
        ["error: the index file /data/idx does not exist"],
        ['FATAL:  role "app" does not exist'],
        ['FATAL:  database "shop" does not exist'],
        ["User with this email already exists"],
        ["Remote migration versions not found in local migrations directory."],
    ],
)
def test_notices_and_other_things_do_not_fire(lines: list[str]) -> None:
    assert find_cause(diagnose_run(failed_run(lines)), CAUSE) is None


def test_a_refused_statement_is_not_drift() -> None:
    evidence = failed_run(['ERROR:  column "tenant_id" of relation "orders" contains null values'])
    assert first_cause(evidence) == "migration-sql-error"
    assert find_cause(diagnose_run(evidence), CAUSE) is None


def test_notices_of_a_driver_are_no_error() -> None:
    notice = ["{", "  severity_local: 'NOTICE',", "  severity: 'NOTICE',", "  code: '42P07',"]
    notice += ["  message: 'relation \"__drizzle_migrations\" already exists, skipping',", "}"]
    ranking = diagnose_run(failed_run([*notice, 'PostgresError: syntax error at or near "`"']))
    assert ranking.findings[0].rule.cause == "migration-sql-error"
    assert find_cause(ranking, CAUSE) is None
    in_one_line = "applying migrations...{ severity_local: 'NOTICE', severity: 'NOTICE', code: '42P06', message: 'x' }"
    assert find_cause(diagnose_run(failed_run([in_one_line])), CAUSE) is None


def test_an_error_object_behind_a_notice_counts() -> None:
    lines = ["{ severity: 'NOTICE', code: '42P06' } { severity: 'ERROR', code: '42P07' }"]
    found = find_cause(diagnose_run(failed_run(lines)), CAUSE)
    assert found is not None
    assert [piece.id for piece in found.support] == ["sqlstate:42P07"]


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(['relation "x" already exists'], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


def test_leftovers_of_the_first_attempt() -> None:
    first = ["Running migrations", 'ERROR:  check constraint "c" of relation "orders" is violated by some row']
    later = ["Running migrations", 'ERROR:  relation "orders_new" already exists']
    ranking = diagnose_run(failed_run(attempts=[first, later, later]))
    assert ranking.findings[0].rule.cause == "migration-sql-error"
    found = find_cause(ranking, CAUSE)
    assert found is None or "retry_only" in {piece.id for piece in found.against}


def test_leftovers_of_an_attempt_that_was_cut_short() -> None:
    first = ["CREATE TABLE orders_new", "copying rows"]
    later = ['ERROR:  relation "orders_new" already exists']
    evidence = failed_run(attempts=[first, later], message=TIMED_OUT, duration_seconds=600)
    found = find_cause(diagnose_run(evidence), CAUSE)
    assert found is not None
    assert "retry_only" in {piece.id for piece in found.against}


def test_drift_in_every_attempt_stays_the_cause() -> None:
    line = 'ERROR:  relation "users" already exists'
    found = diagnose_run(failed_run(attempts=[[line], [line], [line]])).findings[0]
    assert found.rule.cause == CAUSE
    assert not found.against
