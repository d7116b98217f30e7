"""How database servers say that an object is already there, or is not there."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# A note of CREATE TABLE IF NOT EXISTS, and a program that goes on all the same: nothing failed.
_EXISTS = r"already exists(?!,? ?[-(]? ?(?:so )?(?:we )?(?:skip|updat|ignor|using|reus|continu|leav|nothing))"
_NOTE = r"\bnote\b.{0,12}\b10(?:07|50|51|60|61)\b|\(note "

SIGNS_MYSQL: tuple[Sign, ...] = (
    Sign(
        "mysql-table-exists",
        Weight.DECISIVE,
        "already exists",
        r"(?:\btable\s+['`\"\\].{1,160}?['`\"]|\b(?:procedure|trigger|event|view) .{1,100}?)\s+" + _EXISTS,
        unless=_NOTE,
        source="mysql share/messages_to_clients.txt ER_TABLE_EXISTS_ERROR",
        example="django.db.utils.OperationalError: (1050, \"Table 'orders' already exists\")",
    ),
    Sign(
        "mysql-table-missing",
        Weight.DECISIVE,
        ("doesn't exist", "doesn\\'t exist", "doesnt exist"),
        r"\b(?:table|key column|key|database table|view) ['`\"\\].{1,160}?['`\"] doesn\\?'?t exist(?! on type)",
        source="mysql share/messages_to_clients.txt ER_NO_SUCH_TABLE, ER_KEY_COLUMN_DOES_NOT_EXITS",
        example="Error: Table 'shop.user_profiles' doesn't exist",
    ),
    Sign(
        "mysql-unknown-table",
        Weight.DECISIVE,
        "unknown table",
        r"unknown table ['`\"\\]",
        source="mysql share/messages_to_clients.txt ER_BAD_TABLE_ERROR",
        example="ERROR 1051 (42S02): Unknown table 'shop.legacy_orders'",
    ),
    Sign(
        "mysql-column-exists",
        Weight.DECISIVE,
        "duplicate column name",
        source="mysql share/messages_to_clients.txt ER_DUP_FIELDNAME; sqlite src/build.c",
        example="Error: Duplicate column name 'phone'",
    ),
    Sign(
        "mysql-column-missing",
        Weight.DECISIVE,
        "unknown column",
        r"unknown column ['`\"\\].{1,120}?['`\"\\]",
        source="mysql share/messages_to_clients.txt ER_BAD_FIELD_ERROR",
        example="ER_BAD_FIELD_ERROR: Unknown column 'users.locale' in 'field list'",
    ),
    Sign(
        "mysql-key-exists",
        Weight.DECISIVE,
        ("duplicate key name", "duplicate foreign key constraint name", "duplicate check constraint name"),
        source="mysql share/messages_to_clients.txt ER_DUP_KEYNAME, ER_FK_DUP_NAME",
        example="ERROR 1061 (42000) at line 3: Duplicate key name 'idx_orders_user'",
    ),
    Sign(
        "mysql-cannot-drop",
        Weight.DECISIVE,
        ("check that column/key exists", "check that it exists"),
        source="mysql share/messages_to_clients.txt ER_CANT_DROP_FIELD_OR_KEY",
        example="Can't DROP 'fk_orders_user'; check that column/key exists",
    ),
    Sign(
        "mysql-referenced-table",
        Weight.DECISIVE,
        "failed to open the referenced table",
        source="mysql share/messages_to_clients.txt ER_FK_CANNOT_OPEN_PARENT",
        example="Failed to open the referenced table 'users'",
    ),
    Sign(
        "mysql-referenced-column",
        Weight.DECISIVE,
        "missing column '",
        r"missing column '.{1,100}?' for constraint '.{1,100}?' in the referenced table",
        source="mysql share/messages_to_clients.txt ER_FK_NO_COLUMN_PARENT",
        example="Failed to add the foreign key constraint. Missing column 'app_id' for constraint 'fk_app' in the"
        " referenced table 'apps'",
    ),
    Sign(
        "mysql-view-invalid",
        Weight.STRONG,
        "references invalid table(s) or column(s)",
        source="mysql share/messages_to_clients.txt ER_VIEW_INVALID",
        example="View 'shop.v_sales' references invalid table(s) or column(s) or function(s) or definer/invoker of view"
        " lack rights to use them",
    ),
    Sign(
        "mysql-routine-missing",
        Weight.STRONG,
        "does not exist",
        r"\b(?:procedure|function|trigger|event) ['`\w.]{1,100} does not exist",
        unless=_NOTE,
        source="mysql share/messages_to_clients.txt ER_SP_DOES_NOT_EXIST",
        example="PROCEDURE shop.rebuild_totals does not exist",
    ),
    Sign(
        "mysql-symbols",
        Weight.DECISIVE,
        (
            "er_table_exists_error",
            "er_no_such_table",
            "er_bad_table_error",
            "er_dup_fieldname",
            "er_bad_field_error",
            "er_dup_keyname",
            "er_cant_drop_field_or_key",
            "er_fk_dup_name",
            "er_key_column_does_not",
        ),
        source="mysqljs/mysql lib/protocol/constants/errors.js",
        example="code: 'ER_DUP_FIELDNAME', errno: 1060,",
    ),
    Sign(
        "pdo-words",
        Weight.DECISIVE,
        (
            "base table or view already exists",
            "base table or view not found",
            "column already exists: ",
            "column not found: ",
        ),
        source="php/php-src ext/pdo/pdo_sqlstate.c",
        example="SQLSTATE[42S01]: Base table or view already exists: 1050 Table 'jobs' already exists",
    ),
)

SIGNS_OTHERS: tuple[Sign, ...] = (
    Sign(
        "sqlserver-exists",
        Weight.DECISIVE,
        (
            "there is already an object named",
            "column names in each table must be unique",
            "an index or statistics with name",
            "already has a primary key defined on it",
        ),
        source="learn.microsoft.com sql errors 2714, 2705, 1913, 1779",
        example="There is already an object named 'Orders' in the database.",
    ),
    Sign(
        "sqlserver-invalid-name",
        Weight.DECISIVE,
        ("invalid object name '", "invalid column name '"),
        source="learn.microsoft.com sql errors 208, 207",
        example="Microsoft.Data.SqlClient.SqlException (0x80131904): Invalid object name 'dbo.Customers'.",
    ),
    Sign(
        "sqlserver-missing",
        Weight.STRONG,
        (
            "because it does not exist or you do not have permission",
            "is not a constraint.",
            "could not drop constraint",
        ),
        source="learn.microsoft.com sql errors 3701, 4902, 1088, 3728, 3727",
        example="Cannot drop the table 'LegacyOrders', because it does not exist or you do not have permission.",
    ),
    Sign(
        "sqlserver-drop-column",
        Weight.DECISIVE,
        "drop column failed because column",
        source="learn.microsoft.com sql error 4924",
        example="ALTER TABLE DROP COLUMN failed because column 'Fax' does not exist in table 'Customers'.",
    ),
    Sign(
        "oracle-objects",
        Weight.DECISIVE,
        "ora-0",
        r"ora-0(?:0955|0942|1430|0904|1408|2443|2275|2261|2260|1418|2289|4043|4080|2264)",
        source="docs.oracle.com error messages",
        example="ORA-00955: name is already used by an existing object",
    ),
    Sign(
        "sqlite-missing",
        Weight.DECISIVE,
        ("no such table", "no such column", "no such index", "no such view"),
        r"no such (?:table|column|index|view|trigger): ",
        source="sqlite src/build.c, resolve.c",
        example="sqlite3.OperationalError: no such table: accounts_user",
    ),
    Sign(
        "sqlite-exists",
        Weight.DECISIVE,
        "already exists",
        r"\b(?:table|index|view|trigger) [\"'`\[]?\w+[\"'`\]]? " + _EXISTS,
        unless=_NOTE,
        source="sqlite src/build.c",
        example="SqliteError: table users already exists",
    ),
    Sign(
        "clickhouse-objects",
        Weight.DECISIVE,
        ("db::exception", "clickhouse"),
        r"\bcode: (?:57|60|47|16|15|44|10|122)\b|unknown_table|table_already_exists|no_such_column_in_table"
        r"|unknown_identifier"
        r"|db::exception: (?:table|column|dictionary|index) \S{1,200} (?:already exists|doesn't exist|does not exist)"
        r"|db::exception: (?:missing columns: |there is no column |there's no column |wrong column name"
        r"|unknown table expression identifier|unknown expression identifier)",
        source="ClickHouse/ClickHouse src/Common/ErrorCodes.cpp",
        example="Code: 57. DB::Exception: Table shop.events already exists. (TABLE_ALREADY_EXISTS)",
    ),
    Sign(
        "bigquery-objects",
        Weight.STRONG,
        ("not found: table", "already exists: table", "already exists: dataset", "not found: dataset"),
        source="cloud.google.com/bigquery error messages",
        example="google.api_core.exceptions.NotFound: 404 Not found: Table shop:dw.events was not found in location US",
    ),
    Sign(
        "spanner-objects",
        Weight.STRONG,
        ("duplicate name in schema", "table not found: ", "duplicate column name ", "column not found in table"),
        source="GoogleCloudPlatform/cloud-spanner-emulator common/errors.cc",
        example="Duplicate name in schema: Singers.",
    ),
    Sign(
        "snowflake-objects",
        Weight.STRONG,
        ("does not exist or not authorized", "sql compilation error"),
        r"object '.{1,120}' (?:already exists|does not exist or not authorized)",
        source="docs.snowflake.com error codes 002002, 002003",
        example="SQL compilation error: Object 'SHOP.PUBLIC.ORDERS' does not exist or not authorized.",
    ),
    Sign(
        "mongodb-objects",
        Weight.STRONG,
        (
            "collection already exists",
            "namespaceexists",
            "ns not found",
            "index not found with name",
            "equivalent index already exists",
            "index already exists with a different name",
            "existing index has the same name as the requested index",
            "indexoptionsconflict",
            "indexkeyspecsconflict",
            "source namespace does not exist",
        ),
        r"(?<!\w)ns not found|collection already exists|namespaceexists|index not found with name"
        r"|index already exists with a"
        r"|equivalent index already exists|index has the same name as|index(?:options|keyspecs)conflict"
        r"|source namespace does",
        source="mongodb src/mongo/db/catalog; error_codes.yml",
        example="MongoServerError: Index already exists with a different name: email_1",
    ),
    Sign(
        "cassandra-objects",
        Weight.STRONG,
        ("cannot add already existing", "unconfigured table"),
        source="apache/cassandra cql3/statements/schema",
        example='InvalidRequest: Cannot add already existing table "events" to keyspace "shop"',
    ),
    Sign(
        "search-index",
        Weight.STRONG,
        ("resource_already_exists_exception", "index_not_found_exception"),
        source="elastic/elasticsearch server/src/main/java/org/elasticsearch",
        example="resource_already_exists_exception: index [orders-v2/9x] already exists",
    ),
)
