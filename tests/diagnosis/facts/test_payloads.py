"""Texts of entries: structured lines of many loggers, nested errors, escapes, colours, line ends, split lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.facts.model import Level, Message, Origin
from opsctl.diagnosis.facts.payloads import MOST_CHARACTERS, clean, flatten
from tests.diagnosis.runs import START_NS, facts_of, failed_run, log_entry, to_evidence


def said(*entries: dict[str, Any]) -> list[Message]:
    return [m for m in facts_of(to_evidence({"logs": {}}, entries, ())).logs.messages if m.origin is Origin.STDERR]


ECONNREFUSED = "connect ECONNREFUSED 10.0.0.3:5432"
STACK = f"Error: {ECONNREFUSED}\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16)"


@pytest.mark.parametrize(
    ("payload", "level", "texts"),
    [
        # pino
        ({"level": 50, "time": 1, "pid": 1, "hostname": "h", "err": {"type": "Error", "message": ECONNREFUSED,
          "stack": STACK, "code": "ECONNREFUSED", "errno": -111}, "msg": "it broke"},
         Level.ERROR, ["it broke", f"Error: {ECONNREFUSED}", "code: ECONNREFUSED"]),
        # winston
        ({"level": "error", "message": "it broke", "error": {"name": "QueryFailedError", "message": "relation exists",
          "driverError": {"code": "42P07"}}},
         Level.ERROR, ["it broke", "QueryFailedError: relation exists", "code: 42P07"]),
        # bunyan
        ({"name": "app", "level": 60, "err": {"message": "x", "name": "TypeError", "stack": "TypeError: x\n    at y"},
          "msg": "x", "v": 0}, Level.FATAL, ["TypeError: x", "at y"]),
        # zap, zerolog, logrus, slog
        ({"level": "error", "ts": 1.5, "caller": "a.go:1", "msg": "it broke", "error": "pq: no",
          "stacktrace": "main.a\n\tb"},
         Level.ERROR, ["it broke", "error: pq: no", "main.a\n\tb"]),
        ({"level": "fatal", "error": "pq: no", "message": "it broke"}, Level.FATAL, ["it broke", "error: pq: no"]),
        ({"time": "t", "level": "WARN", "msg": "slow", "err": "timeout"}, Level.WARNING, ["slow", "err: timeout"]),
        # structlog, python-json-logger
        ({"event": "it broke", "level": "error", "exception": "Traceback (most recent call last):\nValueError: 1"},
         Level.ERROR, ["it broke", "ValueError: 1"]),
        ({"event": "it broke", "level": "critical", "exception": [{"exc_type": "ModuleNotFoundError",
          "exc_value": "No module named 'pg'", "frames": [{"filename": "/a.py", "lineno": 1}]}]},
         Level.FATAL, ["it broke", "ModuleNotFoundError: No module named 'pg'"]),
        ({"levelname": "ERROR", "message": "it broke", "exc_info": "Traceback\nKeyError: 'X'"},
         Level.ERROR, ["it broke", "KeyError: 'X'"]),
        # log4j 2, Logback, Elastic's common schema
        ({"level": "ERROR", "loggerName": "o.f.Core", "message": "it broke", "thrown": {"name": "java.lang.X",
          "message": "no", "cause": {"name": "java.net.ConnectException", "message": "Connection refused"}}},
         Level.ERROR, ["it broke", "java.lang.X: no", "java.net.ConnectException: Connection refused"]),
        ({"@timestamp": "t", "level": "ERROR", "level_value": 40000, "message": "it broke",
          "stack_trace": "java.lang.X: no\n\tat a.B"}, Level.ERROR, ["it broke", "java.lang.X: no\n\tat a.B"]),
        ({"log.level": "ERROR", "message": "it broke", "error.message": "no"}, Level.ERROR, ["it broke", "no"]),
        # Serilog, Microsoft.Extensions.Logging
        ({"@t": "t", "@l": "Error", "@m": "it broke", "@x": "Npgsql.PostgresException (0x80004005): 42P07: exists"},
         Level.ERROR, ["it broke", "42P07: exists"]),
        ({"EventId": 1, "LogLevel": "Error", "Message": "it broke", "Exception": "System.X: no"},
         Level.ERROR, ["it broke", "System.X: no"]),
        # Monolog under Laravel
        ({"message": "SQLSTATE[42S01]: exists", "context": {"exception": {
          "class": "Illuminate\\Database\\QueryException",
          "message": "SQLSTATE[42S01]: exists", "code": "42S01", "file": "/a.php:1"}}, "level": 400,
          "level_name": "ERROR", "channel": "production"},
         Level.ERROR, ["Illuminate\\Database\\QueryException: SQLSTATE[42S01]: exists", "code: 42S01"]),
        # Google's own keys, the message an object
        ({"severity": "ERROR", "message": {"text": "it broke", "cause": {"code": 7}}},
         Level.ERROR, ["it broke", "code: 7"]),
        # lists
        ({"message": "it broke", "errors": ["one", {"reason": "two"}], "level": "error"}, Level.ERROR, ["one", "two"]),
        # a logger inside a logger
        ({"message": json.dumps({"level": "error", "msg": "inner broke", "code": "42P07"})}, Level.DEFAULT,
         ["inner broke", "code: 42P07"]),
        # escaped line ends
        ({"message": "it broke\\n\\tat a.B(B.java:1)\\nCaused by: x"},
         Level.DEFAULT, ["it broke\n\tat a.B(B.java:1)\nCaused"]),
    ],
)  # fmt: skip
def test_structured_lines(payload: dict[str, Any], level: Level, texts: list[str]) -> None:
    # As a payload that Cloud Logging understood, and as the line of plain text that the program wrote.
    for entry in (log_entry(payload, START_NS), log_entry(json.dumps(payload), START_NS)):
        (message,) = said(entry)
        assert message.level is level
        for text in texts:
            assert text in message.text


def test_a_structured_line_is_not_repeated() -> None:
    text = flatten({"message": "it broke", "msg": "it broke", "error": "it broke", "detail": "why"})
    assert text == "it broke\ndetail: why"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31merror\x1b[0m: it broke", "error: it broke"),
        ("\x1b[1;38;5;196mred\x1b[m \x1b]0;title\x07text \x1b]8;;https://x\x1b\\link", "red text link"),
        ("\x1b[2K\x1b[1Gdone", "done"),
        ("\ufffd[31mred\ufffd[0m", "red"),  # the escape character was no valid text
        ("\\u001b[31mred\\u001b[39m", "red"),
        ("\\x1b[31mred\\033[0m", "red"),
        ("array[31m]", "array[31m]"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\r", "a"),
        ("10%\r20%\rdone", "10%\n20%\ndone"),
        ("데이터베이스\r\n오류", "데이터베이스\n오류"),
    ],
)
def test_plain_text_is_cleaned(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"level":"error","msg":"a', '{"level":"error","msg":"a'),  # cut
        ("{ not json }", "{ not json }"),
        ('["a"]', '["a"]'),
        ("{}", "{}"),
        ('{"a":{"b":null}}', '{"a":{"b":null}}'),  # nothing to read in it
        ('  {"msg":"indented"}', "indented"),
        ('Error: a\\n    at b (\\"c\\")', 'Error: a\n    at b ("c")'),
        ("path C:\\temp", "path C:\\temp"),
        ('{"a":' * 5_000 + '""' + "}" * 5_000, '{"a":' * 5_000 + '""' + "}" * 5_000),  # too deep to read
    ],
)
def test_what_only_looks_structured_stays_as_it_is(text: str, expected: str) -> None:
    (message,) = said(log_entry(text, START_NS))
    assert message.text == expected


def test_an_entry_of_a_megabyte_is_bounded() -> None:
    (plain,) = said(log_entry("x" * 1_000_000 + "Error: last words", START_NS))
    assert plain.text.endswith("Error: last words")
    assert len(plain.text) < 100_000
    (structured,) = said(log_entry({"message": "it broke", "rows": ["y" * 100] * 10_000}, START_NS))
    assert structured.text.startswith("it broke")
    assert len(structured.text) <= MOST_CHARACTERS


def test_the_parts_of_a_split_entry_are_put_together() -> None:
    parts = ["Error: conn", "ect ECONN", "REFUSED 10.0.0.3:5432"]
    entries = []
    for index in (2, 0, 1):
        entry = log_entry(parts[index], START_NS)
        # They may share their id.
        entries.append({**entry, "insertId": "same", "split": {"uid": "u", "index": index, "totalSplits": 3}})
    evidence = to_evidence({"logs": {}}, [*entries, log_entry("after", START_NS + 1)], ())
    found = facts_of(evidence)
    assert [m.text for m in found.logs.messages] == ["".join(parts), "after"]
    assert [code.code for code in found.logs.codes] == ["ECONNREFUSED"]


def test_of_an_audit_record_only_the_verdict_is_read() -> None:
    record = {
        "timestamp": "2026-01-01T00:01:00Z",
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fsystem_event",
        "protoPayload": {"status": {"message": "it failed"}, "response": {"spec": "Error: not this"}},
    }
    messages = facts_of(failed_run(["a"])).logs.messages
    assert messages
    (message,) = facts_of(to_evidence({"logs": {}}, [record], ())).logs.messages
    assert (message.text, message.origin) == ("it failed", Origin.AUDIT)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(("message", "msg", "level", "severity", "err", "error", "stack", "code", "type", "event", "log"))


@given(st.dictionaries(KEYS | st.text(max_size=10), json_values, max_size=8))
def test_any_structured_line_is_read(payload: dict[str, Any]) -> None:
    text = flatten(payload)
    assert len(text) <= MOST_CHARACTERS
    message = payload.get("message")
    if isinstance(message, str) and not message.lstrip().startswith("{") and "\\" not in message:
        assert text.startswith(message)


@given(st.text(max_size=200))
def test_cleaning_is_done_once(text: str) -> None:
    assert "\r" not in clean(text)
    assert clean(clean(text)) == clean(text) or "\x1b" in text or "[" in text
