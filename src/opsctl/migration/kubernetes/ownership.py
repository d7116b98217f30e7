"""Who else looks after a Job: what re-creates, prunes or rolls it back behind our back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from opsctl.migration.kubernetes.ports import JsonObject


class Tool(StrEnum):
    """What a Job may belong to."""

    CRON_JOB = "cronjob"
    ARGO_WORKFLOW = "argo-workflow"
    ARGO_CD = "argo-cd"
    HELM = "helm"
    FLUX = "flux"
    KUEUE = "kueue"
    OTHER = "other"

    @property
    def label(self) -> str:
        """Its name as its makers write it."""
        return _NAMES.get(self, self.value)


_NAMES = {
    Tool.CRON_JOB: "Kubernetes",
    Tool.ARGO_WORKFLOW: "Argo Workflows",
    Tool.ARGO_CD: "Argo CD",
    Tool.HELM: "Helm",
    Tool.FLUX: "Flux",
    Tool.KUEUE: "Kueue",
    Tool.OTHER: "controller",
}


@dataclass(frozen=True, slots=True)
class Ownership:
    """One owner: the tool, and its object as far as the Job names it."""

    tool: Tool
    name: str


_OWNER_KINDS = {"CronJob": Tool.CRON_JOB, "Workflow": Tool.ARGO_WORKFLOW}
_ANNOTATIONS = {
    "argocd.argoproj.io/tracking-id": Tool.ARGO_CD,
    "meta.helm.sh/release-name": Tool.HELM,
    "helm.sh/hook": Tool.HELM,
}
_LABELS = {
    "argocd.argoproj.io/instance": Tool.ARGO_CD,
    "workflows.argoproj.io/workflow": Tool.ARGO_WORKFLOW,
    "kustomize.toolkit.fluxcd.io/name": Tool.FLUX,
    "helm.toolkit.fluxcd.io/name": Tool.FLUX,
    "kueue.x-k8s.io/queue-name": Tool.KUEUE,
    "helm.sh/chart": Tool.HELM,
}


def find_owners(job: JsonObject) -> tuple[Ownership, ...]:
    """The owners that a Job names, each tool once, in a fixed order."""
    found: dict[Tool, str] = {}
    metadata = job.get("metadata")
    for owner in _claims(metadata if isinstance(metadata, Mapping) else {}):
        found.setdefault(owner.tool, owner.name)
    managed_by = _mapping(job.get("spec")).get("managedBy")
    if isinstance(managed_by, str) and managed_by != "kubernetes.io/job-controller":
        found.setdefault(Tool.OTHER, managed_by)
    return tuple(Ownership(tool, found[tool]) for tool in Tool if tool in found)


def _claims(metadata: Mapping[str, Any]) -> Iterator[Ownership]:
    references = metadata.get("ownerReferences")
    for reference in references if isinstance(references, list) else ():
        kind, name = _mapping(reference).get("kind"), _mapping(reference).get("name")
        yield Ownership(_OWNER_KINDS.get(str(kind), Tool.OTHER), f"{kind} {name}")
    for field, known in (("annotations", _ANNOTATIONS), ("labels", _LABELS)):
        values = _mapping(metadata.get(field))
        for key, tool in known.items():
            if key in values:
                yield Ownership(tool, str(values[key]))
    if _mapping(metadata.get("labels")).get("app.kubernetes.io/managed-by") == "Helm":
        yield Ownership(Tool.HELM, "Helm")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
