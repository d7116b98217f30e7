"""The adapters against the local Google: right answers, and every way in which an answer can be missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from opsctl.adapters.google_rest.accounts import GoogleAccounts
from opsctl.adapters.google_rest.artifacts import ArtifactRegistry
from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.secrets import SecretVersions
from opsctl.adapters.google_rest.services import ServiceUsage
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.adapters.google_rest.sql import CloudSql
from opsctl.diagnosis.policy_reading import read_member_roles
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, UnavailableError
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.server import RunningGoogle, serve_in_thread
from opsctl.lab.google.world import Project, Secret, World

EMAIL = "123456789012-compute@developer.gserviceaccount.com"
DIGEST = "sha256:" + "0" * 64
SQL, RUN = "sqladmin.googleapis.com", "run.googleapis.com"


def build_project() -> Project:
    project = Project("netureyoutube", "123456789012", enabled_apis={f"{api}" for api in Api} - {"run.googleapis.com"})
    project.bind("roles/cloudsql.client", f"serviceAccount:{EMAIL}")
    project.bind("roles/secretmanager.secretAccessor", f"serviceAccount:{EMAIL}", {"title": "t", "expression": "true"})
    project.service_accounts[EMAIL] = {"email": EMAIL, "uniqueId": "100"}
    versions = {
        7: {"state": "ENABLED", "createTime": "2025-10-01T00:00:00Z"},
        8: {"state": "DISABLED", "createTime": "2026-01-12T01:30:00Z"},
    }
    project.secrets["db-password"] = Secret("db-password", "2025-01-01T00:00:00Z", versions, aliases={"stable": 7})
    project.sql_instances["db"] = {"name": "db", "state": "RUNNABLE", "settings": {"activationPolicy": "NEVER"}}
    return project


@pytest.fixture
def google() -> Iterator[RunningGoogle]:
    with serve_in_thread(World({"netureyoutube": build_project()})) as running:
        yield running
        assert running.cloud.violations == []


@pytest.fixture
def session(google: RunningGoogle) -> Iterator[GoogleSession]:
    credentials = Credentials(google.cloud.token, environment={})
    session = GoogleSession(credentials, Endpoints(dict.fromkeys(Api, google.url)), timeout_seconds=120.0)
    yield session
    session.close()


async def test_accounts_are_read(session: GoogleSession) -> None:
    accounts = GoogleAccounts(session)
    assert await accounts.get_project_number("netureyoutube") == "123456789012"
    assert (await accounts.get_service_account(EMAIL))["uniqueId"] == "100"
    found = read_member_roles(await accounts.get_project_policy("netureyoutube"), EMAIL)
    assert found.roles == ("roles/cloudsql.client",)
    assert [item.role for item in found.conditional] == ["roles/secretmanager.secretAccessor"]
    resource = "//cloudresourcemanager.googleapis.com/projects/netureyoutube"
    assert await accounts.troubleshoot(EMAIL, resource, "cloudsql.instances.connect") == "GRANTED"


@pytest.mark.parametrize(("version", "number", "state"), [("latest", "8", "DISABLED"), ("stable", "7", "ENABLED")])
async def test_versions_of_secrets_are_read(session: GoogleSession, version: str, number: str, state: str) -> None:
    found = await SecretVersions(session).get_version("projects/netureyoutube/secrets/db-password", version)
    assert (found["name"].rpartition("/")[2], found["state"]) == (number, state)


async def test_instances_and_apis_are_read(session: GoogleSession) -> None:
    assert (await CloudSql(session).get_instance("netureyoutube", "db"))["settings"] == {"activationPolicy": "NEVER"}
    states = await ServiceUsage(session).get_states("netureyoutube", (SQL, RUN))
    assert states == {SQL: "ENABLED", RUN: "DISABLED"}
    assert [call.path for call in session.calls if call.api is Api.SERVICE_USAGE] == [
        "/v1/projects/netureyoutube/services:batchGet"
    ]


@dataclass(frozen=True)
class Question:
    """A call with the permission that it needs, of which the service says whether the thing may not exist."""

    api: Api
    ask: Callable[[GoogleSession], Awaitable[object]]
    permission: str
    code: str = "denied"
    absent: Callable[[GoogleSession], Awaitable[object]] | None = None


QUESTIONS = {
    "number": Question(
        Api.RESOURCE_MANAGER,
        lambda session: GoogleAccounts(session).get_project_number("netureyoutube"),
        "resourcemanager.projects.get",
    ),
    "policy": Question(
        Api.RESOURCE_MANAGER,
        lambda session: GoogleAccounts(session).get_project_policy("netureyoutube"),
        "resourcemanager.projects.getIamPolicy",
    ),
    "account": Question(
        Api.IAM,
        lambda session: GoogleAccounts(session).get_service_account(EMAIL),
        "iam.serviceAccounts.get",
        "denied-or-absent",
        lambda session: GoogleAccounts(session).get_service_account("x@netureyoutube.iam.gserviceaccount.com"),
    ),
    "secret": Question(
        Api.SECRET_MANAGER,
        lambda session: SecretVersions(session).get_version("projects/netureyoutube/secrets/db-password", "7"),
        "secretmanager.versions.get",
        "denied-or-absent",
        lambda session: SecretVersions(session).get_version("projects/netureyoutube/secrets/db-password", "9"),
    ),
    "instance": Question(
        Api.SQL,
        lambda session: CloudSql(session).get_instance("netureyoutube", "db"),
        "cloudsql.instances.get",
        "denied-or-absent",
        lambda session: CloudSql(session).get_instance("netureyoutube", "db-2"),
    ),
    "image": Question(
        Api.ARTIFACT_REGISTRY,
        lambda session: ArtifactRegistry(session).get_docker_image("eu-docker.pkg.dev/netureyoutube/r/a/b", DIGEST),
        "artifactregistry.dockerimages.get",
        "denied-or-absent",
        lambda session: ArtifactRegistry(session).get_docker_image("eu-docker.pkg.dev/netureyoutube/r/a", DIGEST),
    ),
}
every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


@every_question
async def test_a_refusal_names_the_permission(
    google: RunningGoogle, session: GoogleSession, question: Question
) -> None:
    google.cloud.world.denied_permissions.add(question.permission)
    with pytest.raises(AccessDeniedError) as caught:
        await question.ask(session)
    assert (caught.value.permission, caught.value.code) == (question.permission, question.code)


@every_question
async def test_an_api_that_is_off_is_said_to_be_off(
    google: RunningGoogle, session: GoogleSession, question: Question
) -> None:
    google.cloud.world.projects["netureyoutube"].enabled_apis.remove(question.api.value)
    with pytest.raises(AccessDeniedError) as caught:
        await question.ask(session)
    assert caught.value.code == "api-disabled"
    assert caught.value.hint == f"gcloud services enable {question.api.value} --project=123456789012"


@pytest.mark.parametrize(
    "question", [question for question in QUESTIONS.values() if question.absent], ids=lambda question: question.api
)
async def test_what_does_not_exist_is_not_found(session: GoogleSession, question: Question) -> None:
    assert question.absent is not None
    with pytest.raises(NotFoundError):
        await question.absent(session)


@every_question
@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (Fault(Action.STATUS, status=500), UnavailableError, "unavailable"),
        (Fault(Action.RESET), UnavailableError, "unavailable"),
        (Fault(Action.CUT), UnavailableError, "unavailable"),
        (Fault(Action.GARBAGE), DataError, "data"),
    ],
    ids=lambda value: value.action if isinstance(value, Fault) else "",
)
async def test_a_broken_answer_is_an_error_of_its_own_kind(
    google: RunningGoogle, question: Question, fault: Fault, kind: type[UnavailableError | DataError], code: str
) -> None:
    async def rest(_: float) -> None:
        """No waiting between the tries."""

    google.cloud.faults.add(fault)
    credentials = Credentials(google.cloud.token, environment={})
    session = GoogleSession(credentials, Endpoints(dict.fromkeys(Api, google.url)), timeout_seconds=120.0, sleep=rest)
    with pytest.raises(kind) as caught:
        await question.ask(session)
    assert caught.value.code == code
    session.close()


@every_question
async def test_an_answer_that_does_not_come_is_given_up(google: RunningGoogle, question: Question) -> None:
    google.cloud.faults.add(Fault(Action.HANG))
    credentials = Credentials(google.cloud.token, environment={})
    session = GoogleSession(credentials, Endpoints(dict.fromkeys(Api, google.url)), timeout_seconds=0.2)
    with pytest.raises(UnavailableError) as caught:
        await question.ask(session)
    assert caught.value.code == "timeout"
    session.close()
