"""The local Google as its surfaces see it: the world, who may call, what goes wrong, what was called."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from opsctl.lab.google.answers import ApiError, api_disabled, denied
from opsctl.lab.google.faults import Action, Fault, Faults
from opsctl.lab.google.world import Project, World

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was answered. `api` is the host that Google has for it, `registry` for the image registry;
    `status` is 0 when the connection ended without an answer."""

    api: str
    method: str
    path: str
    status: int
    seconds: float


@dataclass(slots=True)
class Cloud:
    """`token` is the access token that callers must bring, `caller` the account that it stands for. `violations` holds
    what must never be asked: each entry fails the test that caused it."""

    world: World
    token: str = field(default_factory=lambda: f"ya29.lab-{secrets.token_urlsafe(24)}", repr=False)
    caller: str = "user:oncall@example.com"
    faults: Faults = field(default_factory=Faults)
    calls: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def require(
        self, api: str, permission: str, project: str, resource: str, *, fault: Fault | None = None, message: str = ""
    ) -> Project:
        """The project, when it exists, has the API enabled, and grants the caller the permission on the resource.

        Raises ApiError 403 otherwise; an unknown project is answered like a missing permission, as Google does.
        """
        found = self.world.find_project(project)
        action = fault.action if fault is not None else None
        if action is Action.DENY:
            raise denied(permission, resource, message or f"Permission '{permission}' denied on resource '{resource}'.")
        if found is None or action is Action.DENY_OR_ABSENT:
            raise denied(permission, resource)
        if api not in found.enabled_apis or action is Action.API_DISABLED:
            raise api_disabled(api, found.number)
        if self.world.is_denied(found, permission):
            raise denied(permission, resource, message)
        if action is Action.NOT_FOUND:
            raise ApiError(404, "Requested entity was not found.")
        return found
