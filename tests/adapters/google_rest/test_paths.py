"""Names from outside stay one segment of the path that they are put in."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opsctl.adapters.google_rest.paths import fill_path
from opsctl.errors import DataError


def test_a_slash_and_a_colon_inside_of_a_name_are_encoded() -> None:
    assert (
        fill_path("/v1/{}/x/{}:get", "example.com:p", "a/b@sha256:0") == "/v1/example.com%3Ap/x/a%2Fb%40sha256%3A0:get"
    )


@pytest.mark.parametrize("segment", ["", ".", "..", "\ud800"])
def test_what_would_change_the_path_is_refused(segment: str) -> None:
    with pytest.raises(DataError):
        fill_path("/v1/projects/{}/secrets/s", segment)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_path_has_the_segments_of_its_template(first: str, second: str) -> None:
    assume({first, second}.isdisjoint({"", ".", ".."}))
    parts = fill_path("/v1/a/{}/b/{}", first, second).split("/")
    assert parts[:3] == ["", "v1", "a"]
    assert [unquote(parts[3]), parts[4], unquote(parts[5])] == [first, "b", second]
    assert len(parts) == 6
    assert not set("?#:;% \r\n").intersection(parts[3].replace("%", ""))
