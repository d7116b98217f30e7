"""The local registry: its protocol, what can be made different, and what tools make of it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.image_build import BuildStep, BuiltImage, LayerFile, build_image, folder, symlink, whiteout
from opsctl.lab.google.registry import PERMISSION, add_registry
from opsctl.lab.google.registry_behaviour import Challenge, Ranges, Redirect, RegistryBehaviour
from opsctl.lab.google.world import Project, World

NAME = "netureyoutube/o4o-api/api-server"
TOKEN = "t0k3n"
LOGIN = base64.b64encode(f"oauth2accesstoken:{TOKEN}".encode()).decode()
BASIC = {"Authorization": f"Basic {LOGIN}"}
IMAGE = build_image(
    [
        BuildStep("ADD rootfs /", (LayerFile("/etc/motd", b"hello\n"), LayerFile("/app/old.js", b"old"))),
        BuildStep("WORKDIR /app"),
        BuildStep("COPY . .", (LayerFile("/app/main.js", b"x" * 4000), whiteout("/app/old.js"))),
        BuildStep("RUN ln", (symlink("/app/link.js", "main.js"), folder("/app/empty"))),
    ],
    {"architecture": "amd64", "os": "linux", "created": "2026-01-12T01:55:40Z", "config": {"WorkingDir": "/app"}},
    tags=("latest", "v7"),
)
MANIFEST: dict[str, Any] = json.loads(IMAGE.content.manifests[IMAGE.digest].body)
LAYER: str = MANIFEST["layers"][0]["digest"]


@asynccontextmanager
async def registry_of(
    behaviour: RegistryBehaviour | None = None, image: BuiltImage = IMAGE
) -> AsyncIterator[RegistryClient]:
    world = World(projects={"netureyoutube": Project("netureyoutube", "5")}, images={NAME: image.content})
    cloud = Cloud(world, token=TOKEN)
    application = web.Application()
    add_registry(application, cloud, behaviour)
    async with TestClient(TestServer(application)) as client:
        yield RegistryClient(client, cloud)


class RegistryClient:
    """Asks without following redirects, with the registry's token."""

    def __init__(self, client: TestClient[web.Request, web.Application], cloud: Cloud) -> None:
        self.client = client
        self.cloud = cloud
        self.host = f"{client.host}:{client.port}"
        self.other_host = f"localhost:{client.port}"

    async def token(self, scope: str = f"repository:{NAME}:pull") -> str:
        asked = {"service": self.host, "scope": scope}
        async with self.client.get("/v2/token", params=asked, headers=BASIC) as response:
            assert response.status == 200
            return str((await response.json())["token"])

    async def get(self, path: str, *, token: str | None = TOKEN, method: str = "GET", **headers: str) -> ClientResponse:
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.client.request(method, path, headers=sent | headers, allow_redirects=False)
        await response.read()
        return response

    async def blob(self, **headers: str) -> ClientResponse:
        redirect = await self.get(f"/v2/{NAME}/blobs/{LAYER}")
        return await self.get(redirect.headers["Location"], token=None, **headers)


async def code(response: ClientResponse) -> str:
    return str((await response.json())["errors"][0]["code"])


async def test_a_token_opens_its_repository_only() -> None:
    async with registry_of(RegistryBehaviour(takes_google_token=False)) as registry:
        refused = await registry.get(f"/v2/{NAME}/manifests/latest", token=None)
        challenge = refused.headers["WWW-Authenticate"]
        manifest = await registry.get(f"/v2/{NAME}/manifests/latest", token=await registry.token())
        other = await registry.get(f"/v2/{NAME}/manifests/latest", token=await registry.token("repository:a/b/c:pull"))
        directly = await registry.get(f"/v2/{NAME}/manifests/latest")
        wrong = await registry.client.get("/v2/token", headers={"Authorization": "Basic d3Jvbmc="})

    assert (refused.status, await code(refused)) == (401, "UNAUTHORIZED")
    realm = f"http://{registry.host}/v2/token"
    assert challenge == f'Bearer realm="{realm}",service="{registry.host}",scope="repository:{NAME}:pull"'
    assert [manifest.status, other.status, directly.status, wrong.status] == [200, 401, 401, 401]


