"""Values that go in and come back, byte for byte."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from bson import Int64, encode
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection

from opsctl.lab.mongo_wire.documents import decode_document, encode_document
from opsctl.lab.mongo_wire.errors import Code, CommandError
from tests.lab.mongo_wire.bson_values import NAMES, VALUES

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(NAMES.filter(lambda name: name != "_id"), VALUES, max_size=6))
@example({"reference": {"x": 1, "$ref": "cars", "$id": 5, "y": 2}})
@example({"wide": Int64(1), "narrow": 1, "double": 1.0})
@example({"nan": float("nan"), "minus": -0.0})
def test_documents_come_back_byte_for_byte(mongo_uri: str, fields: dict[str, Any]) -> None:
    sent = encode({"_id": "same", **fields})
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        collection = client["values"][uuid.uuid4().hex].with_options(RAW)
        collection.insert_one(RawBSONDocument(sent))
        found = collection.find_one({"_id": "same"})
        assert found is not None
        assert found.raw == sent
        # Through the update path every value is decoded and encoded once more.
        collection.update_one({"_id": "same"}, {"$set": {"\uffff-last": 1}})
        collection.update_one({"_id": "same"}, {"$unset": {"\uffff-last": 1}})
        found = collection.find_one({"_id": "same"})
        assert found is not None
        assert found.raw == sent
        collection.drop()


def test_what_is_no_bson_is_refused() -> None:
    whole = encode_document({"a": "text"})
    for broken in (whole[:-3], b"", b"\x05\x00\x00\x00", whole[:4] + b"\x7e" + whole[5:]):
        with pytest.raises(CommandError) as caught:
            decode_document(broken)
        assert caught.value.code is Code.InvalidBSON


def test_an_id_moves_to_the_front(cars: Collection[dict[str, Any]]) -> None:
    cars.database.command({"insert": cars.name, "documents": [{"b": 1, "_id": 7, "a": 2}, {"x": 1}]})
    first, second = cars.find().sort("x", 1)
    assert list(first) == ["_id", "b", "a"]
    assert list(second) == ["_id", "x"]
