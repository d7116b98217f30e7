"""How servers, drivers and runtimes say that they do not agree on TLS."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.connection_settings import FETCHERS

SIGNS_POSTGRES = (
    Sign(
        "pg-hba-no-encryption",
        Weight.DECISIVE,
        "no pg_hba.conf entry for",
        r"no pg_hba\.conf entry for .{0,300}(?:no encryption|SSL off)",
        source="postgres/postgres src/backend/libpq/auth.c: ClientAuthentication",
        example='FATAL:  no pg_hba.conf entry for host "10.8.0.4", user "app", database "app", no encryption',
    ),
    Sign(
        "pg-hba-rejects-unencrypted",
        Weight.DECISIVE,
        "pg_hba.conf rejects connection",
        r"pg_hba\.conf rejects connection .{0,300}(?:no encryption|SSL off)",
        source="postgres/postgres src/backend/libpq/auth.c: ClientAuthentication",
        example='FATAL:  pg_hba.conf rejects connection for host "10.8.0.4", user "app", database "app", no encryption',
    ),
    Sign(
        "server-has-no-tls",
        Weight.DECISIVE,
        (
            "server does not support ssl",
            "ssl is not enabled on the server",
            "server does not support tls",
            "server refused tls connection",
            "rejected ssl upgrade",
            "server refuses ssl",
            "no ssl enabled connection from this host is configured",
            "server does not support secure connection",
            "server doesn't support ssl",
            "server doesn't support it",
            "server does not support it",
            "does not support ssl connections",
            "the server does not support ssl connections",
        ),
        r"server does not support (?:SSL|TLS|secure connection)|SSL is not enabled on the server|server refused TLS"
        r"|rejected SSL upgrade|[Ss]erver refuses SSL|No SSL enabled connection from this host"
        r"|server doesn't support SSL|The host \S+ does not support SSL connections"
        r"|SSL is required,? but the server (?:does not|doesn't) support it",
        source="brianc/node-postgres connection.js; libpq; lib/pq; pgx; asyncpg; pg8000; Npgsql; pgjdbc; mysql2; "
        "libmariadb",
        example="Error: The server does not support SSL connections",
    ),
    Sign(
        "server-requires-tls",
        Weight.DECISIVE,
        (
            "requires ssl",
            "ssl required",
            "ssl connection is required",
            "requires encryption",
            "ssl/tls required",
            "sslmode=require",
            "connection is insecure",
            "tls is required",
        ),
        r"(?:server|database|connection|host)\W[^\n]{0,40}requires (?:SSL|TLS|encryption)|SSL connection is required"
        r"|FATAL:?\s+SSL(?:/TLS)? (?:connection is )?required|SSL/TLS required|connection is insecure \(try using"
        r"|TLS is required",
        unless=r"server does not support",
        source="supabase/supavisor; Neon proxy; Azure Database; Heroku Postgres; pgbouncer client_tls_sslmode",
        example="ERROR:  connection is insecure (try using `sslmode=require`)",
    ),
    Sign(
        "pg-client-certificate",
        Weight.DECISIVE,
        "connection requires a valid client certificate",
        source="postgres/postgres src/backend/libpq/auth.c; Cloud SQL sslMode TRUSTED_CLIENT_CERTIFICATE_REQUIRED",
        example="FATAL:  connection requires a valid client certificate",
    ),
    Sign(
        "libpq-root-certificate",
        Weight.DECISIVE,
        ("root certificate file", "could not read root certificate"),
        r"root certificate file \"?[^\n\"]{0,200}\"? does not exist|could not read root certificate file",
        source="postgres/postgres src/interfaces/libpq/fe-secure-openssl.c",
        example='root certificate file "/root/.postgresql/root.crt" does not exist\nEither provide the file, use the '
        "system's "
        "trusted roots with sslrootcert=system, or change sslmode to disable server certificate verification.",
    ),
    Sign(
        "libpq-root-hint",
        Weight.DECISIVE,
        "change sslmode to disable server certificate verification",
        source="postgres/postgres src/interfaces/libpq/fe-secure-openssl.c: initialize_SSL",
        example="Either provide the file or change sslmode to disable server certificate verification.",
    ),
    Sign(
        "libpq-key-file",
        Weight.DECISIVE,
        (
            "private key file",
            "could not load private key file",
            "could not read certificate file",
            "certificate present, but not private key file",
        ),
        r"private key file \"?[^\n\"]{0,200}\"? (?:has group or world access|must be owned|is not a regular)"
        r"|could not load private key file|could not read certificate file|certificate present, but not private key",
        source="postgres/postgres src/interfaces/libpq/fe-secure-openssl.c",
        example='private key file "/secrets/client-key.pem" has group or world access; permissions should be u=rw '
        "(0600) or less",
    ),
    Sign(
        "libpq-ssl-error",
        Weight.DECISIVE,
        ("ssl error:", "server certificate for", "server's certificate"),
        r"SSL error: (?:certificate|sslv3|tlsv1|unsupported|wrong version|no protocols|dh key|ee key|unknown ca)"
        r"|server certificate for \"[^\"]*\"[\s\S]{0,60}does not match host name",
        source="postgres/postgres src/interfaces/libpq/fe-secure-openssl.c, fe-secure-common.c",
        example='connection to server at "10.0.0.3", port 5432 failed: SSL error: certificate verify failed',
    ),
    Sign(
        "sslmode-value",
        Weight.STRONG,
        ("sslmode value", "invalid sslmode", "unsupported sslmode", "weak sslmode", "sslmode '"),
        r"sslmode value \"[^\"]*\" invalid when SSL support is not compiled in"
        r"|weak sslmode \"[^\"]*\" may not be used|unsupported sslmode"
        r"|\bsslmode '[a-z-]{1,20}' is not supported",
        source="postgres/postgres fe-connect.c; lib/pq ssl.go",
        example='sslmode value "require" invalid when SSL support is not compiled in',
    ),
    Sign(
        "prisma-p1011",
        Weight.DECISIVE,
        "error opening a tls connection",
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1011",
        example="Error: P1011: Error opening a TLS connection: self-signed certificate in certificate chain",
    ),
    Sign(
        "rust-tls",
        Weight.DECISIVE,
        (
            "error performing tls handshake",
            "attempting to establish a tls connection",
            "invalid peer certificate",
            "invalid certificate: unknownissuer",
        ),
        unless=FETCHERS,
        source="sfackler/rust-postgres; launchbadge/sqlx error.rs; rustls/rustls",
        example="error occurred while attempting to establish a TLS connection: invalid peer certificate: "
        "UnknownIssuer",
    ),
    Sign(
        "elixir-tls",
        Weight.DECISIVE,
        ("ssl connect", "tls client: in state", "ssl not available"),
        r"ssl connect(?: \([^)]*\))?: (?:TLS|Options|Handshake|ssl)|ssl not available"
        r"|TLS client: In state \w+ .{0,300}(?:Fatal|ALERT)",
        source="elixir-ecto/postgrex; erlang/otp ssl alerts",
        example="** (DBConnection.ConnectionError) ssl connect: TLS client: In state wait_cert_cr at "
        "ssl_handshake.erl:2140 "
        "generated CLIENT ALERT: Fatal - Unknown CA",
    ),
)


SIGNS_MYSQL_AND_MSSQL = (
    Sign(
        "mysql-insecure-transport",
        Weight.DECISIVE,
        ("insecure transport are prohibited", "er_secure_transport_required", "--require_secure_transport"),
        source="mysql/mysql-server ER_SECURE_TRANSPORT_REQUIRED (3159)",
        example="ERROR 3159 (HY000): Connections using insecure transport are prohibited while "
        "--require_secure_transport=ON.",
    ),
    Sign(
        "mysql-2026",
        Weight.DECISIVE,
        ("ssl connection error", "tls/ssl error", "error 2026"),
        r"SSL connection error: ?\S|TLS/SSL error: ?\S|ERROR 2026|\(2026, ",
        source="mysql/mysql-server libmysql/errmsg.cc CR_SSL_CONNECTION_ERROR (2026); MariaDB Connector/C",
        example="ERROR 2026 (HY000): TLS/SSL error: self-signed certificate in certificate chain",
    ),
    Sign(
        "mysql-public-key",
        Weight.STRONG,
        (
            "public key retrieval is not allowed",
            "rsa public key is not available",
            "rsa encryption not supported",
            "requires secure connection",
            "connection without ssl",
        ),
        r"Public Key Retrieval is not allowed|RSA public key is not available|RSA Encryption not supported"
        r"|Authentication requires secure connection",
        source="mysql/mysql-connector-j Sha256PasswordPlugin; mysql client caching_sha2_password; MySqlConnector; "
        "MariaDB",
        example="java.sql.SQLNonTransientConnectionException: Public Key Retrieval is not allowed",
    ),
    Sign(
        "go-mysql-tls",
        Weight.DECISIVE,
        (
            "tls requested but server does not support tls",
            "unknown tls config name",
            "invalid value / unknown config name",
        ),
        source="go-sql-driver/mysql errors.go, dsn.go",
        example="TLS requested but server does not support TLS",
    ),
    Sign(
        "mssql-untrusted",
        Weight.DECISIVE,
        (
            "issued by an authority that is not trusted",
            "ssl provider",
            "could not establish a secure connection to sql server",
            "an error occurred during the login process",
            "trustservercertificate",
        ),
        r"issued by an authority that is not trusted|SSL Provider(?:, error|: ?\[|: The|: No)"
        r"|could not establish a secure connection to SQL Server|error occurred during the (?:login "
        r"process|pre-login handshake)"
        r"|\"trustServerCertificate\" property is set to \"false\"",
        source="dotnet/SqlClient; ODBC Driver 18 for SQL Server; microsoft/mssql-jdbc",
        example="A connection was successfully established with the server, but then an error occurred during the "
        "login process. "
        "(provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is not trusted.)",
    ),
    Sign(
        "mssql-encryption",
        Weight.DECISIVE,
        (
            "encryption not supported",
            "server requires encryption",
            "encryption(ssl/tls) handshake failed",
            "the instance of sql server you attempted to connect to requires encryption",
            "does not support encryption",
            "encrypt",
        ),
        r"[Ee]ncryption (?:is )?not supported on (?:SQL Server|the client)|requires encryption but this machine does "
        r"not"
        r"|Server requires encryption, set 'encrypt'|Encryption\(ssl/tls\) handshake failed|instance of SQL Server you "
        r"attempted to connect to (?:requires|does not support) encryption",
        source="dotnet/SqlClient; tediousjs/tedious EENCRYPT; ODBC Driver for SQL Server; prisma tiberius",
        example="ConnectionError: Server requires encryption, set 'encrypt' config option to true.",
    ),
    Sign(
        "mongo-and-redis-tls",
        Weight.STRONG,
        (
            "ssl handshake failed",
            "error:0a000126",
            "unexpected eof while reading",
            "protocol error, got",
            "tlsallowinvalid",
        ),
        r"SSL handshake failed: "
        r"\S+|(?:ServerSelection|AutoReconnect|Mongo)[\s\S]{0,200}(?:SSL|TLS|CERTIFICATE_VERIFY_FAILED)"
        r"|redis[\s\S]{0,120}(?:unexpected eof while reading|Protocol error, got \"\\x15)",
        source="mongodb/mongo-python-driver; redis/node-redis; openssl/openssl",
        example="SSL handshake failed: cluster0-shard-00-00.example.mongodb.net:27017: [SSL: "
        "CERTIFICATE_VERIFY_FAILED]",
    ),
)
