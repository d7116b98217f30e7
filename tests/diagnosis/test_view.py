"""The report for people: the answer on top, everything that it rests on below, nothing said twice."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import get_args

import pytest

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.facts import baseline
from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.prepare import mask_evidence
from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.report import BaselineDiff, ChangeItem, DiagnosisReport
from opsctl.diagnosis.view import diagnosis_view
from opsctl.lab.incidents import INCIDENTS, write_incident
from opsctl.reporting.language import Language
from opsctl.reporting.markdown import render_markdown
from opsctl.reporting.table import Screen, render_table
from opsctl.reporting.texts import Catalogue
from opsctl.reporting.texts.en.diagnose import MESSAGES
from opsctl.reporting.view import Section, Steps, Table
from tests.diagnosis.reports import report_of
from tests.diagnosis.runs import failed_run

O4O = "o4o-api-migrations-h5x5h"
LANGUAGES: tuple[Language, ...] = get_args(Language)
HEADINGS = {
    "en": [
        "Summary", "Timeline", "Possible causes", "Ruled out", "Evidence not seen, or not whole",
        "Difference from the last success o4o-api-migrations-t8v2c", "Commits since the last good image",
        "Fix and workarounds, least risk first", "Further checks, read-only", "Next",
    ],
    "ko": [
        "현상 요약", "시간순 경과", "가능한 원인 분석", "배제된 원인", "확인하지 못했거나 일부만 확인한 증거",
        "마지막 성공 실행 o4o-api-migrations-t8v2c 대비 변경 사항", "연관 커밋 분석",
        "조치와 임시 우회 방안 (위험이 낮은 순)", "추가 조사 명령어 목록 (읽기 전용)", "다음 단계",
    ],
}  # fmt: skip


def incident_report(folder: Path, name: str, language: Language = "en") -> DiagnosisReport:
    path = folder / "incident.json"
    write_incident(INCIDENTS[name], path)
    return report_of(mask_evidence(read_evidence(path)).evidence, language)


def markdown(report: DiagnosisReport, language: Language = "en") -> str:
    texts = Catalogue(language, UTC)
    return render_markdown(diagnosis_view(report, texts), texts)


def screen(report: DiagnosisReport, language: Language = "en", width: int | None = None) -> str:
    texts = Catalogue(language, UTC)
    return render_table(diagnosis_view(report, texts), texts, Screen(width))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ticket_has_the_structure_of_an_incident_report(tmp_path: Path, language: Language) -> None:
    text = markdown(incident_report(tmp_path, O4O, language), language)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS[language]
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert re.findall(r"^### (1)\. ", text, re.MULTILINE) == ["1"]


@pytest.mark.parametrize("name", INCIDENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_has_at_most_ten_lines(tmp_path: Path, name: str, language: Language) -> None:
    view = diagnosis_view(incident_report(tmp_path, name, language), Catalogue(language, UTC))
    summary = view.blocks[0]
    assert isinstance(summary, Section)
    assert len(summary.fields) <= 10


@pytest.mark.parametrize("name", INCIDENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_paragraph_and_no_command_is_said_twice(tmp_path: Path, name: str, language: Language) -> None:
    view = diagnosis_view(incident_report(tmp_path, name, language), Catalogue(language, UTC))
    steps = [step for block in view.blocks if isinstance(block, Steps) for step in block.steps]
    commands = [command for step in steps for command in step.commands]
    commands += [item.command for item in view.next_commands]
    assert len(commands) == len(set(commands))
    titles = [block.title for block in view.blocks if block.title]
    assert len(titles) == len(set(titles))
    assert all(block.rows or block.empty for block in view.blocks if isinstance(block, Table))


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_korean_report_is_korean(tmp_path: Path, name: str) -> None:
    """Every label and every sentence of ours; names, log lines and reasons of tools stay as they are."""
    view = diagnosis_view(incident_report(tmp_path, name, "ko"), Catalogue("ko", UTC))
    labels = [view.title]
    for block in view.blocks:
        labels += [block.title or view.title]
        if isinstance(block, Table):
            labels += [column.title for column in block.columns if column.title != "ID"]
        if isinstance(block, Section):
            labels += [field.label for field in block.fields]
        if isinstance(block, Steps):
            labels += [step.text for step in block.steps]
    labels += [line.text for line in view.notes] + [item.reason or view.title for item in view.next_commands]
    assert not [label for label in labels if not re.search("[가-힣]", label)]


class TestScreen:
    def test_rows_that_fill_a_screen_are_one_sentence_there_and_rows_in_a_ticket(self, tmp_path: Path) -> None:
        report = incident_report(tmp_path, f"{O4O}-logs-denied")
        assert len(report.not_checked) > 10
        shown, written = screen(report), markdown(report)
        for item in report.not_checked:
            assert f"| {item.cause} |" in written
            assert item.cause not in shown
        assert f"{len(report.not_checked)} causes would need: log" in shown

    def test_the_answer_is_on_the_first_lines(self, tmp_path: Path) -> None:
        lines = screen(incident_report(tmp_path, O4O), width=80).splitlines()[:12]
        top = " ".join(" ".join(lines).split())
        for told in ("FAILED", "scandir '/app/dist/database/migrations'", "image-file-missing", "99", "Fix"):
            assert told in top

    def test_digests_are_short_where_they_are_compared(self, tmp_path: Path) -> None:
        report = incident_report(tmp_path, O4O)
        assert report.baseline_diff is not None
        change = next(item for item in report.baseline_diff.changes if item.what == "image")
        assert change.before is not None
        table = markdown(report).split("## Difference")[1].split("\n## ")[0]
        assert change.before.rpartition("/")[2][: len("api-server@sha256:") + 12] in table
        assert change.before not in table


class TestWords:
    def test_a_guess_is_called_one_and_nothing_is_to_be_changed_for_it(self, tmp_path: Path) -> None:
        report = incident_report(tmp_path, f"{O4O}-logs-denied")
        assert report.findings[0].verdict is Verdict.POSSIBLE
        summary, *rest = markdown(report).split("\n## ")[1:]
        assert "not told by what was seen; the best guess" in summary
        assert "- Fix:" not in summary
        assert any(part.startswith("Only if it is this") for part in rest)

    @pytest.mark.parametrize(
        ("share", "told"), [(0.99999, "over 99.9 %"), (1.0, "over 99.9 %"), (0.98, "98.0 %"), (0.0003, "under 0.1 %")]
    )
    def test_nothing_is_certain(self, share: float, told: str) -> None:
        report = report_of(failed_run(['error: relation "orders" already exists']))
        first = replace(report.findings[0], probability=share)
        assert told in markdown(replace(report, findings=(first,)))

    def test_causes_that_are_next_to_impossible_are_summed_up(self) -> None:
        report = report_of(failed_run(['error: relation "orders" already exists']))
        first = replace(report.findings[0], probability=0.99)
        others = tuple(replace(first, cause=f"other-{n}", title=f"Other {n}", probability=0.002) for n in range(3))
        text = markdown(replace(report, findings=(first, *others), unknown_probability=0.004))
        assert "| 3 further causes | 0.6 % |  |  |" in text
        assert "other-1" not in text
        assert "Other 1" not in text

    def test_a_failure_that_no_rule_knows_says_so(self) -> None:
        report = replace(report_of(failed_run(["boom"])), findings=(), unknown_probability=1.0)
        text = markdown(report)
        assert "No rule recognises this failure" in text
        assert "## Possible causes" not in text

    def test_why_a_section_was_not_seen_is_told(self) -> None:
        text = markdown(report_of(failed_run(["boom"], sections={"image": "denied", "secrets": "error"})))
        assert "image (permission missing)" in text
        assert "secrets (could not be read)" in text

    @pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.CANCELLED, Outcome.RUNNING])
    def test_what_did_not_fail_has_no_causes(self, tmp_path: Path, outcome: Outcome) -> None:
        names = {Outcome.SUCCEEDED: "shop-migrate-z1y6h", Outcome.CANCELLED: "feed-import-x3m6p"}
        text = markdown(incident_report(tmp_path, names.get(outcome, "reprice-k9s2f")))
        assert "## Possible causes" not in text
        assert "## Ruled out" not in text

    def test_sizes_and_times_of_a_change_are_read_by_people(self) -> None:
        report = report_of(failed_run(["boom"]))
        changes = (
            ChangeItem("memory", "", "536870912", "1073741824"),
            ChangeItem("timeout", "", "600.0", None),
            ChangeItem("cpu", "", "1", "2000m"),
        )
        text = markdown(replace(report, baseline_diff=base_of(changes)))
        assert "| memory limit | 512.0 MiB | 1.0 GiB |" in text
        assert "| task timeout | 10 min | - |" in text
        assert "| CPU limit | `1` | `2000m` |" in text

    def test_no_change_is_said(self) -> None:
        text = markdown(replace(report_of(failed_run(["boom"])), baseline_diff=base_of(())))
        assert "Nothing differs in what was compared." in text

    def test_every_word_for_a_change_is_there(self) -> None:
        source = Path(baseline.__file__).read_text(encoding="utf-8")
        named = {*re.findall(r'Change\("([a-z-]+)"', source), *(what for what, _ in baseline._SIMPLE)}
        named |= {"command", "args", "cloudsql"}
        assert len(named) >= 16
        assert not {name for name in named if f"change_{name.replace('-', '_')}" not in MESSAGES}


def base_of(changes: tuple[ChangeItem, ...]) -> BaselineDiff:
    return BaselineDiff("good-1", None, changes)


def test_a_command_that_grants_a_right_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    report = incident_report(tmp_path, f"{O4O}-logs-denied")
    (need,) = report.access
    shown = screen(report, width=400)
    assert f"1. log  ({', '.join(need.permissions)})\n     {need.command}\n" in shown
    assert f"```sh\n   {need.command}\n   ```" in markdown(report)
