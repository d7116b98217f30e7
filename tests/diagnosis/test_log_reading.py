"""Reading a log whole and from its end; what stops in the middle; why nothing may be there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from opsctl.diagnosis.execution_list import read_execution
from opsctl.diagnosis.log_lines import LineBuilder, LogLine
from opsctl.diagnosis.log_reading import LogReader, LogSelection, Tail, open_masker, read_tail
from opsctl.diagnosis.log_silence import explain_silence
from opsctl.diagnosis.ports import LogPage, LogQuery
from opsctl.errors import AccessDeniedError, UnavailableError
from tests.diagnosis.log_entries import START, Json, end_record, entry, execution, platform, stderr
from tests.fakes.google import FakeGoogle

QUERY = LogQuery("p", "timestamp>=x")
EVERYTHING = LogSelection()


def open_builder() -> LineBuilder:
    return LineBuilder(open_masker(None))


def numbered(count: int) -> list[Json]:
    return [entry(number, number * 5, f"line {number}") for number in range(count)]


def read(google: FakeGoogle, selection: LogSelection = EVERYTHING, **more: Any) -> tuple[list[LogLine], LogReader]:
    reader = LogReader(google, QUERY, open_builder(), **more)

    async def collect() -> list[LogLine]:
        return [line async for line in reader.read(selection)]

    return asyncio.run(collect()), reader


def last(google: FakeGoogle, count: int, selection: LogSelection = EVERYTHING) -> Tail:
    return asyncio.run(read_tail(google, QUERY, open_builder, selection, count))


def test_all_pages_are_read_in_order() -> None:
    lines, reader = read(FakeGoogle(entries=numbered(25), page_size=10))
    assert [line.text for line in lines] == [f"line {number}" for number in range(25)]
    assert (reader.cut, reader.error) == (None, None)


def test_what_was_read_stays_when_the_rest_cannot_be_read() -> None:
    lost = UnavailableError("connection reset")
    lines, reader = read(FakeGoogle(entries=numbered(25), page_size=10, faults={"read_on": lost}))
    assert len(lines) == 10
    assert (reader.cut, reader.error) == ("error", lost)
    tail = last(FakeGoogle(entries=numbered(300), page_size=10, faults={"read_on": lost}), 50)
    assert [line.text for line in tail.lines] == [f"line {number}" for number in range(290, 300)]
    assert (tail.cut, tail.error) == ("error", lost)


def test_a_log_of_which_nothing_can_be_read_is_an_error() -> None:
    denied = AccessDeniedError("no", permission="logging.logEntries.list")
    with pytest.raises(AccessDeniedError):
        read(FakeGoogle(entries=numbered(3), faults={"read": denied}))
    with pytest.raises(AccessDeniedError):
        last(FakeGoogle(entries=numbered(3), faults={"read": denied}), 2)


def test_a_log_without_end_is_cut_with_a_word() -> None:
    lines, reader = read(FakeGoogle(entries=numbered(100), page_size=10), most_entries=30)
    assert (len(lines), reader.cut) == (30, "limit")


@pytest.mark.parametrize(("count", "reads"), [(1, 1), (100, 1), (150, 1)])
def test_the_end_is_read_from_the_end(count: int, reads: int) -> None:
    google = FakeGoogle(entries=numbered(1500))
    tail = last(google, count)
    assert [line.text for line in tail.lines] == [f"line {number}" for number in range(1500 - count, 1500)]
    assert tail.cut == "tail"
    assert google.asked.count("read") + google.asked.count("read_on") == reads


def test_fewer_lines_than_were_asked_for_are_all_of_them() -> None:
    tail = last(FakeGoogle(entries=numbered(7)), 20)
    assert (len(tail.lines), tail.cut, tail.program_count) == (7, None, 7)


def test_the_end_of_a_selection_is_looked_for_further_back() -> None:
    google = FakeGoogle(entries=[stderr(0, 0, "Error: rare"), *numbered(5000)[1:]])
    tail = last(google, 2, LogSelection(least_level="error"))
    assert [line.text for line in tail.lines] == ["Error: rare"]
    assert (tail.cut, tail.entry_count) == (None, 5000)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (LogSelection(task=1), ["b"]),
        (LogSelection(attempt=0), ["a", "b", "Error: c\n    at d"]),
        (LogSelection(least_level="error"), ["Error: c\n    at d", "end"]),
        (LogSelection(least_level="warning"), ["Error: c\n    at d", "Container called exit(1).", "end"]),
        (LogSelection(contains="AT D"), ["Error: c\n    at d"]),
        (LogSelection(contains="nothing"), []),
    ],
)
def test_lines_are_selected_by_what_they_are(selection: LogSelection, expected: list[str]) -> None:
    entries = [
        entry(1, 0, "a"),
        entry(2, 1, "b", task=1),
        stderr(3, 2, "Error: c"),
        stderr(4, 2.001, "    at d"),
        platform(5, 3, "Container called exit(1).", attempt=1),
        end_record(6, 9, "end"),
    ]
    lines, _ = read(FakeGoogle(entries=entries), selection)
    assert [line.text for line in lines] == expected


class TestSilence:
    """Reasons for no lines."""

    def explain(
        self,
        data: Json | None,
        google: FakeGoogle | None = None,
        *,
        after_seconds: float = 86_400,
        selection: LogSelection = EVERYTHING,
        entries_read: int = 0,
    ) -> list[tuple[str, str | None]]:
        row = None if data is None else read_execution(data)
        reasons = asyncio.run(
            explain_silence(
                google or FakeGoogle(),
                "p",
                row,
                selection,
                entries_read=entries_read,
                now=START + timedelta(seconds=after_seconds),
            )
        )
        return [(reason.code, reason.detail) for reason in reasons]

    def test_a_container_that_never_started(self) -> None:
        data = execution()
        del data["startTime"]
        assert self.explain(data) == [("not-started", "Task x-task0 failed with exit code: 1.")]

    def test_an_execution_that_runs_or_has_just_ended(self) -> None:
        assert self.explain(execution(completed=None)) == [("running", None)]
        assert self.explain(execution(), after_seconds=60) == [("just-ended", None)]

    def test_one_that_is_older_than_what_is_kept(self) -> None:
        assert self.explain(execution(), after_seconds=40 * 86_400 + 30) == [("retention", "40")]

    def test_exclusions_of_the_project(self) -> None:
        exclusions: list[Json] = [{"name": "noise", "filter": "x"}, {"name": "off", "filter": "y", "disabled": True}]
        assert self.explain(execution(), FakeGoogle(exclusions=exclusions)) == [("exclusion", "noise")]
        assert self.explain(execution(), FakeGoogle(exclusions=[{"name": "_Default"}])) == [("sink-disabled", None)]
        denied = AccessDeniedError("no", permission="logging.sinks.get")
        google = FakeGoogle(faults={"list_exclusions": denied})
        assert self.explain(execution(), google) == [("exclusions-unknown", "logging.sinks.get")]

    def test_options_that_leave_everything_out(self) -> None:
        found = self.explain(execution(), selection=LogSelection(task=7), entries_read=12)
        assert found == [("selection", "12")]

    def test_nothing_tells(self) -> None:
        assert self.explain(execution()) == [("nothing-known", None)]
        assert self.explain(None) == [("nothing-known", None)]


def test_a_page_may_be_empty_although_there_are_more() -> None:
    class WithEmptyPage(FakeGoogle):
        async def read(self, query: LogQuery) -> AsyncIterator[LogPage]:
            yield LogPage((), has_more=True)
            yield LogPage(tuple(numbered(2)[:: -1 if query.newest_first else 1]), has_more=False)

    lines, _ = read(WithEmptyPage())
    assert len(lines) == 2
    assert len(last(WithEmptyPage(), 1).lines) == 1
