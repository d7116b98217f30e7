"""The fakes keep what the ports promise, so that tests on them say something about the real services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from opsctl.migration.models import DocumentId, FailureClass, FetchFailure
from tests.contract.document_store import MAPPING, DocumentStoreContract
from tests.contract.image_source import ImageSourceContract
from tests.contract.object_store import ObjectStoreContract
from tests.contract.run_store import RunStoreContract
from tests.contract.sharded_runs import ShardedRunsContract
from tests.fakes.clock import FakeClock
from tests.fakes.documents import FakeDocuments
from tests.fakes.images import GONE, FakeImages
from tests.fakes.objects import FakeObjects
from tests.fakes.runs import FakeRuns
from tests.fakes.wire import Wire


class _Documents:
    def __init__(self) -> None:
        self.store = FakeDocuments(MAPPING, Wire(latency_seconds=0), page_documents=7)

    async def insert(self, *documents: Mapping[str, Any]) -> None:
        for document in documents:
            self.store.insert(**{"id": document["_id"], **{k: v for k, v in document.items() if k != "_id"}})

    async def change(self, document_id: DocumentId, fields: Mapping[str, Any]) -> None:
        self.store.change(document_id, **fields)

    async def delete(self, document_id: DocumentId) -> None:
        self.store.delete(document_id)


class _Objects:
    def __init__(self) -> None:
        self.store = FakeObjects(Wire(latency_seconds=0), FakeClock())

    async def put_plainly(self, key: str, body: bytes, content_type: str) -> None:
        self.store.place(key, body, content_type=content_type, has_checksum=False)


class _Images:
    def __init__(self) -> None:
        self.missing = "http://img/missing.jpg"
        self.throttled = "http://img/busy.jpg"
        busy = FetchFailure(FailureClass.LATER, "HTTP 429", 1.0, is_throttle=True)
        wire = Wire(latency_seconds=0)
        self.source = FakeImages(wire, FakeClock(), {self.missing: [GONE], self.throttled: [busy]})

    def picture(self, number: int) -> str:
        return f"http://img/{number}.jpg"


class TestFakeDocuments(DocumentStoreContract):
    @pytest.fixture
    def stage(self) -> _Documents:
        return _Documents()

    @pytest.fixture
    def absent(self) -> FakeDocuments:
        store = _Documents().store
        store.exists = False
        return store


class TestFakeRuns(RunStoreContract, ShardedRunsContract):
    @pytest.fixture
    def runs(self) -> FakeRuns:
        return FakeRuns(Wire(latency_seconds=0))


class TestFakeObjects(ObjectStoreContract):
    @pytest.fixture
    def stage(self) -> _Objects:
        return _Objects()

    @pytest.fixture
    def absent(self) -> FakeObjects:
        store = _Objects().store
        store.exists = False
        return store


class TestFakeImages(ImageSourceContract):
    @pytest.fixture
    def stage(self) -> _Images:
        return _Images()


def test_all_ports_have_a_contract() -> None:
    contracts: list[Callable[..., object]] = [
        DocumentStoreContract,
        RunStoreContract,
        ObjectStoreContract,
        ImageSourceContract,
    ]
    assert len(contracts) == 4
