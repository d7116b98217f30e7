"""The local image registry: what crane, skopeo and a diagnosis read of the images of a world.

Protocol: OCI distribution specification 1.1, the part that reads, with the manners of Artifact Registry: a token from
`/v2/token`, blobs behind a redirect to a relative path.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from opsctl.lab.google.answers import api_disabled
from opsctl.lab.google.artifacts import API
from opsctl.lab.google.cloud import Call, Cloud
from opsctl.lab.google.damage import send_damaged
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.image_build_manifest import RepositoryContent
from opsctl.lab.google.registry_answers import (
    RegistryError,
    denied,
    send_part,
    too_many_requests,
    unknown_blob,
    unknown_manifest,
    unknown_repository,
)
from opsctl.lab.google.registry_behaviour import Redirect, RegistryBehaviour, damage
from opsctl.lab.google.registry_tokens import FOREIGN_TOKEN_PATH, TOKEN_PATH, RegistryTokens, other_host

CALLS_OF = "registry"
PERMISSION = "artifactregistry.repositories.downloadArtifacts"
DOWNLOADS = "/artifacts-downloads/namespaces/{namespace}/repositories/{repository}/downloads/{token}"

_HANG_SECONDS = 3600.0
_DAMAGING = (Action.CUT, Action.RESET, Action.DRIP, Action.GARBAGE)
_Answer = Callable[[web.Request], web.Response]


def add_registry(application: web.Application, cloud: Cloud, behaviour: RegistryBehaviour | None = None) -> None:
    """The images of the world. Without `behaviour` the registry behaves like Artifact Registry."""
    chosen = behaviour or RegistryBehaviour()
    registry = _Registry(cloud, chosen, RegistryTokens(cloud.token, chosen))
    routes: tuple[tuple[str, _Answer], ...] = (
        ("/v2/", registry.greet),
        (TOKEN_PATH, registry.issue_token),
        (FOREIGN_TOKEN_PATH, registry.issue_foreign_token),
        ("/v2/{name:.+}/tags/list", registry.list_tags),
        ("/v2/{name:.+}/manifests/{reference}", registry.send_manifest),
        ("/v2/{name:.+}/blobs/{digest}", registry.send_blob),
        (DOWNLOADS, registry.send_download),
    )
    for path, answer in routes:
        # Serves HEAD too.
        application.router.add_get(path, registry.responder(answer))


@dataclass(slots=True)
class _Registry:
    cloud: Cloud
    behaviour: RegistryBehaviour
    tokens: RegistryTokens
    downloads: dict[str, bytes] = field(default_factory=dict)

    def greet(self, request: web.Request) -> web.Response:
        """The first request of many tools."""
        self.tokens.check(request, None)
        return web.json_response({}, headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    def issue_token(self, request: web.Request) -> web.Response:
        return web.json_response(self.tokens.issue(request))

    def issue_foreign_token(self, request: web.Request) -> web.Response:
        """A realm on another host: whoever sends credentials here has given them away."""
        if "Authorization" in request.headers:
            self.cloud.violations.append("credentials were sent to a realm on another host")
        return web.json_response({"token": "worth-nothing"})

    def list_tags(self, request: web.Request) -> web.Response:
        content = self._enter(request)
        return web.json_response({"name": request.match_info["name"], "tags": sorted(content.tags)})

    def send_manifest(self, request: web.Request) -> web.Response:
        content = self._enter(request)
        reference = request.match_info["reference"]
        digest = content.tags.get(reference, reference)
        stored = content.manifests.get(digest)
        if stored is None:
            raise unknown_manifest(reference)
        body = stored.body + b"\n" if self.behaviour.damages_manifests else stored.body
        headers = {"Content-Type": stored.media_type, "Docker-Content-Digest": digest, "ETag": f'"{digest}"'}
        return web.Response(body=body, headers=headers)

    def send_blob(self, request: web.Request) -> web.Response:
        content = self._enter(request)
        digest = request.match_info["digest"]
        stored = content.blobs.get(digest)
        if stored is None:
            raise unknown_blob(digest)
        if self.behaviour.redirect is Redirect.NONE or request.method == "HEAD":
            response = self._send(request, stored)
            response.headers["Docker-Content-Digest"] = digest
            return response
        return web.Response(status=self.behaviour.redirect_status, headers={"Location": self._place(request, stored)})

    def send_download(self, request: web.Request) -> web.Response:
        """The bytes behind a redirect. The address is the permission."""
        stored = self.downloads.get(request.match_info["token"])
        if stored is None:
            raise RegistryError(403, "DENIED", "The download address is not valid.")
        if self.behaviour.redirect is Redirect.ANOTHER_HOST and "Authorization" in request.headers:
            self.cloud.violations.append("the token of the registry was sent to a download host")
        return self._send(request, stored)

    def responder(self, answer: _Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Around every answer: faults, errors, and the record of calls."""

        async def respond(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            status = 0
            try:
                response, status = await self._respond(request, answer)
                return response
            finally:
                seconds = time.perf_counter() - began
                self.cloud.calls.append(Call(CALLS_OF, request.method, request.path, status, seconds))

        return respond

    async def _respond(self, request: web.Request, answer: _Answer) -> tuple[web.StreamResponse, int]:
        fault = self.cloud.faults.take(CALLS_OF, request.method, request.path_qs)
        if fault is not None and fault.action in (Action.HANG, Action.DELAY):
            await asyncio.sleep(_HANG_SECONDS if fault.action is Action.HANG else fault.seconds)
        try:
            _fail(fault, request)
            response = answer(request)
        except RegistryError as error:
            response = error.answer()
        if fault is not None and fault.action in _DAMAGING:
            return await send_damaged(request, response, fault)
        is_download = (
            request.method == "GET" and response.status in (200, 206) and response.content_type.endswith("octet-stream")
        )
        cut = self.behaviour.take_cut() if is_download else None
        if cut is not None:
            return await _send_cut(request, response, cut)
        return response, response.status

    def _enter(self, request: web.Request) -> RepositoryContent:
        """The repository of the request. Raises RegistryError when the caller may not read it, or it does not exist."""
        name = request.match_info["name"]
        self.tokens.check(request, name)
        project = self.cloud.world.find_project(name.partition("/")[0])
        resource = f"projects/{name.partition('/')[0]}/repositories/{name.split('/')[1] if '/' in name else name}"
        if project is None or self.cloud.world.is_denied(project, PERMISSION):
            raise denied(PERMISSION, resource)
        if API not in project.enabled_apis:
            raise RegistryError(403, "DENIED", str(api_disabled(API, project.number)))
        content = self.cloud.world.images.get(name)
        if content is None:
            raise unknown_repository(name)
        return content

    def _place(self, request: web.Request, stored: bytes) -> str:
        token = secrets.token_urlsafe(24)
        self.downloads[token] = stored
        names = request.match_info["name"].split("/")
        path = DOWNLOADS.format(namespace=names[0], repository=names[1 if len(names) > 1 else 0], token=token)
        if self.behaviour.redirect is Redirect.RELATIVE:
            return path
        is_elsewhere = self.behaviour.redirect is Redirect.ANOTHER_HOST
        return f"http://{other_host(request.host) if is_elsewhere else request.host}{path}"

    def _send(self, request: web.Request, stored: bytes) -> web.Response:
        sent = damage(stored) if self.behaviour.damages_blobs else stored
        return send_part(sent, request.headers.get("Range"), self.behaviour.ranges)


def _fail(fault: Fault | None, request: web.Request) -> None:
    """Raises RegistryError for a fault that is an answer."""
    action = fault.action if fault is not None else None
    name = request.match_info.get("name", "")
    if action in (Action.DENY, Action.DENY_OR_ABSENT):
        raise denied(PERMISSION, f"projects/{name.partition('/')[0]}/repositories/{name.rpartition('/')[2]}")
    if action is Action.UNAUTHENTICATED:
        raise RegistryError(401, "UNAUTHORIZED", "The request has missing or invalid credentials.")
    if action is Action.NOT_FOUND:
        digest = request.match_info.get("digest")
        raise unknown_blob(digest) if digest else unknown_manifest(request.match_info.get("reference", name))
    if action is Action.THROTTLE:
        raise too_many_requests()
    if action is Action.STATUS and fault is not None:
        raise RegistryError(fault.status, "UNKNOWN", fault.message)


async def _send_cut(request: web.Request, response: web.Response, after_bytes: int) -> tuple[web.StreamResponse, int]:
    """The head of an answer with its whole length, and not all of the bytes."""
    body = response.body if isinstance(response.body, bytes) else b""
    begun = web.StreamResponse(status=response.status, headers=response.headers)
    begun.content_length = len(body)
    await begun.prepare(request)
    await begun.write(body[:after_bytes])
    if request.transport is not None:
        request.transport.close()
    return begun, response.status
