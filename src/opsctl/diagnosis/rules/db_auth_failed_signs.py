"""How servers and drivers say that a user or a password was rejected."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_POSTGRES = (
    Sign(
        "pg-password",
        Weight.DECISIVE,
        "password authentication failed for user",
        source="postgres/postgres src/backend/libpq/auth.c: auth_failed",
        example='FATAL:  password authentication failed for user "app"',
    ),
    Sign(
        "pg-other-method",
        Weight.DECISIVE,
        "authentication failed for user",
        r"(?:Peer|Ident|GSSAPI|SSPI|PAM|LDAP|RADIUS|certificate|BSD|\"trust\"|IAM (?:user|service "
        r"account|principal)|OAuth"
        r"|^|: )\s*authentication failed for user",
        source="postgres/postgres src/backend/libpq/auth.c: auth_failed; Cloud SQL IAM authentication",
        example='FATAL:  Peer authentication failed for user "postgres"',
    ),
    Sign(
        "pg-cloudsql-iam",
        Weight.DECISIVE,
        "cloud sql iam",
        r"Cloud SQL IAM (?:user|service account|group|principal) authentication failed"
        r"|Cloud SQL IAM .{0,120}login failed",
        source="Cloud SQL for PostgreSQL, IAM database authentication",
        example='FATAL:  Cloud SQL IAM service account authentication failed for user "job@p.iam"',
    ),
    Sign(
        "pg-role-missing",
        Weight.DECISIVE,
        "does not exist",
        r"(?:FATAL\W|failed: |PG::ConnectionBad|28000|invalid_authorization|PSQLException|^(?:error: "
        r")?)[^\n]{0,120}\brole "
        r"\\?[\"'`«„“][^\n\"'`»“]+\\?[\"'`»“] does not exist",
        unless=r"\b(?:GRANT|REVOKE|ALTER|OWNER|SET ROLE|42704|undefined_object|UndefinedObject)\b",
        source="postgres/postgres src/backend/utils/init/miscinit.c: InitializeSessionUserId",
        example='FATAL:  role "app" does not exist',
    ),
    Sign(
        "pg-not-permitted-to-log-in",
        Weight.DECISIVE,
        "is not permitted to log in",
        source="postgres/postgres src/backend/utils/init/miscinit.c",
        example='FATAL:  role "app" is not permitted to log in',
    ),
    Sign(
        "pg-no-password",
        Weight.MODERATE,
        (
            "no password supplied",
            "no password was provided",
            "no password has been provided",
            "password-based authentication, but no password",
            "scram-based authentication, but no password",
            "no password specified",
            "empty password returned by client",
            "configuration: password missing",
        ),
        source="libpq fe-auth.c; Npgsql; pgjdbc ConnectionFactoryImpl; tokio-postgres",
        example="fe_sendauth: no password supplied",
    ),
    Sign(
        "pg-sasl-not-a-string",
        Weight.MODERATE,
        "client password must be a",
        source="brianc/node-postgres packages/pg/lib/crypto/sasl.js",
        example="Error: SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string",
    ),
    Sign(
        "pg-sasl-failed",
        Weight.DECISIVE,
        (
            "failed sasl auth",
            "sasl authentication failed",
            "scram authentication failed",
            "server signature does not match",
        ),
        unless=r"no pg_hba|does not exist",
        source="jackc/pgx pgconn auth_scram.go; pgbouncer; supabase/supavisor",
        example="failed to connect to `user=app database=app`: 10.0.0.3:5432: failed SASL auth: FATAL: SASL "
        "authentication failed",
    ),
    Sign(
        "pg-hba-no-entry",
        Weight.MODERATE,
        ("no pg_hba.conf entry for", "pg_hba.conf rejects connection"),
        unless=r"no encryption|SSL off",
        source="postgres/postgres src/backend/libpq/auth.c: ClientAuthentication",
        example='FATAL:  no pg_hba.conf entry for host "10.8.0.4", user "app", database "app", SSL on',
    ),
    Sign(
        "pg-auth-method-unknown",
        Weight.MODERATE,
        (
            "the authentication type 10 is not supported",
            "authentication method 10 not supported",
            "scram authentication requires libpq version 10",
            "unknown authentication type",
        ),
        source="pgjdbc before 42.2; psycopg2 with libpq before 10; lib/pq",
        example="SCRAM authentication requires libpq version 10 or above",
    ),
    Sign(
        "pg-pooler",
        Weight.DECISIVE,
        (
            "tenant or user not found",
            "no such user:",
            "password authentication failed",
            "auth_query",
            "wrong password type",
        ),
        r"Tenant or user not found|ERROR:\s+no such user|wrong password type|Authentication error, reason",
        source="supabase/supavisor; pgbouncer/pgbouncer src/client.c",
        example="FATAL:  Tenant or user not found",
    ),
    Sign(
        "pg-localised",
        Weight.DECISIVE,
        (
            "authentification par mot de passe échouée",
            "passwort-authentifizierung für benutzer",
            "la autentificación password falló",
            "autenticação do tipo senha falhou",
            "의 password 인증을 실패했습니다",
            "パスワード認証に失敗しました",
            "password 认证失败",
            "не прошёл проверку подлинности",
        ),
        source="postgres/postgres src/backend/po",
        example='치명적오류:  사용자 "app"의 password 인증을 실패했습니다',
    ),
    Sign(
        "prisma-p1000",
        Weight.DECISIVE,
        ("authentication failed against database server", "database credentials for"),
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1000",
        example="Error: P1000: Authentication failed against database server at `10.0.0.3`, the provided database "
        "credentials for "
        "`app` are not valid.",
    ),
    Sign(
        "prisma-p1010",
        Weight.MODERATE,
        "was denied access on the database",
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1010",
        example="Error: P1010: User `app` was denied access on the database `app.public`",
    ),
    Sign(
        "rails-database-connection-error",
        Weight.DECISIVE,
        (
            "there is an issue connecting to your database with your username/password",
            "there is an issue connecting with your username",
        ),
        source="rails/rails activerecord errors.rb DatabaseConnectionError.username_error",
        example="There is an issue connecting to your database with your username/password, username: app.",
    ),
)

SIGNS_MYSQL = (
    Sign(
        "mysql-access-denied",
        Weight.DECISIVE,
        "(using password:",
        r"Access denied for user .{0,200}\(using password: ?YES\)",
        source="mysql/mysql-server ER_ACCESS_DENIED_ERROR (1045)",
        example="ERROR 1045 (28000): Access denied for user 'app'@'10.1.2.3' (using password: YES)",
    ),
    Sign(
        "mysql-access-denied-no-password",
        Weight.DECISIVE,
        "access denied for user",
        r"Access denied for user '[^']*'@'[^']*'(?!\S* to database)(?=\s*(?:$|\"|\)|\.|,|\n|\\n|\[))",
        unless=r"to database|denied to user|privilege",
        source="mysql/mysql-server ER_ACCESS_DENIED_NO_PASSWORD_ERROR (1698)",
        example="ERROR 1698 (28000): Access denied for user 'root'@'localhost'",
    ),
    Sign(
        "mysql-symbol",
        Weight.STRONG,
        ("er_access_denied_error", "er_access_denied_no_password_error", "er_not_supported_auth_mode"),
        source="mysqljs/mysql and sidorares/node-mysql2 constants/errors.js",
        example="  code: 'ER_ACCESS_DENIED_ERROR',",
    ),
    Sign(
        "sequelize-access-denied",
        Weight.STRONG,
        "accessdeniederror",
        unless=r"to database|using password: ?NO",
        source="sequelize/sequelize errors/connection/access-denied-error.ts",
        example="SequelizeAccessDeniedError: Access denied for user 'app'@'10.1.2.3' (using password: YES)",
    ),
    Sign(
        "mysql-auth-plugin",
        Weight.STRONG,
        (
            "client does not support authentication protocol requested by server",
            "the server requested authentication method unknown to the client",
            "requires secure connection for authentication",
            "authentication plugin",
            "unknown authentication plugin",
            "this authentication plugin is not supported",
        ),
        r"Client does not support authentication protocol|authentication method unknown to the client"
        r"|Authentication plugin '[^']+' (?:cannot be loaded|is not supported|reported error)"
        r"|this authentication plugin is not supported|unknown auth(?:entication)? plugin",
        source="mysql/mysql-server ER_NOT_SUPPORTED_AUTH_MODE (1251), CR_AUTH_PLUGIN_CANNOT_LOAD (2059); "
        "go-sql-driver/mysql",
        example="Error: ER_NOT_SUPPORTED_AUTH_MODE: Client does not support authentication protocol requested by "
        "server; consider "
        "upgrading MySQL client",
    ),
    Sign(
        "mysql-host-not-allowed",
        Weight.STRONG,
        "is not allowed to connect to this",
        r"Host '[^']*' is not allowed to connect to this (?:MySQL|MariaDB) server",
        source="mysql/mysql-server ER_HOST_NOT_PRIVILEGED (1130)",
        example="ERROR 1130 (HY000): Host '10.8.0.4' is not allowed to connect to this MySQL server",
    ),
    Sign(
        "mysql-password-expired",
        Weight.DECISIVE,
        ("your password has expired", "you must reset your password using alter user", "account is locked"),
        r"password has expired|must reset your password using ALTER USER|Access denied.{0,200} Account is locked",
        source="mysql/mysql-server ER_MUST_CHANGE_PASSWORD (1820, 1862), ER_ACCOUNT_HAS_BEEN_LOCKED (3118)",
        example="ERROR 1862 (HY000): Your password has expired. To log in you must change it using a client that "
        "supports expired "
        "passwords.",
    ),
)

SIGNS_OTHERS = (
    Sign(
        "mssql-login-failed",
        Weight.DECISIVE,
        "login failed for user",
        unless=r"Cannot open database|4060",
        source="Microsoft SQL Server error 18456; tediousjs/tedious ELOGIN; dotnet/SqlClient; mssql-jdbc",
        example="Login failed for user 'sa'.",
    ),
    Sign(
        "mssql-login-state",
        Weight.DECISIVE,
        ("the login is from an untrusted domain", "the password of the account has expired", "the account is disabled"),
        source="Microsoft SQL Server errors 18452, 18470, 18487",
        example="Login failed for user 'app'. Reason: The account is disabled.",
    ),
    Sign(
        "oracle-logon",
        Weight.DECISIVE,
        ("ora-01017", "ora-28000", "ora-28001", "ora-01005", "invalid username/password; logon denied"),
        source="Oracle Database error messages",
        example="ORA-01017: invalid username/password; logon denied",
    ),
    Sign(
        "mongo-authentication",
        Weight.DECISIVE,
        (
            "mongoservererror",
            "operationfailure",
            "authenticationfailed",
            "sasl conversation error",
            "unable to authenticate",
            "bad auth",
            "mongosecurityexception",
            "auth error",
        ),
        r"MongoServerError: (?:bad auth ?:? ?)?Authentication failed|bad auth ?: ?[Aa]uthentication failed"
        r"|(?:OperationFailure|auth error|server returned error)[^\n]{0,200}[Aa]uthentication failed"
        r"|AuthenticationFailed|sasl conversation error: unable to authenticate|MongoSecurityException: Exception "
        r"authenticating",
        source="mongodb/mongo error code 18; MongoDB Atlas 8000; drivers of Node, Python, Go, Java",
        example="MongoServerError: bad auth : authentication failed",
    ),
    Sign(
        "mongo-requires-authentication",
        Weight.DECISIVE,
        "requires authentication",
        r"[Cc]ommand \w+ requires authentication",
        source="mongodb/mongo error code 13 without a logged-in user",
        example="pymongo.errors.OperationFailure: Command find requires authentication",
    ),
    Sign(
        "redis-auth",
        Weight.DECISIVE,
        (
            "noauth authentication required",
            "wrongpass invalid username-password pair",
            "err invalid password",
            "called without any password configured",
            "noauth hello must be called",
            "authenticationerror: authentication required",
        ),
        source="redis/redis src/acl.c, src/networking.c",
        example="ReplyError: NOAUTH Authentication required.",
    ),
    Sign(
        "clickhouse-auth",
        Weight.DECISIVE,
        ("authentication_failed", "password is incorrect, or there is no user"),
        r"AUTHENTICATION_FAILED|Authentication failed: password is incorrect",
        source="ClickHouse/ClickHouse src/Access: code 516",
        example="Code: 516. DB::Exception: default: Authentication failed: password is incorrect, or there is no "
        "user with such "
        "name. (AUTHENTICATION_FAILED)",
    ),
    Sign(
        "other-warehouses",
        Weight.STRONG,
        (
            "incorrect username or password was specified",
            "provided username sa and/or password are incorrect",
            "username and/or password are incorrect",
            "unable to authenticate user",
        ),
        source="Snowflake; Apache Cassandra PasswordAuthenticator; OpenSearch",
        example="250001 (08001): Failed to connect to DB. Incorrect username or password was specified.",
    ),
    Sign(
        "django-or-rails-summary",
        Weight.MODERATE,
        (
            "access denied for user",
            "invalid credentials for database",
            "database authentication failed",
            "invalid authorization specification",
        ),
        unless=r"to database|denied to user|Access denied; you need|using password: ?NO",
        source="SQLSTATE class 28 in many drivers",
        example="SQLSTATE[28000]: Invalid authorization specification: 1045",
    ),
    Sign(
        "prisma-adapter",
        Weight.STRONG,
        "driveradaptererror: authenticationfailed",
        source="prisma/prisma packages/driver-adapter-utils error kinds",
        example="DriverAdapterError: AuthenticationFailed",
    ),
    Sign(
        "graph-and-queue",
        Weight.STRONG,
        ("unauthorized due to authentication failure", "access_refused - login was refused"),
        source="neo4j/neo4j Neo.ClientError.Security.Unauthorized; RabbitMQ",
        example="Neo4jError: The client is unauthorized due to authentication failure.",
    ),
)
