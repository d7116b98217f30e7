"""Every command of the runbooks is run, in both languages, and ends and answers as the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from opsctl.config import CLOUDRUN_ENDPOINTS
from opsctl.lab.google.server import serve_in_thread
from opsctl.lab.google.world_of_incidents import cloud_of_incidents
from tests.adapters.git_checkouts import Checkout
from tests.docs.pages import DOCS, Example, read_examples
from tests.docs.runbook_shell import Shell, language_of
from tests.docs.vehicle_incident import DOCUMENTS, NAMESPACE, Incident, vehicle_incident
from tests.servers.pod_runner import run_pods

RUNBOOKS = DOCS / "how-to" / "runbooks"
FAILED_DEPLOY, HUNG_MIGRATION = "failed-cloud-run-migration", "vehicle-image-migration"
ALL = sorted(RUNBOOKS.glob("*.md"))


def test_there_is_a_runbook_for_each_incident_in_each_language() -> None:
    assert {page.name for page in ALL} == {
        f"{name}{suffix}" for name in (FAILED_DEPLOY, HUNG_MIGRATION) for suffix in (".md", ".ko.md")
    }


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_every_command_of_a_runbook_says_how_it_ends(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^```(?:console|sh|bash)$", text, re.MULTILINE)) == len(read_examples(page)) > 5


@pytest.mark.parametrize("page", [page for page in ALL if language_of(page) == "en"], ids=lambda page: page.name)
def test_both_languages_have_the_same_commands_and_exit_codes(page: Path) -> None:
    other = read_examples(page.with_suffix(".ko.md"))
    assert [(each.command, each.exit_code) for each in read_examples(page)] == [
        (each.command, each.exit_code) for each in other
    ]


@pytest.fixture
def google_shell(tmp_path: Path) -> Iterator[Shell]:
    """The Google Cloud in which the incident has happened, and a checkout of its program."""
    checkout = Checkout(tmp_path / "o4o-platform")
    checkout.commit("Partner settlement", "src/database/migrations/1735200000000-AddPartnerSettlement.ts")
    # The labels of the two images.
    checkout.git("tag", "9b1d77c02")
    checkout.commit("Separate migration entry point for the Cloud Run Job", "src/migrate.ts", "package.json")
    checkout.commit("Add migrate.js to the .dockerignore whitelist", ".dockerignore")
    checkout.commit("CACHEBUST for the Docker cache", "Dockerfile")
    checkout.git("tag", "4ca11e480")
    with serve_in_thread(cloud_of_incidents()) as google:
        settings = {f"OPSCTL_CLOUDRUN_{name.upper()}": google.url for name in CLOUDRUN_ENDPOINTS}
        settings |= {"OPSCTL_CLOUDRUN_PROJECT": "netureyoutube", "OPSCTL_CLOUDRUN_REGION": "asia-northeast3"}
        yield Shell(tmp_path, {**settings, "OPSCTL_CLOUDRUN_ACCESS_TOKEN": google.cloud.token, "TZ": "UTC"})


@pytest.mark.slow
@pytest.mark.parametrize("name", [f"{FAILED_DEPLOY}.md", f"{FAILED_DEPLOY}.ko.md"])
def test_a_failed_deploy(google_shell: Shell, name: str) -> None:
    page = RUNBOOKS / name
    google_shell.check(read_examples(page), language=language_of(page))
    assert "/app/dist/database/migrations" in (google_shell.folder / "report.md").read_text(encoding="utf-8")


# What the pod of that day was called; Kubernetes gives it another name each time.
POD = "car-image-migration-6zf4p"


@pytest.mark.servers
@pytest.mark.parametrize("name", [f"{HUNG_MIGRATION}.md", f"{HUNG_MIGRATION}.ko.md"])
def test_a_hung_migration(tmp_path: Path, name: str) -> None:
    page = RUNBOOKS / name
    with vehicle_incident(tmp_path) as incident, ExitStack() as later:
        follow(incident, [renamed(each, incident.pod) for each in read_examples(page)], language_of(page), later)
        assert incident.count_processed() == DOCUMENTS


def follow(incident: Incident, examples: list[Example], language: str, later: ExitStack) -> None:
    """Runs the commands. Around them happens what is not opsctl's: pods work."""
    old_pods = ExitStack()
    with old_pods:
        for example in examples:
            if example.command.startswith("opsctl migrate restart --yes"):
                old_pods.enter_context(incident.old_job.new_pods_work(incident.pod))
            is_replaced = example.command.endswith("--replace --yes")
            if is_replaced:
                old_pods.close()
            incident.shell.check([example], language=language)
            if is_replaced:
                later.enter_context(run_pods(incident.cluster, NAMESPACE))


def renamed(example: Example, pod: str) -> Example:
    shown = tuple(line.replace(POD, pod) for line in example.shown)
    return replace(example, command=example.command.replace(POD, pod), shown=shown)
