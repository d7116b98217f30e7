"""From a ranking to the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.build_report import build_report
from opsctl.diagnosis.models import SECTIONS, Evidence
from opsctl.diagnosis.rank import Ranked, Ranking, Verdict
from opsctl.diagnosis.report import Finding
from opsctl.diagnosis.rule import Risk
from opsctl.diagnosis.rules import CAUSES, load_rules
from opsctl.reporting.texts import Catalogue
from tests.diagnosis.reports import first_of, report_of
from tests.diagnosis.runs import NAME, diagnose_run, facts_of, failed_run

RULES = load_rules(CAUSES)
LINES = ["Starting", 'error: relation "orders" already exists', "    at /app/dist/migrate.js:3:1"]
PASSWORD = 'error: password authentication failed for user "orders"'


@given(st.lists(st.floats(0.0051, 1), min_size=1, max_size=12), st.floats(0, 1))
def test_probabilities_and_unknown_are_exactly_one_after_rounding(weights: list[float], unknown: float) -> None:
    total = sum(weights) + unknown
    shares = sorted((weight / total for weight in weights), reverse=True)
    found = tuple(Ranked(rule, Verdict.POSSIBLE, share) for rule, share in zip(RULES, shares, strict=False))
    ranking = Ranking(found, (), (), 1 - sum(shares))
    evidence = failed_run(LINES)
    report = build_report(evidence, facts_of(evidence), ranking, {}, Catalogue("en", UTC))
    told = [finding.probability for finding in report.findings]
    assert round(sum(told) + report.unknown_probability, 9) == 1
    assert all(0 <= share <= 1 and round(share, 4) == share for share in (*told, report.unknown_probability))
    assert all(abs(share - finding.probability) < 0.001 for share, finding in zip(shares, report.findings, strict=True))


class TestEvidence:
    def test_every_place_and_every_meaning_is_told_once(self) -> None:
        finding = first_of(failed_run([PASSWORD, PASSWORD], secrets={"DB_PASSWORD": "db"}))
        places = [(item.section, item.pointer) for item in finding.evidence if item.meaning is None]
        meanings = [item.meaning for item in finding.evidence if item.meaning]
        assert len(places) == len(set(places))
        assert len(meanings) == len(set(meanings))

    def test_a_line_that_only_announces_another_is_stepped_over(self) -> None:
        lines = ["Migration failed:", "Error: Cannot find module '/app/dist/run.js'", "Require stack:"]
        sections = {"image": {"reference": "x", "files": [], "absent": ["/app/dist/run.js"], "complete": False}}
        excerpts = [item.excerpt for item in first_of(failed_run(lines, sections=sections)).evidence]
        assert "Error: Cannot find module '/app/dist/run.js'" in excerpts
        assert not [excerpt for excerpt in excerpts if excerpt.endswith(":")]

    def test_a_pointer_leads_to_what_is_quoted(self) -> None:
        evidence = failed_run(LINES)
        for item in first_of(evidence).evidence:
            if item.section == "logs":
                number = int(item.pointer.removeprefix("/entries/"))
                assert item.excerpt in (evidence.entries[number].text or "")


class TestRemedies:
    def test_the_fix_changes_something_and_the_others_are_graded(self) -> None:
        finding = first_of(failed_run([PASSWORD], secrets={"DB_PASSWORD": "db"}))
        assert finding.remedy is not None
        assert finding.remedy.risk is not Risk.READ_ONLY
        risks = [list(Risk).index(item.risk) for item in finding.workarounds]
        assert risks == sorted(risks)
        assert all(check.risk is Risk.READ_ONLY for check in finding.checks)

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.cause)
    @pytest.mark.parametrize("language", ["en", "ko"])
    def test_what_changes_something_says_when_and_how_back(self, rule: Any, language: Any) -> None:
        finding = finding_of(rule, language)
        told = [item for item in (finding.remedy, *finding.workarounds) if item is not None]
        assert told
        for item in told:
            assert item.text
            assert (item.risk is Risk.READ_ONLY) or (item.precondition and item.undo)
        assert finding.checks
        commands = [command for check in finding.checks for command in check.commands]
        assert len(commands) == len(set(commands))

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.cause)
    def test_no_remedy_of_a_rule_is_left_out(self, rule: Any) -> None:
        finding = finding_of(rule, "en")
        shown = len(finding.workarounds) + len(finding.checks) + (finding.remedy is not None)
        doubled = 1  # The check of a rule may be one of its looks.
        assert shown + doubled >= len(rule.remedies) + (rule.check is not None)


def finding_of(rule: Any, language: Any) -> Finding:
    evidence = failed_run(["boom"])
    ranking = Ranking((Ranked(rule, Verdict.LIKELY, 0.6),), (), (), 0.4)
    report = build_report(evidence, facts_of(evidence), ranking, {}, Catalogue(language, UTC))
    return report.findings[0]


class TestNextStep:
    def test_without_the_words_of_the_program_the_log_comes_first(self) -> None:
        step = report_of(failed_run(without=("logs",))).next_step
        assert step is not None
        assert step.section == "logs"
        assert "orders-migrate-x7k2p" in step.command
        assert step.command.startswith("opsctl cloudrun logs")

    def test_a_log_that_may_not_be_read_names_the_role(self) -> None:
        step = report_of(failed_run(sections={"logs": "denied"})).next_step
        assert step is not None
        assert "roles/logging.viewer" in step.text

    def test_what_never_started_has_no_words_to_read(self) -> None:
        report = report_of(failed_run(started=False, message="Image 'x' not found.", sections={"logs": "no_data"}))
        assert report.next_step is None or "gcloud logging read" not in report.next_step.command

    def test_a_confirmed_cause_needs_no_further_look(self) -> None:
        sections = {"image": {"reference": "x", "files": [], "absent": ["/app/dist/run.js"], "complete": False}}
        lines = ["Error: Cannot find module '/app/dist/run.js'", "  code: 'MODULE_NOT_FOUND'"]
        report = report_of(failed_run(lines, sections=sections))
        assert report.findings[0].verdict is Verdict.CONFIRMED
        assert report.next_step is None

    def test_it_tells_the_first_two_apart(self) -> None:
        evidence = failed_run(["Error: read ECONNRESET"])
        ranking = diagnose_run(evidence)
        first, second = (replace(Ranked(rule, Verdict.POSSIBLE, 0.3)) for rule in RULES[:2])
        report = build_report(
            evidence, facts_of(evidence), replace(ranking, findings=(first, second)), {}, Catalogue("en", UTC)
        )
        assert report.next_step is not None
        assert report.next_step.distinguishes == (first.rule.cause, second.rule.cause)


class TestWhatWasSeen:
    def test_every_section_is_listed_with_its_status(self) -> None:
        report = report_of(failed_run(LINES, sections={"image": "denied", "secrets": "no_data"}))
        told = {item.section: item.status for item in report.completeness.sections}
        assert list(told) == [name for name in SECTIONS if name != "value_facts"]
        assert (told["image"], told["secrets"], told["cloudsql"]) == ("denied", "no_data", "skipped")
        assert report.completeness.seen_ratio == round(3 / 10, 3)

    def test_without_a_last_success_there_is_no_difference(self) -> None:
        assert report_of(failed_run(LINES)).baseline_diff is None

    def test_masked_values_are_counted_by_kind(self) -> None:
        evidence: Evidence = failed_run(LINES)
        masked = {"b": 2, "a": 1}
        report = build_report(evidence, facts_of(evidence), diagnose_run(evidence), masked, Catalogue("en", UTC))
        assert (report.masked.values, list(report.masked.by_kind)) == (3, ["a", "b"])


def test_the_execution_is_described() -> None:
    execution = report_of(failed_run(LINES, exit_code=3)).execution
    assert execution.name == NAME
    assert (execution.project, execution.region, execution.job) == ("shop-prod", "europe-west1", "orders-migrate")
    assert execution.duration_seconds == 15.0
    assert [attempt.exit_code for attempt in execution.attempts] == [3]
    assert execution.message is not None
    assert "exit code: 3" in execution.message
