"""Messages of shells, Go, Rust, JVM, .NET, Ruby, PHP, Elixir and of drivers about a variable that is not set."""

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.env_missing_signs import HARMLESS

_NAME = r"(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"

# A harmless word counts in its own line only: the lines of a stack trace below say nothing about the check.
_LINE = rf"^(?![^\n]*(?:{HARMLESS}))[^\n]*?"

SIGNS_GENERIC = (
    Sign(
        id="variable-missing",
        weight=Weight.STRONG,
        needle=("environment variable", "env var", "env variable", "environment key"),
        pattern=rf"{_LINE}(?:"
        r"(?:missing|required|undefined|unset|must (?:set|define|provide)|need(?:s|ed)?|please (?:set|define|provide)"
        r"|no|not find|provide) "
        rf"(?:the |an? |these |following |required |mandatory )*(?:[`'\"$]?{_NAME}[`'\"]? )?(?:environment"
        rf"|env)[ -](?:variable|var|key)s?\b"
        rf"|(?:environment|env)[ -](?:variable|var|key)s?:? \(?[`'\"$]?{_NAME}[`'\"]?\)? (?:is |are |was |were "
        rf"|must be |has )?"
        r"(?:not (?:set|defined|found|provided|configured|present|been set)|missing|required|unset|undefined|empty"
        r"|set!)"
        r"|(?:environment|env)[ -](?:variable|var)s?\b[^\n]{0,60} must be (?:set|defined|provided)"
        rf"|(?<![A-Za-z0-9_]){_NAME}['\"`]? (?:environment|env)[ -](?:variable|var)s? (?:is |are |was |must be |has )?"
        r"(?:not (?:set|defined|found|provided|been set)|missing|required|unset|undefined|empty|set)\b)",
        source="common words of hand-written checks",
        example="Error: Missing required environment variable: STRIPE_SECRET_KEY",
    ),
    Sign(
        id="name-not-set",
        weight=Weight.STRONG,
        needle=(
            "not set",
            "must be set",
            "is required",
            "is missing",
            "is undefined",
            "must be defined",
            "not configured",
            "is not defined",
            "must be provided",
            "not provided",
            "is empty",
            "not found in env",
            "is unset",
        ),
        pattern=rf"{_LINE}(?:^|[\s'\"`:$(\[]){_NAME}['\"`)\]]*:? (?:is |are |was )?"
        r"(?:not (?:been )?(?:set|defined|configured|provided|found in (?:the )?env\w*)|must be (?:set|defined"
        r"|provided|configured)"
        r"|required|missing|undefined|empty|unset)\b",
        unless=r"ReferenceError|column|relation|table|constraint|violat|ORA-|SQLSTATE",
        source="common words of hand-written checks",
        example="Error: DATABASE_URL is not set",
    ),
)

SIGNS_SHELL = (
    Sign(
        id="unbound-variable",
        weight=Weight.DECISIVE,
        needle=("unbound variable", "parameter not set", "parameter null or not set"),
        source="bash variables.c, subst.c; dash src/expand.c",
        example="/app/entrypoint.sh: line 4: DB_HOST: unbound variable",
    ),
    Sign(
        id="shell-colon-question",
        weight=Weight.STRONG,
        needle="line ",
        pattern=rf"\.sh: (?:line )?\d+: {_NAME}: (?!unbound|command|parameter|readonly|not found)\S",
        source="bash subst.c (parameter expansion with :?)",
        example="/app/entrypoint.sh: line 3: DB_HOST: the database host has to be given",
    ),
)

