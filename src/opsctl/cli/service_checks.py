"""Trying each configured service once, for `config check`. Nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from opsctl.cli.config.service_check import CheckState, ServiceCheck, check_from_error
from opsctl.cli.services import host_of_uri, open_bucket, open_database, read_mapping
from opsctl.cli.signals import StopRequest, run_async
from opsctl.config import MongoSection, Profile, S3Section
from opsctl.errors import OpsctlError


def try_services(profile: Profile) -> list[ServiceCheck]:
    """Mongo and S3, as far as they are configured and valid; the others have nothing that could be tried yet."""

    async def main(_stop: StopRequest) -> list[ServiceCheck]:
        checks = []
        if profile.is_configured(MongoSection):
            checks.append(await _try("mongo", lambda: _try_mongo(profile)))
        if profile.is_configured(S3Section):
            checks.append(await _try("s3", lambda: _try_s3(profile)))
        return checks

    return run_async(main, drain_seconds=0)


async def _try(name: str, ask: Callable[[], Awaitable[str]]) -> ServiceCheck:
    try:
        detail = await ask()
    except OpsctlError as error:
        return check_from_error(name, error)
    return ServiceCheck(name, CheckState.OK, detail)


async def _try_mongo(profile: Profile) -> str:
    from opsctl.adapters.mongodb.documents import MongoDocuments  # noqa: PLC0415

    mongo = profile.section(MongoSection)
    host = host_of_uri(mongo.uri)
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
