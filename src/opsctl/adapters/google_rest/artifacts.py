"""Artifact Registry's own API over REST: `opsctl.diagnosis.ports.Artifacts`.

https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages/get
"""

from __future__ import annotations

import re

from opsctl.adapters.google_rest.paths import fill_path
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.models import JsonObject
from opsctl.errors import DataError

# LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE; a project of a domain stands as `example.com/project`.
_REPOSITORY = re.compile(
    r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?:(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/)?"
    r"(?P<project>[a-z0-9:-]+)/(?P<repository>[a-z0-9._-]+)/(?P<image>[a-z0-9._/-]+)",
    re.ASCII,
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class ArtifactRegistry:
    """Reads what the registry knows about an image besides its content."""

    def __init__(self, session: GoogleSession) -> None:
        self._session = session

    async def get_docker_image(self, repository: str, digest: str) -> JsonObject:
        """google.devtools.artifactregistry.v1.DockerImage. Raises `DataError` for an image elsewhere."""
        match = _REPOSITORY.fullmatch(repository)
        if match is None or not _DIGEST.fullmatch(digest):
            raise DataError("This is not an image in Artifact Registry.")
        project = f"{match['domain']}:{match['project']}" if match["domain"] else match["project"]
        path = fill_path(
            "/v1/projects/{}/locations/{}/repositories/{}/dockerImages/{}",
            project,
            match["location"],
            match["repository"],
            f"{match['image']}@{digest}",
        )
        return await self._session.get(Api.ARTIFACT_REGISTRY, path, permission="artifactregistry.dockerimages.get")