SIGNS_COMPILED = (
    Sign(
        id="go-env-packages",
        weight=Weight.DECISIVE,
        needle=(
            "missing value",
            "required environment variable",
            "should not be empty",
            "is required but the value is not provided",
            "missing required value",
        ),
        pattern=rf"required key {_NAME} missing value|required environment variable \\?\"[^\"]+\" is not set"
        r"|environment variable \\?\"[^\"]+\" should not be empty|is required but the value is not provided"
        r"|: missing required value: ",
        source="kelseyhightower/envconfig; caarlos0/env error.go; ilyakaznacheev/cleanenv; sethvargo/go-envconfig",
        example='env: required environment variable "DATABASE_URL" is not set',
    ),
    Sign(
        id="go-flag-required",
        weight=Weight.MODERATE,
        needle=(
            "required flag",
            "required argument",
            "required option",
            "missing required argument",
            "following required arguments were not provided",
        ),
        pattern=r"[Rr]equired flags? \"[^\"]+\" not set|required flag\(s\) .{1,80} not set"
        r"|required arguments were not provided"
        r"|Missing required (?:option|argument)s?:|required argument is missing: url",
        source="spf13/cobra command.go; urfave/cli; clap-rs/clap; liquibase",
        example='Error: required flag(s) "database-url" not set',
    ),
    Sign(
        id="migrate-url-empty",
        weight=Weight.DECISIVE,
        needle=(
            "url cannot be empty",
            "have you set your --url flag or database_url environment variable",
            "the --database-url argument must be passed, or the database_url environment variable must be set",
        ),
        source="golang-migrate/migrate internal/url; amacneil/dbmate pkg/dbmate/db.go; diesel-rs/diesel diesel_cli",
        example="error: failed to parse scheme from database URL: URL cannot be empty",
    ),
    Sign(
        id="sqlx-cli-url",
        weight=Weight.STRONG,
        needle="--database-url <database_url>",
        pattern=r"required arguments were not provided:[\s\S]{0,80}--database-url|--database-url <DATABASE_URL>$",
        source="launchbadge/sqlx sqlx-cli/src/opt.rs",
        example="error: the following required arguments were not provided:\n  --database-url <DATABASE_URL>",
    ),
    Sign(
        id="rust-not-present",
        weight=Weight.DECISIVE,
        needle=(": notpresent", "value: notpresent", "environment variable not found", "missing value for field"),
        pattern=r"\bNotPresent\b|environment variable not found|missing value for field \w+",
        source="rust-lang/rust library/std/src/env.rs; softprops/envy",
        example="called `Result::unwrap()` on an `Err` value: NotPresent",
    ),
    Sign(
        id="spring-placeholder",
        weight=Weight.DECISIVE,
        needle="could not resolve placeholder",
        source="spring-projects/spring-framework PropertyPlaceholderHelper.java",
        example="java.lang.IllegalArgumentException: Could not resolve placeholder 'DB_URL' in value \"${DB_URL}\"",
    ),
    Sign(
        id="jvm-datasource-url",
        weight=Weight.STRONG,
        needle=(
            "failed to configure a datasource",
            "unable to connect to the database. configure the url",
            "config property",
            "either 'jdbcurl' or",
        ),
        pattern=r"Failed to configure a DataSource: 'url' attribute is not specified"
        r"|Configure the url, user and password"
        r"|SRCFG00014: The config property \S+ is required|dataSource or dataSourceClassName or jdbcUrl is required",
        source="spring-boot DataSourceBeanCreationFailureAnalyzer; flyway; smallrye-config; HikariCP HikariConfig.java",
        example="Failed to configure a DataSource: 'url' attribute is not specified and no embedded datasource could "
        "be configured.",
    ),
    Sign(
        id="jvm-unexpanded",
        weight=Weight.STRONG,
        needle=("claims to not accept jdbcurl, ${", "claims to not accept jdbcurl, null", "unknownhostexception: null"),
        source="brettwooldridge/HikariCP DriverDataSource.java",
        example="Driver org.postgresql.Driver claims to not accept jdbcUrl, ${DB_URL}",
    ),
    Sign(
        id="dotnet-connection-string",
        weight=Weight.DECISIVE,
        needle=(
            "the connectionstring property has not been initialized",
            "(parameter 'connectionstring')",
            "host can't be null",
            "parameter name: connectionstring",
            "was not found in the application's configuration",
            "no connection string named",
        ),
        source="dotnet/SqlClient Strings.resx; npgsql/npgsql NpgsqlConnectionStringBuilder.cs; dotnet/efcore",
        example="System.ArgumentNullException: Value cannot be null. (Parameter 'connectionString')",
    ),
    Sign(
        id="dotnet-options",
        weight=Weight.STRONG,
        needle=("optionsvalidationexception", "dataannotation validation failed for"),
        pattern=r"(?:OptionsValidationException|DataAnnotation validation failed for)[\s\S]{0,300}field is required",
        source="dotnet/runtime Microsoft.Extensions.Options",
        example="Microsoft.Extensions.Options.OptionsValidationException: DataAnnotation validation failed for "
        "'DbOptions' members: "
        "'Host' with the error: 'The Host field is required.'.",
    ),
)

