"""How the other migration tools say that their record and the files disagree."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_JVM: tuple[Sign, ...] = (
    Sign(
        "flyway-validate",
        Weight.DECISIVE,
        ("validate failed: ", "migrations have failed validation"),
        r"validate failed: (?:migrations? have failed|migration|detected)|migrations have failed validation",
        source="flyway/flyway flyway-core Flyway.java, exception/FlywayValidateException.java",
        example="org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migrations have failed"
        " validation",
    ),
    Sign(
        "flyway-mismatch",
        Weight.DECISIVE,
        "mismatch for migration",
        r"migration (?:checksum|type|description) mismatch for migration",
        source="flyway/flyway flyway-core info/MigrationInfoImpl.java",
        example="Migration checksum mismatch for migration version 1.9.0\n-> Applied to database : -922383879",
    ),
    Sign(
        "flyway-detected",
        Weight.DECISIVE,
        (
            "detected failed migration to version",
            "detected failed repeatable migration",
            "detected applied migration not resolved locally",
            "detected resolved migration not applied to database",
            "detected resolved repeatable migration not applied",
            "contains a failed migration to version",
            "contains a failed repeatable migration",
        ),
        source="flyway/flyway flyway-core info/MigrationInfoImpl.java, command/DbMigrate.java",
        example="Detected applied migration not resolved locally: 7",
    ),
    Sign(
        "flyway-baseline",
        Weight.DECISIVE,
        (
            "but no schema history table",
            "without schema history table",
            "without metadata table",
            "as it already contains migrations",
        ),
        source="flyway/flyway flyway-core Flyway.java, command/DbBaseline.java",
        example='Found non-empty schema(s) "public" but no schema history table. Use baseline() or set'
        " baselineOnMigrate to true to initialize the schema history table.",
    ),
    Sign(
        "flyway-duplicate",
        Weight.DECISIVE,
        "found more than one",
        r"found more than one (?:repeatable |undo |baseline )?migration with (?:version|description|the same)",
        source="flyway/flyway flyway-core resolver/CompositeMigrationResolver.java",
        example="Found more than one migration with version 7",
    ),
    Sign(
        "flyway-newer",
        Weight.WEAK,
        "is newer than the latest available migration",
        source="flyway/flyway flyway-core command/DbMigrate.java",
        example='Schema "public" has a version (9) that is newer than the latest available migration (8) !',
    ),
    Sign(
        "liquibase-checksum",
        Weight.DECISIVE,
        ("sets check sum", "but is now: ", "changesets check sum"),
        r"change ?sets check sum|was: \d+:[0-9a-f]+ but is now: \d+:[0-9a-f]+",
        source="liquibase/liquibase exception/ValidationFailedException.java",
        example="Validation Failed:\n     1 changesets check sum\n          db.xml::1::app was: 8:ab12 but is now:"
        " 8:cd34",
    ),
    Sign(
        "liquibase-duplicate",
        Weight.DECISIVE,
        "had duplicate identifiers",
        source="liquibase/liquibase exception/ValidationFailedException.java",
        example="Validation Failed:\n     1 changesets had duplicate identifiers",
    ),
)

SIGNS_PYTHON: tuple[Sign, ...] = (
    Sign(
        "alembic-locate",
        Weight.DECISIVE,
        ("can't locate revision identified by", "no such revision or branch"),
        source="sqlalchemy/alembic script/base.py, script/revision.py",
        example="FAILED: Can't locate revision identified by 'a1b2c3d4e5f6'",
    ),
    Sign(
        "alembic-heads",
        Weight.DECISIVE,
        (
            "multiple head revisions are present",
            "multiple heads are present",
            "has multiple heads",
            "more than one head present",
        ),
        source="sqlalchemy/alembic script/base.py, runtime/migration.py",
        example="FAILED: Multiple head revisions are present for given argument 'head'; please specify a specific"
        " target"
        " revision, '<branchname>@head' to narrow to a specific head, or 'heads' for all heads",
    ),
    Sign(
        "alembic-not-current",
        Weight.DECISIVE,
        ("target database is not up to date", "is not a valid upgrade target from current head"),
        source="sqlalchemy/alembic autogenerate/api.py, script/base.py",
        example="FAILED: Target database is not up to date.",
    ),
    Sign(
        "alembic-map",
        Weight.DECISIVE,
        (
            "overlaps with other requested revisions",
            "is detected in revisions",
            "is not an ancestor of revision",
            "does not refer to ancestor/descendant revisions",
            "expected to match one row when updating",
            "is not present",
        ),
        r"overlaps with other requested revisions|is detected in revisions \(|is not an ancestor of revision"
        r"|does not refer to ancestor/descendant|expected to match \S+ rows? when (?:updating|deleting)"
        r"|revision \S+ referenced from .{1,160} is not present",
        source="sqlalchemy/alembic script/revision.py, runtime/migration.py",
        example="UserWarning: Revision a1b2 referenced from a1b2 -> c3d4 (head), add tenant is not present",
    ),
    Sign(
        # The map of revisions has no such key; a warning that names the file stands before it.
        "alembic-key",
        Weight.STRONG,
        "keyerror: '",
        r"^keyerror: '[0-9a-f]{12}'\s*$",
        source="sqlalchemy/alembic script/revision.py RevisionMap",
        example="KeyError: '6871d053d5c4'",
    ),
    Sign(
        "alembic-duplicate",
        Weight.MODERATE,
        "is present more than once",
        r"revision \S+ is present more than once",
        source="sqlalchemy/alembic script/revision.py",
        example="UserWarning: Revision a1b2c3 is present more than once",
    ),
    Sign(
        "django-history",
        Weight.DECISIVE,
        ("inconsistentmigrationhistory", "is applied before its dependency"),
        source="django/django db/migrations/loader.py",
        example="django.db.migrations.exceptions.InconsistentMigrationHistory: Migration admin.0001_initial is applied"
        " before"
        " its dependency accounts.0001_initial on database 'default'.",
    ),
    Sign(
        "django-leaves",
        Weight.DECISIVE,
        "conflicting migrations detected",
        source="django/django core/management/commands/migrate.py",
        example="CommandError: Conflicting migrations detected; multiple leaf nodes in the migration graph:"
        " (0004_a, 0004_b in shop).",
    ),
    Sign(
        "django-graph",
        Weight.DECISIVE,
        (
            "reference nonexistent parent node",
            "reference nonexistent child node",
            "nodenotfounderror",
            "depends on nonexistent node",
        ),
        source="django/django db/migrations/graph.py, loader.py",
        example="django.db.migrations.exceptions.NodeNotFoundError: Migration shop.0005_b dependencies reference"
        " nonexistent"
        " parent node ('shop', '0004_a')",
    ),
    Sign(
        "django-prefix",
        Weight.STRONG,
        (
            "cannot find a migration matching",
            "more than one migration matches",
            "circulardependencyerror",
            "badmigrationerror",
        ),
        source="django/django core/management/commands/migrate.py, db/migrations/exceptions.py",
        example="CommandError: Cannot find a migration matching '0009' from app 'shop'.",
    ),
    Sign(
        "yoyo-and-aerich",
        Weight.STRONG,
        ("old format of migration file detected", "migration table out of sync"),
        source="tortoise/aerich aerich/migrate.py",
        example="Old format of migration file detected, run `aerich fix-migrations` to upgrade format",
    ),
)

SIGNS_RUBY_PHP: tuple[Sign, ...] = (
    Sign(
        "rails-duplicate",
        Weight.DECISIVE,
        ("multiple migrations have the version number", "multiple migrations have the name", "duplicatemigration"),
        source="rails/rails active_record/migration.rb",
        example="ActiveRecord::DuplicateMigrationNameError: Multiple migrations have the name AddTenant.",
    ),
    Sign(
        "rails-unknown",
        Weight.DECISIVE,
        ("no migration with version number", "unknownmigrationversionerror"),
        source="rails/rails active_record/migration.rb",
        example="ActiveRecord::UnknownMigrationVersionError: No migration with version number 20260101.",
    ),
    Sign(
        "rails-environment",
        Weight.STRONG,
        ("to modify a database that was last run in", "environment data not found in the schema"),
        source="rails/rails active_record/migration.rb",
        example="ActiveRecord::EnvironmentMismatchError: You are attempting to modify a database that was last run in"
        " `development` environment.",
    ),
    Sign(
        "rails-pending",
        Weight.STRONG,
        "migrations are pending. to resolve this issue, run",
        source="rails/rails active_record/migration.rb",
        example="Migrations are pending. To resolve this issue, run:",
    ),
    Sign(
        "pending-refused",
        Weight.STRONG,
        "pending migrations",
        r"(?:database has|you have|there are) pending migrations[.;:,!]{0,2} (?:please )?run\b",
        source="Kong/kong kong/cmd/utils/migrations.lua; common wording",
        example="Database has pending migrations; run 'kong migrations finish'",
    ),
    Sign(
        "stated-pending",
        Weight.MODERATE,
        ("you have pending migrations", "there are pending migrations", "database has pending migrations"),
        unless=r"applying|will be applied|running",
        source="common wording of programs that refuse to start on an older schema",
        example="You have pending migrations",
    ),
    Sign(
        "doctrine-storage",
        Weight.DECISIVE,
        ("metadata storage is not up to date", "metadata storage is not initialized"),
        source="doctrine/migrations Metadata/Storage/TableMetadataStorage.php",
        example="The metadata storage is not up to date, please run the sync-metadata-storage command to fix this"
        " issue.",
    ),
    Sign(
        "doctrine-unregistered",
        Weight.STRONG,
        ("could not find migration version", "unknown migration version", "already registered with class"),
        source="doctrine/migrations Exception/UnknownMigrationVersion.php, DuplicateMigrationVersion.php",
        example="Could not find migration version 20210802174320",
    ),
    Sign(
        # A warning: the migration goes on behind it.
        "doctrine-executed-unregistered",
        Weight.WEAK,
        "previously executed migrations in the database that are",
        source="doctrine/migrations Tools/Console/Command/MigrateCommand.php",
        example="[WARNING] You have 2 previously executed migrations in the database that are not registered"
        " migrations.",
    ),
    Sign(
        "phinx-duplicate",
        Weight.DECISIVE,
        ("duplicate migration - ", "has the same version as", "has the same name as"),
        r"duplicate migration - .{1,200} has the same version as|migration .{1,120} has the same name as",
        source="cakephp/phinx src/Phinx/Migration/Manager.php",
        example='Duplicate migration - "/app/db/2026_b.php" has the same version as "2026"',
    ),
    Sign(
        "phinx-missing",
        Weight.MODERATE,
        ("** missing migration file **", "** missing **"),
        r"\*\* missing(?: migration file)? \*\*",
        source="cakephp/phinx src/Phinx/Migration/Manager.php",
        example="     up  20250101000000  2025-01-01 00:00:00  Init  ** MISSING MIGRATION FILE **",
    ),
    Sign(
        "laravel-not-found",
        Weight.STRONG,
        "migration not found:",
        source="laravel/framework Illuminate/Database/Migrations/Migrator.php",
        example="Migration not found: 2025_01_01_000000_create_orders_table",
    ),
)
