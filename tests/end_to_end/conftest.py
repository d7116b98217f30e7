"""Whole commands against whole servers: a place to migrate from and to, and a way to call `opsctl` there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from opsctl.lab.attached import serve_announced
from opsctl.lab.demo import OUR_FIELDS
from opsctl.lab.sample_data import PLACEHOLDER_SHA256, Sample, build_sample
from tests.contract.s3_clients import boto3_client
from tests.servers.launch import S3Target

Document = dict[str, Any]
COLLECTION = "danawa_vehicle_data"
PREFIX = "images"


@dataclass(frozen=True, slots=True)
class Site:
    """A collection, a bucket and an image host that belong to one test."""

    mongo_uri: str
    database: str
    target: S3Target
    bucket: str
    base_url: str
    collection: Collection[Document]
    s3: Any
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Everything by environment, as a Kubernetes Job has it."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPSCTL_")}
        return {
            **inherited,
            "OPSCTL_MONGO_URI": self.mongo_uri,
            "OPSCTL_MONGO_DATABASE": self.database,
            "OPSCTL_MONGO_COLLECTION": COLLECTION,
            "OPSCTL_S3_BUCKET": self.bucket,
            "OPSCTL_S3_PREFIX": PREFIX,
            "OPSCTL_S3_REGION": self.target.region,
            "OPSCTL_S3_ENDPOINT_URL": self.target.endpoint_url,
            "OPSCTL_S3_ACCESS_KEY_ID": self.target.access_key_id,
            "OPSCTL_S3_SECRET_ACCESS_KEY": self.target.secret_access_key,
            "OPSCTL_IMAGES_BASE_URL": f"{self.base_url}/",
            "OPSCTL_IMAGES_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
            "OPSCTL_IMAGES_PER_HOST_RATE": "1000",
            "OPSCTL_IMAGES_PER_HOST_CONCURRENCY": "16",
            "OPSCTL_IMAGES_TIMEOUT_SECONDS": "4",
            "OPSCTL_IMAGES_PLACEHOLDER_SHA256": PLACEHOLDER_SHA256,
            **self.settings,
        }

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """Start `opsctl` and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "opsctl", *words],
            env={**self.environment, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *words: str, **settings: str) -> Answer:
        """Run `opsctl` to its end."""
        child = self.start(*words, **settings)
        stdout, stderr = child.communicate(timeout=120)
        return Answer(child.returncode, stdout, stderr)

    def seed(self, count: int = 475) -> Sample:
        sample = build_sample(self.base_url, count)
        self.collection.insert_many(sample.documents)
        return sample

    def originals(self) -> dict[Any, bytes]:
        """The original fields of every document as BSON, byte for byte."""
        return {
            document["_id"]: bson.encode({name: value for name, value in document.items() if name not in OUR_FIELDS})
            for document in self.collection.find()
        }

    def objects(self) -> dict[str, int]:
        """Every object of the bucket, with its size."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", [])}


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def envelope(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.stdout)
        return parsed

    @property
    def data(self) -> dict[str, Any]:
        parsed: dict[str, Any] = self.envelope["data"]
        return parsed


@pytest.fixture
def site(mongo_uri: str, s3_target: S3Target) -> Iterator[Site]:
    """Fresh on every server the test runs on."""
    with open_site(mongo_uri, s3_target) as opened:
        yield opened


@contextmanager
def open_site(mongo_uri: str, target: S3Target, *host_options: str) -> Iterator[Site]:
    """A database, a bucket and an image host of one's own."""
    name = f"opsctl-{uuid.uuid4().hex[:12]}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(_temporary_folder()))
        command = (sys.executable, "-m", "opsctl.lab.image_host", "--port-file", "{port_file}", "--trickle-seconds", "6")
        port = stack.enter_context(serve_announced("images", (*command, *host_options), folder=folder))
        client: MongoClient[Document] = stack.enter_context(MongoClient(mongo_uri, tz_aware=True))
        s3 = boto3_client(target)
        s3.create_bucket(Bucket=name)
        yield Site(mongo_uri, name, target, name, f"http://127.0.0.1:{port}", client[name][COLLECTION], s3)
        client.drop_database(name)


@contextmanager
def _temporary_folder() -> Iterator[str]:
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="opsctl-images-") as name:
        yield name
