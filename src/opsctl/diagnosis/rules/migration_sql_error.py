"""The database rejects the migration's own statement

What is wrong
-------------
The migration reached the database, the objects it names are as it assumes, and the server still refuses the
statement: wrong syntax for this server or version, a form that is not allowed where it stands (CREATE INDEX
CONCURRENTLY inside a transaction), a limit (key too long, too many columns), or a constraint that rows already in the
table break (NOT NULL over nulls, UNIQUE over duplicates, a foreign key over orphans, a cast that does not fit).

How it is recognised
--------------------
- SQLSTATE classes 42 (without the codes of drift), 22, 23, 54, 2B, 0A and 25001; MySQL 1064, 1071, 1215, 1452, 1062,
  1265, 1406, ...; SQL Server 102, 515, 547, 1505, 2627, 5074, ...; ORA-00900 to 00936, ORA-02296, ORA-02299.
- "syntax error at or near", "You have an error in your SQL syntax", "cannot run inside a transaction block",
  "contains null values", "could not create unique index", "cannot be cast automatically to type".
- A tool's own refusal of the file: mixed transactional statements (Flyway), an unfinished statement (goose), a
  dangerous operation (strong_migrations).

Look-alikes
-----------
- `schema-drift`: the statement is right, an object is there already or is missing.
- `migration-history-conflict`: a retry meets the record of the failed migration ("dirty", P3009); the first attempt
  says why it failed.
- `db-privilege-missing`: the statement would be accepted from another user.
- `application-error`: the same constraint words from a program that writes data, with no migration running.
- "current transaction is aborted" only says that an earlier statement failed: look above it.

Remedy
------
Change the migration: correct the statement, take it out of the transaction, split it, shorten the name, or give the
new column a default and fill it before NOT NULL. When rows are in the way, find and clean them first, in a migration
of their own. Try the result on a copy of the production data; a migration without a transaction may have left parts.

Sources
-------
PostgreSQL manual, appendix A and CREATE INDEX; MySQL and SQL Server error references; Oracle error messages; flyway
ParserSqlScript.java; goose sqlparser; prisma-engines destructive change checker; rails errors.rb.
"""

from __future__ import annotations

from opsctl.diagnosis.rule import Check, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.migration_sql_error_localised_signs import SIGNS_LOCALISED
from opsctl.diagnosis.rules.migration_sql_error_postgres_signs import SIGNS_FORM, SIGNS_ROWS
from opsctl.diagnosis.rules.migration_sql_error_server_signs import SIGNS_MYSQL, SIGNS_OTHERS
from opsctl.diagnosis.rules.migration_sql_error_tool_signs import SIGNS_TOOLS


def _listed(codes: str) -> tuple[str, ...]:
    return tuple(codes.split())


_SQLSTATE_FORM = _listed(
    "42601 42602 42611 42622 42702 42712 42725 42803 42804 42809 42830 42846 42939 42P02 42P08 42P09 "
    "42P10 42P13 42P16 42P17 42P18 42P19 42P20 42P21 42P22 428C9 25001 2BP01 55P04 54* 22023 22P05"
)
_SQLSTATE_ROWS = _listed("23502 23503 23514 23P01 22001 22003 22007 22008 22012 22P02 22P03 0A000")
_MYSQL_FORM = _listed(
    "1059 1063 1064 1067 1068 1069 1071 1074 1075 1093 1101 1115 1117 1118 1136 1149 1170 1171 1193 "
    "1215 1221 1235 1253 1267 1273 1286 1293 1318 1418 1553 1709 1822 1828 1829 1832 1833 1845 1846 3730 3750 "
    "3780"
)
_MYSQL_ROWS = _listed("1048 1062 1138 1264 1265 1292 1364 1366 1406 1451 1452 1690 3140 3819 4025")

RULE = Rule(
    cause="migration-sql-error",
    family="migration",
    stage=Stage.WORK,
    signs=SIGNS_FORM + SIGNS_ROWS + SIGNS_LOCALISED + SIGNS_MYSQL + SIGNS_OTHERS + SIGNS_TOOLS,
    codes=(
        Codes("sqlstate", Weight.DECISIVE, _SQLSTATE_FORM),
        Codes("sqlstate", Weight.STRONG, _SQLSTATE_ROWS),
        Codes("sqlstate", Weight.MODERATE, ("42883", "23505", "23000", "55000", "55006", "P0001", "58P01", "42000")),
        Codes("sqlstate", Weight.WEAK, ("25P02",)),
        Codes("mysql", Weight.DECISIVE, _MYSQL_FORM),
        Codes("mysql", Weight.STRONG, _MYSQL_ROWS),
        Codes("mysql", Weight.MODERATE, ("1005", "1025", "1022")),
        Codes(
            "mssql",
            Weight.DECISIVE,
            _listed(
                "102 105 111 137 156 170 226 319 515 547 574 1505 1701 1776 1778 1785 1919 3726 4901 4922 "
                "5074 8101 8111"
            ),
        ),
        Codes("mssql", Weight.STRONG, ("241", "245", "2601", "2627", "2628", "8114", "8115", "8152")),
        Codes(
            "oracle",
            Weight.DECISIVE,
            _listed(
                "00900 00905 00906 00907 00908 00911 00922 00933 00936 01400 01439 01440 01441 01758 02270 02291 "
                "02292 02293 02296 02298 02299 00001 12899 00972 06550"
            ),
        ),
        Codes("prisma", Weight.STRONG, ("P3021", "P3022")),
        Codes(
            "prisma", Weight.MODERATE, ("P3018", "P3006", "P2000", "P2002", "P2003", "P2004", "P2010", "P2011", "P2012")
        ),
    ),
    remedies=(
        Remedy(
            "find_rows",
            Risk.READ_ONLY,
            (
                'psql "$DATABASE_URL" -c "select COLUMN, count(*) from TABLE group by COLUMN having count(*) > 1"',
                'psql "$DATABASE_URL" -c "select count(*) from TABLE where COLUMN is null"',
            ),
        ),
        Remedy("change_migration", Risk.REVERSIBLE),
        Remedy("clean_rows", Risk.CHANGES_DATA),
        Remedy("deploy_without", Risk.REVERSIBLE, is_workaround=True),
    ),
    check=Check(
        "logs",
        "opsctl cloudrun logs {execution} --project={project} --region={region}",
    ),
)
