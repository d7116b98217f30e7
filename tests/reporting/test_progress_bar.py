"""The bar on a terminal, as a terminal shows it."""

import io

import pyte
import pytest

from opsctl.reporting.progress_bar import BarProgress
from opsctl.reporting.texts import Catalogue


def shown(text: str, columns: int) -> list[str]:
    screen = pyte.Screen(columns, 24)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return [line.rstrip() for line in screen.display if line.strip()]


@pytest.mark.parametrize("columns", [80, 120])
def test_the_last_picture_shows_count_share_and_note(columns: int) -> None:
    stream = io.StringIO()
    with BarProgress(stream, Catalogue(), has_colour=False, width=columns) as progress:
        progress.phase("Planning", 10)
        progress.update(10)
        progress.phase("Fetching", 1512)
        progress.update(380, note="12.4 a second [bold]x[/bold]")
    lines = shown(stream.getvalue(), columns)
    assert len(lines) == 2
    assert "Planning" in lines[0]
    assert "10/10 100.0 %" in lines[0]
    assert "Fetching" in lines[1]
    assert "380/1,512 25.1 %" in lines[1]
    if columns == 120:
        assert "12.4 a second [bold]x[/bold]" in lines[1]


def test_no_colour_without_colour() -> None:
    stream = io.StringIO()
    with BarProgress(stream, Catalogue(), has_colour=False, width=80) as progress:
        progress.phase("Fetching", 3)
        progress.update(1)
    assert "\x1b[3" not in stream.getvalue().replace("\x1b[?25", "")


def test_text_is_harmless_and_cleaned() -> None:
    stream = io.StringIO()
    with BarProgress(
        stream, Catalogue(), has_colour=False, width=120, clean=lambda text: text.replace("canary", "***")
    ) as progress:
        progress.update(1, note="\x07canary\u202e")
    written = stream.getvalue()
    assert not set(written) & set("\x07\u202e")
    assert "canary" not in written
    assert "\\x07***" in written
