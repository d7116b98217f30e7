"""Trying each configured service once, for `config check`. Nothing is written anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from opsctl.cli.config.service_check import CheckState, ServiceCheck, check_from_error
from opsctl.cli.interrupts import TimedOutError
from opsctl.cli.process import Process
from opsctl.cli.services import mongo_place, open_bucket, open_database, read_mapping
from opsctl.cli.signals import StopRequest, run_async
from opsctl.cli.status_sources import open_jobs
from opsctl.config import CloudRunSection, ConfigSection, KubernetesSection, MongoSection, Profile, S3Section
from opsctl.errors import AccessDeniedError, ConfigError, OpsctlError, UnavailableError
from opsctl.migration.ending import first_known


def try_services(profile: Profile, process: Process) -> list[ServiceCheck]:
    """Mongo, S3, Kubernetes and Cloud Run, as far as they are configured and valid; the others have nothing that could
    be tried. All are asked at the same time: one that hangs costs its own time and nobody else's."""
    asks: dict[type[ConfigSection], Callable[[], Awaitable[str]]] = {
        MongoSection: lambda: _try_mongo(profile),
        S3Section: lambda: _try_s3(profile),
        KubernetesSection: lambda: _try_kubernetes(profile),
        CloudRunSection: lambda: _try_cloud_run(profile, process),
    }

    async def main(_stop: StopRequest) -> list[ServiceCheck]:
        try:
            async with asyncio.TaskGroup() as group:
                tries = [
                    group.create_task(_try(kind.SECTION, ask))
                    for kind, ask in asks.items()
                    if profile.is_configured(kind)
                ]
        except BaseExceptionGroup as errors:
            # What ends the command comes out as it is, in no group.
            raise first_known(errors) from None
        return [task.result() for task in tries]

    return run_async(main, drain_seconds=0)


async def _try(name: str, ask: Callable[[], Awaitable[str]]) -> ServiceCheck:
    try:
        detail = await ask()
    except TimedOutError:
        raise
    except OpsctlError as error:
        return check_from_error(name, error)
    return ServiceCheck(name, CheckState.OK, detail)


async def _try_mongo(profile: Profile) -> str:
    from opsctl.adapters.mongodb.documents import MongoDocuments  # noqa: PLC0415

    mongo = profile.section(MongoSection)
    host = mongo_place(mongo)
    async with open_database(profile) as database:
        await MongoDocuments(database, mongo.collection, read_mapping(profile), host=host).check()
    return f"{mongo.database}.{mongo.collection} at {host} can be read"


async def _try_s3(profile: Profile) -> str:
    bucket = open_bucket(profile)
    try:
        await bucket.check()
    finally:
        bucket.close()
    return f"bucket {bucket.address.bucket} can be read"


async def _try_kubernetes(profile: Profile) -> str:
    """The Job and its pods, with everything that `status` would ask now."""
    async with open_jobs(profile) as jobs:
        answer = await jobs.read(None)
    for gap in answer.gaps:
        raise (AccessDeniedError if gap.state == "denied" else UnavailableError)(gap.reason)
    return f"Job {answer.job.name} in namespace {answer.job.namespace} and its pods can be read"


async def _try_cloud_run(profile: Profile, process: Process) -> str:
    """One page of executions, or the regions when none is named: what every Cloud Run command asks first."""
    from opsctl.cli.cloudrun.google_access import open_google  # noqa: PLC0415

    async with open_google(profile, process) as google:
        run, project, region = google.sources.run, google.project, google.region
        if not project:
            raise ConfigError("no project is named", hint="Set cloudrun.project, or: gcloud config set project PROJECT")
        if not region:
            regions = await run.list_regions(project)
            return f"Cloud Run of project {project} can be read, {len(regions)} regions; no region is named"
        await run.list_executions(f"projects/{project}/locations/{region}/jobs/-", page_size=1)
    return f"executions in {region} of project {project} can be read"
