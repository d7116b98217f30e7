"""Secret Manager over REST, metadata only: `opsctl.diagnosis.ports.Secrets`.

https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/get
"""

from __future__ import annotations

import re

from opsctl.adapters.google_rest.paths import fill_path
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.models import JsonObject
from opsctl.errors import DataError

_SECRET = re.compile(r"projects/([a-z0-9.:-]+)/secrets/([A-Za-z0-9_-]{1,255})", re.ASCII)
# A number, `latest` or an alias. Nothing else, a colon least of all: behind one stands the method that gives the value.
_VERSION = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)
# Fields of google.cloud.secretmanager.v1.SecretVersion. Only these are passed on, whatever the answer holds.
_FIELDS = (
    "name",
    "createTime",
    "destroyTime",
    "scheduledDestroyTime",
    "state",
    "etag",
    "clientSpecifiedPayloadChecksum",
)


class SecretVersions:
    """Reads which version of a secret there is and in what state, never what is in it."""

    def __init__(self, session: GoogleSession) -> None:
        self._session = session

    async def get_version(self, secret: str, version: str) -> JsonObject:
        """google.cloud.secretmanager.v1.SecretVersion. `latest` is the version that was created last, be it disabled
        or destroyed; an alias is resolved by the service."""
        match = _SECRET.fullmatch(secret)
        if match is None or not _VERSION.fullmatch(version):
            raise DataError("This is not the name of a secret's version.")
        path = fill_path("/v1/projects/{}/secrets/{}/versions/{}", match[1], match[2], version)
        answer = await self._session.get(Api.SECRET_MANAGER, path, permission="secretmanager.versions.get")
        return {field: answer[field] for field in _FIELDS if field in answer}
