"""Kubernetes as a way to something else: a Mongo that only the cluster reaches, a secret that only the cluster holds.

Neither needs a complete section `kubernetes`: without one, kubectl's own configuration holds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

from opsctl.cli.signals import join_unless_stopped
from opsctl.config import KubernetesSection, Profile
from opsctl.config.profile import secret_texts
from opsctl.errors import ConfigError, OpsctlError, UnavailableError

if TYPE_CHECKING:
    from opsctl.adapters.kube.client import KubeClient
    from opsctl.adapters.kube.cluster import KubeCluster
    from opsctl.migration.kubernetes.models import JobKey

_SECRET_SECONDS = 10.0
# What a single server behind a forwarded port must not be asked for: its set would answer with names of the cluster.
_SET_OPTIONS = {"replicaset", "directconnection", "loadbalanced"}


def kube_client(profile: Profile, *, timeout_seconds: float | None = None) -> KubeClient:
    """A client of the context of the profile. Raises ConfigError; nothing is asked yet."""
    from opsctl.adapters.kube.client import TIMEOUT_SECONDS, open_kube  # noqa: PLC0415

    context, kubeconfig = (profile.value(KubernetesSection, key) for key in ("context", "kubeconfig"))
    return open_kube(
        profile.environ,
        context=None if context is None else str(context),
        kubeconfig=None if kubeconfig is None else Path(str(kubeconfig)),
        timeout_seconds=timeout_seconds or TIMEOUT_SECONDS,
    )


@asynccontextmanager
async def open_cluster(profile: Profile) -> AsyncIterator[tuple[KubeCluster, JobKey]]:
    """The API server and the Job of section `kubernetes`. Raises ConfigError; nothing is asked yet."""
    from opsctl.adapters.kube.cluster import KubeCluster  # noqa: PLC0415
    from opsctl.migration.kubernetes.models import JobKey  # noqa: PLC0415

    section = profile.section(KubernetesSection)
    client = kube_client(profile)
    try:
        yield KubeCluster(client), JobKey(section.namespace, section.job)
    finally:
        await client.close()


@asynccontextmanager
async def open_forwarded_uri(profile: Profile, uri: str, forward: str) -> AsyncIterator[str]:
    """The Mongo URI with a port of this machine in place of its hosts, while the port leads to `forward`."""
    from opsctl.adapters.kube.forward import open_forward  # noqa: PLC0415
    from opsctl.adapters.kube.forward_target import ForwardTarget  # noqa: PLC0415

    target = ForwardTarget.parse(forward)
    forwarded_uri(uri, 1)
    client = kube_client(profile)
    try:
        async with open_forward(client, target) as port:
            yield forwarded_uri(uri, port)
    finally:
        await client.close()


def forwarded_uri(uri: str, port: int) -> str:
    """`uri` with `127.0.0.1:port` for its hosts, and a direct connection. Raises ConfigError when it has none."""
    scheme, _, rest = uri.partition("://")
    if scheme != "mongodb":
        raise ConfigError(
            "mongo.forward does not go with mongodb+srv://: DNS names the hosts, and one port is forwarded.",
            hint="Write mongo.uri as mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS",
        )
    # A password with / or ? that is not encoded must not be cut in two and end up in an error.
    authority, slash, tail = rest.partition("/")
    if "@" in tail or (not slash and "@" in authority.partition("?")[2]):
        raise ConfigError("mongo.uri is not a valid connection string", hint="percent-encode @ : / ? % in the password")
    if not slash:
        authority, _, query = authority.partition("?")
        path = ""
    else:
        path, _, query = tail.partition("?")
    user_info, at, _ = authority.rpartition("@")
    options = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0].lower() not in _SET_OPTIONS]
    options.append(("directConnection", "true"))
    return f"mongodb://{user_info}{at}127.0.0.1:{port}/{path}?{urlencode(options, quote_via=quote)}"


class KubeSecrets:
    """Reads `namespace/name/key`, each once. May be called with or without a running event loop: it asks in a thread,
    and its caller waits, ten seconds at the longest once it is signed in, or until the command is asked to stop. A
    server that was away is not asked for the next one. `learn` takes what must not be shown."""

    def __init__(self, profile: Profile, learn: Callable[[frozenset[str]], None]) -> None:
        self._profile = profile
        self._learn = learn
        self._known: dict[str, str | OpsctlError] = {}
        self._outage: UnavailableError | None = None

    def __call__(self, key: str, target: str) -> str:
        """The text. Raises OpsctlError, which names `key`."""
        if target not in self._known:
            self._known[target] = self._outage or self._ask(target)
        found = self._known[target]
        if isinstance(found, UnavailableError):
            self._outage = found
        if isinstance(found, OpsctlError):
            error = copy(found)
            error.message = f"{key} refers to the Kubernetes Secret {target}: {found.message}"
            raise error
        self._learn(secret_texts(key, found.rstrip("\r\n")))
        return found

    def _ask(self, target: str) -> str | OpsctlError:
        answers: list[str | OpsctlError | BaseException] = []

        def work() -> None:
            try:
                answers.append(asyncio.run(self._read(target)))
            except BaseException as error:  # noqa: BLE001  # raised again by whoever waits
                answers.append(error)

        thread = threading.Thread(target=work, name="kube-secret", daemon=True)
        thread.start()
        join_unless_stopped(thread)
        answer = answers[0]
        if isinstance(answer, BaseException) and not isinstance(answer, OpsctlError):
            raise answer
        return answer

    async def _read(self, target: str) -> str:
        from opsctl.adapters.kube.secrets import read_secret  # noqa: PLC0415

        client = kube_client(self._profile, timeout_seconds=_SECRET_SECONDS)
        try:
            return await read_secret(client, target)
        finally:
            await client.close()
