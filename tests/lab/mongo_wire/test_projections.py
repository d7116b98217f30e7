"""Which fields come back."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

Fields = dict[str, Any]

CAR: Fields = {
    "_id": 1,
    "name": "그랜저",
    "maker": {"name": "현대", "land": "KR"},
    "images": [{"url": "a", "color": "w"}, {"url": "b"}, "c", [{"url": "d", "x": 1}]],
    "numbers": [1, 2, 3, 4],
}


@pytest.mark.parametrize(
    ("projection", "expected"),
    [
        ({}, CAR),
        ({"name": 1}, {"_id": 1, "name": "그랜저"}),
        ({"name": True, "_id": False}, {"name": "그랜저"}),
        ({"_id": 1}, {"_id": 1}),
        ({"_id": 0}, {name: value for name, value in CAR.items() if name != "_id"}),
        ({"maker.name": 1, "absent.x": 1}, {"_id": 1, "maker": {"name": "현대"}}),
        ({"maker": {"name": 1}}, {"_id": 1, "maker": {"name": "현대"}}),
        ({"name.x": 1}, {"_id": 1}),
        ({"images.url": 1, "_id": 0}, {"images": [{"url": "a"}, {"url": "b"}, [{"url": "d"}]]}),
        (
            {"images.url": 0, "numbers": 0, "maker.land": 0, "name": 0},
            {
                "_id": 1,
                "maker": {"name": "현대"},
                "images": [{"color": "w"}, {}, "c", [{"x": 1}]],
            },
        ),
        ({"numbers": {"$slice": 2}, "images": 0, "maker": 0, "name": 0}, {"_id": 1, "numbers": [1, 2]}),
        ({"numbers": {"$slice": -1}, "name": 1}, {"_id": 1, "name": "그랜저", "numbers": [4]}),
        ({"numbers": {"$slice": [1, 2]}, "name": 1}, {"_id": 1, "name": "그랜저", "numbers": [2, 3]}),
        ({"numbers": {"$slice": [-3, 2]}, "name": 1}, {"_id": 1, "name": "그랜저", "numbers": [2, 3]}),
        ({"numbers": {"$elemMatch": {"$gt": 2}}}, {"_id": 1, "numbers": [3]}),
        ({"images": {"$elemMatch": {"url": "b"}}}, {"_id": 1, "images": [{"url": "b"}]}),
        ({"images": {"$elemMatch": {"url": "z"}}}, {"_id": 1}),
    ],
    ids=repr,
)
def test_projection(cars: Collection[Fields], projection: Fields, expected: Fields) -> None:
    cars.insert_one(dict(CAR))
    [found] = cars.database.command({"find": cars.name, "projection": projection})["cursor"]["firstBatch"]
    assert found == expected
    # The order is that of the document, whatever that of the projection.
    assert list(found) == [name for name in CAR if name in expected]


@pytest.mark.parametrize(
    ("projection", "code"),
    [
        ({"a": 1, "b": 0}, 31254),
        ({"a": 0, "b": 1}, 31253),
        ({"a": 1, "a.b": 1}, 31249),
        ({"a.b": 1, "a": 1}, 31249),
        ({"a.$": 1}, 115),
        ({"a": "$b"}, 115),
        ({"a": {"$add": [1, 2]}}, 115),
        ({"a": {"$slice": "x"}}, 2),
        ({"a": {"$slice": [1, -1]}}, 2),
    ],
    ids=repr,
)
def test_a_wrong_projection_is_refused(cars: Collection[Fields], projection: Fields, code: int) -> None:
    with pytest.raises(OperationFailure) as caught:
        cars.database.command({"find": cars.name, "projection": projection})
    assert caught.value.code == code
