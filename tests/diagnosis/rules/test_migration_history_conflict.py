"""Records that do not fit the files, in the words of the tools; the files of the image; marks left by a first try."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.migration_history_conflict import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause
UNKNOWN_REVISION = "FAILED: Can't locate revision identified by 'ae1027a6acf'"


def image(*paths: str, complete: bool = True) -> dict[str, Any]:
    return {"image": {"files": [{"path": path, "type": "file"} for path in paths], "complete": complete}}


@pytest.mark.parametrize(
    "line",
    [
        "migrate found failed migrations in the target database, new migrations will not be applied.",
        "Error: P3005\n\nThe database schema is not empty.",
        "error: Dirty database version 20210101. Fix and force version.",
        "error: no migration found for version 14: read down for version 14 .: file does not exist",
        "FlywayValidateException: Validate failed: Migrations have failed validation\nMigration checksum mismatch for"
        " migration version 3\n-> Applied to database : 123\n-> Resolved locally    : 456",
        "Detected resolved migration not applied to database: 1.2.",
        'Found non-empty schema(s) "public" without schema history table! Use baseline() or set'
        " baselineOnMigrate to true",
        "Schema `shop` contains a failed migration to version 5 !",
        "Validation Failed:\n     2 change sets check sum\n          db.xml::1::me was: 7:abc but is now: 7:def",
        UNKNOWN_REVISION,
        "ERROR [alembic.util.messaging] Multiple head revisions are present for given argument 'head'",
        "django.db.migrations.exceptions.InconsistentMigrationHistory: Migration admin.0001_initial is"
        " applied before its"
        " dependency users.0001_initial on database 'default'.",
        "CommandError: Conflicting migrations detected; multiple leaf nodes in the migration graph: (0004_a,"
        " 0004_b in x).",
        "ActiveRecord::DuplicateMigrationNameError:\n\nMultiple migrations have the name AddTenant.",
        "Error: corrupted migrations: expected previously executed migration 2023 to be at index 1 but 2022 was found",
        "Error: Not run migration 1600_a is preceding already run migration 1601_b",
        "VersionMismatch(20220101000000)",
        "goose run: error: found 2 missing migrations:\n\tversion 3: 003.sql",
        "Error: migration files 1.5.sql, 1.6.sql were added out of order. See: https://atlasgo.io/versioned/apply",
        "The model for context 'AppDbContext' has pending changes. Add a new migration before updating the database.",
        "migration 0042_split_names was modified after it was applied (recorded 9f2c, file 11ab)",
        "Error applying database migrations: Unable to create migration plan because of 12_create.sql: unknown"
        " migration in database",
        "FATA[0003] apply failed: Version already applied in database",
        "  Could not find migration version 20210802174320  ",
        "Error: The remote database's migration history is not in sync with the contents of supabase/migrations.",
        "Your database (migration version: 323) is for a newer Gitea, you can not use the newer database for this old"
        " Gitea release (299).",
        "storage: database schema version 9 is newer than the supported version 8",
        "Error: checksum file not found",
        "Error: [PostgreSQL error] cluster_mutex callback threw an error: Database has pending migrations; run 'kong"
        " migrations finish'",
        "KeyError: '6871d053d5c4'",
        'ERROR: duplicate key value violates unique constraint "sequelize_meta_pkey"',
    ],
)
def test_fires(line: str) -> None:
    assert first_cause(failed_run(["Running migrations", line])) == CAUSE


@pytest.mark.parametrize(
    "lines",
    [
        ["npm error code EINTEGRITY", "npm error sha512 checksum mismatch for tarball"],
        ["Applied migration 0042", "0 files are missing", "KeyError: 'total'"],
        ["No migrations are pending"],
        ['ERROR:  relation "users" already exists'],
        ["Error: Migration table is already locked"],
    ],
)
def test_other_words_come_not_first(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run([UNKNOWN_REVISION], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


def test_the_named_file_is_not_in_the_image() -> None:
    sections = image("/app/alembic/versions/11aa22bb_init.py", "/app/alembic.ini")
    found = diagnose_run(failed_run([UNKNOWN_REVISION], sections=sections)).findings[0]
    assert found.rule.cause == CAUSE
    assert "file_not_in_image" in {piece.id for piece in found.support}


@pytest.mark.parametrize("path", ["/app/alembic/versions/ae1027a6acf_tenant.py", "/app/versions/2026_ae1027a6acf.py"])
def test_the_named_file_is_in_the_image(path: str) -> None:
    found = find_cause(diagnose_run(failed_run([UNKNOWN_REVISION], sections=image(path))), CAUSE)
    assert found is not None
    assert [piece.id for piece in found.against] == ["file_in_image"]


def test_an_image_seen_in_part_says_nothing() -> None:
    sections = image("/app/alembic.ini", complete=False)
    found = diagnose_run(failed_run([UNKNOWN_REVISION], sections=sections)).findings[0]
    assert {"file_not_in_image", "file_in_image"}.isdisjoint(piece.id for piece in (*found.support, *found.against))


def test_version_numbers_are_compared_whole() -> None:
    line = "error: no migration found for version 14: read down for version 14 .: file does not exist"
    found = diagnose_run(failed_run([line], sections=image("/app/migrations/000142_x.up.sql"))).findings[0]
    assert "file_not_in_image" in {piece.id for piece in found.support}
    found = diagnose_run(failed_run([line], sections=image("/app/migrations/000014_x.up.sql"))).findings[0]
    assert "file_in_image" in {piece.id for piece in found.against}


def test_a_failed_mark_that_only_a_retry_meets_is_a_consequence() -> None:
    first = ["Error: P3018", "Database error code: 23502", 'ERROR: column "y" of relation "x" contains null values']
    later = ["Error: P3009", "migrate found failed migrations in the target database"]
    ranking = diagnose_run(failed_run(attempts=[first, later]))
    assert ranking.findings[0].rule.cause == "migration-sql-error"
    found = find_cause(ranking, CAUSE)
    assert found is None or "retry_only" in {piece.id for piece in found.against}
