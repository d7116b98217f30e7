"""Masking plain secrets in objects of the API."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.kubernetes.manifest.secrets import mask_and_tell, mask_secrets

CANARY = "hunter2"
texts = st.sampled_from(["a", "b", CANARY, f"x{CANARY}y"])
keys = st.sampled_from(["value", "args", "command", "key", "url"])
values = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def is_secret(name: str, value: str) -> bool:
    return CANARY in value or name == "PASSWORD"


@given(values)
def test_no_secret_is_left_and_every_place_is_told(value: Any) -> None:
    masked, places = mask_and_tell(value, is_secret)
    assert CANARY not in json.dumps(masked)
    assert len(places) == len([text for text in walk(value) if CANARY in text])
    assert all(at(masked, place) == "***" for place in places)
    if not places:
        assert masked == value


def test_a_variable_is_known_by_its_name_and_an_image_is_none() -> None:
    container = {"image": f"{CANARY}/x", "env": [{"name": "PASSWORD", "value": "short"}, {"name": "A", "value": "b"}]}
    assert mask_secrets(container, is_secret) == {
        "image": f"{CANARY}/x",
        "env": [{"name": "PASSWORD", "value": "***"}, {"name": "A", "value": "b"}],
    }


def test_an_argument_is_known_by_the_flag_before_it() -> None:
    def is_named(name: str, value: str) -> bool:
        return name == "--password"

    init = {"args": ["--password", "short", "more", "--password", "--debug", "--password"], "name": "--password"}
    masked, places = mask_and_tell([init], is_named)
    assert masked == [{**init, "args": ["--password", "***", "more", "--password", "--debug", "--password"]}]
    assert places == ((0, "args", 1),)


def walk(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in walk(item)]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value
