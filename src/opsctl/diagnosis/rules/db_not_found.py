"""The server has no database of that name

What is wrong
-------------
The program reached the server and named a database that is not there: it was never created, the name is misspelt or
differs in case, or the URL names none, so that the driver falls back to a database called like the user.

How it is recognised
--------------------
- PostgreSQL: database "..." does not exist, SQLSTATE 3D000, in English or in the server's language.
- MySQL: 1049 Unknown database. SQL Server: 4060 Cannot open database requested by the login, 911.
- Prisma P1003, Rails NoDatabaseError, Oracle ORA-12514 and ORA-12505, ClickHouse UNKNOWN_DATABASE, poolers "no such
  database".

Look-alikes
-----------
- "does not exist, skipping" is a notice of DROP DATABASE IF EXISTS and harmless.
- A missing table, relation, column or schema inside the database: schema-drift.
- A role that does not exist: db-auth-failed. "Access denied ... to database": db-privilege-missing; MySQL gives that
  text also for databases that do not exist when the user has no right on them.
- A Cloud SQL instance that does not exist: cloudsql-not-attached.

Remedy
------
Compare the name in the job's variables with the databases of the instance; correct it, or create the database once.

Sources
-------
PostgreSQL src/backend/utils/init/postinit.c and src/backend/po; MySQL error reference 1049; SQL Server events 4060
and 911; Prisma error reference; Rails activerecord errors.rb; Cloud SQL documentation on creating databases.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Sign, Stage, Weight
from opsctl.diagnosis.rules.connection_settings import changed_settings

_NOTICE = r"does not exist, skipping|DROP DATABASE IF EXISTS|doesn't exist; skipping|CREATE DATABASE IF NOT EXISTS"
_QUOTED = r"\\?[\"'`«„“»]+[^\"'`«»„“\n\\]+\\?[\"'`»“«]+"

SIGNS = (
    Sign(
        "pg-database",
        Weight.DECISIVE,
        "does not exist",
        r"\bdatabase " + _QUOTED + r" does not exist",
        unless=_NOTICE,
        source="postgres/postgres src/backend/utils/init/postinit.c: ERRCODE_UNDEFINED_DATABASE",
        example='FATAL:  database "shop" does not exist',
    ),
    Sign(
        "pg-bare-name",
        Weight.STRONG,
        "does not exist",
        r"(?:FATAL:?\s+|3D000[)\]:]*\s+(?:\(invalid_catalog_name\) )?)database \S+ does not exist",
        unless=_NOTICE,
        source="elixir-ecto/postgrex; messages whose quotes a shell or a logger removed",
        example="FATAL: database shop does not exist",
    ),
    Sign(
        "pg-class-names",
        Weight.STRONG,
        ("invalidcatalognameerror", "invalid_catalog_name", "invalidcatalogname"),
        unless=_NOTICE,
        source="MagicStack/asyncpg exceptions; psycopg errors; postgrex codes",
        example='asyncpg.exceptions.InvalidCatalogNameError: database "shop" does not exist',
    ),
    Sign(
        "pg-localised",
        Weight.DECISIVE,
        (
            "la base de données «",
            "datenbank »",
            "no existe la base de datos",
            'banco de dados "',
            "이름의 데이터베이스는 없습니다",
            'データベース"',
            'база данных "',
            '数据库 "',
        ),
        r"la base de données « [^»]{1,100} » n'existe pas|Datenbank »[^«]{1,100}« existiert nicht"
        r"|no existe la base de datos"
        r"|banco de dados \"[^\"]+\" não existe|이름의 데이터베이스는 없습니다|データベース\"[^\"]+\"は存在しません"
        r"|база данных \"[^\"]+\" не существует|数据库 \"[^\"]+\" 不存在",
        unless=_NOTICE,
        source="postgres/postgres src/backend/po",
        example='치명적오류:  "shop" 이름의 데이터베이스는 없습니다',
    ),
    Sign(
        "mysql-unknown-database",
        Weight.DECISIVE,
        "unknown database",
        r"[Uu]nknown database '?[^'\s]|ER_BAD_DB_ERROR",
        unless=r"unknown database (?:engine|type|driver|dialect|provider|scheme|error|adapter)",
        source="mysql/mysql-server ER_BAD_DB_ERROR (1049)",
        example="ERROR 1049 (42000): Unknown database 'shop'",
    ),
    Sign(
        "mysql-symbol",
        Weight.STRONG,
        "er_bad_db_error",
        source="mysqljs/mysql and sidorares/node-mysql2 constants/errors.js",
        example="  code: 'ER_BAD_DB_ERROR',",
    ),
    Sign(
        "mysql-cannot-drop-or-use",
        Weight.MODERATE,
        ("database doesn't exist", "no database selected"),
        r"Can't drop database '[^']+'; database doesn't exist|No database selected",
        unless=_NOTICE,
        source="mysql/mysql-server ER_NO_DB_ERROR (1046), ER_DB_DROP_EXISTS (1008)",
        example="ERROR 1046 (3D000) at line 1: No database selected",
    ),
    Sign(
        "mssql-cannot-open",
        Weight.DECISIVE,
        "cannot open database",
        r"Cannot open database \\?[\"'][^\"']+\\?[\"'] (?:that was )?requested by the login",
        source="Microsoft SQL Server error 4060",
        example="Cannot open database \"shop\" requested by the login. The login failed.\nLogin failed for user 'app'.",
    ),
    Sign(
        "mssql-911",
        Weight.DECISIVE,
        "make sure that the name is entered correctly",
        r"Database '[^']+' does not exist\. Make sure that the name is entered correctly",
        source="Microsoft SQL Server error 911",
        example="Msg 911, Level 16, State 1: Database 'shop' does not exist. Make sure that the name is entered "
        "correctly.",
    ),
    Sign(
        "prisma-p1003",
        Weight.DECISIVE,
        "does not exist",
        r"Database `[^`]+` does not exist(?: on the database server)?|P1003[\s\S]{0,80}does not exist",
        source="prisma/prisma-engines libs/user-facing-errors/src/common.rs P1003",
        example="Error: P1003: Database `shop` does not exist on the database server at `10.0.0.3:5432`.",
    ),
    Sign(
        "rails-no-database",
        Weight.DECISIVE,
        ("activerecord::nodatabaseerror", "we could not find your database"),
        source="rails/rails activerecord lib/active_record/errors.rb",
        example="ActiveRecord::NoDatabaseError: We could not find your database: shop_production.",
    ),
    Sign(
        "oracle-service",
        Weight.DECISIVE,
        ("ora-12514", "ora-12505", "does not currently know of service", "dpy-6001", "dpy-6003"),
        source="Oracle Database error messages",
        example="ORA-12514: TNS:listener does not currently know of service requested in connect descriptor",
    ),
    Sign(
        "pooler",
        Weight.DECISIVE,
        ("no such database", "database not found in pool", "the requested endpoint could not be found"),
        r"no such database(?:: \S+)?|requested endpoint could not be found, or you don't have access",
        unless=r"if it exists",
        source="pgbouncer/pgbouncer src/client.c; Neon proxy",
        example="FATAL:  no such database: shop",
    ),
    Sign(
        "clickhouse",
        Weight.DECISIVE,
        ("unknown_database", "database_not_found"),
        r"UNKNOWN_DATABASE|DB::Exception: Database \S+ (?:doesn't|does not) exist",
        source="ClickHouse/ClickHouse ErrorCodes 81",
        example="Code: 81. DB::Exception: Database shop does not exist. (UNKNOWN_DATABASE)",
    ),
    Sign(
        "cassandra-keyspace",
        Weight.STRONG,
        ("keyspace '", 'keyspace "'),
        r"[Kk]eyspace ['\"][^'\"]+['\"] does not exist",
        source="apache/cassandra InvalidRequestException",
        example="InvalidRequest: Error from server: code=2200 [Invalid query] message=\"Keyspace 'shop' does not "
        'exist"',
    ),
    Sign(
        "redis-index",
        Weight.STRONG,
        ("db index is out of range", "invalid db index"),
        source="redis/redis src/db.c selectCommand",
        example="ReplyError: ERR DB index is out of range",
    ),
    Sign(
        "db2-and-snowflake",
        Weight.STRONG,
        ("sql1013n", "sql30061n", "requested database does not exist", "database alias or database name"),
        source="IBM Db2 messages; Snowflake 250001",
        example='SQL1013N  The database alias name or database name "SHOP" could not be found.  SQLSTATE=42705',
    ),
    Sign(
        "spanner-and-firestore",
        Weight.STRONG,
        ("database not found: projects/", "does not exist for project"),
        r"Database not found: projects/\S+/instances/\S+/databases/|The database \(?\S+\)? does not exist for project",
        source="Cloud Spanner and Firestore error texts (NOT_FOUND)",
        example="5 NOT_FOUND: The database (default) does not exist for project shop-prod",
    ),
    Sign(
        "drivers-words",
        Weight.MODERATE,
        ("database does not exist", "database not found", "could not find database", "databasedoesnotexist"),
        unless=_NOTICE,
        source="messages of wrappers around SQLSTATE 3D000 and MySQL 1049",
        example="error: database does not exist: shop",
    ),
    Sign(
        "prisma-adapter",
        Weight.STRONG,
        "driveradaptererror: databasedoesnotexist",
        source="prisma/prisma packages/driver-adapter-utils error kinds",
        example="DriverAdapterError: DatabaseDoesNotExist",
    ),
    Sign(
        "h2-and-trino",
        Weight.STRONG,
        ("either pre-create it", "and/or pre-create", "database not found, and"),
        r"Database \"[^\"]+\" not found, (?:either|and)",
        source="h2database/h2database ErrorCode 90149",
        example='Database "/data/app" not found, either pre-create it or allow remote database creation',
    ),
)


def look(facts: Facts) -> Iterator[Clue]:
    """A name of the database that changed since the last success."""
    changes = changed_settings(facts.baseline, r"DB_?NAME|DATABASE(?:_NAME|_URL)?$|PGDATABASE|_DB$|INITIAL_CATALOG")
    if changes:
        yield Clue(
            "name_changed",
            Weight.MODERATE,
            tuple(change.pointer for change in changes),
            values={"name": changes[0].name},
        )


RULE = Rule(
    cause="db-not-found",
    family="database",
    stage=Stage.SESSION,
    signs=SIGNS,
    codes=(
        Codes("sqlstate", Weight.DECISIVE, ("3D000",)),
        Codes("mysql", Weight.DECISIVE, ("1049",)),
        Codes("mysql", Weight.MODERATE, ("1046",)),
        Codes("node", Weight.DECISIVE, ("ER_BAD_DB_ERROR",)),
        Codes("mssql", Weight.DECISIVE, ("4060", "911")),
        Codes("oracle", Weight.DECISIVE, ("12514", "12505")),
        Codes("prisma", Weight.DECISIVE, ("P1003",)),
    ),
    look=look,
    remedies=(
        Remedy(
            "list_databases",
            Risk.READ_ONLY,
            ("gcloud sql databases list --instance=INSTANCE --project={project}",),
        ),
        Remedy(
            "correct_name",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --update-env-vars=DB_NAME=NAME",),
        ),
        Remedy(
            "create_database",
            Risk.CHANGES_DATA,
            ("gcloud sql databases create NAME --instance=INSTANCE --project={project}",),
        ),
    ),
    check=Check("cloudsql", "gcloud sql databases list --instance=INSTANCE --project={project}"),
)
