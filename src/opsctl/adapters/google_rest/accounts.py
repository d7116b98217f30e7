"""Projects, service accounts and policies over REST: `opsctl.diagnosis.ports.Accounts`.

https://cloud.google.com/resource-manager/reference/rest/v3/projects/get
https://cloud.google.com/resource-manager/reference/rest/v3/projects/getIamPolicy
https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/get
https://cloud.google.com/policy-intelligence/docs/reference/policytroubleshooter/rest/v1/iam/troubleshoot
"""

from __future__ import annotations

import re

from opsctl.adapters.google_rest.paths import fill_path
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.models import JsonObject
from opsctl.errors import DataError

_PROJECT_NAME = re.compile(r"projects/(\d+)", re.ASCII)
# With a lower version Google leaves conditions out of the answer.
_POLICY_VERSION = 3


class GoogleAccounts:
    """Reads who exists and who may do what. Changes nothing and impersonates nobody."""

    def __init__(self, session: GoogleSession) -> None:
        self._session = session

    async def get_project_number(self, project: str) -> str:
        """The number of a project, asked of Resource Manager."""
        answer = await self._session.get(
            Api.RESOURCE_MANAGER, fill_path("/v3/projects/{}", project), permission="resourcemanager.projects.get"
        )
        match = _PROJECT_NAME.fullmatch(str(answer.get("name")))
        if match is None:
            raise DataError("Resource Manager gave a project without its number.")
        return match[1]

    async def get_service_account(self, email: str) -> JsonObject:
        """google.iam.admin.v1.ServiceAccount; `disabled` is left out when it is false."""
        path = fill_path("/v1/projects/-/serviceAccounts/{}", email)
        return await self._session.get(Api.IAM, path, permission="iam.serviceAccounts.get")

    async def get_project_policy(self, project: str) -> JsonObject:
        """google.iam.v1.Policy of the project itself: nothing inherited, deny policies not included."""
        return await self._session.post(
            Api.RESOURCE_MANAGER,
            fill_path("/v3/projects/{}:getIamPolicy", project),
            {"options": {"requestedPolicyVersion": _POLICY_VERSION}},
            permission="resourcemanager.projects.getIamPolicy",
        )

    async def troubleshoot(self, principal: str, resource: str, permission: str) -> str:
        """Whether the e-mail `principal` has `permission` on a full resource name (`//cloudresourcemanager...`).

        The answer follows what the caller may see; deny policies are not part of it.
        """
        answer = await self._session.post(
            Api.POLICY_TROUBLESHOOTER,
            "/v1/iam:troubleshoot",
            {"accessTuple": {"principal": principal, "fullResourceName": resource, "permission": permission}},
        )
        access = answer.get("access")
        if not isinstance(access, str) or not access:
            raise DataError("Policy Troubleshooter gave no answer about the access.")
        return access