async def test_a_manifest_is_found_by_tag_and_by_digest() -> None:
    async with registry_of() as registry:
        by_tag = await registry.get(f"/v2/{NAME}/manifests/v7")
        by_digest = await registry.get(f"/v2/{NAME}/manifests/{IMAGE.digest}")
        head = await registry.get(f"/v2/{NAME}/manifests/latest", method="HEAD")
        body = await by_tag.read()

        assert body == await by_digest.read()
        assert f"sha256:{hashlib.sha256(body).hexdigest()}" == by_tag.headers["Docker-Content-Digest"] == IMAGE.digest
        assert by_tag.headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
        assert (head.status, head.headers["Content-Length"], await head.read()) == (200, str(len(body)), b"")
        assert head.headers["Docker-Content-Digest"] == IMAGE.digest


async def test_what_is_not_there_is_told_apart() -> None:
    async with registry_of() as registry:
        tag = await registry.get(f"/v2/{NAME}/manifests/v9")
        repository = await registry.get("/v2/netureyoutube/o4o-api/other/manifests/latest")
        blob = await registry.get(f"/v2/{NAME}/blobs/sha256:{'0' * 64}")
        project = await registry.get("/v2/unknown/o4o-api/other/manifests/latest")
        registry.cloud.world.projects["netureyoutube"].denied_permissions.add(PERMISSION)
        denied = await registry.get(f"/v2/{NAME}/manifests/latest")

        assert (tag.status, await code(tag)) == (404, "MANIFEST_UNKNOWN")
        assert (repository.status, await code(repository)) == (404, "NAME_UNKNOWN")
        assert (blob.status, await code(blob)) == (404, "BLOB_UNKNOWN")
        assert (project.status, await code(project)) == (403, "DENIED")
        assert (denied.status, await code(denied)) == (403, "DENIED")
        assert PERMISSION in await denied.text()


async def test_a_blob_lies_behind_a_relative_redirect() -> None:
    async with registry_of() as registry:
        redirect = await registry.get(f"/v2/{NAME}/blobs/{LAYER}")
        head = await registry.get(f"/v2/{NAME}/blobs/{LAYER}", method="HEAD")
        blob = await registry.blob()
        unknown = await registry.get("/artifacts-downloads/namespaces/n/repositories/r/downloads/guessed")
        body = await blob.read()

    place = redirect.headers["Location"]
    assert redirect.status == 302
    assert place.startswith("/artifacts-downloads/namespaces/netureyoutube/repositories/o4o-api/downloads/")
    assert f"sha256:{hashlib.sha256(body).hexdigest()}" == LAYER
    assert int(head.headers["Content-Length"]) == len(body)
    assert unknown.status == 403


@pytest.mark.parametrize(
    ("asked", "status", "told", "part"),
    [
        ("bytes=0-9", 206, "bytes 0-9/{size}", slice(0, 10)),
        ("bytes=10-", 206, "bytes 10-{last}/{size}", slice(10, None)),
        ("bytes=-7", 206, "bytes {tail}-{last}/{size}", slice(-7, None)),
        ("bytes=5-999999", 206, "bytes 5-{last}/{size}", slice(5, None)),
        ("bytes=999999-", 416, "bytes */{size}", slice(0, 0)),
        ("lines=1-2", 200, None, slice(None)),
    ],
)
async def test_a_part_of_a_blob(asked: str, status: int, told: str | None, part: slice) -> None:
    whole = IMAGE.content.blobs[LAYER]
    sizes = {"size": len(whole), "last": len(whole) - 1, "tail": len(whole) - 7}
    async with registry_of() as registry:
        answer = await registry.blob(Range=asked)

        assert answer.status == status
        assert answer.headers.get("Content-Range") == (told.format(**sizes) if told else None)
        assert await answer.read() == whole[part]


