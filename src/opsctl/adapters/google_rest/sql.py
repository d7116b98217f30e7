"""Cloud SQL Admin over REST: `opsctl.diagnosis.ports.SqlInstances`.

https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances/get
"""

from __future__ import annotations

from opsctl.adapters.google_rest.paths import fill_path
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.models import JsonObject
from opsctl.errors import AccessDeniedError


class CloudSql:
    """Reads instances. `state` is RUNNABLE too for one that its owner stopped: see `settings.activationPolicy`."""

    def __init__(self, session: GoogleSession) -> None:
        self._session = session

    async def get_instance(self, project: str, instance: str) -> JsonObject:
        """A DatabaseInstance as it is now. `instance` is the name alone, without project and region.

        The service answers 403 for an instance that does not exist, too, without a word about it
        (https://github.com/googleapis/google-api-go-client/issues/1815): a refusal has the code `denied-or-absent`.
        """
        path = fill_path("/sql/v1beta4/projects/{}/instances/{}", project, instance)
        try:
            return await self._session.get(Api.SQL, path, permission="cloudsql.instances.get")
        except AccessDeniedError as denied:
            if denied.code != "denied":
                raise
            raise AccessDeniedError(
                f"{denied.message.rstrip('.')} (or instance {instance!r} may not exist).",
                hint=denied.hint,
                code="denied-or-absent",
                permission=denied.permission,
            ) from denied
