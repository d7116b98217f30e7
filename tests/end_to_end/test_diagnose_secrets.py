"""No secret of the evidence leaves the program: not in a report, not on stderr, not in a saved file."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from opsctl.cli.app import ROOT
from opsctl.reporting.language import LANGUAGES
from tests.cli.processes import Ended, make_process, run_words
from tests.end_to_end.diagnose_canaries import plant_everywhere

pytestmark = pytest.mark.slow

FORMATS = ("table", "json", "yaml", "markdown")
COMMAND = ("cloudrun", "diagnose", "--from-evidence")
# Enough of a secret to be worth something.
PART = 12


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the evidence as `incident.json`, and the secrets in it by place."""
    evidence, secrets = plant_everywhere()
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "incident.json").write_text(json.dumps(evidence, ensure_ascii=False), encoding="utf-8")
    return folder, secrets


def run(folder: Path, *words: str, is_terminal: bool = False) -> Ended:
    process = make_process(folder, is_terminal=is_terminal)
    return run_words([*COMMAND, str(folder / "incident.json"), *words], process, ROOT)


def found_in(text: str, secrets: dict[str, str]) -> list[str]:
    """The places whose secrets stand in a text, whole or in part, folded or not."""
    texts = (text, re.sub(r"[\s\\]+", "", text))
    return [place for place, secret in secrets.items() if any(secret[:PART] in each for each in texts)]


def test_the_evidence_holds_them_all(planted: tuple[Path, dict[str, str]]) -> None:
    """Otherwise the other tests prove nothing."""
    folder, secrets = planted
    text = (folder / "incident.json").read_text(encoding="utf-8")
    encoded = {"line basic"}
    assert len(secrets) > 190
    assert set(secrets) - set(found_in(text, secrets)) == encoded


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("output", FORMATS)
def test_no_report_and_no_debug_log_holds_one(planted: tuple[Path, dict[str, str]], output: str, language: str) -> None:
    folder, secrets = planted
    ended = run(folder, "-o", output, "--lang", language, "-vv")
    assert ended.exit_code == 3
    assert len(ended.stdout) > 2000
    assert found_in(ended.stdout, secrets) == []
    assert found_in(ended.stderr, secrets) == []


@pytest.mark.parametrize("columns", ["80", "200"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_terminal_shows_one(
    planted: tuple[Path, dict[str, str]], columns: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, secrets = planted
    monkeypatch.setenv("COLUMNS", columns)
    ended = run(folder, "--lang", language, is_terminal=True)
    assert ended.exit_code == 3
    assert found_in(ended.stdout + ended.stderr, secrets) == []


@pytest.mark.parametrize("name", ["saved.json", "saved.json.gz"])
def test_no_saved_file_holds_one(planted: tuple[Path, dict[str, str]], name: str) -> None:
    folder, secrets = planted
    path = folder / name
    assert run(folder, "--save-evidence", str(path), "--force", "-vv").exit_code == 3
    content = path.read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    assert "***(s1)" in text
    assert found_in(text, secrets) == []


@pytest.mark.parametrize(
    "line", ["list", "list -o json", "list -o csv", "show db-auth-failed -o json", "show env-missing"]
)
def test_pages_of_rules_hold_nothing_that_looks_like_one(line: str) -> None:
    ended = run_words(["cloudrun", "rules", *line.split(), "-vv"], make_process(), ROOT)
    assert ended.exit_code == 0
    assert "***" not in ended.stdout


def test_an_error_about_the_file_holds_none(planted: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    folder, secrets = planted
    text = (folder / "incident.json").read_text(encoding="utf-8")
    for number, cut in enumerate(range(2000, len(text), len(text) // 12)):
        path = tmp_path / f"{number}.json"
        path.write_text(text[:cut], encoding="utf-8")
        ended = run_words([*COMMAND, str(path), "-o", "json", "-vv"], None, ROOT)
        assert ended.exit_code == 1
        assert found_in(ended.stdout + ended.stderr, secrets) == []


def test_the_same_secret_has_the_same_token_everywhere(planted: tuple[Path, dict[str, str]]) -> None:
    folder, secrets = planted
    evidence = json.loads((folder / "incident.json").read_text(encoding="utf-8"))
    same = secrets["execution env API_KEY"]
    sections = evidence["sections"]
    for template in (sections["baseline"]["data"]["execution"]["template"],):
        put(template["containers"][0]["env"], "API_KEY", same)
    sections["logs"]["data"]["entries"][3]["textPayload"] = f"tried with API_KEY={same} and lost"
    (folder / "same.json").write_text(json.dumps(evidence), encoding="utf-8")
    saved = folder / "same-masked.json"
    words = [*COMMAND, str(folder / "same.json"), "--save-evidence", str(saved), "--force"]
    assert run_words(words, make_process(folder), ROOT).exit_code == 3
    masked = json.loads(saved.read_text(encoding="utf-8"))["sections"]
    tokens = {
        value_of(masked["execution"]["data"]["template"]["containers"][0]["env"], "API_KEY"),
        value_of(masked["baseline"]["data"]["execution"]["template"]["containers"][0]["env"], "API_KEY"),
        re.findall(r"API_KEY=(\S+)", masked["logs"]["data"]["entries"][3]["textPayload"])[0],
    }
    assert len(tokens) == 1
    other = value_of(masked["job"]["data"]["template"]["template"]["containers"][0]["env"], "API_KEY")
    assert other not in tokens


def put(env: list[dict[str, Any]], name: str, value: str) -> None:
    for variable in env:
        if variable["name"] == name:
            variable["value"] = value


def value_of(env: list[dict[str, Any]], name: str) -> str:
    return next(str(variable["value"]) for variable in env if variable["name"] == name)
