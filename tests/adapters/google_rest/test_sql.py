"""Instances of Cloud SQL."""

from __future__ import annotations

import pytest

from opsctl.adapters.google_rest.session import Api
from opsctl.adapters.google_rest.sql import CloudSql
from opsctl.errors import AccessDeniedError, DataError, NotFoundError
from tests.adapters.google_rest.canned_session import Asked, CannedSession


async def test_an_instance_comes_back_as_google_gives_it() -> None:
    answer = {"kind": "sql#instance", "state": "RUNNABLE", "settings": {"activationPolicy": "NEVER"}}
    session = CannedSession(answer)
    assert await CloudSql(session).get_instance("netureyoutube", "o4o-platform-db") == answer
    assert session.asked == [
        Asked(
            Api.SQL,
            "/sql/v1beta4/projects/netureyoutube/instances/o4o-platform-db",
            permission="cloudsql.instances.get",
        )
    ]


@pytest.mark.parametrize(
    ("project", "instance", "path"),
    [
        ("example.com:p", "db", "/sql/v1beta4/projects/example.com%3Ap/instances/db"),
        ("p", "db/users", "/sql/v1beta4/projects/p/instances/db%2Fusers"),
        ("p", "db?fields=x#y", "/sql/v1beta4/projects/p/instances/db%3Ffields%3Dx%23y"),
    ],
)
async def test_a_name_stays_a_name(project: str, instance: str, path: str) -> None:
    session = CannedSession({})
    await CloudSql(session).get_instance(project, instance)
    assert session.asked[0].path == path


@pytest.mark.parametrize(("project", "instance"), [("", "db"), ("p", ""), ("p", ".."), (".", "db")])
async def test_a_name_that_is_none_is_not_asked_for(project: str, instance: str) -> None:
    session = CannedSession({})
    with pytest.raises(DataError):
        await CloudSql(session).get_instance(project, instance)
    assert session.asked == []


async def test_an_instance_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        await CloudSql(CannedSession(NotFoundError("gone"))).get_instance("p", "db")


async def test_a_refusal_leaves_open_whether_the_instance_exists() -> None:
    refusal = AccessDeniedError(
        "sqladmin.googleapis.com: The client is not authorized to make this request.",
        hint="ask",
        permission="cloudsql.instances.get",
    )
    with pytest.raises(AccessDeniedError) as caught:
        await CloudSql(CannedSession(refusal)).get_instance("p", "db")
    assert caught.value.message == (
        "sqladmin.googleapis.com: The client is not authorized to make this request (or instance 'db' may not exist)."
    )
    assert (caught.value.code, caught.value.hint) == ("denied-or-absent", "ask")
    assert caught.value.permission == "cloudsql.instances.get"


@pytest.mark.parametrize("code", ["api-disabled", "expired-credentials", "no-credentials"])
async def test_a_refusal_of_another_kind_stays_as_it_is(code: str) -> None:
    refusal = AccessDeniedError("no", code=code)
    with pytest.raises(AccessDeniedError) as caught:
        await CloudSql(CannedSession(refusal)).get_instance("p", "db")
    assert caught.value is refusal
