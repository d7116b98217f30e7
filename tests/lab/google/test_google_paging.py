"""Pages of the local Google: whatever the sizes, they make up the list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from opsctl.lab.google.answers import ApiError
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.paging import cut_page, listing
from opsctl.lab.google.surface import Ask
from opsctl.lab.google.world import World

CLOUD = Cloud(World())


def ask(path: str = "/v2/list", fault: Fault | None = None, **query: str) -> Ask:
    return Ask("run.googleapis.com", CLOUD, "GET", "run.test", path, {}, MultiDict(query), {}, fault)


@given(st.integers(0, 40), st.integers(0, 12), st.integers(1, 10), st.booleans())
def test_pages_make_up_the_list(count: int, wanted: int, largest: int, with_empty_pages: bool) -> None:
    items = [{"number": number} for number in range(count)]
    found: list[dict[str, object]] = []
    token, turns = "", 0
    while True:
        turns += 1
        fault = Fault(Action.EMPTY_PAGE) if with_empty_pages and turns % 2 else None
        question = ask(fault=fault, pageSize=str(wanted), pageToken=token)
        page, token = cut_page(items, question, size=5, largest=largest)
        assert len(page) <= min(wanted or 5, largest)
        found += page
        if not token:
            break
    assert found == items


@given(st.text(min_size=1, max_size=40))
def test_token_that_was_not_given_out_is_refused(token: str) -> None:
    with pytest.raises(ApiError) as refused:
        cut_page([{}], ask(pageToken=token))
    assert refused.value.status == 400


def test_token_of_another_list_is_refused() -> None:
    _, token = cut_page([{}, {}], ask(pageSize="1"))
    with pytest.raises(ApiError):
        cut_page([{}, {}], ask(path="/v2/other", pageToken=token))


def test_size_must_be_a_number() -> None:
    with pytest.raises(ApiError):
        cut_page([{}], ask(pageSize="many"))


def test_empty_fields_are_left_out() -> None:
    assert listing("jobs", ([], "")) == {}
    assert listing("jobs", ([{}], "next")) == {"jobs": [{}], "nextPageToken": "next"}
