"""Whole commands against whole servers: a place to migrate from and to, and a way to call `opsctl` there."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from opsctl.cli.boundary import run
from opsctl.cli.process import Process
from opsctl.lab.attached import serve_announced
from opsctl.lab.demo import OUR_FIELDS
from opsctl.lab.sample_data import PLACEHOLDER_SHA256, Sample, build_bulk, build_sample
from opsctl.reporting.redact import Redactor
from tests.contract.s3_clients import boto3_client
from tests.end_to_end.gate import Gate, gate_before
from tests.servers.launch import S3Target

Document = dict[str, Any]
COLLECTION = "danawa_vehicle_data"
PREFIX = "images"
# Only ever waited for in full when a test fails.
GIVE_UP_SECONDS = 300

EMBEDDED_ONLY = pytest.mark.parametrize(("mongo_uri", "s3_target"), [("embedded", "lab")], indirect=True)
"""For tests of what does not depend on who wrote the servers."""


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

    @property
    def command(self) -> tuple[str, ...]:
        """What begins every command line."""
        return sys.executable, "-m", "opsctl"

    def with_settings(self, **settings: str) -> Site:
        """The same place, looked at with other settings."""
        return replace(self, settings={**self.settings, **settings})

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """Start `opsctl` and leave it running."""
        return subprocess.Popen(
            [*self.command, *words],
            env={**self.environment, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *words: str, **settings: str) -> Answer:
        """Run `opsctl` to its end."""
        return read_answer(self.start(*words, **settings))

    def run_here(self, *words: str, **settings: str) -> Answer:
        """The same in this process, for tests of many reports: most of a short command's time is its start."""
        return run_words_here(words, {**self.environment, **settings})

    def seed(self, count: int = 475) -> Sample:
        sample = build_sample(self.base_url, count)
        self.collection.insert_many(sample.documents)
        return sample

    def seed_plain(self, count: int) -> list[Document]:
        """Documents without anything peculiar: four images each, all of them there."""
        documents = list(build_bulk(self.base_url, count))
        self.collection.insert_many(documents)
        return documents

    def seed_wide(self, documents: int, images: int) -> list[str]:
        """Documents with many images, so that a run is surely met inside of one. Returns all addresses in order.

        Nobody else asks the image host for these addresses.
        """
        folder = f"/img/{uuid.uuid4().hex}"
        paths = [[f"{folder}/{number}-{image}.jpg" for image in range(images)] for number in range(documents)]
        self.collection.insert_many(
            {
                "_id": number,
                "vehicle_name": f"아반떼 {number}",
                "price": 0,
                "exterior_images": [self.base_url + path for path in each],
            }
            for number, each in enumerate(paths)
        )
        return [path for each in paths for path in each]

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

    def recorded_keys(self) -> Counter[str]:
        """The keys that the documents name, and how often."""
        entries = (entry for document in self.collection.find() for entry in document.get("s3_images_metadata", ()))
        return Counter(entry["key"] for entry in entries)

    def count_processed(self) -> int:
        return self.collection.count_documents({"s3_images_metadata": {"$exists": True}})

    def run_record(self) -> Document:
        """The newest one."""
        found = self.collection.database["opsctl_runs"].find_one(sort=[("sequence", -1)])
        assert found is not None
        return dict(found)

    def is_at_work(self, *shards: int) -> bool:
        """Whether each of these shards of the newest run has images in flight, and documents are done already. A run
        that is not divided is shard 0."""
        record = self.collection.database["opsctl_runs"].find_one(sort=[("sequence", -1)]) or {}
        parts = record.get("shards") or {}
        in_flight = all(parts.get(str(index), {}).get("in_flight") for index in shards)
        return in_flight and self.count_processed() > 0

    def requests(self) -> Counter[str]:
        """What the image host was asked for so far, by encoded path and query."""
        with urllib.request.urlopen(f"{self.base_url}/_lab/stats", timeout=GIVE_UP_SECONDS) as answer:
            return Counter(json.load(answer)["paths"])

    def everything(self) -> tuple[list[bytes], dict[str, int], list[str]]:
        """All that a command could have changed: documents, objects, collections."""
        documents = [bson.encode(document) for document in self.collection.find(sort=[("_id", 1)])]
        return documents, self.objects(), sorted(self.collection.database.list_collection_names())


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


