"""`opsctl lab incident write`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from opsctl.cli.app import ROOT
from opsctl.cli.schema import find_report
from opsctl.diagnosis.models import SECTIONS
from opsctl.lab.incidents import INCIDENTS
from opsctl.reporting.json_schema import envelope_schema
from tests.cli.processes import Ended, make_process, run_line, run_words
from tests.reporting.test_json_schema import problems

NAME = "o4o-api-migrations-h5x5h"


def run(folder: Path, line: str) -> Ended:
    return run_line(f"lab incident write {line}", make_process(folder), ROOT)


def evidence_in(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def collected(path: Path) -> list[str]:
    sections = evidence_in(path)["sections"]
    return [name for name, body in sections.items() if body["status"] != "skipped"]


def test_it_writes_the_evidence_and_says_how_to_go_on(tmp_path: Path) -> None:
    ended = run(tmp_path, NAME)
    assert ended.exit_code == 0
    assert evidence_in(tmp_path / f"{NAME}.json") == INCIDENTS[NAME].evidence()
    last = ended.stdout.rstrip().splitlines()[-1]
    assert last.split("  ")[1] == f"opsctl cloudrun diagnose --from-evidence {NAME}.json"
    assert ended.stderr == ""


@pytest.mark.parametrize("name", INCIDENTS)
def test_every_incident_can_be_written(tmp_path: Path, name: str) -> None:
    ended = run(tmp_path, f"{name} -o json")
    written = json.loads(ended.stdout)
    assert problems(written, envelope_schema("lab.incident.write", find_report("lab.incident.write"))) == []
    assert written["data"]["path"] == str(tmp_path / f"{name}.json")
    assert written["data"]["sizeBytes"] == (tmp_path / f"{name}.json").stat().st_size
    assert INCIDENTS[name].cause not in ended.stdout.replace(name, "")


def test_a_variant_has_a_file_of_its_own(tmp_path: Path) -> None:
    assert run(tmp_path, f"{NAME} --variant conditions").exit_code == 0
    assert evidence_in(tmp_path / f"{NAME}-conditions.json") == INCIDENTS[NAME].variant("conditions")


def test_sections_can_be_chosen_and_left_out(tmp_path: Path) -> None:
    run(tmp_path, f"{NAME} --only execution --only logs --output-file a.json")
    assert collected(tmp_path / "a.json") == ["execution", "logs"]
    run(tmp_path, f"{NAME} --without logs --without image --output-file b.json")
    assert collected(tmp_path / "b.json") == [name for name in SECTIONS if name not in ("logs", "image")]
    run(tmp_path, f"{NAME} --variant logs --without tasks --output-file c.json")
    assert collected(tmp_path / "c.json") == ["execution", "logs"]


def test_a_folder_and_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    assert run(tmp_path, f"{NAME} --output-file evidence").exit_code == 0
    assert (tmp_path / "evidence" / f"{NAME}.json").is_file()
    assert run(tmp_path, f"{NAME} --output-file a.json.gz").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json.gz", "evidence"]
    assert json.loads(gzip.decompress((tmp_path / "a.json.gz").read_bytes())) == INCIDENTS[NAME].evidence()


def test_a_name_with_blanks_can_be_pasted(tmp_path: Path) -> None:
    words = ["lab", "incident", "write", NAME, "--output-file", "my case.json"]
    ended = run_words(words, make_process(tmp_path), ROOT)
    assert "--from-evidence 'my case.json'" in ended.stdout


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.json"
    path.write_text("mine")
    ended = run(tmp_path, NAME)
    assert ended.exit_code == 2
    assert "--force" in ended.stderr
    assert path.read_text() == "mine"
    forced = run(tmp_path, f"{NAME} --force -o json")
    assert json.loads(forced.stdout)["data"]["replaced"] is True
    assert evidence_in(path)["schema"] == "opsctl.evidence/v1"


def test_a_dangling_link_is_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.json").symlink_to(tmp_path / "elsewhere")
    assert run(tmp_path, NAME).exit_code == 2
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("line", "exit_code", "told"),
    [
        ("o4o-api-migrations-h5x5", 7, NAME),
        (f"{NAME} --variant everything", 2, "nothing, conditions, logs, image, iam, all"),
        (f"{NAME} --only weather", 2, "service_account"),
        (f"{NAME} --without weather", 2, "no section 'weather'"),
        (f"{NAME} --variant logs --only logs", 2, "Give one of them"),
        (f"{NAME} --output-file -", 2, "Name a file"),
        (f"{NAME} --output-file none/a.json", 2, "There is no folder"),
        (f"{NAME} --output-file {'a' * 300}", 1, "File name too long"),
        ("", 2, "NAME"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, line: str, exit_code: int, told: str) -> None:
    ended = run(tmp_path, line)
    assert ended.exit_code == exit_code
    assert told in ended.stderr
    assert ended.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_it_tells_the_story_in_korean(tmp_path: Path) -> None:
    ended = run(tmp_path, f"{NAME} --lang ko --variant nothing")
    assert "배포 직후 마이그레이션이 실패합니다" in ended.stdout
    assert "수집됨" in ended.stdout
