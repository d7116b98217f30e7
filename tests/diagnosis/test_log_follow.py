"""Following a log: until the end, each line once, late ones too. Time is the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from opsctl.diagnosis.log_follow import OVERLAP, FollowClock, LogFollower
from opsctl.diagnosis.log_lines import LineBuilder
from opsctl.diagnosis.log_reading import LogSelection, open_masker
from opsctl.diagnosis.ports import LogQuery
from opsctl.errors import NotFoundError, UnavailableError
from tests.diagnosis.log_entries import NAME, START, end_record, entry, execution, stderr
from tests.fakes.google import FakeGoogle

INTERVAL_SECONDS = 5


@dataclass
class Script:
    """What happens at which second; the clock stands still but for pauses."""

    google: FakeGoogle
    events: dict[int, Callable[[FakeGoogle], object]]
    stop_at: int = 10_000
    seconds: int = 0
    since: list[datetime | None] = field(default_factory=list)
    told: list[tuple[int, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def pause(self, seconds: float) -> bool:
        for _ in range(int(seconds)):
            self.seconds += 1
            if self.seconds in self.events:
                self.events[self.seconds](self.google)
        return self.seconds >= self.stop_at

    def open_query(self, since: datetime | None) -> LogQuery:
        self.since.append(since)
        return LogQuery("p", "f")


def follow(script: Script, selection: LogSelection | None = None) -> LogFollower:
    follower = LogFollower(
        script.google,
        script.google,
        NAME,
        script.open_query,
        LineBuilder(open_masker(None)),
        FollowClock(script.now, script.pause),
        interval_seconds=INTERVAL_SECONDS,
        on_failure=script.failures.append,
    )

    async def run() -> None:
        async for line in follower.follow(selection or LogSelection()):
            script.told.append((script.seconds, line.text))

    asyncio.run(run())
    return follower


def running() -> FakeGoogle:
    return FakeGoogle(executions={NAME: execution(completed=None)}, entries=[entry(1, 0, "first")])


def end(google: FakeGoogle) -> None:
    google.executions[NAME] = execution(completed=20)


def test_it_ends_a_minute_after_the_execution_and_tells_each_line_once() -> None:
    script = Script(
        running(),
        {
            7: lambda google: google.entries.append(entry(2, 7, "second")),
            20: end,
            # It comes late, and belongs before the second one.
            50: lambda google: google.entries.insert(1, entry(3, 5, "late")),
        },
    )
    follower = follow(script)
    assert [text for _, text in script.told] == ["first", "second", "late"]
    assert script.seconds == 80
    assert not follower.was_interrupted
    assert follower.row is not None
    assert follower.row.outcome.value == "failed"


def test_the_record_of_the_end_lets_it_end_sooner() -> None:
    script = Script(
        running(),
        {20: end, 21: lambda google: google.entries.append(end_record(9, 20, "has failed to complete"))},
    )
    follow(script)
    assert script.told[-1][1] == "has failed to complete"
    assert script.seconds == 35


def test_what_has_ended_long_ago_is_read_once() -> None:
    script = Script(running(), {}, seconds=5_000)
    end(script.google)
    follow(script)
    assert [text for _, text in script.told] == ["first"]
    assert script.google.asked.count("read") == 1


def test_only_the_newest_minute_is_read_again() -> None:
    script = Script(running(), {6: lambda google: google.entries.append(entry(2, 300, "x")), 20: end})
    follow(script)
    assert script.since[0] is None
    assert script.since[1] == START - OVERLAP
    assert script.since[-1] == START + timedelta(seconds=300) - OVERLAP


def test_a_stack_trace_that_comes_in_two_reads_is_one_line() -> None:
    google = running()
    google.entries = [stderr(1, 0, "Error: x")]
    script = Script(google, {3: lambda google: google.entries.append(stderr(2, 0.001, "    at f (a:1:1)")), 20: end})
    follow(script)
    assert [text for _, text in script.told] == ["Error: x\n    at f (a:1:1)"]


def test_a_line_is_not_held_back_for_longer_than_one_read() -> None:
    script = Script(running(), {60: end})
    follow(script)
    assert script.told == [(INTERVAL_SECONDS, "first")]


def test_an_interruption_ends_it_with_what_there_is() -> None:
    script = Script(running(), {}, stop_at=10)
    assert follow(script).was_interrupted
    assert [text for _, text in script.told] == ["first"]


def test_a_service_that_is_away_for_a_moment_is_asked_again() -> None:
    def fail(google: FakeGoogle) -> None:
        google.faults["read"] = UnavailableError("away")

    script = Script(running(), {4: fail, 16: lambda google: google.faults.clear(), 20: end})
    follow(script)
    assert script.failures == ["away"] * 3
    assert [text for _, text in script.told] == ["first"]


def test_a_service_that_stays_away_ends_it() -> None:
    script = Script(running(), {})
    script.google.faults["read"] = UnavailableError("away")
    with pytest.raises(UnavailableError):
        follow(script)
    assert len(script.failures) == 4


def test_an_execution_that_is_deleted_meanwhile_ends_it() -> None:
    script = Script(running(), {7: lambda google: google.executions.clear()})
    with pytest.raises(NotFoundError):
        follow(script)


def test_only_wanted_lines_are_told() -> None:
    script = Script(running(), {3: lambda google: google.entries.append(entry(2, 3, "second")), 20: end})
    follow(script, LogSelection(contains="second"))
    assert [text for _, text in script.told] == ["second"]
