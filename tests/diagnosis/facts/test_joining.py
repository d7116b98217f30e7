"""Errors of many runtimes and tools, one log entry a line, become one message; two errors stay two."""

from __future__ import annotations

from textwrap import dedent

import pytest

from opsctl.diagnosis.facts.joining import LONGEST_GAP_NS, MOST_LINES, Line, join_lines
from opsctl.diagnosis.facts.levels import find_level
from opsctl.diagnosis.facts.model import Level, Message, Origin
from tests.diagnosis.runs import START_NS, facts_of, failed_run, log_entry, to_evidence

MILLISECOND = 1_000_000


def join(text: str) -> list[str]:
    """The messages of the lines of a text, each an entry a millisecond after the one before."""
    lines = dedent(text).strip("\n").split("\n")
    entries = (
        Line(line, START_NS + n * MILLISECOND, Origin.STDERR, find_level("DEFAULT", line), 0, 0, n)
        for n, line in enumerate(lines)
        if line
    )
    return ["\n".join(part.text for part in block) for block in join_lines(entries)]


ONE_ERROR = {
    "python": """
        Traceback (most recent call last):
          File "/app/manage.py", line 22, in <module>
            main()
            ~~~~^^
        ModuleNotFoundError: No module named 'shop'
    """,
    "python-chained": """
        Traceback (most recent call last):
          File "/app/db.py", line 3, in connect
            raise OSError("x")
        OSError: x
         
        The above exception was the direct cause of the following exception:
         
        Traceback (most recent call last):
          File "/app/main.py", line 9, in <module>
            connect()
        app.errors.StartError: cannot start
    """,
    "python-during-handling": """
        Traceback (most recent call last):
          File "/app/db.py", line 3, in connect
        KeyError: 'DATABASE_URL'
         
        During handling of the above exception, another exception occurred:
         
        Traceback (most recent call last):
          File "/app/main.py", line 9, in <module>
        RuntimeError: no database
    """,
    "python-group": """
          + Exception Group Traceback (most recent call last):
          |   File "/app/main.py", line 9, in <module>
          | ExceptionGroup: two tasks failed (2 sub-exceptions)
          +-+---------------- 1 ----------------
            | ValueError: 1
            +---------------- 2 ----------------
            | ValueError: 2
            +------------------------------------
    """,
    "python-logged": """
        ERROR:root:migration failed
        Traceback (most recent call last):
          File "/app/main.py", line 9, in <module>
        ValueError: 1
    """,
    "sqlalchemy": """
        Traceback (most recent call last):
          File "/app/alembic/env.py", line 80, in <module>
        sqlalchemy.exc.ProgrammingError: (psycopg2.errors.DuplicateTable) relation "users" already exists
         
        [SQL: 
        CREATE TABLE users (
        	id SERIAL NOT NULL, 
        	PRIMARY KEY (id)
        )
         
        ]
        (Background on this error at: https://sqlalche.me/e/20/f405)
    """,
    "psycopg": """
        Traceback (most recent call last):
          File "/app/m.py", line 3, in <module>
        psycopg2.errors.UndefinedColumn: column "nme" does not exist
        LINE 1: SELECT nme FROM users
                       ^
        HINT:  Perhaps you meant to reference the column "users.name".
    """,
    "pydantic": """
        Traceback (most recent call last):
          File "/app/settings.py", line 3, in <module>
        pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings
        database_url
          Field required [type=missing, input_value={}, input_type=dict]
            For further information visit https://errors.pydantic.dev/2.7/v/missing
        redis.url
          Field required [type=missing, input_value={}, input_type=dict]
    """,
    "node": """
        node:internal/modules/cjs/loader:1147
          throw err;
          ^
         
        Error: Cannot find module '/app/dist/migrate.js'
            at Module._resolveFilename (node:internal/modules/cjs/loader:1144:15)
            at node:internal/main/run_main_module:28:49 {
          code: 'MODULE_NOT_FOUND',
          requireStack: []
        }
    """,
    "node-require-stack": """
        Error: Cannot find module 'pg'
        Require stack:
        - /app/dist/db.js
        - /app/dist/main.js
            at Module._resolveFilename (node:internal/modules/cjs/loader:1144:15) {
          code: 'MODULE_NOT_FOUND'
        }
    """,
    "node-syntax": """
        /app/dist/main.js:1
        import express from 'express';
        ^^^^^^
         
        SyntaxError: Cannot use import statement outside a module
            at internalCompileFunction (node:internal/vm:73:18)
    """,
    "node-cause": """
        Error: outer
            at main (file:///app/main.js:3:9) {
          [cause]: Error: connect ECONNREFUSED 127.0.0.1:5432
              at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16) {
            errno: -111,
            code: 'ECONNREFUSED'
          }
        }
    """,
    "node-trimmed": """
        Error: it broke
        at Object.<anonymous> (/app/a.js:1:7)
        at async main (/app/b.js:3:1)
        at /app/c.js:9:3
        at new Promise (<anonymous>)
    """,
    "typeorm": """
        Error during migration run:
        QueryFailedError: relation "users" already exists
            at PostgresQueryRunner.query (/app/node_modules/typeorm/driver/postgres/PostgresQueryRunner.js:219:19) {
          query: 'CREATE TABLE "users" ("id" SERIAL NOT NULL)',
          parameters: undefined,
          driverError: error: relation "users" already exists
              at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:283:98) {
            length: 102,
            code: '42P07'
          },
          code: '42P07'
        }
    """,
    "typescript": """
        /app/node_modules/ts-node/src/index.ts:859
            return new TSError(diagnosticText, diagnosticCodes, diagnostics);
                   ^
        TSError: ⨯ Unable to compile TypeScript:
        src/data-source.ts(3,5): error TS2304: Cannot find name 'DataSource'.
         
            at createTSError (/app/node_modules/ts-node/src/index.ts:859:12)
    """,
    "prisma-history": """
        Error: P3009
         
        migrate found failed migrations in the target database, new migrations will not be applied.
        The `20260101_init` migration started at 2026-01-01 00:00:00 UTC failed
    """,
    "prisma-statement": """
        Error: P3018
         
        A migration failed to apply. New migrations cannot be applied before the error is recovered from.
         
        Migration name: 20260101_init
         
        Database error code: 42P07
         
        Database error:
        ERROR: relation "users" already exists
         
        DbError { severity: "ERROR", parsed_severity: Some(Error), code: SqlState(E42P07), message: "x" }
    """,
    "prisma-client": """
        PrismaClientInitializationError: 
        Invalid `prisma.user.findMany()` invocation:
         
         
        Can't reach database server at `10.0.0.3:5432`
         
        Please make sure your database server is running at `10.0.0.3:5432`.
    """,
    "prisma-schema": """
        Error: Prisma schema validation - (get-config wasm)
        Error code: P1012
        error: Environment variable not found: DATABASE_URL.
          -->  prisma/schema.prisma:3
           | 
         2 |   provider = "postgresql"
           | 
         
        Validation Error Count: 1
    """,
    "box": """
        ┌─────────────────────────────┐
        │  Update available 5 -> 6    │
        └─────────────────────────────┘
    """,
    "npm": """
        npm error code ENOENT
        npm error syscall open
        npm error path /app/package.json
    """,
    "java": """
        Exception in thread "main" org.flywaydb.core.api.FlywayException: Unable to connect
        	at org.flywaydb.core.Flyway.migrate(Flyway.java:166)
        	Suppressed: java.lang.RuntimeException: close
        		at a.B.close(B.java:1)
        Caused by: java.net.ConnectException: Connection refused
        	at java.base/sun.nio.ch.Net.pollConnect(Native Method)
        	... 12 more
    """,
    "java-logged": """
        2026-01-01 12:00:00.123 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed
         
        org.springframework.beans.factory.BeanCreationException: Error creating bean
        	at org.springframework.X.y(X.java:1) ~[spring-beans-6.1.jar:6.1]
        Caused by: java.lang.IllegalStateException: no
        	... 10 common frames omitted
    """,
    "spring-analysis": """
        ***************************
        APPLICATION FAILED TO START
        ***************************
         
        Description:
         
        Failed to configure a DataSource: 'url' attribute is not specified
         
        Reason: Failed to determine a suitable driver class
         
        Action:
         
        Consider the following:
    """,
    "flyway": """
        ERROR: Migration V2__orders.sql failed
        ------------------------------
        SQL State  : 42601
        Error Code : 0
        Message    : ERROR: syntax error at or near "CREAT"
          Position: 1
        Location   : /flyway/sql/V2__orders.sql
        Line       : 1
        Statement  : CREAT TABLE orders (
          id int
        )
    """,
    "go-panic": """
        panic: runtime error: invalid memory address or nil pointer dereference
        [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48a1b2]
         
        goroutine 1 [running]:
        main.connect(...)
        	/app/main.go:12
        github.com/acme/shop/db.(*Pool).Get(0xc000012345, {0x1, 0x2})
        	/app/db/pool.go:40 +0x1d
        created by net/http.(*Server).Serve in goroutine 1
        	/usr/local/go/src/net/http/server.go:3086 +0x5cb
        exit status 2
    """,
    "golang-migrate": """
        error: migration failed: syntax error at or near "CREAT" (column 1) in line 1: CREAT TABLE a (
        id int
        );
         (details: pq: syntax error at or near "CREAT")
    """,
    "rust": """
        thread 'main' panicked at src/main.rs:10:5:
        called `Result::unwrap()` on an `Err` value: Os { code: 2, kind: NotFound }
        stack backtrace:
           0: rust_begin_unwind
                     at /rustc/std/src/panicking.rs:645:5
        note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
    """,
    "rust-anyhow": """
        Error: could not run migrations
         
        Caused by:
            0: connection refused
    """,
    "ruby": """
        /app/lib/a.rb:1:in `require': cannot load such file -- pg (LoadError)
        	from /app/lib/a.rb:1:in `<main>'
    """,
    "rails": """
        rails aborted!
        StandardError: An error has occurred, this and all later migrations canceled:
         
        PG::DuplicateTable: ERROR:  relation "users" already exists
        /app/db/migrate/20260101_create_users.rb:3:in `change'
         
        Caused by:
        ActiveRecord::StatementInvalid: PG::DuplicateTable: ERROR:  relation "users" already exists
        /app/db/migrate/20260101_create_users.rb:3:in `change'
        Tasks: TOP => db:migrate
        (See full trace by running task with --trace)
    """,
    "dotnet": """
        Unhandled exception. System.InvalidOperationException: An exception has been raised
         ---> Npgsql.NpgsqlException (0x80004005): Failed to connect to 10.0.0.3:5432
         ---> System.Net.Sockets.SocketException (111): Connection refused
           at Npgsql.Internal.NpgsqlConnector.Connect(NpgsqlTimeout timeout)
           --- End of inner exception stack trace ---
           at Program.Main(String[] args) in /src/Program.cs:line 9
        --- End of stack trace from previous location ---
           at Program.<Main>(String[] args)
    """,
    "dotnet-sql": """
        Microsoft.Data.SqlClient.SqlException (0x80131904): There is already an object named 'Users' in the database.
           at Microsoft.Data.SqlClient.SqlConnection.OnError(SqlException exception)
        ClientConnectionId:9b1c
        Error Number:2714,State:6,Class:16
    """,
    "dotnet-logged": """
        fail: Microsoft.EntityFrameworkCore.Database.Command[20102]
              Failed executing DbCommand (3ms)
              CREATE TABLE "Users" (
              );
    """,
    "php": """
        PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /app/a.php:3
        Stack trace:
        #0 /app/a.php(3): PDO->__construct('mysql:host=...')
        #1 {main}
          thrown in /app/a.php on line 3
    """,
    "elixir": """
        ** (Postgrex.Error) ERROR 42P07 (duplicate_table) relation "users" already exists
            (ecto_sql 3.10.1) lib/ecto/adapters/sql.ex:1047: Ecto.Adapters.SQL.raise_sql_call_error/1
    """,
    "elixir-logged": """
        12:00:00.123 [error] GenServer #PID<0.1.0> terminating
        ** (DBConnection.ConnectionError) tcp connect: connection refused
            (db_connection 2.5.0) lib/db_connection/connection.ex:98
        Last message: nil
        State: %{}
    """,
    "psql": """
        psql:/migrations/001.sql:3: ERROR:  null value in column "name" violates not-null constraint
        DETAIL:  Failing row contains (1, null).
        CONTEXT:  SQL statement "INSERT INTO a VALUES (1)"
        PL/pgSQL function inline_code_block line 3 at SQL statement
    """,
    "liquibase": """
        Unexpected error running Liquibase: Migration failed for changeset db/changelog.xml::1::me:
             Reason: liquibase.exception.DatabaseException: ERROR: relation "a" already exists
    """,
    "heading-and-list": """
        The following migrations are pending:
          20260101_init
          20260102_orders
    """,
}


