"""Which requests ask about projects, accounts and policies, and what is made of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.adapters.google_rest.accounts import GoogleAccounts
from opsctl.adapters.google_rest.session import Api
from opsctl.errors import AccessDeniedError, DataError
from tests.adapters.google_rest.canned_session import Asked, CannedSession

EMAIL = "123456789012-compute@developer.gserviceaccount.com"


async def test_the_number_of_a_project() -> None:
    session = CannedSession({"name": "projects/123456789012", "projectId": "netureyoutube", "state": "ACTIVE"})
    assert await GoogleAccounts(session).get_project_number("netureyoutube") == "123456789012"
    assert session.asked == [
        Asked(Api.RESOURCE_MANAGER, "/v3/projects/netureyoutube", permission="resourcemanager.projects.get")
    ]


@pytest.mark.parametrize("answer", [{}, {"name": "projects/netureyoutube"}, {"name": 3}, {"name": "projects/١"}])
async def test_a_project_without_a_number_is_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        await GoogleAccounts(CannedSession(answer)).get_project_number("p")


async def test_a_service_account_is_found_in_whatever_project_it_is() -> None:
    answer = {"email": EMAIL, "disabled": True}
    session = CannedSession(answer)
    assert await GoogleAccounts(session).get_service_account(EMAIL) == answer
    assert session.asked == [
        Asked(
            Api.IAM,
            "/v1/projects/-/serviceAccounts/123456789012-compute%40developer.gserviceaccount.com",
            permission="iam.serviceAccounts.get",
        )
    ]


async def test_a_policy_is_asked_for_with_its_conditions() -> None:
    session = CannedSession({"version": 3, "bindings": []})
    assert await GoogleAccounts(session).get_project_policy("example.com:p") == {"version": 3, "bindings": []}
    assert session.asked == [
        Asked(
            Api.RESOURCE_MANAGER,
            "/v3/projects/example.com%3Ap:getIamPolicy",
            body={"options": {"requestedPolicyVersion": 3}},
            permission="resourcemanager.projects.getIamPolicy",
        )
    ]


@pytest.mark.parametrize("access", ["GRANTED", "NOT_GRANTED", "UNKNOWN_CONDITIONAL", "UNKNOWN_INFO_DENIED", "NEWER"])
async def test_the_troubleshooters_word_is_passed_on(access: str) -> None:
    session = CannedSession({"access": access, "explainedPolicies": []})
    resource = "//cloudresourcemanager.googleapis.com/projects/p"
    assert await GoogleAccounts(session).troubleshoot(EMAIL, resource, "cloudsql.instances.connect") == access
    assert session.asked == [
        Asked(
            Api.POLICY_TROUBLESHOOTER,
            "/v1/iam:troubleshoot",
            body={
                "accessTuple": {
                    "principal": EMAIL,
                    "fullResourceName": resource,
                    "permission": "cloudsql.instances.connect",
                }
            },
        )
    ]


@pytest.mark.parametrize("answer", [{}, {"access": ""}, {"access": 1}])
async def test_no_word_is_an_error_and_no_verdict(answer: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        await GoogleAccounts(CannedSession(answer)).troubleshoot(EMAIL, "//x", "p")


async def test_a_refusal_is_passed_on() -> None:
    denied = AccessDeniedError("off", code="api-disabled")
    with pytest.raises(AccessDeniedError) as caught:
        await GoogleAccounts(CannedSession(denied)).troubleshoot(EMAIL, "//x", "p")
    assert caught.value is denied
