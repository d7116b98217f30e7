"""Levels of lines: the formats of many loggers, and sentences that only sound like a level."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.facts.levels import find_level, find_stated_level, stated_severity
from opsctl.diagnosis.facts.model import Level


@pytest.mark.parametrize(
    ("line", "level"),
    [
        # Python
        ("INFO:root:starting", Level.INFO),
        ("ERROR:app.db:could not connect", Level.ERROR),
        ("2026-01-01 12:00:00,123 - my.module - ERROR - it broke", Level.ERROR),
        ("2026-01-01 12:00:00,123 DEBUG my.module it runs", Level.DEBUG),
        ("ERROR [alembic.util.messaging] Can't locate revision identified by '1975ea83b712'", Level.ERROR),
        ("INFO  [alembic.runtime.migration] Running upgrade  -> 1975ea83b712, create", Level.INFO),
        ("2026-01-01 12:00:00.123 | WARNING  | app.main:run:12 - slow", Level.WARNING),
        ("2026-01-01 12:00:00 [error    ] it broke                [app] order=1", Level.ERROR),
        ("ERROR:    Application startup failed. Exiting.", Level.ERROR),
        ("[2026-01-01 12:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:7)", Level.FATAL),
        ("[2026-01-01 12:00:00,000: ERROR/MainProcess] consumer: Cannot connect", Level.ERROR),
        ("/app/a.py:1: DeprecationWarning: pkg_resources is deprecated", Level.WARNING),
        # Java
        ("2026-01-01 12:00:00.123 ERROR 1 --- [           main] o.s.boot.SpringApplication : failed", Level.ERROR),
        ("2026-01-01T12:00:00.123Z  INFO 1 --- [app] [main] c.e.App : Starting", Level.INFO),
        ("12:00:00.123 [main] WARN  com.zaxxer.hikari.pool.HikariPool - slow", Level.WARNING),
        ("2026-01-01 12:00:00,123 WARN  [org.hibernate.SQL] (executor-thread-17) SQL Error: 0", Level.WARNING),
        ("SEVERE: Unable to open", Level.ERROR),
        ("[2026-01-01 12:00:00] SEVERE [liquibase.integration] Migration failed", Level.ERROR),
        # Node
        ("npm ERR! code ELIFECYCLE", Level.ERROR),
        ("npm error code ENOENT", Level.ERROR),
        ("npm WARN deprecated x@1", Level.WARNING),
        ("npm warn config production", Level.WARNING),
        ("npm notice New major version", Level.INFO),
        ("(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated", Level.WARNING),
        ("[Nest] 1  - 01/01/2026, 12:00:00 AM   ERROR [ExceptionHandler] it broke", Level.ERROR),
        ("[Nest] 1  - 01/01/2026, 12:00:00 AM     LOG [NestFactory] Starting", Level.INFO),
        ("[12:00:00.123] ERROR (1): it broke", Level.ERROR),
        ("error: it broke", Level.ERROR),
        ("2026-01-01T12:00:00.123Z [error]: it broke", Level.ERROR),
        ("2026-01-01 12:00:00 warn: slow", Level.WARNING),
        # Go, Kubernetes
        ("E0101 12:00:00.000000       1 main.go:10] it broke", Level.ERROR),
        ("I0101 12:00:00.000000       1 main.go:10] it runs", Level.INFO),
        ("F0101 12:00:00.000000       1 main.go:10] it is over", Level.FATAL),
        ('time="2026-01-01T12:00:00Z" level=error msg="it broke"', Level.ERROR),
        ("time=2026-01-01T12:00:00Z level=WARN msg=slow", Level.WARNING),
        ("ts=2026-01-01T12:00:00Z lvl=eror msg=broke", Level.ERROR),
        ("ERRO[0000] it broke", Level.ERROR),
        ("FATA[0012] it is over", Level.FATAL),
        ("2026-01-01T12:00:00.123Z\tERROR\tmain.go:10\tit broke", Level.ERROR),
        ("2026-01-01T12:00:00Z ERR it broke error=x", Level.ERROR),
        ("12:00PM INF it runs", Level.INFO),
        # Rust
        ("[2026-01-01T12:00:00Z ERROR app] it broke", Level.ERROR),
        ("2026-01-01T12:00:00.123456Z  WARN app::db: slow", Level.WARNING),
        # Ruby, PHP, Elixir
        ("E, [2026-01-01T12:00:00.000000 #1] ERROR -- : it broke", Level.ERROR),
        ("D, [2026-01-01T12:00:00.000000 #1] DEBUG -- :   SELECT 1", Level.DEBUG),
        ("[2026-01-01 12:00:00] production.ERROR: SQLSTATE[HY000]", Level.ERROR),
        ("[2026-01-01T12:00:00.000000+00:00] app.CRITICAL: Uncaught", Level.FATAL),
        ("PHP Fatal error:  Uncaught PDOException", Level.FATAL),
        ("[01-Jan-2026 12:00:00 UTC] PHP Warning:  Undefined variable", Level.WARNING),
        ("Deprecated: Optional parameter before required", Level.WARNING),
        ("12:00:00.123 [error] GenServer #PID<0.1.0> terminating", Level.ERROR),
        # .NET
        ("fail: Microsoft.EntityFrameworkCore.Database.Command[20102]", Level.ERROR),
        ("info: Microsoft.Hosting.Lifetime[0]", Level.INFO),
        ("crit: Program[0]", Level.FATAL),
        ("[12:00:00 FTL] it is over", Level.FATAL),
        ("[12:00:00 INF] it runs", Level.INFO),
        ("2026-01-01 12:00:00.0000|ERROR|App.Program|it broke", Level.ERROR),
        # databases and servers
        ("2026-01-01 12:00:00.000 UTC [1] FATAL:  password authentication failed", Level.FATAL),
        ("2026-01-01 12:00:00.000 UTC [27] app@shop ERROR:  relation does not exist", Level.ERROR),
        ("psql:/m/001.sql:3: NOTICE:  relation already exists, skipping", Level.INFO),
        ("psql:/m/001.sql:3: ERROR:  relation already exists", Level.ERROR),
        ("2026-01-01T12:00:00.000000Z 0 [Warning] [MY-010068] CA certificate is self signed.", Level.WARNING),
        ("2026/01/01 12:00:00 [error] 1#1: open() failed", Level.ERROR),
        ("main ERROR Unable to locate appender", Level.ERROR),
        ("prisma:warn Prisma failed to detect the libssl version", Level.WARNING),
    ],
)
def test_levels_that_loggers_write(line: str, level: Level) -> None:
    assert find_level("DEFAULT", line) is level


@pytest.mark.parametrize(
    "line",
    [
        "Error handling is on",
        "Error: connect ECONNREFUSED 127.0.0.1:5432",
        "error while connecting to the database",
        "Info about the migration",
        "Information_schema was read",
        "Debug mode is off",
        "debug mode is off, see trace: none",
        "Trace of the request follows",
        "Warning signs were seen",
        "Fatal flaw in plan",
        "Set DEBUG=* to see more",
        "Use VERBOSE mode for more",
        "INFO-1234 is the ticket",
        "the DEBUG switch is off",
        "LOG_LEVEL=debug DATABASE_URL=x",
        'relation "error" does not exist',
        "0 errors, 0 warnings",
        "Traceback (most recent call last):",
        "",
        "   ",
        "데이터베이스 연결 오류",
    ],
)
def test_sentences_have_no_level(line: str) -> None:
    assert find_level("DEFAULT", line) is Level.DEFAULT


def test_the_severity_of_the_entry_wins_except_information() -> None:
    assert find_level("WARNING", "ERROR it broke") is Level.WARNING
    assert find_level("EMERGENCY", "INFO fine") is Level.FATAL
    # An agent marks everything as INFO; the line knows better.
    assert find_level("INFO", "ERROR it broke") is Level.ERROR
    assert find_level("INFO", "it runs") is Level.INFO
    assert find_level("A_NEW_ONE", "it runs") is Level.DEFAULT


@pytest.mark.parametrize(
    ("payload", "severity"),
    [
        ({"level": 50, "msg": "x"}, "ERROR"),  # pino, bunyan
        ({"level": 60}, "CRITICAL"),
        ({"level": 30}, "INFO"),
        ({"level": 20}, "DEBUG"),
        ({"level": 35}, "WARNING"),  # a level of one's own, above 30
        ({"level": "error"}, "ERROR"),  # winston, zap, zerolog
        ({"level": "\x1b[31merror\x1b[39m"}, "ERROR"),  # winston with colours
        ({"level": "dpanic"}, "CRITICAL"),
        ({"levelname": "CRITICAL"}, "CRITICAL"),  # python-json-logger
        ({"level": 400, "level_name": "ERROR"}, "ERROR"),  # Monolog
        ({"level": 200}, "INFO"),
        ({"level": 550}, "CRITICAL"),
        ({"@l": "Error"}, "ERROR"),  # Serilog
        ({"LogLevel": "Warning"}, "WARNING"),  # Microsoft.Extensions.Logging
        ({"log": {"level": "fatal"}}, "CRITICAL"),  # Elastic's common schema
        ({"log.level": "warn"}, "WARNING"),
        ({"level": 3}, "DEFAULT"),  # GELF says error, slog says information: nothing is told
        ({"level": True}, "DEFAULT"),
        ({"level": None, "severity": "error"}, "ERROR"),
        ({"level": "blue"}, "DEFAULT"),
        ({}, "DEFAULT"),
    ],
)
def test_severity_of_structured_lines(payload: dict[str, object], severity: str) -> None:
    assert stated_severity(payload, "DEFAULT") == severity


def test_the_severity_of_the_entry_stands_above_the_payload() -> None:
    assert stated_severity({"level": "debug"}, "ERROR") == "ERROR"


@given(st.text(max_size=400))
def test_any_text_has_some_level(text: str) -> None:
    assert find_stated_level(text) in (None, *Level)


def test_a_long_line_of_brackets_is_quick() -> None:
    # Nested optional parts must not try all their combinations.
    assert find_stated_level("[1 " * 100_000) is None
    assert find_stated_level("- " * 100_000) is None
    assert find_stated_level("a:" * 100_000) is None