def run_words_here(words: Sequence[str], environ: Mapping[str, str]) -> Answer:
    """`opsctl` in this process, with this environment alone."""
    streams = io.StringIO(), io.StringIO()
    process = Process(
        stdin=io.StringIO(),
        stdout=streams[0],
        stderr=streams[1],
        environ=environ,
        folder=Path("/"),
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        redactor=Redactor(),
    )
    exit_code = run(words, process)
    return Answer(exit_code, *(stream.getvalue() for stream in streams))


def read_answer(child: subprocess.Popen[str]) -> Answer:
    """Wait for a command to end; one that does not is killed, and the test fails."""
    try:
        stdout, stderr = child.communicate(timeout=GIVE_UP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    return Answer(child.returncode, stdout, stderr)


def wait_until(reached: Callable[[], bool], child: subprocess.Popen[str]) -> None:
    """Look again and again until it is so. Fails when `child` ends before, or when it never comes to be so."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not reached():
        if child.poll() is not None:
            stdout, stderr = child.communicate()
            pytest.fail(f"the command ended too early, with {child.returncode}:\n{stdout}\n{stderr}")
        if time.monotonic() > deadline:
            child.kill()
            pytest.fail("waited in vain")
        time.sleep(0.05)


@pytest.fixture
def site(mongo_uri: str, s3_target: S3Target) -> Iterator[Site]:
    """Fresh on every server the test runs on, with an image host of its own that has not been asked for anything."""
    with open_site(mongo_uri, s3_target) as opened:
        yield opened


@pytest.fixture
def plain_site(mongo_uri: str, s3_target: S3Target, image_host: str) -> Iterator[Site]:
    """A fresh place with an image host that other tests use as well."""
    with open_place(mongo_uri, s3_target, image_host) as opened:
        yield opened


@pytest.fixture
def gate(slow_image_host: str) -> Iterator[Gate]:
    """The way to the image host of `slow_site`."""
    with gate_before(slow_image_host) as opened:
        yield opened


@pytest.fixture
def slow_site(mongo_uri: str, s3_target: S3Target, gate: Gate) -> Iterator[Site]:
    """A place where a run can be met in the middle: four images at a time, a tenth of a second each, or as long as
    `gate` holds them up.

    `FAST` lets a later command finish it quickly. No image takes too long: nothing is asked for twice.
    """
    with open_place(mongo_uri, s3_target, gate.base_url) as opened:
        patient = {"OPSCTL_IMAGES_TIMEOUT_SECONDS": "300"}
        yield opened.with_settings(OPSCTL_IMAGES_PER_HOST_CONCURRENCY="4", **patient)


FAST = {"OPSCTL_IMAGES_PER_HOST_CONCURRENCY": "64", "OPSCTL_IMAGES_WORKERS": "64"}


@pytest.fixture(scope="session")
def image_host() -> Iterator[str]:
    with serve_image_host() as base_url:
        yield base_url


@pytest.fixture(scope="session")
def slow_image_host() -> Iterator[str]:
    with serve_image_host("--latency-seconds", "0.1") as base_url:
        yield base_url


@contextmanager
def open_site(mongo_uri: str, target: S3Target, *host_options: str) -> Iterator[Site]:
    """A database, a bucket and an image host of one's own."""
    with serve_image_host(*host_options) as base_url, open_place(mongo_uri, target, base_url) as opened:
        yield opened


@contextmanager
def open_place(mongo_uri: str, target: S3Target, base_url: str) -> Iterator[Site]:
    """A database and a bucket of one's own."""
    name = f"opsctl-{uuid.uuid4().hex[:12]}"
    with MongoClient[Document](mongo_uri, tz_aware=True) as client:
        s3 = boto3_client(target)
        s3.create_bucket(Bucket=name)
        yield Site(mongo_uri, name, target, name, base_url, client[name][COLLECTION], s3)
        client.drop_database(name)


@contextmanager
def serve_image_host(*options: str) -> Iterator[str]:
    """An image host in a process of its own; yields its address."""
    command = (sys.executable, "-m", "opsctl.lab.image_host", "--port-file", "{port_file}", "--trickle-seconds", "6")
    with (
        tempfile.TemporaryDirectory(prefix="opsctl-images-") as folder,
        serve_announced("images", (*command, *options), folder=Path(folder), ready_seconds=GIVE_UP_SECONDS) as port,
    ):
        yield f"http://127.0.0.1:{port}"
