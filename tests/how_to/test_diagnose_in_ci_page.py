"""The page says what the script does and what the diagnosis needs."""

from __future__ import annotations

import re

from opsctl.diagnosis.access import find_access_needs
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.models import OWN_SECTIONS, SECTIONS, Evidence, ExecutionName, Section, SectionStatus
from tests.how_to.ci_job import ROOT, SCRIPT

PAGE = (ROOT / "docs" / "how-to" / "diagnose-in-ci.md").read_text(encoding="utf-8")


def test_it_grants_every_role_that_a_report_would_ask_for() -> None:
    name = ExecutionName(
        "projects/p/locations/europe-west1/jobs/j/executions/j-abcde", "p", "europe-west1", "j", "j-abcde"
    )
    image = {"template": {"containers": [{"image": "europe-docker.pkg.dev/p/r/app@sha256:" + "ab" * 32}]}}
    sections = {section: Section(SectionStatus.DENIED, "refused") for section in (*SECTIONS, *OWN_SECTIONS)}
    seen = {**sections, "execution": Section(SectionStatus.OK, data=image)}
    asked = set()
    for evidence in (Evidence(name, None, sections), Evidence(name, None, seen)):
        asked |= {need.role for need in find_access_needs(evidence, derive_facts(evidence))}
    granted = set(re.findall(r"--role (roles/[\w.]+)", PAGE))
    loop = re.search(r"for role in ([^;]*);", PAGE)
    assert loop is not None
    granted |= {f"roles/{role}" for role in loop[1].replace("\\", "").split()}
    assert len(asked) >= 6
    assert asked - {None} <= granted
    assert not [role for role in granted if "Accessor" in role or "admin" in role.lower()]


def test_it_names_every_variable_of_the_script_with_its_default() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    defaults = dict(re.findall(r"\$\{(DIAGNOSE_\w+):?-(\d*)\}", script))
    listed = dict(re.findall(r"\| `(DIAGNOSE_\w+)` \|.*\| (\S+) \|", PAGE))
    assert {name: value or "none" for name, value in defaults.items()} == listed
    assert len(listed) == 4
