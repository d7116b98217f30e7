"""`/_lab`: how someone outside of the process sets faults and reads what was called."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

from aiohttp import web

from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.faults import fault_from_json


def add_remote_control(application: web.Application, cloud: Cloud) -> None:
    """POST and DELETE `/_lab/faults`, GET and DELETE `/_lab/calls`, GET `/_lab/violations`."""

    async def add_fault(request: web.Request) -> web.Response:
        try:
            cloud.faults.add(fault_from_json(json.loads(await request.read())))
        except (ValueError, re.error) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({}, status=201)

    async def clear_faults(_: web.Request) -> web.Response:
        cloud.faults.clear()
        return web.json_response({})

    async def list_calls(_: web.Request) -> web.Response:
        return web.json_response({"calls": [asdict(call) for call in cloud.calls]})

    async def clear_calls(_: web.Request) -> web.Response:
        cloud.calls.clear()
        return web.json_response({})

    async def list_violations(_: web.Request) -> web.Response:
        return web.json_response({"violations": cloud.violations})

    application.router.add_post("/_lab/faults", add_fault)
    application.router.add_delete("/_lab/faults", clear_faults)
    application.router.add_get("/_lab/calls", list_calls)
    application.router.add_delete("/_lab/calls", clear_calls)
    application.router.add_get("/_lab/violations", list_violations)
