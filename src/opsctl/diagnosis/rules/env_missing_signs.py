"""Messages of languages, frameworks and validation libraries about a variable that is not set."""

from opsctl.diagnosis.rule import Sign, Weight

# What makes "X is not set" harmless: the program says what it does instead.
HARMLESS = (
    r"\bwarn(?:ing)?\b|\bnotice\b|\bdebug\b|default(?:s|ing|ed)?\b|fall(?:ing)?[ -]?back|skip(?:ping|ped)?\b"
    r"|disabl(?:ed|ing)|optional"
    r"|ignor(?:ed|ing)|metrics|tracing|telemetry|will (?:not )?be\b|without it|continuing|is off\b|are off\b"
    r"|\binfo\b|depreca|[,;:.] ?(?:now )?us(?:ing|e)\b|variables? (?:are|is) (?:all )?(?:set|present|loaded|valid|ok)\b"
)
_NAME = r"(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"

SIGNS_NODE = (
    Sign(
        id="prisma-variable",
        weight=Weight.DECISIVE,
        needle="environment variable not found:",
        source="prisma/prisma-engines psl/diagnostics/src/error.rs",
        example="error: Environment variable not found: DATABASE_URL.\n  -->  prisma/schema.prisma:7",
    ),
    Sign(
        id="prisma-config-variable",
        weight=Weight.DECISIVE,
        needle=(
            "prismaconfigenverror",
            "cannot resolve environment variable:",
            "the datasource.url property is required",
        ),
        source="prisma/prisma packages/config/src/env.ts",
        example="PrismaConfigEnvError: Missing required environment variable: DATABASE_URL",
    ),
    Sign(
        id="prisma-empty",
        weight=Weight.STRONG,
        needle=("resolved to an empty string", "you must provide a nonempty url"),
        source="prisma/prisma-engines psl/psl-core/src/configuration/datasource.rs",
        example="error: Error validating datasource `db`: You must provide a nonempty URL. The environment variable "
        "`DATABASE_URL` resolved to an empty string.",
    ),
    Sign(
        id="drizzle-kit-params",
        weight=Weight.STRONG,
        needle=("please provide required params", 'either connection "url" or'),
        pattern=r"Please provide required params(?: for|:)[\s\S]{0,200}\[x\] \w+: (?:undefined|''|\"\")"
        r"|Either connection \"url\" or \"host\""
        r"|^[ \t]*\[x\] (?:url|host|database|user|password): (?:undefined|'')",
        source="drizzle-team/drizzle-orm drizzle-kit/src/cli/validations",
        example=" Error  Please provide required params for Postgres driver:\n    [x] url: undefined",
    ),
    Sign(
        id="drizzle-kit-param-line",
        weight=Weight.MODERATE,
        needle="please provide required params for",
        source="drizzle-team/drizzle-orm drizzle-kit/src/cli/validations",
        example=" Error  Please provide required params for Postgres driver:",
    ),
    Sign(
        id="node-pg-migrate-url",
        weight=Weight.DECISIVE,
        needle="environment variable is not set or incomplete connection parameters are provided",
        source="salsita/node-pg-migrate bin/node-pg-migrate.ts",
        example="The DATABASE_URL environment variable is not set or incomplete connection parameters are provided.",
    ),
    Sign(
        id="sequelize-url-undefined",
        weight=Weight.STRONG,
        needle=("error parsing url: undefined", "error parsing url: null"),
        source="sequelize/cli src/helpers/config-helper.js",
        example="ERROR: Error parsing url: undefined",
    ),
    Sign(
        id="sequelize-env-variable",
        weight=Weight.STRONG,
        needle=(
            "reading 'use_env_variable'",
            "property 'use_env_variable' of undefined",
            "environment variable was not found",
        ),
        source="sequelize/cli src/assets/models/index.js",
        example="TypeError: Cannot read properties of undefined (reading 'use_env_variable')",
    ),
    Sign(
        id="typeorm-undefined-driver",
        weight=Weight.STRONG,
        needle="wrong driver:",
        pattern=r'Wrong driver: "undefined" given',
        source="typeorm/typeorm src/error/MissingDriverError.ts",
        example='MissingDriverError: Wrong driver: "undefined" given. Supported drivers are: "aurora-mysql", '
        '"postgres"',
    ),
    Sign(
        id="joi-nest-required",
        weight=Weight.DECISIVE,
        needle="config validation error",
        pattern=r"Config validation error: .{0,400}(?:is required|is not allowed to be empty)",
        source="nestjs/config lib/config.module.ts; hapijs/joi lib/types/any.js",
        example='Error: Config validation error: "DATABASE_URL" is required',
    ),
    Sign(
        id="envalid-missing",
        weight=Weight.DECISIVE,
        needle="missing environment variables:",
        source="af/envalid src/reporter.ts",
        example="================================\n Missing environment variables:\n    DATABASE_URL: undefined",
    ),
    Sign(
        id="zod-environment",
        weight=Weight.STRONG,
        needle=("invalid environment variables", "invalid environment", "environment validation failed", "invalid env"),
        pattern=r"[Ii]nvalid env(?:ironment)?(?: variables| vars| config\w*)?\b[\s\S]{0,600}?"
        r"(?:\bRequired\b|received:? ['\"]?undefined|is required|is missing)",
        source="t3-oss/t3-env packages/core/src/index.ts; colinhacks/zod",
        example="❌ Invalid environment variables: { DATABASE_URL: [ 'Required' ] }",
    ),
    Sign(
        id="t3-env",
        weight=Weight.STRONG,
        needle="invalid environment variables",
        pattern=r"(?:Error:|❌) Invalid environment variables:?\s*(?:$|\n\s+at )",
        source="t3-oss/t3-env packages/core/src/index.ts (the list stands in a line of its own)",
        example="Error: Invalid environment variables\n    at onValidationError "
        "(file:///app/node_modules/@t3-oss/env-core/dist/index.js:28:15)",
    ),
    Sign(
        id="zod-undefined-variable",
        weight=Weight.STRONG,
        needle=('"received": "undefined"', "received: 'undefined'", "received undefined"),
        pattern=rf"(?:ZodError|invalid_type)[\s\S]{{0,1500}}?['\"]{_NAME}['\"]",
        source="colinhacks/zod src/ZodError.ts",
        example='ZodError: [\n  {\n    "code": "invalid_type",\n    "expected": "string",\n    "received": '
        '"undefined",\n'
        '    "path": [\n      "DATABASE_URL"\n    ],\n    "message": "Required"\n  }\n]',
    ),
    Sign(
        id="node-env-packages",
        weight=Weight.DECISIVE,
        needle=(
            "is a required variable, but it was not set",
            "were defined in .env.example but are not present in the environment",
            "missing required configuration key",
            'configuration key "',
            "missingenvvarserror",
        ),
        pattern=r"is a required variable, but it was not set|defined in \.env\.example but are not present"
        r"|MissingEnvVarsError"
        r"|Configuration key \"[^\"]+\" does not exist",
        source="evanshortiss/env-var; rolodato/dotenv-safe; nestjs/config lib/config.service.ts",
        example='EnvVarError: env-var: "DB_HOST" is a required variable, but it was not set',
    ),
    Sign(
        id="node-config-property",
        weight=Weight.STRONG,
        needle=('configuration property "', "missing from config, did you override its parent"),
        pattern=r"Configuration property \"[^\"]+\" is not defined|missing from config, did you override its parent",
        source="node-config/node-config lib/config.js; mozilla/node-convict",
        example='Error: Configuration property "database.url" is not defined',
    ),
    Sign(
        id="sdk-key-missing",
        weight=Weight.DECISIVE,
        needle=(
            "secretorprivatekey must have a value",
            "requires a secret or key",
            "requires a clientid option",
            "supabaseurl is required",
            "supabasekey is required",
            "environment variable is missing or empty",
            "neither apikey nor config.authenticator provided",
            "api key is missing",
            "no api key provided",
            "api_key client option must be set",
            "missing credentials. please pass an",
            "token was unavailable to the client",
        ),
        pattern=r"secretOrPrivateKey must have a value|requires a secret or key|requires a clientID option"
        r"|supabase(?:Url|Key) is required"
        r"|environment variable is missing or empty|Neither apiKey nor config\.authenticator|API key is missing"
        r"|No API key provided"
        r"|api_key client option must be set|Missing credentials\. Please pass an"
        r"|token was unavailable to the client",
        unless=r"\bwarn",
        source="auth0/node-jsonwebtoken; supabase-js; openai/openai-node; stripe/stripe-node",
        example="Error: secretOrPrivateKey must have a value",
    ),
    Sign(
        id="mongoose-uri-undefined",
        weight=Weight.DECISIVE,
        needle="parameter to `openuri()` must be a string, got",
        source="Automattic/mongoose lib/connection.js",
        example='MongooseError: The `uri` parameter to `openUri()` must be a string, got "undefined".',
    ),
    Sign(
        id="aws-region-credentials",
        weight=Weight.STRONG,
        needle=(
            "missing region in config",
            "region is missing",
            "you must specify a region",
            "unable to locate credentials",
            "could not load credentials from any providers",
            "missing credentials in config",
        ),
        pattern=r"Missing region in config|Region is missing|You must specify a region|Unable to locate credentials"
        r"|Could not load credentials from any providers|Missing credentials in config",
        source="aws/aws-sdk-js-v3; boto/botocore botocore/exceptions.py",
        example="botocore.exceptions.NoCredentialsError: Unable to locate credentials",
    ),
)

