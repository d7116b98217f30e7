"""YAML documents with comments."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.yaml_documents import dump_documents

texts = st.text(max_size=12)
bodies = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


@given(bodies, texts)
def test_what_is_written_is_read_again_comments_or_not(body: dict[str, Any], comment: str) -> None:
    written = dump_documents([(body, {(): [comment], (next(iter(body)),): [comment]}), (body, {})])
    assert list(yaml.safe_load_all(written)) == [body, body]


def test_comments_stand_above_their_place_and_as_far_in() -> None:
    body = {"spec": {"rules": [{"action": "Ignore"}, {"action": "FailIndex"}], "name": "x"}}
    comments = {("spec", "rules", 1): ["the second"], ("spec", "name"): ["two", "lines"], (): ["all"]}
    assert dump_documents([(body, comments)]) == (
        "# all\nspec:\n  rules:\n  - action: Ignore\n  # the second\n  - action: FailIndex\n"
        "  # two\n  # lines\n  name: x\n"
    )


def test_a_long_comment_is_folded_and_one_without_a_place_goes_to_the_nearest() -> None:
    written = dump_documents([({"spec": {}}, {("spec", "missing"): ["word " * 60]})])
    lines = written.splitlines()
    assert lines[-1] == "spec: {}"
    assert len(lines) == 4
    assert all(line.startswith("# word") and len(line) <= 102 for line in lines[:-1])


@pytest.mark.parametrize(
    "text", ["1e3", "0o17", "0x1F", "1_000", "yes", "Off", "~", "", "12:30", ".5", "-1", "NaN", "1.0"]
)
def test_text_that_looks_like_a_number_is_quoted(text: str) -> None:
    written = dump_documents([({"value": text}, {})])
    assert written == f'value: "{text}"\n' or text == "NaN"
    assert yaml.safe_load(written) == {"value": text}


def test_what_stands_in_two_places_is_written_twice() -> None:
    labels = {"app": "x"}
    assert "&" not in dump_documents([({"a": labels, "b": labels}, {})])
