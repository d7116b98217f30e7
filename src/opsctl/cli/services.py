"""Builds adapters from a profile, on first use: the only place of the command line that imports what imports an SDK."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from opsctl import __version__
from opsctl.cli.kubernetes_access import open_forwarded_uri
from opsctl.cli.process import Process
from opsctl.config import CloudRunSection, ImagesSection, MongoSection, Profile, S3Section
from opsctl.errors import OpsctlError, UsageError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from opsctl.adapters.google_rest.credentials import Credentials
    from opsctl.adapters.google_rest.session import GoogleSession
    from opsctl.adapters.registry.client import RegistryClient
    from opsctl.adapters.registry.images import RegistryImages
    from opsctl.adapters.s3.bucket import Bucket
    from opsctl.diagnosis.ports import Commits, Sources
    from opsctl.migration.kubernetes.ports import WorkLog
    from opsctl.migration.kubernetes.work_log import LeaseWatch
    from opsctl.migration.models import ImageMapping, KeyLayout, Selection, Settings, TransferLimits
    from opsctl.migration.ports import DocumentStore, ObjectStore, Services

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:@\[\]]+)(?::\d{1,5})?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")


@dataclass(frozen=True, slots=True)
class MigrationStores:
    """The two ends of a migration, and how it reads documents and names objects."""

    documents: DocumentStore
    objects: ObjectStore
    mapping: ImageMapping
    layout: KeyLayout


@dataclass(frozen=True, slots=True)
class Places:
    """Where a migration reads and writes, for people. Holds no credentials."""

    profile: str
    source: str
    target: str


def describe_places(profile: Profile) -> Places:
    """Names both ends without asking them. Raises ConfigError."""
    mongo, s3 = profile.section(MongoSection), profile.section(S3Section)
    target = f"s3://{s3.bucket}/{s3.prefix}"
    return Places(
        profile=profile.name,
        source=f"{mongo.database}.{mongo.collection} at {mongo_place(mongo)}",
        target=f"{target} at {s3.endpoint_url}" if s3.endpoint_url else target,
    )


@asynccontextmanager
async def open_stores(profile: Profile) -> AsyncIterator[MigrationStores]:
    """Mongo and S3 of the profile. Raises ConfigError; nothing is asked yet."""
    from opsctl.adapters.mongodb.documents import MongoDocuments  # noqa: PLC0415

    mapping, mongo = read_mapping(profile), profile.section(MongoSection)
    async with open_database(profile) as database:
        documents = MongoDocuments(database, mongo.collection, mapping, host=mongo_place(mongo))
        bucket = open_bucket(profile)
        try:
            yield MigrationStores(documents, bucket, mapping, read_layout(profile, bucket.region))
        finally:
            bucket.close()


@asynccontextmanager
async def open_migration(profile: Profile, selection: Selection) -> AsyncIterator[tuple[Settings, Services]]:
    """Everything that `migrate images` needs. Raises ConfigError; nothing is asked yet."""
    from opsctl.adapters.http_images import HttpSettings, open_http_images  # noqa: PLC0415
    from opsctl.adapters.mongodb.documents import MongoDocuments  # noqa: PLC0415
    from opsctl.adapters.mongodb.runs import MongoRuns  # noqa: PLC0415
    from opsctl.migration.clock import SystemClock  # noqa: PLC0415
    from opsctl.migration.models import Settings  # noqa: PLC0415
    from opsctl.migration.ports import Services  # noqa: PLC0415

    mongo, images = profile.section(MongoSection), profile.section(ImagesSection)
    mapping, host = read_mapping(profile), mongo_place(mongo)
    bucket = open_bucket(profile, connections=images.workers)
    layout = read_layout(profile, bucket.region)
    http = HttpSettings(
        max_bytes=images.max_bytes,
        timeout_seconds=images.timeout_seconds,
        user_agent=images.user_agent.replace("{version}", __version__),
        workers=images.workers,
        allow_private_hosts=images.allow_private_hosts,
    )
    async with open_database(profile) as database, open_http_images(http) as source:
        documents = MongoDocuments(database, mongo.collection, mapping, host=host)
        runs = MongoRuns(database, mongo.collection, host=host)
        settings = Settings(mapping, layout, read_limits(profile), selection)
        try:
            yield settings, Services(documents, source, bucket, runs, SystemClock())
        finally:
            bucket.close()


@asynccontextmanager
async def open_database(profile: Profile) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    """The database of the profile; the client is closed at the end, and before the port-forward that it may go through.
    Raises ConfigError; with `mongo.forward` also what the API server refuses."""
    from opsctl.adapters.mongodb.connection import connect  # noqa: PLC0415

    mongo = profile.section(MongoSection)
    async with AsyncExitStack() as stack:
        uri = mongo.uri
        if mongo.forward is not None:
            uri = await stack.enter_async_context(open_forwarded_uri(profile, uri, mongo.forward))
        client = connect(uri)
        stack.push_async_callback(client.close)
        yield client.get_database(mongo.database)


@asynccontextmanager
async def open_work_log(profile: Profile, watch: LeaseWatch) -> AsyncIterator[WorkLog]:
    """What a restart asks about the migration's progress. A way to Mongo that does not open, such as a port-forward to
    a pod that is not there, is told by the first look. Raises ConfigError."""
    from opsctl.adapters.mongodb.work import MongoWorkLog  # noqa: PLC0415
    from opsctl.migration.kubernetes.work_log import RECORDS_AWAY, UnreachableWorkLog  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        log: WorkLog
        try:
            mongo = profile.section(MongoSection)
            database = await stack.enter_async_context(open_database(profile))
        except RECORDS_AWAY as error:
            log = UnreachableWorkLog(error)
        else:
            host = mongo_place(mongo)
            log = MongoWorkLog(database, mongo.collection, read_mapping(profile), host=host, watch=watch)
        yield log


def open_bucket(profile: Profile, *, connections: int = 16) -> Bucket:
    """The bucket of the profile."""
    from opsctl.adapters.s3.bucket import Bucket, BucketAddress  # noqa: PLC0415

    s3 = profile.section(S3Section)
    address = BucketAddress(
        bucket=s3.bucket,
        region=s3.region,
        endpoint_url=s3.endpoint_url,
        access_key_id=s3.access_key_id,
        secret_access_key=s3.secret_access_key,
        session_token=s3.session_token,
    )
    return Bucket(address, connections=connections)


def read_mapping(profile: Profile) -> ImageMapping:
    """How documents name their images."""
    from opsctl.migration.models import FieldRule, ImageMapping  # noqa: PLC0415

    images = profile.section(ImagesSection)
    return ImageMapping(
        fields=tuple(FieldRule(rule.source, rule.target, rule.type) for rule in images.fields),
        vehicle_name_fields=images.vehicle_name_fields,
        color_name_fields=images.color_name_fields,
        color_url_fields=images.color_url_fields,
        base_url=images.base_url,
    )


def read_layout(profile: Profile, region: str) -> KeyLayout:
    """Where objects go. `region` is the one that is really used: the profile may leave it to AWS's own settings."""
    from opsctl.migration.models import KeyLayout  # noqa: PLC0415

    mongo, s3, images = profile.section(MongoSection), profile.section(S3Section), profile.section(ImagesSection)
    return KeyLayout(
        bucket=s3.bucket,
        prefix=s3.prefix,
        collection=mongo.collection,
        region=region,
        endpoint_url=s3.endpoint_url,
        template=images.key_template,
        key_hash=images.key_hash,
    )


