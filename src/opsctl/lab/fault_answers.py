"""How the image host answers for every fault of `image_faults`."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Final

from aiohttp import web

from opsctl.lab.image_answers import (
    PLACEHOLDER_PATH,
    answer_picture,
    answer_placeholder,
    answer_redirect,
    answer_status,
)
from opsctl.lab.image_faults import PRIVATE_LOCATIONS, TOO_LARGE_BYTES, picture_behind
from opsctl.lab.picture_paths import Picture, format_of
from opsctl.lab.pictures import CONTENT_TYPES, draw_vehicle

_BLOCK_BYTES: Final = 64 * 1024
_TRICKLE_PAUSE_SECONDS: Final = 0.25
_BLOCK_PAGE: Final = (
    "<!DOCTYPE html>\n<html><head><title>Access denied</title></head><body><h1>Access denied</h1>"
    "<p>Your network sends too many requests. Please complete the check to go on.</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request for `/fault/<name>/<rest>`. `target` and `rest` are percent-encoded, as on the wire."""

    request: web.Request
    target: str
    rest: str
    trickle_seconds: float

    @property
    def picture(self) -> Picture:
        return picture_behind(self.target)


Answer = Callable[[Exchange], Awaitable[web.StreamResponse]]


async def answer_fault(name: str, exchange: Exchange, *, failures_left: int) -> web.StreamResponse:
    """Answer as the fault `name` does; one that recovers answers with the picture when no failure is left."""
    if name in _RECOVERING:
        if failures_left <= 0:
            return answer_picture(exchange.request, exchange.picture)
        return await _RECOVERING[name](exchange)
    return await _LASTING[name](exchange)


async def _send_status(_exchange: Exchange, *, status: int) -> web.StreamResponse:
    return answer_status(status)


async def _send_retry_seconds(_exchange: Exchange) -> web.StreamResponse:
    return answer_status(HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "1"})


