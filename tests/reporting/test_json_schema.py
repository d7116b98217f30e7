"""Schemas describe the documents that are really written."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest

from opsctl.reporting.envelope import build_envelope
from opsctl.reporting.json_schema import envelope_schema


class State(StrEnum):
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a tree."""

    node_name: str
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Everything:
    taken_at: datetime
    day: date
    took: timedelta
    state: State
    kind: Literal["exact", "sample"]
    ratio: float
    count: int | None
    is_there: bool
    pair: tuple[int, str]
    names: list[str]
    by_class: dict[str, int]
    root: Node
    place: Path | None
    anything: Any
    tags: frozenset[str] = field(default=frozenset())


def example(*, count: int | None = None, ratio: float = 0.5, place: Path | None = Path("/x")) -> Everything:
    return Everything(
        taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        day=date(2026, 1, 1),
        took=timedelta(seconds=1),
        state=State.DONE,
        kind="exact",
        ratio=ratio,
        count=count,
        is_there=True,
        pair=(1, "a"),
        names=["a"],
        by_class={"gone": 1},
        root=Node("a", (Node("b"),)),
        place=place,
        anything={"x": [1]},
    )


SCHEMA = envelope_schema("status", Everything)


def document(report: object | None) -> dict[str, Any]:
    return build_envelope(command="status", status="ok", exit_code=0, report=report)


@pytest.mark.parametrize("report", [example(), example(count=3, ratio=float("nan"), place=None), None])
def test_written_documents_match(report: object | None) -> None:
    assert problems(document(report), SCHEMA) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("takenAt", 3),
        ("state", "sleeping"),
        ("kind", "guess"),
        ("count", "3"),
        ("isThere", 1),
        ("pair", [1]),
        ("pair", ["a", 1]),
        ("names", "a"),
        ("byClass", {"gone": "1"}),
        ("root", {"nodeName": "a"}),
        ("root", {"nodeName": "a", "children": [{"nodeName": 1, "children": []}]}),
    ],
)
def test_other_documents_do_not(key: str, value: object) -> None:
    wrong = document(example())
    wrong["data"][key] = value
    assert problems(wrong, SCHEMA) != []


def test_a_missing_key_does_not_match_and_a_new_one_does() -> None:
    missing = document(example())
    del missing["data"]["count"]
    assert problems(missing, SCHEMA) != []
    assert problems({**document(example()), "more": 1}, SCHEMA) == []


def test_descriptions_come_from_the_docstrings() -> None:
    assert SCHEMA["$defs"]["Node"]["description"] == "A node of a tree."
    assert "description" not in SCHEMA["$defs"]["Everything"]


def test_a_type_that_no_report_may_hold() -> None:
    @dataclass
    class Wrong:
        value: bytes

    with pytest.raises(TypeError):
        envelope_schema("x", Wrong)


_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, path: str = "$") -> list[str]:
    """A validator for what the generator writes: enough of JSON Schema to hold both sides to each other."""
    root = root or schema
    if "$ref" in schema:
        return problems(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, path)
    found: list[str] = []
    if "anyOf" in schema and all(problems(value, option, root, path) for option in schema["anyOf"]):
        found.append(f"{path}: nothing of anyOf")
    if "const" in schema and value != schema["const"]:
        found.append(f"{path}: not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: not in {schema['enum']}")
    if "type" in schema and not _has_type(value, schema["type"]):
        found.append(f"{path}: not {schema['type']}")
    return found + _problems_inside(value, schema, root, path)


def _problems_inside(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    found: list[str] = []
    inner: list[tuple[str, Any, Any]] = []
    if isinstance(value, dict):
        found += [f"{path}.{key}: missing" for key in schema.get("required", []) if key not in value]
        rest = schema.get("additionalProperties")
        inner = [(f"{path}.{key}", item, schema.get("properties", {}).get(key, rest)) for key, item in value.items()]
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{path}: {len(value)} items")
        prefix = schema.get("prefixItems", [])
        rest = schema.get("items")
        inner = [
            (f"{path}[{index}]", item, prefix[index] if index < len(prefix) else rest)
            for index, item in enumerate(value)
        ]
    for place, item, expected in inner:
        found += problems(item, expected, root, place) if expected else []
    return found


def _has_type(value: Any, names: str | list[str]) -> bool:
    names = [names] if isinstance(names, str) else names
    return any(isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names)
