"""Answers that do not arrive whole."""

from __future__ import annotations

import asyncio

from aiohttp import web

from opsctl.lab.google.faults import Action, Fault

_PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n"


async def send_damaged(request: web.Request, response: web.Response, fault: Fault) -> tuple[web.StreamResponse, int]:
    """Send the answer as the fault wants it; returns what was sent and its status, 0 when nothing was.

    CUT, RESET, DRIP and GARBAGE are known; any other action sends the answer as it is.
    """
    if fault.action is Action.GARBAGE:
        return web.Response(body=_PAGE, content_type="text/html"), 200
    if fault.action is Action.RESET:
        _close(request)
        return web.Response(), 0
    body = response.body if isinstance(response.body, bytes) else b""
    begun = web.StreamResponse(status=response.status, headers={"Content-Type": response.headers["Content-Type"]})
    begun.content_length = len(body)
    await begun.prepare(request)
    if fault.action is Action.DRIP:
        for byte in body:
            await begun.write(bytes((byte,)))
            await asyncio.sleep(fault.seconds)
    else:
        await begun.write(body[: len(body) // 2])
        _close(request)
    return begun, response.status


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