SIGNS_PYTHON = (
    Sign(
        id="django-environ",
        weight=Weight.DECISIVE,
        needle="environment variable",
        pattern=rf"ImproperlyConfigured: Set the {_NAME} environment variable|Set the \S+ environment variable$",
        source="joke2k/django-environ environ/environ.py",
        example="django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable",
    ),
    Sign(
        id="django-secret-key",
        weight=Weight.DECISIVE,
        needle=(
            "the secret_key setting must not be empty",
            "but settings are not configured. you must either define the environment variable",
        ),
        source="django/django django/conf/__init__.py",
        example="django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
    ),
    Sign(
        id="django-databases-empty",
        weight=Weight.STRONG,
        needle=("settings.databases is improperly configured", "please supply the name or options"),
        source="django/django django/db/utils.py, django/db/backends/postgresql/base.py",
        example="ImproperlyConfigured: settings.DATABASES is improperly configured. Please supply the ENGINE value.",
    ),
    Sign(
        id="decouple",
        weight=Weight.DECISIVE,
        needle="declare it as envvar or define a default value",
        source="HBNetwork/python-decouple decouple.py",
        example="decouple.UndefinedValueError: SECRET_KEY not found. Declare it as envvar or define a default value.",
    ),
    Sign(
        id="environs-starlette",
        weight=Weight.DECISIVE,
        needle=('environment variable "', "is missing, and has no default"),
        pattern=rf"Environment variable \"{_NAME}\" not set|Config '[^']+' is missing, and has no default",
        source="sloria/environs src/environs/__init__.py; encode/starlette starlette/config.py",
        example='environs.exceptions.EnvError: Environment variable "DATABASE_URL" not set',
    ),
    Sign(
        id="os-environ-keyerror",
        weight=Weight.STRONG,
        needle="keyerror:",
        pattern=rf"KeyError: ['\"](?:{_NAME}|PORT|HOME|PASSWORD|TOKEN|BUCKET|DSN)['\"]",
        source="python/cpython Lib/os.py (_Environ.__getitem__)",
        example="KeyError: 'DATABASE_URL'",
    ),
    Sign(
        id="os-environ-trace",
        weight=Weight.DECISIVE,
        needle="keyerror:",
        pattern=r"(?:os\.environ\[|<frozen os>|/os\.py\", line \d+, in __getitem__)[\s\S]*KeyError: ['\"]\w+['\"]",
        source="python/cpython Lib/os.py (_Environ.__getitem__)",
        example="  File \"<frozen os>\", line 679, in __getitem__\nKeyError: 'DB_PASSWORD'",
    ),
    Sign(
        id="pydantic-settings",
        weight=Weight.DECISIVE,
        needle=("field required", "validation error"),
        pattern=r"validation errors? for \w*(?:Settings|Config|Env|Environment)\w*[\s\S]{0,2000}?[Ff]ield required",
        source="pydantic/pydantic-settings; pydantic-core src/errors/types.rs",
        example="pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nDATABASE_URL\n  Field "
        "required "
        "[type=missing, input_value={}, input_type=dict]",
    ),
    Sign(
        id="pydantic-settings-class",
        weight=Weight.MODERATE,
        needle="validation error",
        pattern=r"validation errors? for \w*(?:Settings|Config|Env|Environment)\w*",
        unless=r"Input should be|unable to parse",
        source="pydantic/pydantic-settings",
        example="pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings",
    ),
    Sign(
        id="sqlalchemy-none",
        weight=Weight.DECISIVE,
        needle=(
            "expected string or url object, got none",
            "sqlalchemy_database_uri",
            "sqlalchemy url from string ''",
            "url from string 'none'",
        ),
        pattern=r"Expected string or URL object, got None"
        r"|Either ['\"]SQLALCHEMY_DATABASE_URI['\"] or ['\"]SQLALCHEMY_BINDS['\"] must be set"
        r"|Could not parse \S+ URL from (?:given URL )?string '(?:None)?'",
        source="sqlalchemy/sqlalchemy lib/sqlalchemy/engine/url.py; pallets-eco/flask-sqlalchemy extension.py",
        example="sqlalchemy.exc.ArgumentError: Expected string or URL object, got None",
    ),
    Sign(
        id="google-project",
        weight=Weight.MODERATE,
        needle=(
            "project was not passed and could not be determined from the environment",
            "unable to detect a project id in the current environment",
        ),
        source="googleapis/python-cloud-core google/cloud/client/__init__.py; googleapis/google-auth-library-nodejs",
        example="OSError: Project was not passed and could not be determined from the environment.",
    ),
)
