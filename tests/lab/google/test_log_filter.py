"""Filters of Cloud Logging: what they mean, and what is refused."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.lab.google.log_filter import FilterError, compile_filter
from opsctl.lab.google.log_filter_parser import All, Comparison, Not, Search, Some, parse_filter
from opsctl.lab.google.log_filter_tokens import unquote

EXECUTION = 'labels."run.googleapis.com/execution_name"'
LINE: dict[str, Any] = {
    "insertId": "0002",
    "timestamp": "2026-01-12T02:00:22.000000001Z",
    "receiveTimestamp": "2026-01-12T02:00:22.100Z",
    "logName": "projects/netureyoutube/logs/run.googleapis.com%2Fstderr",
    "resource": {"type": "cloud_run_job", "labels": {"job_name": "migrations", "location": "asia-northeast3"}},
    "labels": {"run.googleapis.com/execution_name": "migrations-h5x5h", "run.googleapis.com/task_attempt": "0"},
    "textPayload": "Error: connect ENOENT /cloudsql/p:r:i",
}
OBJECT: dict[str, Any] = {
    **LINE,
    "severity": "ERROR",
    "jsonPayload": {
        "message": "Build of a Model failed",
        "code": 42,
        "retry": False,
        "cause": None,
        "err": {"name": "QueryFailedError"},
        "tags": ["slow", "db"],
    },
}
del OBJECT["textPayload"]


def holds(text: str, entry: dict[str, Any]) -> bool:
    return compile_filter(text).matches(entry)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n -- nothing but a remark",
        'resource.type="cloud_run_job"',
        "resource.type = CLOUD_RUN_JOB",
        'resource.type="cloud_run_job"\nresource.labels.location="asia-northeast3"',
        'resource.type="cloud_run_job" resource.labels.location="asia-northeast3"',
        "resource.type=x OR\nresource.type=cloud_run_job",
        f'{EXECUTION}="migrations-h5x5h"',
        f"{EXECUTION} = migrations-h5x5h",
        f"{EXECUTION}:*",
        'labels."run.googleapis.com/task_attempt"=("0" OR "1")',
        'textPayload:"enoent"',
        "textPayload:(refused OR enoent)",
        'textPayload=~"^Error: .* ENOENT"',
        'textPayload=~"(?i)enoent"',
        'textPayload !~ "refused$"',
        'textPayload="error: connect enoent /cloudsql/p:r:i"',
        "enoent",
        '"connect ENOENT"',
        "-refused",
        'NOT textPayload:"refused"',
        'log_id("run.googleapis.com/stderr")',
        'log_id("run.googleapis.com%2Fstderr")',
        'LOG_ID("run.googleapis.com/stderr")',
        'logName="projects/netureyoutube/logs/run.googleapis.com%2Fstderr"',
        'log_name:"stderr"',
        'timestamp>="2026-01-12T02:00:22.000000001Z"',
        'timestamp<"2026-01-12T02:00:22.000000002Z"',
        'timestamp>"2026-01-12T11:00:22+09:00"',
        'timestamp>="2026-01-12"',
        "severity>=DEFAULT",
        "severity<ERROR",
        "severity=0",
        "insertId>0001",
        "trace!=x",
        'trace=""',
        "httpRequest.status<1",
        "NOT jsonPayload.code=42",
    ],
)
def test_a_filter_holds_for_a_line(text: str) -> None:
    assert holds(text, LINE)


@pytest.mark.parametrize(
    "text",
    [
        'resource.type="cloud_run_job" -- the remark\nAND resource.labels.location=europe-west1',
        f'{EXECUTION}="migrations-x"',
        'labels.execution_name="migrations-h5x5h"',
        "labels.nothing:*",
        "labels.nothing!=x",
        "jsonPayload:*",
        "jsonPayload.code!=42",
        'textPayload=~"enoent"',
        "severity>=ERROR",
        'log_id("stderr")',
        'timestamp<="2026-01-12T02:00:22Z"',
        "error and connect",
        "trace:*",
        "enoent AND refused",
        'NOT (enoent OR "refused")',
        "-enoent",
        "insertId=(0001 OR 0003)",
    ],
)
def test_a_filter_does_not_hold_for_a_line(text: str) -> None:
    assert not holds(text, LINE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jsonPayload.code=42", True),
        ('jsonPayload.code="42.0"', True),
        ("jsonPayload.code>-5", True),
        ("jsonPayload.code>99", False),
        ("jsonPayload.code=abc", False),
        ("jsonPayload.retry=false", True),
        ("jsonPayload.retry=true", False),
        ("jsonPayload.cause=NULL_VALUE", True),
        ("jsonPayload.code=NULL_VALUE", False),
        ("jsonPayload.code!=NULL_VALUE", True),
        ('jsonPayload.message:"a model"', True),
        ('jsonPayload.err.name="queryfailederror"', True),
        ('jsonPayload."err"."name":query', True),
        ("jsonPayload.tags=db", True),
        ("jsonPayload.tags=cache", False),
        ('jsonPayload:"queryfailed"', True),
        ('jsonPayload.err:"model"', False),
        ("jsonPayload.err=x", False),
        ("queryfailederror", True),
        ("severity>=ERROR", True),
        ("severity>ERROR", False),
        ("severity=error", True),
        ("severity=500", True),
        ("severity=(WARNING OR ERROR)", True),
        ("textPayload:*", False),
        ("and", False),
        ("42", True),
    ],
)
def test_values_decide_how_they_are_compared(text: str, expected: bool) -> None:
    assert holds(text, OBJECT) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("refused$", "refused", True),
        ("refused$", "refused\n", False),
        (r"refused\z", "refused\n", False),
        ("(?m)refused$", "refused\nagain", True),
        ("[$]5", "costs $5", True),
        (r"\\$5", "costs $5", True),
        (r"^\\d+$", "42", True),
        (r"^\\d+$", "٤٢", False),
        ("(?i)ÉCHEC", "échec", True),
        ("a.b", "a\nb", False),
    ],
)
def test_patterns_mean_what_they_mean_in_re2(pattern: str, text: str, expected: bool) -> None:
    assert holds(f'textPayload=~"{pattern}"', {**LINE, "textPayload": text}) is expected


def test_not_binds_first_then_or_then_and() -> None:
    expected = All(
        (Some((Search("a"), Not(Search("b")))), Some((Not(Search("c")), Search("d")))),
    )

    assert parse_filter('"a" OR NOT "b" AND NOT "c" OR "d"') == expected
    assert parse_filter("a OR -b\n-c OR d") == expected


def test_a_list_of_values_is_as_many_comparisons() -> None:
    node = parse_filter('insertId=("A" OR NOT "B")')

    assert isinstance(node, Some)
    first, second = node.terms
    assert isinstance(first, Comparison)
    assert (first.path, first.operator, first.value.text) == (("insertId",), "=", "A")
    assert isinstance(second, Not)


def test_an_or_after_a_value_is_a_search() -> None:
    assert isinstance(parse_filter('insertId = "ABC-1" OR "ABC-2"'), Some)
    assert holds('insertId = "x" OR "connect"', LINE)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("insertId = abc:def", "line 1, column 15, token ':'"),
        ("timestamp>=2026-01-12T02:00:00Z", "line 1, column 25, token ':'"),
        ('severity="ERROR"\nAND', "line 2, column 4, token ''"),
        ("(a OR b", "line 1, column 8, token ''"),
        ("a)", "line 1, column 2, token ')'"),
        ("resource.type='x'", "line 1, column 15, token '''"),
        ('textPayload="open', "line 1, column 13, token '\"'"),
        ("AND a", "line 1, column 1, token 'AND'"),
        ("a = OR", "line 1, column 5, token 'OR'"),
        ("=a", "line 1, column 1, token '='"),
        ("resource..type=a", "line 1, column 15, token '='"),
        ("a=(b=c)", "line 1, column 5, token '='"),
        ("a; b", "line 1, column 2, token ';'"),
        ("()", "line 1, column 2, token ')'"),
    ],
)
def test_the_place_of_a_mistake_is_named(text: str, place: str) -> None:
    with pytest.raises(FilterError) as error:
        compile_filter(text)

    assert str(error.value) == f"Unparseable filter: syntax error at {place}"


@pytest.mark.parametrize(
    "text",
    [
        "thud=1",
        "labels.run.googleapis.com/execution_name=x",
        "operation.thud=x",
        "textPayload.thud=x",
        'sample(insertId, "0.1")',
        "log_id()",
        "severity>=LOUD",
        'timestamp>="yesterday"',
        "httpRequest.status=many",
        'timestamp=~"2026"',
        "resource=x",
        "labels=x",
        "textPayload=~error",
        'textPayload=~"("',
        r'textPayload=~"(a)\\1"',
        'textPayload=~"(?=a)b"',
        'textPayload=~"(a+)+$"',
        "(" * 100 + "a" + ")" * 100,
        "a" * 20_001,
    ],
)
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        compile_filter(text)


def test_a_filter_of_the_greatest_length_is_read() -> None:
    assert not holds("a" * 20_000, LINE)
    assert holds("NOT " * 4_998 + "enoent", LINE)


def test_what_an_index_can_use_is_told() -> None:
    found = compile_filter(
        f'resource.type="cloud_run_job"\n{EXECUTION}="Migrations-H5X5H"\n'
        'timestamp>="2026-01-12T02:00:00Z"\ntimestamp>"2026-01-12T02:00:20Z"\ntimestamp<"2026-01-12T02:10:00Z"'
    )

    assert found.execution == "migrations-h5x5h"
    assert found.first_ns == 1_768_183_220_000_000_001
    assert found.last_ns == 1_768_183_799_999_999_999
    assert found.matches_besides({"resource": {"type": "cloud_run_job"}})
    assert not found.matches({"resource": {"type": "cloud_run_job"}})


@pytest.mark.parametrize(
    "text",
    [
        f'{EXECUTION}="a" OR severity=ERROR',
        f'NOT {EXECUTION}="a"',
        f'{EXECUTION}:"a"',
        'timestamp="2026-01-12T02:00:00Z"',
    ],
)
def test_an_index_is_not_misled(text: str) -> None:
    found = compile_filter(text)

    assert (found.execution, found.first_ns, found.last_ns) == (None, None, None)


TEXTS = st.text(min_size=1, max_size=20)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(TEXTS)
def test_any_text_can_be_quoted(text: str) -> None:
    entry = {**LINE, "textPayload": f"before {text} after", "labels": {text: "here"}}

    assert unquote(quoted(text)) == text
    assert holds(f"textPayload:{quoted(text)}", entry)
    assert holds(f"labels.{quoted(text)}=here", entry)


@given(st.text(alphabet=string.printable, max_size=60))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        found = compile_filter(text)
    except FilterError:
        return
    assert found.matches(LINE) in {True, False}


FACTS = st.sampled_from(['textPayload:"enoent"', "severity>=ERROR", "enoent", "insertId=0002", "labels.x:*"])
FILTERS = st.recursive(
    FACTS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) AND ({pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) OR ({pair[1]})"),
        inner.map(lambda term: f"NOT ({term})"),
    ),
    max_leaves=8,
)


@given(FILTERS, FILTERS)
def test_joined_filters_follow_boolean_algebra(first: str, second: str) -> None:
    left, right = holds(first, LINE), holds(second, LINE)

    assert holds(f"({first})\n({second})", LINE) is (left and right)
    assert holds(f"({first}) OR ({second})", LINE) is (left or right)
    assert holds(f"-({first})", LINE) is not left
    assert holds(f"NOT (({first}) ({second}))", LINE) is holds(f"(NOT ({first})) OR (NOT ({second}))", LINE)
