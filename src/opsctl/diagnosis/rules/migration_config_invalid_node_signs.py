"""How the migration tools of Node.js say that they are configured wrongly."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# What makes a schema invalid is then a variable, not the schema.
_VARIABLE = (
    r"environment variable not found|the url must start with|missing required environment variable"
    r"|cannot resolve environment"
)

SIGNS_NODE: tuple[Sign, ...] = (
    Sign(
        "typeorm-export",
        Weight.DECISIVE,
        "given data source file must contain",
        source="typeorm/typeorm src/commands/CommandUtils.ts",
        example="Error: Given data source file must contain export of a DataSource instance",
    ),
    Sign(
        "typeorm-not-iterable",
        Weight.DECISIVE,
        ("datasourcefileexports", "datasourcefileexport"),
        r"datasourcefileexports? is not iterable|cannot (?:convert|read) .{0,80}datasourcefileexport",
        source="typeorm/typeorm src/commands/CommandUtils.ts loadDataSource",
        example="TypeError: dataSourceFileExports is not iterable",
    ),
    Sign(
        "typeorm-options",
        Weight.DECISIVE,
        (
            "no connection options were found in any orm configuration files",
            "because its not defined in any orm configuration files",
            "missing required argument: datasource",
            "missing required argument: connection",
        ),
        source="typeorm/typeorm src/connection/ConnectionOptionsReader.ts; yargs",
        example="No connection options were found in any orm configuration files.",
    ),
    Sign(
        "typeorm-driver",
        Weight.DECISIVE,
        ("missingdrivererror", "supported drivers are:"),
        r"missingdrivererror|wrong driver: .{1,60} given\. supported drivers are",
        source="typeorm/typeorm src/error/MissingDriverError.ts",
        example='MissingDriverError: Wrong driver: "undefined" given. Supported drivers are: "postgres"',
    ),
    Sign(
        "typeorm-entities",
        Weight.DECISIVE,
        ("entity metadata for ", "no metadata for "),
        r"entity metadata for .{1,120} was not found|no metadata for .{1,80} was found",
        source="typeorm/typeorm src/error/EntityMetadataNotFoundError.ts, metadata-builder/EntityMetadataBuilder.ts",
        example="TypeORMError: Entity metadata for Order#items was not found. Check if you specified a correct entity"
        " object"
        " and if it's connected in the connection options.",
    ),
    Sign(
        "typeorm-class-name",
        Weight.STRONG,
        "migration class name should have a javascript timestamp appended",
        source="typeorm/typeorm src/migration/MigrationExecutor.ts",
        example="AddTenant migration name is wrong. Migration class name should have a JavaScript timestamp appended.",
    ),
    Sign(
        "typeorm-column-type",
        Weight.STRONG,
        (
            "datatypenotsupportederror",
            "and cannot be guessed. make sure you have turned on",
            "missingprimarycolumnerror",
        ),
        source="typeorm/typeorm src/error/DataTypeNotSupportedError.ts, ColumnTypeUndefinedError.ts",
        example='DataTypeNotSupportedError: Data type "datetime" in "A.at" is not supported by "postgres" database.',
    ),
    Sign(
        "typeorm-open",
        Weight.MODERATE,
        "unable to open file:",
        r"unable to open file: \\?\"",
        source="typeorm/typeorm src/commands/CommandUtils.ts",
        example='Error: Unable to open file: "/app/dist/data-source.js". Invalid or unexpected token',
    ),
    Sign(
        "typeorm-not-connected",
        Weight.MODERATE,
        "cannotexecutenotconnectederror",
        source="typeorm/typeorm src/error/CannotExecuteNotConnectedError.ts",
        example='CannotExecuteNotConnectedError: Cannot execute operation on "default" connection because connection is'
        " not yet established.",
    ),
    Sign(
        "typeorm-connection-name",
        Weight.STRONG,
        "connectionnotfounderror",
        r"connectionnotfounderror: connection \\?\"",
        source="typeorm/typeorm src/error/ConnectionNotFoundError.ts",
        example='ConnectionNotFoundError: Connection "default" was not found.',
    ),
    Sign(
        "typeorm-driver-option",
        Weight.MODERATE,
        "driveroptionnotseterror",
        source="typeorm/typeorm src/error/DriverOptionNotSetError.ts",
        example="DriverOptionNotSetError: Driver option (database) is not set.",
    ),
    Sign(
        "sequelize-dialect",
        Weight.DECISIVE,
        ("dialect needs to be explicitly supplied", "is not supported. supported dialects"),
        r"dialect needs to be explicitly supplied|the dialect .{1,60} is not supported\. supported dialects",
        source="sequelize/sequelize src/sequelize.js",
        example="ERROR: Dialect needs to be explicitly supplied as of v4.0.0",
    ),
    Sign(
        "sequelize-config",
        Weight.STRONG,
        ('have you run "sequelize init"', "config must be an object or a promise for an object", 'error reading "'),
        r"have you run \\?\"sequelize init\\?\"|config must be an object or a promise"
        r"|error reading \\?\"\S*config\S*\\?\"\. error",
        source="sequelize/cli src/helpers/config-helper.js, core/migrator.js",
        example='ERROR: Cannot find "/app/config/config.json". Have you run "sequelize init"?',
    ),
    Sign(
        "knex-config",
        Weight.DECISIVE,
        (
            "required configuration option 'client' is missing",
            "unknown configuration option 'client' value",
            "no knexfile found in this directory",
            "no default configuration file",
        ),
        source="knex/knex lib/client.js, lib/knex-builder/internal/config-resolver.js, bin/cli.js",
        example="Error: knex: Required configuration option 'client' is missing.",
    ),
    Sign(
        "knex-environment",
        Weight.STRONG,
        ("unable to read knexfile config", "must have both an up and down function"),
        source="knex/knex bin/cli.js, lib/migrations/migrate/Migrator.js",
        example="Warning: unable to read knexfile config",
    ),
    Sign(
        "drizzle-config",
        Weight.DECISIVE,
        (
            "please specify 'dialect' param",
            'please specify "dialect" param',
            "are required for database connection",
            "is not valid for dialect",
        ),
        source="drizzle-team/drizzle-orm drizzle-kit/src/cli/validations",
        example=' Invalid input  Either "uri" or "host", "database" are required for database connection',
    ),
    Sign(
        "drizzle-config-file",
        Weight.MODERATE,
        "file does not exist",
        r"drizzle\.config\.\w+ file does not exist",
        source="drizzle-team/drizzle-orm drizzle-kit/src/cli/commands/utils.ts",
        example="/app/drizzle.config.json file does not exist",
    ),
    Sign(
        "drizzle-form",
        Weight.DECISIVE,
        "please provide required params",
        # A cross marks a value that is missing; without one the form itself is refused.
        unless=r"\[x\]",
        source="drizzle-team/drizzle-orm drizzle-kit/src/cli/validations",
        example=" Error  Please provide required params:\n    [✓] dialect: 'postgresql'",
    ),
    Sign(
        "drizzle-params",
        Weight.MODERATE,
        "please provide required params",
        source="drizzle-team/drizzle-orm drizzle-kit/src/cli/validations",
        example="Error  Please provide required params for Postgres driver:\n    [x] host: undefined",
    ),
    Sign(
        "drizzle-schema",
        Weight.STRONG,
        ("no schema files found for path config", "can't find schema", "required path to schema"),
        r"no schema files found for path config|can't find schema (?:file )?|required path to schema",
        source="drizzle-team/drizzle-orm drizzle-kit/src/serializer/index.ts",
        example="Error  No schema files found for path config ['./src/schema.ts']",
    ),
    Sign(
        "mikro-orm-config",
        Weight.DECISIVE,
        (
            "mikroorm config file not found in",
            "no driver specified, please fill in the",
            "no platform type specified, please fill in",
            "invalid platform type specified",
            "no entities found, please use",
            "no entities were discovered",
            "no database specified, ",
            "only abstract entities were discovered",
            "to provide it in 'entities' array when initializing the orm",
            "entity is missing @primarykey",
            "option has been removed in v6, please fill in",
        ),
        source="mikro-orm/mikro-orm packages/core/src/utils/Configuration.ts, errors.ts; cli",
        example="MikroORM config file not found in ['./src/mikro-orm.config.js', './mikro-orm.config.js']",
    ),
    Sign(
        "prisma-provider",
        Weight.DECISIVE,
        (
            "does not match the one specified in the migration_lock.toml",
            "datasource provider arrays are no longer supported",
            "datasource provider not known",
            "the preview features",
            "it should not be altered with prisma migrate",
        ),
        r"does not match the one specified in the migration_lock|provider arrays are no longer supported"
        r"|datasource provider not known|requested preview features are not yet"
        r"|should not be altered with prisma migrate",
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3019, P3013",
        example="The datasource provider `mysql` specified in your schema does not match the one specified in the"
        " migration_lock.toml, `postgresql`.",
    ),
    Sign(
        "prisma-datasource",
        Weight.DECISIVE,
        (
            "property is required in your prisma config file",
            "is no longer supported in schema files",
            'argument "url" is missing in data source block',
            "argument `url` is missing in data source block",
            "you defined more than one datasource",
            "you don't have any datasource defined in your schema",
            'engine type "client" requires either',
        ),
        source="prisma/prisma packages/config, packages/internals; prisma-engines psl",
        example="Error: The datasource property is required in your Prisma config file when using prisma migrate"
        " deploy.",
    ),
    Sign(
        "prisma-schema-error",
        Weight.STRONG,
        ("error: error validating", "error: error parsing attribute", 'error: type "'),
        r"error: error (?:validating|parsing attribute)|error: type \\?\".{1,60}\\?\" is neither a built-in type",
        unless=_VARIABLE,
        source="prisma/prisma-engines psl/diagnostics/src/error.rs",
        example="error: Error validating field `items` in model `Order`: The relation field `items` is missing an"
        " opposite.",
    ),
    Sign(
        "prisma-validation",
        Weight.MODERATE,
        ("validation error count:", "error code: p1012", "prisma schema validation", "(get-config wasm)"),
        unless=_VARIABLE + r"|validation error count: 0",
        source="prisma/prisma packages/internals engine-commands/getConfig.ts",
        example="error: Error validating field `items`: The relation field is missing an opposite.\nValidation Error"
        " Count: 1",
    ),
    Sign(
        "prisma-config-file",
        Weight.STRONG,
        (
            "failed to load config file",
            "failed to parse syntax of config file",
            "config file not found at",
            "config file",
        ),
        r"failed to load config file .{1,120}(?:prisma|drizzle|\.config)|failed to parse syntax of config file"
        r"|prisma\.config\.\w+.{0,40}(?:not found|does not exist)",
        unless=_VARIABLE,
        source="prisma/prisma packages/config/src/loadConfigFromFile.ts",
        example='Failed to load config file "/app/prisma.config.ts" as a TypeScript/JavaScript module.',
    ),
    Sign(
        "prisma-schema-path",
        Weight.MODERATE,
        (
            "could not find prisma schema that is required",
            "could not find a schema.prisma file",
            "could not load `--schema` from provided path",
            "could not load schema from",
        ),
        source="prisma/prisma packages/internals cli/getSchema.ts",
        example="Error: Could not find Prisma Schema that is required for this command.",
    ),
    Sign(
        "prisma-shadow",
        Weight.MODERATE,
        (
            "could not create the shadow database",
            "the shadow database you configured appears to be the same as the main database",
        ),
        source="prisma/prisma-engines libs/user-facing-errors schema_engine.rs P3014",
        example="Prisma Migrate could not create the shadow database. Please make sure the database user has permission"
        " to"
        " create databases.",
    ),
    Sign(
        "prisma-interactive",
        Weight.STRONG,
        "detected that the environment is non-interactive",
        source="prisma/prisma packages/migrate utils/errors.ts",
        example="Error: Prisma Migrate has detected that the environment is non-interactive, which is not supported.",
    ),
    Sign(
        "db-migrate-environment",
        Weight.DECISIVE,
        ("environment(s) '", "environment(s) \\'", 'environment(s) "'),
        r"(?<![\"'`])environment\(s\) \\?['\"].{1,120}?['\"] not found\b",
        source="db-migrate/node-db-migrate lib/config.js setCurrent",
        example="[ERROR] Error: Environment(s) 'dev, development' not found.",
    ),
    Sign(
        "migrate-mongo-config",
        Weight.STRONG,
        ("config file does not exist: ", "defined in config file!", "could not find database config file"),
        r"config file does not exist: |no `\w+` defined in config file!|could not find database config file",
        source="seppevs/migrate-mongo lib/env/config.js, database.js; db-migrate/node-db-migrate lib/config.js",
        example="ERROR: No `url` defined in config file!",
    ),
    Sign(
        "supabase-project",
        Weight.STRONG,
        ("cannot find project ref. have you run supabase link", "failed to parse config: "),
        r"cannot find project ref|failed to parse config: (?:decoding|toml|'|\")",
        source="supabase/cli internal/utils",
        example="Cannot find project ref. Have you run supabase link?",
    ),
)
