"""The volumes of a pod: what the kubelet puts into folders, and where they appear in the container."""

from __future__ import annotations

import base64
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.kube_cluster import KubeCluster
from tests.servers.pod_environment import MissingReferenceError, read_field

Json = dict[str, Any]

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Mount:
    """`source` of this machine at `target` of the container; without a source an empty folder."""

    source: Path | None
    target: str


def make_volumes(cluster: KubeCluster, pod: Json, folder: Path) -> tuple[Mount, ...]:
    """The mounts of the pod's container; their files are written below `folder`. Raises MissingReferenceError.

    An empty folder that would hide the checkout or its Python is left out: the container's own place stays.
    """
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", ())}
    mounts = []
    for mount in pod["spec"]["containers"][0].get("volumeMounts", ()):
        volume, target = volumes[mount["name"]], mount["mountPath"]
        if "emptyDir" in volume:
            if not any(place.is_relative_to(Path(target).resolve()) for place in (_CHECKOUT, Path(sys.prefix))):
                mounts.append(Mount(None, target))
            continue
        source = folder / mount["name"]
        source.mkdir(exist_ok=True)
        for name, content in _files(cluster, pod, volume):
            (source / name).write_bytes(content)
        mounts.append(Mount(source, target))
    # Sources first: an empty folder may be put over the place where they are.
    return tuple(sorted(mounts, key=lambda mount: mount.source is None))


def mount_script(mounts: Sequence[Mount], *, is_root_read_only: bool) -> Iterator[str]:
    """Shell commands for a process with a mount namespace of its own."""
    # Folders are made in memory, never on this machine's disk.
    missing = [Path(mount.target) for mount in mounts if not Path(mount.target).is_dir()]
    for place in sorted({_nearest(target) for target in missing}):
        yield f"mount -t tmpfs tmpfs {shlex.quote(str(place))}"
    yield from (f"mkdir -p {shlex.quote(str(folder))}" for folder in missing)
    for mount in mounts:
        target = shlex.quote(mount.target)
        if mount.source is None:
            yield f"mount -t tmpfs tmpfs {target}"
        else:
            yield f"mount --bind {shlex.quote(str(mount.source))} {target}"
    if is_root_read_only:
        yield "mount -o remount,bind,ro /"


def _nearest(path: Path) -> Path:
    """The nearest folder above that exists."""
    found = next(parent for parent in path.parents if parent.is_dir())
    if found == Path("/"):
        raise AssertionError(f"{path} has no place below the root of this machine")
    return found.resolve()


def _files(cluster: KubeCluster, pod: Json, volume: Json) -> Iterator[tuple[str, bytes]]:
    if "secret" in volume:
        yield from _entries(cluster, pod, "secrets", volume["secret"]["secretName"], volume["secret"])
    elif "configMap" in volume:
        yield from _entries(cluster, pod, "configmaps", volume["configMap"]["name"], volume["configMap"])
    elif "projected" in volume:
        for source in volume["projected"]["sources"]:
            yield from _projected(cluster, pod, source)
    else:
        raise AssertionError(f"a kind of volume that no test needed so far: {volume}")


def _projected(cluster: KubeCluster, pod: Json, source: Json) -> Iterator[tuple[str, bytes]]:
    if "serviceAccountToken" in source:
        account = pod["spec"].get("serviceAccountName", "default")
        token = cluster.service_account_token(pod["metadata"]["namespace"], account)
        yield source["serviceAccountToken"]["path"], token.encode()
    elif "configMap" in source:
        yield from _entries(cluster, pod, "configmaps", source["configMap"]["name"], source["configMap"])
    elif "secret" in source:
        yield from _entries(cluster, pod, "secrets", source["secret"]["name"], source["secret"])
    else:
        for item in source["downwardAPI"]["items"]:
            yield item["path"], read_field(pod, item["fieldRef"]["fieldPath"]).encode()


def _entries(cluster: KubeCluster, pod: Json, plural: str, name: str, reference: Json) -> Iterator[tuple[str, bytes]]:
    stored = cluster.find(f"/api/v1/namespaces/{pod['metadata']['namespace']}/{plural}/{name}")
    if stored is None:
        if reference.get("optional"):
            return
        raise MissingReferenceError(f'{plural.removesuffix("s")} "{name}" not found')
    entries: dict[str, str] = stored.get("data") or {}
    paths = {item["key"]: item["path"] for item in reference.get("items", ())} or {key: key for key in entries}
    for key, path in paths.items():
        yield path, base64.b64decode(entries[key]) if plural == "secrets" else entries[key].encode()