@pytest.mark.parametrize("text", ONE_ERROR.values(), ids=ONE_ERROR.keys())
def test_lines_of_one_error_are_one_message(text: str) -> None:
    found = join(text)
    assert len(found) == 1, found


@pytest.mark.parametrize("text", ONE_ERROR.values(), ids=ONE_ERROR.keys())
def test_what_stands_around_an_error_stays_apart(text: str) -> None:
    """A line before and one after, as loggers write them, join nothing; the error in one entry reads the same."""
    lines = [line for line in dedent(text).strip("\n").split("\n") if line]
    evidence = failed_run(["2026-01-01 12:00:00 INFO starting", *lines, "2026-01-01 12:00:01 INFO stopped"])
    found = [m.text for m in facts_of(evidence).logs.messages if m.origin is Origin.STDERR]
    whole = facts_of(failed_run(["\n".join(lines)])).logs.messages[-2].text
    assert [found[0], found[-1]] == ["2026-01-01 12:00:00 INFO starting", "2026-01-01 12:00:01 INFO stopped"]
    assert "\n".join(found[1:-1]) == "\n".join(lines) == whole
    assert len(found) == 3


TWO_ERRORS = {
    "errors": ("Error: connect ECONNREFUSED 10.0.0.3:5432", "Error: password authentication failed"),
    "tracebacks": (
        'Traceback (most recent call last):\n  File "/a.py", line 1, in a\nValueError: 1',
        'Traceback (most recent call last):\n  File "/b.py", line 1, in b\nValueError: 2',
    ),
    "java": (
        "java.lang.RuntimeException: 1\n\tat a.B.c(B.java:1)",
        "java.lang.RuntimeException: 2\n\tat a.B.c(B.java:1)",
    ),
    "psql": ('ERROR:  relation "a" already exists', 'ERROR:  relation "b" does not exist\nLINE 1: SELECT'),
    "logged": ("2026-01-01 ERROR a failed", "2026-01-01 ERROR b failed"),
    "logged-then-plain": ("ERROR a failed", "Error: b failed"),
    "alembic": ("INFO  [alembic.runtime.migration] Running upgrade", 'Traceback (most recent call last):\n  File "/a"'),
    "npm-and-program": ("Error: it broke\n    at a (/a.js:1:1)", "npm error code 1\nnpm error path /app"),
    "panic": ("panic: 1\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:1", "panic: 2"),
    "greedy-then-logged": ("Error: P3009\n\nfailed migrations", "[2026-01-01T12:00:00] next"),
    "python-then-logged": ('Traceback (most recent call last):\n  File "/a"\nValueError: 1', "INFO: shutting down"),
    "shouted": ("Error:", "2026-01-01 12:00:00 INFO starting"),
    "prose-after": ("Error: it broke", "at 12:00 the job will run again"),
    "docker-build": ("#4 DONE 0.1s", "#5 [2/4] RUN npm ci"),
}


