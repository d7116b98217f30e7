"""Any command, however odd, gets an answer of the protocol; none is a fault of the server's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsctl.lab.mongo_wire.commands.dispatch import run_command
from opsctl.lab.mongo_wire.commands.request import Connection, Deployment
from opsctl.lab.mongo_wire.cursors import Cursors
from opsctl.lab.mongo_wire.documents import decode_document, encode_document
from opsctl.lab.mongo_wire.errors import Code
from opsctl.lab.mongo_wire.store import Store
from tests.lab.mongo_wire.bson_values import NAMES, SCALARS, VALUES

Fields = dict[str, Any]


def words(text: str) -> list[str]:
    return text.split()


NOW = datetime(2025, 5, 1, tzinfo=UTC).replace(tzinfo=None)
FIELDS = st.sampled_from(["a", "b", "a.b", "a.0", "_id", "", "$a", "a.", "a.$", "a.$[]", "a.$[x]"]) | NAMES
QUERY_OPERATORS = st.sampled_from(
    words(
        """$eq $ne $gt $gte $lt $lte $in $nin $exists $not $all $elemMatch $size $type $mod $regex $options $and
        $or $nor $expr $comment $where $slice $each $x"""
    )
)
UPDATE_OPERATORS = st.sampled_from(
    words(
        """$set $setOnInsert $unset $inc $mul $min $max $rename $currentDate $push $addToSet $pull $pullAll $pop
        $bit"""
    )
)
MODIFIERS = st.dictionaries(st.sampled_from(["$each", "$slice", "$sort", "$position", "$type"]), VALUES, max_size=4)
CONDITIONS = st.recursive(
    VALUES | st.dictionaries(QUERY_OPERATORS, VALUES, min_size=1, max_size=2),
    lambda inner: (
        st.dictionaries(FIELDS | QUERY_OPERATORS, inner, min_size=1, max_size=2)
        | st.lists(inner, min_size=1, max_size=2)
    ),
    max_leaves=6,
)
QUERIES = st.dictionaries(FIELDS | st.sampled_from(["$and", "$or", "$nor"]), CONDITIONS, max_size=2)
UPDATES = (
    st.dictionaries(
        UPDATE_OPERATORS, st.dictionaries(FIELDS, CONDITIONS | MODIFIERS, max_size=2) | SCALARS, min_size=1, max_size=3
    )
    | st.dictionaries(FIELDS, VALUES, max_size=3)
    | VALUES
)
DOCUMENTS = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2), max_size=4)


@pytest.fixture
def deployment() -> Deployment:
    return new_deployment()


def new_deployment() -> Deployment:
    return Deployment(Store(), Cursors(lambda: 0.0), lambda: NOW)


def ask(deployment: Deployment, command: Fields) -> Fields:
    """Run a command as if it had come over the wire, and read its answer as a client does."""
    sent = decode_document(encode_document({**command, "$db": "test"}))
    answer = decode_document(encode_document(run_command(sent, deployment, Connection(1, "127.0.0.1:1"))))
    errors = [answer, *answer.get("writeErrors", [])]
    faults = [error for error in errors if error.get("code") == Code.InternalError]
    assert not faults, (command, faults)
    assert answer["ok"] == 1.0 or answer["codeName"]
    return answer


def filled(documents: list[Fields]) -> Deployment:
    deployment = new_deployment()
    numbered = [{"_id": number, **document} for number, document in enumerate(documents)]
    if numbered:
        assert ask(deployment, {"insert": "c", "documents": numbered})["n"] == len(numbered)
    return deployment


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, QUERIES)
def test_any_query_is_answered(documents: list[Fields], query: Fields) -> None:
    deployment = filled(documents)
    found = ask(deployment, {"find": "c", "filter": query})
    counted = ask(deployment, {"count": "c", "query": query})
    piped = ask(deployment, {"aggregate": "c", "pipeline": [{"$match": query}], "cursor": {}})
    assert found["ok"] == counted["ok"] == piped["ok"]
    if found["ok"]:
        assert counted["n"] == len(found["cursor"]["firstBatch"]) == len(piped["cursor"]["firstBatch"])
        rest = ask(deployment, {"find": "c", "filter": {"$nor": [query]}}) if query else None
        assert rest is None or counted["n"] + len(rest["cursor"]["firstBatch"]) == len(documents)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, UPDATES, st.booleans(), st.booleans())
def test_any_update_is_answered_and_a_refused_one_changes_nothing(
    documents: list[Fields], update: Any, multi: bool, upsert: bool
) -> None:
    deployment = filled(documents)
    before = ask(deployment, {"find": "c"})["cursor"]["firstBatch"]
    statement = {"q": {"a": {"$exists": True}}, "u": update, "multi": multi, "upsert": upsert}
    answer = ask(deployment, {"update": "c", "updates": [statement]})
    after = ask(deployment, {"find": "c"})["cursor"]["firstBatch"]
    assert len(after) == len(before) + len(answer.get("upserted", []))
    if not multi and (not answer["ok"] or "writeErrors" in answer or not (answer["nModified"] or answer["n"])):
        assert list(map(encode_document, after)) == list(map(encode_document, before))
    ids = [document["_id"] for document in after]
    assert [document["_id"] for document in before] == ids[: len(before)]


@settings(max_examples=100, deadline=None)
@example([{}], {"a": {"$eq": []}})
@given(DOCUMENTS, st.dictionaries(FIELDS, CONDITIONS | st.booleans() | st.integers(0, 1), max_size=3))
def test_any_projection_and_any_sort_is_answered(documents: list[Fields], spec: Fields) -> None:
    deployment = filled(documents)
    ask(deployment, {"find": "c", "projection": spec})
    ask(deployment, {"find": "c", "sort": spec})
    ask(deployment, {"findAndModify": "c", "query": {}, "update": {"$set": {"b": 1}}, "fields": spec, "sort": spec})
    for stage in ("$project", "$group", "$sort", "$addFields", "$unset", "$unwind", "$limit", "$sample", "$bucket"):
        ask(deployment, {"aggregate": "c", "pipeline": [{stage: spec}], "cursor": {}})


COMMANDS = st.sampled_from(
    words(
        """hello isMaster ping buildInfo saslStart saslContinue logout whatsmyuri connectionStatus getParameter
        serverStatus endSessions find getMore killCursors count distinct aggregate insert update delete
        findAndModify create drop dropDatabase createIndexes dropIndexes listCollections listDatabases
        listIndexes collStats dbStats"""
    )
)
OPTIONS = st.sampled_from(
    words(
        """filter sort projection skip limit batchSize singleBatch collection cursors query key pipeline cursor
        documents updates deletes ordered remove update new fields upsert indexes index payload mechanism
        conversationId options nameOnly speculativeAuthenticate lsid"""
    )
)


@settings(max_examples=150, deadline=None)
@given(COMMANDS, VALUES | st.just("c"), st.dictionaries(OPTIONS, CONDITIONS | DOCUMENTS, max_size=4))
@example("killCursors", "c", {"cursors": ["x", None, float("nan")]})
@example("find", "c", {"limit": float("nan")})
@example("aggregate", "c", {"pipeline": [], "cursor": {"batchSize": "x"}})
@example("saslStart", 1, {"payload": 5})
def test_any_command_is_answered(name: str, value: Any, options: Fields) -> None:
    ask(filled([{"a": 1}, {"a": [1, "x"]}]), {name: value, **options})


def test_a_fault_of_the_server_is_an_answer_too(deployment: Deployment) -> None:
    def broken_clock() -> datetime:
        raise RuntimeError("the clock stands still")

    deployment.clock = broken_clock
    answer = run_command({"hello": 1, "$db": "admin"}, deployment, Connection(1, ""))
    assert (answer["ok"], answer["code"], answer["codeName"]) == (0.0, 1, "InternalError")
    assert "the clock stands still" in answer["errmsg"]


def test_an_empty_command_is_refused(deployment: Deployment) -> None:
    assert run_command({}, deployment, Connection(1, ""))["code"] == Code.CommandNotFound
