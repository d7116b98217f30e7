"""How runtimes and their clients say that an address gives no answer or has no route."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.connection_settings import PRIVATE_ADDRESS, TELEMETRY

SIGNS_CLIENTS = (
    Sign(
        id="reset-by-peer",
        weight=Weight.MODERATE,
        needle=("econnreset", "connection reset by peer", "connection was forcibly closed", "socket hang up"),
        unless=rf"{TELEMETRY}|retr(?:y|ied)",
        source="POSIX ECONNRESET in the words of libuv, Python, Go, the JVM and .NET",
        example="Error: read ECONNRESET",
    ),
    Sign(
        "node-connect-timeout",
        Weight.DECISIVE,
        "connect e",
        r"connect (?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|EADDRNOTAVAIL)\b",
        unless=TELEMETRY,
        source="nodejs/node lib/net.js exceptionWithHostPort",
        example="Error: connect ETIMEDOUT 10.20.0.3:5432",
    ),
    Sign(
        "node-codes",
        Weight.STRONG,
        ("etimedout", "ehostunreach", "enetunreach"),
        r"\b(?:EHOSTUNREACH|ENETUNREACH)\b|(?:code|errno)['\"\\]*\s*[:=]\s*['\"\\]*ETIMEDOUT|\[ETIMEDOUT\]",
        unless=TELEMETRY,
        source="nodejs/node error.code in util.inspect and JSON output",
        example="AggregateError [ETIMEDOUT]: ",
    ),
    Sign(
        "undici-timeout",
        Weight.DECISIVE,
        ("und_err_connect_timeout", "connect timeout error"),
        unless=TELEMETRY,
        source="nodejs/undici lib/core/errors.js ConnectTimeoutError",
        example="ConnectTimeoutError: Connect Timeout Error (attempted address: api.example.com:443, timeout: 10000ms)",
    ),
    Sign(
        "errno-unreachable",
        Weight.DECISIVE,
        ("network is unreachable", "no route to host", "host is unreachable", "noroutetohostexception"),
        unless=TELEMETRY + r"|/dev/tcp|ping:",
        source="strerror(ENETUNREACH), strerror(EHOSTUNREACH); java.net.NoRouteToHostException",
        example="OSError: [Errno 101] Network is unreachable",
    ),
    Sign(
        "errno-timed-out",
        Weight.DECISIVE,
        "connection timed out",
        r"\[Errno 110\] (?:Connection timed out|Connect call failed)|Errno::ETIMEDOUT|Connection timed out - "
        r"|Connection timed out \(os error 110\)|SocketException \(110\): Connection timed out|\(110\) Connection "
        r"timed out"
        r"|connect: connection timed out|SQLSTATE\[HY000\] \[2002\] (?:Connection|Operation) timed out"
        r"|ConnectException: Connection timed out",
        unless=TELEMETRY,
        source="strerror(ETIMEDOUT) in CPython, Ruby, Rust, .NET, Go, PDO, the JDK",
        example="TimeoutError: [Errno 110] Connection timed out",
    ),
    Sign(
        "winsock-timed-out",
        Weight.DECISIVE,
        "did not properly respond after a period of time",
        unless=TELEMETRY,
        source="Windows Sockets 10060 as .NET and CPython print it",
        example="A connection attempt failed because the connected party did not properly respond after a period of "
        "time",
    ),
    Sign(
        "timed-out-text",
        Weight.MODERATE,
        ("connection timed out", "operation timed out", "connect timed out", "connection timeout"),
        unless=TELEMETRY + r"|statement|idle|lock|keep-?alive",
        source="strerror(ETIMEDOUT); many clients",
        example="failed to reach upstream: Connection timed out",
    ),
    Sign(
        "go-io-timeout",
        Weight.DECISIVE,
        ("i/o timeout", "no route to host", "network is unreachable", "connection timed out", "operation timed out"),
        r"dial tcp[46]? \S+: (?:i/o timeout|connect: (?:no route to host|network is unreachable|connection timed out|"
        r"operation timed out))",
        unless=TELEMETRY,
        source="golang/go net.OpError",
        example="error: dial tcp 10.20.0.3:5432: i/o timeout",
    ),
    Sign(
        "java-connect-timed-out",
        Weight.DECISIVE,
        ("connect timed out", "connecttimeoutexception", "httpconnecttimeoutexception"),
        r"SocketTimeoutException: [Cc]onnect timed out|ConnectTimeoutException|HttpConnectTimeoutException"
        r"|Error: \"connect timed out",
        unless=TELEMETRY,
        source="openjdk/jdk java.net.Socket; netty; Apache HttpClient; mssql-jdbc",
        example="Caused by: java.net.SocketTimeoutException: Connect timed out",
    ),
    Sign(
        "urllib3-connect",
        Weight.DECISIVE,
        ("connecttimeouterror", "httpx.connecttimeout", "exceptions.connecttimeout", "newconnectionerror"),
        r"ConnectTimeoutError|(?-i:httpx\.ConnectTimeout|exceptions\.ConnectTimeout)"
        r"|NewConnectionError[\s\S]{0,200}(?:timed out|\[Errno (?:101|110|113)\])",
        unless=TELEMETRY,
        source="urllib3/urllib3 exceptions.py; psf/requests; httpx",
        example="Max retries exceeded with url: / (Caused by ConnectTimeoutError(<urllib3.connection.HTTPSConnection "
        "object at "
        "0x7f>, 'Connection to api.example.com timed out. (connect timeout=10)'))",
    ),
    Sign(
        "aiohttp-connect",
        Weight.DECISIVE,
        ("cannot connect to host", "connection timeout to host"),
        r"Cannot connect to host \S+ ssl:.{0,80}(?:Network is unreachable|No route|timed out|Connect call failed \('"
        + PRIVATE_ADDRESS
        + r")|Connection timeout to host",
        unless=TELEMETRY + r"|Errno 111",
        source="aio-libs/aiohttp client_exceptions.py",
        example="aiohttp.client_exceptions.ConnectionTimeoutError: Connection timeout to host https://api.example.com/",
    ),
    Sign(
        "asyncio-connect-call",
        Weight.STRONG,
        "connect call failed",
        r"Cannot connect to host (?!localhost|127\.)\S+ ssl:[^\n]{0,80}Connect call failed",
        unless=TELEMETRY + r"|Errno 111|127\.0\.0\.1|'::1'",
        source="aio-libs/aiohttp client_exceptions.py over python/cpython asyncio/selector_events.py",
        example="aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host api.example.com:443 "
        "ssl:default "
        "[Connect call failed ('142.250.1.95', 443)]",
    ),
    Sign(
        "ruby-open-timeout",
        Weight.DECISIVE,
        ("net::opentimeout", "failed to open tcp connection", "cannotconnecterror"),
        r"Net::OpenTimeout|Failed to open TCP connection to \S+ \((?!Connection refused)"
        r"|CannotConnectError.{0,300}(?:timed out|Timeout|unreachable)",
        source="ruby/net-http; redis/redis-rb",
        example="Net::OpenTimeout: execution expired",
    ),
    Sign(
        "curl-timeout",
        Weight.DECISIVE,
        ("curl: (28)", "curl error 28", "curl: (7)", "failed to connect to"),
        r"curl(?:: \(28\)| error 28:) (?:Connection timed out|Failed to connect|.{0,200}Timeout was reached|Resolving "
        r"timed out)"
        r"|Failed to connect to \S+ port \d+.{0,200}(?:timed out|Timeout was reached|No route to host|Network is "
        r"unreachable)",
        unless=TELEMETRY,
        source="curl/curl lib/connect.c",
        example="curl: (28) Failed to connect to api.example.com port 443 after 130012 ms: Connection timed out",
    ),
    Sign(
        "curl-could-not-connect",
        Weight.MODERATE,
        "couldn't connect to server",
        r"Failed to connect to (?!localhost|127\.0)\S+ port \d+.*Couldn't connect to server",
        source="curl/curl lib/connect.c, since 7.88",
        example="curl: (7) Failed to connect to api.internal port 443 after 3 ms: Couldn't connect to server",
    ),
    Sign(
        "grpc-unreachable",
        Weight.STRONG,
        ("failed to connect to all addresses", "no connection established"),
        unless=TELEMETRY + r"|Connection refused|ECONNREFUSED|Ssl handshake|certificate",
        source="grpc/grpc src/core load balancing; grpc/grpc-node",
        example="14 UNAVAILABLE: No connection established. Last error: Error: connect ETIMEDOUT 142.250.1.95:443",
    ),
    Sign(
        "google-retry-deadline",
        Weight.MODERATE,
        ("exceeded while calling", "503 failed to connect", "deadline of"),
        r"(?:Deadline|Timeout) of [\d.]+s exceeded while calling|503 failed to connect",
        source="googleapis/python-api-core retry",
        example="google.api_core.exceptions.RetryError: Timeout of 60.0s exceeded while calling target function",
    ),
    Sign(
        "wait-script-gave-up",
        Weight.MODERATE,
        ("timeout occurred after waiting", "waiting on dependencies to become available", "wait-for", " - no response"),
        r"timeout occurred after waiting .{0,80} for (?!localhost|127\.)\S+:\d+"
        r"|Timeout after .{0,80} waiting on dependencies to become"
        r"|Operation timed out waiting for|^(?!localhost|127\.|/)\S+:\d+ - no response",
        source="vishnubob/wait-for-it; jwilder/dockerize; postgres pg_isready.c",
        example="wait-for-it.sh: timeout occurred after waiting 15 seconds for db:5432",
    ),
    Sign(
        "metadata-server",
        Weight.WEAK,
        (
            "compute engine metadata server unavailable",
            "metadata server unavailable",
            "failed to retrieve http://metadata",
        ),
        unless=r"Status: ?[45]\d\d",
        source="googleapis/google-auth-library-python compute_engine/_metadata.py",
        example="Compute Engine Metadata server unavailable due to timed out",
    ),
    Sign(
        "fetch-failed",
        Weight.WEAK,
        ("typeerror: fetch failed", "network is down", "socket hang up"),
        unless=TELEMETRY,
        source="nodejs/undici lib/web/fetch; nodejs/node _http_client.js",
        example="TypeError: fetch failed",
    ),
    Sign(
        "http-timeouts",
        Weight.MODERATE,
        (
            "client.timeout exceeded while awaiting headers",
            "tls handshake timeout",
            "configured httpclient.timeout of",
            "all connection attempts failed",
            "is the computer able to access the url",
            "before any response was received",
        ),
        unless=TELEMETRY + r"|ConnectionRefused",
        source="golang/go net/http; dotnet/runtime HttpClient; encode/httpcore; oven-sh/bun; googleapis/gax-nodejs",
        example='Get "https://api.example.com/v1": net/http: TLS handshake timeout',
    ),
    Sign(
        "axios-timeout",
        Weight.MODERATE,
        "ms exceeded",
        r"timeout of \d+ms exceeded",
        unless=TELEMETRY + r"|[Tt]est|mocha|jest|hook",
        source="axios/axios lib/adapters/http.js ECONNABORTED",
        example="AxiosError: timeout of 10000ms exceeded",
    ),
    Sign(
        "python-timed-out",
        Weight.MODERATE,
        ("socket.timeout: timed out", "timeouterror: timed out", "timed out trying to connect"),
        unless=TELEMETRY,
        source="python/cpython Modules/socketmodule.c; websockets; aiosmtplib",
        example="TimeoutError: timed out",
    ),
    Sign(
        "grpc-name-or-pick",
        Weight.MODERATE,
        ("deadline exceeded after", "unable to resolve host"),
        r"Deadline exceeded after [\d.]+s,.*(?:LB pick|name resolution|remote_addr)|UNAVAILABLE: Unable to resolve "
        r"host",
        unless=TELEMETRY,
        source="grpc/grpc-node; grpc/grpc-java",
        example="4 DEADLINE_EXCEEDED: Deadline exceeded after 60.001s, LB pick: 0.001s, remote_addr=142.250.1.95:443",
    ),
)
