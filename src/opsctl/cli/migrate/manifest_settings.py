"""From the profile and the flags to the documents of a manifest."""

from __future__ import annotations

from dataclasses import dataclass

from opsctl import __version__
from opsctl.cli.context import AppContext
from opsctl.cli.kubernetes_access import open_cluster
from opsctl.cli.migrate.manifest_secrets import secret_detector
from opsctl.cli.migrate.manifest_variables import operator_grants, pod_variables
from opsctl.cli.signals import StopRequest, run_async
from opsctl.config import KubernetesSection, Profile
from opsctl.errors import NotFoundError, UsageError
from opsctl.migration.kubernetes.manifest import build_manifest
from opsctl.migration.kubernetes.manifest_models import Document, ManifestSettings, Takeover
from opsctl.migration.kubernetes.manifest_secrets import IsSecret
from opsctl.migration.kubernetes.models import JobKey, Kind
from opsctl.migration.kubernetes.roles import parse_operator
from opsctl.migration.kubernetes.takeover import take_over


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


@dataclass(frozen=True, slots=True)
class PreparedManifest:
    """The documents that were asked for, in their order; `roles` are all Roles, asked for or not."""

    job: JobKey
    documents: tuple[Document, ...]
    roles: tuple[Document, ...]
    takeover: Takeover | None
    is_secret: IsSecret


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
            return take_over(document, is_secret, request.container)

    return run_async(read, drain_seconds=0)
