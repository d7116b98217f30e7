"""A registry that does what it is told to, for answers that no proper registry would give."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opsctl.image.models import Descriptor

REPOSITORY = "p/r/app"
DOWNLOAD_SECRET = "DOWNLOADTOKEN-canary"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
# Longer than any test waits for the end of it.
_HANG_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str | None
    range: str | None
    accept: str | None
    body: bytes


@dataclass(slots=True)
class Registry:
    """What is there and how it is given out. Everything may be changed while it runs.

    `challenge` None asks for nothing; `{base}` in it is the server's own address. `cuts` are the numbers of bytes after
    which the next answers to GETs of blobs break off (None: not). `ranges`: `yes`, `ignored`, `wrong`, `refused`.
    `first_answers` are given to the next requests, whatever they ask. `hangs`
    holds back every answer, `falls_silent` every body, until it is set. `framing`: `length`, `chunked`, `close`.
    """

    base: str = ""
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    challenge: str | None = None
    accepted: set[str] = field(default_factory=set)
    token_answer: tuple[int, bytes] = (200, b'{"token":"registry-token","expires_in":300}')
    redirect: str | None = None
    redirect_status: int = 302
    missing: bytes = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"canary-message"}]}'
    cuts: list[int | None] = field(default_factory=list)
    ranges: str = "yes"
    framing: str = "length"
    content_digest: str | None = None
    first_answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    hangs: threading.Event | None = None
    falls_silent: threading.Event | None = None
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def name(self) -> str:
        """How the registry is named in a reference."""
        return self.base.removeprefix("http://")

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [seen.path for seen in self.requests]

    def add_blob(self, content: bytes, media_type: str = "application/octet-stream", **annotations: str) -> Descriptor:
        """Stores a blob."""
        digest = digest_of(content)
        self.blobs[digest] = content
        return Descriptor(media_type, digest, len(content), annotations)

    def add_manifest(self, content: Any, *tags: str, media_type: str = OCI_MANIFEST) -> Descriptor:
        """Stores a manifest under its digest and its tags; what is no bytes is written as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        for key in (digest_of(body), *tags):
            self.manifests[key] = (media_type, body)
        return Descriptor(media_type, digest_of(body), len(body))

    def add_image(self, config: dict[str, Any], layers: tuple[Descriptor, ...], *tags: str) -> Descriptor:
        """Stores a config and the manifest that names it."""
        return self.add_manifest(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": write_descriptor(self.add_blob(json.dumps(config).encode(), OCI_CONFIG)),
                "layers": [write_descriptor(layer) for layer in layers],
            },
            *tags,
        )


def write_descriptor(blob: Descriptor, **more: Any) -> dict[str, Any]:
    """The JSON of a descriptor."""
    written = {"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size_bytes, **more}
    return {**written, "annotations": dict(blob.annotations)} if blob.annotations else written


def digest_of(content: bytes) -> str:
    """`sha256:...`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def basic(username: str, password: str) -> str:
    """The header for a user."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@contextmanager
def serve_registry() -> Iterator[Registry]:
    """A running registry on a port of its own."""
    registry = Registry()

    class Handler(_Handler):
        told = registry

    server = _Server(("127.0.0.1", 0), Handler)
    registry.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        for held in (registry.hangs, registry.falls_silent):
            if held is not None:
                held.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are meant to; what a test expects it finds in the answers."""


class _Handler(BaseHTTPRequestHandler):
    told: Registry
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.told.connections += 1

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        self.told.requests.append(
            Seen(
                self.command,
                parts.path,
                parse_qs(parts.query),
                self.headers.get("Authorization"),
                self.headers.get("Range"),
                self.headers.get("Accept"),
                self.rfile.read(length),
            )
        )
        if self.told.hangs is not None:
            self.told.hangs.wait(_HANG_SECONDS)
        if self.told.first_answers:
            self._answer(*self.told.first_answers.pop(0))
        elif parts.path == "/v2/token":
            self._answer(self.told.token_answer[0], {"Content-Type": "application/json"}, self.told.token_answer[1])
        elif parts.path.startswith("/artifacts-downloads/"):
            self._give_blob(parts.path.rsplit("/", 1)[1])
        else:
            self._registry(parts.path)

    do_POST = do_GET  # noqa: N815  # how http.server finds it

    def _registry(self, path: str) -> None:
        told = self.told
        if told.challenge is not None and self.headers.get("Authorization") not in told.accepted:
            challenge = told.challenge.replace("{base}", told.base)
            self._answer(401, {"WWW-Authenticate": challenge} if challenge else {}, b'{"errors":[]}')
            return
        kind, key = path.rsplit("/", 2)[1:]
        if kind == "manifests" and key in told.manifests and path == f"/v2/{REPOSITORY}/manifests/{key}":
            media_type, body = told.manifests[key]
            headers = {"Content-Type": media_type}
            if told.content_digest:
                headers["Docker-Content-Digest"] = told.content_digest
            self._answer(200, headers, body)
        elif kind == "blobs" and key in told.blobs and told.redirect is not None:
            self._answer(told.redirect_status, {"Location": told.redirect.replace("{digest}", key)}, b"moved")
        elif kind == "blobs" and key in told.blobs:
            self._give_blob(key)
        else:
            self._answer(404, {}, told.missing)

    def _give_blob(self, digest: str) -> None:
        told, content = self.told, self.told.blobs[digest]
        status, headers = 200, {"Content-Type": "application/octet-stream"}
        wanted = self.headers.get("Range")
        if wanted is not None and told.ranges != "ignored":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            start += told.ranges == "wrong"
            if told.ranges == "refused":
                self._answer(416, {}, b"")
                return
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            content = content[start:]
        self._answer(status, headers, content, cut=told.cuts.pop(0) if told.cuts else None, framing=told.framing)

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, *, cut: int | None = None, framing: str = "length"
    ) -> None:
        # Without a Date of the server's own where the test gives one.
        self.send_response_only(status) if "Date" in headers else self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if framing == "length":
            self.send_header("Content-Length", str(len(body)))
        elif framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.told.falls_silent is not None:
            self.told.falls_silent.wait(_HANG_SECONDS)
        sent = body if cut is None else body[:cut]
        try:
            if framing == "chunked":
                self.wfile.write(b"%x\r\n" % len(body) + sent + (b"\r\n0\r\n\r\n" if cut is None else b""))
            else:
                self.wfile.write(sent)
        except ConnectionError:
            self.close_connection = True
        if cut is not None or framing == "close":
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """The tests look at `requests`."""
