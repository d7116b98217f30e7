"""Whether APIs are enabled: in one call, and by the list where that call cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.adapters.google_rest.services import ServiceUsage
from opsctl.adapters.google_rest.session import Api
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from tests.adapters.google_rest.canned_session import Answer, Asked, CannedSession

SQL, RUN = "sqladmin.googleapis.com", "run.googleapis.com"


def service(api: str, state: str = "ENABLED") -> dict[str, Any]:
    return {"name": f"projects/123456789012/services/{api}", "state": state}


async def get_states(*answers: Answer, apis: tuple[str, ...] = (SQL, RUN)) -> tuple[dict[str, str], list[Asked]]:
    session = CannedSession(*answers)
    return await ServiceUsage(session).get_states("netureyoutube", apis), session.asked


async def test_states_come_in_one_call() -> None:
    states, asked = await get_states({"services": [service(RUN), service(SQL, "DISABLED")]})
    assert states == {SQL: "DISABLED", RUN: "ENABLED"}
    assert asked == [
        Asked(
            Api.SERVICE_USAGE,
            "/v1/projects/netureyoutube/services:batchGet",
            (
                ("names", f"projects/netureyoutube/services/{SQL}"),
                ("names", f"projects/netureyoutube/services/{RUN}"),
                ("fields", "services(name,state)"),
            ),
            permission="serviceusage.services.get",
        )
    ]


async def test_more_than_thirty_names_are_split() -> None:
    apis = tuple(f"a{number}.googleapis.com" for number in range(61))
    session = CannedSession(
        respond=lambda asked: {
            "services": [service(value.rpartition("/")[2]) for key, value in asked.query if key == "names"]
        }
    )
    assert await ServiceUsage(session).get_states("p", apis) == dict.fromkeys(apis, "ENABLED")
    assert [sum(key == "names" for key, _ in asked.query) for asked in session.asked] == [30, 30, 1]


async def test_nothing_wanted_is_nothing_asked() -> None:
    assert await get_states(apis=()) == ({}, [])


@pytest.mark.parametrize(
    "answer",
    [
        DataError("Request contains an invalid argument."),
        NotFoundError("unknown service"),
        AccessDeniedError("Not found or permission denied for service(s): sqladmn.googleapis.com."),
        {"services": [service(RUN)]},
        {"services": [service(RUN), service(SQL, "STATE_UNSPECIFIED")]},
        {},
        {"services": "x"},
    ],
)
async def test_the_list_of_enabled_ones_decides_where_one_call_cannot(answer: Answer) -> None:
    states, asked = await get_states(
        answer,
        {"services": [service("a.googleapis.com")], "nextPageToken": "one"},
        {"nextPageToken": "two"},
        {"services": [service(RUN)]},
    )
    assert states == {SQL: "DISABLED", RUN: "ENABLED"}
    base = (("filter", "state:ENABLED"), ("pageSize", "200"), ("fields", "services(name,state),nextPageToken"))
    assert [found.query for found in asked[1:]] == [base, (*base, ("pageToken", "one")), (*base, ("pageToken", "two"))]
    assert {(found.path, found.permission) for found in asked[1:]} == {
        ("/v1/projects/netureyoutube/services", "serviceusage.services.list")
    }


async def test_where_both_are_denied_the_first_refusal_counts() -> None:
    first = AccessDeniedError("get", permission="serviceusage.services.get")
    with pytest.raises(AccessDeniedError) as caught:
        await get_states(first, AccessDeniedError("list"))
    assert caught.value is first


@pytest.mark.parametrize(
    "error",
    [
        AccessDeniedError("off", code="api-disabled"),
        AccessDeniedError("login", code="no-credentials"),
        UnavailableError("late", code="timeout"),
    ],
)
async def test_where_the_list_would_not_help_it_is_not_asked(error: OpsctlError) -> None:
    session = CannedSession(error)
    with pytest.raises(type(error)) as caught:
        await ServiceUsage(session).get_states("p", (SQL,))
    assert caught.value is error
    assert len(session.asked) == 1


async def test_a_list_without_an_end_is_an_error() -> None:
    session = CannedSession(
        respond=lambda asked: {} if "batchGet" in asked.path else {"nextPageToken": f"{len(session.asked)}"}
    )
    with pytest.raises(DataError):
        await ServiceUsage(session).get_states("p", (SQL,))
    assert len(session.asked) == 21
