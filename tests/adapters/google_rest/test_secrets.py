"""Versions of secrets are looked at; no name from outside turns that into reading a value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import opsctl
from opsctl.adapters.google_rest.secrets import SecretVersions
from opsctl.adapters.google_rest.session import Api
from opsctl.errors import DataError
from tests.adapters.google_rest.canned_session import Asked, CannedSession

SECRET = "projects/netureyoutube/secrets/o4o-db-password"
ANSWER = {
    "name": "projects/123456789012/secrets/o4o-db-password/versions/8",
    "createTime": "2026-01-12T01:30:00Z",
    "state": "DISABLED",
    "etag": '"1"',
}


@pytest.mark.parametrize("version", ["latest", "8", "blue-green_2"])
async def test_a_version_is_asked_for_by_number_alias_and_latest(version: str) -> None:
    session = CannedSession(ANSWER)
    assert await SecretVersions(session).get_version(SECRET, version) == ANSWER
    assert session.asked == [
        Asked(
            Api.SECRET_MANAGER,
            f"/v1/projects/netureyoutube/secrets/o4o-db-password/versions/{version}",
            permission="secretmanager.versions.get",
        )
    ]


@pytest.mark.parametrize("project", ["123456789012", "example.com:p"])
async def test_the_project_may_be_a_number_or_of_a_domain(project: str) -> None:
    session = CannedSession(ANSWER)
    await SecretVersions(session).get_version(f"projects/{project}/secrets/S_1", "latest")
    assert session.asked[0].path == f"/v1/projects/{project.replace(':', '%3A')}/secrets/S_1/versions/latest"


@pytest.mark.parametrize(
    ("secret", "version"),
    [
        (SECRET, "latest:access"),
        (SECRET, "latest%3Aaccess"),
        (SECRET, "1/../2"),
        (SECRET, ""),
        (SECRET, "latest\n"),
        (SECRET, "latest?x="),
        (f"{SECRET}/versions/1:access#", "latest"),
        (f"{SECRET}\n", "latest"),
        ("projects/p/locations/l/secrets/s", "latest"),
        ("o4o-db-password", "latest"),
        ("projects/../secrets/s", "1"),
        ("", ""),
    ],
)
async def test_a_name_that_could_mean_another_call_is_refused(secret: str, version: str) -> None:
    session = CannedSession(ANSWER)
    with pytest.raises(DataError):
        await SecretVersions(session).get_version(secret, version)
    assert session.asked == []


@given(secret=st.text() | st.from_regex(r"projects/\S+/secrets/\S+"), version=st.text())
async def test_only_versions_are_ever_asked_for(secret: str, version: str) -> None:
    session = CannedSession(ANSWER)
    try:
        await SecretVersions(session).get_version(secret, version)
    except DataError:
        return
    (asked,) = session.asked
    assert re.fullmatch(r"/v1/projects/[a-z0-9.%A-]+/secrets/[\w-]+/versions/[\w-]+", asked.path, re.ASCII)
    assert asked.body is None


async def test_whatever_an_answer_holds_no_value_is_passed_on() -> None:
    session = CannedSession(ANSWER | {"payload": {"data": "aHVudGVyMg=="}, "note": "hunter2"})
    assert await SecretVersions(session).get_version(SECRET, "8") == ANSWER


# The lab's stand-in knows the call, to refuse it; rules know its name from the errors of programs that make it.
MAY_NAME_IT = ("lab", "diagnosis/rules")


def test_the_program_knows_no_call_that_gives_a_value() -> None:
    # Also where the method is put behind a path that is made elsewhere: `path + ":access"`, `f"{path}:access"`.
    names = re.compile(r"access_?secret_?version|versions/[^\s\"']*:access\b|[\"'}]:access\b", re.IGNORECASE)
    assert names.search('get(f"{path}:access")')
    assert names.search("client.access_secret_version(name)")
    sources = Path(opsctl.__file__).parent
    paths = {path.relative_to(sources).as_posix(): path for path in sources.rglob("*.py")}
    assert "adapters/google_rest/secrets.py" in paths
    found = [
        name
        for name, path in paths.items()
        if not name.startswith(MAY_NAME_IT) and names.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