SIGNS_FRAMEWORKS = (
    Sign(
        id="ruby-fetch",
        weight=Weight.DECISIVE,
        needle="key not found:",
        pattern=rf"key not found: \"{_NAME}\"|KeyError.{{0,40}}key not found: \"[A-Z]+\"",
        source="ruby/ruby hash.c (env_fetch)",
        example='config/database.yml:12:in `fetch\': key not found: "DATABASE_URL" (KeyError)',
    ),
    Sign(
        id="rails-secrets",
        weight=Weight.DECISIVE,
        needle=(
            "missing `secret_key_base` for",
            "missing secret_key_base for",
            "missing encryption key to decrypt file with",
            "encryptedfile::missingkeyerror",
            "missing key to decrypt file",
            "missing active record encryption credential",
        ),
        source="rails/rails railties/lib/rails/application.rb, activesupport/lib/active_support/encrypted_file.rb",
        example="ArgumentError: Missing `secret_key_base` for 'production' environment, set this string with "
        "`bin/rails "
        "credentials:edit`",
    ),
    Sign(
        id="ruby-dotenv-figaro",
        weight=Weight.DECISIVE,
        needle=("missing required configuration key", "dotenv::missingkeys", "figaro::missingkeys"),
        source="bkeepers/dotenv lib/dotenv/missing_keys.rb; laserlemon/figaro",
        example='Missing required configuration key: ["DATABASE_URL"] (Dotenv::MissingKeys)',
    ),
    Sign(
        id="laravel-key",
        weight=Weight.DECISIVE,
        needle=(
            "no application encryption key has been specified",
            "one or more environment variables failed assertions",
        ),
        source="laravel/framework src/Illuminate/Encryption/MissingAppKeyException.php; vlucas/phpdotenv "
        "src/Validator.php",
        example="MissingAppKeyException: No application encryption key has been specified.",
    ),
    Sign(
        id="symfony-variable",
        weight=Weight.DECISIVE,
        needle='environment variable not found: "',
        source="symfony/dependency-injection EnvVarProcessor.php",
        example='EnvNotFoundException: Environment variable not found: "DATABASE_URL".',
    ),
    Sign(
        id="elixir-variable",
        weight=Weight.DECISIVE,
        needle=("could not fetch environment variable", "is missing."),
        pattern=rf"could not fetch environment variable|environment variable {_NAME} is missing",
        source="elixir-lang/elixir lib/elixir/lib/system.ex; phoenixframework/phoenix installer runtime.exs",
        example="** (RuntimeError) environment variable DATABASE_URL is missing.",
    ),
)

