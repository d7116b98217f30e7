"""How the other servers refuse a statement of a migration: MySQL and MariaDB, SQL Server, SQLite, Oracle, and more."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

_RECORDS = (
    r"schema_migrations|sequelize_?meta|knex_migrations|_prisma_migrations|flyway_schema_history|databasechangelog"
)

SIGNS_MYSQL: tuple[Sign, ...] = (
    Sign(
        "mysql-syntax",
        Weight.DECISIVE,
        "you have an error in your sql syntax",
        source="mysql share/messages_to_clients.txt ER_SYNTAX_ERROR",
        example="You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version",
    ),
    Sign(
        "mysql-key-too-long",
        Weight.DECISIVE,
        (
            "specified key was too long",
            "index column size too large",
            "row size too large",
            "too many columns",
            "too many keys specified",
        ),
        source="mysql share/messages_to_clients.txt ER_TOO_LONG_KEY, ER_TOO_BIG_ROWSIZE",
        example="Specified key was too long; max key length is 767 bytes",
    ),
    Sign(
        "mysql-identifier",
        Weight.DECISIVE,
        ("identifier name '", "too long; max", "column length too big for column"),
        r"identifier name '.{1,200}' is too long|column length too big for column",
        source="mysql share/messages_to_clients.txt ER_TOO_LONG_IDENT",
        example="Identifier name 'fk_customer_delivery_address_history_customer_delivery_address_id' is too long",
    ),
    Sign(
        "mysql-default",
        Weight.DECISIVE,
        ("invalid default value for", "can't have a default value", "can\\'t have a default value"),
        source="mysql share/messages_to_clients.txt ER_INVALID_DEFAULT, ER_BLOB_CANT_HAVE_DEFAULT",
        example="BLOB, TEXT, GEOMETRY or JSON column 'tags' can't have a default value",
    ),
    Sign(
        "mysql-key-length",
        Weight.DECISIVE,
        (
            "used in key specification without a key length",
            "there can be only one auto column",
            "multiple primary key defined",
            "all parts of a primary key must be not null",
            "incorrect column specifier",
            "incorrect prefix key",
            "incorrect table definition; there can be only one",
        ),
        source="mysql share/messages_to_clients.txt ER_BLOB_KEY_WITHOUT_LENGTH, ER_WRONG_AUTO_KEY",
        example="BLOB/TEXT column 'slug' used in key specification without a key length",
    ),
    Sign(
        "mysql-duplicate-entry",
        Weight.STRONG,
        "duplicate entry",
        r"duplicate entry '.{0,200}' for key",
        unless=_RECORDS,
        source="mysql share/messages_to_clients.txt ER_DUP_ENTRY_WITH_KEY_NAME",
        example="Duplicate entry 'a@b.kr' for key 'users.email'",
    ),
    Sign(
        "mysql-foreign-key-rows",
        Weight.STRONG,
        ("cannot add or update a child row", "cannot delete or update a parent row"),
        source="mysql share/messages_to_clients.txt ER_NO_REFERENCED_ROW_2",
        example="Cannot add or update a child row: a foreign key constraint fails (`shop`.`#sql-1_2`, CONSTRAINT `fk`)",
    ),
    Sign(
        "mysql-foreign-key-form",
        Weight.DECISIVE,
        (
            "cannot add foreign key constraint",
            "foreign key constraint is incorrectly formed",
            "errno: 150",
            "missing index for constraint",
            "missing unique key for constraint",
        ),
        source="mysql share/messages_to_clients.txt ER_CANNOT_ADD_FOREIGN; mariadb errno 150",
        example="ERROR 1215 (HY000): Cannot add foreign key constraint",
    ),
    Sign(
        "mysql-foreign-key-types",
        Weight.DECISIVE,
        "in foreign key constraint",
        r"referencing column .{1,80} and referenced column .{1,80} in foreign key constraint .{1,80} are incompatible",
        source="mysql share/messages_to_clients.txt ER_FK_INCOMPATIBLE_COLUMNS",
        example="Referencing column 'user_id' and referenced column 'id' in foreign key constraint 'fk_user' are"
        " incompatible.",
    ),
    Sign(
        "mysql-needed-by-key",
        Weight.DECISIVE,
        (
            "needed in a foreign key constraint",
            "used in a foreign key constraint",
            "referenced by a foreign key constraint",
        ),
        source="mysql share/messages_to_clients.txt ER_DROP_INDEX_FK, ER_FK_COLUMN_CANNOT_DROP",
        example="Cannot drop index 'idx_user': needed in a foreign key constraint",
    ),
    Sign(
        "mysql-data",
        Weight.STRONG,
        (
            "data truncated for column",
            "data too long for column",
            "out of range value for column",
            "invalid use of null value",
        ),
        source="mysql share/messages_to_clients.txt WARN_DATA_TRUNCATED, ER_DATA_TOO_LONG",
        example="Data truncated for column 'status' at row 1",
    ),
    Sign(
        "mysql-incorrect-value",
        Weight.STRONG,
        "incorrect",
        r"incorrect \S+ value: '.{0,200}' for column|incorrect (?:datetime|integer|string|decimal) value: '",
        source="mysql share/messages_to_clients.txt ER_TRUNCATED_WRONG_VALUE",
        example="Incorrect datetime value: '0000-00-00 00:00:00' for column 'created_at' at row 1",
    ),
    Sign(
        "mysql-required",
        Weight.STRONG,
        ("doesn't have a default value", "doesn\\'t have a default value", "cannot be null"),
        r"field '.{1,80}' doesn\\?'t have a default value|column '.{1,80}' cannot be null",
        source="mysql share/messages_to_clients.txt ER_NO_DEFAULT_FOR_FIELD, ER_BAD_NULL_ERROR",
        example="Field 'tenant_id' doesn't have a default value",
    ),
    Sign(
        "mysql-collation",
        Weight.DECISIVE,
        ("unknown collation:", "unknown character set:", "illegal mix of collations", "is not valid for character set"),
        source="mysql share/messages_to_clients.txt ER_UNKNOWN_COLLATION",
        example="ERROR 1273 (HY000) at line 25: Unknown collation: 'utf8mb4_0900_ai_ci'",
    ),
    Sign(
        "mysql-unsupported",
        Weight.DECISIVE,
        (
            "is not supported for this operation",
            "is not supported. reason:",
            "this version of mysql doesn't yet support",
            "this version of mariadb doesn't yet support",
            "unknown system variable",
            "unknown storage engine",
            "used command is not allowed with this",
            "in its declaration and binary logging is enabled",
            "without a primary key, when the system variable",
            "incompatible with sql_mode=only_full_group_by",
        ),
        source="mysql share/messages_to_clients.txt ER_ALTER_OPERATION_NOT_SUPPORTED_REASON",
        example="ALGORITHM=INSTANT is not supported. Reason: Need to rebuild the table to change column type.",
    ),
    Sign(
        "mysql-check",
        Weight.STRONG,
        ("check constraint '", "column count doesn't match value count", "constraint `"),
        r"check constraint '.{1,80}' is violated|column count doesn\\?'t match value count"
        r"|constraint `.{1,120}` failed for",
        source="mysql share/messages_to_clients.txt ER_CHECK_CONSTRAINT_VIOLATED; mariadb ER_CONSTRAINT_FAILED",
        example="Check constraint 'price_positive' is violated.",
    ),
    Sign(
        "mysql-symbols",
        Weight.DECISIVE,
        (
            "er_parse_error",
            "er_too_long_key",
            "er_cannot_add_foreign",
            "er_invalid_default",
            "er_fk_incompatible_columns",
            "er_drop_index_fk",
            "warn_data_truncated",
            "er_blob_key_without_length",
        ),
        source="mysqljs/mysql lib/protocol/constants/errors.js",
        example="code: 'ER_PARSE_ERROR', errno: 1064,",
    ),
    Sign(
        "mysql-symbols-rows",
        Weight.STRONG,
        (
            "er_dup_entry",
            "er_no_referenced_row",
            "er_row_is_referenced",
            "er_bad_null_error",
            "er_data_too_long",
            "er_no_default_for_field",
        ),
        unless=_RECORDS,
        source="mysqljs/mysql lib/protocol/constants/errors.js",
        example="code: 'ER_DUP_ENTRY', errno: 1062,",
    ),
)

SIGNS_OTHERS: tuple[Sign, ...] = (
    Sign(
        "sqlserver-syntax",
        Weight.DECISIVE,
        (
            "incorrect syntax near",
            "must be the first statement in a query batch",
            "must be the only statement in the batch",
        ),
        source="learn.microsoft.com sql errors 102, 111",
        example="Incorrect syntax near the keyword 'TABLE'.",
    ),
    Sign(
        "sqlserver-not-null",
        Weight.DECISIVE,
        (
            "alter table only allows columns to be added that can contain nulls",
            "cannot define primary key constraint on nullable column",
            "cannot insert the value null into column",
        ),
        source="learn.microsoft.com sql errors 4901, 8111, 515",
        example="Cannot insert the value NULL into column 'TenantId', table 'shop.dbo.Orders'; column does not allow"
        " nulls.",
    ),
    Sign(
        "sqlserver-conflict",
        Weight.DECISIVE,
        ("statement conflicted with the", "create unique index statement terminated because a duplicate key"),
        r"the (?:alter table|insert|update|delete|merge) statement conflicted with the"
        r"|unique index statement terminated",
        source="learn.microsoft.com sql errors 547, 1505",
        example='The ALTER TABLE statement conflicted with the FOREIGN KEY constraint "FK_Orders_Users".',
    ),
    Sign(
        "sqlserver-duplicate",
        Weight.STRONG,
        (
            "violation of unique key constraint",
            "violation of primary key constraint",
            "cannot insert duplicate key row in object",
        ),
        source="learn.microsoft.com sql errors 2627, 2601",
        example="Violation of UNIQUE KEY constraint 'UQ_Users_Email'. Cannot insert duplicate key in object"
        " 'dbo.Users'.",
    ),
    Sign(
        "sqlserver-data",
        Weight.STRONG,
        (
            "string or binary data would be truncated",
            "conversion failed when converting",
            "error converting data type",
            "arithmetic overflow error",
        ),
        source="learn.microsoft.com sql errors 8152, 245, 8114, 8115",
        example="Conversion failed when converting the nvarchar value 'n/a' to data type int.",
    ),
    Sign(
        "sqlserver-dependents",
        Weight.DECISIVE,
        (
            "is dependent on column",
            "because one or more objects access this column",
            "because it is referenced by a foreign key constraint",
            "may cause cycles or multiple cascade paths",
            "is of a type that is invalid for use as a key column",
        ),
        source="learn.microsoft.com sql errors 5074, 4922, 3726, 1785",
        example="Introducing FOREIGN KEY constraint 'FK_A_B' on table 'A' may cause cycles or multiple cascade paths.",
    ),
    Sign(
        "sqlserver-transaction",
        Weight.DECISIVE,
        (
            "not allowed within a multi-statement transaction",
            "not allowed within multi-statement transaction",
            "cannot be used inside a user transaction",
        ),
        source="learn.microsoft.com sql errors 226, 574",
        example="CREATE FULLTEXT CATALOG statement cannot be used inside a user transaction.",
    ),
    Sign(
        "sqlserver-variables",
        Weight.DECISIVE,
        ("must declare the scalar variable", "an explicit value for the identity column in table"),
        source="learn.microsoft.com sql errors 137, 8101",
        example='Must declare the scalar variable "@id".',
    ),
    Sign(
        "sqlite-syntax",
        Weight.DECISIVE,
        ": syntax error",
        r"near \\?[\"'`].{1,60}: syntax error",
        source="sqlite src/parse.y",
        example='sqlite3.OperationalError: near "DROP": syntax error',
    ),
    Sign(
        "sqlite-constraint",
        Weight.STRONG,
        (
            "not null constraint failed",
            "unique constraint failed",
            "foreign key constraint failed",
            "check constraint failed",
        ),
        source="sqlite src/insert.c, vdbe.c",
        example="SQLITE_CONSTRAINT: NOT NULL constraint failed: users_new.role",
    ),
    Sign(
        "sqlite-alter",
        Weight.DECISIVE,
        (
            "cannot add a not null column with default value null",
            "cannot add a unique column",
            "cannot add a primary key column",
            "cannot add a column with non-constant default",
            "error in view",
            "cannot drop column",
        ),
        r"cannot add a |error in view \S+ after|cannot drop column \\?\"",
        source="sqlite src/alter.c",
        example="Cannot add a NOT NULL column with default value NULL",
    ),
    Sign(
        "oracle-statement",
        Weight.DECISIVE,
        "ora-",
        r"ora-(?:0090[05-8]|0091\d|0092\d|0093\d|01400|01439|01440|01441|01758|02270|02291|02292|02293|02296|02298"
        r"|02299|"
        r"00001|12899|01722|00972|02273|06550|24344)\b",
        source="docs.oracle.com error messages",
        example="ORA-02296: cannot enable (SHOP.) - null values found",
    ),
    Sign(
        "clickhouse-statement",
        Weight.DECISIVE,
        "db::exception",
        r"\bcode: (?:62|36|43|48|70|53|72|344|524)\b|db::exception: syntax error|\((?:syntax_error|bad_arguments"
        r"|not_implemented)\)",
        source="ClickHouse/ClickHouse src/Common/ErrorCodes.cpp",
        example="Code: 62. DB::Exception: Syntax error: failed at position 41 ('ADDD'). (SYNTAX_ERROR)",
    ),
    Sign(
        "warehouse-statement",
        Weight.DECISIVE,
        (
            "syntax error: unexpected",
            "syntax error: expected",
            "unrecognized name:",
            "error parsing spanner ddl statement",
            "syntax error line",
        ),
        r"syntax error: (?:un)?expected .{1,120}|unrecognized name: \S+ at \[\d+:\d+\]|error parsing spanner ddl"
        r"|sql compilation error[\s\S]{0,40}syntax error line",
        unless=r"token .* in json|unexpected token|unexpected end of json|: line \d+: syntax error|\bsh: |\.sh: ",
        source="google/zetasql parser; GoogleCloudPlatform/cloud-spanner-emulator; docs.snowflake.com 001003",
        example="400 Syntax error: Expected end of input but got keyword SELECT at [4:1]",
    ),
    Sign(
        "mongodb-rows",
        Weight.STRONG,
        (
            "e11000 duplicate key error",
            "document failed validation",
            "documentvalidationfailure",
            "add index fails, too many indexes",
        ),
        source="mongodb src/mongo/base/error_codes.yml DuplicateKey, DocumentValidationFailure",
        example="MongoServerError: Index build failed: 41: E11000 duplicate key error collection: shop.users index:"
        " email_1",
    ),
)
