"""How the other migration tools, and poolers under them, say that the configuration is wrong."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_JVM: tuple[Sign, ...] = (
    Sign(
        "flyway-placeholder",
        Weight.DECISIVE,
        (
            "no value provided for placeholder",
            "unknown prefix for location",
            "unknown configuration property: flyway",
            "unknown configuration properties",
        ),
        r"no value provided for placeholder(?:s| expressions)?: ?|unknown prefix for location"
        r"|unknown configuration propert",
        source="flyway/flyway flyway-core PlaceholderReplacingReader.java, Location.java, ClassicConfiguration.java",
        example="No value provided for placeholder: ${app_role}.  Check your configuration!",
    ),
    Sign(
        "flyway-url",
        Weight.STRONG,
        ("configure the url, user and password", "unable to determine if driver class"),
        source="flyway/flyway flyway-core Flyway.java",
        example="Unable to connect to the database. Configure the url, user and password!",
    ),
    Sign(
        "flyway-database",
        Weight.MODERATE,
        (
            "no database found to handle",
            "unable to autodetect jdbc driver for url",
            "environment '",
            "unable to instantiate jdbc driver",
        ),
        r"no database found to handle|unable to autodetect jdbc driver|environment '\w+' not (?:found|configured)",
        source="flyway/flyway flyway-core database/DatabaseTypeRegister.java",
        example="No database found to handle jdbc:postgresql://10.1.0.3:5432/shop",
    ),
    Sign(
        "flyway-location",
        Weight.MODERATE,
        (
            "unable to resolve location",
            "no migrations found. are your locations set up correctly",
            "cannot find migration scripts in",
            "cannot find migrations location in",
            "no locations configured",
        ),
        source="flyway/flyway flyway-core scanner/classpath; spring-boot FlywayMigrationScriptMissingException",
        example="Cannot find migration scripts in: [classpath:db/migration] (please add migration scripts or check your"
        " Flyway configuration)",
    ),
    Sign(
        "liquibase-search-path",
        Weight.DECISIVE,
        ("was not found in the configured search path", "cannot find changelog location:"),
        source="liquibase/liquibase util/FileUtil.java; spring-boot LiquibaseAutoConfiguration",
        example="The file db/changelog.xml was not found in the configured search path:",
    ),
    Sign(
        "liquibase-arguments",
        Weight.DECISIVE,
        ("missing required argument", "missing required option", "cannot find parser that supports"),
        r"invalid argument '?--[\w-]+'?: missing required argument|cannot find parser that supports"
        r"|error: missing required option '?--?(?:url|changelog)",
        source="liquibase/liquibase command/CommandScope.java, parser/ChangeLogParserFactory.java",
        example="Error parsing command line: Invalid argument '--changelog-file': missing required argument",
    ),
    Sign(
        "liquibase-changelog",
        Weight.STRONG,
        "changelogparseexception",
        r"changelogparseexception: .{1,160}does not exist",
        source="liquibase/liquibase exception/ChangeLogParseException.java",
        example="liquibase.exception.ChangeLogParseException: classpath:/db/changelog/master.xml does not exist",
    ),
    Sign(
        "spring-datasource",
        Weight.MODERATE,
        (
            "failed to determine a suitable driver class",
            "failed to configure a datasource:",
            "unable to determine dialect without jdbc metadata",
        ),
        source="spring-projects/spring-boot DataSourceProperties.java; hibernate/hibernate-orm",
        example="Failed to configure a DataSource: 'url' attribute is not specified and no embedded datasource could be"
        " configured.",
    ),
)

SIGNS_PYTHON: tuple[Sign, ...] = (
    Sign(
        "alembic-ini",
        Weight.DECISIVE,
        ("no 'script_location' key found", "no config file '", 'no config file "'),
        r"no 'script_location' key found|no config file ['\"].{1,160}['\"] found",
        source="sqlalchemy/alembic script/base.py, util/pyfiles.py, config.py",
        example="FAILED: No 'script_location' key found in configuration",
    ),
    Sign(
        "alembic-path",
        Weight.MODERATE,
        ("command to create a new scripts folder", "please use the 'init' command"),
        source="sqlalchemy/alembic script/base.py",
        example="FAILED: Path doesn't exist: '/app/alembic'.  Please use the 'init' command to create a new scripts"
        " folder.",
    ),
    Sign(
        "alembic-url",
        Weight.STRONG,
        "keyerror: 'url'",
        source="sqlalchemy/sqlalchemy engine/create.py engine_from_config",
        example="KeyError: 'url'",
    ),
    Sign(
        "alembic-metadata",
        Weight.DECISIVE,
        ("does not provide a metadata object", "no section: 'alembic'", "no section: 'formatters'"),
        source="sqlalchemy/alembic autogenerate/api.py; CPython configparser",
        example="FAILED: Can't proceed with --autogenerate option; environment script /app/alembic/env.py does not"
        " provide a"
        " MetaData object or sequence of objects to the context.",
    ),
    Sign(
        "sqlalchemy-dialect",
        Weight.MODERATE,
        "can't load plugin: sqlalchemy.dialects:",
        source="sqlalchemy/sqlalchemy util/langhelpers.py",
        example="sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
    ),
    Sign(
        "sqlalchemy-async",
        Weight.STRONG,
        ("the asyncio extension requires an async driver", "greenlet_spawn has not been called"),
        source="sqlalchemy/sqlalchemy ext/asyncio/engine.py",
        example="sqlalchemy.exc.InvalidRequestError: The asyncio extension requires an async driver to be used. The"
        " loaded"
        " 'psycopg2' is not async.",
    ),
    Sign(
        "configparser-percent",
        Weight.MODERATE,
        ("invalid interpolation syntax in", "interpolationsyntaxerror"),
        source="CPython Lib/configparser.py BasicInterpolation",
        example="ValueError: invalid interpolation syntax in 'postgresql://app:p%40ss@10.0.0.3/shop' at position 18",
    ),
    Sign(
        "flask-app",
        Weight.MODERATE,
        ("could not locate a flask application", "no such command 'db'", 'no such command "db"'),
        source="pallets/flask src/flask/cli.py",
        example="Error: Could not locate a Flask application. Use the 'flask --app' option",
    ),
    Sign(
        "django-backend",
        Weight.DECISIVE,
        ("available database backend", "doesn't declare an explicit app_label", "that has not been installed"),
        r"isn't an available database backend|doesn't declare an explicit app_label and isn't in an application"
        r"|auth_user_model refers to model .{1,80} that has not been installed",
        source="django/django db/utils.py, db/models/base.py, contrib/auth/__init__.py",
        example="django.core.exceptions.ImproperlyConfigured: 'djongo' isn't an available database backend or couldn't"
        " be"
        " imported. Check the above exception.",
    ),
    Sign(
        "django-databases",
        Weight.STRONG,
        (
            "settings.databases is improperly configured",
            "does not have migrations.",
            "no installed app with label",
            "the connection '",
        ),
        r"settings\.databases is improperly configured|app '.{1,60}' does not have migrations"
        r"|no installed app with label '|the connection '.{1,60}' doesn't exist",
        source="django/django db/backends/dummy/base.py, core/management/commands/migrate.py",
        example="settings.DATABASES is improperly configured. Please supply the ENGINE value.",
    ),
    Sign(
        "aerich-config",
        Weight.DECISIVE,
        ("you must exec init first", "you need to run `aerich init", "no config named"),
        source="tortoise/aerich aerich/cli.py",
        example="Usage: aerich upgrade: You must exec init first",
    ),
)

SIGNS_RUBY_PHP: tuple[Sign, ...] = (
    Sign(
        "rails-adapter",
        Weight.DECISIVE,
        (
            "adapternotspecified",
            "database configuration does not specify adapter",
            "database configuration specifies nonexistent",
            "database is not configured for the `",
        ),
        source="rails/rails active_record/connection_adapters, database_configurations.rb",
        example="ActiveRecord::AdapterNotSpecified: The `primary` database is not configured for the `production`"
        " environment.",
    ),
    Sign(
        "rails-database-yml",
        Weight.STRONG,
        ("cannot load database configuration", "could not load database configuration"),
        source="rails/rails railties/lib/rails/application/configuration.rb",
        example='Could not load database configuration. No such file - ["config/database.yml"]',
    ),
    Sign(
        "rails-protected",
        Weight.MODERATE,
        ("you are attempting to run a destructive action against your", "no connection pool for"),
        source="rails/rails active_record/migration.rb ProtectedEnvironmentError",
        example="You are attempting to run a destructive action against your 'production' database.",
    ),
    Sign(
        "laravel-connection",
        Weight.DECISIVE,
        ("] not configured.", "unsupported driver ["),
        r"database (?:connection )?\[.{0,60}\] not configured|unsupported driver \[",
        source="laravel/framework Illuminate/Database/DatabaseManager.php, Connectors/ConnectionFactory.php",
        example="InvalidArgumentException: Database connection [pgsql_admin] not configured.",
    ),
    Sign(
        "doctrine-driver",
        Weight.DECISIVE,
        (
            "the options 'driver' or 'driverclass' are mandatory",
            "the given driver ",
            'the given "driver"',
            "migrations_paths",
        ),
        r"'driver' or 'driverclass' are mandatory|the given \"?driver\"? .{1,60} is unknown"
        r"|migrations_paths.{0,60}(?:must|should|not)",
        source="doctrine/dbal DriverManager.php; doctrine/migrations Configuration",
        example='The given driver "pdo_postgres" is unknown, Doctrine currently supports only the following drivers:',
    ),
    Sign(
        "doctrine-none-registered",
        Weight.MODERATE,
        "couldn't be reached, there are no registered migrations",
        source="doctrine/migrations Tools/Console/Command/MigrateCommand.php",
        example='The version "latest" couldn\'t be reached, there are no registered migrations.',
    ),
    Sign(
        "doctrine-type",
        Weight.STRONG,
        "requested, doctrine\\dbal\\platforms",
        r"unknown database type .{1,40} requested, doctrine\\+dbal",
        source="doctrine/dbal Platforms/AbstractPlatform.php",
        example="Unknown database type enum requested, Doctrine\\DBAL\\Platforms\\MySQL80Platform may not support it.",
    ),
    Sign(
        "symfony-command",
        Weight.MODERATE,
        "there are no commands defined in the",
        r"no commands defined in the \"(?:doctrine|migrations?|migrate|phinx)",
        source="symfony/symfony Component/Console/Application.php",
        example='There are no commands defined in the "doctrine:migrations" namespace.',
    ),
    Sign(
        "phinx-environment",
        Weight.DECISIVE,
        (
            "the environment configuration for",
            "the environment configuration (read from",
            "has not been registered",
            "migrations path missing from config file",
            "no environments have been configured",
            "could not determine database type",
        ),
        r"the environment configuration .{1,80}is missing|adapter .{1,40} has not been registered"
        r"|migrations path missing from"
        r"|environment configuration \(read from",
        source="cakephp/phinx src/Phinx/Config/Config.php, Db/Adapter/AdapterFactory.php",
        example='The environment configuration for "production" is missing',
    ),
)

SIGNS_OTHERS: tuple[Sign, ...] = (
    Sign(
        "no-schema-selected",
        Weight.DECISIVE,
        ("no schema has been selected to create in", "생성할 스키마"),
        source="postgres src/backend/catalog/namespace.c",
        example="ERROR:  no schema has been selected to create in",
    ),
    Sign(
        "pooler-startup",
        Weight.STRONG,
        ("unsupported startup parameter", "unsupported startup parameter in options"),
        source="pgbouncer/pgbouncer src/client.c",
        example="FATAL: unsupported startup parameter: search_path",
    ),
    Sign(
        "pooler-statements",
        Weight.STRONG,
        "prepared statement",
        r"prepared statement .{1,60} (?:already exists|does not exist)",
        source="postgres src/backend/commands/prepare.c; prisma docs on PgBouncer",
        example='ERROR: prepared statement "s0" already exists',
    ),
    Sign(
        "go-driver",
        Weight.STRONG,
        ("(forgotten import?)", "unknown dialect", "unknown driver", "unsupported driver: ", "unsupported dialect"),
        r"unknown driver .{1,60}(?:\(forgotten import\?\)|\. see: https://atlas)|: unknown dialect\b"
        r"|unsupported driver: \w|unsupported dialect",
        source="golang-migrate/migrate database/driver.go; pressly/goose dialect; amacneil/dbmate pkg/dbmate/db.go",
        example="error: database driver: unknown driver postgresql (forgotten import?)",
    ),
    Sign(
        "go-source",
        Weight.MODERATE,
        ("failed to open source, ", "could not find migrations directory", "failed to parse scheme from"),
        source="golang-migrate/migrate migrate.go; amacneil/dbmate pkg/dbmate/db.go",
        example='error: failed to open source, "migrations": no scheme',
    ),
    Sign(
        "atlas-project",
        Weight.STRONG,
        (
            "not defined in project file",
            "not defined in config file",
            "missing value for required variable",
            'required flag(s) "url" not set',
            'required flag(s) "dev-url" not set',
        ),
        source="ariga/atlas cmd/atlas/internal/cmdapi/project.go",
        example='Error: env "prod" not defined in project file',
    ),
    Sign(
        "efcore-provider",
        Weight.DECISIVE,
        (
            "no database provider has been configured for this dbcontext",
            "unable to create an object of type",
            "unable to create a 'dbcontext' of type",
            "no dbcontext was found in assembly",
            "more than one dbcontext was found",
            "match your migrations assembly",
            "doesn't reference microsoft.entityframeworkcore.design",
        ),
        source="dotnet/efcore CoreStrings.resx, DesignStrings.resx",
        example="Your target project 'Api' doesn't match your migrations assembly 'Persistence'. Either change your"
        " target"
        " project or change your migrations assembly.",
    ),
    Sign(
        "efcore-assembly",
        Weight.MODERATE,
        (
            "no migrations were found in assembly",
            "unable to retrieve project metadata",
            "no project was found. change the current working directory",
        ),
        source="dotnet/efcore RelationalStrings.resx; dotnet-ef Resources.resx",
        example="No migrations were found in assembly 'Api'. A migration needs to be added before the database can be"
        " updated.",
    ),
    Sign(
        "ecto-repos",
        Weight.DECISIVE,
        ("could not find ecto repos in any of the apps", "not specified in", "missing :adapter option"),
        r"could not find ecto repos|configuration for \S+repo not specified in"
        r"|missing :adapter option on use ecto\.repo",
        source="elixir-ecto/ecto lib/mix/ecto.ex, lib/ecto/repo/supervisor.ex",
        example="** (ArgumentError) configuration for Shop.Repo not specified in :shop environment",
    ),
    Sign(
        "rust-config",
        Weight.STRONG,
        (
            "error parsing config: ",
            "invalid migrations path",
            "cannot mix reversible migrations with simple migrations",
        ),
        source="rust-db/refinery refinery_core/src/error.rs; launchbadge/sqlx sqlx-core/src/migrate/error.rs",
        example="invalid migrations path /app/migrations, No such file or directory (os error 2)",
    ),
    Sign(
        "hasura-metadata",
        Weight.STRONG,
        ("either --database-name or --all-databases", "cannot find configuration file", "cannot validate version"),
        r"--database-name or --all-databases|validate:? .{0,60}cannot find \[?config\.yaml"
        r"|failed to find config file: config\.yaml",
        source="hasura/graphql-engine cli/commands/migrate_apply.go",
        example="one of [--database-name , --all-databases] flags: either --database-name or --all-databases should be"
        " set",
    ),
)
