"""Projects, policies, service accounts and Policy Troubleshooter of the local Google."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.lab.google.permissions import find_access
from opsctl.lab.google.world import Project, World
from tests.lab.google.calling import NUMBER, PROJECT, calling, shop

EMAIL = "runner@shop.iam.gserviceaccount.com"
DEFAULT = f"{NUMBER}-compute@developer.gserviceaccount.com"
CONDITION = {"title": "until-summer", "expression": "request.time < timestamp('2026-06-01T00:00:00Z')"}
VERSION_3 = {"options": {"requestedPolicyVersion": 3}}


@pytest.fixture
def world() -> World:
    world = shop()
    project = world.projects[PROJECT]
    project.bind("roles/cloudsql.client", f"serviceAccount:{EMAIL}")
    project.bind("roles/secretmanager.secretAccessor", f"serviceAccount:{EMAIL}", CONDITION)
    project.service_accounts[EMAIL] = {"email": EMAIL, "disabled": True}
    project.service_accounts[DEFAULT] = {"email": DEFAULT}
    return world


def test_number_of_a_project(world: World) -> None:
    with calling(world) as caller:
        assert caller.get("/v3/projects/shop")["name"] == f"projects/{NUMBER}"
        assert caller.get(f"/v3/projects/{NUMBER}")["projectId"] == "shop"
        assert caller.get("/v1/projects/shop")["projectNumber"] == NUMBER


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_policy_with_conditions_needs_version_3(world: World, version: str) -> None:
    path = f"/{version}/projects/shop:getIamPolicy"
    with calling(world) as caller:
        _, full = caller.send("POST", path, VERSION_3)
        _, old = caller.send("POST", path, {})
        assert caller.refused(path, "POST", {"options": {"requestedPolicyVersion": 2}})[0] == 400
    assert (full["version"], full["bindings"][1]["condition"]) == (3, CONDITION)
    assert old["version"] == 1
    assert old["bindings"][1]["role"].startswith("roles/secretmanager.secretAccessor_withcond_")
    assert not any("condition" in binding for binding in old["bindings"])


def test_policy_may_be_refused(world: World) -> None:
    world.projects[PROJECT].denied_permissions.add("resourcemanager.projects.getIamPolicy")
    with calling(world) as caller:
        status, error = caller.refused("/v3/projects/shop:getIamPolicy", "POST", VERSION_3)
    assert (status, error["message"]) == (403, "The caller does not have permission")
    assert error["details"][0]["metadata"]["permission"] == "resourcemanager.projects.getIamPolicy"


def test_service_accounts_are_found_by_their_address(world: World) -> None:
    with calling(world) as caller:
        assert caller.get(f"/v1/projects/-/serviceAccounts/{EMAIL}")["disabled"] is True
        assert caller.get(f"/v1/projects/-/serviceAccounts/{DEFAULT}") == {"email": DEFAULT}
        assert caller.get(f"/v1/projects/shop/serviceAccounts/{EMAIL}")["email"] == EMAIL
        gone = caller.refused("/v1/projects/-/serviceAccounts/gone@shop.iam.gserviceaccount.com")
        foreign = caller.refused("/v1/projects/-/serviceAccounts/x@other.iam.gserviceaccount.com")
    assert gone[0] == 404
    assert foreign[0] == 403
    assert foreign[1]["message"].endswith("(or it may not exist).")


def test_permissions_of_the_caller(world: World) -> None:
    world.projects[PROJECT].denied_permissions.add("run.jobs.get")
    wanted = {"permissions": ["run.jobs.get", "run.executions.get"]}
    with calling(world) as caller:
        assert caller.send("POST", "/v3/projects/shop:testIamPermissions", wanted)[1] == {
            "permissions": ["run.executions.get"]
        }
        assert caller.send("POST", "/v3/projects/other:testIamPermissions", wanted)[1] == {}


def question(permission: str, principal: str = EMAIL) -> dict[str, Any]:
    resource = "//cloudresourcemanager.googleapis.com/projects/shop"
    return {"accessTuple": {"principal": principal, "fullResourceName": resource, "permission": permission}}


@pytest.mark.parametrize(
    ("permission", "access"),
    [
        ("cloudsql.instances.connect", "GRANTED"),
        ("secretmanager.versions.access", "UNKNOWN_CONDITIONAL"),
        ("storage.objects.get", "NOT_GRANTED"),
    ],
)
def test_troubleshooter(world: World, permission: str, access: str) -> None:
    with calling(world) as caller:
        assert caller.send("POST", "/v1/iam:troubleshoot", question(permission))[1]["access"] == access


def test_troubleshooter_that_cannot_tell(world: World) -> None:
    with calling(world) as caller:
        assert caller.refused("/v1/iam:troubleshoot", "POST", question("run.jobs.get", ""))[0] == 400
        world.projects[PROJECT].denied_permissions.add("resourcemanager.projects.getIamPolicy")
        hidden = caller.send("POST", "/v1/iam:troubleshoot", question("run.jobs.get"))[1]
        world.projects[PROJECT].enabled_apis.discard("policytroubleshooter.googleapis.com")
        status, error = caller.refused("/v1/iam:troubleshoot", "POST", question("run.jobs.get"))
    assert hidden == {"access": "UNKNOWN_INFO_DENIED"}
    assert (status, error["details"][0]["reason"]) == (403, "SERVICE_DISABLED")


def test_members_are_compared_as_google_does() -> None:
    project = Project("shop", NUMBER)
    project.bind("roles/owner", "serviceAccount:Boss@shop.iam.gserviceaccount.com")
    project.bind("roles/cloudsql.client", f"deleted:serviceAccount:{EMAIL}?uid=1")
    project.bind("roles/cloudsql.client", "group:backend@example.com")
    assert find_access(project, "boss@SHOP.iam.gserviceaccount.com", "any.thing.atAll") == "GRANTED"
    assert find_access(project, EMAIL, "cloudsql.instances.get") == "NOT_GRANTED"
    project.access[(EMAIL, "cloudsql.instances.get")] = "GRANTED"
    assert find_access(project, EMAIL, "cloudsql.instances.get") == "GRANTED"