SIGNS_DRIVER = (
    Sign(
        id="pg-password-not-string",
        weight=Weight.STRONG,
        needle=("client password must be a string", "client password must be a non-empty string"),
        source="brianc/node-postgres packages/pg/lib/crypto/sasl.js",
        example="Error: SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string",
    ),
    Sign(
        id="no-password",
        weight=Weight.DECISIVE,
        needle=(
            "fe_sendauth: no password supplied",
            "no password has been provided but the backend requires one",
            "but no password was provided",
            "empty password returned by client",
            "password missing",
            "a password is required",
        ),
        pattern=r"fe_sendauth: no password supplied|No password has been provided but the backend"
        r"|but no password was provided"
        r"|empty password returned by client|The server requested password-based authentication, but no password"
        r"|password is required but not provided",
        source="postgres/postgres src/interfaces/libpq/fe-auth.c; npgsql/npgsql; pgjdbc ConnectionFactoryImpl.java",
        example='connection to server at "10.0.0.3", port 5432 failed: fe_sendauth: no password supplied',
    ),
    Sign(
        id="mysql-no-password",
        weight=Weight.STRONG,
        needle="(using password: no)",
        source="mysql/mysql-server share/messages_to_clients.txt (1045)",
        example="Access denied for user 'app'@'10.8.0.3' (using password: NO)",
    ),
    Sign(
        id="empty-user",
        weight=Weight.STRONG,
        needle=(
            "access denied for user ''@",
            "login failed for user ''.",
            "no postgresql user name specified in startup packet",
            'role "undefined" does not exist',
            "user 'undefined'@",
        ),
        source="mysql-server messages_to_clients.txt; sys.messages 18456; postgres src/backend/tcop/backend_startup.c",
        example="Access denied for user ''@'10.8.0.3' (using password: YES)",
    ),
    Sign(
        id="user-of-the-container",
        weight=Weight.MODERATE,
        needle=(
            'role "root" does not exist',
            'database "root" does not exist',
            'for user "root"',
            'role "node" does not exist',
            'database "node" does not exist',
            'for user "node"',
            'for user "nobody"',
        ),
        source="postgres/postgres src/interfaces/libpq/fe-connect.c (default user); brianc/node-postgres defaults.js",
        example='FATAL:  role "root" does not exist',
    ),
    Sign(
        id="undefined-in-address",
        weight=Weight.STRONG,
        needle=(
            "enotfound undefined",
            "enotfound null",
            "eai_again undefined",
            'host name "none"',
            'host "none"',
            "lookup undefined",
            "undefined:5432",
            "undefined:3306",
            'database "undefined"',
            "database 'undefined'",
            "url: 'undefined",
            "parse url from undefined",
            "invalid url 'none",
            "input: 'undefined",
        ),
        pattern=r"(?:ENOTFOUND|EAI_AGAIN) (?:undefined|null)\b|host(?: name)? \"None\"|lookup undefined\b"
        r"|\bundefined:(?:5432|3306)"
        r"|database ['\"]undefined['\"]|Failed to parse URL from undefined|Invalid URL 'None|input: ['\"]undefined",
        source="nodejs.org/api/errors.html; psf/requests src/requests/models.py",
        example="Error: getaddrinfo ENOTFOUND undefined",
    ),
    Sign(
        id="invalid-arg-undefined",
        weight=Weight.MODERATE,
        needle=("err_invalid_arg_type", "received undefined", "must be of type string"),
        pattern=r"The \"(?:url|path|key|data|paths\[\d\]|secret)\" argument must be (?:of type string"
        r"|one of type)[\s\S]{0,120}Received (?:type )?undefined",
        source="nodejs/node lib/internal/errors.js (ERR_INVALID_ARG_TYPE)",
        example='TypeError [ERR_INVALID_ARG_TYPE]: The "url" argument must be of type string. Received undefined',
    ),
    Sign(
        id="pg-connection-string-undefined",
        weight=Weight.STRONG,
        needle=(
            "reading 'searchparams'",
            "reading 'startswith'",
            "cannot read property 'startswith' of undefined",
            "of undefined (reading 'replace')",
        ),
        pattern=r"reading 'searchParams'|(?:pg-connection-string|mongodb-connection-string|connection_string"
        r"|createClient|connectionString)"
        r"[\s\S]{0,300}undefined|undefined[\s\S]{0,400}(?:pg-connection-string|mongodb/lib/connection_string)",
        source="brianc/node-postgres packages/pg-connection-string/index.js",
        example="TypeError: Cannot read properties of undefined (reading 'searchParams')\n    at parse "
        "(/app/node_modules/pg-connection-string/index.js:39:30)",
    ),
    Sign(
        id="sequelize-dialect",
        weight=Weight.MODERATE,
        needle="dialect needs to be explicitly supplied",
        source="sequelize/sequelize src/sequelize.js",
        example="Error: Dialect needs to be explicitly supplied as of v4.0.0",
    ),
)
