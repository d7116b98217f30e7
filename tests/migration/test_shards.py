"""Cutting a collection: every document in one range, ranges of equal work, bounded memory."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.errors import UsageError
from opsctl.migration.models import BEFORE_ALL, IdRange, PageToken, PlanTotals, RunState
from opsctl.migration.run_record import Lease, Shard
from opsctl.migration.shards import BLOCKS_PER_SHARD, MOST_SHARDS, Cutter, ShardChoice, ShardPlan, settle

WHEN = datetime(2025, 12, 23, tzinfo=UTC)


def cut(count: int, images: list[int], ids: list[object] | None = None) -> tuple[ShardPlan, ...]:
    cutter = Cutter(count)
    for place, number in enumerate(images):
        token: PageToken = (0, place if ids is None else ids[place])
        cutter.add(token, PlanTotals(documents=1, images=number))
    return cutter.cut()


def members(within: IdRange, total: int) -> list[int]:
    """Which of the documents 0, 1, ... lie in a range."""
    if within.upto == BEFORE_ALL:
        return []
    first = 0 if within.after in (None, BEFORE_ALL) else int(str(within.after[1])) + 1
    last = total - 1 if within.upto is None else int(str(within.upto[1]))
    return list(range(first, last + 1))


@given(count=st.integers(1, 40), images=st.lists(st.integers(0, 60), max_size=400))
def test_every_document_is_in_one_range_and_counted_there(count: int, images: list[int]) -> None:
    plans = cut(count, images)
    assert len(plans) == count
    parts = [members(plan.within, len(images)) for plan in plans]
    assert [document for part in parts for document in part] == list(range(len(images)))
    for plan, part in zip(plans, parts, strict=True):
        assert plan.totals == PlanTotals(documents=len(part), images=sum(images[n] for n in part))
    # The ends are open and the ranges meet: what is inserted later belongs to one of them too.
    assert (plans[0].within.after, plans[-1].within.upto) == (None, None)
    assert all(a.within.upto == b.within.after for a, b in pairwise(plans))


@given(
    count=st.integers(1, 8),
    images=st.lists(st.integers(0, 40), min_size=1, max_size=400),
    repeated=st.integers(1, 12),
)
def test_the_work_is_shared_evenly(count: int, images: list[int], repeated: int) -> None:
    images = images * repeated
    weights = [1 + 100 * number for number in images]
    shares = [sum(weights[n] for n in members(plan.within, len(images))) for plan in cut(count, images)]
    fair = sum(weights) / count
    assert max(shares) <= fair * (1 + 2 / 16) + 2 * max(weights)


def test_memory_is_bounded_by_the_number_of_shards() -> None:
    cutter = Cutter(4)
    for number in range(20_000):
        cutter.add((0, number), PlanTotals(documents=1, images=number % 7))
        assert len(cutter._blocks) <= BLOCKS_PER_SHARD * 4
    sizes = [plan.totals.images for plan in cutter.cut()]
    assert sum(sizes) == sum(number % 7 for number in range(20_000))
    assert max(sizes) < 1.07 * sum(sizes) / 4


def test_what_is_done_already_does_not_weigh() -> None:
    cutter = Cutter(2)
    for number in range(100):
        done = 10 if number < 80 else 0
        cutter.add((0, number), PlanTotals(1, int(done > 0), 10, done))
    first, second = cutter.cut()
    assert (first.totals.documents, second.totals.documents) == (90, 10)


def test_no_cut_lies_behind_null() -> None:
    plans = cut(3, [1, 1], ids=["a", None])
    assert {plan.within.upto for plan in plans} <= {None, BEFORE_ALL, (0, "a")}
    assert sum(plan.totals.documents for plan in plans) == 2
    [*front, last] = cut(3, [5], ids=[None])
    assert {plan.within.upto for plan in front} == {BEFORE_ALL}
    assert last.within == IdRange(BEFORE_ALL, None)


def test_an_empty_collection_belongs_to_the_last() -> None:
    assert [plan.within for plan in cut(3, [])] == [
        IdRange(None, BEFORE_ALL),
        IdRange(BEFORE_ALL, BEFORE_ALL),
        IdRange(BEFORE_ALL, None),
    ]


@pytest.mark.parametrize(("index", "count"), [(0, 0), (-1, 4), (4, 4), (5, 4), (0, MOST_SHARDS + 1)])
def test_a_shard_that_cannot_be(index: int, count: int) -> None:
    with pytest.raises(UsageError):
        ShardChoice(index, count)


RUNNING, STOPPED, PLANNED = RunState.RUNNING, RunState.STOPPED, RunState.PLANNED
COMPLETE, FAILED = RunState.COMPLETE, RunState.COMPLETE_WITH_FAILURES


@pytest.mark.parametrize(
    ("states", "owners", "expected"),
    [
        ((), (), None),
        ((COMPLETE, COMPLETE), (None, None), (COMPLETE, None)),
        ((COMPLETE, FAILED), (None, None), (FAILED, None)),
        ((COMPLETE, RUNNING), (None, "a"), None),
        ((STOPPED, RUNNING), (None, "a"), None),
        ((STOPPED, COMPLETE), (None, None), (STOPPED, "why 0")),
        ((COMPLETE, PLANNED), (None, None), None),
        ((PLANNED, RunState.FAILED), (None, None), (STOPPED, "why 1")),
    ],
)
def test_what_a_run_is(
    states: tuple[RunState, ...], owners: tuple[str | None, ...], expected: tuple[RunState, str | None] | None
) -> None:
    shards = [
        Shard(IdRange(), Lease(owner, 1, 0, None), PlanTotals(), WHEN, state, f"why {number}")
        for number, (state, owner) in enumerate(zip(states, owners, strict=True))
    ]
    assert settle(shards) == expected
