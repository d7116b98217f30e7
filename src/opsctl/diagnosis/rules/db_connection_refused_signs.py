"""How runtimes, drivers and tools say that nothing listens at a host and port, or at a local socket."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.connection_settings import LOCAL_HOST, TELEMETRY

# A refused Cloud SQL socket is the attachment's matter, a refused exporter nobody's.
_OTHER = r"/cloudsql/|" + TELEMETRY

SIGNS_RUNTIMES = (
    Sign(
        id="dropped-on-the-way",
        weight=Weight.WEAK,
        needle=(
            "econnreset",
            "connection reset by peer",
            "connection was forcibly closed",
            "no connection to the server",
        ),
        source="POSIX ECONNRESET in the words of the runtimes; libpq PQexec without a connection",
        example="no connection to the server",
    ),
    Sign(
        "node-connect",
        Weight.DECISIVE,
        "connect econnrefused",
        unless=_OTHER,
        source="nodejs/node lib/net.js: exceptionWithHostPort(err, 'connect', address, port)",
        example="Error: connect ECONNREFUSED 127.0.0.1:5432",
    ),
    Sign(
        "node-aggregate",
        Weight.DECISIVE,
        "aggregateerror [econnrefused]",
        unless=_OTHER,
        source="nodejs/node lib/net.js: internalConnectMultiple, since 20",
        example="AggregateError [ECONNREFUSED]: \n    at internalConnectMultiple (node:net:1139:18)",
    ),
    Sign(
        "node-error-code",
        Weight.STRONG,
        ("econnrefused", "connectionrefused"),
        r"\bECONNREFUSED\b|(?:code|errno|name)['\"\\]*\s*[:=]\s*['\"\\]*ConnectionRefused|ConnectionRefusedError",
        unless=_OTHER,
        source="nodejs/node: error.code in util.inspect and JSON output; oven-sh/bun: code ConnectionRefused",
        example="  code: 'ECONNREFUSED',",
    ),
    Sign(
        "python-errno",
        Weight.DECISIVE,
        "connection refused",
        r"\[?Errno (?:111|61)\]? Connection refused|ConnectionRefusedError\((?:111|61), ",
        unless=_OTHER,
        source="python/cpython: OSError with strerror(ECONNREFUSED)",
        example="ConnectionRefusedError: [Errno 111] Connection refused",
    ),
    Sign(
        "python-asyncio",
        Weight.DECISIVE,
        "connect call failed",
        r"\[Errno (?:111|61)\] Connect call failed",
        unless=_OTHER,
        source="python/cpython Lib/asyncio/selector_events.py",
        example="OSError: Multiple exceptions: [Errno 111] Connect call failed ('::1', 5432, 0, 0)",
    ),
    Sign(
        "go-dial",
        Weight.DECISIVE,
        "connect: connection refused",
        r"dial (?:tcp|unix)[46]? ?\S*: connect: connection refused",
        unless=_OTHER,
        source="golang/go net: OpError and os.SyscallError",
        example="failed to open database: dial tcp 127.0.0.1:3306: connect: connection refused",
    ),
    Sign(
        "rust-os-error",
        Weight.DECISIVE,
        ("connection refused (os error", "kind: connectionrefused"),
        unless=_OTHER,
        source="rust-lang/rust std::io::Error Display and Debug",
        example="error communicating with database: Connection refused (os error 111)",
    ),
    Sign(
        "dotnet-socket",
        Weight.DECISIVE,
        "connection refused",
        r"SocketException \((?:0x80004005|111|61|10061)\): Connection refused|Connection refused \(?\S*:\d+\)",
        unless=_OTHER,
        source="dotnet/runtime System.Net.Sockets.SocketException.ToString, HttpConnectionPool",
        example=" ---> System.Net.Sockets.SocketException (111): Connection refused",
    ),
    Sign(
        "java-connect-exception",
        Weight.DECISIVE,
        "connection refused",
        r"ConnectException: (?:Call to \S+ failed on connection exception.*)?(?:finishConnect\(\.\.\) failed: )?"
        r"Connection refused",
        unless=_OTHER,
        source="openjdk/jdk java.net.ConnectException",
        example="Caused by: java.net.ConnectException: Connection refused (Connection refused)",
    ),
    Sign(
        "netty-annotated",
        Weight.DECISIVE,
        "connection refused: ",
        r"Connection refused: \S+[/:]",
        unless=_OTHER,
        source="netty/netty AbstractChannel.AnnotatedConnectException",
        example="io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: "
        "localhost/127.0.0.1:5432",
    ),
    Sign(
        "ruby-errno",
        Weight.DECISIVE,
        "connection refused - ",
        r"Connection refused - (?:connect\(2\)|user specified|Unable to connect)|Errno::ECONNREFUSED",
        unless=_OTHER,
        source="ruby/ruby socket: rsock_syserr_fail_host_port",
        example='Errno::ECONNREFUSED: Connection refused - connect(2) for "127.0.0.1" port 6379',
    ),
    Sign(
        "elixir-tcp",
        Weight.DECISIVE,
        "econnrefused",
        r"(?:tcp|ssl) connect(?: \([^)]*\))?: connection refused - :econnrefused|:econnrefused|\{error,econnrefused\}",
        unless=_OTHER,
        source="elixir-ecto/postgrex Postgrex.Protocol; elixir-ecto/myxql",
        example="** (DBConnection.ConnectionError) tcp connect (localhost:5432): connection refused - :econnrefused",
    ),
    Sign(
        "grpc-refused",
        Weight.DECISIVE,
        ("connection refused", "econnrefused"),
        r"failed to connect to (?:all addresses|remote host)[\s\S]{0,200}Connection refused"
        r"|No connection established\. Last error:[\s\S]{0,80}ECONNREFUSED",
        unless=_OTHER,
        source="grpc/grpc src/core: connect errors of subchannels; grpc/grpc-node load-balancer-pick-first",
        example="failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:8085: Failed to connect to "
        "remote "
        "host: Connection refused",
    ),
    Sign(
        "curl-refused",
        Weight.DECISIVE,
        "connection refused",
        r"curl: \(7\) Failed (?:to )?connect.*Connection refused|connect to \S+ port \d+.*Connection refused"
        r"|Connecting to \S+ .*failed: Connection refused|can't connect to remote host.*: Connection refused",
        unless=_OTHER,
        source="curl/curl lib/connect.c; GNU wget src/connect.c; busybox wget",
        example="curl: (7) Failed to connect to localhost port 8080: Connection refused",
    ),
    Sign(
        "curl-could-not-connect-local",
        Weight.STRONG,
        "couldn't connect to server",
        r"Failed to connect to " + LOCAL_HOST + r" port \d+.*Couldn't connect to server",
        unless=_OTHER,
        source="curl/curl lib/connect.c, since 7.88",
        example="curl: (7) Failed to connect to localhost port 4000 after 0 ms: Couldn't connect to server",
    ),
    Sign(
        "bare-refused",
        Weight.STRONG,
        ("connection refused", "actively refused it"),
        unless=_OTHER + r"|too many open connections",
        source="strerror(ECONNREFUSED); Windows WSAECONNREFUSED",
        example="could not connect to database: Connection refused",
    ),
    Sign(
        "http-clients-refused",
        Weight.DECISIVE,
        "connection refused",
        r"(?:on (?:GET|POST|PUT|PATCH|DELETE) request for .*|Connect to \S+(?: \[[^\]]*\])? failed): Connection refused"
        r"|\(Connection refused\)|Connection refused \[tcp://|NetException: Connection refused|: Connection refused "
        r"\(os error"
        r"|Socket fail to connect to \S+ port:\d+[.,]? Connection refused",
        unless=_OTHER,
        source="Spring RestTemplate; Apache HttpClient; php stream_socket_client; predis; ClickHouse; librdkafka; "
        "MariaDB",
        example="Connect to localhost:8080 [localhost/127.0.0.1] failed: Connection refused (Connection refused)",
    ),
    Sign(
        "fetch-local",
        Weight.MODERATE,
        ("all connection attempts failed", "is the computer able to access the url"),
        unless=_OTHER,
        source="encode/httpcore; oven-sh/bun fetch",
        example="error: Unable to connect. Is the computer able to access the url?",
    ),
)
