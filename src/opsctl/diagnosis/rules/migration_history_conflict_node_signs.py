"""How the migration tools of Node.js say that their record and the files disagree; and what home-made runners say."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_NODE: tuple[Sign, ...] = (
    Sign(
        "prisma-failed-migrations",
        Weight.DECISIVE,
        "migrate found failed migrations in the target database",
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3009",
        example="migrate found failed migrations in the target database, new migrations will not be applied.",
    ),
    Sign(
        "prisma-not-empty",
        Weight.DECISIVE,
        ("the database schema is not empty", "how to baseline an existing production database"),
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3005",
        example="Error: P3005\n\nThe database schema is not empty. Read more about how to baseline an existing"
        " production"
        " database: https://pris.ly/d/migrate-baseline",
    ),
    Sign(
        "prisma-recorded",
        Weight.DECISIVE,
        ("is already recorded as applied in the database", "cannot be rolled back because it"),
        r"is already recorded as applied in the database"
        r"|cannot be rolled back because it (?:was never applied|is not in a failed state)",
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3008, P3011, P3012",
        example="The migration `20260101_init` is already recorded as applied in the database.",
    ),
    Sign(
        "prisma-not-found",
        Weight.DECISIVE,
        "could not be found. please make sure that the migration exists",
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3017",
        example="The migration 20260101_init could not be found. Please make sure that the migration exists, and that"
        " you"
        " included the whole name of the directory.",
    ),
    Sign(
        "prisma-diverged",
        Weight.DECISIVE,
        (
            "applied to the database but missing from the local migrations directory",
            "from the database are not found locally in prisma/migrations",
            "your local migration history and the migrations table from your database are different",
            "was modified after it was applied",
        ),
        source="prisma/prisma packages/migrate MigrateStatus.ts, MigrateDev.ts",
        example="The following migration(s) are applied to the database but missing from the local migrations"
        " directory:",
    ),
    Sign(
        "prisma-failed-at",
        Weight.STRONG,
        (
            "following migration have failed",
            "following migrations have failed",
            "following migration(s) have failed",
            "migration started at",
        ),
        r"following migration(?:s|\(s\))? have failed|the `.{1,120}` migration started at .{1,60} failed",
        source="prisma/prisma-engines schema-engine commands diagnose_migration_history",
        example="The `20260101_tenant` migration started at 2026-01-12 02:03:04.123 UTC failed",
    ),
    Sign(
        "prisma-file-gone",
        Weight.MODERATE,
        "could not find the migration file at",
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3015",
        example="Could not find the migration file at prisma/migrations/20260101_init/migration.sql. Please delete the"
        " directory or restore the migration file.",
    ),
    Sign(
        "prisma-new-blocked",
        Weight.WEAK,
        "new migrations cannot be applied before the error is recovered from",
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3018",
        example="New migrations cannot be applied before the error is recovered from.",
    ),
    Sign(
        "knex-corrupt",
        Weight.DECISIVE,
        "the migration directory is corrupt",
        source="knex/knex lib/migrations/migrate/Migrator.js validateMigrationList",
        example="The migration directory is corrupt, the following files are missing: 20250101_init.js",
    ),
    Sign(
        "knex-name",
        Weight.MODERATE,
        ('" not found.', '" was not run.'),
        r"\bmigration \\?\"[^\"]{1,120}\\?\" (?:not found|was not run)\.",
        source="knex/knex lib/migrations/migrate/Migrator.js",
        example='Error: Migration "20250101_init.js" was not run.',
    ),
    Sign(
        "umzug-not-found",
        Weight.DECISIVE,
        ("couldn't find migration to apply with name", "unable to find migration: "),
        source="sequelize/umzug src/umzug.ts",
        example="ERROR: Unable to find migration: 20250101-create-users.js",
    ),
    Sign(
        "umzug-not-pending",
        Weight.STRONG,
        ("migration is not pending: ", "migration was not executed: "),
        source="sequelize/umzug v2 src/index.js",
        example="ERROR: Migration is not pending: 20250101-create-users.js",
    ),
    Sign(
        "typeorm-history",
        Weight.DECISIVE,
        (
            "duplicate migrations:",
            "was found in the source code. make sure you have this migration",
            "migration's timestamp is not valid",
        ),
        source="typeorm/typeorm src/migration/MigrationExecutor.ts",
        example="TypeORMError: Duplicate migrations: AddTenant1700000000000",
    ),
    Sign(
        "node-pg-migrate-order",
        Weight.DECISIVE,
        "is preceding already run migration",
        source="salsita/node-pg-migrate src/runner.ts",
        example="Error: Not run migration 1700_add_tenant is preceding already run migration 1701_add_index",
    ),
    Sign(
        "node-pg-migrate-deleted",
        Weight.DECISIVE,
        "have been deleted.",
        r"definitions of migrations .{1,400} have been deleted",
        source="salsita/node-pg-migrate src/runner.ts",
        example="Error: Definitions of migrations 1700_add_tenant have been deleted.",
    ),
    Sign(
        "kysely-corrupted",
        Weight.DECISIVE,
        "corrupted migrations:",
        source="kysely-org/kysely src/migration/migrator.ts",
        example="Error: corrupted migrations: previously executed migration 2025_01_init is missing",
    ),
    Sign(
        "postgres-migrations-hash",
        Weight.DECISIVE,
        ("hashes don't match for migrations", "non-consecutive migration id"),
        source="ThomWright/postgres-migrations src/validation.ts",
        example="Error: Hashes don't match for migrations '0002_add.sql'.",
    ),
    Sign(
        "supabase-history",
        Weight.DECISIVE,
        (
            "remote migration versions not found in local migrations directory",
            "to be inserted before the last migration on remote",
            "migration history is not in sync with the contents of",
            "migration history does not match local",
        ),
        source="supabase/cli internal/migration",
        example="Remote migration versions not found in local migrations directory.",
    ),
    Sign(
        "drizzle-journal",
        Weight.MODERATE,
        ("_journal.json", "pointing to a parent snapshot"),
        r"_journal\.json.{0,40}(?:malformed|conflict|is not valid)|pointing to a parent snapshot",
        source="drizzle-team/drizzle-orm drizzle-kit utils",
        example="meta/_journal.json is malformed",
    ),
)

SIGNS_STATED: tuple[Sign, ...] = (
    Sign(
        "changed-after",
        Weight.STRONG,
        ("after it was applied", "after being applied", "after apply", "since it was applied", "but has been modified"),
        r"(?:modified|changed|edited|altered|differs?|removed)\b.{0,40}(?:after (?:it was |being )?appl"
        r"|since it was appl)"
        r"|previously applied but has been modified|shouldn?'?t be (?:changed|removed) after apply",
        source="common wording of home-made runners; launchbadge/sqlx",
        example="Migration 0007_tenant.sql was modified after it was applied",
    ),
    Sign(
        "applied-not-present",
        Weight.STRONG,
        ("file is missing", "files are missing", "is missing", "no longer exists", "but missing", "but not found"),
        r"\b(?:applied|recorded|executed) but (?:its |the )?(?:file|script|source|migration)?s? ?(?:is |are "
        r"|was )?(?:missing|not found)"
        r"|migrations?\b.{0,80}\b(?:applied|recorded|executed)\b.{0,60}(?:is missing|are missing|no longer exists"
        r"|but missing|"
        r"but not found)|\b(?:applied|executed) migrations? .{1,120} (?:is|are) missing"
        r"|\bmigrations? .{1,120} (?:is|are) missing,? but (?:was|were) (?:already |earlier )?applied",
        unless=r"no (?:pending )?migrations|0 (?:are )?missing",
        source="common wording of home-made runners",
        example="migration 0042_split_names is applied but its file is missing",
    ),
    Sign(
        "checksum",
        Weight.STRONG,
        "checksum",
        r"migration.{0,160}checksum.{0,40}(?:mismatch|does(?: not|n't) match|differs?|changed|drift)"
        r"|checksum.{0,40}(?:mismatch|does(?: not|n't) match|differs?|changed|drift).{0,160}migration",
        unless=r"npm|yarn|tarball|integrity|image|layer",
        source="common wording of home-made runners",
        example="Checksum mismatch for migration 0007: recorded 9f2c, file 11ab",
    ),
    Sign(
        "newer-schema",
        Weight.STRONG,
        ("newer than", "for a newer", "downgrade detected", "downgrading is not supported", "more recent version of"),
        r"\b(?:database|db|schema)\b.{0,60}?\b(?:is|are) (?:at a )?newer than (?:this|the|what|supported|we)\b"
        r"|your database .{1,60} is for a newer|database downgrade detected|downgrading is not supported"
        r"|database was (?:migrated|upgraded) (?:by|to) a more recent version of",
        # Flyway only notes it and goes on.
        unless=r"latest available migration|\bpsql\b|server version|client",
        source="go-gitea/gitea models/migrations; common wording of programs that check the version of their schema",
        example="Your database (migration version: 323) is for a newer Gitea, you can not use the newer database for"
        " this old Gitea release (299).",
    ),
    Sign(
        "duplicate-version",
        Weight.STRONG,
        ("duplicate migration", "same version", "duplicated migration"),
        r"duplicated? migration (?:version|number|id|name|file|prefix)|migrations? .{0,80}(?:share|have"
        r"|has) the same version",
        source="common wording of home-made runners",
        example="Duplicate migration version 12: 12_a.sql and 12_b.sql",
    ),
    Sign(
        "record-key",
        Weight.STRONG,
        ("violates unique constraint", "duplicate entry", "unique constraint failed"),
        r"(?:violates unique constraint|unique constraint failed|duplicate entry).{0,90}(?=[s_kadgf])(?:schema_history"
        r"|schema_migrations|_prisma_migrations|knex_migrations|sequelize_?meta|alembic_version|django_migrations"
        r"|goose_db_version|databasechangelog|doctrine_migration)",
        source="the unique keys of the tools' record tables",
        example='duplicate key value violates unique constraint "flyway_schema_history_pk"',
    ),
)