def read_limits(profile: Profile) -> TransferLimits:
    """How hard to work."""
    from opsctl.migration.models import TransferLimits  # noqa: PLC0415

    images = profile.section(ImagesSection)
    return TransferLimits(
        workers=images.workers,
        per_host_concurrency=images.per_host_concurrency,
        per_host_rate=images.per_host_rate,
        max_bytes=images.max_bytes,
        timeout_seconds=images.timeout_seconds,
        outage_seconds=images.outage_seconds,
        placeholder_sha256=frozenset(images.placeholder_sha256),
    )


@dataclass(frozen=True, slots=True)
class CloudRunSources:
    """What a live diagnosis asks, and in which project and region. `project` and `region` are None when neither the
    profile nor gcloud's active configuration names one. `images` reads single files too."""

    sources: Sources
    images: RegistryImages
    project: str | None
    region: str | None
    session: GoogleSession
    registry: RegistryClient
    _credentials: Credentials

    def collected_by(self) -> str | None:
        """Who asks, as an IAM member; None when that is not known without asking."""
        try:
            return self._credentials.origin().account
        except OpsctlError:
            return None


@asynccontextmanager
async def open_sources(
    profile: Profile, process: Process, *, on_wait: Callable[[float], None] = lambda _: None
) -> AsyncIterator[CloudRunSources]:
    """Google Cloud, the image registry and the checkout of the profile. `on_wait` hears the seconds of every pause that
    Cloud Logging's quota asks for. Raises ConfigError; nothing is asked yet."""
    from opsctl.adapters.google_rest.accounts import GoogleAccounts  # noqa: PLC0415
    from opsctl.adapters.google_rest.artifacts import ArtifactRegistry  # noqa: PLC0415
    from opsctl.adapters.google_rest.cloud_logging import CloudLogging  # noqa: PLC0415
    from opsctl.adapters.google_rest.cloud_run import GoogleCloudRun  # noqa: PLC0415
    from opsctl.adapters.google_rest.credentials import Credentials  # noqa: PLC0415
    from opsctl.adapters.google_rest.endpoints import Endpoints  # noqa: PLC0415
    from opsctl.adapters.google_rest.gcloud_settings import read_gcloud_settings  # noqa: PLC0415
    from opsctl.adapters.google_rest.secrets import SecretVersions  # noqa: PLC0415
    from opsctl.adapters.google_rest.services import ServiceUsage  # noqa: PLC0415
    from opsctl.adapters.google_rest.session import GoogleSession  # noqa: PLC0415
    from opsctl.adapters.google_rest.sql import CloudSql  # noqa: PLC0415
    from opsctl.adapters.registry.client import RegistryClient  # noqa: PLC0415
    from opsctl.adapters.registry.docker_login import DockerLogins  # noqa: PLC0415
    from opsctl.adapters.registry.images import RegistryImages  # noqa: PLC0415
    from opsctl.adapters.registry.layer_cache import DiskLayerCache  # noqa: PLC0415
    from opsctl.diagnosis.ports import Sources  # noqa: PLC0415

    section, gcloud = profile.section(CloudRunSection), read_gcloud_settings(process.environ)
    project = section.project or gcloud.project
    credentials = Credentials(section.access_token, environment=process.environ)
    session = GoogleSession(credentials, Endpoints.from_section(section), quota_project=project)
    registry = RegistryClient(
        DockerLogins(process.environ), google_token=session.access_token, google_endpoint=section.registry_endpoint
    )
    images = RegistryImages(
        registry, budget_bytes=section.image_budget_bytes, cache=DiskLayerCache(cache_folder(process))
    )
    sources = Sources(
        run=GoogleCloudRun(session),
        logs=CloudLogging(session, on_wait=on_wait),
        accounts=GoogleAccounts(session),
        secrets=SecretVersions(session),
        sql=CloudSql(session),
        apis=ServiceUsage(session),
        artifacts=ArtifactRegistry(session),
        images=images,
        commits=_open_commits(section.repository),
    )
    try:
        yield CloudRunSources(sources, images, project, section.region or gcloud.region, session, registry, credentials)
    finally:
        session.close()


