"""Which command gives what is missing: the role, the project that it is missing in, and when no role would help."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from opsctl.diagnosis.access import find_access_needs
from opsctl.diagnosis.access_places import image_project
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.models import Evidence, ExecutionName, Section, SectionStatus
from opsctl.diagnosis.report import AccessNeed

NAME = ExecutionName("projects/shop/locations/us-central1/jobs/j/executions/j-abcde", "shop", "us-central1", "j", "j-a")
DENIED, PARTIAL, ERROR = SectionStatus.DENIED, SectionStatus.PARTIAL, SectionStatus.ERROR


def template(**changes: Any) -> dict[str, Any]:
    container = {"image": changes.pop("image", "eu-docker.pkg.dev/shop/r/app@sha256:" + "a" * 64)}
    if "secrets" in changes:
        container["env"] = [
            {"name": f"S{number}", "valueSource": {"secretKeyRef": {"secret": secret, "version": "1"}}}
            for number, secret in enumerate(changes.pop("secrets"))
        ]
    if "instances" in changes:
        changes["volumes"] = [{"name": "sql", "cloudSqlInstance": {"instances": changes.pop("instances")}}]
    return {"template": {"containers": [container], **changes}}


def needs(sections: dict[str, Section], by: str | None = None, **changes: Any) -> tuple[AccessNeed, ...]:
    execution = {"execution": Section(SectionStatus.OK, data=template(**changes))}
    evidence = replace(Evidence(NAME, None, execution | sections), collected_by=by)
    return find_access_needs(evidence, derive_facts(evidence))


def commands(section: str, status: SectionStatus, reason: str, data: Any = None, **changes: Any) -> list[str]:
    return [need.command for need in needs({section: Section(status, reason, data=data)}, **changes)]


def grant(project: str, role: str, member: str = "user:EMAIL") -> str:
    return f"gcloud projects add-iam-policy-binding {project} --member={member} --role={role} --condition=None"


@pytest.mark.parametrize(
    ("section", "permission", "role"),
    [
        ("tasks", "run.tasks.list", "roles/run.viewer"),
        ("logs", "logging.logEntries.list", "roles/logging.viewer"),
        ("service_account", "resourcemanager.projects.getIamPolicy", "roles/browser"),
        ("service_account", "iam.serviceAccounts.get", "roles/iam.serviceAccountViewer"),
        ("secrets", "secretmanager.versions.get", "roles/secretmanager.viewer"),
        ("cloudsql", "cloudsql.instances.get", "roles/cloudsql.viewer"),
        ("apis", "serviceusage.services.get", "roles/serviceusage.serviceUsageViewer"),
        ("image", "artifactregistry.repositories.downloadArtifacts", "roles/artifactregistry.reader"),
    ],
)
@pytest.mark.parametrize("status", [DENIED, PARTIAL])
def test_the_smallest_role_that_holds_the_permission(
    section: str, permission: str, role: str, status: SectionStatus
) -> None:
    reason = f"x.googleapis.com: Permission '{permission}' denied on resource (or it may not exist)."
    assert commands(section, status, reason) == [grant("shop", role)]


def test_a_refusal_that_names_nothing_is_about_what_is_asked_first() -> None:
    assert commands("logs", DENIED, "Permission denied for all log views.") == [grant("shop", "roles/logging.viewer")]


class TestProjects:
    """Where the right is missing."""

    @pytest.mark.parametrize(
        ("image", "project"),
        [
            ("asia-docker.pkg.dev/other/r/app:1", "other"),
            ("asia-docker.pkg.dev/example.com/other/r/app:1", "example.com:other"),
            ("eu.gcr.io/other/app", "other"),
            ("gcr.io/example.com/other/app", "example.com:other"),
            ("registry-1.docker.io/library/node", ""),
            ("node:22", ""),
        ],
    )
    def test_of_an_image(self, image: str, project: str) -> None:
        assert image_project(image) == project
        expected = [grant(project, "roles/artifactregistry.reader")] if project else []
        assert commands("image", DENIED, "denied", image=image) == expected

    def test_of_secrets_elsewhere(self) -> None:
        names = ["own", "projects/vault/secrets/a", "projects/vault/secrets/b"]
        role = "roles/secretmanager.viewer"
        assert commands("secrets", DENIED, "no", secrets=names) == [grant("shop", role), grant("vault", role)]

    def test_of_the_one_secret_that_was_refused(self) -> None:
        names = ["own", "projects/vault/secrets/a"]
        items = [{"name": names[0], "state": "ENABLED"}, {"name": names[1], "state": "DENIED"}]
        reason = "Permission 'secretmanager.versions.get' denied"
        found = commands("secrets", PARTIAL, reason, {"secrets": items}, secrets=names)
        assert found == [grant("vault", "roles/secretmanager.viewer")]

    def test_of_instances_elsewhere(self) -> None:
        names = ["example.com:data:europe-west1:db", "shop:us-central1:db"]
        role = "roles/cloudsql.viewer"
        assert commands("cloudsql", DENIED, "no", instances=names) == [
            grant("example.com:data", role),
            grant("shop", role),
        ]

    @pytest.mark.parametrize(
        ("email", "project"),
        [
            ("app@runners.iam.gserviceaccount.com", "runners"),
            ("app@runners.example.com.iam.gserviceaccount.com", "example.com:runners"),
            ("77-compute@developer.gserviceaccount.com", "shop"),
            ("runners@appspot.gserviceaccount.com", "runners"),
            ("someone@example.com", "shop"),
            ("", "shop"),
        ],
    )
    def test_of_an_account_and_of_the_policy_of_the_job(self, email: str, project: str) -> None:
        reason = (
            "Permission 'iam.serviceAccounts.get' denied; Permission 'resourcemanager.projects.getIamPolicy' denied"
        )
        assert commands("service_account", DENIED, reason, serviceAccount=email) == [
            grant(project, "roles/iam.serviceAccountViewer"),
            grant("shop", "roles/browser"),
        ]


class TestNoRole:
    """Refusals that nobody ends by granting a role."""

    @pytest.mark.parametrize(
        "reason",
        [
            "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: abc",
            "Request had insufficient authentication scopes.",
            "Request had invalid authentication credentials.",
            "The API requires a quota project, which is not set by default.",
            "Caller does not have required permission to use project x. (serviceusage.services.use is missing)",
            "Permission 'iam.serviceAccounts.getAccessToken' denied",
        ],
    )
    def test_none_is_named(self, reason: str) -> None:
        assert commands("secrets", DENIED, reason) == []

    def test_what_went_wrong_is_no_refusal(self) -> None:
        assert commands("logs", ERROR, "logging.googleapis.com: Permission 'logging.logEntries.list' denied") == []


class TestSwitchedOff:
    """APIs that are off, in the project that Google names."""

    OFF = "has not been used in project 123 before or it is disabled. Enable it by visiting https://x then retry."

    @pytest.mark.parametrize("status", [ERROR, PARTIAL])
    def test_the_api_that_answered_is_the_one(self, status: SectionStatus) -> None:
        found = commands(
            "service_account", status, f"iam.googleapis.com: Identity and Access Management API {self.OFF}"
        )
        assert found == ["gcloud services enable iam.googleapis.com --project=123"]

    def test_without_its_name_the_section_tells(self) -> None:
        assert commands("tasks", ERROR, "SERVICE_DISABLED") == [
            "gcloud services enable run.googleapis.com --project=shop"
        ]

    def test_the_registry_says_it_in_its_own_words(self) -> None:
        reason = "image x: eu-docker.pkg.dev says that the Artifact Registry API is off in the project"
        assert commands("image", ERROR, reason, image="eu-docker.pkg.dev/other/r/app") == [
            "gcloud services enable artifactregistry.googleapis.com --project=other"
        ]

    def test_one_api_for_several_sections_is_one_command(self) -> None:
        off = Section(ERROR, f"run.googleapis.com: Cloud Run Admin API {self.OFF}")
        (need,) = needs({"tasks": off, "job": off})
        assert (need.sections, need.role, need.permissions) == (("tasks", "job"), None, ())


def test_who_asked_is_the_one_who_gets_the_role() -> None:
    (need,) = needs({"logs": Section(DENIED, "no")}, by="serviceAccount:ci@shop.iam.gserviceaccount.com")
    assert "--member=serviceAccount:ci@shop.iam.gserviceaccount.com" in need.command


def test_a_command_is_safe_to_copy_whatever_the_names_hold() -> None:
    hostile = "projects/$(reboot);`x`/secrets/a"
    (need,) = needs({"secrets": Section(DENIED, "no")}, by="user:a'b;rm@x", secrets=[hostile])
    words = shlex.split(need.command)
    assert words[3:5] == ["$(reboot);`x`", "--member=user:a'b;rm@x"]
    assert "'$(reboot);`x`'" in need.command
