"""A TCP port of a pod, reachable on this machine while a command runs.

Every local connection becomes one WebSocket to `pods/NAME/portforward`, subprotocol `v4.channel.k8s.io`: a first byte
names the channel, 0 for what goes through the port and 1 for an error in words; the first message of each channel
holds only the port, two bytes, little-endian. (k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go)
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from opsctl.adapters.kube.client import KubeClient
from opsctl.adapters.kube.forward_target import ForwardTarget, find_pod
from opsctl.adapters.kube.refusals import Refusal, Right, translate
from opsctl.adapters.kube.sign_in import sign_in_hint
from opsctl.errors import AccessDeniedError, OpsctlError, UnavailableError

_log = logging.getLogger(__name__)

PROTOCOL = "v4.channel.k8s.io"
_OPEN_SECONDS = 15.0
# A port that nobody answers is told right after the line is open: its node dials on its own machine.
_PROBE_SECONDS = 0.15
_CHUNK_BYTES = 65_536
_DATA, _ERROR = 0, 1
_PAUSES = (0.2, 0.5, 1.0, 2.0)


@asynccontextmanager
async def open_forward(
    client: KubeClient, target: ForwardTarget, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncIterator[int]:
    """Yields the local port, on 127.0.0.1. It is tried once before, so that what cannot work says so at once.

    When the line drops, its connections end, and the next ones get a new line, to another pod of the Service when the
    one before is gone. Whether the name is that of a pod or of a Service is settled by the first line: what has been a
    pod does not become another server because it is away for a moment.

    Raises NotFoundError, UnavailableError, AccessDeniedError, ConfigError.
    """
    forward = _Forward(client, target, sleep)
    probe = await forward.open_line()
    try:
        await probe.expect_silence(_PROBE_SECONDS)
    finally:
        await probe.close()
    server = await asyncio.start_server(forward.serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await forward.close()


class _Forward:
    def __init__(self, client: KubeClient, target: ForwardTarget, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._client = client
        self._target = target
        self._sleep = sleep
        self._serving: set[asyncio.Task[None]] = set()
        self._complaint = ""
        self._is_closed = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One local connection."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # asyncio runs it as one
        if self._is_closed:
            # It was accepted, and begins only now: nobody would end it any more.
            writer.transport.abort()
            return
        self._serving.add(task)
        try:
            await self._join_line(reader, writer)
        except OpsctlError as error:
            # Whoever connected sees its connection end, and tries again; once is enough to say why.
            if error.message != self._complaint:
                _log.warning("%s", error.message)
            self._complaint = error.message
        except asyncio.CancelledError:
            # Only `close` does this. A task that ends cancelled would be told as an error by asyncio's streams. What is
            # still to be written would wait for a reader who may not read any more.
            writer.transport.abort()
        finally:
            self._serving.discard(task)
            writer.close()

    async def _join_line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await self.open_line()
        try:
            await line.join(reader, writer)
        finally:
            await line.close()
            if line.has_answered:
                self._complaint = ""

    async def close(self) -> None:
        self._is_closed = True
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(set(self._serving))

    async def open_line(self) -> _Line:
        """A line to the port, tried a few times: a pod may just be replaced, a server just restarted."""
        for pause in (*_PAUSES, None):
            await self._client.sign_in()
            try:
                async with asyncio.timeout(_OPEN_SECONDS):
                    return await self._open_line_once()
            except TimeoutError as error:
                kubectl = f"{self._client.access.kubectl} get pods -n {self._target.namespace}"
                raise UnavailableError(
                    f"Port-forward to {self._target}: no answer within {_OPEN_SECONDS:g} seconds",
                    code="timeout",
                    hint=f"This asks the same server: {kubectl}",
                ) from error
            except UnavailableError as error:
                if pause is None:
                    raise
                _log.info("%s; trying again", error.message)
            await self._sleep(pause)
        raise AssertionError  # the last pause is None

    async def _open_line_once(self) -> _Line:
        found = await find_pod(self._client, self._target)
        path = f"/api/v1/namespaces/{self._target.namespace}/pods/{found.pod}/portforward"
        socket = await self._handshake(path, found.port)
        self._target = replace(self._target, kind=found.kind)
        line = _Line(socket, self._target)
        try:
            await line.begin()
        except BaseException:
            await line.close()
            raise
        return line

    async def _handshake(self, path: str, port: int) -> Any:
        import aiohttp  # noqa: PLC0415

        connection = self._client.connection
        for may_renew in (True, False):
            try:
                return await connection.open_websocket(f"{path}?ports={port}", PROTOCOL)
            except aiohttp.WSServerHandshakeError as error:
                if error.status == 401 and may_renew and connection.renew():
                    continue
                raise self._refused(error.status) from error
            except OSError as error:
                raise connection.explain(error) from error
        raise AssertionError  # the second refusal is raised

    def _refused(self, status: int) -> OpsctlError:
        """The handshake tells no more than the status. Kubernetes asks for `get`, newer ones for `create` as well."""
        access, right = self._client.access, Right("get", "pods/portforward", "", self._target.namespace)
        if status == 403:
            who = access.user.text("as") or f"the account of {access.origin}"
            return AccessDeniedError(
                f"Kubernetes does not let {who} {right}.",
                permission=str(right),
                hint=f"Grant it {right.rule('create')}.",
            )
        if status == 404:
            return UnavailableError(f"Port-forward to {self._target}: the pod has gone in this moment")
        if status in (400, 500, 502, 503):
            return UnavailableError(
                f"Port-forward to {self._target}: the node of the pod answered {status}",
                hint="Is the pod running, and does a firewall let the API server reach its node?",
            )
        return translate(
            Refusal(status),
            host=access.host,
            needed=right,
            origin=access.origin,
            sign_in=sign_in_hint(access),
        )


class _Line:
    """One WebSocket, one TCP connection at its far end."""

    def __init__(self, socket: Any, target: ForwardTarget) -> None:
        self._socket = socket
        self._target = target
        self.has_answered = False

    async def begin(self) -> None:
        """Waits for the first message of both channels."""
        for _ in (_DATA, _ERROR):
            message = await self._receive()
            if message is None:
                raise UnavailableError(f"Port-forward to {self._target}: the line broke before it was open")

    async def expect_silence(self, seconds: float) -> None:
        """Raises UnavailableError when the far end complains, or ends, within the time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                message = await self._receive()
                if message is None:
                    raise UnavailableError(f"Port-forward to {self._target}: the line broke at once")
                self._refuse_complaint(*message)

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Copies both ways until either side ends: this protocol cannot end one way alone."""
        copies = (asyncio.create_task(self._send_all(reader)), asyncio.create_task(self._receive_all(writer)))
        try:
            done, _ = await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
            for copy in done:
                copy.result()
        finally:
            for copy in copies:
                copy.cancel()
            await asyncio.gather(*copies, return_exceptions=True)

    async def close(self) -> None:
        # The far end may never answer a farewell.
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(1.0):
                await self._socket.close()

    async def _send_all(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while piece := await reader.read(_CHUNK_BYTES):
                await self._socket.send_bytes(bytes((_DATA,)) + piece)

    async def _receive_all(self, writer: asyncio.StreamWriter) -> None:
        while (message := await self._receive()) is not None:
            channel, content = message
            self._refuse_complaint(channel, content)
            if channel == _DATA:
                self.has_answered = True
                with suppress(OSError):
                    writer.write(content)
                    await writer.drain()

    def _refuse_complaint(self, channel: int, content: bytes) -> None:
        if channel == _ERROR and content:
            raise UnavailableError(
                f"Port-forward to {self._target}: the node of the pod says: {_one_line(content)}",
                hint=f"Does anything listen on port {self._target.port} of the pod?",
            )

    async def _receive(self) -> tuple[int, bytes] | None:
        """Channel and content of the next message; None at the end of the line."""
        import aiohttp  # noqa: PLC0415

        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY and message.data:
            return message.data[0], message.data[1:]
        if message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
            return _DATA, b""
        return None


def _one_line(content: bytes) -> str:
    text = content.decode(errors="replace")
    with suppress(ValueError):
        status = json.loads(text)
        text = str(status.get("message", text)) if isinstance(status, dict) else text
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]
