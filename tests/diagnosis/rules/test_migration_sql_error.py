"""Statements that a database refuses, in the words of servers and tools; and refusals of another kind."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.migration_sql_error import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause


@pytest.mark.parametrize(
    "line",
    [
        'error: syntax error at or near "ADDD"',
        "ERROR 1064 (42000) at line 3: You have an error in your SQL syntax; check the manual",
        "ActiveRecord::StatementInvalid: PG::ActiveSqlTransaction: ERROR:  CREATE INDEX CONCURRENTLY cannot"
        " run inside a"
        " transaction block",
        "error: migration failed: CREATE INDEX CONCURRENTLY cannot be executed within a pipeline in line 0",
        'django.db.utils.IntegrityError: column "slug" of relation "blog_post" contains null values',
        'sqlalchemy.exc.ProgrammingError: (psycopg2.errors.DatatypeMismatch) column "age" cannot be cast'
        " automatically to"
        " type integer",
        'ERROR:  could not create unique index "users_email_key"\nDETAIL:  Key (email)=(a@b.kr) is duplicated.',
        "SQLSTATE[42000]: Syntax error or access violation: 1071 Specified key was too long; max key length"
        " is 1000 bytes",
        "Error: ER_CANNOT_ADD_FOREIGN: Cannot add foreign key constraint",
        "Microsoft.Data.SqlClient.SqlException (0x80131904): Introducing FOREIGN KEY constraint 'FK_A' on table 'B' may"
        " cause cycles or multiple cascade paths.",
        'SqliteError: near "ALTER": syntax error',
        "Unknown collation: 'utf8mb4_0900_ai_ci'",
        "Added the required column `tenantId` to the `Order` table without a default value. There are 42 rows in this"
        " table, it is not possible to execute this step.",
        "goose run: ERROR 00004.sql: failed to parse SQL migration file: unexpected unfinished SQL query",
        "=== Dangerous operation detected #strong_migrations ===",
        'Migrations "AddIdx1700" override the transaction mode, but the global transaction mode is "all"',
        "ORA-02296: cannot enable (SHOP.) - null values found",
        'ERROR:  extension "timescaledb" is not available',
        '오류:  구문 오류, "ADDD" 부근',
        "ERROR:  there is no unique or exclusion constraint matching the ON CONFLICT specification",
        "ERROR:  column cannot have more than 2000 dimensions for hnsw index",
        'Npgsql.PostgresException: "23502: NULL-Wert in Spalte »id« von Relation »x« verletzt Not-Null-Constraint',
        "ERROR: Unable to parse statement in db/V7__x.sql at line 3 col 1. See https://rd.gt/3ipi7Pm",
    ],
)
def test_fires(line: str) -> None:
    assert first_cause(failed_run(["Running migrations", line])) == CAUSE


def test_prisma_names_the_code_of_the_server() -> None:
    lines = ["Error: P3018", "A migration failed to apply.", "Database error code: 42601", "Database error:"]
    assert first_cause(failed_run([*lines, 'ERROR: syntax error at or near "COLUM"'])) == CAUSE
    drifted = ["Error: P3018", "A migration failed to apply.", "Database error code: 42P07"]
    assert first_cause(failed_run([*drifted, 'ERROR: relation "User" already exists'])) == "schema-drift"


@pytest.mark.parametrize(
    "lines",
    [
        ["SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON"],
        ["12 migrations applied, 0 migrations failed", "KeyError: 'total'"],
        ['ERROR:  duplicate key value violates unique constraint "pg_type_typname_nsp_index"'],
        ["Error: Dirty database version 3. Fix and force version."],
        ["ERROR:  permission denied for schema public"],
    ],
)
def test_other_refusals_come_not_first(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_an_aborted_transaction_alone_is_only_a_hint() -> None:
    line = "ERROR:  current transaction is aborted, commands ignored until end of transaction block"
    found = find_cause(diagnose_run(failed_run([line])), CAUSE)
    assert found is None or found.probability < 0.6


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(["syntax error at or near"], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


def test_the_first_attempt_speaks() -> None:
    first = ['error: migration failed: syntax error at or near "FOO" (column 3) in line 2']
    later = ["error: Dirty database version 2. Fix and force version."]
    ranking = diagnose_run(failed_run(attempts=[first, later, later]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.8
