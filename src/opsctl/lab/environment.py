"""The lab as a whole: its servers, its profile, its sample data."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.collection import Collection

from opsctl.config import CLOUDRUN_ENDPOINTS
from opsctl.lab.half_done import JOB_DURATION, Target, half_done_by_old_job, write_half_done
from opsctl.lab.processes import ServerSpec, ServerStatus, inspect_all, start_all, stop_all
from opsctl.lab.real_mongod import find_mongod
from opsctl.lab.s3_server.credentials import read_or_create
from opsctl.lab.sample_data import PLACEHOLDER_SHA256, Sample, build_sample
from opsctl.lab.state import LabState, lab_config_file

DATABASE = "triple_db"
COLLECTION = "danawa_vehicle_data"
BUCKET = "carimage-382045063773"
PREFIX = "images"
REGION = "us-east-1"
USER = "lab"
TRICKLE_SECONDS = 6
GOOGLE_PROJECT = "netureyoutube"
GOOGLE_REGION = "asia-northeast3"
GOOGLE_TOKEN_FILE = "google-token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Lab:
    """A running lab. `mongo_uri` holds the password of the embedded Mongo."""

    state: LabState
    mongo_uri: str = field(repr=False)
    endpoint_url: str
    base_url: str
    google_url: str
    mongo_kind: str

    @property
    def config_file(self) -> Path:
        return lab_config_file(self.state)


def start_lab(state: LabState) -> Lab:
    """Start what is not running, and write the profile `lab`. Raises UnavailableError or BusyError."""
    state.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password_file = state.folder / "mongo-password"
    credentials_file = state.folder / "s3-credentials"
    password = _read_or_create_password(password_file)
    key = read_or_create(credentials_file)
    is_real = find_mongod() is not None
    mongo, s3, images, google = start_all(_specs(state, password_file, credentials_file, is_real=is_real), state)
    account = "" if is_real else f"{USER}:{password}@"
    query = "?directConnection=true" if is_real else "?directConnection=true&authSource=admin"
    lab = Lab(
        state=state,
        mongo_uri=f"mongodb://{account}127.0.0.1:{mongo.port}/{query}",
        endpoint_url=f"http://127.0.0.1:{s3.port}",
        base_url=f"http://127.0.0.1:{images.port}",
        google_url=f"http://127.0.0.1:{google.port}",
        mongo_kind="mongod" if is_real else "embedded",
    )
    _write_private(state.folder / "mongo-uri", lab.mongo_uri)
    _write_private(state.folder / "s3-secret-key", key.secret_access_key)
    _write_private(lab.config_file, _config_text(lab, key.access_key_id))
    return lab


def stop_lab(state: LabState) -> tuple[ServerStatus, ...]:
    """Stop everything and forget the data; returns what was running before."""
    running = tuple(status for status in inspect_all(state) if status.alive)
    stop_all(state)
    lab_config_file(state).unlink(missing_ok=True)
    shutil.rmtree(state.folder / "mongod", ignore_errors=True)
    return running


def seed(lab: Lab, *, half_done: bool = False) -> Sample:
    """Put the sample into an empty collection and an empty bucket, with the old Job's traces if wanted."""
    sample = build_sample(lab.base_url)
    s3 = s3_client(lab)
    _empty_bucket(s3)
    with open_collection(lab) as (client, collection):
        client.drop_database(DATABASE)
        collection.insert_many(sample.documents)
        if half_done:
            target = Target(BUCKET, PREFIX, COLLECTION, REGION, lab.endpoint_url)
            began = datetime.now(UTC) - JOB_DURATION
            write_half_done(collection, s3, half_done_by_old_job(sample, target, started_at=began))
    return sample


def is_seeded(lab: Lab) -> bool:
    """Whether there are documents."""
    with open_collection(lab) as (_, collection):
        return collection.find_one() is not None


@contextmanager
def open_collection(lab: Lab) -> Iterator[tuple[MongoClient[dict[str, Any]], Collection[dict[str, Any]]]]:
    """The lab's client and its collection."""
    options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
    client: MongoClient[dict[str, Any]] = MongoClient(lab.mongo_uri, serverSelectionTimeoutMS=5000)
    with client:
        yield client, client.get_database(DATABASE, codec_options=options).get_collection(COLLECTION)


def s3_client(lab: Lab) -> Any:
    """boto3's client for the lab's S3."""
    key = read_or_create(lab.state.folder / "s3-credentials")
    return boto3.client(
        "s3",
        endpoint_url=lab.endpoint_url,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        region_name=REGION,
        config=Config(s3={"addressing_style": "path"}),
    )


def _specs(
    state: LabState, password_file: Path, credentials_file: Path, *, is_real: bool
) -> tuple[ServerSpec, ServerSpec, ServerSpec, ServerSpec]:
    def python(module: str, *words: str) -> tuple[str, ...]:
        return (sys.executable, "-m", f"opsctl.lab.{module}", "--port-file", "{port_file}", *words)

    if is_real:
        mongo = python("real_mongod", "--data-dir", str(state.folder / "mongod"))
    else:
        mongo = python("mongo_wire", "--user", USER, "--password-file", str(password_file))
    return (
        ServerSpec("mongo", mongo),
        ServerSpec("s3", python("s3_server", "--credentials-file", str(credentials_file))),
        ServerSpec("images", python("image_host", "--trickle-seconds", str(TRICKLE_SECONDS))),
        ServerSpec("google", python("google", "--token-file", str(state.folder / GOOGLE_TOKEN_FILE))),
    )


def _config_text(lab: Lab, access_key_id: str) -> str:
    endpoints = "\n".join(f'{key} = "{lab.google_url}"' for key in CLOUDRUN_ENDPOINTS)
    return f"""\
# The profile of the lab on this machine; written by `opsctl lab up`, removed by `opsctl lab down`.
default_profile = "lab"

[profiles.lab.mongo]
uri = {{ file = "mongo-uri" }}
database = "{DATABASE}"
collection = "{COLLECTION}"

[profiles.lab.s3]
bucket = "{BUCKET}"
prefix = "{PREFIX}"
region = "{REGION}"
endpoint_url = "{lab.endpoint_url}"
access_key_id = "{access_key_id}"
secret_access_key = {{ file = "s3-secret-key" }}

[profiles.lab.images]
base_url = "{lab.base_url}/"
allow_private_hosts = ["127.0.0.1"]
per_host_concurrency = 16
per_host_rate = 500.0
timeout_seconds = 3
placeholder_sha256 = ["{PLACEHOLDER_SHA256}"]

[profiles.lab.cloudrun]
project = "{GOOGLE_PROJECT}"
region = "{GOOGLE_REGION}"
access_token = {{ file = "{GOOGLE_TOKEN_FILE}" }}
{endpoints}
"""


def _empty_bucket(s3: Any) -> None:
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        found = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        if found:
            s3.delete_objects(Bucket=BUCKET, Delete={"Objects": found})


def _read_or_create_password(path: Path) -> str:
    if not path.exists():
        _write_private(path, secrets.token_hex(16))
    return path.read_text(encoding="ascii").strip()


def _write_private(path: Path, text: str) -> None:
    """Readable by its owner only, from the first moment on."""
    beside = path.with_name(f"{path.name}.part")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text if text.endswith("\n") else f"{text}\n")
    beside.replace(path)
