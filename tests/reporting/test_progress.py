"""Progress off a terminal: rare plain lines."""

import io

from opsctl.reporting.progress import LineProgress, SilentProgress
from opsctl.reporting.texts import Catalogue


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_lines_at_the_start_every_30_seconds_at_changes_and_at_the_end() -> None:
    stream, clock = io.StringIO(), Clock()
    with LineProgress(stream, Catalogue(), clock) as progress:
        progress.phase("Fetching", 1000)
        for second in range(1, 71):
            clock.seconds = second
            progress.update(second * 10, note="10.0 a second" if second > 40 else "")
        progress.phase("Recording")
        clock.seconds = 75
        progress.update(3)
    assert stream.getvalue().splitlines() == [
        "Fetching",
        "Fetching: 300 of 1,000 (30.0 %)",
        "Fetching: 600 of 1,000 (60.0 %) - 10.0 a second",
        "Fetching: 700 of 1,000 (70.0 %) - 10.0 a second",
        "Recording",
        "Recording: 3",
        "Recording: finished after 1 min 15 s",
    ]


def test_a_run_that_fails_is_not_told_as_finished() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream, Catalogue("ko"), Clock())
    progress.phase("내려받기", 10)
    progress.update(4)
    progress.__exit__(ValueError, ValueError("x"), None)
    assert stream.getvalue().splitlines() == ["내려받기", "내려받기: 10 중 4 (40.0 %)"]


def test_notes_are_harmless_and_cleaned() -> None:
    stream = io.StringIO()
    with LineProgress(stream, Catalogue(), Clock(), clean=lambda text: text.replace("canary", "***")) as progress:
        progress.phase("Fetching \x1b[31m canary")
        progress.update(1, note="waits for host\ncanary")
    assert "\x1b" not in stream.getvalue()
    assert "canary" not in stream.getvalue()
    assert "host\\n***" in stream.getvalue()


def test_a_total_of_zero_is_no_division() -> None:
    stream = io.StringIO()
    with LineProgress(stream, Catalogue(), Clock()) as progress:
        progress.phase("Fetching", 0)
        progress.update(0)
    assert "Fetching: 0\n" in stream.getvalue()


def test_silence() -> None:
    with SilentProgress() as progress:
        progress.phase("x")
        progress.update(1, 2, "y")
