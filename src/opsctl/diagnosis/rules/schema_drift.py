"""Schema drift: objects in the database differ from what the migration assumes

What is wrong
-------------
The migration (or the program) was reached by the database and its statement was understood, but an object it names
is already there, or is not there: a table, column, index, type or constraint. The schema was changed past the
migrations, was restored from elsewhere, was built by another tool (a `synchronize` or `db push`, an init script), or
an earlier run did half of its work before it died.

How it is recognised
--------------------
- PostgreSQL 42P07, 42P01, 42701, 42703, 42710, 42704, 42P06, 3F000; MySQL 1050, 1051, 1054, 1060, 1061, 1091, 1146;
  SQL Server 2714, 207, 208, 3701, 4924; ORA-00942, ORA-00955; Prisma P2021, P2022; the SQLSTATEs 42S01 to 42S22 of
  ODBC.
- "relation ... already exists", "column ... does not exist", "Duplicate column name", "Unknown table", "There is
  already an object named", "no such table", also in other languages of the server.

Look-alikes
-----------
- A notice "already exists, skipping" of CREATE ... IF NOT EXISTS is harmless.
- When only a retry says "already exists", the first attempt got half way: its own error is the cause.
- `migration-history-conflict`: the tool's record of migrations is wrong, and it says so before the first statement.
- `db-not-found`: the database itself is missing. `db-auth-failed`: the role that logs in is missing.
- `db-privilege-missing`: the object is there and may not be touched; SQL Server uses one text for both.
- `migration-config-invalid`: "no schema has been selected to create in" is a wrong search path.

Remedy
------
Compare the schema with what the migrations would make of an empty database. If the object is as the migration wants
it, mark the migration as applied. If it is half done, undo the leftovers or finish them by hand, and run again. Then
stop whatever else changes the schema (`synchronize`, `db push`, manual DDL).

Sources
-------
PostgreSQL manual, appendix A; MySQL and SQL Server error references; prisma-engines user-facing-errors; typeorm
query runners; rails schema_statements.rb; django schema editor; hibernate schema validator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.migration_traces import said_only_by_retries
from opsctl.diagnosis.rules.schema_drift_postgres_signs import SIGNS_POSTGRES
from opsctl.diagnosis.rules.schema_drift_signs import SIGNS_MYSQL, SIGNS_OTHERS
from opsctl.diagnosis.rules.schema_drift_tool_signs import SIGNS_TOOLS

_LEFT_BEHIND = re.compile(
    r"already exists|already an object named|duplicate (?:column|key) name|column names in each table must be unique",
    re.IGNORECASE,
)


def look(facts: Facts) -> Iterator[Clue]:
    """What only a retry met was left behind by the attempt before it."""
    met = said_only_by_retries(facts, _LEFT_BEHIND)
    if met is not None:
        yield Clue("retry_only", Weight.STRONG, (met.pointer,), supports=False)


def _listed(codes: str) -> tuple[str, ...]:
    return tuple(codes.split())


RULE = Rule(
    cause="schema-drift",
    family="migration",
    stage=Stage.WORK,
    signs=SIGNS_POSTGRES + SIGNS_MYSQL + SIGNS_OTHERS + SIGNS_TOOLS,
    codes=(
        Codes(
            "sqlstate",
            Weight.DECISIVE,
            _listed("42P07 42P01 42701 42703 42710 42P06 42723 42S01 42S02 42S11 42S12 42S21 42S22"),
        ),
        Codes("sqlstate", Weight.STRONG, ("42704",)),
        Codes("sqlstate", Weight.MODERATE, ("42883", "3F000")),
        Codes("mysql", Weight.STRONG, ("1305",)),
        Codes(
            "mysql",
            Weight.DECISIVE,
            _listed("1050 1051 1054 1060 1061 1072 1091 1146 1176 1304 1359 1360 1824 1826 3734 3821 3822"),
        ),
        Codes("mysql", Weight.MODERATE, ("1007", "1008", "1022", "1068", "1356")),
        Codes("mssql", Weight.DECISIVE, ("207", "208", "1913", "2705", "2714", "3728", "4924", "1911", "1779")),
        Codes("mssql", Weight.STRONG, ("3701", "4902", "1088", "3727", "2706")),
        Codes(
            "oracle",
            Weight.DECISIVE,
            _listed("00955 00942 01430 00904 01408 02443 02275 02261 02260 01418 02289 04043"),
        ),
        Codes("prisma", Weight.DECISIVE, ("P2021", "P2022")),
        Codes("prisma", Weight.MODERATE, ("P4002",)),
    ),
    look=look,
    remedies=(
        Remedy(
            "compare",
            Risk.READ_ONLY,
            (
                "npx prisma migrate diff --from-url URL --to-migrations prisma/migrations --shadow-database-url"
                " SHADOW_URL",
                'pg_dump --schema-only "$DATABASE_URL" > schema.sql',
            ),
        ),
        Remedy(
            "mark_applied",
            Risk.CHANGES_DATA,
            (
                "npx prisma migrate resolve --applied MIGRATION",
                "python manage.py migrate APP MIGRATION --fake",
                "alembic stamp REVISION",
                "flyway baseline -baselineVersion=VERSION",
            ),
        ),
        Remedy("undo_leftovers", Risk.CHANGES_DATA),
        Remedy("make_idempotent", Risk.REVERSIBLE, is_workaround=True),
    ),
    check=Check(
        "cloudsql",
        'psql "$DATABASE_URL" -c "select table_schema, table_name, column_name, data_type from'
        " information_schema.columns where table_name = 'TABLE'\"",
    ),
)
