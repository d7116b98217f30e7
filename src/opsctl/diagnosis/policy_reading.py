"""What an IAM policy, as it stands on one resource, says about one account.

https://cloud.google.com/iam/docs/reference/rest/v1/Policy, version 3. A static reading is no verdict: a role that is
not seen here may still come from a folder, the organisation or a group, and a deny policy may take back one that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opsctl.diagnosis.models import JsonObject
from opsctl.errors import DataError

NOT_EVALUATED = "inherited, group, conditional and deny bindings not evaluated"

_PUBLIC = ("allUsers", "allAuthenticatedUsers")
# Whether these hold the account only Google's directories know.
_COLLECTIVE = ("group:", "domain:", "principalSet:")


@dataclass(frozen=True, slots=True)
class ConditionalRole:
    """A role that holds only while its condition does. The condition is Google's CEL; it is not evaluated."""

    role: str
    title: str
    expression: str


@dataclass(frozen=True, slots=True)
class MemberRoles:
    """The roles of one account. All sorted, each once.

    `roles` are granted to the account by name and without a condition; `conditional` by name under a condition;
    `public` to everybody (`allUsers`, `allAuthenticatedUsers`), without a condition. `collectives` counts the groups,
    domains and sets of principals in the policy that might hold the account.
    """

    roles: tuple[str, ...] = ()
    conditional: tuple[ConditionalRole, ...] = ()
    public: tuple[str, ...] = ()
    collectives: int = 0
    not_evaluated: str = NOT_EVALUATED


def read_member_roles(policy: JsonObject, email: str) -> MemberRoles:
    """The roles of a service account or user. Raises `DataError` for what is not a google.iam.v1.Policy.

    E-mails compare without regard to case. A member that was deleted (`deleted:serviceAccount:EMAIL?uid=...`) is not
    the account that has its e-mail now.
    """
    seen = _Seen()
    named = {f"{kind}:{email}".casefold() for kind in ("serviceAccount", "user")}
    for role, members, condition in _read_bindings(policy):
        seen.collectives.update(member.casefold() for member in members if member.startswith(_COLLECTIVE))
        if condition is None and any(member in _PUBLIC for member in members):
            seen.public.add(role)
        if not any(member.casefold() in named for member in members):
            continue
        if condition is None:
            seen.roles.add(role)
        else:
            seen.conditional.add((role, str(condition.get("title") or ""), str(condition.get("expression") or "")))
    return MemberRoles(
        roles=tuple(sorted(seen.roles)),
        conditional=tuple(ConditionalRole(*found) for found in sorted(seen.conditional)),
        public=tuple(sorted(seen.public)),
        collectives=len(seen.collectives),
    )


@dataclass(slots=True)
class _Seen:
    roles: set[str] = field(default_factory=set)
    conditional: set[tuple[str, str, str]] = field(default_factory=set)
    public: set[str] = field(default_factory=set)
    collectives: set[str] = field(default_factory=set)


def _read_bindings(policy: JsonObject) -> Iterator[tuple[str, list[str], dict[str, Any] | None]]:
    """Role, members and condition of every binding."""
    bindings = policy.get("bindings", [])
    if not isinstance(bindings, list):
        raise DataError("The IAM policy holds no list of bindings.")
    for binding in bindings:
        if not isinstance(binding, dict):
            raise DataError("The IAM policy holds a binding that is not an object.")
        role, members, condition = binding.get("role"), binding.get("members", []), binding.get("condition")
        if not isinstance(role, str) or not isinstance(members, list) or not isinstance(condition, dict | None):
            raise DataError("The IAM policy holds a binding that cannot be read.")
        yield role, [member for member in members if isinstance(member, str)], condition
