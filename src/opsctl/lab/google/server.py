"""The local Google on one port of loopback: all surfaces by their path.

Cloud Run v1 and v2, Cloud Logging, IAM, Resource Manager, Secret Manager, Cloud SQL Admin, Service Usage, Policy
Troubleshooter, Artifact Registry and its image registry have paths that do not collide. Request lines in absolute form
(`GET http://asia-northeast3-run.test/apis/...`, as gcloud sends them through a proxy) are answered by their path.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from opsctl.lab.google.accounts import add_accounts
from opsctl.lab.google.artifacts import add_artifacts
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.logging_quota import ReadQuota
from opsctl.lab.google.logging_surface import add_logging
from opsctl.lab.google.registry import add_registry
from opsctl.lab.google.registry_behaviour import RegistryBehaviour
from opsctl.lab.google.remote_control import add_remote_control
from opsctl.lab.google.run_v1 import add_run_v1
from opsctl.lab.google.run_v2 import add_run_v2
from opsctl.lab.google.secret_manager import add_secret_manager
from opsctl.lab.google.services import add_services
from opsctl.lab.google.sql import add_sql
from opsctl.lab.google.surface import add_surface_of_the_unknown
from opsctl.lab.google.world import World

_LARGEST_BODY_BYTES = 1 << 20
_SURFACES = (
    add_remote_control,
    add_run_v1,
    add_run_v2,
    add_accounts,
    add_secret_manager,
    add_sql,
    add_services,
    add_artifacts,
)


@dataclass(frozen=True, slots=True)
class Manners:
    """How strict Cloud Logging is with readers, and in which of the permitted ways the registry answers."""

    quota: ReadQuota | None = None
    registry: RegistryBehaviour | None = None


_USUAL = Manners()


@dataclass(frozen=True, slots=True)
class RunningGoogle:
    """A server that answers from `cloud`, which may be changed while it does."""

    cloud: Cloud
    port: int

    @property
    def url(self) -> str:
        """The endpoint of every API, and of the registry."""
        return f"http://127.0.0.1:{self.port}"


def build_application(cloud: Cloud, manners: Manners = _USUAL) -> web.Application:
    """All surfaces over one world."""
    application = web.Application(client_max_size=_LARGEST_BODY_BYTES)
    for add in _SURFACES:
        add(application, cloud)
    add_logging(application, cloud, manners.quota)
    add_registry(application, cloud, manners.registry)
    add_surface_of_the_unknown(application, cloud)
    return application


@asynccontextmanager
async def listen(cloud: Cloud, port: int = 0, manners: Manners = _USUAL) -> AsyncIterator[RunningGoogle]:
    """Serve on 127.0.0.1 while the context lasts; port 0 lets the system pick one."""
    application = build_application(cloud, manners)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=512).start()
        yield RunningGoogle(cloud, runner.addresses[0][1])
    finally:
        await runner.cleanup()


@contextmanager
def serve_in_thread(world: World | Cloud, port: int = 0, manners: Manners = _USUAL) -> Iterator[RunningGoogle]:
    """Serve from a thread of this process while the context lasts. Errors of the start are raised here."""
    cloud = world if isinstance(world, Cloud) else Cloud(world)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="local-google", daemon=True)
    thread.start()
    context = listen(cloud, port, manners)
    try:
        running = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result()
        try:
            yield running
        finally:
            asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
