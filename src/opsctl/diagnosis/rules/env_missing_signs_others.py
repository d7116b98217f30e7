"""Messages of shells, Go, Rust, JVM, .NET, Ruby, PHP, Elixir and of hand-written checks about a variable not set."""

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
            "required",
            "missing",
            "undefined",
            "must be defined",
            "not configured",
            "is not defined",
            "must be provided",
            "must be configured",
            "not been",
            "not provided",
            "not found in",
            "is empty",
            "unset",
        ),
        pattern=rf"{_LINE}(?:^|[\s'\"`:$(\[]){_NAME}['\"`)\]]*:? (?:is |are |was )?"
        r"(?:not (?:been )?(?:set|defined|configured|provided|found in (?:the )?env\w*)|must be (?:set|defined"
        r"|provided|configured)"
        r"|required|missing|undefined|empty|unset)\b",
        unless=r"ReferenceError|column|relation|table|constraint|violat|ORA-|SQLSTATE",
        source="common words of hand-written checks",
        example="Error: DATABASE_URL is not set",
    ),
    Sign(
        id="told-to-set",
        weight=Weight.STRONG,
        needle=("must", "need", "please", "not declared", "not been declared"),
        pattern=rf"{_LINE}(?:\b(?:you (?:must|need to|have to)|please|must|needs?(?: to)?) "
        r"(?:set|specify|define|provide|export|supply|pass|give|declare)(?: the| an?| your| this)?"
        rf"(?: required| following| mandatory)? ?[`'\"$]{{0,2}}{_NAME}"
        rf"|(?:environment|env)[ -](?:variable|var)s? (?:is |was )?not (?:been )?declared:? [`'\"$]?{_NAME})",
        unless=r"ReferenceError|\bto (?:enable|use|allow|silence|disable|turn|suppress|override|change|skip)\b"
        r"|\bif you\b|\bRUST_BACKTRACE\b|\bNODE_OPTIONS\b",
        source="docker-library/postgres docker-entrypoint.sh; ilyakaznacheev/cleanenv; hand-written checks",
        example="Error: Database is uninitialized and superuser password is not specified.\n       You must specify "
        "POSTGRES_PASSWORD to a non-empty value for the\n       superuser.",
    ),
    Sign(
        id="setting-missing",
        weight=Weight.STRONG,
        needle=("missing", "not set", "not configured", "is required", "unset", "not provided", "must be set"),
        pattern=r"^(?:[^\n]{0,80}\W)?(?:(?i:error|fatal|critical)|panic)\b[^\n]{0,80}?\b(?:settings?|config(?:uration)?"
        r"(?: (?:key|value|option|parameter|property|entry|variable|setting))?"
        r"|option|credentials?|api[ _-]?keys?|access tokens?)\b"
        r"(?: for)?(?: ['\"`\w.-]{1,60})?(?: value)? (?:is |are |was |were )?"
        r"(?:missing|not (?:set|configured|provided)|required|unset|must be (?:set|provided))\b",
        unless=rf"{HARMLESS}|permission|request|header|argument|file|directory|column|relation|constraint|field|knex",
        source="common words of hand-written checks",
        example="ERROR: setting for 'source-password' is missing!",
    ),
    Sign(
        id="give-a-key",
        weight=Weight.MODERATE,
        needle=("api key", "api token", "access token", "credentials", "environment variables"),
        pattern=r"\b(?:set|provide|specify|supply|export|configure|give) (?:an? |the |your |all |valid |required "
        r"|these |following ){0,3}(?:\w+ )?(?:API (?:key|token)|access token|credentials|environment variables)\b",
        unless=rf"{HARMLESS}|\bto (?:enable|use)\b|\bif you\b",
        source="common words of hand-written checks",
        example="No model provider is configured: set an API key before the start.",
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
            "`secret_key_base` for production environment must be a type of string",
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
