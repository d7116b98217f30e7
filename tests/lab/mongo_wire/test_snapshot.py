"""Data that survives a restart, and files that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bson import Int64
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError

from opsctl.errors import DataError
from opsctl.lab.mongo_wire.documents import store
from opsctl.lab.mongo_wire.snapshot import SnapshotFile
from opsctl.lab.mongo_wire.store import Store
from tests.lab.mongo_wire.conftest import server_in_thread

DOCUMENTS: list[dict[str, Any]] = [
    {"_id": 2, "이름": "그랜저", "n": Int64(1)},
    {"_id": "a", "list": [None, {}]},
    {"_id": 1},
]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A snapshot of one collection."""
    data = Store()
    for document in DOCUMENTS:
        data.write("triple_db", "cars").insert(store(document))
    path = tmp_path / "mongo.snapshot"
    file = SnapshotFile(path)
    file.write(file.collect(data))
    return path


def test_a_restart_finds_everything_again(tmp_path: Path) -> None:
    path = tmp_path / "mongo.snapshot"
    with server_in_thread(snapshot=path) as server, MongoClient[dict[str, Any]](server.uri) as client:
        client.triple_db.cars.insert_many([dict(document) for document in DOCUMENTS])
        client.triple_db.cars.create_index("n", unique=True, sparse=True, name="by_n")
        client.other.empty.insert_one({"_id": 1})
        client.other.empty.delete_one({"_id": 1})
        client.gone.cars.insert_one({"_id": 1})
        client.drop_database("gone")
    assert [item.name for item in tmp_path.iterdir()] == ["mongo.snapshot"]
    with server_in_thread(snapshot=path) as server, MongoClient[dict[str, Any]](server.uri) as client:
        assert list(client.triple_db.cars.find()) == DOCUMENTS
        assert type(client.triple_db.cars.find_one({"_id": 2})["n"]) is Int64  # type: ignore[index]
        assert client.triple_db.cars.index_information()["by_n"]["sparse"] is True
        with pytest.raises(DuplicateKeyError):
            client.triple_db.cars.insert_one({"n": 1})
        assert client.other.list_collection_names() == ["empty"]
        assert "gone" not in client.list_database_names()


def test_every_cut_is_noticed(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    cut = tmp_path / "cut.snapshot"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cut or damaged") as caught:
            SnapshotFile(cut).load_into(Store())
        assert str(cut) in caught.value.message
        assert caught.value.hint is not None


def test_a_server_does_not_start_on_a_damaged_file(written: Path) -> None:
    written.write_bytes(written.read_bytes()[:-1])
    with pytest.raises(DataError, match="cut or damaged"), server_in_thread(snapshot=written):
        pass


def test_damage_and_other_files_are_noticed(written: Path) -> None:
    whole = written.read_bytes()
    place = whole.index("그랜저".encode())
    damaged = [
        whole[:place] + "소나타".encode() + whole[place + 9 :],
        whole + b"\x00",
        b"{}",
        b"\x05\x00\x00\x00\x00",
        whole.replace(b"snapshot/v1", b"snapshot/v9"),
    ]
    for content in damaged:
        written.write_bytes(content)
        with pytest.raises(DataError, match="cut or damaged"):
            SnapshotFile(written).load_into(Store())


def test_no_file_is_an_empty_store(tmp_path: Path) -> None:
    data = Store()
    SnapshotFile(tmp_path / "absent").load_into(data)
    assert data.databases() == []


def test_a_failed_write_leaves_the_old_file(written: Path) -> None:
    before = written.read_bytes()
    file = SnapshotFile(written)

    class Unwritable(list[Any]):
        def __iter__(self) -> Any:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        file.write(Unwritable())
    assert written.read_bytes() == before
    assert [item.name for item in written.parent.iterdir()] == [written.name]