@pytest.mark.parametrize(("ranges", "promised"), [(Ranges.NO, None), (Ranges.IGNORED, "bytes")])
async def test_ranges_may_come_to_nothing(ranges: Ranges, promised: str | None) -> None:
    async with registry_of(RegistryBehaviour(ranges=ranges)) as registry:
        answer = await registry.blob(Range="bytes=10-")

        assert (answer.status, answer.headers.get("Accept-Ranges")) == (200, promised)
        assert await answer.read() == IMAGE.content.blobs[LAYER]


async def test_redirects_of_other_kinds() -> None:
    behaviour = RegistryBehaviour(redirect=Redirect.ABSOLUTE, redirect_status=307)
    async with registry_of(behaviour) as registry:
        absolute = await registry.get(f"/v2/{NAME}/blobs/{LAYER}")
        behaviour.redirect = Redirect.ANOTHER_HOST
        elsewhere = await registry.get(f"/v2/{NAME}/blobs/{LAYER}")
        path = "/" + elsewhere.headers["Location"].split("/", 3)[3]
        assert (await registry.get(path, token=None)).status == 200
        assert registry.cloud.violations == []
        await registry.get(path)
        behaviour.redirect = Redirect.NONE
        directly = await registry.get(f"/v2/{NAME}/blobs/{LAYER}")

        assert absolute.status == 307
        assert absolute.headers["Location"].startswith(f"http://{registry.host}/artifacts-downloads/")
        assert elsewhere.headers["Location"].startswith(f"http://{registry.other_host}/")
        assert registry.cloud.violations == ["the token of the registry was sent to a download host"]
        assert await directly.read() == IMAGE.content.blobs[LAYER]


async def test_challenges_of_other_kinds() -> None:
    behaviour = RegistryBehaviour(challenge=Challenge.BEARER_WITHOUT_SERVICE, token_field="access_token")
    path = f"/v2/{NAME}/manifests/latest"
    async with registry_of(behaviour) as registry:
        bare = (await registry.get(path, token=None)).headers["WWW-Authenticate"]
        issued = await registry.client.get("/v2/token", headers=BASIC)
        answer = await issued.json()
        behaviour.challenge = Challenge.BEARER_OF_ANOTHER_HOST
        foreign = (await registry.get(path, token=None)).headers["WWW-Authenticate"]
        await registry.client.get("/foreign-token", headers=BASIC)
        behaviour.challenge = Challenge.BASIC
        basic = await registry.get(path)
        with_password = await registry.client.get(path, headers=BASIC)
        behaviour.challenge = Challenge.OPEN
        anonymous = await registry.get(path, token=None)

    assert bare == f'Bearer realm="http://{registry.host}/v2/token"'
    assert set(answer) == {"access_token", "expires_in", "issued_at"}
    assert f'realm="http://{registry.other_host}/foreign-token"' in foreign
    assert registry.cloud.violations == ["credentials were sent to a realm on another host"]
    assert (basic.status, basic.headers["WWW-Authenticate"]) == (401, f'Basic realm="http://{registry.host}"')
    assert [with_password.status, anonymous.status] == [200, 200]


async def test_bytes_may_be_wrong_or_missing() -> None:
    behaviour = RegistryBehaviour(damages_blobs=True, damages_manifests=True, cut_after_bytes=20, cut_times=1)
    async with registry_of(behaviour) as registry:
        with pytest.raises(ClientPayloadError):
            await registry.blob()
        damaged = await (await registry.blob()).read()
        manifest = await registry.get(f"/v2/{NAME}/manifests/latest")
        body = await manifest.read()

    assert len(damaged) == len(IMAGE.content.blobs[LAYER])
    assert f"sha256:{hashlib.sha256(damaged).hexdigest()}" != LAYER
    assert json.loads(body) == MANIFEST
    assert f"sha256:{hashlib.sha256(body).hexdigest()}" != manifest.headers["Docker-Content-Digest"]


