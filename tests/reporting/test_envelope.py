"""Reports as JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.errors import NotFoundError
from opsctl.reporting.envelope import build_envelope, camel_case, dump_json, schema_name, to_jsonable


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Other(Enum):
    X = "x"


@dataclass(frozen=True, slots=True)
class Inner:
    size_bytes: int
    s3_url: str | None


@dataclass(frozen=True, slots=True)
class Report:
    taken_at: datetime
    inner_items: tuple[Inner, ...]
    colour: Colour
    counts_by_class: dict[str, int]


KST = timezone(timedelta(hours=9))


def test_a_report() -> None:
    report = Report(datetime(2026, 1, 12, 12, 4, 5, tzinfo=KST), (Inner(3, None),), Colour.RED, {"not_an_image": 2})
    assert to_jsonable(report) == {
        "takenAt": "2026-01-12T03:04:05+00:00",
        "innerItems": [{"sizeBytes": 3, "s3Url": None}],
        "colour": "red",
        "countsByClass": {"not_an_image": 2},
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        (0.5, 0.5),
        (float("nan"), None),
        (float("inf"), None),
        ("한글", "한글"),
        (Level.HIGH, 3),
        (Other.X, "x"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(minutes=1.5), 90.0),
        (PurePosixPath("/a/b"), "/a/b"),
        ([1, (2, 3)], [1, [2, 3]]),
        ({"b", "a"}, ["a", "b"]),
        (frozenset({2, 1}), [1, 2]),
        ({Colour.RED: 1, 2: 3}, {"red": 1, "2": 3}),
        (datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC), "2026-01-01T00:00:00.000001+00:00"),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    result = to_jsonable(value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), object(), b"bytes", Report, 1j])  # noqa: DTZ001 - a time without a zone is the case
def test_what_a_report_cannot_hold(value: object) -> None:
    with pytest.raises(TypeError):
        to_jsonable({"x": [value]})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_values_come_back_as_they_were(value: Any) -> None:
    assert json.loads(dump_json(to_jsonable(value))) == value


def test_every_text_is_cleaned() -> None:
    report = {"a key": Inner(1, "secret"), "list": ["secret"], "path": PurePosixPath("secret")}
    cleaned = json.dumps(to_jsonable(report, clean=lambda text: text.replace("secret", "***")))
    assert "secret" not in cleaned


def test_the_envelope_keeps_its_order_and_its_nulls() -> None:
    error = NotFoundError("No bucket x.")
    envelope = build_envelope(command="migrate.images", status="error", exit_code=7, report=None, errors=[error])
    assert dump_json(envelope, indent=None) == (
        '{"schema": "opsctl.migrate.images/v1", "command": "migrate.images", "status": "error", '
        '"exitCode": 7, "data": null, "errors": [{"code": "not-found", "message": "No bucket x.", "hint": null}]}\n'
    )


@pytest.mark.parametrize(
    ("command", "name"),
    [("status", "opsctl.status/v1"), ("migrate.images", "opsctl.migrate.images/v1"), ("opsctl", "opsctl/v1")],
)
def test_schema_name(command: str, name: str) -> None:
    assert schema_name(command) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", "a"), ("size_bytes", "sizeBytes"), ("s3_url", "s3Url"), ("p10", "p10"), ("as_of", "asOf")],
)
def test_camel_case(name: str, expected: str) -> None:
    assert camel_case(name) == expected
