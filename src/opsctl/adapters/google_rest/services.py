"""Service Usage over REST: `opsctl.diagnosis.ports.EnabledApis`.

https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchGet
https://cloud.google.com/service-usage/docs/reference/rest/v1/services/list
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.adapters.google_rest.paths import fill_path
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.models import JsonObject
from opsctl.errors import AccessDeniedError, DataError, NotFoundError

MAX_NAMES = 30  # of one batchGet
PAGE_SIZE = 200  # the most that list allows
MAX_PAGES = 20
# The configuration of a service is long, and nothing of it is wanted.
_FIELDS = ("fields", "services(name,state),nextPageToken")
_STATES = ("ENABLED", "DISABLED")


class ServiceUsage:
    """Reads which APIs are enabled in a project."""

    def __init__(self, session: GoogleSession) -> None:
        self._session = session

    async def get_states(self, project: str, apis: tuple[str, ...]) -> dict[str, str]:
        """ENABLED or DISABLED for each of `apis`, in one call where Google answers for all of them.

        One name that Google does not know spoils such a call. Then the list of enabled APIs decides: what is not in
        it is disabled.
        """
        try:
            states = await self._get_batches(project, apis)
        except (DataError, NotFoundError):
            states = {}
        except AccessDeniedError as denied:
            # An unknown name is "not found or permission denied".
            if denied.code not in ("denied", "denied-or-absent"):
                raise
            return await self._list_instead(project, apis, denied)
        if all(api in states for api in apis):
            return {api: states[api] for api in apis}
        return await self._list_enabled(project, apis)

    async def _get_batches(self, project: str, apis: tuple[str, ...]) -> dict[str, str]:
        path = fill_path("/v1/projects/{}/services:batchGet", project)
        states: dict[str, str] = {}
        for start in range(0, len(apis), MAX_NAMES):
            names = [("names", f"projects/{project}/services/{api}") for api in apis[start : start + MAX_NAMES]]
            query = [*names, ("fields", "services(name,state)")]
            answer = await self._session.get(Api.SERVICE_USAGE, path, query, permission="serviceusage.services.get")
            states.update(_read_states(answer))
        return states

    async def _list_instead(self, project: str, apis: tuple[str, ...], denied: AccessDeniedError) -> dict[str, str]:
        try:
            return await self._list_enabled(project, apis)
        except AccessDeniedError:
            raise denied from None

    async def _list_enabled(self, project: str, apis: tuple[str, ...]) -> dict[str, str]:
        path = fill_path("/v1/projects/{}/services", project)
        query = [("filter", "state:ENABLED"), ("pageSize", str(PAGE_SIZE)), _FIELDS]
        enabled: set[str] = set()
        token = ""
        for _ in range(MAX_PAGES):
            answer = await self._session.get(
                Api.SERVICE_USAGE,
                path,
                [*query, ("pageToken", token)] if token else query,
                permission="serviceusage.services.list",
            )
            enabled.update(name for name, state in _read_states(answer) if state == "ENABLED")
            token = str(answer.get("nextPageToken") or "")
            if not token:
                return {api: _STATES[api not in enabled] for api in apis}
        raise DataError(f"Service Usage gave more than {MAX_PAGES} pages of enabled APIs.")


def _read_states(answer: JsonObject) -> Iterator[tuple[str, str]]:
    """Name and state of the services in an answer; a state that is neither of the two is left out.

    A name comes back as `projects/NUMBER/services/NAME`, whichever way the project was named in the question.
    """
    services = answer.get("services", [])
    if not isinstance(services, list):
        raise DataError("Service Usage gave an answer that cannot be read.")
    for service in services:
        if isinstance(service, dict) and service.get("state") in _STATES:
            yield str(service.get("name")).rpartition("/")[2], str(service["state"])
