"""The reports in the documentation are what the program prints."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from docs.generate import render_report_pages
from docs.generator.reports import INCIDENT, SIBLINGS

from opsctl.lab.incidents import INCIDENTS
from tests.cli.cloudrun.local_google import open_terminal
from tests.docs.pages import DOCS, README, is_shown_in, read_examples

REPORTS = DOCS / "explanation" / "reports"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_report_is_exactly_what_the_program_prints(language: str, tmp_path: Path) -> None:
    run(tmp_path, "lab", "incident", "write", INCIDENT)
    words = ("--from-evidence", f"{INCIDENT}.json", "-o", "markdown", "--lang", language)
    printed = run(tmp_path, "cloudrun", "diagnose", *words)
    assert printed.returncode == 3
    assert printed.stdout == (REPORTS / f"{INCIDENT}.{language}.md").read_text(encoding="utf-8")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OPSCTL_", "LC_", "LANG"))}
    return subprocess.run(
        [sys.executable, "-m", "opsctl", *words],
        cwd=folder,
        env={**own, "TZ": "UTC", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_example_of_the_readme_prints_what_it_shows(tmp_path: Path) -> None:
    (example,) = [item for item in read_examples(README) if item.command.startswith("opsctl cloudrun")]
    words = shlex.split(example.command.removesuffix(" --profile lab"))[2:]
    with open_terminal(tmp_path) as terminal:
        printed = terminal.run(*words)
    assert printed.exit_code == example.exit_code
    assert is_shown_in(example.shown, printed.stdout), printed.stdout


def test_the_pages_are_as_the_code_makes_them() -> None:
    """When this fails: `make docs`."""
    made = render_report_pages()
    committed = {path.name: path.read_text(encoding="utf-8") for path in REPORTS.glob("*.md")}
    assert sorted(made) == sorted(committed)
    stale = [name for name in made if made[name] != committed[name]]
    assert not stale, f"run `make docs`: {stale}"


def test_the_ranking_page_has_every_variant() -> None:
    page = (REPORTS / "how-evidence-moves-the-ranking.md").read_text(encoding="utf-8")
    for name in (INCIDENT, *SIBLINGS):
        body = page.split(f" {name}\n")[1].split("\n#")[0]
        rows = [line.split(" | ")[0].removeprefix("| ") for line in body.splitlines() if line.startswith("| ")]
        assert rows[2:] == [variant.name for variant in INCIDENTS[name].variants]
