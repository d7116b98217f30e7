"""Messages of migration tools and database clients about files that are not in the image."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_MIGRATION = (
    Sign(
        id="prisma-schema",
        weight=Weight.DECISIVE,
        needle=(
            "could not find prisma schema",
            "could not find a schema.prisma file",
            "could not load `--schema` from provided path",
            "could not load schema from provided path",
        ),
        source="prisma/prisma packages/internals/src/cli/getSchema.ts",
        example="Error: Could not find Prisma Schema that is required for this command.",
    ),
    Sign(
        id="prisma-migration-file",
        weight=Weight.STRONG,
        needle=("could not find the migration file at", "p3015"),
        source="prisma.io/docs/orm/reference/error-reference#p3015",
        example="Error: P3015\nCould not find the migration file at migration.sql. Please delete the directory or "
        "restore the "
        "migration file.",
    ),
    Sign(
        id="drizzle-journal",
        weight=Weight.DECISIVE,
        needle="can't find meta/_journal.json file",
        source="drizzle-team/drizzle-orm drizzle-orm/src/migrator.ts",
        example="Error: Can't find meta/_journal.json file",
    ),
    Sign(
        id="drizzle-sql-file",
        weight=Weight.DECISIVE,
        needle="no file ",
        pattern=r"No file \S+\.sql found in \S+ folder",
        source="drizzle-team/drizzle-orm drizzle-orm/src/migrator.ts",
        example="Error: No file ./drizzle/0003_add_plan.sql found in ./drizzle folder",
    ),
    Sign(
        id="drizzle-config",
        weight=Weight.DECISIVE,
        needle="file does not exist",
        pattern=r"drizzle[\w.-]*\.(?:ts|js|json|mjs) file does not exist",
        source="drizzle-team/drizzle-orm drizzle-kit/src/cli/commands/utils.ts",
        example="/app/drizzle.config.json file does not exist",
    ),
    Sign(
        id="mikro-orm-config",
        weight=Weight.STRONG,
        needle="mikroorm config file not found in",
        source="mikro-orm/mikro-orm packages/core/src/utils/ConfigurationLoader.ts",
        example="Error: MikroORM config file not found in ['./dist/mikro-orm.config.js', './mikro-orm.config.js']",
    ),
    Sign(
        id="knex-config",
        weight=Weight.STRONG,
        needle=(
            "failed to resolve config file",
            "no configuration file found",
            "knexfile",
            "unable to read the knexfile",
        ),
        pattern=r"Failed to resolve config file, knex cannot determine where to generate|Failed to resolve config file"
        r"|No knexfile found|(?:knexfile)\S* (?:not found|does not exist|cannot be found)",
        source="knex/knex bin/utils/cli-config-utils.js",
        example="No knexfile found in this directory. Specify a path with --knexfile",
    ),
    Sign(
        id="knex-directory-corrupt",
        weight=Weight.MODERATE,
        needle="the migration directory is corrupt, the following files are missing",
        source="knex/knex lib/migrations/migrate/migration-list-resolver.js",
        example="Error: The migration directory is corrupt, the following files are missing: 20240101_init.js",
    ),
    Sign(
        id="sequelize-config",
        weight=Weight.DECISIVE,
        needle='have you run "sequelize init"?',
        source="sequelize/cli src/helpers/config-helper.js",
        example='ERROR: Cannot find "/app/config/config.json". Have you run "sequelize init"?',
    ),
    Sign(
        id="node-pg-migrate-files",
        weight=Weight.DECISIVE,
        needle="can't get migration files",
        pattern=r"Can't get migration files:[\s\S]{0,80}ENOENT",
        source="salsita/node-pg-migrate src/runner.ts",
        example="Error: Can't get migration files: Error: ENOENT: no such file or directory, scandir '/app/migrations'",
    ),
    Sign(
        id="typeorm-unable-to-open",
        weight=Weight.MODERATE,
        needle="unable to open file:",
        pattern=r"Unable to open file: .{0,200}(?:Cannot find module ['\"]?/|ENOENT)",
        source="typeorm/typeorm src/commands/CommandUtils.ts",
        example='Error: Unable to open file: "/app/dist/data-source.js". Cannot find module '
        "'/app/dist/data-source.js'",
    ),
    Sign(
        id="migrate-mongo-config",
        weight=Weight.DECISIVE,
        needle="migrate-mongo-config",
        pattern=r"config file does not exist: \S*migrate-mongo-config|migrate-mongo-config\S* (?:does not exist"
        r"|not found)",
        source="seppevs/migrate-mongo lib/env/config.js",
        example="ERROR: config file does not exist: /app/migrate-mongo-config.js",
    ),
    Sign(
        id="alembic-path",
        weight=Weight.DECISIVE,
        needle=("use the 'init' command to create a new", "path doesn't exist: "),
        pattern=r"use the 'init' command\s+to create a new|Path doesn't exist: ['\"]?[\w./-]+['\"]?\.\s+Please use",
        source="sqlalchemy/alembic alembic/script/base.py",
        example="FAILED: Path doesn't exist: '/app/alembic'.  Please use the 'init' command to create a new scripts "
        "folder.",
    ),
    Sign(
        id="alembic-ini",
        weight=Weight.STRONG,
        needle="no config file",
        pattern=r"No config file ['\"][^'\"]+['\"] found",
        source="sqlalchemy/alembic alembic/config.py",
        example="FAILED: No config file 'alembic.ini' found, or file has no '[alembic]' section",
    ),
    Sign(
        id="alembic-no-script-location",
        weight=Weight.MODERATE,
        needle="'script_location' key found in configuration",
        source="sqlalchemy/alembic alembic/script/base.py",
        example="FAILED: No 'script_location' key found in configuration.",
    ),
    Sign(
        id="no-migrations-found",
        weight=Weight.MODERATE,
        needle=(
            "no migrations found",
            "no migration found in",
            "no migration scripts found",
            "no migrations were found",
        ),
        unless=r"No migrations? (?:found )?to (?:apply|run)|up to date|nothing to (?:do|migrate)|skipping",
        source="flyway/flyway flyway-core DbMigrate.java; typeorm, dbmate and others",
        example="No migrations found. Are your locations set up correctly?",
    ),
    Sign(
        id="flyway-location",
        weight=Weight.STRONG,
        needle=(
            "unable to resolve location filesystem",
            "skipping filesystem location",
            "cannot find migrations location in",
            "cannot find migration scripts in",
            "unable to resolve location classpath",
        ),
        source="flyway/flyway flyway-core FileSystemScanner.java; spring-boot FlywayMigrationScriptMissingException",
        example="WARNING: Skipping filesystem location: /flyway/sql (not found).",
    ),
    Sign(
        id="liquibase-changelog",
        weight=Weight.STRONG,
        needle=("was not found in the configured search path", "cannot find changelog location"),
        source="liquibase/liquibase liquibase-standard FileUtil.java; spring-boot LiquibaseAutoConfiguration",
        example="The file db/changelog/db.changelog-master.yaml was not found in the configured search path:\n"
        "    - /liquibase/changelog",
    ),
    Sign(
        id="golang-migrate-source",
        weight=Weight.DECISIVE,
        needle="failed to open source",
        pattern=r"failed to open source,? [\s\S]{0,200}no such file or directory",
        source="golang-migrate/migrate migrate.go, source/file/file.go",
        example='error: failed to open source, "file://migrations": open .: no such file or directory',
    ),
    Sign(
        id="golang-migrate-first",
        weight=Weight.STRONG,
        needle="file does not exist",
        pattern=r"\bfirst \S{0,200}: file does not exist",
        source="golang-migrate/migrate source/iofs/iofs.go",
        example="error: first .: file does not exist",
    ),
    Sign(
        id="goose-directory",
        weight=Weight.DECISIVE,
        needle=("goose", "directory does not exist"),
        pattern=r"goose\b.{0,120}(?:directory does not exist|no migration files found|failed to collect migrations"
        r"|stat \S+: no such file)"
        r"|migrations?\S{0,100} directory does not exist",
        source="pressly/goose migrate.go, provider_collect.go",
        example="goose run: db/migrations directory does not exist",
    ),
    Sign(
        id="dbmate-directory",
        weight=Weight.DECISIVE,
        needle=("could not find migrations directory", "no migration files found"),
        source="amacneil/dbmate pkg/dbmate/db.go; elixir-ecto/ecto_sql lib/mix/ecto_sql.ex",
        example="Error: could not find migrations directory `./db/migrations`",
    ),
    Sign(
        id="atlas-directory",
        weight=Weight.STRONG,
        needle=("sql/migrate: stat", "atlas.hcl"),
        pattern=r"sql/migrate: stat \S+: no such file|(?:stat|open|file) \S*atlas\.hcl\S*:? (?:no such file"
        r"|does not exist|was not found)",
        source="ariga/atlas sql/migrate/dir.go",
        example="Error: sql/migrate: stat migrations: no such file or directory",
    ),
    Sign(
        id="sqlx-resolving",
        weight=Weight.STRONG,
        needle=(
            "while resolving migrations",
            "error canonicalizing migration directory",
            "unable to find migrations directory",
        ),
        source="launchbadge/sqlx sqlx-core/src/migrate/error.rs; diesel-rs/diesel diesel_migrations",
        example="error: while resolving migrations: No such file or directory (os error 2)",
    ),
    Sign(
        id="psql-file",
        weight=Weight.DECISIVE,
        needle=".sql",
        pattern=r"^(?:psql: error: |psql:)?[ \t]*\S{1,300}\.sql: No such file or directory"
        r"|Failed to open file ['\"]?[^\s'\"]{1,300}\.sql['\"]?, error: 2"
        r"|(?:Sqlcmd: )?['\"][^\s'\"]{1,300}\.sql['\"]: Invalid filename|(?:cannot open|can't open"
        r"|can't read) ['\"]?[^\s'\"]{1,300}\.sql['\"]?:? (?:No such file)?",
        source="postgres/postgres src/bin/psql/command.c; mysql/mysql-server client/mysql.cc; microsoft/go-sqlcmd",
        example="psql: error: /app/sql/001_init.sql: No such file or directory",
    ),
    Sign(
        id="ef-no-project",
        weight=Weight.STRONG,
        needle="no project was found. change the current working directory",
        source="dotnet/efcore src/dotnet-ef/Properties/Resources.resx",
        example="No project was found. Change the current working directory or use the --project option.",
    ),
    Sign(
        id="phinx-config",
        weight=Weight.DECISIVE,
        needle=("config file(s)", "configuration file"),
        pattern=r"Config file\(s\) .{0,120}(?:does not exist|not found)"
        r"|onfiguration file .{0,80}phinx.{0,40}does not exist",
        source="cakephp/phinx src/Phinx/Console/Command/AbstractCommand.php",
        example='InvalidArgumentException: Config file(s) "phinx.php" does not exist',
    ),
)
