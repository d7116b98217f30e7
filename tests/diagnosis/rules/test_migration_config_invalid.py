"""Tools that stop over their own settings; what a variable or a missing file explains better; facts beside the log."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.migration_config_invalid import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause
NO_SCHEMA = "Error: Could not find Prisma Schema that is required for this command."


def image(*paths: str, absent: tuple[str, ...] = (), complete: bool = True) -> dict[str, Any]:
    files = [{"path": path, "type": "file"} for path in paths]
    return {"image": {"files": files, "absent": list(absent), "complete": complete}}


@pytest.mark.parametrize(
    "line",
    [
        "Error: Given data source file must contain export of a DataSource instance",
        'MissingDriverError: Wrong driver: "postgresql" given. Supported drivers are: "mysql", "postgres".',
        'EntityMetadataNotFoundError: No metadata for "User" was found.',
        "ERROR: Dialect needs to be explicitly supplied as of v4.0.0",
        "Error: knex: Unknown configuration option 'client' value postgressql. Note that it is case-sensitive",
        " Invalid input  Please specify 'dialect' param in config, either of 'postgresql', 'mysql' or 'sqlite'",
        "Error: No driver specified, please fill in the `driver` option or use `defineConfig` helper",
        "Error: P3019\n\nThe datasource provider `postgresql` specified in your schema does not match the"
        " one specified in"
        " the migration_lock.toml, `sqlite`.",
        "error: The datasource property `url` is no longer supported in schema files.",
        "FAILED: No 'script_location' key found in configuration.",
        "sqlalchemy.exc.InvalidRequestError: The asyncio extension requires an async driver to be used. The loaded"
        " 'psycopg2' is not async.",
        "django.core.exceptions.ImproperlyConfigured: 'mssql' isn't an available database backend or"
        " couldn't be imported.",
        "ActiveRecord::AdapterNotSpecified: 'production' database is not configured. Available: [\"development\"]",
        "InvalidArgumentException: Database connection [pgsql2] not configured.",
        "liquibase.exception.ChangeLogParseException: The file changelog.xml was not found in the configured"
        " search path:",
        "org.flywaydb.core.api.FlywayException: No value provided for placeholder: ${schema}",
        "error: database driver: unknown driver postgres (forgotten import?)",
        "Your target project 'Api' doesn't match your migrations assembly 'Data'. Either change your target project",
        "ERROR:  no schema has been selected to create in",
        'ERROR: prepared statement "s0" already exists',
        "[ERROR] Error: Environment(s) 'dev, development' not found.",
        "TypeError: dataSourceFileExports is not iterable",
        " Error  Please provide required params:\n    [✓] dialect: 'postgresql'",
        "  [InvalidArgumentException]\n  Database [{{DB_DRIVER}}] not configured.",
        'ConnectionNotFoundError: Connection "default" was not found.',
        'Error: sql/sqlclient: unknown driver "pg". See: https://atlasgo.io/url',
    ],
)
def test_fires(line: str) -> None:
    assert first_cause(failed_run(["Running migrations", line])) == CAUSE


@pytest.mark.parametrize(
    "lines",
    [
        ["error: Environment variable not found: DATABASE_URL.\n  -->  schema.prisma:10\nValidation Error Count: 1"],
        ["error: Error validating datasource `db`: the URL must start with the protocol `postgresql://`"],
        ['Loaded configuration file "config/database.js".', 'Using environment "production".'],
        ["Error: Dirty database version 3. Fix and force version."],
        ['ERROR:  relation "users" already exists'],
    ],
)
def test_what_others_explain_comes_not_first(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(["No 'script_location' key found"], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


def test_a_url_that_is_set_and_not_read() -> None:
    line = "KeyError: 'url'"
    found = find_cause(diagnose_run(failed_run([line], secrets={"DATABASE_URL": "db-url"})), CAUSE)
    assert found is not None
    assert {piece.id for piece in found.support} >= {"alembic-url", "url_is_set"}
    without = find_cause(diagnose_run(failed_run([line])), CAUSE)
    assert without is not None
    assert "url_is_set" not in {piece.id for piece in without.support}


def test_an_empty_url_is_not_set() -> None:
    found = find_cause(diagnose_run(failed_run(["KeyError: 'url'"], env={"DATABASE_URL": ""})), CAUSE)
    assert found is not None
    assert "url_is_set" not in {piece.id for piece in found.support}


def test_a_schema_at_another_place() -> None:
    sections = image("/app/packages/db/schema.prisma", "/app/node_modules/x/schema.prisma")
    found = diagnose_run(failed_run([NO_SCHEMA], sections=sections)).findings[0]
    assert found.rule.cause == CAUSE
    clue = next(piece.clue for piece in found.support if piece.id == "schema_elsewhere")
    assert clue is not None
    assert clue.values == {"path": "/app/packages/db/schema.prisma"}


def test_no_schema_in_the_image_speaks_against_the_configuration() -> None:
    found = find_cause(diagnose_run(failed_run([NO_SCHEMA], sections=image("/app/package.json"))), CAUSE)
    assert found is None or "schema_not_in_image" in {piece.id for piece in found.against}
    assert first_cause(failed_run([NO_SCHEMA], sections=image("/app/package.json"))) != CAUSE