@pytest.mark.parametrize(
    ("action", "status", "named"),
    [
        (Action.DENY, 403, "DENIED"),
        (Action.UNAUTHENTICATED, 401, "UNAUTHORIZED"),
        (Action.NOT_FOUND, 404, "MANIFEST_UNKNOWN"),
        (Action.THROTTLE, 429, "TOOMANYREQUESTS"),
        (Action.STATUS, 503, "UNKNOWN"),
    ],
)
async def test_faults_hold_for_the_registry(action: Action, status: int, named: str) -> None:
    async with registry_of() as registry:
        registry.cloud.faults.add(Fault(action, api="registry", path="/manifests/", times=1))
        answer = await registry.get(f"/v2/{NAME}/manifests/latest")
        again = await registry.get(f"/v2/{NAME}/manifests/latest")

        assert (answer.status, await code(answer)) == (status, named)
        assert again.status == 200
        assert [(call.api, call.status) for call in registry.cloud.calls] == [("registry", status), ("registry", 200)]


def tool(name: str) -> str:
    """The path of a tool that others wrote; the test is skipped without it."""
    built = Path(__file__).parents[3] / ".build" / "bin"
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), str(built))))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


async def run(*command: str, **environment: str) -> bytes:
    """What a tool prints; it must end well."""
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode == 0, errors.decode()
    return output


def log_in(folder: Path, host: str) -> Path:
    """Docker's configuration file with a login for the host."""
    path = folder / "config.json"
    path.write_text(json.dumps({"auths": {host: {"auth": LOGIN}}}))
    return path


@pytest.mark.servers
@pytest.mark.parametrize("challenge", [Challenge.BEARER, Challenge.BEARER_WITHOUT_SERVICE, Challenge.BASIC])
async def test_crane_reads_the_image(tmp_path: Path, challenge: Challenge) -> None:
    crane = tool("crane")
    behaviour = RegistryBehaviour(challenge=challenge, takes_google_token=False)
    async with registry_of(behaviour) as registry:
        log_in(tmp_path, registry.host)
        image = f"{registry.host}/{NAME}"
        tags = await run(crane, "ls", image, DOCKER_CONFIG=str(tmp_path))
        digest = await run(crane, "digest", f"{image}:v7", DOCKER_CONFIG=str(tmp_path))
        manifest = await run(crane, "manifest", f"{image}:latest", DOCKER_CONFIG=str(tmp_path))
        await run(crane, "validate", "--remote", f"{image}@{IMAGE.digest}", DOCKER_CONFIG=str(tmp_path))
        await run(crane, "export", f"{image}:latest", str(tmp_path / "files.tar"), DOCKER_CONFIG=str(tmp_path))
    listed = await run(tool("tar"), "-tf", str(tmp_path / "files.tar"))
    text = await run(tool("tar"), "-xOf", str(tmp_path / "files.tar"), "app/main.js")

    assert tags.split() == [b"latest", b"v7"]
    assert digest.decode().strip() == IMAGE.digest
    assert json.loads(manifest) == MANIFEST
    assert {name.rstrip(b"/") for name in listed.split()} == {
        b"etc",
        b"etc/motd",
        b"app",
        b"app/main.js",
        b"app/link.js",
        b"app/empty",
    }
    assert text == b"x" * 4000


@pytest.mark.servers
async def test_skopeo_reads_the_image(tmp_path: Path) -> None:
    skopeo = tool("skopeo")
    async with registry_of() as registry:
        login = str(log_in(tmp_path, registry.host))
        image = f"docker://{registry.host}/{NAME}:latest"
        shown = json.loads(await run(skopeo, "inspect", "--tls-verify=false", "--authfile", login, image))
        # Checks every digest on the way.
        copied = ("copy", "--src-tls-verify=false", "--src-authfile", login, image, f"oci:{tmp_path}/copy:latest")
        await run(skopeo, "--insecure-policy", *copied)

    assert shown["Digest"] == IMAGE.digest
    assert shown["RepoTags"] == ["latest", "v7"]
    assert shown["Layers"] == [layer["digest"] for layer in MANIFEST["layers"]]
    assert (tmp_path / "copy" / "blobs" / "sha256" / LAYER.removeprefix("sha256:")).exists()
