"""Identity, secrets, databases, image and commits: what the sections hold."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from opsctl.diagnosis.collectors.accounts import collect_account
from opsctl.diagnosis.collectors.apis import needed_apis
from opsctl.diagnosis.collectors.image import collect_image
from opsctl.diagnosis.collectors.references import References, SecretReference
from opsctl.diagnosis.collectors.secrets import collect_secrets
from opsctl.diagnosis.collectors.sql import collect_sql
from opsctl.diagnosis.evidence_reading import parse_execution_name
from opsctl.diagnosis.models import Section, SectionStatus
from opsctl.diagnosis.ports import Commit, CommitRange
from opsctl.errors import AccessDeniedError, NotFoundError, UnavailableError
from tests.diagnosis.collectors.live import collect_from, incident
from tests.fakes.google import FakeGoogle

NAME = parse_execution_name("projects/shop/locations/asia-northeast3/jobs/j/executions/j-abcde")
ACCOUNT = "runner@shop.iam.gserviceaccount.com"
DENIED = AccessDeniedError("Permission denied", permission="x.y.z")


async def no_messages() -> tuple[str, ...]:
    return ()


def references(**changes: Any) -> References:
    fields: dict[str, Any] = {
        "service_account": ACCOUNT,
        "secrets": (),
        "sql_instances": (),
        "image": "eu-docker.pkg.dev/shop/r/app@sha256:" + "a" * 64,
        "command": (),
        "args": (),
        "working_folder": "",
        "env": {},
    }
    return References(**(fields | changes))


class TestAccount:
    def google(self) -> FakeGoogle:
        return FakeGoogle(
            accounts={ACCOUNT: {"email": ACCOUNT}},
            policy={
                "bindings": [
                    {"role": "roles/b", "members": [f"serviceAccount:{ACCOUNT}"]},
                    {"role": "roles/a", "members": [f"serviceAccount:{ACCOUNT.upper()}", "user:x@example.com"]},
                    {
                        "role": "roles/c",
                        "members": [f"serviceAccount:{ACCOUNT}"],
                        "condition": {"title": "t", "expression": "false"},
                    },
                    {"role": "roles/d", "members": [f"deleted:serviceAccount:{ACCOUNT}?uid=1"]},
                ]
            },
        )

    def collect(self, google: FakeGoogle, **changes: Any) -> Section:
        return asyncio.run(collect_account(google, NAME, references(**changes)))

    def test_roles_as_they_stand_on_the_project_are_not_the_whole_truth(self) -> None:
        section = self.collect(self.google())
        assert section.status is SectionStatus.PARTIAL
        assert section.reason == "inherited, group, conditional and deny bindings not evaluated"
        assert section.data is not None
        assert section.data["projectRoles"] == ["roles/a", "roles/b"]
        assert section.data["conditionalRoles"] == [{"role": "roles/c", "condition": "false"}]
        assert section.data["method"] == "project-policy"

    def test_policy_troubleshooter_decides_where_it_may_be_asked(self) -> None:
        google = self.google()
        google.verdicts = {"cloudsql.instances.connect": "GRANTED"}
        secret = SecretReference("projects/shop/secrets/s", "s", "latest")
        section = self.collect(google, sql_instances=("shop:eu-west1:db",), secrets=(secret, secret))
        assert section.status is SectionStatus.OK
        assert section.data is not None
        assert section.data["method"] == "policy-troubleshooter"
        assert [(item["permission"], item["verdict"]) for item in section.data["access"]] == [
            ("cloudsql.instances.connect", "GRANTED"),
            ("secretmanager.versions.access", "NOT_GRANTED"),
        ]

    def test_one_refusal_of_policy_troubleshooter_is_enough(self) -> None:
        google = self.google()
        secrets = tuple(SecretReference(f"projects/shop/secrets/{name}", name, "1") for name in "abc")
        self.collect(google, secrets=secrets)
        assert google.asked.count("troubleshoot") == 1

    def test_verdicts_that_leave_something_open_are_not_the_whole_truth(self) -> None:
        class OneVerdict(FakeGoogle):
            async def troubleshoot(self, principal: str, resource: str, permission: str) -> str:
                if permission == "cloudsql.instances.connect":
                    return "GRANTED"
                raise UnavailableError("503")

        own = self.google()
        google = OneVerdict(accounts=own.accounts, policy=own.policy)
        secret = SecretReference("projects/shop/secrets/s", "s", "latest")
        section = self.collect(google, sql_instances=("shop:eu-west1:db",), secrets=(secret,))
        assert section.status is SectionStatus.PARTIAL
        assert section.data is not None
        assert [item["verdict"] for item in section.data["access"]] == ["GRANTED"]
        assert section.data["projectRoles"] == ["roles/a", "roles/b"]

    def test_a_job_without_an_account_runs_as_the_default_one(self) -> None:
        google = self.google()
        email = "123456789012-compute@developer.gserviceaccount.com"
        google.accounts[email] = {"email": email, "disabled": True}
        section = self.collect(google, service_account="")
        assert section.data is not None
        assert (section.data["email"], section.data["disabled"]) == (email, True)

    def test_an_account_that_is_gone(self) -> None:
        section = self.collect(FakeGoogle())
        assert section.status is SectionStatus.NOT_FOUND

    @pytest.mark.parametrize("refused", ["get_service_account", "get_project_policy"])
    def test_half_of_it_is_partial(self, refused: str) -> None:
        google = self.google()
        google.faults = {refused: DENIED}
        section = self.collect(google)
        assert section.status is SectionStatus.PARTIAL
        assert "x.y.z" in str(section.reason)


class TestItems:
    """Several resources, each with its own answer."""

    SECRETS = tuple(SecretReference(f"projects/shop/secrets/{name}", name, "latest") for name in ("a", "b"))

    def test_a_secret_that_is_gone_beside_one_that_is_there(self) -> None:
        google = FakeGoogle(
            versions={
                ("projects/shop/secrets/a", "latest"): {"name": "projects/1/secrets/a/versions/8", "state": "DISABLED"}
            }
        )
        section = asyncio.run(collect_secrets(google, self.SECRETS))
        assert section.status is SectionStatus.OK
        assert section.data is not None
        assert [(item["name"], item["resolvedVersion"], item["state"]) for item in section.data["secrets"]] == [
            ("a", "8", "DISABLED"),
            ("b", None, "NOT_FOUND"),
        ]

    def test_some_refused_is_partial_and_all_refused_is_denied(self) -> None:
        class OneRefused(FakeGoogle):
            async def get_version(self, secret: str, version: str) -> Any:
                if secret.endswith("b"):
                    raise DENIED
                return {"name": "projects/1/secrets/a/versions/1", "state": "ENABLED"}

        section = asyncio.run(collect_secrets(OneRefused(), self.SECRETS))
        assert section.status is SectionStatus.PARTIAL
        assert section.data is not None
        assert section.data["secrets"][1]["state"] == "DENIED"
        nobody = FakeGoogle(faults={"get_version": DENIED})
        assert asyncio.run(collect_secrets(nobody, self.SECRETS)).status is SectionStatus.DENIED

    def test_an_instance_in_another_project_is_asked_for_there(self) -> None:
        google = FakeGoogle(instances={("example.com:data", "db"): {"state": "RUNNABLE", "settings": {}}})
        section = asyncio.run(collect_sql(google, ("example.com:data:europe-west1:db",)))
        assert section.data is not None
        assert section.data["instances"][0]["state"] == "RUNNABLE"

    def test_an_outage_of_all_is_an_error(self) -> None:
        google = FakeGoogle(faults={"get_instance": UnavailableError("503")})
        assert asyncio.run(collect_sql(google, ("p:r:i",))).status is SectionStatus.ERROR


def test_which_apis_a_job_needs() -> None:
    secret = SecretReference("projects/shop/secrets/a", "a", "1")
    assert needed_apis(references(image="gcr.io/p/a")) == ("run.googleapis.com",)
    assert needed_apis(references(secrets=(secret,), sql_instances=("p:r:i",))) == (
        "run.googleapis.com",
        "sqladmin.googleapis.com",
        "secretmanager.googleapis.com",
        "artifactregistry.googleapis.com",
    )


class TestImage:
    def test_the_files_of_the_run_and_what_they_lead_to(self) -> None:
        document, google = incident()
        section = collect_from(google, document).section("image")
        assert section.data is not None
        assert "/app/dist/database/migrations" in section.data["absent"]
        assert "/app/package.json" in section.data["texts"]
        assert {item["path"] for item in section.data["files"]} >= {"/app/dist/migrate.js"}

    def test_a_tag_may_have_moved(self) -> None:
        google = FakeGoogle(images={"gcr.io/p/app:1": ({}, {})})
        answer = asyncio.run(collect_image(google, references(image="gcr.io/p/app:1"), no_messages))
        assert answer.section.status is SectionStatus.PARTIAL
        assert "may have moved" in str(answer.section.reason)

    def test_an_image_that_is_gone(self) -> None:
        with pytest.raises(NotFoundError):
            asyncio.run(collect_image(FakeGoogle(), references(), no_messages))


class TestCommits:
    COMMITS = (Commit("4ca11e480", "subject", "2026-01-12T01:00:00Z", ("Dockerfile",)),)

    def test_without_a_known_success_only_the_commit_of_this_image(self) -> None:
        document, google = incident()
        google.commits = {(None, "4ca11e480"): CommitRange("/repo", "", "4ca11e480", self.COMMITS)}
        section = collect_from(google, document).section("commits")
        assert section.status is SectionStatus.PARTIAL
        assert "only the commit of this image" in str(section.reason)

    def test_between_two_images(self) -> None:
        document, google = incident()
        baseline = document["sections"]["baseline"]["data"]["execution"]["template"]["containers"][0]["image"]
        labels = {"config": {"Labels": {"org.opencontainers.image.revision": "9b1d77c02"}}}
        google.images[baseline] = (labels, {})
        google.commits = {("9b1d77c02", "4ca11e480"): CommitRange("/r", "9b1d77c02", "4ca11e480", self.COMMITS)}
        section = collect_from(google, document).section("commits")
        assert section.status is SectionStatus.OK
        assert section.data is not None
        assert (section.data["from"], section.data["to"]) == ("9b1d77c02", "4ca11e480")
        assert section.data["commits"][0]["files"] == ["Dockerfile"]

    def test_a_revision_that_the_checkout_does_not_have(self) -> None:
        document, google = incident()
        google.commits = {(None, "0" * 40): CommitRange("/repo", "", "0", ())}
        assert collect_from(google, document).section("commits").status is SectionStatus.NOT_FOUND


def test_the_time_of_collecting_is_told() -> None:
    document, google = incident()
    now = datetime.fromisoformat("2026-02-01T21:00:00+09:00")
    assert collect_from(google, document, now=now).collected_at == "2026-02-01T12:00:00Z"
