"""How runtimes, drivers and tools say that a host name has no address."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.connection_settings import TELEMETRY

SIGNS_NAMES = (
    Sign(
        "node-getaddrinfo",
        Weight.DECISIVE,
        "getaddrinfo",
        r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN|EAI_NODATA|EAI_NONAME|ETIMEOUT)",
        unless=TELEMETRY,
        source="nodejs/node lib/internal/errors.js: DNSException",
        example="Error: getaddrinfo ENOTFOUND postgres",
    ),
    Sign(
        "node-query",
        Weight.DECISIVE,
        "query",
        r"query(?:Srv|A|Aaaa|Txt|Cname) (?:ENOTFOUND|ENODATA|ESERVFAIL|ETIMEOUT|ECONNREFUSED|EREFUSED)",
        source="nodejs/node lib/internal/dns; mongodb+srv addresses",
        example="Error: querySrv ENOTFOUND _mongodb._tcp.cluster0.example.mongodb.net",
    ),
    Sign(
        "node-code",
        Weight.STRONG,
        ("enotfound", "eai_again", "dnsexception"),
        r"\b(?:ENOTFOUND|EAI_AGAIN)\b|DNSException",
        unless=TELEMETRY,
        source="nodejs/node error.code in util.inspect and JSON output; Bun",
        example="  code: 'ENOTFOUND',",
    ),
    Sign(
        "sequelize-host-not-found",
        Weight.DECISIVE,
        ("hostnotfounderror", "hostnotreachableerror"),
        source="sequelize/sequelize errors/connection/host-not-found-error.ts",
        example="SequelizeHostNotFoundError: getaddrinfo ENOTFOUND db",
    ),
    Sign(
        "libpq-translate",
        Weight.DECISIVE,
        "could not translate host name",
        source="postgres/postgres src/interfaces/libpq/fe-connect.c",
        example='psycopg2.OperationalError: could not translate host name "db" to address: Name or service not known',
    ),
    Sign(
        "psycopg3-resolve",
        Weight.DECISIVE,
        "failed to resolve host",
        source="psycopg/psycopg psycopg/_conninfo_attempts.py",
        example="psycopg.OperationalError: failed to resolve host 'postgres': [Errno -2] Name or service not known",
    ),
    Sign(
        "gai-errno",
        Weight.DECISIVE,
        "[errno -",
        r"\[Errno -(?:2|3|5)\] (?:Name or service not known|Temporary failure in name resolution|No address associated|"
        r"Try again|Name does not resolve)",
        unless=TELEMETRY,
        source="python/cpython socket.gaierror with glibc and musl texts",
        example="socket.gaierror: [Errno -2] Name or service not known",
    ),
    Sign(
        "gai-text",
        Weight.STRONG,
        (
            "name or service not known",
            "temporary failure in name resolution",
            "nodename nor servname provided",
            "name does not resolve",
            "no address associated with host",
            "no address associated with name",
        ),
        unless=TELEMETRY,
        source="glibc, musl and macOS gai_strerror",
        example="could not resolve database host: Temporary failure in name resolution",
    ),
    Sign(
        "urllib3-resolution",
        Weight.DECISIVE,
        ("nameresolutionerror", "failed to resolve '"),
        unless=TELEMETRY,
        source="urllib3/urllib3 exceptions.py NameResolutionError",
        example='(Caused by NameResolutionError("<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to '
        "resolve "
        "'api.internal' ([Errno -2] Name or service not known)\"))",
    ),
    Sign(
        "go-lookup",
        Weight.DECISIVE,
        ("no such host", "server misbehaving", "hostname resolving error"),
        r"lookup \S+(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout|Temporary failure)"
        r"|hostname resolving error|: no such host",
        unless=TELEMETRY,
        source="golang/go net.DNSError; jackc/pgx pgconn",
        example="error: dial tcp: lookup postgres on 169.254.169.254:53: no such host",
    ),
    Sign(
        "go-lookup-timeout",
        Weight.DECISIVE,
        "lookup ",
        r"dial \w+: lookup \S+(?: on \S+)?: .*(?:i/o timeout|operation was canceled|connection refused)",
        unless=TELEMETRY,
        source="golang/go net.DNSError",
        example="dial tcp: lookup db.internal on 169.254.169.254:53: read udp 10.0.0.2:4812->169.254.169.254:53: i/o "
        "timeout",
    ),
    Sign(
        "java-unknown-host",
        Weight.DECISIVE,
        ("unknownhostexception", "unresolvedaddressexception", "unknown host specified"),
        unless=TELEMETRY,
        source="openjdk/jdk java.net.UnknownHostException; java.nio.channels",
        example="Caused by: java.net.UnknownHostException: db",
    ),
    Sign(
        "netty-resolve",
        Weight.DECISIVE,
        "failed to resolve",
        r"Failed to resolve '[^']+'(?: \[| after|$)|Failed to resolve name|SearchDomainUnknownHostException",
        source="netty/netty resolver-dns DnsResolveContext",
        example="java.net.UnknownHostException: Failed to resolve 'redis' [A(1)] after 2 queries",
    ),
    Sign(
        "mysql-unknown-host",
        Weight.DECISIVE,
        ("unknown mysql server host", "unknown server host", "unknown mariadb server host"),
        source="mysql/mysql-server libmysql/errmsg.cc CR_UNKNOWN_HOST (2005)",
        example="ERROR 2005 (HY000): Unknown MySQL server host 'mysql' (-2)",
    ),
    Sign(
        "mysql-2003-name",
        Weight.DECISIVE,
        "can't connect to mysql server on",
        r"Can't connect to MySQL server on .{1,200}(?:Errno -\d\]|Name or service not known|name resolution)",
        source="PyMySQL/PyMySQL connections.py: CR_CONN_HOST_ERROR",
        example="(2003, \"Can't connect to MySQL server on 'db' ([Errno -2] Name or service not known)\")",
    ),
    Sign(
        "php-getaddresses",
        Weight.DECISIVE,
        "php_network_getaddresses",
        unless=TELEMETRY,
        source="php/php-src main/network.c",
        example="SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for mysql failed: Name or service not "
        "known",
    ),
    Sign(
        "ruby-resolution",
        Weight.DECISIVE,
        ("socketerror: getaddrinfo", "resolutionerror", "getaddrinfo:", "getaddrinfo(3):"),
        r"(?:SocketError|ResolutionError)\b.{0,300}getaddrinfo"
        r"|getaddrinfo(?:\(3\))?: (?:Name or service|Temporary failure|"
        r"nodename nor|No address)",
        source="ruby/ruby ext/socket raddrinfo.c",
        example="Socket::ResolutionError: Failed to open TCP connection to api:443 (getaddrinfo(3): Name or service "
        "not known)",
    ),
    Sign(
        "elixir-nxdomain",
        Weight.DECISIVE,
        "nxdomain",
        r"non-existing domain - :nxdomain|:nxdomain|\{error,nxdomain\}",
        source="elixir-ecto/postgrex; erlang/otp inet:format_error",
        example="** (DBConnection.ConnectionError) tcp connect (db:5432): non-existing domain - :nxdomain",
    ),
    Sign(
        "rust-lookup",
        Weight.DECISIVE,
        "failed to lookup address information",
        unless=TELEMETRY,
        source="rust-lang/rust library/std/src/sys/net",
        example="error connecting to server: failed to lookup address information: Name or service not known",
    ),
    Sign(
        "dotnet-name",
        Weight.DECISIVE,
        ("socketexception (", "no such host is known"),
        r"SocketException \((?:0x[0-9A-F]+|0*\d+)(?:, (?:0x[0-9A-F]+|\d+))?\): (?:Name or service not known|"
        r"No such host is known|Resource temporarily unavailable|Temporary failure|nodename nor)|No such host is known",
        source="dotnet/runtime System.Net.NameResolution",
        example="System.Net.Sockets.SocketException (00000005, 0xFFFDFFFF): Name or service not known",
    ),
    Sign(
        "curl-resolve",
        Weight.DECISIVE,
        (
            "could not resolve host",
            "couldn't resolve host",
            "could not resolve proxy",
            "unable to resolve host address",
        ),
        unless=TELEMETRY,
        source="curl/curl lib/hostip.c; GNU wget src/host.c; git over curl",
        example="curl: (6) Could not resolve host: api.internal",
    ),
    Sign(
        "busybox-bad-address",
        Weight.DECISIVE,
        "bad address '",
        source="mirror/busybox libbb/xconnect.c",
        example="nc: bad address 'postgres'",
    ),
    Sign(
        "netcat-name",
        Weight.DECISIVE,
        ("getaddrinfo for host", "forward host lookup failed"),
        source="OpenBSD netcat; traditional netcat",
        example='nc: getaddrinfo for host "db" port 5432: Name or service not known',
    ),
    Sign(
        "grpc-dns",
        Weight.DECISIVE,
        (
            "dns resolution failed",
            "name resolution failed for target",
            "name resolver",
            "could not contact dns servers",
        ),
        r"DNS resolution failed|Name resolution failed for target|name resolver error|Could not contact DNS servers"
        r"|Domain name not found",
        unless=TELEMETRY,
        source="grpc/grpc c-ares resolver; grpc/grpc-node resolver-dns.ts",
        example="14 UNAVAILABLE: Name resolution failed for target dns:pubsub.internal:443",
    ),
    Sign(
        "mongo-dns",
        Weight.DECISIVE,
        (
            "the dns query name does not exist",
            "the dns operation timed out",
            "the resolution lifetime expired",
            "no srv records",
            "failed looking up srv record",
        ),
        source="rthalley/dnspython; mongodb/mongo-python-driver srv_resolver.py; Java driver",
        example="pymongo.errors.ConfigurationError: The DNS query name does not exist: "
        "_mongodb._tcp.cluster0.example.net.",
    ),
    Sign(
        "aiohttp-dns",
        Weight.DECISIVE,
        ("clientconnectordnserror", "cannot connect to host"),
        r"Cannot connect to host \S+ ssl:\S+(?: ssl:\S+)? \[(?:Name or service not known|Temporary failure in name "
        r"resolution|"
        r"Domain name not found|Could not contact DNS|DNS server|Timeout while "
        r"contacting|nodename)|ClientConnectorDNSError",
        unless=TELEMETRY,
        source="aio-libs/aiohttp client_exceptions.py",
        example="aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host api:443 ssl:default [Name or "
        "service "
        "not known]",
    ),
    Sign(
        "mssql-jdbc-name",
        Weight.DECISIVE,
        "the tcp/ip connection to the host",
        r"has failed\. Error: \"[^\"]*(?:Name or service not known|UnknownHost|No such host)",
        source="microsoft/mssql-jdbc SQLServerResource R_tcpipConnectionFailed",
        example='The TCP/IP connection to the host mssql, port 1433 has failed. Error: "mssql: Name or service not '
        "known. "
        "Verify the connection properties.",
    ),
    Sign(
        "oracle-resolve",
        Weight.STRONG,
        ("ora-12154", "ora-12545", "dpy-4026", "dpy-6005"),
        r"ORA-12154|ORA-12545|DPY-4026|DPY-6005[\s\S]{0,200}(?:Name or service not known|getaddrinfo)",
        source="Oracle Database error messages ORA-12154, ORA-12545",
        example="ORA-12545: Connect failed because target host or object does not exist",
    ),
    Sign(
        "deno-dns",
        Weight.DECISIVE,
        "dns error",
        r"dns error: (?:failed to lookup|no record found|proto error)|dns error",
        unless=TELEMETRY,
        source="hyperium/hyper client connect; denoland/deno; reqwest",
        example="error sending request for url (https://api.internal/): client error (Connect): dns error: failed to "
        "lookup "
        "address information: Name or service not known",
    ),
    Sign(
        "supabase-ipv6-host",
        Weight.MODERATE,
        "address not in tenant allow_list",
        source="supabase/supavisor network restrictions",
        example="FATAL: Address not in tenant allow_list: {34, 96, 0, 1}",
    ),
)