@pytest.mark.parametrize(("first", "second"), TWO_ERRORS.values(), ids=TWO_ERRORS.keys())
def test_two_errors_stay_two(first: str, second: str) -> None:
    lines = [line or " " for line in f"{first}\n{second}".split("\n")]
    found = ["\n".join(filter(str.strip, text.split("\n"))) for text in join("\n".join(lines))]
    assert found == ["\n".join(filter(str.strip, text.split("\n"))) for text in (first, second)]


def test_a_pause_ends_a_message() -> None:
    def messages(gap_ns: int) -> int:
        lines = ("Error: it broke", "    at a (/a.js:1:1)")
        entries = [log_entry(line, START_NS + n * gap_ns) for n, line in enumerate(lines)]
        return sum(m.origin is Origin.STDERR for m in _messages(entries))

    assert messages(LONGEST_GAP_NS) == 1
    assert messages(LONGEST_GAP_NS + 1) == 2


def test_streams_are_joined_apart() -> None:
    """stdout and stderr, tasks, attempts and containers write between each other's lines."""
    trace = ["Error: it broke", "    at a (/a.js:1:1)", "    at b (/b.js:1:1)"]
    others = [
        {"log": "stdout"},
        {"attempt": 1},
    ]
    entries = []
    for number, line in enumerate(trace):
        at = START_NS + number * MILLISECOND
        entries.append(log_entry(line, at))
        entries += [log_entry(f"  step {number}", at + 1 + n, **other) for n, other in enumerate(others)]  # type: ignore[arg-type]
        sidecar = log_entry(f"proxy {number}", at + 9)
        sidecar["labels"] = {**sidecar["labels"], "container_name": "proxy"}
        entries.append(sidecar)
    found = [m.text for m in _messages(entries)]
    assert "\n".join(trace) in found
    assert found.count("  step 0\n  step 1\n  step 2") == 2
    assert [text for text in found if text.startswith("proxy")] == ["proxy 0", "proxy 1", "proxy 2"]


