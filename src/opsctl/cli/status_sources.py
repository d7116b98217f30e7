"""What `opsctl status` reads from, built from a profile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opsctl.cli.services import host_of_uri, open_bucket, open_database, read_layout, read_mapping
from opsctl.config import ImagesSection, KubernetesSection, MongoSection, Profile, S3Section
from opsctl.errors import OpsctlError
from opsctl.status.answers import Gap, JobAnswer
from opsctl.status.ports import StatusSettings, StatusSources


@asynccontextmanager
async def open_status_sources(profile: Profile) -> AsyncIterator[tuple[StatusSources, StatusSettings]]:
    """Mongo, and S3 and Kubernetes as far as they are configured. Raises ConfigError; nothing is asked yet."""
    from opsctl.adapters.mongodb.status import MongoDocumentCounts, MongoRunRecords  # noqa: PLC0415 SDKs are lazy
    from opsctl.adapters.s3.status import S3ObjectCounts  # noqa: PLC0415
    from opsctl.migration.keys import collection_prefix  # noqa: PLC0415

    mongo, host = profile.section(MongoSection), host_of_uri(profile.section(MongoSection).uri)
    s3 = profile.section(S3Section) if profile.is_configured(S3Section) else None
    bucket = open_bucket(profile) if s3 else None
    folder = collection_prefix(read_layout(profile, bucket.region)) if bucket else ""
    async with open_database(profile) as database:
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
            objects=S3ObjectCounts(bucket, folder) if bucket else None,
            jobs=_UnbuiltJobs() if profile.is_configured(KubernetesSection) else None,
            gaps=()
            if s3
            else (Gap("s3", "not_configured", "The profile has no section s3: objects are not counted."),),
        )
        yield sources, read_settings(profile)


def read_settings(profile: Profile) -> StatusSettings:
    """What the figures depend on. Raises ConfigError."""
    s3 = profile.section(S3Section) if profile.is_configured(S3Section) else None
    return StatusSettings(
        profile=profile.name,
        bucket=s3.bucket if s3 else None,
        prefix=s3.prefix if s3 else None,
        image_timeout_seconds=profile.section(ImagesSection).timeout_seconds,
    )


class _UnbuiltJobs:
    """Says that the Job is not looked at, which is not the same as that there is none."""

    async def connect(self) -> None:
        """Nothing to sign in to."""

    async def read(self, budget_seconds: float | None) -> JobAnswer:
        raise OpsctlError("Looking at the Kubernetes Job is not built yet.", code="not-built")
