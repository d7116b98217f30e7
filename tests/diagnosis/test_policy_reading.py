"""Roles of one account: by name, under conditions, for everybody, and what a static reading cannot know."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.policy_reading import NOT_EVALUATED, ConditionalRole, MemberRoles, read_member_roles
from opsctl.errors import DataError

EMAIL = "123456789012-compute@developer.gserviceaccount.com"
MEMBER = f"serviceAccount:{EMAIL}"


def binding(role: str, *members: str, condition: dict[str, str] | None = None) -> dict[str, Any]:
    return {"role": role, "members": list(members)} | ({"condition": condition} if condition is not None else {})


def read(*bindings: dict[str, Any], email: str = EMAIL) -> MemberRoles:
    return read_member_roles({"version": 3, "etag": "BwY=", "bindings": list(bindings)}, email)


def test_direct_roles_are_sorted_and_named_once() -> None:
    found = read(
        binding("roles/editor", "user:a@example.com", MEMBER),
        binding("roles/cloudsql.client", MEMBER),
        binding("roles/editor", MEMBER),
        binding("roles/owner", "user:a@example.com"),
    )
    assert found == MemberRoles(roles=("roles/cloudsql.client", "roles/editor"))
    assert found.not_evaluated == NOT_EVALUATED == "inherited, group, conditional and deny bindings not evaluated"


def test_a_role_under_a_condition_is_no_role_yet() -> None:
    condition = {"title": "only-this-secret", "expression": "resource.name.startsWith('projects/1/secrets/s')"}
    found = read(binding("roles/secretmanager.secretAccessor", MEMBER, condition=condition))
    assert found.roles == ()
    assert found.conditional == (
        ConditionalRole(
            "roles/secretmanager.secretAccessor",
            "only-this-secret",
            "resource.name.startsWith('projects/1/secrets/s')",
        ),
    )


def test_an_empty_condition_is_still_a_condition() -> None:
    found = read(binding("roles/viewer", MEMBER, condition={}))
    assert (found.roles, found.conditional) == ((), (ConditionalRole("roles/viewer", "", ""),))


@pytest.mark.parametrize(
    "member",
    [
        f"deleted:{MEMBER}?uid=100",
        f"deleted:{MEMBER}",
        f"{MEMBER}.example.com",
        f"serviceAccount:x{EMAIL}",
        f"group:{EMAIL}",
        f"principal://iam.googleapis.com/projects/-/serviceAccounts/{EMAIL}",
        EMAIL,
    ],
)
def test_a_member_that_only_looks_alike_does_not_count(member: str) -> None:
    found = read(binding("roles/cloudsql.client", member))
    assert (found.roles, found.conditional, found.public) == ((), (), ())


@pytest.mark.parametrize("email", [EMAIL.upper(), EMAIL.title()])
def test_emails_compare_without_case(email: str) -> None:
    assert read(binding("roles/viewer", MEMBER), email=email).roles == ("roles/viewer",)
    assert read(binding("roles/viewer", f"serviceAccount:{email}")).roles == ("roles/viewer",)


def test_a_user_is_found_too() -> None:
    assert read(binding("roles/viewer", "user:Ops@Example.com"), email="ops@example.com").roles == ("roles/viewer",)


@pytest.mark.parametrize("everybody", ["allUsers", "allAuthenticatedUsers"])
def test_a_role_of_everybody_is_told_apart(everybody: str) -> None:
    found = read(
        binding("roles/run.invoker", everybody),
        binding("roles/viewer", everybody, condition={"title": "office hours", "expression": "true"}),
    )
    assert (found.roles, found.public) == ((), ("roles/run.invoker",))


def test_collectives_that_might_hold_the_account_are_counted_once() -> None:
    found = read(
        binding("roles/a", "group:backend@example.com", "domain:example.com"),
        binding("roles/b", "group:Backend@example.com", "user:a@example.com"),
        binding("roles/c", "principalSet://iam.googleapis.com/projects/1/x/*", condition={"title": "t"}),
        binding("roles/d", "deleted:group:old@example.com?uid=1"),
    )
    assert found.collectives == 3
    assert found.roles == ()


@pytest.mark.parametrize("policy", [{}, {"version": 3}, {"bindings": []}, {"bindings": [{"role": "roles/viewer"}]}])
def test_an_empty_policy_gives_nothing(policy: dict[str, Any]) -> None:
    assert read_member_roles(policy, EMAIL) == MemberRoles()


@pytest.mark.parametrize(
    "bindings",
    [
        "roles",
        {"role": "roles/viewer"},
        ["roles/viewer"],
        [{"members": [MEMBER]}],
        [{"role": "roles/viewer", "members": MEMBER}],
        [{"role": "roles/viewer", "members": [MEMBER], "condition": "true"}],
    ],
)
def test_what_is_no_policy_is_refused(bindings: Any) -> None:
    with pytest.raises(DataError):
        read_member_roles({"bindings": bindings}, EMAIL)
