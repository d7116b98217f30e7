"""Evidence files of incidents on disk, and the price of importing them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.errors import UsageError
from opsctl.lab.incidents import INCIDENTS, write_incident

INCIDENT = INCIDENTS["report-export-d3w9k"]


def test_a_file_holds_the_evidence(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_incident(INCIDENT, path)
    assert json.loads(path.read_text(encoding="utf-8")) == INCIDENT.evidence()


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_diagnosis_reads_it_without_a_remark(tmp_path: Path, name: str) -> None:
    write_incident(INCIDENTS[name], tmp_path / "a.json.gz")
    read = read_evidence(tmp_path / "a.json.gz")
    document = INCIDENTS[name].evidence()
    assert read.remarks == ()
    assert read.name.full == document["executionName"]
    statuses = {section: body["status"] for section, body in document["sections"].items()}
    assert {section: str(body.status) for section, body in read.sections.items()} == statuses
    assert len(read.entries) == len(document["sections"]["logs"].get("data", {"entries": []})["entries"])


def test_a_compressed_file_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json.gz", tmp_path / "b.json.gz"
    write_incident(INCIDENT, first)
    write_incident(INCIDENT, second)
    assert first.read_bytes() == second.read_bytes()
    assert json.loads(gzip.decompress(first.read_bytes())) == INCIDENT.evidence()


def test_a_part_of_it(tmp_path: Path) -> None:
    write_incident(INCIDENT, tmp_path / "a.json", ("execution", "tasks"))
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == INCIDENT.variant("conditions")


def test_a_file_that_is_there_may_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("mine")
    with pytest.raises(UsageError):
        write_incident(INCIDENT, path, replace=False)
    assert path.read_text() == "mine"
    write_incident(INCIDENT, path)
    assert path.read_text(encoding="utf-8").startswith("{")


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_incident(INCIDENT, tmp_path / "none" / "a.json")


def test_importing_them_needs_nothing_but_python() -> None:
    program = (
        "import sys; before = set(sys.modules); import opsctl.lab.incidents; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    loaded = set(done.stdout.split())
    assert "opsctl" in loaded
    assert loaded - set(sys.stdlib_module_names) == {"opsctl"}
