"""How database clients and tools say that nothing listens at a host and port, or at a local socket."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight
from opsctl.diagnosis.rules.connection_settings import LOCAL_HOST, POOL_GAVE_UP, TELEMETRY

_OTHER = r"/cloudsql/|" + TELEMETRY

SIGNS_DATABASES = (
    Sign(
        "libpq-refused",
        Weight.DECISIVE,
        "connection refused",
        r"(?:could not connect to server|connection to server at .{0,200}failed|connection failed): "
        r"(?:connection to server at .{0,200}failed: )?(?:could not connect to server: )?Connection refused",
        unless=r"/cloudsql/",
        source="postgres/postgres src/interfaces/libpq/fe-connect.c: connectFailureMessage",
        example='psql: error: connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?",
    ),
    Sign(
        "libpq-local-socket",
        Weight.DECISIVE,
        (".s.pgsql.", "accepting connections on unix domain socket", "accepting connections on that socket"),
        r"(?:on socket \"(?:/var/run|/run|/tmp)[^\"]*\" failed|connect (?:ENOENT|ECONNREFUSED) "
        r"(?:/var/run|/run|/tmp)\S*"
        r"|accepting\s+connections on (?:Unix domain socket \"(?:/var/run|/run|/tmp)|that socket)"
        r"|dial unix /[^\s:]{0,200}\.s\.PGSQL\.\d+: connect)",
        unless=r"/cloudsql/",
        source="postgres/postgres src/interfaces/libpq/fe-connect.c; lib/pq and jackc/pgx default host",
        example="could not connect to server: No such file or directory\n\tIs the server running locally and "
        "accepting\n"
        '\tconnections on Unix domain socket "/var/run/postgresql/.s.PGSQL.5432"?',
    ),
    Sign(
        "python-unix-socket",
        Weight.STRONG,
        "filenotfounderror: [errno 2]",
        r"(?:sock\.connect\(|sock_connect\(|create_unix_connection\()[\s\S]{0,1500}"
        r"FileNotFoundError: \[Errno 2\] No such file or directory\s*$",
        unless=r"/cloudsql/",
        source="python/cpython socket.connect of an AF_UNIX path, in pg8000, asyncpg, aiomysql",
        example="    self._usock.connect(unix_sock)\nFileNotFoundError: [Errno 2] No such file or directory",
    ),
    Sign(
        "server-not-running",
        Weight.STRONG,
        ("is the server running on", "is the server running locally"),
        unless=r"/cloudsql/|timed out|timeout expired|No route to host|Network is unreachable|not translate|not known",
        source="postgres/postgres src/interfaces/libpq/fe-connect.c: hint",
        example='\tIs the server running on host "localhost" (127.0.0.1) and accepting\n\tTCP/IP connections on port '
        "5432?",
    ),
    Sign(
        "pgjdbc-refused",
        Weight.DECISIVE,
        "refused. check that the hostname and port are correct",
        source="pgjdbc/pgjdbc ConnectionFactoryImpl: PSQLState.CONNECTION_UNABLE_TO_CONNECT",
        example="Connection to localhost:5432 refused. Check that the hostname and port are correct and that the "
        "postmaster is accepting TCP/IP connections.",
    ),
    Sign(
        "mysql-local-socket",
        Weight.DECISIVE,
        ("through socket", "mysqld.sock", "mysql.sock"),
        r"Can't connect to local (?:MySQL )?(?:MariaDB )?server through socket '(?!/cloudsql)[^']*'"
        r"|connect (?:ENOENT|ECONNREFUSED) \S*mysqld?\.sock|dial unix \S*mysqld?\.sock: connect",
        unless=r"/cloudsql/",
        source="mysql/mysql-server libmysql/errmsg.cc CR_CONNECTION_ERROR (2002); MariaDB/server libmariadb",
        example="ERROR 2002 (HY000): Can't connect to local MySQL server through socket "
        "'/var/run/mysqld/mysqld.sock' (2)",
    ),
    Sign(
        "mysql-2003-refused",
        Weight.DECISIVE,
        ("can't connect to mysql server on", "can't connect to server on", "can't connect to mariadb server on"),
        r"Can't connect to (?:MySQL |MariaDB )?server on .{1,200}?\((?:errno:? ?)?(?:111|61|10061)\b"
        r"|Can't connect to (?:MySQL |MariaDB )?server on .{1,200}?(?:Errno 111|Connection refused)",
        unless=r"/cloudsql/",
        source="mysql/mysql-server errmsg.cc CR_CONN_HOST_ERROR (2003); PyMySQL/PyMySQL connections.py",
        example="pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'localhost' ([Errno 111] "
        'Connection refused)")',
    ),
    Sign(
        "mysql-2003-local",
        Weight.STRONG,
        "can't connect to",
        r"Can't connect to (?:MySQL |MariaDB )?server on '?" + LOCAL_HOST,
        unless=r"/cloudsql/",
        source="mysql/mysql-server errmsg.cc CR_CONN_HOST_ERROR (2003)",
        example="Can't connect to MySQL server on 'localhost:3306' (99)",
    ),
    Sign(
        "mysql-2003-silent",
        Weight.WEAK,
        "can't connect to",
        r"Can't connect to (?:MySQL |MariaDB )?server on '",
        unless=r"/cloudsql/|timed out|Name or service|Errno -|\(110\)|\(113\)|\(101\)",
        source="mysql/mysql-server errmsg.cc CR_CONN_HOST_ERROR (2003)",
        example="(2003, \"Can't connect to MySQL server on 'db.internal'\")",
    ),
    Sign(
        "pdo-2002-refused",
        Weight.DECISIVE,
        "[2002]",
        r"SQLSTATE\[HY000\] \[2002\] Connection refused",
        unless=r"/cloudsql/",
        source="php/php-src ext/pdo_mysql with mysqlnd",
        example="SQLSTATE[HY000] [2002] Connection refused (Connection: mysql, SQL: select * from "
        "information_schema.tables)",
    ),
    Sign(
        "pdo-2002-no-socket",
        Weight.DECISIVE,
        "[2002]",
        r"SQLSTATE\[HY000\] \[2002\] No such file or directory",
        unless=r"/cloudsql/",
        source="php/php-src ext/pdo_mysql: host localhost means the default socket",
        example="PDOException: SQLSTATE[HY000] [2002] No such file or directory",
    ),
    Sign(
        "prisma-local",
        Weight.DECISIVE,
        "t reach database server at",
        r"Can\\{0,3}'t reach database server at [`'\"]?" + LOCAL_HOST,
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1001",
        example="Error: P1001: Can't reach database server at `localhost`:`5432`",
    ),
    Sign(
        "prisma-elsewhere",
        Weight.MODERATE,
        "t reach database server at",
        r"Can\\{0,3}'t reach database server at [`'\"]?(?!/cloudsql|" + LOCAL_HOST + ")",
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1001",
        example="Error: P1001: Can't reach database server at `db.example.com`:`5432`",
    ),
    Sign(
        "sequelize-refused",
        Weight.DECISIVE,
        "connectionrefusederror",
        unless=_OTHER,
        source="sequelize/sequelize errors/connection/connection-refused-error.ts; oven-sh/bun sql",
        example="SequelizeConnectionRefusedError: connect ECONNREFUSED 127.0.0.1:5432",
    ),
    Sign(
        "communications-link",
        Weight.MODERATE,
        ("communications link failure", "unable to connect to any of the specified mysql hosts"),
        unless=r"SSLHandshake|SSLException|UnknownHost|connect timed out|No appropriate protocol",
        source="mysql/mysql-connector-j CommunicationsException; mysql-net/MySqlConnector",
        example="com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
    ),
    Sign(
        "mssql-jdbc-refused",
        Weight.DECISIVE,
        "the tcp/ip connection to the host",
        r"The TCP/IP connection to the host \S+, port \d+ has failed\. Error: \"[^\"]*Connection refused",
        source="microsoft/mssql-jdbc SQLServerResource R_tcpipConnectionFailed",
        example='The TCP/IP connection to the host localhost, port 1433 has failed. Error: "Connection refused '
        "(Connection "
        "refused). Verify the connection properties.",
    ),
    Sign(
        "sqlserver-network-related",
        Weight.MODERATE,
        "a network-related or instance-specific error",
        unless=r"Name or service not known|No such host|timed out|error: 258",
        source="dotnet/SqlClient Strings: SQL_ConnectionFailure; ODBC Driver for SQL Server",
        example="A network-related or instance-specific error occurred while establishing a connection to SQL "
        "Server. The "
        "server was not found or was not accessible.",
    ),
    Sign(
        "tedious-refused",
        Weight.DECISIVE,
        "could not connect",
        r"Failed to connect to \S+:\d+ - (?:Could not connect \(sequence\)|connect ECONNREFUSED)"
        r"|Could not connect \(sequence\)",
        source="tediousjs/tedious src/connector.ts, connection.ts: ESOCKET",
        example="ConnectionError: Failed to connect to localhost:1433 - Could not connect (sequence)",
    ),
    Sign(
        "oracle-no-listener",
        Weight.DECISIVE,
        ("ora-12541", "tns:no listener", "dpy-6005"),
        r"ORA-12541|TNS:no listener|DPY-6005[\s\S]{0,200}Connection refused",
        source="Oracle Database error messages ORA-12541",
        example="ORA-12541: TNS:no listener",
    ),
    Sign(
        "redis-refused",
        Weight.DECISIVE,
        ("connecting to", "cannotconnecterror", "could not connect to redis"),
        r"Error (?:111|61|99) connecting to \S+|Redis::CannotConnectError: (?:Error connecting to Redis|Connection "
        r"refused)"
        r"|Could not connect to Redis at \S+: Connection refused|Error connecting to Redis on \S+ "
        r"\(Errno::ECONNREFUSED\)",
        source="redis/redis-py connection.py _error_message; redis/redis-rb; redis-cli",
        example="redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
    ),
    Sign(
        "mongo-refused",
        Weight.DECISIVE,
        ("econnrefused", "connection refused", "couldn't connect to server", "server selection"),
        r"Mongo\w*(?:ServerSelection|Network)Error: connect ECONNREFUSED|ServerSelectionTimeoutError: .*Connection "
        r"refused"
        r"|MongoSocketOpenException[\s\S]{0,200}Connection refused|couldn't connect to server \S+, connection "
        r"attempt failed"
        r".*Connection refused|server selection (?:error|timeout)[\s\S]{0,400}connection refused",
        source="mongodb/node-mongodb-native, mongo-python-driver topology.py, mongo-go-driver topology",
        example="pymongo.errors.ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused "
        "(configured "
        "timeouts: socketTimeoutMS: 20000.0ms)",
    ),
    Sign(
        "pg-isready-no-response",
        Weight.STRONG,
        "no response",
        r"^(?:" + LOCAL_HOST + r"|/var/run/postgresql|/run/postgresql|/tmp):\d+ - no response",
        source="postgres/postgres src/bin/scripts/pg_isready.c",
        example="/var/run/postgresql:5432 - no response",
    ),
    Sign(
        "wait-script-gave-up",
        Weight.MODERATE,
        ("timeout occurred after waiting", "waiting on dependencies to become available", "wait-for", "wait_for"),
        r"timeout occurred after waiting .{0,80} for \S+:\d+"
        r"|Timeout after .{0,80} waiting on dependencies to become available"
        r"|Operation timed out waiting for|(?:gave up|giving up) waiting for",
        source="vishnubob/wait-for-it; jwilder/dockerize; eficode/wait-for",
        example="wait-for-it.sh: timeout occurred after waiting 15 seconds for localhost:5432",
    ),
    Sign(
        "cloudsql-not-running",
        Weight.DECISIVE,
        ("instance is not running", "instance is not accessible to user", "instance state:"),
        r"Invalid request since instance is not running|instance is not running"
        r"|Instance is not accessible to user\. Instance state: (?:SUSPENDED|STOPPED)"
        r"|Cloud SQL.{0,200}[Ii]nstance state: (?:SUSPENDED|STOPPED|MAINTENANCE)",
        source="Cloud SQL Admin API error texts in Cloud Run logs",
        example="Cloud SQL connection failed. googleapi: Error 400: Invalid request: Invalid request since instance "
        "is not "
        "running., invalid",
    ),
    Sign(
        "cloudsql-handshake-ended",
        Weight.MODERATE,
        "handshake failed (connection name",
        r"dial error: handshake failed \(connection name = [^)]*\): EOF",
        source="GoogleCloudPlatform/cloud-sql-go-connector errtype.NewDialError",
        example='dial error: handshake failed (connection name = "p:us-central1:db"): EOF',
    ),
    Sign(
        "starting-up",
        Weight.MODERATE,
        ("the database system is starting up", "the database system is shutting down", "is not accepting connections"),
        source="postgres/postgres src/backend/tcop/backend_startup.c: ERRCODE_CANNOT_CONNECT_NOW",
        example="FATAL:  the database system is starting up",
    ),
    Sign(
        "closed-early",
        Weight.WEAK,
        POOL_GAVE_UP,
        source="brianc/node-postgres client.js; libpq fe-misc.c; Go database/sql; Knex; HikariCP; sqlx",
        example="Error: Connection terminated unexpectedly",
    ),
    Sign(
        "npgsql-local",
        Weight.STRONG,
        "failed to connect to",
        r"NpgsqlException[^\n]{0,40}Failed to connect to \[?" + LOCAL_HOST,
        source="npgsql/npgsql NpgsqlConnector.Connect",
        example="Npgsql.NpgsqlException (0x80004005): Failed to connect to 127.0.0.1:5432",
    ),
    Sign(
        "odbc-refused",
        Weight.DECISIVE,
        "tcp provider: error code 0x2749",
        source="ODBC Driver for SQL Server on Linux: WSAECONNREFUSED 10061",
        example="Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : TCP Provider: Error code 0x2749.",
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
            "connection_closed",
        ),
        unless=r"/cloudsql/",
        source="Flyway; Liquibase; MikroORM; EF Core; Prisma P1017 and driver adapters; postgres.js",
        example="Unable to obtain connection from database (jdbc:postgresql://localhost:5432/app) for user 'app'",
    ),
    Sign(
        "terminated-by-administrator",
        Weight.WEAK,
        "terminating connection due to administrator command",
        source="postgres/postgres src/backend/tcop/postgres.c: a restart or failover",
        example="FATAL:  terminating connection due to administrator command",
    ),
    Sign(
        "cloudsql-socket-refused",
        Weight.MODERATE,
        "/cloudsql/",
        r"(?:ECONNREFUSED|refused)[^\n]{0,20}/cloudsql/|/cloudsql/\S{0,150}[^\n]{0,40}(?:refused|\(111\))",
        unless=r"Error 403|notAuthorized",
        source="any client at a socket that is there and does not serve: the instance may be stopped",
        example="Error: connect ECONNREFUSED /cloudsql/shop-prod:us-central1:orders/.s.PGSQL.5432",
    ),
)
