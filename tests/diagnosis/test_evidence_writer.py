"""Writing evidence files: what is read, written and read again is equal; whole or not at all; for their owner only."""

from __future__ import annotations

import gzip
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from opsctl.diagnosis.evidence_file import read_evidence, write_document, write_evidence
from opsctl.diagnosis.models import Evidence, LogEntry, Section, SectionStatus
from opsctl.errors import AccessDeniedError, OpsctlError, UsageError
from tests.diagnosis.evidence_documents import SCHEMA, documents, log_line, small_document, write_json


def read_small(tmp_path: Path) -> Evidence:
    return read_evidence(write_json(tmp_path / "small.json", small_document()))


@given(documents)
def test_what_is_read_written_and_read_again_is_equal(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    read = read_evidence(write_json(folder / "a.json", document))
    for name in ("b.json", "c.json.gz"):
        write_evidence(folder / name, read, overwrite=True)
        # Remarks tell about the reading of one file; in the second nothing is unusual any more.
        assert read_evidence(folder / name) == replace(read, remarks=())


def test_the_file_is_googles_json_one_line_an_entry(tmp_path: Path) -> None:
    write_evidence(tmp_path / "e.json", read_small(tmp_path))
    text = (tmp_path / "e.json").read_text(encoding="utf-8")
    document = json.loads(text)
    expected = small_document()
    entries, written = (part["sections"]["logs"]["data"].pop("entries") for part in (expected, document))
    assert document == expected
    assert list(document) == ["schema", "collectedAt", "executionName", "sections"]
    assert document["schema"] == SCHEMA
    del entries[1]["textPayload"]
    # The time of arrival stands for the one that the entry lacks.
    entries[3]["timestamp"] = "2026-01-12T02:10:00Z"
    del entries[3]["receiveTimestamp"]
    assert written == entries
    lines = [line.rstrip(",") for line in text.splitlines() if line.startswith("{") and len(line) > 1]
    assert [json.loads(line) for line in lines] == written
    assert "실행 시작" in text


def test_lines_that_were_left_out_are_told_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    evidence = read_small(tmp_path)
    kept = tuple(
        entry._replace(number=number) for entry, number in zip(evidence.entries, (0, 1, 500_000, 500_007), strict=True)
    )
    logs = replace(evidence.sections["logs"], status=SectionStatus.PARTIAL, reason="the middle is missing")
    sections = {**evidence.sections, "logs": logs}
    evidence = replace(evidence, sections=sections, entries=kept, entries_dropped=500_004)
    write_evidence(tmp_path / "e.json", evidence)
    assert read_evidence(tmp_path / "e.json") == evidence
    data = json.loads((tmp_path / "e.json").read_text())["sections"]["logs"]["data"]
    assert data["leftOut"] == [{"from": 2, "count": 499_998}, {"from": 500_001, "count": 6}]


def test_evidence_without_logs_section_keeps_its_lines(tmp_path: Path) -> None:
    evidence = read_small(tmp_path)
    sections = {name: section for name, section in evidence.sections.items() if name != "logs"}
    write_evidence(tmp_path / "e.json", replace(evidence, sections=sections))
    read = read_evidence(tmp_path / "e.json")
    assert read.entries == evidence.entries
    assert read.section("logs") == Section(SectionStatus.OK, data={})


@pytest.mark.parametrize("name", ["e.json", "e.json.gz"])
def test_the_same_evidence_gives_the_same_bytes_for_its_owner_only(tmp_path: Path, name: str) -> None:
    evidence = read_small(tmp_path)
    written = []
    for folder in ("a", "b"):
        path = tmp_path / folder / name
        path.parent.mkdir()
        write_evidence(path, evidence)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [other.name for other in path.parent.iterdir()] == [name]
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert (written[0][:2] == b"\x1f\x8b") == name.endswith(".gz")
    if name.endswith(".gz"):
        assert written[0][4:8] == bytes(4)
        assert gzip.decompress(written[0]).endswith(b"}\n")


def test_a_file_is_replaced_only_when_that_is_allowed(tmp_path: Path) -> None:
    evidence = read_small(tmp_path)
    path = tmp_path / "e.json"
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        write_evidence(path, evidence)
    assert path.read_text() == "mine"
    write_evidence(path, evidence, overwrite=True)
    assert read_evidence(path) == evidence


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    evidence = read_small(tmp_path)
    with pytest.raises(UsageError, match="is a folder"):
        write_evidence(tmp_path, evidence, overwrite=True)
    with pytest.raises(UsageError, match="There is no folder"):
        write_evidence(tmp_path / "none" / "e.json", evidence)
    with pytest.raises(OpsctlError, match="could not be written") as caught:
        write_evidence(tmp_path / ("x" * 300), evidence)
    assert caught.value.exit_code == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    evidence = read_small(tmp_path)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    with pytest.raises(AccessDeniedError):
        write_evidence(folder / "e.json", evidence)


class _Failing(Mapping[str, Any]):
    """A part of the evidence that cannot be written to its end."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        raise KeyboardInterrupt

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("existing", [None, "mine"])
def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path, existing: str | None) -> None:
    evidence = read_small(tmp_path)
    entry = LogEntry(0, None, "", "DEFAULT", {}, "x" * 300_000, None, None, "")
    sections = {**evidence.sections, "logs": Section(SectionStatus.OK, data=_Failing())}
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "e.json"
    if existing is not None:
        path.write_text(existing)
    with pytest.raises(KeyboardInterrupt):
        write_evidence(path, replace(evidence, sections=sections, entries=(entry,)), overwrite=True)
    assert [other.read_text() for other in folder.iterdir()] == ([existing] if existing else [])


def test_a_document_is_written_as_it_is(tmp_path: Path) -> None:
    document = small_document()
    write_document(tmp_path / "e.json.gz", document)
    assert json.loads(gzip.decompress((tmp_path / "e.json.gz").read_bytes())) == document
    assert read_evidence(tmp_path / "e.json.gz") == read_small(tmp_path)


def test_text_of_any_kind_survives(tmp_path: Path) -> None:
    lines = ['a "quote" \\ back', "tab\tnewline\nreturn\r nul\x00 escape\x1b[31m", "실행 💥 \u2028 \ufeff", ""]
    document = small_document()
    document["sections"]["logs"]["data"]["entries"] = [log_line(n, line) for n, line in enumerate(lines)]
    evidence = read_evidence(write_json(tmp_path / "a.json", document))
    assert [entry.text for entry in evidence.entries] == lines
    write_evidence(tmp_path / "b.json", evidence)
    assert read_evidence(tmp_path / "b.json") == evidence
