"""`opsctl cloudrun diagnose`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.cells import cell_len

from opsctl.cli.app import ROOT
from opsctl.cli.schema import find_report
from opsctl.lab.incidents import INCIDENTS, write_incident
from opsctl.reporting.json_schema import envelope_schema
from tests.cli.processes import Ended, make_process, run_words
from tests.reporting.test_json_schema import problems

NAME = "o4o-api-migrations-h5x5h"
CONTROLS = {
    "shop-migrate-z1y6h": ("no-failure", "succeeded"),
    "feed-import-x3m6p": ("cancelled", "cancelled"),
    "reprice-k9s2f": ("running", "running"),
}


def diagnose(path: Path, *words: str) -> Ended:
    return run_words(["cloudrun", "diagnose", "--from-evidence", str(path), *words], make_process(path.parent), ROOT)


def incident(folder: Path, name: str = NAME, variant: str | None = None) -> Path:
    path = folder / f"{name}.json"
    chosen = None if variant is None else next(v.sections for v in INCIDENTS[name].variants if v.name == variant)
    write_incident(INCIDENTS[name], path, chosen)
    return path


def data_of(ended: Ended) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(ended.stdout)["data"]
    return data


def test_the_report_is_on_stdout_and_nothing_else(tmp_path: Path) -> None:
    ended = diagnose(incident(tmp_path))
    assert ended.exit_code == 3
    assert ended.stderr == ""
    top = ended.stdout.splitlines()[:10]
    assert any("FAILED" in line for line in top)
    assert any("image-file-missing" in line for line in top)
    assert any("scandir '/app/dist/database/migrations'" in line for line in top)
    assert any(line.lstrip().startswith("Fix") for line in top)


@pytest.mark.parametrize("name", INCIDENTS)
def test_every_incident_keeps_the_contract(name: str, tmp_path: Path) -> None:
    ended = diagnose(incident(tmp_path, name), "-o", "json")
    envelope = json.loads(ended.stdout)
    assert problems(envelope, envelope_schema("cloudrun.diagnose", find_report("cloudrun.diagnose"))) == []
    assert ended.exit_code == envelope["exitCode"] == (0 if name in CONTROLS else 3)
    assert envelope["status"] == ("ok" if name in CONTROLS else "findings")
    data = envelope["data"]
    shares = [finding["probability"] for finding in data["findings"]]
    assert shares == sorted(shares, reverse=True)
    assert round(sum(shares) + data["unknownProbability"], 9) == 1
    assert data["execution"]["execution"] == data["execution"]["name"].rpartition("/")[2]
    for finding in data["findings"]:
        assert finding["verdict"] in ("confirmed", "likely", "possible")
        assert finding["evidence"]
        assert all(item["section"] and (item["excerpt"] or item["meaning"]) for item in finding["evidence"])
        assert {"text", "commands", "risk"} <= (finding["remedy"] or {"text": 0, "commands": 0, "risk": 0}).keys()
    named = [item["cause"] for part in ("findings", "ruledOut", "notChecked") for item in data[part]]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("name", CONTROLS)
def test_what_did_not_fail_has_its_finding_and_code_0(name: str, tmp_path: Path) -> None:
    ended = diagnose(incident(tmp_path, name), "-o", "json")
    cause, outcome = CONTROLS[name]
    data = data_of(ended)
    assert (data["findings"][0]["cause"], data["execution"]["outcome"], ended.exit_code) == (cause, outcome, 0)


def test_an_outcome_that_is_not_told_ends_with_4(tmp_path: Path) -> None:
    ended = diagnose(incident(tmp_path, variant="nothing"), "-o", "json")
    data = data_of(ended)
    assert (ended.exit_code, json.loads(ended.stdout)["status"]) == (4, "partial")
    assert (data["findings"], data["unknownProbability"], data["baselineDiff"]) == ([], 1.0, None)
    assert data["nextStep"]["section"] == "logs"
    assert len(data["notChecked"]) > 20


def test_exit_zero_is_for_scripts(tmp_path: Path) -> None:
    ended = diagnose(incident(tmp_path), "--exit-zero", "-o", "json")
    assert (ended.exit_code, json.loads(ended.stdout)["status"]) == (0, "findings")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_yaml_is_the_same_document(tmp_path: Path, language: str) -> None:
    path = incident(tmp_path)
    written = diagnose(path, "-o", "yaml", "--lang", language).stdout
    assert yaml.safe_load(written) == json.loads(diagnose(path, "-o", "json", "--lang", language).stdout)


def test_korean_sentences_english_names(tmp_path: Path) -> None:
    path = incident(tmp_path)
    english, korean = (data_of(diagnose(path, "-o", "json", "--lang", language)) for language in ("en", "ko"))
    first = korean["findings"][0]
    assert first["cause"] == english["findings"][0]["cause"]
    assert first["evidence"][0]["excerpt"] == english["findings"][0]["evidence"][0]["excerpt"]
    assert first["remedy"]["commands"] == english["findings"][0]["remedy"]["commands"]
    assert all("가" <= max(text) <= "힣" for text in (first["title"], first["summary"], first["remedy"]["text"]))


@pytest.mark.parametrize(
    ("content", "exit_code", "told"),
    [
        (b"", 1, "empty"),
        (b"\x7fELF\x02\x01\x01\x00", 1, "not"),
        (b'{"schema": "opsctl.evidence/v1", "executionName": "projects/p', 1, "line"),
        (b'{"schema": "opsctl.evidence/v2", "executionName": "x", "sections": {}}', 1, "v2"),
        (b'{"schema": "opsctl.evidence/v1", "sections": {}}', 1, "executionName"),
        (b"[]", 1, ""),
    ],
)
@pytest.mark.parametrize("output", ["table", "json"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, exit_code: int, told: str, output: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    ended = diagnose(path, "-o", output)
    assert ended.exit_code == exit_code
    assert told in ended.stderr
    assert not ended.stderr.startswith("Collecting")
    assert "Traceback" not in ended.stderr
    if output == "json":
        assert json.loads(ended.stdout)["status"] == "error"
        assert json.loads(ended.stdout)["data"] is None
    else:
        assert ended.stdout == ""


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    assert diagnose(tmp_path / "none.json").exit_code == 7
    assert diagnose(tmp_path).exit_code == 2


def test_a_cause_that_needs_evidence_says_which(tmp_path: Path) -> None:
    data = data_of(diagnose(incident(tmp_path, variant="conditions"), "-o", "json"))
    assert {tuple(item["missingSections"]) for item in data["notChecked"]} >= {("logs",)}
    statuses = {item["section"]: item["status"] for item in data["completeness"]["sections"]}
    assert (statuses["execution"], statuses["logs"]) == ("ok", "skipped")


def test_the_execution_must_be_the_one_of_the_file(tmp_path: Path) -> None:
    path = incident(tmp_path)
    assert diagnose(path, NAME).exit_code == 3
    job = "projects/netureyoutube/locations/asia-northeast3/jobs/o4o-api-migrations"
    assert diagnose(path, f"{job}/executions/{NAME}").exit_code == 3
    other = diagnose(path, "o4o-api-migrations-zzzzz")
    assert other.exit_code == 2
    assert NAME in other.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "No execution was named"),
        ([NAME], "--project"),
        ([NAME, "--latest", "--job", "j"], "An execution is named"),
        (["--latest", "--latest-failed", "--job", "j"], "two different executions"),
        (["--latest"], "Add --job NAME"),
        (["No_Such Name", "--project", "p"], "does not name one execution"),
        (["--from-evidence", "x.json", "--project", "p"], "Leave out --project"),
        (["--from-evidence", "x.json", "--latest-failed"], "Leave out --latest-failed"),
        (["--from-evidence", "x.json", "--no-image"], "Leave out --no-image"),
    ],
)
def test_what_names_no_single_execution_is_a_usage_error(words: list[str], told: str, tmp_path: Path) -> None:
    nowhere = make_process(tmp_path, environ={"CLOUDSDK_CONFIG": str(tmp_path)})
    ended = run_words(["cloudrun", "diagnose", *words], nowhere, ROOT)
    assert ended.exit_code == 2
    assert told in ended.stderr


def test_a_saved_file_is_not_replaced_without_force(tmp_path: Path) -> None:
    path, saved = incident(tmp_path), tmp_path / "saved.json"
    first = diagnose(path, "--save-evidence", str(saved))
    assert first.exit_code == 3
    assert str(saved) in first.stderr
    saved.write_text("mine")
    assert diagnose(path, "--save-evidence", str(saved)).exit_code == 2
    assert saved.read_text() == "mine"
    assert diagnose(path, "--save-evidence", str(saved), "--force").exit_code == 3
    assert json.loads(saved.read_text())["executionName"].endswith(NAME)


def test_a_file_of_another_execution_is_not_saved(tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    assert diagnose(incident(tmp_path), "another-a1b2c", "--save-evidence", str(saved)).exit_code == 2
    assert not saved.exists()


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_on_a_terminal_only_commands_are_wider_than_it(
    tmp_path: Path, columns: int, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    path = incident(tmp_path)
    words = ["cloudrun", "diagnose", "--from-evidence", str(path), "--lang", language, "--no-color"]
    ended = run_words(words, make_process(tmp_path, is_terminal=True), ROOT)
    wide = [line for line in ended.stdout.splitlines() if cell_len(line) > columns]
    assert all("@sha256:" in line and " " not in line.strip(" \\") for line in wide)
    # Rows that fill a screen are for tickets.
    assert "-o markdown" in ended.stdout
    assert "\x1b" not in ended.stdout


def test_markup_and_escape_sequences_of_a_log_do_nothing(tmp_path: Path) -> None:
    document = INCIDENTS[NAME].evidence()
    for entry in document["sections"]["logs"]["data"]["entries"]:
        if "textPayload" in entry:
            entry["textPayload"] += "\x1b]0;owned\x07\x1b[2J [bold red]x[/] | `a` <script>"
    path = tmp_path / "hostile.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    for output in ("table", "json", "yaml", "markdown"):
        ended = diagnose(path, "-o", output)
        assert ended.exit_code == 3
        assert not set("\x1b\x07") & set(ended.stdout)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", diagnose(path, "-o", "markdown").stdout)
    assert "<script>" not in outside
    assert "[bold" not in outside.replace("\\[", "")
