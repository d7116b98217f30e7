"""Messages about a connection address or key that is set and cannot be parsed: Node, databases of documents and "
"queues, keys."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_NODE = (
    Sign(
        id="secret-not-utf8",
        weight=Weight.DECISIVE,
        needle="contains non-utf8 data",
        pattern=r"[Ss]ecret .{1,300} for environment variable .{1,200} contains non-UTF8 data",
        source="recorded log of a Cloud Run execution",
        example='Secret "projects/1/secrets/keystore/versions/latest" for environment variable "KEYSTORE" contains '
        "non-UTF8 data. Instance startup will now abort.",
    ),
    Sign(
        id="environment-not-settable",
        weight=Weight.DECISIVE,
        needle="setenv: invalid argument",
        source="opencontainers/runc libcontainer/init_linux.go",
        example='container init caused \\"setenv: invalid argument\\"": unknown',
    ),
    Sign(
        id="name-must-be-valid",
        weight=Weight.STRONG,
        needle=(
            "must be",
            "should be",
            "is not a",
            "is invalid",
            "is malformed",
            "has an invalid",
            "contains an invalid",
        ),
        pattern=r"(?<![A-Za-z0-9_])(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)['\"`]?:? (?:(?:must|should) be (?:an? )?"
        r"(?:valid|url|uri|number|integer|boolean|positive|one of|base64|hex|json|longer|at least|\d)|is not an? "
        r"(?:valid|number|url|integer|boolean)|is (?:invalid|malformed)|(?:has|contains) an invalid)",
        unless=r"\bwarn|using default|falling back|ignor|column|constraint|relation",
        source="typestack/class-validator src/decorator; common words of hand-written checks",
        example='{"isUrl":"REDIS_URL must be a valid redis connection string"}',
    ),
    Sign(
        id="named-url-invalid",
        weight=Weight.STRONG,
        needle=(
            "invalid",
            "malformed",
            "could not parse",
            "failed to parse",
            "cannot parse",
            "unable to parse",
            "fail to parse",
        ),
        pattern=r"\b(?:[Ii]nvalid|[Mm]alformed|(?:[Cc]ould not|[Ff]ail(?:ed)? to|[Cc]annot"
        r"|[Uu]nable to) parse)(?: the| a)? "
        r"(?:(?:database|db|connection|redis|mongo\w*|postgres\w*|mysql|broker|amqp|datasource|jdbc|base|server"
        r"|proxy)[ _-]?){1,2}"
        r"(?:url|uri|dsn|string|address)\b",
        unless=r"\bwarn|using default|falling back|ignor|response|HTTP \d",
        source="common words of hand-written checks; SeaQL/sea-orm src/driver",
        example='FATAL, Execution error, {"Error": "failed to validate config: invalid database URL"}',
    ),
    Sign(
        id="google-credentials",
        weight=Weight.STRONG,
        needle=(
            "defaultcredentialserror",
            "google-auth-library",
            "service account key json",
            "google_application_credentials",
        ),
        pattern=r"DefaultCredentialsError: \(?['\"]?File \S+ (?:was not found|is not a valid json file)"
        r"|parse service account key JSON|(?:in JSON at position|is not valid JSON"
        r"|end of JSON input)[\s\S]{0,600}google-auth-library"
        r"|using GOOGLE_APPLICATION_CREDENTIALS environment variable: ",
        source="googleapis/google-auth-library-python google/auth/_default.py; google-auth-library-nodejs; "
        "golang/oauth2",
        example="google.auth.exceptions.DefaultCredentialsError: File /keys/app.json was not found.",
    ),
    Sign(
        id="node-invalid-url",
        weight=Weight.STRONG,
        needle=("err_invalid_url", "typeerror: invalid url", "urierror: uri malformed", "failed to construct 'url'"),
        unless=r"input: ['\"](?:undefined|null)?['\"]|Failed to parse URL from undefined",
        source="nodejs/node lib/internal/url.js",
        example="TypeError: Invalid URL\n  code: 'ERR_INVALID_URL',\n  input: 'postgres://app:pa#ss@10.0.0.3:5432/app'",
    ),
    Sign(
        id="prisma-url-protocol",
        weight=Weight.DECISIVE,
        needle=("the url must start with the protocol", "must start with the protocol"),
        source="prisma/prisma-engines psl/psl-core/src/datamodel_connector",
        example="error: Error validating datasource `db`: the URL must start with the protocol `postgresql://` or "
        "`postgres://`.",
    ),
    Sign(
        id="prisma-invalid-string",
        weight=Weight.DECISIVE,
        needle=(
            "the provided database string is invalid",
            "in database url. please refer to the documentation",
            "error parsing connection string",
        ),
        source="prisma.io/docs/orm/reference/error-reference#p1013",
        example="Error: P1013: The provided database string is invalid. invalid port number in database URL.",
    ),
    Sign(
        id="node-bad-port",
        weight=Weight.DECISIVE,
        needle=("err_socket_bad_port", "port should be >= 0 and < 65536", "should be > 0 and < 65536"),
        source="nodejs/node lib/internal/errors.js (ERR_SOCKET_BAD_PORT)",
        example="RangeError [ERR_SOCKET_BAD_PORT]: Port should be >= 0 and < 65536. Received type number (NaN).",
    ),
    Sign(
        id="joi-nest-value",
        weight=Weight.DECISIVE,
        needle="config validation error",
        pattern=r"Config validation error: .{0,400}(?:must be (?:a|one of|an)|fails to match|with value|length must)",
        source="nestjs/config lib/config.module.ts; hapijs/joi",
        example='Error: Config validation error: "PORT" must be a number',
    ),
    Sign(
        id="envalid-invalid",
        weight=Weight.DECISIVE,
        needle=("invalid environment variables", "invalid environment variable"),
        pattern=r"[Ii]nvalid environment variables?\b(?![\s\S]{0,1500}(?:\bRequired\b|received:? ['\"]?undefined"
        r"|is required))[\s\S]{0,1500}?"
        r"(?:Invalid (?!env)|must be|expected|not a valid|too_small|at least)",
        source="af/envalid src/reporter.ts; t3-oss/t3-env",
        example="================================\n Invalid environment variables:\n    PORT: Invalid port input: "
        '"80a"',
    ),
    Sign(
        id="node-header",
        weight=Weight.DECISIVE,
        needle=(
            "invalid character in header content",
            "err_invalid_char",
            "invalid header value",
            "headers.append",
            "is an invalid header value",
            "is not a legal http header value",
        ),
        pattern=r"Invalid character in header content|ERR_INVALID_CHAR|is an invalid header value"
        r"|is not a legal HTTP header value"
        r"|[Ii]nvalid header value",
        source="nodejs/node lib/_http_outgoing.js; nodejs/undici",
        example='TypeError [ERR_INVALID_CHAR]: Invalid character in header content ["Authorization"]',
    ),
    Sign(
        id="json-in-value",
        weight=Weight.STRONG,
        needle=(
            "in json at position",
            "is not valid json",
            "unexpected end of json input",
            "jsondecodeerror",
            "json::parsererror",
            "jsonexception",
        ),
        pattern=r"\A(?=[\s\S]*?(?:in JSON at position|is not valid JSON|end of JSON input|JSONDecodeError"
        r"|JSON::ParserError|JsonException))"
        r"[\s\S]*?(?:process\.env|os\.environ|getenv|_JSON\b|credential|service[_-]?account|config\.(?:[jt]s|py)"
        r"|settings\.py|env\.(?:[jt]s|py))",
        unless=r"<!DOCTYPE|Unexpected token '?<",
        source="v8/v8 src/common/message-template.h; python/cpython Lib/json/decoder.py",
        example="SyntaxError: Unexpected token ' in JSON at position 0\n    at JSON.parse (<anonymous>)\n    at "
        "Object.<anonymous> "
        "(/app/dist/firebase-credentials.js:4:31)",
    ),
    Sign(
        id="json-broken",
        weight=Weight.MODERATE,
        needle=(
            "in json at position",
            "is not valid json",
            "unexpected end of json input",
            "json.decoder.jsondecodeerror",
            "bad control character in string",
            "expected property name or '}' in json",
        ),
        unless=r"<!DOCTYPE|Unexpected token '?<|response|body|package\.json|tsconfig|\bfetch\b|axios",
        source="v8/v8 src/common/message-template.h; python/cpython Lib/json/decoder.py",
        example="SyntaxError: Unexpected token 'a', \"abc\" is not valid JSON",
    ),
    Sign(
        id="firebase-credential",
        weight=Weight.DECISIVE,
        needle=(
            "failed to parse private key",
            "failed to parse service account json",
            "service account object must contain a string",
            "certificate object must contain a string",
            "failed to parse certificate key file",
        ),
        source="firebase/firebase-admin-node src/app/credential-internal.ts",
        example="FirebaseAppError: Failed to parse private key: Error: Invalid PEM formatted message.",
    ),
    Sign(
        id="pem",
        weight=Weight.DECISIVE,
        needle=(
            "decoder routines::unsupported",
            "no start line",
            "pem_read_bio",
            "invalid pem formatted message",
            "unable to load pem file",
            "could not deserialize key data",
            "no key could be detected",
            "failed to find any pem data",
            "bad base64 decode",
            "bad end line",
            "err_ossl_unsupported",
            "invalid pkcs#8 data",
            "private key should be a pem",
            "key must be pem encoded",
            "neither pub key nor priv key",
            "invalid keyspec",
            "malformedframing",
            "err_ossl_pem_",
            "failed to parse private key",
            "missing -----begin",
            "failed to parse pem block",
        ),
        pattern=r"DECODER routines::unsupported|no start line|PEM_read_bio|Invalid PEM|Unable to load PEM"
        r"|Could not deserialize key data"
        r"|No key could be detected|failed to find any PEM data|bad base64 decode|bad end line|ERR_OSSL_UNSUPPORTED"
        r"|Invalid PKCS#8 data"
        r"|private key should be a PEM|[Kk]ey must be PEM|Neither PUB key nor PRIV key|MalformedFraming|ERR_OSSL_PEM_"
        r"|InvalidKeySpec|tls: failed to parse private key|Missing -----BEGIN|failed to parse PEM block",
        unless=r"digital envelope",
        source="openssl/openssl crypto/pem, crypto/encode_decode; pyca/cryptography; "
        "googleapis/google-auth-library-python",
        example="Error: error:1E08010C:DECODER routines::unsupported",
    ),
    Sign(
        id="key-length",
        weight=Weight.STRONG,
        needle=(
            "invalid key length",
            "invalid initialization vector",
            "key must be 32 bytes",
            "fernet key must be",
            "incorrect key length",
            "secretorprivatekey must be an asymmetric key",
            "secretorprivatekey has a minimum",
            "invalid key size",
            "key size must be",
        ),
        source="nodejs/node lib/internal/crypto/cipher.js; pyca/cryptography fernet.py; laravel Encrypter.php; "
        "jsonwebtoken",
        example="ValueError: Fernet key must be 32 url-safe base64-encoded bytes.",
    ),
    Sign(
        id="mongo-uri",
        weight=Weight.DECISIVE,
        needle=(
            "invalid scheme, expected connection string to start with",
            "contains unescaped characters",
            "uri must include hostname",
            "uri cannot have port number",
            "no hostname or hostnames provided",
            "must be escaped according to rfc 3986",
            "uri must begin with 'mongodb",
            "error parsing uri: ",
            "unescaped @ sign in user info",
            "empty host (or extra comma",
            "connection strings must start with either 'mongodb",
            "invalid connection string",
            "mongoparseerror",
            "pymongo.errors.invaliduri",
        ),
        source="mongodb-js/mongodb-connection-string-url; mongodb/mongo-python-driver pymongo/uri_parser.py; "
        "mongo-go-driver connstring.go",
        example='MongoParseError: Invalid scheme, expected connection string to start with "mongodb://" or '
        '"mongodb+srv://"',
    ),
    Sign(
        id="redis-amqp-url",
        weight=Weight.DECISIVE,
        needle=(
            "redis url must specify one of the following schemes",
            "redis: invalid url scheme",
            "expected amqp: or amqps: protocol",
            "amqp scheme must be either",
            "invalid url in bootstrap.servers",
            "typeerror: invalid protocol",
        ),
        source="redis/redis-py redis/connection.py; redis/go-redis options.go; amqp-node; apache/kafka "
        "ClientUtils.java",
        example="ValueError: Redis URL must specify one of the following schemes (redis://, rediss://, unix://)",
    ),
    Sign(
        id="sdk-value",
        weight=Weight.STRONG,
        needle=(
            "accountsid must start with ac",
            "invalid supabaseurl",
            "incorrect api key provided",
            "doesn't match a supported format",
            "must be a valid http or https url",
            "invalid endpoint:",
            "invalid api key provided",
            "api key does not start with",
            "an invalid token was provided",
            "tokeninvalid",
        ),
        pattern=r"accountSid must start with AC|Invalid supabaseUrl|doesn't match a supported format"
        r"|must be a valid HTTP or HTTPS URL|Invalid endpoint:|An invalid token was provided|\"TokenInvalid\"",
        source="twilio/twilio-node; supabase-js; boto/botocore",
        example="Error: accountSid must start with AC",
    ),
    Sign(
        id="name-invalid",
        weight=Weight.STRONG,
        needle=("invalid", "malformed", "could not parse", "failed to parse", "cannot parse", "unable to parse"),
        pattern=r"\b(?:[Ii]nvalid|[Mm]alformed|(?:[Cc]ould not|[Ff]ailed to|[Cc]annot"
        r"|[Uu]nable to) parse)(?: value (?:for|of|in))?"
        r"(?: the)?(?: env(?:ironment)?(?: variable| var)?)?:? [`'\"]?(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:URL|URI"
        r"|DSN|PORT|KEY|JSON|HOST"
        r"|CONFIG|CREDENTIALS|TIMEOUT|LEVEL|INTERVAL|SIZE|SECRET|TOKEN|CERT))\b",
        unless=r"\bwarn|using default|falling back|ignor",
        source="common words of hand-written checks",
        example="django.core.exceptions.ImproperlyConfigured: Invalid DATABASE_URL",
    ),
    Sign(
        id="log-level-zone",
        weight=Weight.STRONG,
        needle=(
            "must be included in custom levels",
            "unknown level:",
            "unknown time zone",
            "invalid time zone specified",
            "not a valid logrus level",
            "unrecognized level:",
            "unknown level name",
        ),
        source="pinojs/pino lib/levels.js; python logging; golang time; sirupsen/logrus",
        example="Error: default level:verbos must be included in custom levels",
    ),
)
