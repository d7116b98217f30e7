"""How the migration tools of Go, Rust, .NET and Elixir say that their record and the files disagree."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_OTHERS: tuple[Sign, ...] = (
    Sign(
        "golang-migrate-dirty",
        Weight.DECISIVE,
        ("dirty database version", "database is dirty", "database version is dirty"),
        source="golang-migrate/migrate migrate.go ErrDirty",
        example="error: Dirty database version 12. Fix and force version.",
    ),
    Sign(
        "golang-migrate-version",
        Weight.DECISIVE,
        ("no migration found for version", "duplicate migration file: "),
        source="golang-migrate/migrate migrate.go versionExists, source/errors.go",
        example="error: no migration found for version 14: read down for version 14 .: file does not exist",
    ),
    Sign(
        "sql-migrate-unknown",
        Weight.DECISIVE,
        ("unable to create migration plan because of", ": unknown migration in database"),
        r"unable to create migration plan because of|: unknown migration in database",
        source="rubenv/sql-migrate migrate.go PlanError",
        example="Unable to create migration plan because of 12_create_hosts.sql: unknown migration in database",
    ),
    Sign(
        "hasura-applied",
        Weight.DECISIVE,
        "version already applied in database",
        source="hasura/graphql-engine cli/migrate/migrate.go",
        example="FATA[0003] apply failed: Version already applied in database",
    ),
    Sign(
        "goose-missing",
        Weight.DECISIVE,
        ("missing migrations before current version", "missing (out-of-order) migration", "missing migrations:"),
        r"missing migrations before current version|missing \(out-of-order\) migration|found \d+ missing migrations:",
        source="pressly/goose up.go, internal/gooseutil/resolve.go",
        example="goose run: error: found 1 missing migrations before current version 7:",
    ),
    Sign(
        "goose-duplicate",
        Weight.DECISIVE,
        ("goose: duplicate version", "found duplicate migration version"),
        source="pressly/goose migrate.go",
        example="panic: goose: duplicate version 4 detected:",
    ),
    Sign(
        "atlas-checksum",
        Weight.DECISIVE,
        (
            "you have a checksum error in your migration directory",
            "atlas.sum",
            "sql/migrate: checksum",
            "checksum file not found",
        ),
        r"you have a checksum error in your migration|sql/migrate: checksum mismatch|checksum file not found"
        r"|(?:checksum (?:mismatch|error|file not found).{0,120}atlas\.sum)"
        r"|atlas\.sum.{0,80}(?:mismatch|not found|out of sync)",
        source="ariga/atlas cmd/atlas/internal/cmdapi/migrate.go",
        example="You have a checksum error in your migration directory.",
    ),
    Sign(
        "atlas-history",
        Weight.DECISIVE,
        (
            "connected database is not clean",
            "was not found in the migration directory",
            "history changed: statement",
            "added out of order",
            "baseline version",
        ),
        r"connected database is not clean|was not found in the migration directory|history changed: statement"
        r"|migration files? .{1,200} (?:was|were) added out of order|baseline version (?:or allow-dirty"
        r"|\"\S+\" was not found)",
        source="ariga/atlas sql/migrate/migrate.go",
        example="Error: migration file 1.5.sql was added out of order. See:"
        " https://atlasgo.io/versioned/apply#non-linear-error",
    ),
    Sign(
        "dbmate-order",
        Weight.DECISIVE,
        "is out of order with already applied migrations",
        source="amacneil/dbmate pkg/dbmate/db.go",
        example="Error: migration `2025` is out of order with already applied migrations, the version number has to be"
        " higher than the applied migration `2026` in --strict mode",
    ),
    Sign(
        "sqlx-history",
        Weight.DECISIVE,
        ("was previously applied but", "is partially applied; fix and remove row"),
        r"was previously applied but (?:is missing in the resolved|has been modified)"
        r"|is partially applied; fix and remove row",
        source="launchbadge/sqlx sqlx-core/src/migrate/error.rs",
        example="Error: migration 20260101 was previously applied but has been modified",
    ),
    Sign(
        "sqlx-enum",
        Weight.DECISIVE,
        ("versionmismatch(", "versionmissing(", "versionmissing ("),
        source="launchbadge/sqlx sqlx-core/src/migrate/error.rs",
        example="called `Result::unwrap()` on an `Err` value: VersionMismatch(20260101)",
    ),
    Sign(
        "refinery-history",
        Weight.DECISIVE,
        (
            "is different than filesystem one",
            "is missing from the filesystem",
            "migration versions must be unique",
            "migrations versions must be unique",
        ),
        r"applied migration .{1,120} is different than filesystem one|migration .{1,120} is missing from the filesystem"
        r"|migrations? versions must be unique",
        source="rust-db/refinery refinery_core/src/error.rs",
        example="applied migration V2__tenant is different than filesystem one V2__tenant",
    ),
    Sign(
        "diesel-unknown",
        Weight.DECISIVE,
        "unable to find migration version",
        source="diesel-rs/diesel diesel_migrations errors.rs",
        example="Unable to find migration version 20250101 to revert in the migrations directory.",
    ),
    Sign(
        "sea-orm-missing",
        Weight.DECISIVE,
        "this migration has been applied but its file is missing",
        source="SeaQL/sea-orm sea-orm-migration/src/migrator.rs",
        example="Migration file of version 'm20250101_000001_init' is missing, this migration has been applied but its"
        " file"
        " is missing",
    ),
    Sign(
        "efcore-history",
        Weight.STRONG,
        ("has pending changes. add a new migration", "the name '", "was not found in the"),
        r"has pending changes\. add a new migration|the migration '.{1,120}' was not found"
        r"|the name '.{1,120}' is used by an existing migration",
        source="dotnet/efcore RelationalStrings.resx, DesignStrings.resx",
        example="System.InvalidOperationException: The model for context 'ShopContext' has pending changes. Add a new"
        " migration before updating the database.",
    ),
    Sign(
        "efcore-not-found",
        Weight.DECISIVE,
        "the migration '",
        r"the migration '.{1,160}' was not found",
        source="dotnet/efcore RelationalStrings.resx MigrationNotFound",
        example="System.InvalidOperationException: The migration '20250101_Init' was not found.",
    ),
    Sign(
        "fluentmigrator-duplicate",
        Weight.DECISIVE,
        ("duplicate migration version", "duplicatemigrationexception"),
        source="fluentmigrator/fluentmigrator src/FluentMigrator.Runner",
        example="FluentMigrator.Runner.DuplicateMigrationException: Duplicate migration version 20260101.",
    ),
    Sign(
        "ecto-duplicate",
        Weight.DECISIVE,
        "migrations can't be executed, migration",
        source="elixir-ecto/ecto_sql lib/ecto/migrator.ex",
        example="** (Ecto.MigrationError) migrations can't be executed, migration version 20260101 is duplicated",
    ),
    Sign(
        "ecto-order",
        Weight.MODERATE,
        "but an older migration with version",
        r"you are running migration \d+ but an older migration with version",
        source="elixir-ecto/ecto_sql lib/ecto/migrator.ex",
        example="You are running migration 2025 but an older migration with version 2026 has already run.",
    ),
)