async def _send_retry_date(_exchange: Exchange) -> web.StreamResponse:
    # An HTTP date has whole seconds: two ahead is a wait of one to two.
    at = datetime.now(UTC) + timedelta(seconds=2)
    return answer_status(HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": format_datetime(at, usegmt=True)})


async def _send_redirect(exchange: Exchange, *, status: int) -> web.StreamResponse:
    up = "../" * (exchange.rest.count("/") + 2)
    return answer_redirect(status, f"{up}img/{exchange.rest}")


async def _send_first_hop(exchange: Exchange, *, hops: int) -> web.StreamResponse:
    return answer_redirect(HTTPStatus.MOVED_PERMANENTLY, f"/hop/{hops - 1}/{exchange.rest}")


async def _send_loop(exchange: Exchange) -> web.StreamResponse:
    again = "" if exchange.request.query_string else "?again=1"
    return answer_redirect(HTTPStatus.FOUND, f"/fault/redirect-loop/{exchange.rest}{again}")


async def _send_elsewhere(exchange: Exchange, *, location: str) -> web.StreamResponse:
    return answer_redirect(HTTPStatus.FOUND, location.format(rest=exchange.rest))


async def _send_picture_as(exchange: Exchange, *, content_type: str | None = None) -> web.StreamResponse:
    declared = content_type or CONTENT_TYPES[format_of(exchange.target)]
    return web.Response(body=exchange.picture.body, headers={"Content-Type": declared})


async def _send_page(exchange: Exchange, *, body: str, content_type: str | None = None) -> web.StreamResponse:
    declared = content_type or CONTENT_TYPES[format_of(exchange.target)]
    return web.Response(body=body.encode(), headers={"Content-Type": declared})


async def _send_placeholder(_exchange: Exchange) -> web.StreamResponse:
    return answer_placeholder()


async def _send_gzip(exchange: Exchange) -> web.StreamResponse:
    picture = exchange.picture
    headers = {"Content-Type": picture.content_type, "Content-Encoding": "gzip"}
    return web.Response(body=gzip.compress(picture.body, compresslevel=1, mtime=0), headers=headers)


async def _send_gzip_bomb(_exchange: Exchange) -> web.StreamResponse:
    headers = {"Content-Type": "image/jpeg", "Content-Encoding": "gzip"}
    return web.Response(body=await asyncio.to_thread(_pack_bomb), headers=headers)


@lru_cache(maxsize=1)
def _pack_bomb() -> bytes:
    """Some 40 kB that unpack to more than a migration accepts, and begin like a picture."""
    packer = zlib.compressobj(level=9, wbits=31)
    packed = [packer.compress(draw_vehicle(0, "jpeg"))]
    packed += [packer.compress(bytes(_BLOCK_BYTES)) for _ in range(TOO_LARGE_BYTES // _BLOCK_BYTES)]
    return b"".join([*packed, packer.flush()])


async def _send_chunked(exchange: Exchange) -> web.StreamResponse:
    response = await _open_stream(exchange, length=None)
    body = exchange.picture.body
    for start in range(0, len(body), 8192):
        await response.write(body[start : start + 8192])
    return response


async def _send_too_much(exchange: Exchange, *, declared: bool) -> web.StreamResponse:
    head = exchange.picture.body
    response = await _open_stream(exchange, length=TOO_LARGE_BYTES if declared else None)
    await response.write(head)
    left = TOO_LARGE_BYTES - len(head)
    while left > 0:
        await response.write(bytes(min(left, _BLOCK_BYTES)))
        left -= _BLOCK_BYTES
    return response


async def _cut_body(exchange: Exchange, *, declared: bool, reset: bool = False) -> web.StreamResponse:
    body = exchange.picture.body
    response = await _open_stream(exchange, length=len(body) if declared else None)
    await response.write(body[: len(body) // 2])
    _hang_up(exchange.request, reset=reset)
    return response


async def _trickle(exchange: Exchange) -> web.StreamResponse:
    """Spread the first half of the picture over `trickle_seconds`, then hang up. Ends when the client leaves."""
    body = exchange.picture.body
    response = await _open_stream(exchange, length=len(body))
    steps = max(1, round(exchange.trickle_seconds / _TRICKLE_PAUSE_SECONDS))
    step_bytes = max(1, len(body) // 2 // steps)
    for step in range(steps):
        await response.write(body[step * step_bytes : (step + 1) * step_bytes])
        await asyncio.sleep(_TRICKLE_PAUSE_SECONDS)
    _hang_up(exchange.request)
    return response


async def _refuse_to_talk(exchange: Exchange, *, reset: bool) -> web.StreamResponse:
    _hang_up(exchange.request, reset=reset)
    raise ConnectionAbortedError("hung up before any answer")


async def _send_unframed(exchange: Exchange, *, share: float = 1.0) -> web.StreamResponse:
    """Answer as HTTP/1.0 servers do: neither length nor chunks, the end of the connection is the end of the body."""
    picture, transport = exchange.picture, exchange.request.transport
    if transport is not None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {picture.content_type}\r\nConnection: close\r\n\r\n"
        transport.write(head.encode("ascii") + picture.body[: int(len(picture.body) * share)])
        transport.close()
    return web.Response()


async def _open_stream(exchange: Exchange, *, length: int | None) -> web.StreamResponse:
    """Begin an answer whose body is written piece by piece; without a length it is chunked."""
    response = web.StreamResponse(headers={"Content-Type": exchange.picture.content_type})
    response.content_length = length
    await response.prepare(exchange.request)
    return response


def _hang_up(request: web.Request, *, reset: bool = False) -> None:
    """Close the connection under the answer; with `reset` the client sees a TCP reset instead of an orderly end."""
    transport = request.transport
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


_RECOVERING: Final[dict[str, Answer]] = {
    "429-then-ok": _send_retry_seconds,
    "429-date-then-ok": _send_retry_date,
    "500-then-ok": partial(_send_status, status=500),
    "502-then-ok": partial(_send_status, status=502),
    "503-then-ok": partial(_send_status, status=503),
    "504-then-ok": partial(_send_status, status=504),
    "reset-then-ok": partial(_refuse_to_talk, reset=True),
    "reset-midway-then-ok": partial(_cut_body, declared=True, reset=True),
    "hang-up-then-ok": partial(_refuse_to_talk, reset=False),
    "cut-then-ok": partial(_cut_body, declared=True),
    "cut-chunked-then-ok": partial(_cut_body, declared=False),
    "unframed-cut-then-ok": partial(_send_unframed, share=0.5),
    "trickle-then-ok": _trickle,
}
_LASTING: Final[dict[str, Answer]] = {
    **{f"redirect-{status}": partial(_send_redirect, status=status) for status in (301, 302, 303, 307, 308)},
    **{f"redirect-chain-{hops}": partial(_send_first_hop, hops=hops) for hops in (3, 5, 6)},
    **{str(status): partial(_send_status, status=status) for status in (400, 401, 403, 404, 410, 451)},
    **{name: partial(_send_elsewhere, location=location) for name, location in PRIVATE_LOCATIONS.items()},
    "redirect-404": partial(_send_elsewhere, location="/fault/404/{rest}"),
    "redirect-placeholder": partial(_send_elsewhere, location=PLACEHOLDER_PATH),
    "redirect-loop": _send_loop,
    "wrong-type": partial(_send_picture_as, content_type="application/octet-stream"),
    "html-type": partial(_send_picture_as, content_type="text/html; charset=utf-8"),
    "other-format": _send_picture_as,
    "gzip": _send_gzip,
    "chunked": _send_chunked,
    "unframed": _send_unframed,
    "html-200": partial(_send_page, body=_BLOCK_PAGE, content_type="text/html; charset=utf-8"),
    "html-as-image": partial(_send_page, body=_BLOCK_PAGE),
    "json-200": partial(_send_page, body='{"error": "no such picture"}', content_type="application/json"),
    "empty": partial(_send_page, body=""),
    "placeholder": _send_placeholder,
    "too-large": partial(_send_too_much, declared=True),
    "too-large-chunked": partial(_send_too_much, declared=False),
    "gzip-bomb": _send_gzip_bomb,
}
