"""What `opsctl status` reads from, built from a profile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from opsctl.cli.kubernetes_access import kube_client
from opsctl.cli.services import mongo_place, open_bucket, open_database, read_layout, read_mapping
from opsctl.config import ImagesSection, KubernetesSection, MongoSection, Profile, S3Section
from opsctl.status.answers import Gap
from opsctl.status.ports import StatusSettings, StatusSources

if TYPE_CHECKING:
    from opsctl.adapters.kube.client import KubeClient
    from opsctl.adapters.kube.status_jobs import KubeJobs
    from opsctl.adapters.s3.status import S3ObjectCounts


@asynccontextmanager
async def open_status_sources(profile: Profile) -> AsyncIterator[tuple[StatusSources, StatusSettings]]:
    """Mongo, and S3 and Kubernetes as far as they are configured. Raises ConfigError; nothing is asked yet."""
    from opsctl.adapters.mongodb.status import MongoDocumentCounts  # noqa: PLC0415 SDKs are lazy
    from opsctl.adapters.mongodb.status_runs import MongoRunRecords  # noqa: PLC0415

    mongo = profile.section(MongoSection)
    host = mongo_place(mongo)
    s3 = profile.section(S3Section) if profile.is_configured(S3Section) else None
    objects, folder = _open_objects(profile) if s3 else (None, "")
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(profile))
        has_job = profile.is_configured(KubernetesSection)
        jobs = await stack.enter_async_context(open_jobs(profile)) if has_job else None
        sources = StatusSources(
            documents=MongoDocumentCounts(
                database,
                mongo.collection,
                read_mapping(profile),
                host=host,
                bucket=s3.bucket if s3 else None,
                folder=folder,
            ),
            runs=MongoRunRecords(database, mongo.collection, host=host),
            objects=objects,
            jobs=jobs,
            gaps=()
            if s3
            else (Gap("s3", "not_configured", "The profile has no section s3: objects are not counted."),),
        )
        yield sources, read_settings(profile)


def _open_objects(profile: Profile) -> tuple[S3ObjectCounts, str]:
    """The bucket, and the folder that holds the collection's objects. Half of the start is spent on Amazon's SDK."""
    from opsctl.adapters.s3.status import S3ObjectCounts  # noqa: PLC0415
    from opsctl.migration.keys import collection_prefix  # noqa: PLC0415

    bucket = open_bucket(profile)
    folder = collection_prefix(read_layout(profile, bucket.region))
    return S3ObjectCounts(bucket, folder), folder


@asynccontextmanager
async def open_jobs(profile: Profile) -> AsyncIterator[KubeJobs]:
    """The Job of the profile. What is wrong with the kubeconfig is raised when it is asked."""
    from opsctl.adapters.kube.status_jobs import KubeJobs  # noqa: PLC0415

    section = profile.section(KubernetesSection)
    jobs = KubeJobs(lambda: _sign_in(profile), section.namespace, section.job)
    try:
        yield jobs
    finally:
        await jobs.close()


async def _sign_in(profile: Profile) -> KubeClient:
    """A program of the cloud's may take its time here, once: not in the time of the first question."""
    client = kube_client(profile)
    await client.sign_in()
    return client


def read_settings(profile: Profile) -> StatusSettings:
    """What the figures depend on. Raises ConfigError."""
    s3 = profile.section(S3Section) if profile.is_configured(S3Section) else None
    return StatusSettings(
        profile=profile.name,
        bucket=s3.bucket if s3 else None,
        prefix=s3.prefix if s3 else None,
        image_timeout_seconds=profile.section(ImagesSection).timeout_seconds,
    )
