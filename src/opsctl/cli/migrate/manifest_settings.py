"""From the profile and the flags to the documents of a manifest."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from opsctl import __version__
from opsctl.cli.context import AppContext
from opsctl.cli.kubernetes_access import open_cluster
from opsctl.cli.migrate.manifest_secrets import secret_detector
from opsctl.cli.migrate.manifest_variables import operator_grants, pod_variables
from opsctl.cli.signals import StopRequest, run_async
from opsctl.config import KubernetesSection, Profile
from opsctl.errors import AccessDeniedError, NotFoundError, UsageError
from opsctl.migration.kubernetes.manifest.documents import build_manifest
from opsctl.migration.kubernetes.manifest.models import Document, ManifestSettings, Takeover
from opsctl.migration.kubernetes.manifest.roles import parse_operator
from opsctl.migration.kubernetes.manifest.secrets import IsSecret
from opsctl.migration.kubernetes.manifest.takeover import take_over
from opsctl.migration.kubernetes.models import JobKey, Kind
from opsctl.migration.kubernetes.ports import Cluster


@dataclass(frozen=True, slots=True)
class ManifestRequest:
    """What the flags say of the manifest. `only` is `job`, `rights`, or None for all of it."""

    from_job: str | None
    container: str | None
    image: str | None
    shards: int
    parallelism: int
    operators: tuple[str, ...]
    only: str | None
    name: str | None = None

    def command(self) -> str:
        """What prints this manifest again."""
        words = ["opsctl", "migrate", "manifest"]
        single = (
            ("--from-job", self.from_job),
            ("--container", self.container),
            ("--name", self.name),
            ("--image", self.image),
            ("--shards", str(self.shards) if self.shards > 1 else None),
            ("--parallelism", str(self.parallelism) if self.parallelism != self.shards else None),
            *(("--operator", operator) for operator in self.operators),
            ("--only", self.only),
        )
        words += [word for option, value in single if value is not None for word in (option, value)]
        return shlex.join(words)


@dataclass(frozen=True, slots=True)
class PreparedManifest:
    """The documents that were asked for, in their order; `roles` are all Roles, asked for or not."""

    job: JobKey
    documents: tuple[Document, ...]
    roles: tuple[Document, ...]
    takeover: Takeover | None
    is_secret: IsSecret
    command: str


def prepare_manifest(context: AppContext, profile: Profile, request: ManifestRequest) -> PreparedManifest:
    """Asks the cluster for the Job that is taken over, and for nothing else. Raises ConfigError, UsageError, and what
    the API server refuses."""
    operators = tuple(map(parse_operator, request.operators))
    section = profile.section(KubernetesSection)
    job, is_secret = JobKey(section.namespace, section.job), secret_detector(context.process.redactor)
    takeover = _read_old_job(profile, job, request, is_secret) if request.from_job is not None else None
    settings = ManifestSettings(
        job,
        request.image or (takeover.image if takeover and takeover.image else f"opsctl:{__version__}"),
        request.shards,
        request.parallelism,
        variables=pod_variables(profile, job, takeover, context.process.redactor),
        operators=operators,
        grants=operator_grants(profile, job),
        takeover=takeover,
        image_is_chosen=request.image is not None or (takeover is not None and takeover.runs_opsctl),
    )
    documents = build_manifest(settings)
    return PreparedManifest(
        job,
        tuple(document for document in documents if _is_wanted(document, request.only)),
        tuple(document for document in documents if document.kind is Kind.ROLE),
        takeover,
        is_secret,
        request.command(),
    )


def _is_wanted(document: Document, only: str | None) -> bool:
    """The Job needs its ServiceAccount; people need their Roles."""
    is_right = document.kind in (Kind.ROLE, Kind.ROLE_BINDING)
    return only is None or is_right == (only == "rights")


def _read_old_job(profile: Profile, job: JobKey, request: ManifestRequest, is_secret: IsSecret) -> Takeover:
    namespace, slash, name = (request.from_job or "").rpartition("/")
    if not name or (slash and not namespace) or "/" in namespace:
        raise UsageError(
            f"--from-job {request.from_job!r} names no Job", hint="write its name, or NAMESPACE/NAME for one elsewhere"
        )
    source = JobKey(namespace or job.namespace, name)

    async def read(_stop: StopRequest) -> Takeover:
        async with open_cluster(profile) as (cluster, _):
            try:
                document = await cluster.get(Kind.JOB, source.namespace, source.name)
            except NotFoundError as error:
                raise NotFoundError(
                    f"There is no Job {source.name} in namespace {source.namespace} to take over.",
                    hint=f"What is there: kubectl get jobs --namespace {source.namespace}",
                ) from error
            takeover = take_over(document, is_secret, request.container)
            is_own = takeover.runs_opsctl and await _is_own_account(cluster, job, takeover)
            return replace(takeover, pod=_without_account(takeover.pod)) if is_own else takeover

    return run_async(read, drain_seconds=0)


async def _is_own_account(cluster: Cluster, job: JobKey, takeover: Takeover) -> bool:
    """Whether the ServiceAccount of that Job is the one that a manifest of this Job creates."""
    if takeover.source.namespace != job.namespace or takeover.pod.get("serviceAccountName") != job.name:
        return False
    try:
        account = await cluster.get(Kind.SERVICE_ACCOUNT, job.namespace, job.name)
    except (NotFoundError, AccessDeniedError):
        return False
    labels = account["metadata"].get("labels") or {}
    return bool(labels.get("app.kubernetes.io/managed-by") == "opsctl")


def _without_account(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in pod.items() if key != "serviceAccountName"}
