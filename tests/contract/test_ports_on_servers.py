"""The adapters keep what the ports promise: plain pytest asks the lab's servers, `-m servers` those of others."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from opsctl.adapters.http_images import HttpImages, HttpSettings, open_http_images
from opsctl.adapters.mongodb.connection import connect
from opsctl.adapters.mongodb.documents import MongoDocuments
from opsctl.adapters.mongodb.runs import MongoRuns
from opsctl.adapters.s3.bucket import Bucket, BucketAddress
from opsctl.lab.image_host import ImageHost, serve_images
from opsctl.migration.models import DocumentId
from tests.contract.document_store import MAPPING, DocumentStoreContract
from tests.contract.image_source import ImageSourceContract
from tests.contract.object_store import ObjectStoreContract
from tests.contract.run_store import RunStoreContract, make_record
from tests.contract.s3_clients import boto3_client
from tests.contract.sharded_runs import ShardedRunsContract
from tests.servers.launch import S3Target


@pytest.fixture
async def own_database(mongo_uri: str) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    """A database of its own, through a client as the adapter makes it."""
    client = connect(mongo_uri, timeout_seconds=60)
    name = f"ports_{uuid.uuid4().hex[:12]}"
    try:
        yield client[name]
    finally:
        await client.drop_database(name)
        await client.close()


class _Documents:
    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self.collection = database["vehicles"]
        self.store = MongoDocuments(database, "vehicles", MAPPING, host="test")

    async def insert(self, *documents: Mapping[str, Any]) -> None:
        await self.collection.insert_many([dict(document) for document in documents])

    async def change(self, document_id: DocumentId, fields: Mapping[str, Any]) -> None:
        await self.collection.update_one({"_id": document_id}, {"$set": dict(fields)})

    async def delete(self, document_id: DocumentId) -> None:
        await self.collection.delete_one({"_id": document_id})


class _Objects:
    def __init__(self, target: S3Target, bucket: str) -> None:
        self.bucket = bucket
        self.client = boto3_client(target)
        self.store = open_bucket(target, bucket)

    async def put_plainly(self, key: str, body: bytes, content_type: str) -> None:
        await asyncio.to_thread(
            lambda: self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type)
        )

    def remove(self) -> None:
        self.store.close()
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for entry in page.get("Contents", []):
                self.client.delete_object(Bucket=self.bucket, Key=entry["Key"])
        self.client.delete_bucket(Bucket=self.bucket)


class _Images:
    def __init__(self, source: HttpImages, host: ImageHost) -> None:
        self.source = source
        self._base_url = host.base_url
        self.missing = f"{host.base_url}/fault/404/secret.jpg"
        self.throttled = f"{host.base_url}/fault/429-then-ok/x.jpg"

    def picture(self, number: int) -> str:
        return f"{self._base_url}/img/{number}.jpg"


def open_bucket(target: S3Target, bucket: str) -> Bucket:
    keys = (target.access_key_id, target.secret_access_key)
    return Bucket(BucketAddress(bucket, target.region, target.endpoint_url, *keys))


class TestMongoDocuments(DocumentStoreContract):
    @pytest.fixture
    def stage(self, own_database: AsyncDatabase[dict[str, Any]]) -> _Documents:
        return _Documents(own_database)

    @pytest.fixture
    def absent(self, own_database: AsyncDatabase[dict[str, Any]]) -> MongoDocuments:
        return MongoDocuments(own_database, "absent", MAPPING, host="test")


class TestMongoRuns(RunStoreContract, ShardedRunsContract):
    @pytest.fixture
    def runs(self, own_database: AsyncDatabase[dict[str, Any]]) -> MongoRuns:
        return MongoRuns(own_database, "vehicles", host="test")

    async def test_collections_have_runs_of_their_own(self, own_database: AsyncDatabase[dict[str, Any]]) -> None:
        assert await MongoRuns(own_database, "vehicles", host="test").create(make_record())
        assert await MongoRuns(own_database, "vehicles-1", host="test").latest() is None


class TestS3Objects(ObjectStoreContract):
    @pytest.fixture
    async def stage(self, s3_target: S3Target) -> AsyncIterator[_Objects]:
        stage = _Objects(s3_target, f"opsctl-ports-{uuid.uuid4().hex[:12]}")
        await asyncio.to_thread(lambda: stage.client.create_bucket(Bucket=stage.bucket))
        yield stage
        await asyncio.to_thread(stage.remove)

    @pytest.fixture
    async def absent(self, s3_target: S3Target) -> AsyncIterator[Bucket]:
        bucket = open_bucket(s3_target, f"opsctl-absent-{uuid.uuid4().hex[:12]}")
        yield bucket
        bucket.close()


class TestHttpImages(ImageSourceContract):
    @pytest.fixture
    async def stage(self) -> AsyncIterator[_Images]:
        settings = HttpSettings(2**20, 10.0, "opsctl-test", 8, ("127.0.0.1",))
        async with serve_images() as host, open_http_images(settings) as source:
            yield _Images(source, host)
