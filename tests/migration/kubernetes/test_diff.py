"""What applying a document would change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.kubernetes.diff import Change, compare

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "a", "b"]), inner, max_size=3),
    max_leaves=10,
)
documents = st.dictionaries(st.text(max_size=4), values, max_size=4)


@given(documents)
def test_nothing_differs_from_itself(document: dict[str, Any]) -> None:
    assert compare(document, document) == ()


@given(documents, documents)
def test_what_the_server_adds_is_no_difference(document: dict[str, Any], added: dict[str, Any]) -> None:
    assert compare(document, {**added, **document}) == ()


@pytest.mark.parametrize(
    ("wanted", "live", "changes"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, [Change(("a", "b"), 2, 1)]),
        ({"a": 1}, {}, [Change(("a",), None, 1)]),
        ({"a": []}, {}, []),
        ({"a": True}, {"a": 1}, [Change(("a",), 1, True)]),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}, [("value", "2", "1")]),
        ({"l": [1]}, {"l": [1, 2]}, [Change(("l",), [1, 2], [1])]),
        (
            {"rules": [{"verbs": ["get"]}, {"verbs": ["list"]}]},
            {"rules": [{"verbs": ["get"]}]},
            [Change(("rules", 1), None, {"verbs": ["list"]})],
        ),
        (
            {"rules": [{"verbs": ["get"]}]},
            {"rules": [{"verbs": ["list"]}, {"verbs": ["get"]}]},
            [Change(("rules", 0), {"verbs": ["list"]}, None)],
        ),
        ({"rules": []}, {"rules": [{"verbs": ["list"]}]}, [Change(("rules", 0), {"verbs": ["list"]}, None)]),
        (
            {"rules": [{"verbs": ["get"]}, {"verbs": ["get"]}]},
            {"rules": [{"verbs": ["get"]}]},
            [Change(("rules",), [{"verbs": ["get"]}], [{"verbs": ["get"]}, {"verbs": ["get"]}])],
        ),
        ({"l": [{"name": "A"}]}, {"l": [{"name": "B"}, {"name": "A"}]}, [Change(("l", "B"), {"name": "B"}, None)]),
        ({"resources": {"cpu": "1000m"}}, {"resources": {"cpu": "1"}}, []),
        ({"resources": {"memory": "1Gi"}}, {"resources": {"memory": "1G"}}, [("memory", "1G", "1Gi")]),
    ],
)
def test_differences(wanted: dict[str, Any], live: dict[str, Any], changes: list[Any]) -> None:
    found = compare(wanted, live)
    assert [
        change if isinstance(expected, Change) else (change.path[-1], change.before, change.after)
        for change, expected in zip(found, changes, strict=True)
    ] == changes
