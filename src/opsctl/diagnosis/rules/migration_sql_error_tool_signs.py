"""How migration tools and ORMs say that a migration's own statement or form was refused."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_TOOLS: tuple[Sign, ...] = (
    Sign(
        "prisma-not-executable",
        Weight.DECISIVE,
        ("we found changes that cannot be executed", "it is not possible to execute this step", "made the column"),
        r"changes that cannot be executed|not possible to execute this step"
        r"|made the column .{1,120} required, but there are \d+ existing null values",
        source="prisma/prisma-engines schema-engine sql_destructive_change_checker",
        example="Added the required column `tenantId` to the `Order` table without a default value. There are 42 rows"
        " in"
        " this table, it is not possible to execute this step.",
    ),
    Sign(
        "prisma-data-loss",
        Weight.MODERATE,
        "--accept-data-loss",
        source="prisma/prisma packages/migrate DbPush.ts",
        example="Error: Use the --accept-data-loss flag to ignore the data loss warnings like prisma db push"
        " --accept-data-loss",
    ),
    Sign(
        "prisma-failed-to-apply",
        Weight.MODERATE,
        ("a migration failed to apply", "failed to apply cleanly to the shadow database"),
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3018, P3006",
        example="Error: P3018\n\nA migration failed to apply. New migrations cannot be applied before the error is"
        " recovered from.",
    ),
    Sign(
        "flyway-mixed",
        Weight.DECISIVE,
        "detected both transactional and non-transactional statements",
        source="flyway/flyway flyway-core sqlscript/ParserSqlScript.java",
        example="Detected both transactional and non-transactional statements within the same migration (even though"
        " mixed"
        " is false).",
    ),
    Sign(
        "flyway-parse",
        Weight.DECISIVE,
        ("unable to parse statement in", "incomplete statement at line"),
        source="flyway/flyway flyway-core parser/Parser.java",
        example="Unable to parse statement in db/V7__tenant.sql at line 3 col 1. See https://rd.gt/3ipi7Pm for more",
    ),
    Sign(
        "flyway-failed",
        Weight.MODERATE,
        ("sql state  :", "failed to execute script", "migration of schema "),
        r"^\s*sql state  : (?!08|28|3d|53)\S+|failed to execute script"
        r"|migration of schema .{1,80} (?:to|with) .{1,160} failed!",
        source="flyway/flyway FlywayMigrateException.java, FlywaySqlScriptException.java",
        example="Migration V7__tenant.sql failed\n-----\nSQL State  : 23502\nError Code : 0",
    ),
    Sign(
        "liquibase-failed",
        Weight.MODERATE,
        ("migration failed for change set", "migration failed for changeset"),
        source="liquibase/liquibase changelog/ChangeSet.java",
        example="liquibase.exception.LiquibaseException: Migration failed for changeset db/changelog/002.sql::2::app:",
    ),
    Sign(
        "liquibase-validation",
        Weight.STRONG,
        (
            "changes have validation failures",
            "changes have validation errors",
            "unknown change type",
            "error parsing line",
        ),
        r"\b[1-9]\d* changes have validation|unknown change type|error parsing line \d+ column \d+ of",
        source="liquibase/liquibase exception/ValidationFailedException.java, XMLChangeLogSAXParser.java",
        example="Validation Failed:\n     1 changes have validation failures\n          columnDataType is required for"
        " dropNotNullConstraint on mysql",
    ),
    Sign(
        "sqlalchemy-form",
        Weight.DECISIVE,
        (
            "no support for alter of constraints in sqlite dialect",
            "constraint must have a name",
            "can't emit drop constraint for constraint",
            "compileerror",
        ),
        r"no support for alter of constraints|valueerror: constraint must have a name|can't emit drop constraint for"
        r"|sqlalchemy\.exc\.compileerror",
        source="sqlalchemy/alembic ddl/sqlite.py, operations/schemaobj.py",
        example="NotImplementedError: No support for ALTER of constraints in SQLite dialect. Please refer to the batch"
        " mode feature",
    ),
    Sign(
        "django-not-null",
        Weight.DECISIVE,
        (
            "to non-nullable without providing a default",
            "without specifying a default",
            "you cannot alter to or from m2m",
        ),
        r"non-nullable (?:field .{1,80} to .{1,60} )?without (?:providing|specifying) a default"
        r"|you cannot alter to or from m2m"
        r"|cannot alter field .{1,120} into field",
        source="django/django db/migrations/questioner.py, db/backends/base/schema.py",
        example="It is impossible to change a nullable field 'code' on item to non-nullable without providing a"
        " default.",
    ),
    Sign(
        "django-state",
        Weight.MODERATE,
        ("fielddoesnotexist", "related model", "was declared with a lazy reference to"),
        r"fielddoesnotexist: \S+ has no field named|related model .{1,80} cannot be resolved"
        r"|declared with a lazy reference to",
        source="django/django db/migrations/state.py",
        example="django.core.exceptions.FieldDoesNotExist: NewOrder has no field named 'legacy_code'",
    ),
    Sign(
        "django-database-errors",
        Weight.MODERATE,
        ("django.db.utils.integrityerror", "django.db.utils.dataerror", "django.db.utils.notsupportederror"),
        source="django/django db/utils.py",
        example="django.db.utils.IntegrityError: (1062, ...)",
    ),
    Sign(
        "rails-index-name",
        Weight.DECISIVE,
        "is too long; the limit is",
        r"index name '.{1,200}' on table '.{1,80}' is too long|(?:table|index"
        r"|column) name .{1,200} is too long; the limit is",
        source="rails/rails connection_adapters/abstract/schema_statements.rb",
        example="Index name 'index_customer_delivery_addresses_on_customer_id' on table 'x' is too long; the limit is"
        " 63 characters",
    ),
    Sign(
        "rails-classes",
        Weight.STRONG,
        (
            "activerecord::notnullviolation",
            "activerecord::recordnotunique",
            "activerecord::invalidforeignkey",
            "activerecord::valuetoolong",
            "activerecord::rangeerror",
            "activerecord::mismatchedforeignkey",
            "activerecord::irreversiblemigration",
            "directly inheriting from activerecord::migration is not supported",
        ),
        source="rails/rails active_record/errors.rb, migration.rb",
        example="ActiveRecord::NotNullViolation: PG::NotNullViolation: ERROR:  column contains null values",
    ),
    Sign(
        "strong-migrations",
        Weight.DECISIVE,
        ("=== dangerous operation detected #strong_migrations ===", "strongmigrations::unsafemigration"),
        source="ankane/strong_migrations lib/strong_migrations/checker.rb",
        example="=== Dangerous operation detected #strong_migrations ===",
    ),
    Sign(
        "typeorm-transaction-mode",
        Weight.DECISIVE,
        "override the transaction mode, but the global transaction mode is",
        source="typeorm/typeorm src/error/ForbiddenTransactionModeOverrideError.ts",
        example='Migrations "AddIdx1700" override the transaction mode, but the global transaction mode is "all"',
    ),
    Sign(
        "query-failed",
        Weight.WEAK,
        (
            "queryfailederror",
            "sequelizedatabaseerror",
            "sequelize.databaseerror",
            "statementinvalid",
            "badsqlgrammarexception",
        ),
        source="typeorm/typeorm src/error/QueryFailedError.ts; sequelize/sequelize errors/database-error.js",
        example="QueryFailedError: something the server said",
    ),
    Sign(
        "sequelize-constraint",
        Weight.STRONG,
        ("sequelizeuniqueconstrainterror", "sequelizeforeignkeyconstrainterror", "original error: validation error"),
        source="sequelize/sequelize errors",
        example="SequelizeUniqueConstraintError: Validation error",
    ),
    Sign(
        "goose-parse",
        Weight.DECISIVE,
        (
            "failed to parse sql migration file",
            "unfinished sql query",
            "no up/down annotations found",
            "statementbegin",
        ),
        r"failed to parse sql migration file|unexpected unfinished sql query|unfinished sql query"
        r"|no up/down annotations found"
        r"|(?:missing|no matching|unexpected) '-- \+goose statement(?:begin|end)'",
        source="pressly/goose internal/sqlparser/parser.go",
        example="goose run: ERROR 00004_tenant.sql: failed to parse SQL migration file: failed to parse migration:"
        " unexpected"
        " unfinished SQL query",
    ),
    Sign(
        "dbmate-sections",
        Weight.DECISIVE,
        "dbmate requires each migration to define an up block",
        source="amacneil/dbmate pkg/dbmate/migration.go",
        example="Error: dbmate requires each migration to define an up block with '-- migrate:up'",
    ),
    Sign(
        "golang-migrate-failed",
        Weight.MODERATE,
        ("migration failed in line", "migration failed: "),
        r"error: migration failed|migration failed in line \d+|migration failed: .{1,200} in line \d+",
        source="golang-migrate/migrate database/error.go, database/postgres/postgres.go",
        example="error: migration failed: column does not fit (column 9) in line 3: ALTER TABLE orders",
    ),
    Sign(
        "atlas-statement",
        Weight.MODERATE,
        ("sql/migrate: execute: executing statement", "executing statement"),
        r"executing statement .{1,2000} from version|error while executing statement",
        source="ariga/atlas sql/migrate/migrate.go",
        example='Error: sql/migrate: execute: executing statement "ALTER TABLE t ADD c int" from version "2026": no',
    ),
    Sign(
        "sqlx-execute",
        Weight.MODERATE,
        ("while executing migrations: ", "while executing migration "),
        r"while executing migrations?(?: \d+)?: (?:error returned from database|error occurred while)",
        source="launchbadge/sqlx sqlx-core/src/migrate/error.rs",
        example="Error: while executing migration 20260101: error returned from database: no",
    ),
    Sign(
        "doctrine-no-transaction",
        Weight.STRONG,
        ("there is no active transaction", "there's already an active transaction"),
        source="doctrine/migrations; php/php-src ext/pdo/pdo_dbh.c",
        example="PDOException: There is no active transaction",
    ),
    Sign(
        "doctrine-failed",
        Weight.WEAK,
        "failed during execution. error:",
        source="doctrine/migrations Version/DbalExecutor.php",
        example='Migration DoctrineMigrations\\Version2026 failed during Execution. Error: "An exception occurred"',
    ),
    Sign(
        "spring-integrity",
        Weight.MODERATE,
        (
            "dataintegrityviolationexception",
            "sqlintegrityconstraintviolationexception",
            "constraintviolationexception",
            "sqlsyntaxerrorexception",
        ),
        source="spring-projects/spring-framework dao; mysql/mysql-connector-j",
        example="java.sql.SQLIntegrityConstraintViolationException: Column 'x' is wrong",
    ),
    Sign(
        "savepoint-lost",
        Weight.STRONG,
        "savepoint",
        r"\bsavepoint (?:\S{1,80} )?does not exist",
        source="mysql share/messages_to_clients.txt ER_SP_DOES_NOT_EXIST: DDL ends the transaction that had it",
        example="Original error: RELEASE SAVEPOINT trx3; - SAVEPOINT does not exist: RELEASE SAVEPOINT trx3",
    ),
    Sign(
        "script-failed",
        Weight.WEAK,
        (
            "migration failed",
            "migrations failed",
            "failed to run migration",
            "failed to apply migration",
            "error running migration",
            "failed to execute migration",
        ),
        unless=r"\b0 (?:migrations? )?failed",
        source="common wording of runners",
        example="Migration failed: AddTenant1700000000000",
    ),
)
