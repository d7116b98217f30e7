"""How a REST API is put into the server: its routes, and around them sign-in, faults and the record of calls."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from opsctl.lab.google.answers import ApiError, exhausted, invalid, invalid_credentials, missing_credentials, not_found
from opsctl.lab.google.cloud import Call, Cloud, Json
from opsctl.lab.google.damage import send_damaged
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.world import Project

_HANG_SECONDS = 3600.0
_LEAST_BYTES_TO_COMPRESS = 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to an API. `host` is the one that was asked for, `names` are the parts of the path, `body` is the
    JSON that came with it."""

    api: str
    cloud: Cloud
    method: str
    host: str
    path: str
    names: Mapping[str, str]
    query: MultiMapping[str]
    body: Json
    fault: Fault | None

    @property
    def wants_integers(self) -> bool:
        """Whether enums are to be answered as numbers (`$alt=json;enum-encoding=int`)."""
        return "enum-encoding=int" in self.query.get("$alt", "")

    def every(self, name: str) -> list[str]:
        """All values of a parameter that may be repeated."""
        return list(self.query.getall(name, []))

    def require(self, permission: str, resource: str, *, project: str = "", message: str = "") -> Project:
        """As `Cloud.require`, with the project out of the path."""
        name = project or self.names["project"]
        return self.cloud.require(self.api, permission, name, resource, fault=self.fault, message=message)


Answer = Callable[[Ask], Json | bytes]


@dataclass(frozen=True, slots=True)
class Surface:
    """One API in the server. `api` is the host that Google has for it."""

    application: web.Application
    cloud: Cloud
    api: str

    def get(self, path: str, answer: Answer) -> None:
        """Answer GET. `path` is a template of aiohttp: `/v2/projects/{project}`."""
        self.application.router.add_route("GET", path, self._responder(answer))

    def post(self, path: str, answer: Answer) -> None:
        """Answer POST."""
        self.application.router.add_route("POST", path, self._responder(answer))

    def _responder(self, answer: Answer) -> Callable[[web.Request], Any]:
        async def respond(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            status = 0
            try:
                response, status = await self._respond(request, answer)
                return response
            finally:
                seconds = time.perf_counter() - began
                self.cloud.calls.append(Call(self.api, request.method, request.path, status, seconds))

        return respond

    async def _respond(self, request: web.Request, answer: Answer) -> tuple[web.StreamResponse, int]:
        content = await request.read()
        fault = self.cloud.faults.take(self.api, request.method, request.path_qs)
        if fault is not None and fault.action is Action.HANG:
            await asyncio.sleep(_HANG_SECONDS)
        if fault is not None and fault.action is Action.DELAY:
            await asyncio.sleep(fault.seconds)
        response = self._answer(request, content, fault, answer)
        if fault is not None and fault.action in (Action.CUT, Action.RESET, Action.DRIP, Action.GARBAGE):
            return await send_damaged(request, response, fault)
        encodings = request.headers.get("Accept-Encoding", "")
        if "gzip" in encodings and isinstance(response.body, bytes) and len(response.body) > _LEAST_BYTES_TO_COMPRESS:
            response.enable_compression(web.ContentCoding.gzip)
        return response, response.status

    def _answer(self, request: web.Request, content: bytes, fault: Fault | None, answer: Answer) -> web.Response:
        try:
            _sign_in(self.cloud, request, fault)
            ask = Ask(
                self.api,
                self.cloud,
                request.method,
                request.host,
                request.path,
                request.match_info,
                request.query,
                _read_json(content),
                fault,
            )
            _fail(self.api, self.cloud, fault)
            body = {} if fault is not None and fault.action is Action.EMPTY else answer(ask)
        except ApiError as error:
            return _to_response(request, error.body, error.status, _headers_of(error, fault))
        return _to_response(request, body, 200, {})


def add_surface_of_the_unknown(application: web.Application, cloud: Cloud) -> None:
    """Answer every other path with 404, and record it."""
    surface = Surface(application, cloud, "unknown")

    def refuse(ask: Ask) -> Json:
        raise not_found(f"The requested URL {ask.path} was not found on this server.")

    application.router.add_route("*", "/{path:.*}", surface._responder(refuse))


def _sign_in(cloud: Cloud, request: web.Request, fault: Fault | None) -> None:
    """Raises ApiError 401 unless the request brings the token."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if fault is not None and fault.action is Action.UNAUTHENTICATED:
        raise invalid_credentials()
    if not token:
        raise missing_credentials(request.path)
    if kind.lower() != "bearer" or token.strip() != cloud.token:
        raise invalid_credentials()


def _fail(api: str, cloud: Cloud, fault: Fault | None) -> None:
    if fault is not None and fault.action is Action.THROTTLE:
        number = next((project.number for project in cloud.world.projects.values()), "0")
        raise exhausted(api, number)
    if fault is not None and fault.action is Action.STATUS:
        raise ApiError(fault.status, fault.message)


def _headers_of(error: ApiError, fault: Fault | None) -> dict[str, str]:
    headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if error.status == 401 else {}
    return headers | ({"Retry-After": str(fault.retry_after)} if fault is not None and fault.retry_after else {})


def _read_json(content: bytes) -> Json:
    if not content:
        return {}
    try:
        body = json.loads(content)
    except ValueError as error:
        raise invalid("Invalid JSON payload received.") from error
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Root element must be a message.")
    return body


def _to_response(request: web.Request, body: Json | bytes, status: int, headers: dict[str, str]) -> web.Response:
    if not isinstance(body, bytes):
        # As at Google, indented unless the caller says otherwise.
        indent = None if request.query.get("prettyPrint", "true").lower() in ("false", "0") else 2
        body = json.dumps(body, ensure_ascii=False, indent=indent).encode()
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return web.Response(body=body, status=status, headers=kind | headers)
