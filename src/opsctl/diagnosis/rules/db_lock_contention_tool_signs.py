"""How migration tools, ORMs and home-made runners say that a lock is held."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

_OTHER_LOCKS = r"dpkg|/var/lib/apt|terraform|state lock|lock ?file|package-lock|yarn\.lock|poetry\.lock|\.git/"
_OVERCOME = r"\bretrying\b|\bwill (?:be )?retr"

SIGNS_TOOLS: tuple[Sign, ...] = (
    Sign(
        "prisma-advisory-lock",
        Weight.DECISIVE,
        "timed out trying to acquire a",
        r"timed out trying to acquire an? \S+ (?:advisory )?lock",
        source="prisma/prisma-engines schema-engine flavour/postgres",
        example="Context: Timed out trying to acquire a postgres advisory lock (SELECT pg_advisory_lock(72707369))."
        " Elapsed: 10000ms. See https://pris.ly/d/migrate-advisory-locking for details.",
    ),
    Sign(
        "prisma-write-conflict",
        Weight.STRONG,
        "due to a write conflict or a deadlock",
        source="prisma/prisma-engines libs/user-facing-errors query_engine.rs P2034",
        example="Transaction failed due to a write conflict or a deadlock. Please retry your transaction",
    ),
    Sign(
        "knex-locked",
        Weight.DECISIVE,
        (
            "migration table is already locked",
            "migrationlocked",
            "migrationsarelockederror",
            "migrations are running at the moment. please wait",
        ),
        source="knex/knex lib/migrations/migrate/Migrator.js; TryGhost/knex-migrator lib/errors.js",
        example="Can't take lock to run migrations: Migration table is already locked",
    ),
    Sign(
        "another-migration-running",
        Weight.DECISIVE,
        ("another migration is already running", "another migration process is currently running"),
        source="salsita/node-pg-migrate src/runner.ts; rails/rails active_record/migration.rb",
        example="Error: Another migration is already running",
    ),
    Sign(
        "umzug-lock-file",
        Weight.STRONG,
        "can't acquire lock. ",
        source="sequelize/umzug src/file-locker.ts",
        example="Error: Can't acquire lock. /app/migrations/.lock exists",
    ),
    Sign(
        "rails-classes",
        Weight.STRONG,
        (
            "concurrentmigrationerror",
            "activerecord::deadlocked",
            "activerecord::lockwaittimeout",
            "pg::locknotavailable",
        ),
        source="rails/rails active_record/errors.rb, migration.rb",
        example="ActiveRecord::ConcurrentMigrationError: Failed to release advisory lock",
    ),
    Sign(
        "driver-classes",
        Weight.DECISIVE,
        ("deadlockdetected", "locknotavailable", "deadlock_detected", "lock_not_available", "er_lock_deadlock"),
        unless=_OVERCOME,
        source="psycopg/psycopg errors.py; MagicStack/asyncpg exceptions; postgrex errcodes",
        example="sqlalchemy.exc.OperationalError: (psycopg2.errors.LockNotAvailable) canceling statement",
    ),
    Sign(
        "mysql-symbols",
        Weight.DECISIVE,
        ("er_lock_wait_timeout", "er_lock_nowait"),
        source="mysqljs/mysql lib/protocol/constants/errors.js",
        example="code: 'ER_LOCK_WAIT_TIMEOUT', errno: 1205,",
    ),
    Sign(
        "java-classes",
        Weight.DECISIVE,
        (
            "cannotacquirelockexception",
            "deadlockloserdataaccessexception",
            "lockacquisitionexception",
            "pessimisticlockexception",
            "locktimeoutexception",
            "mysqltransactionrollbackexception",
        ),
        source="spring-projects/spring-framework dao; hibernate/hibernate-orm exception",
        example="org.springframework.dao.CannotAcquireLockException: could not execute statement",
    ),
    Sign(
        "flyway-lock",
        Weight.DECISIVE,
        ("flyway instance may be running", "flyway advisory lock", "advisory lock. configure the number of retries"),
        source="flyway/flyway flyway-core database/*/*AdvisoryLockTemplate.java, Table.java",
        example="Unable to obtain table lock - another Flyway instance may be running",
    ),
    Sign(
        "flyway-lock-retries",
        Weight.DECISIVE,
        "retries exceeded while attempting to acquire",
        r"retries exceeded while attempting to acquire .{0,40}lock",
        source="flyway/flyway PostgreSQLAdvisoryLockTemplate.java",
        example="Number of retries exceeded while attempting to acquire PostgreSQL advisory lock. Configure the number"
        " of retries with the 'lockRetryCount' configuration option",
    ),
    Sign(
        "flyway-named-lock",
        Weight.DECISIVE,
        "unable to acquire mysql named lock",
        source="flyway/flyway MySQLNamedLockTemplate.java",
        example="org.flywaydb.core.api.FlywayException: Unable to acquire MySQL named lock: Flyway--1234567",
    ),
    Sign(
        "liquibase-lock",
        Weight.DECISIVE,
        ("could not acquire change log lock", "could not acquire changelog lock"),
        source="liquibase/liquibase StandardLockService.java",
        example="liquibase.exception.LockException: Could not acquire change log lock.  Currently locked by 10.4.0.7"
        " (10.4.0.7) since 1/12/26, 2:03 AM",
    ),
    Sign(
        "liquibase-waiting",
        Weight.MODERATE,
        "waiting for changelog lock",
        source="liquibase/liquibase StandardLockService.java",
        example="Waiting for changelog lock....",
    ),
    Sign(
        "golang-migrate-lock",
        Weight.DECISIVE,
        ("can't acquire database lock", "error: can't acquire lock", "try lock failed", "error: database locked"),
        source="golang-migrate/migrate migrate.go, database/driver.go, database/postgres/postgres.go",
        example="error: timeout: can't acquire database lock",
    ),
    Sign(
        "atlas-lock",
        Weight.DECISIVE,
        ("lock is held by other session", "acquiring database lock"),
        r"lock is held by other session|acquiring database lock: (?!ok)",
        source="ariga/atlas sql/schema/schema.go ErrLocked",
        example="Error: acquiring database lock: sql/schema: lock is held by other session",
    ),
    Sign(
        "goose-lock",
        Weight.STRONG,
        "failed to acquire lock",
        unless=_OTHER_LOCKS,
        source="pressly/goose lock/postgres.go",
        example="goose: failed to acquire lock: context deadline exceeded",
    ),
    Sign(
        "migrate-mongo-lock",
        Weight.DECISIVE,
        "a lock is present",
        r"could not migrate (?:up|down), a lock is present",
        source="seppevs/migrate-mongo lib/actions/up.js",
        example="ERROR: Could not migrate up, a lock is present.",
    ),
    Sign(
        "mongock-lock",
        Weight.DECISIVE,
        ("mongock did not acquire process lock", "lockcheckexception", "quit trying lock after"),
        source="mongock/mongock LockManagerDefault.java",
        example="io.mongock.driver.api.lock.LockCheckException: Quit trying lock after 180000 millis due to"
        " LockPersistenceException",
    ),
    Sign(
        "laravel-isolated",
        Weight.STRONG,
        "command is already running",
        r"the \[migrate\S*\] command is already running",
        source="laravel/framework Illuminate/Console/Command.php",
        example="The [migrate] command is already running.",
    ),
    Sign(
        "stated-migration-lock",
        Weight.STRONG,
        (
            "migration lock",
            "migrations lock",
            "schema lock",
            "advisory lock",
            "changelog lock",
            "database lock",
            "exclusive lock",
            "table lock",
        ),
        r"(?:could not|couldn't|cannot|can't|failed to|unable to|timed? ?out|timeout|gave up) .{0,30}?"
        r"\b(?:acquir|obtain|get|tak|wait)\w* .{0,40}?"
        r"\b(?:migrations?|schema|advisory|changelog|database|exclusive|table) lock\b",
        unless=_OTHER_LOCKS,
        source="common wording of home-made runners",
        example="Error: could not acquire migration lock after 60 s",
    ),
    Sign(
        "stated-held",
        Weight.STRONG,
        ("lock is held", "lock held by", "lock is already held", "lock is currently held", "migrations are locked"),
        r"\b(?:migrations?|advisory|schema|database|db)\b.{0,40}\block\b.{0,12}\bheld\b|migrations are locked",
        unless=_OTHER_LOCKS,
        source="common wording of home-made runners",
        example="migration lock is held by run 41f3 since 02:03, giving up",
    ),
    Sign(
        "stated-other-runner",
        Weight.STRONG,
        (
            "another instance",
            "another process",
            "another migration",
            "another runner",
            "migration is already in progress",
        ),
        r"another (?:instance|process|migration|runner|job|deploy\w*)\b.{0,40}"
        r"(?:is (?:already |currently )?(?:running|migrating|applying)|holds? the .{0,20}lock|in progress)"
        r"|\bmigration is already in progress",
        unless=_OTHER_LOCKS + r"|port \d+",
        source="common wording of home-made runners",
        example="Another instance is already running migrations",
    ),
)
