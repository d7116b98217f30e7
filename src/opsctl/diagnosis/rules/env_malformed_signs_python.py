"""Messages of Python libraries about a value that is set and cannot be parsed."""

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_PYTHON = (
    Sign(
        id="sqlalchemy-url",
        weight=Weight.DECISIVE,
        needle=("could not parse sqlalchemy url", "could not parse rfc1738 url"),
        unless=r"string '(?:None)?'",
        source="sqlalchemy/sqlalchemy lib/sqlalchemy/engine/url.py",
        example="sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from given URL string",
    ),
    Sign(
        id="sqlalchemy-postgres-scheme",
        weight=Weight.STRONG,
        needle=("sqlalchemy.dialects:postgres", "dialects:postgres'", "the asyncio extension requires an async driver"),
        pattern=r"Can't load plugin: sqlalchemy\.dialects:(?:postgres\b(?!ql)|driver\b)",
        source="docs.sqlalchemy.org/en/14/changelog/changelog_14.html",
        example="sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
    ),
    Sign(
        id="alembic-interpolation",
        weight=Weight.STRONG,
        needle="invalid interpolation syntax",
        source="python/cpython Lib/configparser.py; alembic.sqlalchemy.org/en/latest/tutorial.html",
        example="ValueError: invalid interpolation syntax in 'postgresql://app:p%40ss@10.0.0.3/app' at position 18",
    ),
    Sign(
        id="urllib-parts",
        weight=Weight.DECISIVE,
        needle=(
            "port could not be cast to integer value",
            "port out of range 0-65535",
            "invalid ipv6 url",
            "netloc",
            "url can't contain control characters",
            "nonnumeric port",
        ),
        pattern=r"Port could not be cast to integer value|Port out of range 0-65535|Invalid IPv6 URL"
        r"|netloc .{0,80} contains invalid characters"
        r"|URL can't contain control characters|nonnumeric port",
        source="python/cpython Lib/urllib/parse.py, Lib/http/client.py",
        example="ValueError: Port could not be cast to integer value as 'p@ss'",
    ),
    Sign(
        id="int-of-url-part",
        weight=Weight.STRONG,
        needle="invalid literal for int() with base 10",
        pattern=r"with base 10: ['\"][^'\"\n]*[@:/]"
        r"|(?:environ|getenv|urlparse|urlsplit|config\()[\s\S]{0,600}invalid literal for int\(\) with base 10",
        source="python/cpython Objects/longobject.c",
        example="ValueError: invalid literal for int() with base 10: 'secret@10.0.0.3'",
    ),
    Sign(
        id="int-of-anything",
        weight=Weight.WEAK,
        needle="invalid literal for int() with base 10",
        source="python/cpython Objects/longobject.c",
        example="ValueError: invalid literal for int() with base 10: 'abc'",
    ),
    Sign(
        id="dj-database-url",
        weight=Weight.DECISIVE,
        needle=("is unknown. did you forget to escape or quote", "this string is not a valid url", "no support for '"),
        pattern=r"Scheme '[^']*' is unknown|This string is not a valid url|No support for '[^']*'\. We support",
        source="jazzband/dj-database-url dj_database_url/__init__.py",
        example="dj_database_url.ParseError: This string is not a valid url, possibly because some of its parts is not "
        "properly "
        "urllib.parse.quote()'ed.",
    ),
    Sign(
        id="pydantic-value",
        weight=Weight.DECISIVE,
        needle=("error parsing value for field", "validation error"),
        pattern=r"error parsing value for field \"|validation errors? for \w*(?:Settings|Config|Env"
        r"|Environment)\w*(?![\s\S]*[Ff]ield required)"
        r"[\s\S]{0,2000}?(?:Input should be|value is not a valid|unable to parse|invalid or missing URL)",
        source="pydantic/pydantic-settings pydantic_settings/sources",
        example='pydantic_settings.exceptions.SettingsError: error parsing value for field "cors" from source '
        '"EnvSettingsSource"',
    ),
    Sign(
        id="pydantic-settings-class",
        weight=Weight.MODERATE,
        needle="validation error",
        pattern=r"validation errors? for \w*(?:Settings|Config|Env|Environment)\w*",
        unless=r"[Ff]ield required",
        source="pydantic/pydantic-settings",
        example="pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings",
    ),
    Sign(
        id="python-bool-cast",
        weight=Weight.STRONG,
        needle=("not a boolean:", "invalid truth value", "not a valid boolean", "invalid boolean"),
        source="HBNetwork/python-decouple; python distutils.util.strtobool; sloria/environs",
        example="ValueError: Invalid truth value: yess",
    ),
    Sign(
        id="python-header",
        weight=Weight.DECISIVE,
        needle=(
            "illegal header value",
            "invalid leading whitespace, reserved character(s), or return character(s) in header value",
            "invalid header value b'",
            "return character(s)",
        ),
        source="python-hyper/h11 h11/_headers.py; psf/requests src/requests/utils.py",
        example="h11._util.LocalProtocolError: Illegal header value b'Bearer abc\\n'",
    ),
    Sign(
        id="python-request-url",
        weight=Weight.STRONG,
        needle=(
            "no scheme supplied",
            "no connection adapters were found for",
            "request url is missing an 'http://'",
            "only absolute urls are supported",
            "only http(s) protocols are supported",
        ),
        unless=r"Invalid URL '(?:None|undefined)",
        source="psf/requests src/requests/models.py; encode/httpx; node-fetch",
        example="requests.exceptions.InvalidSchema: No connection adapters were found for "
        "'\"https://api.example.com\"'",
    ),
    Sign(
        id="service-account-file",
        weight=Weight.DECISIVE,
        needle=(
            "service account info was not in the expected format",
            "is not a valid json file",
            "does not have a valid type",
            "unexpected token type for credentials",
        ),
        pattern=r"Service account info was not in the expected format|(?:File"
        r"|The file) \S+ (?:is not a valid json file|does not have a valid type)",
        source="googleapis/google-auth-library-python google/auth/_service_account_info.py, _default.py",
        example="google.auth.exceptions.MalformedError: Service account info was not in the expected format, missing "
        "fields token_uri.",
    ),
    Sign(
        id="base64",
        weight=Weight.STRONG,
        needle=(
            "incorrect padding",
            "invalid base64",
            "illegal base64",
            "not a valid base-64 string",
            "base64 data",
            "invalid symbol",
        ),
        pattern=r"binascii\.Error|[Ii]ncorrect padding|[Ii]nvalid base64|[Ii]llegal base64|not a valid Base-64 string"
        r"|Invalid symbol \d+, offset",
        source="python/cpython Modules/binascii.c; golang encoding/base64; java.util.Base64; dotnet Strings.resx",
        example="binascii.Error: Incorrect padding",
    ),
    Sign(
        id="python-encoding",
        weight=Weight.MODERATE,
        needle=("unicodedecodeerror", "unicodeencodeerror"),
        pattern=r"Unicode(?:Decode|Encode)Error: '(?:utf-?8|ascii|latin-1|charmap|cp1252)' codec can't (?:decode byte"
        r"|encode character)",
        source="python/cpython Objects/exceptions.c",
        example="UnicodeEncodeError: 'latin-1' codec can't encode character '\\u2019' in position 8: ordinal not in "
        "range(256)",
    ),
    Sign(
        id="bucket-name",
        weight=Weight.STRONG,
        needle=("bucket names must start and end with a number or letter", "invalid bucket name"),
        source="googleapis/python-storage google/cloud/storage/_helpers.py; boto/botocore",
        example="ValueError: Bucket names must start and end with a number or letter.",
    ),
)
