"""Messages of drivers and runtimes that were given nothing: no password, no user, no address, `undefined`."""

from opsctl.diagnosis.rule import Sign, Weight

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
        id="node-url-undefined",
        weight=Weight.DECISIVE,
        needle=("must be a string, not", "must be of type string", "received undefined", "received type undefined"),
        pattern=r"(?:Parameter|The) ['\"](?:url|uri|urlString|connection ?[sS]tring|secret|password|token)['\"]"
        r"(?: argument| parameter)? must be (?:a string, not (?:undefined|object)|(?:of type string|one of type)"
        r"[\s\S]{0,120}?Received (?:type )?(?:undefined|null))",
        source="nodejs/node lib/url.js (before and after ERR_INVALID_ARG_TYPE), lib/internal/errors.js",
        example='TypeError: Parameter "url" must be a string, not undefined',
    ),
    Sign(
        id="node-argument-undefined",
        weight=Weight.STRONG,
        needle=("received undefined", "received type undefined", "must be a string. received"),
        pattern=r"The \\?['\"](?:path|key|data|paths\[\d+\]|string|first argument|host|file|filename|id"
        r"|list\[\d+\]|options\.\w+)\\?['\"]"
        r"(?: argument| property)? must be (?:of type|one of type|an instance of)[\s\S]{0,160}?"
        r"Received (?:type )?undefined|Path must be a string\. Received undefined",
        source="nodejs/node lib/internal/errors.js (ERR_INVALID_ARG_TYPE)",
        example='TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string. Received undefined',
    ),
    Sign(
        id="undefined-as-value",
        weight=Weight.STRONG,
        needle=("undefined", "null", "none", "nil"),
        pattern=r"\b(?:urls?|uri|dsn|host(?:name)?|endpoint|connection string|address|bucket|region|project(?: id)?"
        r"|token|api key|secret|broker|queue)\b[^\n'\"`]{0,30}['\"`](?:undefined|null|None|nil|NaN)['\"`]"
        r"|\b(?:url|uri|dsn|connection string)\b:? (?:is |cannot be |can not be |can't be "
        r"|must not be )(?:undefined|null|None|nil)\b"
        r"|://(?:undefined|null|None)(?::(?:undefined|null|None))?[@:/]",
        unless=r"\bwarn|NullPointer|null value in column",
        source="tursodatabase/libsql-client-ts packages/libsql-core/src/config.ts; ioredis; aws-sdk-js-v3",
        example="LibsqlError: URL_INVALID: The URL 'undefined' is not in a valid format",
    ),
    Sign(
        id="empty-number",
        weight=Weight.STRONG,
        needle=(
            "with base 10: ''",
            'parsing \\"\\": invalid',
            'parsing "": invalid',
            'for input string: ""',
            "received nan",
            'for input string: "$',
        ),
        pattern=r"invalid literal for int\(\) with base 10: ''|strconv\.\w+: parsing \\?\"\\?\": invalid syntax"
        r"|For input string: \"(?:\"|\$\{?[A-Za-z_])"
        r"|\"path\": \[\s*\"(?-i:[A-Z][A-Z0-9]*_[A-Z0-9_]+)\"[\s\S]{0,200}received nan\b"
        r"|received:? ['\"]?nan\b[\s\S]{0,200}['\"](?-i:[A-Z][A-Z0-9]*_[A-Z0-9_]+)['\"]",
        source="python/cpython Objects/longobject.c; golang/go src/strconv; colinhacks/zod (coerced undefined)",
        example="ERROR - Database setup failed: invalid literal for int() with base 10: ''",
    ),
    Sign(
        id="ecto-key",
        weight=Weight.STRONG,
        needle="connect raised keyerror exception: key :",
        source="elixir-ecto/db_connection lib/db_connection/connection.ex",
        example="** (RuntimeError) connect raised KeyError exception: key :database not found. The exception "
        "details are "
        "hidden",
    ),
    Sign(
        id="sqlclient-empty-source",
        weight=Weight.STRONG,
        needle=("isazuresynapseondemandendpoint", "nameorconnectionstring' cannot be null", "adp.isendpoint"),
        source="dotnet/SqlClient AdapterUtil.SqlClient.cs; dotnet/ef6 Strings.resx",
        example="   at Microsoft.Data.Common.ADP.IsEndpoint(String dataSource, String prefix)",
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
