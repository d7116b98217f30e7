"""From an image's address in Artifact Registry to its entry there."""

from __future__ import annotations

import pytest

from opsctl.adapters.google_rest.artifacts import ArtifactRegistry
from opsctl.adapters.google_rest.session import Api
from opsctl.errors import DataError
from tests.adapters.google_rest.canned_session import CannedSession

DIGEST = "sha256:" + "0123456789abcdef" * 4
ENCODED = DIGEST.replace(":", "%3A")


@pytest.mark.parametrize(
    ("repository", "path"),
    [
        (
            "asia-northeast3-docker.pkg.dev/netureyoutube/o4o-api/api-server",
            "/v1/projects/netureyoutube/locations/asia-northeast3/repositories/o4o-api/dockerImages/api-server",
        ),
        ("eu-docker.pkg.dev/p/r/a/b/c", "/v1/projects/p/locations/eu/repositories/r/dockerImages/a%2Fb%2Fc"),
        (
            "us-docker.pkg.dev/example.com/p/r/app",
            "/v1/projects/example.com%3Ap/locations/us/repositories/r/dockerImages/app",
        ),
        ("us-docker.pkg.dev/p/gcr.io/app", "/v1/projects/p/locations/us/repositories/gcr.io/dockerImages/app"),
    ],
)
async def test_an_image_is_one_segment_with_its_digest(repository: str, path: str) -> None:
    session = CannedSession({"tags": ["abc1234"], "uploadTime": "2026-01-12T01:51:00Z"})
    answer = await ArtifactRegistry(session).get_docker_image(repository, DIGEST)
    assert answer == {"tags": ["abc1234"], "uploadTime": "2026-01-12T01:51:00Z"}
    (asked,) = session.asked
    assert (asked.api, asked.path) == (Api.ARTIFACT_REGISTRY, f"{path}%40{ENCODED}")
    assert asked.permission == "artifactregistry.dockerimages.get"


@pytest.mark.parametrize(
    ("repository", "digest"),
    [
        ("gcr.io/p/app", DIGEST),
        ("docker.io/library/node", DIGEST),
        ("eu-docker.pkg.dev/p/app", DIGEST),
        ("eu-docker.pkg.dev.example.com/p/r/app", DIGEST),
        ("https://eu-docker.pkg.dev/p/r/app", DIGEST),
        ("eu-docker.pkg.dev/p/r/app:tag", DIGEST),
        ("eu-docker.pkg.dev/p/r/app", "latest"),
        ("eu-docker.pkg.dev/p/r/app", DIGEST.upper()),
        ("eu-docker.pkg.dev/p/r/app", f"{DIGEST}\n"),
        ("eu-docker.pkg.dev/p/r/app?x=1", DIGEST),
    ],
)
async def test_what_is_not_in_artifact_registry_is_not_asked_for(repository: str, digest: str) -> None:
    session = CannedSession({})
    with pytest.raises(DataError):
        await ArtifactRegistry(session).get_docker_image(repository, digest)
    assert session.asked == []
