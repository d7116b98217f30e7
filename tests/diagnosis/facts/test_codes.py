"""Error codes in the shapes of many drivers, and numbers and words that are none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.facts.code_shapes import HINT_PATTERNS, SHAPES
from opsctl.diagnosis.facts.codes import MOST_AT_EACH_END, find_codes
from opsctl.diagnosis.facts.model import Level, Message, Origin, Pointer

WHERE = Pointer("logs", "/entries/0")


def message(text: str, position: int = 0, level: Level = Level.DEFAULT) -> Message:
    return Message(position, text, None, Origin.STDERR, level, 0, 0, WHERE)


def codes(text: str) -> set[str]:
    return {f"{code.system}:{code.code}" for code in find_codes([message(text)])}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # PostgreSQL
        ("  code: '42P07',", "sqlstate:42P07"),
        ("error: relation exists {\n  code: '23505',\n  detail: 'x'", "sqlstate:23505"),
        ('{"code":"28P01","severity":"FATAL"}', "sqlstate:28P01"),
        ("code: 28P01", "sqlstate:28P01"),  # a flattened structured line
        ("code: 23505", "sqlstate:23505"),
        ("Raw query failed. Code: `42P01`. Message: `relation does not exist`", "sqlstate:42P01"),
        ("Database error code: 42P07\n\nDatabase error:\nERROR: relation exists", "sqlstate:42P07"),
        ('DbError { severity: "ERROR", code: SqlState(E42P07), message: "x" }', "sqlstate:42P07"),
        ('PgDatabaseError { severity: Error, code: "42P01", message: "x" }', "sqlstate:42P01"),
        ('ERROR: relation "a" already exists (SQLSTATE 42P07)', "sqlstate:42P07"),
        ("failed to connect: server error (FATAL: password (SQLSTATE 28P01))", "sqlstate:28P01"),
        ('error: migration failed (details: pq: relation "a" already exists (42P07))', "sqlstate:42P07"),
        ('pq: column "x" does not exist at column 8 (42703)', "sqlstate:42703"),
        ("psycopg2.errors.UndefinedTable: relation does not exist", "sqlstate:42P01"),
        ("sqlalchemy.exc.ProgrammingError: (psycopg.errors.DuplicateTable) relation", "sqlstate:42P07"),
        ("psycopg.errors.LockNotAvailable: canceling statement due to lock timeout", "sqlstate:55P03"),
        ("PG::UndefinedColumn: ERROR:  column does not exist", "sqlstate:42703"),
        ("asyncpg.exceptions.InvalidPasswordError: password authentication failed", "sqlstate:28P01"),
        ("<class 'asyncpg.exceptions.PostgresSyntaxError'>: syntax error", "sqlstate:42601"),
        ("** (Postgrex.Error) ERROR 42P07 (duplicate_table) relation exists", "sqlstate:42P07"),
        ("Npgsql.PostgresException (0x80004005): 42P07: relation exists", "sqlstate:42P07"),
        ("   at X.Y()\n42P07: relation \"a\" already exists", "sqlstate:42P07"),
        ("psql:/a.sql:1: ERROR:  42P07: relation exists", "sqlstate:42P07"),
        ("SQLSTATE[42P07]: Duplicate table: 7 ERROR:  relation exists", "sqlstate:42P07"),
        ("SQLSTATE[08006] [7] connection to server failed", "sqlstate:08006"),
        ("SQL State  : 42601\nError Code : 0", "sqlstate:42601"),
        ("WARN SqlExceptionHelper : SQL Error: 0, SQLState: 42P01", "sqlstate:42P01"),
        ("SQL state [42P01]; error code [0]; ERROR: relation", "sqlstate:42P01"),
        ("PostgresqlBadGrammarException: [42P01] relation does not exist", "sqlstate:42P01"),
        ("pgcode='53300'", "sqlstate:53300"),
        ('ErrorResponse { "sqlState": "57P03" }', "sqlstate:57P03"),
        ("org.postgresql.util.PSQLException: FATAL: x, SQLState = [3D000]", "sqlstate:3D000"),
        ("    SqlState: 42P07", "sqlstate:42P07"),
        # MySQL
        ("ERROR 1045 (28000): Access denied for user", "mysql:1045 sqlstate:28000"),
        ("ERROR 1050 (42S01) at line 3: Table 'a' already exists", "mysql:1050 sqlstate:42S01"),
        ("Error 1045 (28000): Access denied for user", "mysql:1045 sqlstate:28000"),
        ("Error 1146: Table 'a.b' doesn't exist", "mysql:1146"),
        ("Server error: `ERROR 42S02 (1146): Table 'a' doesn't exist'", "mysql:1146 sqlstate:42S02"),
        ("error returned from database: 1050 (42S01): Table 'a' already exists", "mysql:1050 sqlstate:42S01"),
        ('pymysql.err.OperationalError: (2003, "Can\'t connect to MySQL server")', "mysql:2003"),
        ("sqlalchemy.exc.ProgrammingError: (pymysql.err.ProgrammingError) (1146, \"Table\")", "mysql:1146"),
        ("django.db.utils.OperationalError: (1049, \"Unknown database 'a'\")", "mysql:1049"),
        ("MySQLdb.OperationalError: (2006, 'Server has gone away')", "mysql:2006"),
        ("mysql.connector.errors.ProgrammingError: 1146 (42S02): Table 'a'", "mysql:1146 sqlstate:42S02"),
        ("mysql.connector.errors.DatabaseError: 2003: Can't connect to MySQL server", "mysql:2003"),
        ("  errno: 1146,\n  sqlState: '42S02',", "mysql:1146 sqlstate:42S02"),
        ("code: 'ER_NO_SUCH_TABLE',\n  errno: 1146,", "mysql:1146 node:ER_NO_SUCH_TABLE"),
        ("SqlError: (conn=64, no: 1045, SQLState: 28000) Access denied", "mysql:1045 sqlstate:28000"),
        ("SQLSTATE[42S01]: Base table or view already exists: 1050 Table", "mysql:1050 sqlstate:42S01"),
        ("SQLSTATE[HY000] [2002] Connection refused", "mysql:2002 sqlstate:HY000"),
        ("SQLSTATE[HY000]: General error: 1205 Lock wait timeout", "mysql:1205 sqlstate:HY000"),
        ("SQL State  : 42S01\nError Code : 1050\nMessage    : Table", "mysql:1050 sqlstate:42S01"),
        ("WARNING: DB: does not exist (SQL State: 42000 - Error Code: 1305)", "mysql:1305 sqlstate:42000"),
        ("SQL Error: 1146, SQLState: 42S02", "mysql:1146 sqlstate:42S02"),
        ("SQL state [42S02]; error code [1146]; Table", "mysql:1146 sqlstate:42S02"),
        ("Error Code: 1146. Table 'a' doesn't exist", "mysql:1146"),
        ("    Server Error Code: 1050\n    SqlState: 42S01", "mysql:1050 sqlstate:42S01"),
        ("Database error code: 1050\n\nDatabase error:\nTable 'a' already exists", "mysql:1050"),
        ("(MyXQL.Error) (1050) (ER_TABLE_EXISTS_ERROR) Table", "mysql:1050 node:ER_TABLE_EXISTS_ERROR"),
        # SQL Server
        ("Error Number:2714,State:6,Class:16", "mssql:2714"),
        ("Msg 208, Level 16, State 1, Server x, Line 1", "mssql:208"),
        ("('28000', \"[28000] [Microsoft][ODBC Driver 17 for SQL Server][SQL Server]Login failed. (18456) (SQLDriver"
         "Connect)\")", "mssql:18456"),
        ("pyodbc.InterfaceError: ('28000', \"[28000] [Microsoft][ODBC Driver 17 for SQL Server][SQL Server]Login. "
         "(18456) (SQLDriverConnect)\")", "mssql:18456 sqlstate:28000"),
        ("[SQL Server]Cannot convert varchar(255) (8114) (SQLExecDirectW)", "mssql:8114"),
        ("pymssql._pymssql.OperationalError: (18456, b\"Login failed.DB-Lib error message 20018", "mssql:18456"),
        ("OperationalError: (2714, \"exists.DB-Lib error message 20018, severity 16", "mssql:2714"),
        ("  code: 'EREQUEST',\n  number: 2714,\n  state: 6,\n  class: 16,", "mssql:2714 node:EREQUEST"),
        ("    number: 15151,\n    lineNumber: 11,\n    state: 1,\n    class: 16,", "mssql:15151"),
        ("SQL Error: 208, SQLState: S0002", "mssql:208 sqlstate:S0002"),
        ("** (Tds.Error) Line 1 (Error 208): Invalid object name", "mssql:208"),
        # Oracle
        ("ORA-00942: table or view does not exist", "oracle:00942"),
        ("ORA-01017: invalid username\nSQL State  : 72000\nError Code : 1017", "oracle:01017 sqlstate:72000"),
        # Prisma
        ("Error: P1001: Can't reach database server", "prisma:P1001"),
        ("Error: P3009\n\nmigrate found failed migrations", "prisma:P3009"),
        ("  code: 'P2021',\n  clientVersion: '5.0.0'", "prisma:P2021"),
        ('"errorCode":"P1012"', "prisma:P1012"),
        # Node, POSIX
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", "node:ECONNREFUSED"),
        ("getaddrinfo EAI_AGAIN db", "node:EAI_AGAIN"),
        ("Error [ERR_REQUIRE_ESM]: require() of ES Module", "node:ERR_REQUIRE_ESM"),
        ("  code: 'MODULE_NOT_FOUND',", "node:MODULE_NOT_FOUND"),
        ("Error: self-signed certificate { code: 'SELF_SIGNED_CERT_IN_CHAIN' }", "node:SELF_SIGNED_CERT_IN_CHAIN"),
        ("Errno::ECONNREFUSED: Connection refused - connect(2)", "node:ECONNREFUSED"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/app/a'", "node:ENOENT"),
        ("OSError: [Errno 28] No space left on device", "node:ENOSPC"),
        ("socket.gaierror: [Errno -2] Name or service not known", "node:ENOTFOUND"),
        ("npm error code ENOENT", "node:ENOENT"),
        ("Error: ER_ACCESS_DENIED_ERROR: Access denied", "node:ER_ACCESS_DENIED_ERROR"),
        # gRPC
        ("rpc error: code = PermissionDenied desc = no", "grpc:PERMISSION_DENIED"),
        ("rpc error: code = Canceled desc = no", "grpc:CANCELLED"),
        ("io.grpc.StatusRuntimeException: UNAVAILABLE: io exception", "grpc:UNAVAILABLE"),
        ("Error: 7 PERMISSION_DENIED: Missing permissions", "grpc:PERMISSION_DENIED"),
        ("Error: 5 NOT_FOUND: Secret not found", "grpc:NOT_FOUND"),
        ("\tstatus = StatusCode.RESOURCE_EXHAUSTED", "grpc:RESOURCE_EXHAUSTED"),
        ('"status": "PERMISSION_DENIED"', "grpc:PERMISSION_DENIED"),
        # HTTP
        ("googleapi: Error 403: The client is not authorized", "http:403"),
        ("Request failed with status code 401", "http:401"),
        ("urllib.error.HTTPError: HTTP Error 404: Not Found", "http:404"),
        ("google.api_core.exceptions.Forbidden: 403 POST https://x.googleapis.com/y: denied", "http:403"),
        ("requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url", "http:503"),
        ("GoogleJsonResponseException: 403 Forbidden", "http:403"),
        ("  status: 429,", "http:429"),
        ('"statusCode":500', "http:500"),
        ("HTTP/1.1 403 Forbidden", "http:403"),
        ("received unexpected HTTP status: 503 Service Unavailable", "http:503"),
        ("  code: 403,\n  errors: [", "http:403"),
    ],
)  # fmt: skip
def test_codes_as_drivers_print_them(text: str, expected: str) -> None:
    assert codes(text) == set(expected.split())


@pytest.mark.parametrize(
    "text",
    [
        "ERROR: something failed",
        "EVENT EMPTY ELEMENT ENTRY EXPECTED EXISTS EXTRA",
        "HELLO: WORLD WORLD",
        "Error: 12345 rows were not copied",
        "error code 7",
        "exit code: 22001",
        "exit code 137",
        "process exited with code: 403",
        "exited with status 404",
        "exit status 500",
        "status 200",
        "HTTP status 200 OK",
        "status: 500ms",
        "status 404 bytes",
        'GET /orders/404 HTTP/1.1" 200 512',
        '10.0.0.1 - - "GET /?code=403 HTTP/1.1" 404 12',
        "https://pris.ly/P1001/x",
        "sha256:0aP1001ff P1001ff 0P1001 fileP2002.txt",
        "digest P1001-x and /P2002 and P9999 and P1999.5",
        "port 5432, year 2026, code: 12345",
        "code: 20260",
        "zip code: 10115",
        "listening on 3306: ready",
        "Error: listen on port 3306: busy",
        "ENODE=1 ESLINT ECMASCRIPT",
        "export ERR_LOG=/tmp/x ER_HOME=/y",
        "errno.ENOENT is handled",
        "pymongo.errors.ConnectionFailure: no server",
        "KeyError: (1045, 'x')",
        "ValueError: (2024, 'year')",
        "errno: 104",
        "at 10:00:00: job",
        "12345: line",
        "2 INTERNALS: x",
        "node:internal/process/task_queues:95",
        "ABORTED the build",
        "SQLSTATE is five characters",
        "SQL State: unknown",
        "Error 404 lines were skipped",
        "version 5.403.1 status",
        "Took 500 GET requests",
        "see ORA-1 and ORACLE-00942",
        "SQLSTATE[42P07]: Duplicate table: 7 ERROR: x: 2024 rows"[:16].replace("42P07", "xxxxx"),
        "",
    ],
)
def test_what_is_no_code(text: str) -> None:
    assert codes(text) == set()


def test_a_code_is_given_once_a_message() -> None:
    assert codes("code: '42P07'\ncode: '42P07'\nSQLSTATE 42P07") == {"sqlstate:42P07"}
    assert len(list(find_codes([message("code: '42P07'\ncode: '42P07'")]))) == 1


def test_debug_lines_are_left_out() -> None:
    assert not list(find_codes([message("code: '42P07'", level=Level.DEBUG)]))


def test_codes_are_found_among_many_lines_in_order() -> None:
    lines = [f"2026-01-01 INFO row {n} copied, status 200" for n in range(30_000)]
    lines[7] = "Error: connect ECONNREFUSED 10.0.0.3:5432"
    lines[29_999] = "오류 코드: SQLSTATE[42P07] 관계가 이미 있습니다"
    found = list(find_codes(message(text, n) for n, text in enumerate(lines)))
    assert [(code.code, code.message.position) for code in found] == [("ECONNREFUSED", 7), ("42P07", 29_999)]


def test_of_a_code_in_thousands_of_lines_begin_and_end_are_kept() -> None:
    lines = ["Error: connect ECONNREFUSED 10.0.0.3:4317"] * 3_000
    lines[1_500] = "Error: P1000: Authentication failed"
    found = list(find_codes(message(text, n) for n, text in enumerate(lines)))
    positions = [code.message.position for code in found if code.code == "ECONNREFUSED"]
    assert positions == [*range(MOST_AT_EACH_END), *range(3_000 - MOST_AT_EACH_END, 3_000)]
    assert [code.message.position for code in found if code.code == "P1000"] == [1_500]


def test_every_hint_is_known() -> None:
    for shape in SHAPES:
        assert shape.hints
        for hint in shape.hints:
            assert hint in HINT_PATTERNS or (hint == hint.lower() and "<" not in hint), hint


def test_every_shape_has_one_code() -> None:
    assert {shape.pattern for shape in SHAPES if re.compile(shape.pattern).groups != 1} == set()


@given(st.lists(st.text(max_size=300), max_size=8))
def test_any_text_is_read(texts: list[str]) -> None:
    found = list(find_codes(message(text, n) for n, text in enumerate(texts)))
    assert [code.message.position for code in found] == sorted(code.message.position for code in found)


@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=40).filter(lambda text: "ORA-" not in text),
    st.text(alphabet=" \n가é🙂", max_size=20),
)
def test_what_stands_in_other_messages_changes_nothing(before: str, after: str) -> None:
    """Messages are searched together; places must not shift when they hold characters of several bytes."""
    texts = [before, "Error: connect ECONNREFUSED 10.0.0.3", after, "SQLSTATE[28P01]", "42P07: relation exists"]
    found = [(c.code, c.message.position) for c in find_codes(message(t, n) for n, t in enumerate(texts))]
    assert [pair for pair in found if pair[1] in (1, 3, 4)] == [("ECONNREFUSED", 1), ("28P01", 3), ("42P07", 4)]


@pytest.mark.parametrize("unit", ["error ", "code: ", "[SQL Server]", "pq: x (", "number: 12, ", "SQL State ", "1(2,"])
def test_a_long_line_is_quick(unit: str) -> None:
    assert codes(unit * (60_000 // len(unit))) == set()
