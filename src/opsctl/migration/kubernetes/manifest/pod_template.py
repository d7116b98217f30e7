"""The pods of the migration's Job: not root, nothing writable but /tmp, time to finish what is in flight."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsctl.migration.kubernetes.manifest.models import ManifestSettings, Note, Path, SecretKey, Variable
from opsctl.migration.shards import EXECUTION_VARIABLE

CONTAINER = "migrate"
# The engine gives 20 s to what is in flight, and the last words to Mongo may take a moment too.
GRACE_SECONDS = 60
USER = 65532
JOB_UID_LABEL = "batch.kubernetes.io/controller-uid"
SCRATCH = "/tmp"  # noqa: S108 a folder of the pod
RESOURCES: Mapping[str, Any] = {
    "requests": {"cpu": "500m", "memory": "256Mi"},
    "limits": {"memory": "512Mi"},
}


def build_pod_spec(settings: ManifestSettings, account: str, container: Mapping[str, Any]) -> dict[str, Any]:
    """`spec` of the pod template."""
    taken = dict(settings.takeover.pod) if settings.takeover else {}
    taken.pop("serviceAccountName", None)
    security = {**_pod_security(), **taken.pop("securityContext", {}), "runAsNonRoot": True}
    if security.get("runAsUser") == 0:
        security["runAsUser"] = USER
    volumes = list(taken.pop("volumes", []))
    scratch = _scratch_name(container)
    if scratch not in {volume.get("name") for volume in volumes}:
        volumes.append({"name": scratch, "emptyDir": {"sizeLimit": "256Mi"}})
    return {
        "restartPolicy": "Never",
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": security,
        **taken,
        "containers": [dict(container)],
        "volumes": volumes,
    }


def build_container(settings: ManifestSettings) -> dict[str, Any]:
    """The container that runs one shard."""
    taken = dict(settings.takeover.container) if settings.takeover else {}
    mounts = list(taken.pop("volumeMounts", []))
    if not any(mount.get("mountPath", "").rstrip("/") == SCRATCH for mount in mounts):
        mounts.append({"name": _free_name(settings), "mountPath": SCRATCH})
    container: dict[str, Any] = {"name": CONTAINER, "image": settings.image}
    if "imagePullPolicy" in taken:
        container["imagePullPolicy"] = taken.pop("imagePullPolicy")
    container["command"] = ["opsctl"]
    container["args"] = [*_arguments(settings)]
    container["env"] = list(_environment(settings, taken.pop("env", [])))
    if "envFrom" in taken:
        container["envFrom"] = taken.pop("envFrom")
    container["resources"] = taken.pop("resources", RESOURCES)
    return {
        **container,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
        **taken,
    }


def open_notes(settings: ManifestSettings, container: Mapping[str, Any], path: Path) -> Iterator[Note]:
    """What a person has to decide about the environment."""
    own = {variable.name: variable for variable in settings.variables}
    moved = set(settings.takeover.moved if settings.takeover else ())
    for position, variable in enumerate(container["env"]):
        name, place = str(variable.get("name")), (*path, "env", position)
        if name in own and own[name].is_undecided:
            text, secret = own[name].open_note or "note_secret_undecided", own[name].secret or _free_key(settings, name)
            yield Note(place, text, (("name", name), *own[name].note_values), is_open=True, secret=secret)
        elif name in moved and name not in own:
            yield Note(place, "note_secret_moved", (("name", name),), is_open=True, secret=_free_key(settings, name))


def _free_key(settings: ManifestSettings, name: str) -> SecretKey:
    """Of a Secret that somebody still has to create."""
    return SecretKey(f"{settings.job.name}-credentials", name.lower().replace("_", "-"))


def _arguments(settings: ManifestSettings) -> Iterator[str]:
    # An image that is gone for good must not fail the Job: no new pod brings it back.
    yield from ("migrate", "images", "--yes", "--accept-failures", "-o", "json")
    # Kubernetes puts the index in; opsctl reads `index/count`, counted from 0. One shard is said too: a pod that has an
    # index and is not told the count refuses to guess it.
    yield from ("--shard", f"$(JOB_COMPLETION_INDEX)/{settings.shards}")
    yield from settings.arguments


def _environment(settings: ManifestSettings, taken: list[Any]) -> Iterator[dict[str, Any]]:
    """Those of the older Job first: later ones may refer to them. A name of our own wins."""
    own = {variable.name for variable in settings.variables}
    moved = set(settings.takeover.moved) if settings.takeover else set()
    names = set(own)
    for variable in taken:
        name = variable.get("name")
        names.add(name)
        if name not in own:
            yield _from_secret(name, _free_key(settings, name)) if name in moved else dict(variable)
    if "HOME" not in names:
        yield {"name": "HOME", "value": SCRATCH}
    if EXECUTION_VARIABLE not in names:
        # An index that is started again belongs to the same Job; a Job that is made anew is another.
        job_uid = {"fieldRef": {"fieldPath": f"metadata.labels['{JOB_UID_LABEL}']"}}
        yield {"name": EXECUTION_VARIABLE, "valueFrom": job_uid}
    for variable in settings.variables:
        yield _variable(settings, variable)


def _variable(settings: ManifestSettings, variable: Variable) -> dict[str, Any]:
    if variable.repeats is not None:
        return {"name": variable.name, "value": f"$({variable.repeats})"}
    if variable.value is not None:
        # Kubernetes puts the value of NAME in place of `$(NAME)`, and one dollar in place of two.
        return {"name": variable.name, "value": re.sub(r"\$(?=[$(])", "$$", variable.value)}
    return _from_secret(variable.name, variable.secret or _free_key(settings, variable.name))


def _from_secret(name: str, secret: SecretKey) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret.secret, "key": secret.key}}}


def _pod_security() -> dict[str, Any]:
    return {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "seccompProfile": {"type": "RuntimeDefault"}}


def _free_name(settings: ManifestSettings) -> str:
    """A volume name that the older Job does not use."""
    used = {volume.get("name") for volume in (settings.takeover.pod.get("volumes", []) if settings.takeover else [])}
    name = "tmp"
    while name in used:
        name += "-opsctl"
    return name


def _scratch_name(container: Mapping[str, Any]) -> str:
    return next(str(m["name"]) for m in container["volumeMounts"] if m.get("mountPath", "").rstrip("/") == SCRATCH)
