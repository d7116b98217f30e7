"""Batches, and cursors that are read on, killed, forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import CursorNotFound, OperationFailure

from opsctl.lab.mongo_wire.cursors import IDLE_SECONDS, Cursor, Cursors
from opsctl.lab.mongo_wire.documents import store
from opsctl.lab.mongo_wire.errors import Code, CommandError

Fields = dict[str, Any]


@pytest.fixture
def many(cars: Collection[Fields]) -> Collection[Fields]:
    cars.insert_many([{"_id": number} for number in range(250)])
    return cars


def test_the_first_batch_has_101_documents_and_the_next_the_rest(many: Collection[Fields]) -> None:
    first = many.database.command({"find": many.name})["cursor"]
    assert len(first["firstBatch"]) == 101
    assert first["ns"] == many.full_name
    rest = many.database.command({"getMore": first["id"], "collection": many.name})["cursor"]
    assert len(rest["nextBatch"]) == 149
    assert rest["id"] == 0


def test_batch_sizes_are_kept(many: Collection[Fields]) -> None:
    empty = many.database.command({"find": many.name, "batchSize": 0})["cursor"]
    assert empty["firstBatch"] == []
    assert empty["id"] != 0
    some = many.database.command({"getMore": empty["id"], "collection": many.name, "batchSize": 3})["cursor"]
    assert [document["_id"] for document in some["nextBatch"]] == [0, 1, 2]
    assert some["id"] == empty["id"]
    single = many.database.command({"find": many.name, "batchSize": 2, "singleBatch": True})["cursor"]
    assert (len(single["firstBatch"]), single["id"]) == (2, 0)
    limited = many.database.command({"find": many.name, "limit": 101})["cursor"]
    assert (len(limited["firstBatch"]), limited["id"]) == (101, 0)


def test_a_cursor_gives_the_documents_of_the_moment_of_the_query(many: Collection[Fields]) -> None:
    cursor = many.find(batch_size=10).sort("_id", 1)
    first = next(cursor)
    many.update_many({}, {"$set": {"changed": True}})
    many.delete_many({"_id": {"$gte": 100}})
    assert [first, *cursor] == [{"_id": number} for number in range(250)]


def test_a_killed_cursor_is_gone(many: Collection[Fields]) -> None:
    cursor = many.database.command({"find": many.name})["cursor"]
    answer = many.database.command({"killCursors": many.name, "cursors": [cursor["id"], 5]})
    assert (answer["cursorsKilled"], answer["cursorsNotFound"]) == ([cursor["id"]], [5])
    with pytest.raises(CursorNotFound) as caught:
        many.database.command({"getMore": cursor["id"], "collection": many.name})
    assert caught.value.code == 43


def test_a_cursor_belongs_to_its_collection(many: Collection[Fields]) -> None:
    cursor = many.database.command({"find": many.name})["cursor"]
    with pytest.raises(CursorNotFound):
        many.database.command({"getMore": cursor["id"], "collection": "other"})


def test_the_end_of_a_session_closes_its_cursors(mongo_uri: str, many: Collection[Fields]) -> None:
    with MongoClient[Fields](mongo_uri) as client, client.start_session() as session:
        found = client[many.database.name].command({"find": many.name}, session=session)
        client.admin.command({"endSessions": [session.session_id]})
        with pytest.raises(OperationFailure) as caught:
            client[many.database.name].command({"getMore": found["cursor"]["id"], "collection": many.name})
        assert caught.value.code == 43


def test_an_idle_cursor_is_closed_unless_it_never_expires() -> None:
    now = [0.0]
    cursors = Cursors(lambda: now[0])
    documents = [store({"_id": number}) for number in range(3)]

    def open_one(*, expires: bool = True) -> int:
        return int(cursors.open(Cursor("a.b", documents, expires=expires), batch_size=1)["cursor"]["id"])

    idle, eternal = open_one(), open_one(expires=False)
    now[0] = IDLE_SECONDS / 2
    used = open_one()
    now[0] = IDLE_SECONDS + 1
    open_one()
    with pytest.raises(CommandError) as caught:
        cursors.next_batch(idle, "a.b", batch_size=1)
    assert caught.value.code is Code.CursorNotFound
    for number in (eternal, used):
        assert len(cursors.next_batch(number, "a.b", batch_size=1)["cursor"]["nextBatch"]) == 1
