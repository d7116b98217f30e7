"""In a real terminal: the bar and the reports keep to its width, Korean text stands in line, nothing is left behind."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pexpect
import pyte
import pytest

from tests.end_to_end.conftest import EMBEDDED_ONLY, FAST, Site
from tests.end_to_end.gate import Gate
from tests.servers.kube_cluster import wait_for

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]

ROWS = 60


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a person saw: the screen at the end, and everything that was sent to it."""

    exit_code: int
    lines: Sequence[str]
    sent: str
    columns: int

    def line_with(self, text: str) -> str:
        return next(line for line in self.lines if text in line)


@pytest.mark.parametrize(("columns", "language"), [(80, "en"), (80, "ko"), (200, "ko")])
def test_a_running_migration_and_status(slow_site: Site, columns: int, language: str) -> None:
    slow_site.seed_plain(20)
    migrated = show(slow_site, columns, "migrate", "images", "--yes", "--lang", language, "--workers", "16")
    assert migrated.exit_code == 0, migrated.lines
    check_screen(migrated)
    bars = [line for line in migrated.lines if "━" in line]
    # One line a phase, drawn over and over, left as it ended.
    assert 1 <= len(bars) <= 2
    assert "80/80 100.0 %" in bars[-1]
    assert migrated.sent.count("\r") > 2, "the bar does not move"
    assert migrated.sent.rindex("\x1b[?25h") > migrated.sent.rindex("\x1b[?25l"), "the cursor stays hidden"

    status = show(slow_site, columns, "status", "--recount", "--lang", language)
    assert status.exit_code == 0
    check_screen(status)
    check_columns(status, {"en": "documents", "ko": "문서"}[language], {"en": "images", "ko": "이미지"}[language])


@pytest.mark.parametrize("columns", [80, 200])
def test_a_table_of_failures_in_korean(slow_site: Site, columns: int) -> None:
    urls = [f"ftp://example.com/사진/{number}/아반떼-정면.jpg" for number in range(3)]
    slow_site.collection.insert_one({"_id": "현대-아반떼", "vehicle_name": "아반떼", "exterior_images": urls})
    assert slow_site.call("migrate", "images", "--yes", "-q", **FAST).exit_code == 4
    failures = show(slow_site, columns, "migrate", "failures", "--lang", "ko")
    assert failures.exit_code == 0
    check_screen(failures)
    rows = [line for line in failures.lines if line.startswith("bad-url") and "현대" in line]
    assert len(rows) == 3
    starts = {cells_before(row, "현대") for row in rows}
    assert len(starts) == 1


def test_a_stopped_migration_leaves_a_clean_screen(slow_site: Site, gate: Gate) -> None:
    slow_site.seed_plain(40)
    gate.close_after(60)
    child = spawn(slow_site, 80, "migrate", "images", "--yes", "--lang", "ko")
    child.expect_exact("━")
    wait_for(lambda: gate.is_reached() or None, "the run to be in its middle")
    child.sendintr()
    gate.open()
    stopped = finish(child, 80)
    assert stopped.exit_code == 130
    check_screen(stopped)
    assert "opsctl migrate images" in "\n".join(stopped.lines)
    assert "Traceback" not in stopped.sent


def test_a_question_is_asked_and_a_no_changes_nothing(slow_site: Site) -> None:
    slow_site.seed_plain(1)
    before = slow_site.everything()
    child = spawn(slow_site, 80, "migrate", "images")
    child.expect_exact("[y/N]")
    child.sendline("n")
    declined = finish(child, 80)
    assert declined.exit_code == 2
    assert "Nothing was changed." in "\n".join(declined.lines)
    assert slow_site.everything() == before


def check_screen(terminal: Terminal) -> None:
    """No line is longer than the terminal, so none was broken by it; no sequence is left as text."""
    text = "\n".join(terminal.lines)
    assert "[?25" not in text
    assert not re.search(r"\[\d*[mKAJ]", text)
    for line in terminal.sent.split("\n"):
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip("\r").rpartition("\r")[2]
        # The line that names the places is prose: it may go on in the next one.
        assert width_of(plain) <= terminal.columns or "-> s3://" in plain, plain


def check_columns(terminal: Terminal, *names: str) -> None:
    """The number in the first column of figures ends in the same cell in every row, whatever the label's letters."""
    ends = set()
    for name in names:
        line = next(line for line in terminal.lines if re.match(rf"{name}\s+\d", line))
        number = re.search(r"\d[\d,]*", line)
        assert number is not None
        ends.add(width_of(line[: number.end()]))
    assert len(ends) == 1, terminal.lines


def cells_before(line: str, text: str) -> int:
    return width_of(line[: line.index(text)])


def width_of(text: str) -> int:
    """Cells on a terminal: pyte's own measure, which is the terminal's."""
    screen = pyte.Screen(4096, 1)
    pyte.Stream(screen).feed(text)
    return int(screen.cursor.x)


def show(site: Site, columns: int, *words: str) -> Terminal:
    return finish(spawn(site, columns, *words), columns)


def spawn(site: Site, columns: int, *words: str) -> pexpect.spawn:
    environment = {**site.environment, "TERM": "xterm-256color"}
    environment.pop("CI", None)
    child = pexpect.spawn(
        sys.executable,
        ["-m", "opsctl", *words],
        env=environment,
        dimensions=(ROWS, columns),
        encoding="utf-8",
        timeout=300,
    )
    child.logfile_read = io.StringIO()
    return child


def finish(child: pexpect.spawn, columns: int) -> Terminal:
    child.expect(pexpect.EOF)
    child.close()
    sent = child.logfile_read.getvalue()
    screen = pyte.Screen(columns, ROWS)
    pyte.Stream(screen).feed(sent)
    # A wide character fills two cells; pyte leaves the second one empty.
    lines = [line.rstrip() for line in screen.display]
    return Terminal(child.exitstatus, lines, sent, columns)
