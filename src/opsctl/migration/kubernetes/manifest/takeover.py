"""What a new Job takes over from an older one: image, environment, volumes, and where and as whom its pods run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opsctl.errors import DataError, UsageError
from opsctl.migration.kubernetes.job_copy import GENERATED_LABELS
from opsctl.migration.kubernetes.manifest.models import Path, Takeover
from opsctl.migration.kubernetes.manifest.secrets import IsSecret, mask_and_tell
from opsctl.migration.kubernetes.models import JobKey
from opsctl.migration.kubernetes.ports import JsonObject
from opsctl.migration.kubernetes.reading import read_job

POD_FIELDS = (
    "serviceAccountName",
    "imagePullSecrets",
    "nodeSelector",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "hostAliases",
    "dnsPolicy",
    "dnsConfig",
    "securityContext",
    "initContainers",
    "volumes",
)
CONTAINER_FIELDS = ("imagePullPolicy", "env", "envFrom", "resources", "volumeMounts", "volumeDevices")
# What only the old program needed: its start, and how its health was told.
PROGRAM_FIELDS = ("command", "args", "workingDir", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
# Defaults that the server writes into each pod.
_DEFAULTS: Mapping[str, object] = {"schedulerName": "default-scheduler", "dnsPolicy": "ClusterFirst"}


# Tools keep whole manifests in these, secrets included.
_COPIES = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})


def take_over(job: JsonObject, is_secret: IsSecret, container: str | None = None) -> Takeover:
    """Read an older Job. A plain secret is not written again: a variable of the container that has one is named in
    `moved` and loses its value; anywhere else the text is masked, and its place is in `masked`.

    Raises DataError for a Job without containers, UsageError when it has several and none is chosen.
    """
    metadata, template = _mapping(job.get("metadata")), _mapping(_mapping(job.get("spec")).get("template"))
    pod = _mapping(template.get("spec"))
    key = JobKey(str(metadata.get("namespace", "")), str(metadata.get("name", "")))
    chosen, others = _choose(key, pod, container)
    kept = {field: chosen[field] for field in CONTAINER_FIELDS if chosen.get(field)}
    moved: list[str] = []
    environment = [_without_secret(variable, is_secret, moved) for variable in kept.pop("env", [])]
    labels = _mapping(_mapping(template.get("metadata")).get("labels"))
    annotations = _mapping(_mapping(template.get("metadata")).get("annotations"))
    masked: list[Path] = []

    def clean(root: str, value: Mapping[str, Any]) -> dict[str, Any]:
        cleaned, places = mask_and_tell(value, is_secret)
        masked.extend((root, *place) for place in places)
        return dict(cleaned)

    dropped = [f"containers/{name}" for name in others]
    dropped += [f"containers/{chosen.get('name')}/{field}" for field in PROGRAM_FIELDS if chosen.get(field)]
    return Takeover(
        source=key,
        image=str(chosen.get("image", "")),
        pod=clean(
            "pod", {name: pod[name] for name in POD_FIELDS if pod.get(name) and pod[name] != _DEFAULTS.get(name)}
        ),
        container=clean("container", kept) | ({"env": environment} if environment else {}),
        labels={name: str(value) for name, value in labels.items() if name not in GENERATED_LABELS},
        annotations=clean(
            "annotations", {name: str(value) for name, value in annotations.items() if name not in _COPIES}
        ),
        moved=tuple(moved),
        masked=tuple(masked),
        dropped=tuple(dropped),
        runs_opsctl=_runs_opsctl(chosen),
        active_pods=read_job(job).active,
    )


def _runs_opsctl(container: Mapping[str, Any]) -> bool:
    command = container.get("command")
    return isinstance(command, list) and bool(command) and str(command[0]).rpartition("/")[2] == "opsctl"


def _choose(key: JobKey, pod: Mapping[str, Any], wanted: str | None) -> tuple[Mapping[str, Any], list[str]]:
    containers = {str(item.get("name")): item for item in pod.get("containers") or () if isinstance(item, Mapping)}
    if not containers:
        raise DataError(f"Job {key} has no containers")
    if wanted is not None and wanted not in containers:
        raise UsageError(f"Job {key} has no container {wanted!r}", hint=f"it has: {', '.join(containers)}")
    if wanted is None and len(containers) > 1:
        raise UsageError(
            f"Job {key} has {len(containers)} containers: {', '.join(containers)}",
            hint="say which one runs the migration: --container NAME",
        )
    name = wanted or next(iter(containers))
    return containers[name], [other for other in containers if other != name]


def _without_secret(variable: Any, is_secret: Callable[[str, str], bool], moved: list[str]) -> Any:
    if not isinstance(variable, Mapping) or not isinstance(variable.get("value"), str):
        return variable
    name = str(variable.get("name"))
    if not is_secret(name, variable["value"]):
        return variable
    moved.append(name)
    return {"name": name}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
