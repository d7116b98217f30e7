"""Filters bound in time and closed against hostile names; entries merged whatever the order they came in."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.log_query import (
    LineChoice,
    TimeWindow,
    execution_query,
    execution_window,
    lines_before_query,
    merge,
    platform_query,
    unlabelled_query,
    window_around,
)
from opsctl.diagnosis.models import ExecutionName
from opsctl.diagnosis.timestamps import format_time, parse_time
from opsctl.errors import DataError, UsageError

SECOND_NS = 10**9
NAME = ExecutionName(
    full="projects/netureyoutube/locations/asia-northeast3/jobs/o4o-api-migrations/executions/o4o-api-migrations-h5x5h",
    project="netureyoutube",
    location="asia-northeast3",
    job="o4o-api-migrations",
    execution="o4o-api-migrations-h5x5h",
)
EXECUTION = {
    "createTime": "2026-01-12T02:00:00.100Z",
    "startTime": "2026-01-12T02:00:16.050Z",
    "completionTime": "2026-01-12T02:00:41.900Z",
}


def at(text: str) -> int:
    time_ns = parse_time(text)
    assert time_ns is not None
    return time_ns


NOW_NS = at("2026-01-12T03:00:00Z")
WINDOW = execution_window(EXECUTION, NOW_NS)
JOB_LINES = """\
resource.type="cloud_run_job"
resource.labels.job_name="o4o-api-migrations"
resource.labels.location="asia-northeast3"
"""


def test_the_filter_of_an_execution() -> None:
    query = execution_query(NAME, WINDOW)
    assert query.filter == JOB_LINES + (
        'labels."run.googleapis.com/execution_name"="o4o-api-migrations-h5x5h"\n'
        'timestamp>="2026-01-12T01:59:00.100Z"\n'
        'timestamp<="2026-01-12T02:10:41.900Z"'
    )
    assert (query.project, query.newest_first, query.page_size) == ("netureyoutube", False, 1000)


@pytest.mark.parametrize(
    ("execution", "begin", "end"),
    [
        (EXECUTION, "2026-01-12T01:59:00.100Z", "2026-01-12T02:10:41.900Z"),
        # It runs: until now.
        ({"createTime": "2026-01-12T02:00:00Z"}, "2026-01-12T01:59:00Z", "2026-01-12T03:10:00Z"),
        # It was created by a clock that is ahead of ours.
        ({"createTime": "2026-01-12T04:00:00Z"}, "2026-01-12T03:59:00Z", "2026-01-12T04:10:00Z"),
        # It ended before it began, as far as the stamps say.
        (
            {"createTime": "2026-01-12T02:00:00Z", "completionTime": "2026-01-12T01:59:59Z"},
            "2026-01-12T01:59:00Z",
            "2026-01-12T02:10:00Z",
        ),
        (
            {"startTime": "2026-01-12T02:00:00Z", "completionTime": "2026-01-12T02:01:00Z"},
            "2026-01-12T01:59:00Z",
            "2026-01-12T02:11:00Z",
        ),
        (
            {"createTime": "2026-01-12T02:00:00.000000001Z", "completionTime": "yesterday"},
            "2026-01-12T01:59:00.000000001Z",
            "2026-01-12T03:10:00Z",
        ),
    ],
)
def test_the_window_comes_from_the_times_of_the_execution(execution: dict[str, str], begin: str, end: str) -> None:
    assert execution_window(execution, NOW_NS) == TimeWindow(at(begin), at(end))


@pytest.mark.parametrize("execution", [{}, {"createTime": None}, {"createTime": "soon", "completionTime": "x"}])
def test_no_window_without_a_beginning(execution: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        execution_window(execution, NOW_NS)


def test_lines_of_the_platform() -> None:
    assert platform_query(NAME, WINDOW).filter.endswith(
        '\n(log_id("run.googleapis.com/varlog/system") OR log_id("cloudaudit.googleapis.com/system_event"))'
    )


def test_lines_that_name_no_execution() -> None:
    query = unlabelled_query(NAME, WINDOW)
    assert query.filter == JOB_LINES + (
        'NOT labels."run.googleapis.com/execution_name":*\n'
        'timestamp>="2026-01-12T01:59:00.100Z"\n'
        'timestamp<="2026-01-12T02:10:41.900Z"'
    )


def test_one_attempt_with_a_severity_and_a_text() -> None:
    choice = LineChoice(task=3, attempt=0, severity="warning", contains='say "no"\n')
    assert execution_query(NAME, WINDOW, choice).filter.splitlines()[-4:] == [
        'labels."run.googleapis.com/task_index"="3"',
        'labels."run.googleapis.com/task_attempt"="0"',
        "severity>=WARNING",
        r'"say \"no\"\n"',
    ]


def test_lines_before_a_moment_come_newest_first() -> None:
    query = lines_before_query(NAME, WINDOW, at("2026-01-12T02:00:22.000000001Z"), LineChoice(task=1))
    assert query.newest_first
    assert 'timestamp<"2026-01-12T02:00:22.000000001Z"' in query.filter.splitlines()
    assert "timestamp<=" not in query.filter
    assert 'labels."run.googleapis.com/task_index"="1"' in query.filter


def test_a_moment_after_the_window_does_not_widen_it() -> None:
    query = lines_before_query(NAME, WINDOW, NOW_NS, LineChoice())
    assert 'timestamp<="2026-01-12T02:10:41.900Z"' in query.filter.splitlines()


@pytest.mark.parametrize(
    ("since", "begin"),
    [
        ("2026-01-12T02:00:20Z", "2026-01-12T02:00:20Z"),
        ("2020-01-01T00:00:00Z", "2026-01-12T01:59:00.100Z"),
    ],
)
def test_since_narrows_the_window_and_never_widens_it(since: str, begin: str) -> None:
    query = execution_query(NAME, WINDOW, LineChoice(since_ns=at(since)))
    assert f'timestamp>="{begin}"' in query.filter.splitlines()
    assert query.filter.count("timestamp>=") == 1


@pytest.mark.parametrize("name", ["", "a b", 'x" OR "', "Ä", "UPPER", "a\n", "a/b", "..", "a" * 101])
@pytest.mark.parametrize("part", ["execution", "job", "location"])
def test_a_name_that_no_resource_can_have_is_refused(part: str, name: str) -> None:
    values = {"execution": NAME.execution, "job": NAME.job, "location": NAME.location} | {part: name}
    with pytest.raises(UsageError):
        execution_query(ExecutionName("", "p", values["location"], values["job"], values["execution"]), WINDOW)


@given(st.text())
def test_no_name_gets_out_of_its_quotes(name: str) -> None:
    target = ExecutionName("", "p", "l", "j", name)
    try:
        text = execution_query(target, WINDOW).filter
    except UsageError:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert f'="{name}"\n' in text


@given(contains=st.text(max_size=200), task=st.integers(0, 10_000), severity=st.sampled_from(["DEBUG", "ERROR"]))
def test_every_filter_is_bounded_and_one_clause_a_line(contains: str, task: int, severity: str) -> None:
    lines = execution_query(NAME, WINDOW, LineChoice(task, 1, severity, contains)).filter.split("\n")
    assert len(lines) == 9 + bool(contains)
    assert sum(line.startswith('timestamp>="') for line in lines) == 1
    assert sum(line.startswith('timestamp<="') for line in lines) == 1


def test_severity_and_text_have_bounds() -> None:
    with pytest.raises(UsageError, match="LOUD"):
        execution_query(NAME, WINDOW, LineChoice(severity="LOUD"))
    with pytest.raises(UsageError, match="20,000"):
        execution_query(NAME, WINDOW, LineChoice(contains="x" * 20_000))


def entry(timestamp: str | None, insert_id: str | None, log: str = "stdout", **more: Any) -> dict[str, Any]:
    fields = {"timestamp": timestamp, "insertId": insert_id, "logName": f"projects/p/logs/{log}"}
    return {key: value for key, value in fields.items() if value is not None} | more


def test_entries_are_ordered_by_nanosecond_then_by_insert_id() -> None:
    entries = [
        entry("2026-01-12T02:00:22.000000001Z", "b"),
        entry("2026-01-12T02:00:22.000000001Z", "a"),
        entry("2026-01-12T02:00:22Z", "z"),
        entry("2026-01-12T11:00:21.9+09:00", "y"),
        entry(None, "a"),
    ]
    assert [found.get("insertId") for found in merge(entries)] == ["y", "z", "a", "b", "a"]


def test_an_entry_that_came_twice_is_kept_once() -> None:
    first, again = entry("2026-01-12T02:00:22.100Z", "a"), entry("2026-01-12T02:00:22.1Z", "a", note="later copy")
    other_log = entry("2026-01-12T02:00:22.1Z", "a", log="stderr")
    assert merge([first, again, other_log]) == (other_log, first)


def test_entries_without_an_insert_id_are_all_kept() -> None:
    twins = [entry("2026-01-12T02:00:22Z", None, textPayload=text) for text in ("x", "x", "y")]
    assert merge(twins) == tuple(twins)


@given(
    st.lists(st.builds(entry, st.integers(0, 5 * 10**9).map(format_time), st.sampled_from("abcdef"), st.just("log"))),
    st.randoms(use_true_random=False),
)
def test_pages_may_come_in_any_order_and_overlap(entries: list[dict[str, Any]], chance: random.Random) -> None:
    shuffled = entries + [found for found in entries if chance.random() < 0.5]
    chance.shuffle(shuffled)
    merged = merge(shuffled)
    assert merged == merge(entries)
    assert merge(merged) == merged
    keys = [(parse_time(found["timestamp"]), found["insertId"]) for found in merged]
    assert keys == sorted(set(keys))
    assert {(found["timestamp"], found["insertId"]) for found in entries} == {
        (found["timestamp"], found["insertId"]) for found in merged
    }


def test_a_window_for_an_execution_that_is_gone() -> None:
    assert window_around(at("2026-01-12T02:00:00Z"), NOW_NS) == TimeWindow(
        at("2026-01-12T01:59:00Z"), NOW_NS + 600 * SECOND_NS
    )