def cache_folder(process: Process) -> Path:
    """Where what is known of layers is kept: `OPSCTL_CACHE_DIR`, else the user's cache folder."""
    from opsctl.adapters.registry.layer_cache import default_cache_folder  # noqa: PLC0415

    named = process.environ.get("OPSCTL_CACHE_DIR")
    return Path(named) / "layers" if named else default_cache_folder()


def _open_commits(repository: str | None) -> Commits | None:
    if repository is None:
        return None
    from opsctl.adapters.git import GitCommits  # noqa: PLC0415

    return GitCommits(Path(repository))


def load_lab() -> ModuleType:
    """The lab, which is an extra. Raises UsageError when it is not installed."""
    return _load_extra("opsctl.lab.environment")


def load_demo() -> ModuleType:
    """The lab's demonstration. Raises UsageError when the extra is not installed."""
    return _load_extra("opsctl.lab.demo")


def _load_extra(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the lab needs packages that are not installed ({error.name})", hint="pip install 'opsctl[lab]'"
        ) from error


def mongo_place(mongo: MongoSection) -> str:
    """Where Mongo is, for people. Behind a port-forward the hosts of the URI are not asked."""
    return _hosts_of(mongo.uri) if mongo.forward is None else f"{mongo.forward} (port-forward)"


def _hosts_of(uri: str) -> str:
    """The hosts of a Mongo URI, `?` when they cannot be told for certain from what may be a password."""
    authority, _, rest = uri.partition("://")[2].partition("/")
    user_info, _, hosts = authority.partition("?")[0].rpartition("@")
    is_certain = "@" not in rest if not user_info else "?" not in user_info
    return hosts if is_certain and _HOSTS.fullmatch(hosts) else "?"
