"""How PostgreSQL and its drivers say that an object is already there, or is not there."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

# What IF [NOT] EXISTS prints, and a program that goes on all the same: nothing failed.
_GOES_ON = r",? ?[-(]? ?(?:so )?(?:we )?(?:skip|updat|ignor|using|reus|continu|leav|nothing)"
_EXISTS = rf"already exists(?!{_GOES_ON})"
_MISSING = rf"does not exist(?!{_GOES_ON}| in the current| or not authorized)"
# The name between the kind and the verdict; the words of other systems' objects stop it.
_OTHER_THINGS = r"(?<![\"'`.\\])\b(?:file|directory|bucket|secret|search index)\b|operator class|\n"
_NAME = rf"(?:(?!{_OTHER_THINGS}).){{1,160}}?"

SIGNS_POSTGRES: tuple[Sign, ...] = (
    Sign(
        "relation-exists",
        Weight.DECISIVE,
        "already exists",
        r"\brelation " + _NAME + " " + _EXISTS,
        source="postgres src/backend/catalog/heap.c",
        example='ERROR:  relation "users" already exists',
    ),
    Sign(
        "relation-missing",
        Weight.DECISIVE,
        "does not exist",
        r"\brelation " + _NAME + " " + _MISSING,
        source="postgres src/backend/parser/parse_relation.c",
        example='pq: relation "public.accounts" does not exist',
    ),
    Sign(
        "column-exists",
        Weight.DECISIVE,
        "already exists",
        r"\bcolumn .{1,120}? of relation .{1,120}? " + _EXISTS,
        source="postgres src/backend/commands/tablecmds.c",
        example='error: column "email" of relation "users" already exists',
    ),
    Sign(
        "column-missing",
        Weight.DECISIVE,
        "does not exist",
        r"\bcolumn (?:.{1,200}? )?" + _MISSING,
        source="postgres src/backend/parser/parse_relation.c, commands/tablecmds.c",
        example="psycopg2.errors.UndefinedColumn: column u.locale does not exist",
    ),
    Sign(
        "constraint-exists",
        Weight.DECISIVE,
        "already exists",
        r"\bconstraint .{1,160}? " + _EXISTS,
        source="postgres src/backend/catalog/heap.c",
        example='ERROR:  constraint "fk_orders_user" for relation "orders" already exists',
    ),
    Sign(
        "constraint-missing",
        Weight.DECISIVE,
        "does not exist",
        r"\bconstraint .{1,240}? " + _MISSING,
        source="postgres src/backend/commands/tablecmds.c",
        example='ERROR:  constraint "orders_user_id_fkey" of relation "orders" does not exist',
    ),
    Sign(
        "object-exists",
        Weight.DECISIVE,
        "already exists",
        r"\b(?:type|schema|sequence|index|view|trigger|function|procedure|rule|policy|extension|publication|domain|"
        r"collation|aggregate|operator|server|enum label|event trigger|statistics object|materialized view) "
        r"(?!named)" + _NAME + " " + _EXISTS,
        source="postgres src/backend/catalog, commands",
        example='PG::DuplicateObject: ERROR:  type "order_status" already exists',
    ),
    Sign(
        "object-missing",
        Weight.DECISIVE,
        "does not exist",
        r"\b(?:type|schema|sequence|index|view|trigger|policy|publication|domain|table|materialized view|"
        r"statistics object|rule|aggregate) (?=[\"'`\\\w«„])" + _NAME + " " + _MISSING,
        source="postgres src/backend/catalog/namespace.c, commands/dropcmds.c",
        example='ERROR:  index "idx_orders_created" does not exist',
    ),
    Sign(
        "function-missing",
        Weight.STRONG,
        "does not exist",
        r"\bfunction [\w.\"\\]+\(.{0,200}?\) " + _MISSING,
        source="postgres src/backend/parser/parse_func.c",
        example="ERROR:  function uuid_generate_v4() does not exist",
    ),
    Sign(
        "role-missing",
        Weight.MODERATE,
        "does not exist",
        r"\berror:\s+role .{1,80}? " + _MISSING,
        unless=r"\bfatal\b",
        source="postgres src/backend/utils/adt/acl.c",
        example='ERROR:  role "app_readonly" does not exist',
    ),
    Sign(
        "condition-names",
        Weight.DECISIVE,
        (
            "duplicate_table",
            "undefined_table",
            "duplicate_column",
            "undefined_column",
            "duplicate_object",
            "duplicate_schema",
            "invalid_schema_name",
        ),
        unless=r"no schema has been selected",
        source="elixir-ecto/postgrex errcodes; postgres errcodes.txt",
        example='** (Postgrex.Error) ERROR 42P07 (duplicate_table) relation "orders" already exists',
    ),
    Sign(
        "driver-classes",
        Weight.DECISIVE,
        (
            "duplicatetable",
            "undefinedtable",
            "duplicatecolumn",
            "undefinedcolumn",
            "duplicateobject",
            "undefinedobject",
            "duplicateschema",
            "invalidschemaname",
            "duplicatefunction",
        ),
        r"\b(?:duplicate|undefined)(?:table|column|object|schema|function)\b"
        r"|\b(?:duplicate|undefined)(?:table|column|object|schema)error|invalidschemaname",
        unless=r"unrecognized configuration parameter|no schema has been selected",
        source="psycopg/psycopg errors.py; MagicStack/asyncpg exceptions; ged/ruby-pg error classes",
        example='django.db.utils.ProgrammingError: psycopg2.errors.UndefinedTable: relation "x" ...',
    ),
    Sign(
        "catalogue-race",
        Weight.MODERATE,
        ("pg_type_typname_nsp_index", "pg_class_relname_nsp_index", "pg_namespace_nspname_index"),
        source="postgres unique indexes of the catalogue",
        example='duplicate key value violates unique constraint "pg_type_typname_nsp_index"',
    ),
    Sign(
        "localised",
        Weight.DECISIVE,
        (
            "이름의 릴레이션(relation)이",
            "existiert bereits",
            "existiert nicht",
            "existe déjà",
            "n'existe pas",
            "ya existe",
            "no existe la relación",
            "já existe",
            "не существует",
            "уже существует",
            "已经存在",
            "不存在",
            "は存在しません",
            "はすでに存在します",
        ),
        r"릴레이션\(relation\)이 (?:이미 )?(?:있습니다|없습니다)|\b(?:relation|spalte|typ|schema) .{1,80} existiert"
        r"|(?:relation|colonne|type|contrainte) .{1,80} (?:existe déjà|n'existe pas)|relaci[oó]n .{1,80} ya existe"
        r"|no existe la (?:relaci[oó]n|columna)|(?:rela[cç][aã]o|coluna) .{1,80} (?:já|não) existe"
        r"|(?:отношение|столбец|тип) .{1,80} существует|关系 ?.{1,80}(?:已经存在|不存在)|リレーション.{1,80}存在",
        source="postgres src/backend/po/*.po",
        example='오류:  "users" 이름의 릴레이션(relation)이 이미 있습니다',
    ),
)
