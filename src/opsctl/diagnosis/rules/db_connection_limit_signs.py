"""How servers, poolers and clients say that there is no connection left."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS = (
    Sign(
        "pg-too-many-clients",
        Weight.DECISIVE,
        "sorry, too many clients already",
        source="postgres/postgres src/backend/storage/lmgr/proc.c: InitProcess",
        example="FATAL:  sorry, too many clients already",
    ),
    Sign(
        "pg-slots-reserved",
        Weight.DECISIVE,
        "remaining connection slots are reserved",
        source="postgres/postgres src/backend/utils/init/postinit.c",
        example="FATAL:  remaining connection slots are reserved for non-replication superuser connections",
    ),
    Sign(
        "pg-role-or-database-limit",
        Weight.DECISIVE,
        ("too many connections for role", "too many connections for database", "too many connections for tenant"),
        source="postgres/postgres src/backend/utils/init/miscinit.c, postinit.c: CONNECTION LIMIT",
        example='FATAL:  too many connections for role "app"',
    ),
    Sign(
        "pg-superuser-slots",
        Weight.DECISIVE,
        ("must be superuser to connect in", "number of requested standby connections exceeds"),
        source="postgres/postgres src/backend/utils/init/postinit.c",
        example="FATAL:  number of requested standby connections exceeds max_wal_senders",
    ),
    Sign(
        "pg-class-names",
        Weight.DECISIVE,
        ("toomanyconnectionserror", "too_many_connections", "toomanyconnections"),
        source="MagicStack/asyncpg; psycopg errors; elixir-ecto/postgrex; SQLSTATE 53300",
        example="** (Postgrex.Error) FATAL 53300 (too_many_connections) sorry, too many clients already",
    ),
    Sign(
        "pg-localised",
        Weight.DECISIVE,
        (
            "trop de clients sont déjà connectés",
            "tut mir leid, schon zu viele verbindungen",
            "lo siento, ya tenemos demasiados clientes",
            "desculpe, muitos clientes conectados",
            "클라이언트가 너무 많",
            "現在クライアント数が多すぎます",
            "извините, уже слишком много клиентов",
            "对不起, 已经有太多的客户",
        ),
        source="postgres/postgres src/backend/po",
        example="FATAL:  lo siento, ya tenemos demasiados clientes",
    ),
    Sign(
        "pgbouncer",
        Weight.DECISIVE,
        ("max_client_conn", "no more connections allowed", "max_db_connections", "max_user_connections exceeded"),
        r"no more connections allowed|max_client_conn|client connections exceeded max_",
        unless=r"^\s*max_client_conn\s*=|LOG kernel file descriptor",
        source="pgbouncer/pgbouncer src/client.c, src/objects.c",
        example="FATAL:  no more connections allowed (max_client_conn)",
    ),
    Sign(
        "pgbouncer-query-wait",
        Weight.STRONG,
        "query_wait_timeout",
        source="pgbouncer/pgbouncer src/janitor.c",
        example="FATAL:  query_wait_timeout",
    ),
    Sign(
        "supavisor",
        Weight.DECISIVE,
        (
            "maxclientsinsessionmode",
            "max clients reached",
            "max client connections reached",
            "unable to check out process from the pool",
            "connection limit exceeded for",
        ),
        source="supabase/supavisor; PgCat; pgdog",
        example="FATAL:  MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to "
        "pool_size",
    ),
    Sign(
        "neon-permit",
        Weight.STRONG,
        ("failed to acquire permit to connect to the database", "too many database connection attempts"),
        source="neondatabase/neon proxy error texts",
        example="Failed to acquire permit to connect to the database. Too many database connection attempts are "
        "currently ongoing.",
    ),
    Sign(
        "mysql-too-many",
        Weight.DECISIVE,
        ("too many connections", "er_con_count_error"),
        r"(?:\b1040\b|\[08004\]|\b08004\b|Error:|ER_CON_COUNT_ERROR|rejected establishment|^|OperationalError|FATAL|: )"
        r"[^\n]{0,60}[Tt]oo many connections\b(?! (?:for|from|open))|ER_CON_COUNT_ERROR",
        unless=r"HTTP|nginx|redis",
        source="mysql/mysql-server ER_CON_COUNT_ERROR (1040)",
        example='Data source rejected establishment of connection,  message from server: "Too many connections"',
    ),
    Sign(
        "mysql-user-limit",
        Weight.DECISIVE,
        ("max_user_connections", "max_connections_per_hour"),
        r"has exceeded the '(?:max_user_connections|max_connections_per_hour|max_questions|max_updates)' resource"
        r"|(?:already has|has already) more than '?max_user_connections'? active connections",
        source="mysql/mysql-server ER_USER_LIMIT_REACHED (1226), ER_TOO_MANY_USER_CONNECTIONS (1203)",
        example="ERROR 1226 (42000): User 'app' has exceeded the 'max_user_connections' resource (current value: 10)",
    ),
    Sign(
        "mysql-host-blocked",
        Weight.MODERATE,
        "is blocked because of many connection errors",
        source="mysql/mysql-server ER_HOST_IS_BLOCKED (1129)",
        example="Host '10.8.0.4' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
    ),
    Sign(
        "cloud-run-per-instance",
        Weight.DECISIVE,
        "connections per instance",
        r"Exceeded maximum of \d+ connections per instance",
        source="Cloud Run log of the built-in Cloud SQL connection",
        example='Exceeded maximum of 100 connections per instance "p:us-central1:db"',
    ),
    Sign(
        "cloudsql-proxy-limit",
        Weight.DECISIVE,
        ("refusing new connection", "too many open connections"),
        r"max connections \(\d+\) exceeded|refusing new connection|connection refused because too many open "
        r"connections",
        source="GoogleCloudPlatform/cloud-sql-proxy internal/proxy/proxy.go; mongodb/mongo transport",
        example="connection refused because too many open connections: 819",
    ),
    Sign(
        "prisma-p2037",
        Weight.DECISIVE,
        "too many database connections opened",
        source="prisma/prisma-engines libs/user-facing-errors/src/query_engine P2037",
        example="Error: P2037: Too many database connections opened: FATAL: sorry, too many clients already",
    ),
    Sign(
        "mssql-limit",
        Weight.DECISIVE,
        (
            "user connections has already been reached",
            "the session limit for the database is",
            "the request limit for the",
            "the connection limit for the",
        ),
        r"maximum number of '\d+' user connections has already been reached"
        r"|(?:session|request|login|connection) limit for the (?:database|elastic pool) is \d+ and has been reached",
        source="Microsoft SQL Server error 17809; Azure SQL Database errors 10928, 10936",
        example="Resource ID : 1. The request limit for the database is 60 and has been reached.",
    ),
    Sign(
        "oracle-limit",
        Weight.DECISIVE,
        ("ora-00018", "ora-00020", "ora-12519", "ora-12520", "ora-02391"),
        source="Oracle Database error messages",
        example="ORA-00020: maximum number of processes (150) exceeded",
    ),
    Sign(
        "oracle-handlers",
        Weight.STRONG,
        "ora-12516",
        source="Oracle Database error messages",
        example="ORA-12516: TNS:listener could not find available handler with matching protocol stack",
    ),
    Sign(
        "redis-limit",
        Weight.DECISIVE,
        "max number of clients reached",
        source="redis/redis src/networking.c acceptCommonHandler",
        example="ReplyError: ERR max number of clients reached",
    ),
    Sign(
        "dotnet-pool",
        Weight.DECISIVE,
        (
            "the connection pool has been exhausted",
            "prior to obtaining a connection from the pool",
            "all pooled connections were in use and max pool size was reached",
        ),
        source="npgsql/npgsql PoolingDataSource; dotnet/SqlClient ADP_PooledOpenTimeout",
        example="The connection pool has been exhausted, either raise 'Max Pool Size' (currently 100) or 'Timeout'",
    ),
    Sign(
        "sqlalchemy-pool",
        Weight.STRONG,
        "queuepool limit of size",
        source="sqlalchemy/sqlalchemy lib/sqlalchemy/pool/impl.py",
        example="sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, "
        "timeout 30.00",
    ),
    Sign(
        "prisma-pool",
        Weight.STRONG,
        "timed out fetching a new connection from the connection pool",
        source="prisma/prisma-engines libs/user-facing-errors P2024, P2028",
        example="Timed out fetching a new connection from the connection pool. (Current connection pool timeout: 10, "
        "connection "
        "limit: 3)",
    ),
    Sign(
        "psycopg-pool",
        Weight.MODERATE,
        (
            "couldn't get a connection after",
            "connection pool exhausted",
            "poolerror: connection pool exhausted",
            "no available connection",
            "queue limit reached",
        ),
        r"couldn't get a connection after|connection pool exhausted|Pool exhausted|PoolExhausted|Queue limit reached",
        source="psycopg/psycopg psycopg_pool; psycopg2 pool.py; mysql2 lib/base/pool.js",
        example="psycopg2.pool.PoolError: connection pool exhausted",
    ),
    Sign(
        "rails-pool",
        Weight.MODERATE,
        "could not obtain a connection from the pool within",
        source="rails/rails activerecord connection_pool.rb ConnectionTimeoutError",
        example="ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5.000 "
        "seconds (waited "
        "5.001 seconds); all pooled connections were in use",
    ),
    Sign(
        "ecto-pool",
        Weight.WEAK,
        "connection not available and request was dropped from queue",
        source="elixir-ecto/db_connection",
        example="connection not available and request was dropped from queue after 2990ms. This means requests are "
        "coming in and "
        "your connection pool cannot serve them fast enough.",
    ),
    Sign(
        "node-pools",
        Weight.WEAK,
        (
            "the pool is probably full",
            "connectionacquiretimeouterror",
            "resourcerequest timed out",
            "timeout exceeded when trying to connect",
            "operation timeout",
        ),
        r"pool is probably full|ConnectionAcquireTimeoutError|ResourceRequest timed out|timeout exceeded when trying "
        r"to connect"
        r"|ConnectionError: .*operation timeout",
        source="knex/knex lib/client.js; sequelize; generic-pool; pg-pool",
        example="KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a "
        ".transacting(trx) call?",
    ),
    Sign(
        "java-pools",
        Weight.WEAK,
        (
            "connection is not available, request timed out",
            "timeout waiting for idle object",
            "pool empty. unable to fetch a connection",
        ),
        source="brettwooldridge/HikariCP; Apache DBCP; Tomcat JDBC pool",
        example="java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed "
        "out after "
        "30000ms (total=10, active=10, idle=0, waiting=4)",
    ),
    Sign(
        "hikari-all-active",
        Weight.MODERATE,
        "request timed out after",
        r"Connection is not available, request timed out after \d+ms \(total=([1-9]\d*), active=\1, idle=0",
        source="brettwooldridge/HikariCP HikariPool.createTimeoutException",
        example="HikariPool-1 - Connection is not available, request timed out after 30000ms (total=10, active=10, "
        "idle=0, "
        "waiting=4)",
    ),
    Sign(
        "sqlx-pool",
        Weight.WEAK,
        "pool timed out while waiting for an open connection",
        source="launchbadge/sqlx sqlx-core error.rs PoolTimedOut",
        example="pool timed out while waiting for an open connection",
    ),
    Sign(
        "mariadb-pools",
        Weight.WEAK,
        (
            "retrieve connection from pool timeout",
            "failed to retrieve a connection from pool",
            "unable to start a transaction in the given time",
        ),
        source="mariadb-corporation/mariadb-connector-nodejs ER_GET_CONNECTION_TIMEOUT; Prisma P2028",
        example="SqlError: (conn=-1, no: 45028, SQLState: HY000) retrieve connection from pool timeout after 10001ms",
    ),
    Sign(
        "prisma-adapter",
        Weight.STRONG,
        "driveradaptererror: toomanyconnections",
        source="prisma/prisma packages/driver-adapter-utils error kinds",
        example="DriverAdapterError: TooManyConnections",
    ),
)
