"""How servers and tools say that a database user may not do something."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# Permissions of the file system and of Google's APIs read alike.
_OTHER = (
    r"Permission denied \(os error|EACCES|\[Errno 13\]|PERMISSION_DENIED|iam\.gserviceaccount\.com does not have"
    r"|permission denied on (?:resource|secret|service)|IAM_PERMISSION_DENIED"
)

SIGNS_POSTGRES = (
    Sign(
        "user-may-not-create",
        Weight.DECISIVE,
        ("have permission to create", "have the privilege to create", "have privileges to create"),
        r"(?:user|role|account)\b.{0,60}\b(?:doesn't|does not|do not|don't) have (?:the )?"
        r"(?:permissions?|privileges?) to create",
        unless=_OTHER,
        source="hasura/graphql-engine server/src-lib/Hasura/Server/Migrate.hs",
        example="pgcrypto extension is required, but the current user doesn't have permission to create it. Please "
        "grant superuser permission, or setup the initial schema",
    ),
    Sign(
        "pg-permission-denied-for",
        Weight.DECISIVE,
        "permission denied for",
        r"permission denied for (?:schema|table|relation|sequence|database|view|materialized "
        r"view|function|procedure|routine"
        r"|column|language|type|domain|foreign (?:server|table|data)|large "
        r"object|tablespace|aggregate|index|publication"
        r"|subscription|collation|operator|system|parameter|event trigger|text "
        r"search|statistics|foreign-data|extension)",
        unless=_OTHER,
        source="postgres/postgres src/backend/catalog/aclchk.c: aclcheck_error",
        example="ERROR:  permission denied for schema public",
    ),
    Sign(
        "pg-must-be-owner",
        Weight.DECISIVE,
        "must be owner of",
        source="postgres/postgres src/backend/catalog/aclchk.c: aclcheck_error ACLCHECK_NOT_OWNER",
        example="ERROR:  must be owner of table orders",
    ),
    Sign(
        "pg-permission-denied-to",
        Weight.DECISIVE,
        "permission denied to ",
        r"permission denied to "
        r"(?:create|alter|drop|set|grant|rename|reassign|change|use|execute|terminate|cancel|comment)",
        unless=_OTHER,
        source="postgres/postgres src/backend/commands/*.c",
        example='ERROR:  permission denied to create extension "uuid-ossp"',
    ),
    Sign(
        "pg-must-be-superuser",
        Weight.DECISIVE,
        (
            "must be superuser",
            "must have create privilege",
            "must be a superuser",
            "only superuser can",
            "only roles with",
            "must be member of role",
            "must be able to set role",
        ),
        unless=r"to connect in",
        source="postgres/postgres src/backend/commands/*.c; ERRCODE_INSUFFICIENT_PRIVILEGE",
        example="HINT:  Must be superuser to create this extension.",
    ),
    Sign(
        "pg-row-level-security",
        Weight.MODERATE,
        ("violates row-level security policy", "query would be affected by row-level security"),
        source="postgres/postgres src/backend/executor/execMain.c",
        example='ERROR:  new row violates row-level security policy for table "orders"',
    ),
    Sign(
        "pg-class-names",
        Weight.STRONG,
        ("insufficientprivilege", "insufficient_privilege"),
        source="psycopg errors; MagicStack/asyncpg; elixir-ecto/postgrex; SQLSTATE 42501",
        example="sqlalchemy.exc.ProgrammingError: (psycopg2.errors.InsufficientPrivilege) permission denied for "
        "table orders",
    ),
    Sign(
        "pg-localised",
        Weight.DECISIVE,
        (
            "droit refusé pour",
            "droits refusés pour",
            "keine berechtigung für",
            "permiso denegado a",
            "permissão negada para",
            "접근 권한 없음",
            "へのアクセスが拒否されました",
            "нет доступа к",
            "权限不够",
            "debe ser dueño de",
        ),
        source="postgres/postgres src/backend/po",
        example="ERROR:  schema public 접근 권한 없음 (접근 권한 없음: public 스키마)",
    ),
    Sign(
        "pg-connect-privilege",
        Weight.DECISIVE,
        "user does not have connect privilege",
        source="postgres/postgres src/backend/utils/init/postinit.c DETAIL",
        example='FATAL:  permission denied for database "shop"\nDETAIL:  User does not have CONNECT privilege.',
    ),
    Sign(
        "pg-no-schema-selected",
        Weight.MODERATE,
        ("no schema has been selected to create in",),
        source="postgres/postgres src/backend/catalog/namespace.c: also a search_path without the schema",
        example="ERROR:  no schema has been selected to create in",
    ),
    Sign(
        "prisma-denied-on-database",
        Weight.STRONG,
        "was denied access on the database",
        unless=r"\(not available\)",
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1010",
        example="Error: P1010: User `app` was denied access on the database `shop.public`",
    ),
    Sign(
        "prisma-denied-unnamed",
        Weight.MODERATE,
        "was denied access on the database",
        source="prisma/prisma driver adapters, P1010 without names",
        example="Error: P1010: User was denied access on the database `(not available)`",
    ),
    Sign(
        "prisma-shadow-database",
        Weight.DECISIVE,
        "could not create the shadow database",
        source="prisma/prisma-engines libs/user-facing-errors/src/schema_engine.rs P3014",
        example="Error: P3014: Prisma Migrate could not create the shadow database. Please make sure the database "
        "user has "
        "permission to create databases.",
    ),
    Sign(
        "django-cannot-create-table",
        Weight.STRONG,
        "unable to create the django_migrations table",
        r"Unable to create the django_migrations table \((?:permission denied|.*command denied|no schema)",
        source="django/django db/migrations/recorder.py MigrationSchemaMissing",
        example="django.db.migrations.exceptions.MigrationSchemaMissing: Unable to create the django_migrations "
        "table (permission "
        "denied for schema public",
    ),
    Sign(
        "cockroach",
        Weight.DECISIVE,
        "does not have",
        r"user \S+ does not have [A-Z, ]+ privilege on|only users with the (?:\w+ )?(?:admin|CREATEDB|\w+ privilege)",
        source="cockroachdb/cockroach pkg/sql/authorization.go",
        example="ERROR: user app does not have CREATE privilege on database shop",
    ),
    Sign(
        "pg-nothing-granted",
        Weight.MODERATE,
        ("no privileges were granted for", "not all privileges were granted for"),
        source="postgres/postgres src/backend/catalog/aclchk.c: a warning of GRANT",
        example='WARNING:  no privileges were granted for "public"',
    ),
    Sign(
        "prisma-adapter",
        Weight.STRONG,
        "driveradaptererror: databaseaccessdenied",
        source="prisma/prisma packages/driver-adapter-utils error kinds",
        example="DriverAdapterError: DatabaseAccessDenied",
    ),
)

SIGNS_MYSQL = (
    Sign(
        "mysql-to-database",
        Weight.DECISIVE,
        "access denied for user",
        r"Access denied for user '?[^\n]{1,200} to database ",
        source="mysql/mysql-server ER_DBACCESS_DENIED_ERROR (1044)",
        example="ERROR 1044 (42000): Access denied for user 'app'@'%' to database 'shop'",
    ),
    Sign(
        "mysql-command-denied",
        Weight.DECISIVE,
        "command denied to user",
        source="mysql/mysql-server ER_TABLEACCESS_DENIED_ERROR (1142), ER_COLUMNACCESS_DENIED_ERROR (1143)",
        example="ERROR 1142 (42000): CREATE command denied to user 'app'@'10.1.2.3' for table 'orders'",
    ),
    Sign(
        "mysql-you-need",
        Weight.DECISIVE,
        "you need (at least one of)",
        source="mysql/mysql-server ER_SPECIFIC_ACCESS_DENIED_ERROR (1227)",
        example="ERROR 1227 (42000): Access denied; you need (at least one of) the SUPER privilege(s) for this "
        "operation",
    ),
    Sign(
        "mysql-super-and-binlog",
        Weight.DECISIVE,
        ("you do not have the super privilege", "log_bin_trust_function_creators"),
        r"You do not have the SUPER [Pp]rivilege|you \*might\* want to use the less safe "
        r"log_bin_trust_function_creators",
        source="mysql/mysql-server ER_BINLOG_CREATE_ROUTINE_NEED_SUPER (1419)",
        example="ERROR 1419 (HY000): You do not have the SUPER privilege and binary logging is enabled (you *might* "
        "want to use the "
        "less safe log_bin_trust_function_creators variable)",
    ),
    Sign(
        "mysql-routine-denied",
        Weight.DECISIVE,
        (
            "command denied for routine",
            "not allowed to create a user with grant",
            "not allowed to create new users",
            "execute command denied",
            "access denied; you need",
        ),
        source="mysql/mysql-server ER_PROCACCESS_DENIED_ERROR (1370), 1410, 1227",
        example="You are not allowed to create a user with GRANT",
    ),
    Sign(
        "mysql-symbols",
        Weight.STRONG,
        (
            "er_dbaccess_denied_error",
            "er_tableaccess_denied_error",
            "er_specific_access_denied_error",
            "er_binlog_create_routine_need_super",
            "er_procaccess_denied_error",
        ),
        source="mysqljs/mysql and sidorares/node-mysql2 constants/errors.js",
        example="  code: 'ER_TABLEACCESS_DENIED_ERROR',",
    ),
)

SIGNS_OTHERS = (
    Sign(
        "read-only-database",
        Weight.STRONG,
        ("in a read-only transaction", "attempt to write a readonly database", "read-only option so it cannot execute"),
        source="postgres/postgres tcop/utility.c 25006; sqlite SQLITE_READONLY; MySQL 1290",
        example="ERROR: cannot execute CREATE TABLE in a read-only transaction",
    ),
    Sign(
        "mssql-permission",
        Weight.DECISIVE,
        (
            "permission denied in database",
            "permission was denied on",
            "permission denied on object",
            "user does not have permission to perform this action",
        ),
        r"\b[A-Z]+ permission (?:was )?denied (?:in database|on (?:the )?\w+)|User does not have permission to "
        r"perform this action",
        source="Microsoft SQL Server errors 229, 262, 15247",
        example="CREATE TABLE permission denied in database 'shop'.",
    ),
    Sign(
        "mssql-principal",
        Weight.DECISIVE,
        "is not able to access the database",
        source="Microsoft SQL Server error 916",
        example='The server principal "app" is not able to access the database "shop" under the current security '
        "context.",
    ),
    Sign(
        "mssql-not-exist-or-permission",
        Weight.MODERATE,
        ("does not exist or you do not have permission", "because it does not exist or you do not have"),
        source="Microsoft SQL Server errors 1088, 3701, 15151",
        example='Cannot find the object "dbo.orders" because it does not exist or you do not have permissions.',
    ),
    Sign(
        "mssql-cannot-open-database",
        Weight.MODERATE,
        "cannot open database",
        r"Cannot open database \\?[\"'][^\"']+\\?[\"'] requested by the login",
        source="Microsoft SQL Server error 4060: also for a login without a user in the database",
        example='Cannot open database "shop" requested by the login. The login failed.',
    ),
    Sign(
        "oracle-privileges",
        Weight.DECISIVE,
        ("ora-01031", "ora-01045", "ora-01950", "ora-01720", "ora-41900"),
        source="Oracle Database error messages",
        example="ORA-01031: insufficient privileges",
    ),
    Sign(
        "mongo-not-authorized",
        Weight.DECISIVE,
        ("not authorized on", "user is not allowed to do action", "not allowed to do action"),
        r"not authorized on \S+ to execute command|user is not allowed to do action \[",
        source="mongodb/mongo error code 13 Unauthorized; MongoDB Atlas 8000",
        example='MongoServerError: not authorized on shop to execute command { createIndexes: "orders" }',
    ),
    Sign(
        "redis-noperm",
        Weight.DECISIVE,
        "noperm ",
        r"NOPERM (?:this user|User|No permissions)",
        source="redis/redis src/acl.c",
        example="ReplyError: NOPERM this user has no permissions to run the 'flushall' command",
    ),
    Sign(
        "clickhouse-privileges",
        Weight.DECISIVE,
        ("not enough privileges", "access_denied)"),
        r"Not enough privileges\. To execute this query",
        source="ClickHouse/ClickHouse src/Access: code 497",
        example="Code: 497. DB::Exception: app: Not enough privileges. To execute this query, it's necessary to have "
        "the grant "
        "CREATE TABLE ON shop.orders. (ACCESS_DENIED)",
    ),
    Sign(
        "snowflake-privileges",
        Weight.DECISIVE,
        "insufficient privileges to operate on",
        source="Snowflake SQL access control error 003001",
        example="SQL access control error: Insufficient privileges to operate on schema 'PUBLIC'",
    ),
    Sign(
        "cassandra-permission",
        Weight.DECISIVE,
        ("unauthorizedexception", "has no create permission", "has no alter permission", "has no modify permission"),
        r"User \S+ has no \w+ permission on <",
        source="apache/cassandra UnauthorizedException",
        example="Unauthorized: User app has no CREATE permission on <all keyspaces> or any of its parents: "
        "UnauthorizedException",
    ),
    Sign(
        "privilege-words",
        Weight.MODERATE,
        (
            "insufficient privilege",
            "lacks privilege",
            "not have the required privilege",
            "missing privilege",
            "insufficient database privileges",
        ),
        unless=_OTHER,
        source="SQLSTATE 42501 in messages of wrappers",
        example="error: insufficient privilege: cannot create table",
    ),
)
