"""How migration tools and ORMs say that the schema is not what they take it for."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_TOOLS: tuple[Sign, ...] = (
    Sign(
        "prisma-missing",
        Weight.DECISIVE,
        "does not exist in the current database",
        source="prisma/prisma-engines libs/user-facing-errors query_engine.rs P2021, P2022",
        example="The table `public.User` does not exist in the current database.",
    ),
    Sign(
        "prisma-drift",
        Weight.DECISIVE,
        ("drift detected: your database schema is not in sync", "drift detected"),
        r"drift detected: your database schema is not in sync|schema drift detected",
        source="prisma/prisma packages/migrate MigrateDev.ts",
        example="Drift detected: Your database schema is not in sync with your migration history.",
    ),
    Sign(
        "sequelize-describe",
        Weight.DECISIVE,
        "no description found for",
        r"no description found for .{1,80} table\. check the table name",
        source="sequelize/sequelize dialects/abstract/query-interface.js",
        example='Error: No description found for "users" table. Check the table name and schema; remember, they _are_'
        " case sensitive.",
    ),
    Sign(
        "sequelize-constraint",
        Weight.STRONG,
        "unknownconstrainterror",
        source="sequelize/sequelize errors/database/unknown-constraint-error.js",
        example="SequelizeUnknownConstraintError: Constraint users_email_key does not exist",
    ),
    Sign(
        "typeorm-not-found",
        Weight.DECISIVE,
        ("was not found in table", "was not found in the"),
        r"(?:supplied|column|index|foreign key|constraint) .{0,80}was not found in (?:the )?[\"'`]?table\b"
        r"|column .{1,80} was not found in the .{1,80} table",
        source="typeorm/typeorm src/driver/*/*QueryRunner.ts",
        example="TypeORMError: Supplied foreign key was not found in table orders",
    ),
    Sign(
        "typeorm-table",
        Weight.DECISIVE,
        "does not exist.",
        r"(?:typeormerror|^error): (?:table|view) \S+ does not exist\.",
        source="typeorm/typeorm src/query-runner/BaseQueryRunner.ts",
        example='Error: Table "order_items" does not exist.',
    ),
    Sign(
        "hibernate-validation",
        Weight.DECISIVE,
        ("schema-validation: missing", "schema-validation: wrong column type", "schemamanagementexception"),
        source="hibernate/hibernate-orm tool/schema/internal/AbstractSchemaValidator.java",
        example="org.hibernate.tool.schema.spi.SchemaManagementException: Schema-validation: missing table [orders]",
    ),
    Sign(
        "django-constraints",
        Weight.DECISIVE,
        "found wrong number (",
        r"found wrong number \(\d+\) of (?:constraints|indexes|check constraints|unique constraints|foreign key)",
        source="django/django db/backends/base/schema.py",
        example="ValueError: Found wrong number (0) of constraints for accounts_profile(user_id, kind)",
    ),
    Sign(
        "django-initial",
        Weight.MODERATE,
        "--fake-initial",
        source="docs.djangoproject.com migrate --fake-initial",
        example="The tables are there already; did you mean migrate --fake-initial?",
    ),
    Sign(
        "rails-classes",
        Weight.DECISIVE,
        (
            "pg::duplicatetable",
            "pg::undefinedtable",
            "pg::duplicatecolumn",
            "pg::undefinedcolumn",
            "pg::duplicateobject",
            "pg::undefinedobject",
            "pg::duplicateschema",
        ),
        source="ged/ruby-pg ext/errorcodes.def",
        example='PG::DuplicateTable: ERROR:  relation "users" already exists',
    ),
    Sign(
        "rails-schema-statements",
        Weight.DECISIVE,
        ("index name '", "has no foreign key for", "could not find table '", "no indexes found on", "no such column: "),
        r"index name '.{1,100}' on table '.{1,80}' (?:already exists|does not exist)"
        r"|table '.{1,80}' has no (?:foreign key|check constraint|exclusion constraint|unique constraint) for"
        r"|could not find table '|no indexes found on .{1,80} with the options provided|no such column: \w+\.\w+",
        source="rails/rails connection_adapters/abstract/schema_statements.rb",
        example="ArgumentError: Index name 'index_orders_on_user_id' on table 'orders' already exists",
    ),
    Sign(
        "rails-pending",
        Weight.MODERATE,
        "migrations are pending. to resolve this issue, run",
        source="rails/rails active_record/migration.rb",
        example="ActiveRecord::PendingMigrationError: Migrations are pending. To resolve this issue, run:",
    ),
    Sign(
        "sqlalchemy-no-table",
        Weight.DECISIVE,
        "nosuchtableerror",
        source="sqlalchemy/sqlalchemy exc.py",
        example="sqlalchemy.exc.NoSuchTableError: legacy_orders",
    ),
    Sign(
        "alembic-check",
        Weight.STRONG,
        "new upgrade operations detected",
        source="sqlalchemy/alembic command.py check",
        example="FAILED: New upgrade operations detected: [('add_column', None, 'users', ...)]",
    ),
    Sign(
        "liquibase-preconditions",
        Weight.STRONG,
        ("preconditions failed", "preconditions generated an error"),
        r"\b[1-9]\d* preconditions (?:failed|generated an error)",
        source="liquibase/liquibase exception/ValidationFailedException.java",
        example="Validation Failed:\n     1 preconditions failed\n     db.xml : Table public.orders does not exist",
    ),
    Sign(
        "dbal-classes",
        Weight.DECISIVE,
        (
            "tableexistsexception",
            "tablenotfoundexception",
            "invalidfieldnameexception",
            "databaseobjectexistsexception",
            "databaseobjectnotfoundexception",
            "tablealreadyexists",
            "tabledoesnotexist",
            "columndoesnotexist",
        ),
        source="doctrine/dbal Exception; mikro-orm/mikro-orm core/exceptions.ts",
        example="TableExistsException: create table `user` (`id` int) - Table 'user' already exists",
    ),
    Sign(
        "dbal-schema",
        Weight.DECISIVE,
        ("there is no table with name", "there is no column with name", "the table with name", "the column '"),
        r"there is no (?:table|column) with name ['\"]|the table with name '.{1,80}' already exists"
        r"|the column '.{1,80}' on table '.{1,80}' already exists",
        source="doctrine/dbal Schema/Exception",
        example="There is no table with name 'shop.invoices' in the schema.",
    ),
    Sign(
        "hasura-inconsistent",
        Weight.STRONG,
        "no such table/view exists in source",
        source="hasura/graphql-engine server RQL/DDL",
        example='Inconsistent object: no such table/view exists in source: "users"',
    ),
    Sign(
        "atlas-drift",
        Weight.DECISIVE,
        "schema drift",
        r"schema drift (?:was )?detected",
        source="atlasgo.io monitoring drift detection",
        example='Error: schema drift detected on table "users"',
    ),
    Sign(
        "efcore-pending-model",
        Weight.MODERATE,
        "has pending changes. add a new migration",
        source="dotnet/efcore RelationalStrings.resx PendingModelChanges",
        example="The model for context 'ShopContext' has pending changes. Add a new migration before updating the"
        " database.",
    ),
)
