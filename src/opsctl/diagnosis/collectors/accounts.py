"""Collects who the job runs as, and what that account may do as far as that can be told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from opsctl.diagnosis.collectors.answers import failed, reason_of, seen
from opsctl.diagnosis.collectors.each import ask_each
from opsctl.diagnosis.collectors.references import References
from opsctl.diagnosis.models import ExecutionName, JsonObject, Section
from opsctl.diagnosis.policy_reading import MemberRoles, read_member_roles
from opsctl.diagnosis.ports import Accounts
from opsctl.errors import NotFoundError, OpsctlError

SOURCE = "iam.googleapis.com/v1 serviceAccounts.get, cloudresourcemanager.googleapis.com/v3 projects.getIamPolicy"
_MOST_CHECKS = 4
_CHECK_SECONDS = 4.0


async def collect_account(accounts: Accounts, name: ExecutionName, references: References) -> Section:
    """The section `service_account`.

    Policy Troubleshooter is asked for each permission that the job needs. Where it may not be asked the project's own
    policy is read, and what that cannot tell is said.
    """
    email = references.service_account or await _default_account(accounts, name.project)

    async def ask_part(part: str) -> JsonObject:
        if part == "account":
            return await accounts.get_service_account(email)
        return await accounts.get_project_policy(name.project)

    account, policy = await ask_each(ask_part, ("account", "policy"))
    if isinstance(account, NotFoundError):
        return failed(account, SOURCE)
    if isinstance(account, OpsctlError) and isinstance(policy, OpsctlError):
        return failed(account, SOURCE)
    needed = list(_needed(name.project, references))
    checks = await _check(accounts, email, needed)
    roles = None if isinstance(policy, OpsctlError) else read_member_roles(policy, email)
    data: dict[str, Any] = {"email": email}
    if not isinstance(account, OpsctlError):
        data["disabled"] = account.get("disabled") is True
    if roles is not None:
        data["projectRoles"] = list(roles.roles)
        data["conditionalRoles"] = [{"role": item.role, "condition": item.expression} for item in roles.conditional]
        data["publicRoles"] = list(roles.public)
    data["method"] = "policy-troubleshooter" if checks else "project-policy"
    data["access"] = checks
    return seen(data, SOURCE, _reasons(account, policy, roles, is_checked=0 < len(needed) == len(checks)))


async def _default_account(accounts: Accounts, project: str) -> str:
    """The account of a job that names none: https://cloud.google.com/run/docs/securing/service-identity."""
    number = project if project.isdigit() else await accounts.get_project_number(project)
    return f"{number}-compute@developer.gserviceaccount.com"


def _needed(project: str, references: References) -> Iterator[tuple[str, str]]:
    """Permission and full resource name. The form of the names of secrets and instances is not documented for every
    service: the project's is, and holds for what is granted there."""
    where = f"//cloudresourcemanager.googleapis.com/projects/{project}"
    if references.sql_instances:
        yield "cloudsql.instances.connect", where
    for secret in dict.fromkeys(reference.resource for reference in references.secrets):
        yield "secretmanager.versions.access", f"//secretmanager.googleapis.com/{secret}"


async def _check(accounts: Accounts, email: str, needed: list[tuple[str, str]]) -> list[dict[str, str]]:
    """The verdicts up to the first question that is refused or not answered in time: nobody waits for the others, and
    what is known of the account is worth more."""
    found: list[dict[str, str]] = []
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            for permission, resource in needed[:_MOST_CHECKS]:
                verdict = await accounts.troubleshoot(email, resource, permission)
                found.append({"permission": permission, "resource": resource, "verdict": verdict})
    except (OpsctlError, TimeoutError):
        return found
    return found


def _reasons(
    account: JsonObject | OpsctlError, policy: JsonObject | OpsctlError, roles: MemberRoles | None, *, is_checked: bool
) -> Iterator[str]:
    if isinstance(account, OpsctlError):
        yield reason_of(account)
    if isinstance(policy, OpsctlError):
        yield reason_of(policy)
    elif roles is not None and not is_checked:
        yield roles.not_evaluated
