"""Lines of pod logs: order, and what is new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.kubernetes.logs.lines import (
    LONGEST_LINE,
    Cursor,
    LineSource,
    LogLine,
    find_notice,
    merge_lines,
    read_line,
)

SOURCE = LineSource("p", "migrate", 3)
START = datetime(2025, 12, 23, 5, 42, tzinfo=UTC)
steps = st.lists(st.integers(0, 3), max_size=12)


def test_a_line_with_nanoseconds_of_another_zone() -> None:
    line = read_line(b"2025-12-23T14:42:00.123456789+09:00 stored 4 images\n", SOURCE)
    assert line.at == datetime(2025, 12, 23, 5, 42, 0, 123456, UTC)
    assert (line.nanoseconds, line.text, line.pod, line.index) == (789, "stored 4 images", "p", 3)


def test_lines_that_are_empty_without_a_time_or_not_text() -> None:
    assert read_line(b"2025-12-23T05:42:00Z \n", SOURCE).text == ""
    assert read_line(b"2025-12-23T05:42:00Z", SOURCE).text == ""
    assert read_line(b"no time here", SOURCE).at is None
    impossible = read_line(b"2025-13-45T99:99:99Z x", SOURCE)
    assert (impossible.at, impossible.text) == (None, "2025-13-45T99:99:99Z x")
    assert read_line(b"2025-12-23T05:42:00Z \xff\xfe", SOURCE).text == "\ufffd\ufffd"
    long = read_line(b"2025-12-23T05:42:00Z " + b"x" * (1 << 20), SOURCE).text
    assert (len(long), long[-2:]) == (LONGEST_LINE, "x…")


@pytest.mark.parametrize(
    "words",
    [
        "unable to retrieve container logs for containerd://61a93aa17bfb193bc125b151ec643c85a9edbcd6fd993f5f1164f2015f",
        'failed to open log file "/var/log/pods/n_p_u/migrate/3.log": no such file or directory',
        "failed to create fsnotify watcher: too many open files",
    ],
)
def test_what_the_node_says_itself_is_no_line_of_the_container(words: str) -> None:
    assert find_notice(read_line(words.encode(), SOURCE)) == words
    assert find_notice(read_line(f"2025-12-23T05:42:00Z {words}".encode(), SOURCE)) is None
    assert find_notice(read_line(b"  at migrate.js:3", SOURCE)) is None


@given(st.binary())
def test_any_bytes_are_a_line(raw: bytes) -> None:
    assert read_line(raw, SOURCE).pod == "p"


@given(st.lists(steps, max_size=4))
def test_merged_lines_are_in_order_and_none_is_lost(sources: list[list[int]]) -> None:
    made = [_lines(f"p{number}", source) for number, source in enumerate(sources)]
    merged = list(merge_lines(made))
    assert [line.at for line in merged] == sorted(line.at for lines in made for line in lines if line.at)
    for number, lines in enumerate(made):
        assert [line for line in merged if line.pod == f"p{number}"] == lines


def test_a_line_without_a_time_stays_behind_the_one_before_it() -> None:
    first = [*_lines("a", [0]), LogLine(None, "a", "m", "  at line 3"), *_lines("a", [5])]
    second = _lines("b", [1])
    assert [line.pod for line in merge_lines([first, second])] == ["a", "a", "b", "a"]


@given(steps, st.integers(0, 12), st.integers(0, 12))
def test_reading_in_pieces_finds_each_line_once(gaps: list[int], one: int, two: int) -> None:
    lines, cursor, found = _lines("p", gaps), Cursor(), []
    for end in sorted((one, two, len(lines))):
        there = lines[:end]
        since = cursor.since
        cursor.begin()
        found += [line for line in there if (since is None or (line.at and line.at >= since)) and cursor.is_new(line)]
    assert found == lines


def _lines(pod: str, gaps: list[int]) -> list[LogLine]:
    """Some at the same instant, some in the same second."""
    at, lines = START, []
    for number, gap in enumerate(gaps):
        at += timedelta(milliseconds=400 * gap)
        lines.append(LogLine(at, pod, "m", str(number)))
    return lines