def test_a_message_points_at_each_of_its_lines() -> None:
    evidence = failed_run(["Error: it broke", "    at a (/a.js:1:1) {", "  code: 'E1'", "}"])
    message = next(m for m in facts_of(evidence).logs.messages if m.text.startswith("Error"))
    place = message.locate(message.text.index("E1"))
    assert (place.pointer, place.excerpt) == ("/entries/2", "code: 'E1'")
    assert message.locate(0).pointer == "/entries/0"
    assert message.locate(len(message.text) - 1).pointer == "/entries/3"


def test_a_message_is_as_bad_as_its_worst_line() -> None:
    lines = ["psql:/a.sql:1: NOTICE:  skipping", "  more", "ERROR:  it broke", "DETAIL:  why"]
    levels = [m.level for m in facts_of(failed_run(lines)).logs.messages if m.origin is Origin.STDERR]
    assert levels == [Level.DEFAULT, Level.ERROR]


def test_structured_lines_are_whole() -> None:
    lines = [{"severity": "ERROR", "message": "it broke"}, "    at a (/a.js:1:1)", {"message": "  indented"}]
    found = [m.text for m in facts_of(failed_run(lines)).logs.messages if m.origin is Origin.STDERR]
    assert found == ["it broke", "    at a (/a.js:1:1)", "  indented"]


def test_blank_lines_are_no_messages() -> None:
    found = [m.text for m in facts_of(failed_run([" ", "", "a", "  ", "b", " "])).logs.messages]
    assert [text for text in found if text in ("a", "b") or not text.strip()] == ["a", "b"]


def test_platform_lines_are_never_joined() -> None:
    system = ["Memory limit of 512 MiB exceeded", "  with 530 MiB used", "Container called exit(1)."]
    found = [m.text for m in facts_of(failed_run(["a"], system=system)).logs.messages if m.origin is Origin.SYSTEM]
    assert found == system


def test_an_endless_trace_is_cut_into_pieces() -> None:
    lines = ["Error: it broke", *(f"    at f{n} (/a.js:{n}:1)" for n in range(MOST_LINES + 50))]
    found = [m for m in facts_of(failed_run(lines)).logs.messages if m.origin is Origin.STDERR]
    assert len(found[0].parts) == MOST_LINES
    assert sum(len(m.parts) for m in found) == len(lines)


def _messages(entries: list[dict[str, object]]) -> tuple[Message, ...]:
    return facts_of(to_evidence({"logs": {}}, entries, ())).logs.messages
