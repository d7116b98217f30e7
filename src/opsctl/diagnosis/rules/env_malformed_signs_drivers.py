"""Messages about a value that cannot be parsed: libpq, Go, the JVM, .NET, Ruby, PHP, Elixir, Rust."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_LIBPQ = (
    Sign(
        id="libpq-uri",
        weight=Weight.DECISIVE,
        needle=(
            "invalid percent-encoded token",
            "invalid uri query parameter",
            "in uri (expected",
            'when looking for matching "]" in ipv6',
            "forbidden value %00 in percent-encoded value",
            "extra key/value separator",
            "missing key/value separator",
            "unterminated quoted string in connection info string",
            "in connection info string",
            'invalid port number: "',
            'for connection option "',
            'invalid connection option "',
            "invalid sslmode value",
        ),
        pattern=r"invalid percent-encoded token|invalid URI query parameter|in URI \(expected"
        r"|looking for matching \"\]\" in IPv6|forbidden value %00"
        r"|(?:extra|missing) key/value separator|in connection info string|invalid port number: \""
        r"|invalid integer value \"[^\"]*\" for connection option"
        r"|invalid connection option \"|invalid sslmode value",
        source="postgres/postgres src/interfaces/libpq/fe-connect.c",
        example='invalid integer value "p@ss" for connection option "port"',
    ),
    Sign(
        id="asyncpg-dsn",
        weight=Weight.STRONG,
        needle=("invalid dsn", "could not determine user name", "invalid port in"),
        pattern=r"invalid DSN: scheme is expected|[Ii]nvalid DSN\b|could not parse DSN|invalid port in",
        source="MagicStack/asyncpg asyncpg/connect_utils.py; go-sql-driver/mysql dsn.go",
        example='ValueError: invalid DSN: scheme is expected to be either "postgresql" or "postgres", got \'http\'',
    ),
)

SIGNS_GO = (
    Sign(
        id="go-url-parse",
        weight=Weight.DECISIVE,
        needle=(
            "net/url: invalid userinfo",
            "after host",
            "first path segment in url cannot contain colon",
            "invalid url escape",
            "net/url: invalid control character in url",
            "missing protocol scheme",
            "in host name",
            'invalid port "',
        ),
        pattern=r"net/url: invalid (?:userinfo|control character)|invalid port \\?\"[^\"]*\" after host"
        r"|first path segment in URL cannot contain colon"
        r"|invalid URL escape|missing protocol scheme|invalid character \\?\"[^\"]*\" in host name",
        source="golang/go src/net/url/url.go",
        example='parse "postgres://app:p#ss@10.0.0.3:5432/app": invalid port ":p" after host',
    ),
    Sign(
        id="pgx-parse",
        weight=Weight.DECISIVE,
        needle=(
            "failed to parse as url",
            "failed to parse as keyword/value",
            "failed to parse as dsn",
            "cannot parse `",
        ),
        pattern=r"failed to parse as (?:URL|keyword/value|DSN)|cannot parse `[^`]*`: ",
        source="jackc/pgx pgconn/config.go",
        example="cannot parse `postgres://app:xxxxx@db`: failed to parse as URL (invalid port)",
    ),
    Sign(
        id="go-mysql-dsn",
        weight=Weight.DECISIVE,
        needle=("invalid dsn: ", "default addr for network", "unknown network"),
        pattern=r"invalid DSN: (?:missing the slash|did you forget to escape|network address not terminated"
        r"|interpolateParams)"
        r"|default addr for network '[^']*' unknown",
        source="go-sql-driver/mysql dsn.go",
        example="invalid DSN: missing the slash separating the database name",
    ),
    Sign(
        id="go-conversion",
        weight=Weight.STRONG,
        needle=("parse error on field", "converting '", "invalid syntax"),
        pattern=r"parse error on field \"[^\"]+\" of type|envconfig\.Process: assigning|strconv\.(?:Atoi"
        r"|Parse\w+): parsing \"[^\"]*\": invalid syntax",
        source="caarlos0/env error.go; kelseyhightower/envconfig; golang strconv",
        example='env: parse error on field "Port" of type "int": strconv.ParseInt: parsing "80a": invalid syntax',
    ),
    Sign(
        id="go-header-scheme",
        weight=Weight.STRONG,
        needle=("invalid header field value for", "unsupported protocol scheme"),
        pattern=r"net/http: invalid header field value for|unsupported protocol scheme \\?\"",
        source="golang/go src/net/http/transport.go",
        example='Post "api.example.com/v1": unsupported protocol scheme ""',
    ),
    Sign(
        id="go-migrate-scheme",
        weight=Weight.STRONG,
        needle=("failed to parse scheme from", "no scheme", "unsupported driver: "),
        pattern=r"failed to parse scheme from \w+ URL: (?!URL cannot be empty)|: no scheme\b|unsupported driver: \S+",
        source="golang-migrate/migrate internal/url/url.go; amacneil/dbmate pkg/dbmate/db.go",
        example="error: failed to parse scheme from database URL: no scheme",
    ),
    Sign(
        id="go-json",
        weight=Weight.MODERATE,
        needle=(
            "looking for beginning of value",
            "looking for beginning of object key string",
            "unexpected end of json input",
        ),
        unless=r"response|body|<",
        source="golang/go src/encoding/json/scanner.go",
        example="invalid character '\\'' looking for beginning of object key string",
    ),
    Sign(
        id="go-asn1",
        weight=Weight.STRONG,
        needle=(
            "asn1: structure error",
            "asn1: syntax error",
            "x509: failed to parse private key",
            "failed to parse pem block",
        ),
        source="golang/go src/encoding/asn1, crypto/x509",
        example="x509: failed to parse private key (use ParsePKCS1PrivateKey instead for this key format)",
    ),
)

SIGNS_JVM = (
    Sign(
        id="jdbc-url",
        weight=Weight.DECISIVE,
        needle=(
            "claims to not accept jdbcurl",
            "'url' must start with \"jdbc\"",
            "malformed database url",
            "unable to parse url jdbc",
            "jdbc url invalid port number",
            "jdbcurl must start with",
            "url must start with 'jdbc'",
            "no database found to handle",
            "does not start with the r2dbc scheme",
            "connection url is invalid",
            "unable to parse url",
        ),
        pattern=r"claims to not accept jdbcUrl, (?!\$\{|null)|must start with ['\"]jdbc|Malformed database URL"
        r"|Unable to parse URL|JDBC URL invalid port number"
        r"|No database found to handle (?!jdbc:)\S|does not start with the r2dbc scheme",
        source="brettwooldridge/HikariCP DriverDataSource.java; spring-boot; mysql-connector-j "
        "ConnectionUrlParser.java; pgjdbc Driver.java; flyway",
        example="java.lang.RuntimeException: Driver org.postgresql.Driver claims to not accept jdbcUrl, "
        "postgres://app@10.0.0.3/app",
    ),
    Sign(
        id="java-uri",
        weight=Weight.STRONG,
        needle=(
            "urisyntaxexception",
            "illegal character in",
            "malformedurlexception",
            "urldecoder: illegal hex characters",
            "illegal hex characters in escape",
        ),
        pattern=r"URISyntaxException|Illegal character in (?:authority|path|query|scheme|opaque|host)"
        r"|MalformedURLException|Illegal hex characters in escape",
        source="openjdk/jdk java.base java/net/URI.java, URLDecoder.java",
        example="java.net.URISyntaxException: Illegal character in authority at index 13: postgresql://a b@10.0.0.3",
    ),
    Sign(
        id="spring-binding",
        weight=Weight.DECISIVE,
        needle=("failed to bind properties under", "srcfg00029", "srcfg00039", "expected an integer value"),
        source="spring-boot BindFailureAnalyzer.java; smallrye-config",
        example="Failed to bind properties under 'spring.datasource.hikari.maximum-pool-size' to int:",
    ),
    Sign(
        id="java-header",
        weight=Weight.DECISIVE,
        needle=(
            "illegal character(s) in message header value",
            "unexpected char 0x0a",
            "unexpected char 0x0d",
            "invalid header value",
        ),
        source="openjdk/jdk sun.net.www HttpURLConnection.java; square/okhttp Headers.kt",
        example="java.lang.IllegalArgumentException: Unexpected char 0x0a at 42 in Authorization value",
    ),
    Sign(
        id="spring-field",
        weight=Weight.STRONG,
        needle="rejected value [",
        pattern=r"Field error in object '[^']{1,80}' on field '[^']{1,80}': rejected value \[(?!null\]|\])",
        source="spring-projects/spring-framework org.springframework.validation.FieldError",
        example="Field error in object 'server' on field 'port': rejected value [80a]; codes "
        "[typeMismatch.server.port]",
    ),
    Sign(
        id="java-number",
        weight=Weight.MODERATE,
        needle="numberformatexception: for input string",
        source="openjdk/jdk java.base java/lang/NumberFormatException.java",
        example='java.lang.NumberFormatException: For input string: "5432 "',
    ),
)

SIGNS_DOTNET = (
    Sign(
        id="dotnet-connection-string",
        weight=Weight.DECISIVE,
        needle=(
            "format of the initialization string does not conform to specification",
            "keyword not supported:",
            "couldn't set",
            "invalid value for key",
        ),
        pattern=r"Format of the initialization string does not conform|Keyword not supported: "
        r"|Couldn't set \w+ \(Parameter|Invalid value for key '",
        source="dotnet/runtime System.Data.Common Strings.resx; npgsql NpgsqlConnectionStringBuilder.cs",
        example="System.ArgumentException: Format of the initialization string does not conform to specification "
        "starting at index 0.",
    ),
    Sign(
        id="dotnet-uri-config",
        weight=Weight.STRONG,
        needle=(
            "uriformatexception",
            "failed to convert configuration value at",
            "new-line characters are not allowed in header",
        ),
        source="dotnet/runtime System.Private.Uri, Microsoft.Extensions.Configuration.Binder Strings.resx",
        example="System.UriFormatException: Invalid URI: Invalid port specified.",
    ),
)

SIGNS_OTHERS = (
    Sign(
        id="ruby-uri",
        weight=Weight.DECISIVE,
        needle=("bad uri", "does not accept registry part", "uri::invalidcomponenterror", "bad component(expected"),
        pattern=r"bad URI ?\(is not URI\?\)|does not accept registry part|InvalidComponentError"
        r"|bad component\(expected",
        source="ruby/uri lib/uri/rfc3986_parser.rb",
        example='bad URI (is not URI?): "postgres://app:p#ss word@10.0.0.3/app" (URI::InvalidURIError)',
    ),
    Sign(
        id="rails-master-key",
        weight=Weight.STRONG,
        needle=(
            "messageencryptor::invalidmessage",
            "messageverifier::invalidsignature",
            "key must be 16 bytes",
            "key must be exactly",
        ),
        source="rails/rails activesupport/lib/active_support/message_encryptor.rb",
        example="ActiveSupport::MessageEncryptor::InvalidMessage (ActiveSupport::MessageEncryptor::InvalidMessage)",
    ),
    Sign(
        id="php-url",
        weight=Weight.DECISIVE,
        needle=(
            "the database configuration url is malformed",
            "malformed dsn",
            "malformeddsnexception",
            "invalid data source name",
            "invalid url env var",
            "non-numeric env var",
            "invalid json in env var",
            "failed to parse dotenv file",
            'malformed parameter "url"',
            "the mailer dsn is invalid",
        ),
        source="laravel/framework ConfigurationUrlParser.php; doctrine/dbal; symfony EnvVarProcessor.php; "
        "vlucas/phpdotenv",
        example="InvalidArgumentException: The database configuration URL is malformed.",
    ),
    Sign(
        id="ecto-url",
        weight=Weight.DECISIVE,
        needle=("ecto.invalidurlerror", "not a textual representation of an integer", "not a textual representation"),
        pattern=r"Ecto\.InvalidURLError|String\.to_integer[\s\S]*not a textual representation"
        r"|not a textual representation of an integer",
        source="elixir-ecto/ecto lib/ecto/exceptions.ex",
        example="** (Ecto.InvalidURLError) invalid URL postgres://app, host is not present. The parsed URL is: %URI{}",
    ),
    Sign(
        id="rust-url",
        weight=Weight.DECISIVE,
        needle=(
            "relativeurlwithoutbase",
            "relative url without a base",
            "invalid connection string: ",
            "error with configuration:",
            "invalid port number",
            "invalidport",
        ),
        pattern=r"RelativeUrlWithoutBase|relative URL without a base|invalid connection string: "
        r"|error with configuration: |\bInvalidPort\b"
        r"|Configuration\(.{0,80}invalid port number|(?:URL ?|parse )(?:Parse ?)?[Ee]rror.{0,40}invalid port number",
        source="servo/rust-url url/src/parser.rs; rust-postgres tokio-postgres/src/config.rs; launchbadge/sqlx",
        example="Error: error with configuration: relative URL without a base",
    ),
    Sign(
        id="rust-number",
        weight=Weight.MODERATE,
        needle=("parseinterror", "invalid digit found in string"),
        source="rust-lang/rust library/core/src/num/error.rs",
        example="called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }",
    ),
    Sign(
        id="name-cut-by-line-end",
        weight=Weight.DECISIVE,
        needle=('database "', 'role "', 'for user "', "database '"),
        pattern=r"(?:FATAL|ERROR|error|failed)\b.{0,40}(?:database|role|for user) ['\"][\w.-]+\\?r?\s*$",
        source="postgres/postgres src/backend/utils/init/postinit.c (the name as it was given)",
        example='psql: error: FATAL:  database "app',
    ),
    Sign(
        id="value-with-line-end",
        weight=Weight.STRONG,
        needle=('\\n"', "\\n'", '\n" ', "\n' ", "%0a"),
        pattern=r"\b(?:host(?: ?name)?|user|role|database|bucket|project|topic|secret|instance|region|scheme|for)\b:? "
        r"['\"][\w./:@-]+(?:(?:\\r)?\\n|\r?\n|%0[aAdD])['\"]",
        source="a secret made with echo instead of printf; docs.cloud.google.com/secret-manager",
        example='FATAL:  database "app\n" does not exist',
    ),
    Sign(
        id="go-open-bad-connection",
        weight=Weight.WEAK,
        needle="failed to open database",
        pattern=r"failed to open database: (?:driver: bad connection|unexpected|EOF)",
        source="golang-migrate/migrate drivers: the handshake broke off; wrong port, user or escaping among others",
        example="error: failed to open database: driver: bad connection",
    ),
)
