"""How database clients and tools say that a server gives no answer."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.connection_settings import POOL_GAVE_UP, PRIVATE_ADDRESS

SIGNS_DATABASES = (
    Sign(
        "node-drivers-timeout",
        Weight.DECISIVE,
        (
            "connect_timeout",
            "connection timeout expired",
            "timeout expired",
            "connection terminated due to connection timeout",
            "connectiontimederror",
            "connectiontimedouterror",
        ),
        r"CONNECT_TIMEOUT \S+:\d+|write CONNECT_TIMEOUT|Connection terminated due to connection timeout"
        r"|ConnectionTimedOutError",
        source="porsager/postgres connection.js; brianc/node-postgres client.js; sequelize ConnectionTimedOutError",
        example="Error: write CONNECT_TIMEOUT 10.0.0.5:5432",
    ),
    Sign(
        "node-pool-timeout",
        Weight.MODERATE,
        "timeout exceeded when trying to connect",
        source="brianc/node-postgres packages/pg-pool/index.js",
        example="Error: timeout exceeded when trying to connect",
    ),
    Sign(
        "libpq-timeout",
        Weight.DECISIVE,
        (
            "connection timed out",
            "timeout expired",
            "no route to host",
            "network is unreachable",
            "operation timed out",
        ),
        r"(?:could not connect to server|connection to server at .{0,200}failed|connection failed)[:\s]+"
        r"(?:connection to server at .{0,200}failed: )?(?:Connection timed out|timeout expired|No route to host|"
        r"Network is unreachable|Operation timed out|Host is unreachable)",
        source="postgres/postgres src/interfaces/libpq/fe-connect.c",
        example='connection to server at "10.20.0.3", port 5432 failed: Connection timed out\n\tIs the server '
        "running on that "
        "host and accepting TCP/IP connections?",
    ),
    Sign(
        "libpq-timeout-bare",
        Weight.STRONG,
        ("timeout expired", "connection timeout expired"),
        r"(?:psql|OperationalError|PG::ConnectionBad|pg_\w+)\S*:? (?:error: )?(?:could not connect to server: )?"
        r"(?:connection )?timeout expired",
        source="postgres/postgres fe-connect.c PQconnectPoll; psycopg/psycopg",
        example="psycopg2.OperationalError: timeout expired",
    ),
    Sign(
        "pgx-deadline",
        Weight.DECISIVE,
        ("dial error", "failed to connect to"),
        r"failed to connect to `?.{0,400}(?:dial error \(timeout|timeout: context deadline exceeded|context deadline "
        r"exceeded)",
        unless=r"connection refused|SQLSTATE",
        source="jackc/pgx pgconn/errors.go",
        example="failed to connect to `host=10.20.0.3 user=app database=app`: dial error (timeout: context deadline "
        "exceeded)",
    ),
    Sign(
        "go-open-deadline",
        Weight.STRONG,
        "context deadline exceeded",
        r"(?:open|connect(?:ing)?(?: to)?|ping(?:ing)?|dial(?:ing)?|reach) (?:to )?(?:the )?(?:db|database"
        r"|postgres\w*|mysql"
        r"|redis|mongo\w*|server|cluster)\b[^\n]{0,120}context deadline exceeded",
        unless=r"SQLSTATE|connection refused|lock",
        source="golang/go context under database/sql Ping: pressly/goose, golang-migrate/migrate, many programs",
        example="goose: failed to open DB: context deadline exceeded",
    ),
    Sign(
        "pgjdbc-attempt-failed",
        Weight.STRONG,
        "the connection attempt failed.",
        unless=r"SSLHandshake|SSLException|SSL error|EOFException|Connection refused|Connection reset",
        source="pgjdbc/pgjdbc ConnectionFactoryImpl",
        example="org.postgresql.util.PSQLException: The connection attempt failed.",
    ),
    Sign(
        "communications-link",
        Weight.MODERATE,
        ("communications link failure", "unable to connect to any of the specified mysql hosts"),
        unless=r"SSLHandshake|SSLException|Connection refused|No appropriate protocol",
        source="mysql/mysql-connector-j CommunicationsException; MySqlConnector",
        example="com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
    ),
    Sign(
        "mysql-2003-timeout",
        Weight.DECISIVE,
        "can't connect to",
        r"Can't connect to (?:MySQL |MariaDB )?server on .{1,200}(?:\((?:errno:? ?)?(?:110|113|101)\b|timed out|No "
        r"route|"
        r"Network is unreachable)",
        source="mysql/mysql-server errmsg.cc CR_CONN_HOST_ERROR (2003); PyMySQL",
        example="ERROR 2003 (HY000): Can't connect to MySQL server on '10.20.0.3:3306' (110)",
    ),
    Sign(
        "mysql-2003-silent",
        Weight.MODERATE,
        "can't connect to",
        r"Can't connect to (?:MySQL |MariaDB )?server on '(?!localhost|127\.)",
        unless=r"/cloudsql/|\(111\)|Connection refused|Errno -",
        source="mysql/mysql-server errmsg.cc CR_CONN_HOST_ERROR (2003)",
        example="(2003, \"Can't connect to MySQL server on 'db.internal'\")",
    ),
    Sign(
        "sqlserver-network-related",
        Weight.MODERATE,
        ("a network-related or instance-specific error", "adaptive server is unavailable"),
        unless=r"Connection refused|actively refused|0x2749",
        source="dotnet/SqlClient; FreeTDS 20009",
        example="A network-related or instance-specific error occurred while establishing a connection to SQL Server.",
    ),
    Sign(
        "sqlserver-timed-out",
        Weight.DECISIVE,
        (
            "could not connect with the specified timeout",
            "could not open a connection to sql server",
            "failed to connect to",
            "tcp provider: error code 0x",
        ),
        r"error: 258|Failed to connect to \S+:\d+ in \d+ms|TCP Provider: (?:Error code 0x102|Timeout error \[258\])"
        r"|The wait operation timed out",
        source="dotnet/SqlClient; tediousjs/tedious connection.ts ETIMEOUT; ODBC Driver for SQL Server",
        example="ConnectionError: Failed to connect to mssql.internal:1433 in 15000ms",
    ),
    Sign(
        "elixir-unreachable",
        Weight.DECISIVE,
        "connect (",
        r"(?:tcp|ssl) connect \([^)]*\): (?:timeout|connection timed out|host is unreachable|network is unreachable)"
        r"|:(?:ehostunreach|enetunreach|etimedout)\b",
        source="elixir-ecto/postgrex Postgrex.Protocol; elixir-ecto/myxql",
        example="** (DBConnection.ConnectionError) tcp connect (10.20.0.3:5432): timeout",
    ),
    Sign(
        "mongo-selection-timeout",
        Weight.STRONG,
        (
            "server selection timed out",
            "serverselectiontimeouterror",
            "mongoserverselectionerror",
            "no suitable servers found",
            "server selection error",
            "timed out after 30000 ms while waiting",
            "mongooseserverselectionerror",
        ),
        unless=r"ECONNREFUSED|connection refused|Errno 111|authentication|certificate|SSL|TLS|connection closed",
        source="mongodb/specifications server-selection; Node, Python, Java, Go, PHP drivers",
        example="MongoServerSelectionError: Server selection timed out after 30000 ms",
    ),
    Sign(
        "mongo-atlas-allow-list",
        Weight.STRONG,
        (
            "isn't whitelisted",
            "ip whitelist",
            "ip access list",
            "could not connect to any servers in your mongodb atlas",
        ),
        r"Could not connect to any servers in your MongoDB Atlas cluster|IP that isn't whitelisted",
        source="mongodb/node-mongodb-native and mongoose: server selection hint",
        example="MongooseServerSelectionError: Could not connect to any servers in your MongoDB Atlas cluster. One "
        "common reason "
        "is that you're trying to access the database from an IP that isn't whitelisted.",
    ),
    Sign(
        "redis-timeout",
        Weight.DECISIVE,
        ("connecting to", "connectiontimeouterror: connection timeout", "connect etimedout"),
        r"Timeout connecting to server|Error (?:110|113|101|-\d) connecting to \S+"
        r"|ConnectionTimeoutError: Connection timeout|ioredis\b.*(?:ETIMEDOUT|EHOSTUNREACH)|Redis.{0,60}connect "
        r"ETIMEDOUT",
        source="redis/redis-py connection.py; redis/node-redis errors.ts; redis/ioredis",
        example="redis.exceptions.TimeoutError: Timeout connecting to server",
    ),
    Sign(
        "prisma-private-address",
        Weight.STRONG,
        "t reach database server at",
        r"Can\\{0,3}'t reach database server at [`'\"]?" + PRIVATE_ADDRESS,
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1001",
        example="Error: P1001: Can't reach database server at `10.20.0.3`:`5432`",
    ),
    Sign(
        "prisma-bare-name",
        Weight.STRONG,
        "t reach database server at",
        r"Can\\{0,3}'t reach database server at [`'\"]?(?!localhost)[a-z][a-z0-9_-]*[`'\"]?:",
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1001",
        example="Error: P1001: Can't reach database server at `postgres`:`5432`",
    ),
    Sign(
        "prisma-elsewhere",
        Weight.MODERATE,
        "t reach database server at",
        r"Can\\{0,3}'t reach database server at [`'\"]?(?!/|localhost|127\.0\.0\.1|::1)",
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1001",
        example="Error: P1001: Can't reach database server at `db.example.com`:`5432`",
    ),
    Sign(
        "prisma-timeout",
        Weight.MODERATE,
        "was reached but timed out",
        unless=r"advisory lock|pg_advisory|GET_LOCK",
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1002",
        example="The database server at `db.example.com`:`5432` was reached but timed out.",
    ),
    Sign(
        "azure-firewall",
        Weight.STRONG,
        "is not allowed to access the server",
        source="Azure SQL Database error 40615",
        example="Cannot open server 'app' requested by the login. Client with IP address '34.1.2.3' is not allowed "
        "to access the "
        "server.",
    ),
    Sign(
        "oracle-timeout",
        Weight.DECISIVE,
        ("ora-12170", "ora-12535", "ora-12543", "tns:connect timeout occurred", "dpy-6005"),
        r"ORA-12170|ORA-12535|ORA-12543|Connect timeout occurred|DPY-6005[\s\S]{0,200}(?:timed out|unreachable)",
        source="Oracle Database error messages",
        example="ORA-12170: TNS:Connect timeout occurred",
    ),
    Sign(
        "pool-gave-up",
        Weight.WEAK,
        POOL_GAVE_UP,
        source="brettwooldridge/HikariCP; knex/knex; launchbadge/sqlx; node-postgres; libpq",
        example="HikariPool-1 - Connection is not available, request timed out after 30000ms.",
    ),
    Sign(
        "wait-script-bare-name",
        Weight.STRONG,
        "timeout occurred after waiting",
        r"timeout occurred after waiting .{0,80} for (?!localhost)[a-z][a-z0-9_-]*"
        r"(?:\.[a-z0-9.-]{0,200}\.?(?:svc|cluster\.local|internal|lan))?:\d+",
        source="vishnubob/wait-for-it with a service name of Docker Compose",
        example="wait-for-it.sh: timeout occurred after waiting 15 seconds for db:5432",
    ),
    Sign(
        "rails-hostname",
        Weight.DECISIVE,
        ("there is an issue connecting with your hostname", "issue connecting to your database with your hostname"),
        source="rails/rails activerecord errors.rb DatabaseConnectionError.hostname_error",
        example="There is an issue connecting with your hostname: db.",
    ),
    Sign(
        "dotnet-database-timeout",
        Weight.DECISIVE,
        ("timeout during connection attempt", "connect timeout expired", "error code 0x274c"),
        source="npgsql/npgsql; mysql-net/MySqlConnector; ODBC Driver for SQL Server: WSAETIMEDOUT 10060",
        example="System.TimeoutException: Timeout during connection attempt",
    ),
    Sign(
        "sqlclient-pre-login",
        Weight.STRONG,
        ("connection timeout expired", "attempting to consume the pre-login handshake"),
        unless=r"SSL Provider|certificate",
        source="dotnet/SqlClient Strings: SQL_Timeout_PreLogin_ProcessResponse",
        example="Connection Timeout Expired.  The timeout period elapsed while attempting to consume the pre-login "
        "handshake "
        "acknowledgement.",
    ),
    Sign(
        "odbc-login-timeout",
        Weight.STRONG,
        "login timeout expired",
        unless=r"0x2749|0x274C",
        source="ODBC Driver for SQL Server HYT00",
        example="('HYT00', '[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Login timeout expired (0) "
        "(SQLDriverConnect)')",
    ),
    Sign(
        "python-driver-timeout",
        Weight.STRONG,
        "timeouterror",
        r"(?:asyncpg|psycopg|aiomysql|asyncmy|motor|sql/connector"
        r"|redis)[/.][\s\S]{0,3000}?\n(?:asyncio\.exceptions\.)?TimeoutError\s*$",
        source="python/cpython asyncio.timeout under MagicStack/asyncpg connect_utils.py",
        example='  File "/usr/lib/python3.11/site-packages/asyncpg/connect_utils.py", line 1080, in '
        "_connect\nTimeoutError",
    ),
    Sign(
        "mariadb-connector-j",
        Weight.STRONG,
        "could not connect to address=",
        r"Could not connect to address=\(host=(?!localhost|127\.)",
        unless=r"Connection refused",
        source="mariadb-corporation/mariadb-connector-j",
        example="Could not connect to address=(host=10.0.0.3)(port=3306)(type=master) : Socket fail to connect to "
        "host:10.0.0.3, "
        "port:3306. Connect timed out",
    ),
    Sign(
        "clickhouse-network",
        Weight.DECISIVE,
        ("socket_timeout", "dns_error"),
        r"\(SOCKET_TIMEOUT\)|\(DNS_ERROR\)",
        source="ClickHouse/ClickHouse ErrorCodes 209, 198",
        example="Code: 209. DB::NetException: Timeout: connect timed out: 10.0.0.3:9000 (10.0.0.3:9000). "
        "(SOCKET_TIMEOUT)",
    ),
    Sign(
        "mysql-initial-packet",
        Weight.MODERATE,
        "reading initial communication packet",
        source="mysql/mysql-server ER_... CR_SERVER_LOST_EXTENDED (2055), 2013",
        example="ERROR 2013 (HY000): Lost connection to MySQL server at 'reading initial communication packet', "
        "system error: 110",
    ),
    Sign(
        "wrappers",
        Weight.WEAK,
        (
            "unable to obtain connection from database",
            "connection could not be created to",
            "mikroorm failed to connect to database",
            "an error occurred using the connection to database",
            "server has closed the connection",
            "databasenotreachable",
            "nobrokersavailable",
            "connection_closed",
        ),
        unless=r"/cloudsql/|Connection refused",
        source="Flyway; Liquibase; MikroORM; EF Core; Prisma P1017 and driver adapters; postgres.js; kafka-python",
        example="Unable to obtain connection from database (jdbc:postgresql://db:5432/app) for user 'app'",
    ),
)
