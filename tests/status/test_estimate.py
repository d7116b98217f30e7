"""The forecast on histories whose future is known."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.status.answers import Slice
from opsctl.status.estimate import _t90, build_blocks, fill_history, forecast, idle_seconds, mean_rate
from tests.status.values import NOW, ago, slices

any_slice = st.builds(
    Slice,
    at=st.just(NOW),
    seconds=st.floats(0.01, 20),
    images=st.integers(0, 100_000),
    documents=st.integers(0, 100),
)


def test_a_steady_run_is_forecast_closely() -> None:
    foreseen = forecast(slices([40.0] * 180), remaining=40 * 3600)
    assert foreseen is not None
    assert foreseen.images_per_second == pytest.approx(40)
    assert foreseen.p50_seconds == pytest.approx(3600)
    assert foreseen.p10_seconds > 3200
    assert foreseen.p90_seconds is not None
    assert foreseen.p90_seconds < 4000
    assert foreseen.track_record is not None
    assert foreseen.track_record.median_miss == pytest.approx(0, abs=1e-9)


def test_the_range_is_wider_when_the_rate_varies() -> None:
    dice = random.Random(7)
    calm = forecast(slices([40.0] * 180), 144_000)
    rough = forecast(slices([dice.choice([5.0, 75.0]) for _ in range(180)]), 144_000)
    assert calm is not None
    assert rough is not None
    assert rough.p90_seconds is None or rough.p90_seconds - rough.p10_seconds > 400
    assert rough.p10_seconds < calm.p10_seconds


def test_a_pause_between_two_starts_changes_nothing() -> None:
    """Slices hold running time: a night without a run lies between them, not in them."""
    history = slices([40.0] * 120)
    before_the_night = [replace(piece, at=piece.at - timedelta(hours=9)) for piece in history[:60]]
    assert forecast([*before_the_night, *history[60:]], 10_000) == forecast(history, 10_000)


def test_a_short_last_slice_of_an_earlier_start_does_not_count_as_a_slow_one() -> None:
    history = [*slices([40.0] * 60), Slice(NOW, 0.5, 20), *slices([40.0] * 60)]
    foreseen = forecast(history, 40 * 600)
    assert foreseen is not None
    assert foreseen.p50_seconds == pytest.approx(600, rel=0.01)


def test_a_stop_shows_in_the_forecast_and_as_idle_time() -> None:
    running = slices([40.0] * 90)
    stalled = slices([40.0] * 60 + [0.0] * 30)
    assert idle_seconds(running) == 0
    assert idle_seconds(stalled) == 300
    slower, before = forecast(stalled, 40_000), forecast(running, 40_000)
    assert slower is not None
    assert before is not None
    assert slower.p50_seconds > before.p50_seconds


@pytest.mark.parametrize(
    "history",
    [[], slices([40.0]), slices([40.0] * 3), slices([0.0] * 100)],
    ids=["nothing", "one slice", "three slices", "nothing finished"],
)
def test_too_little_to_tell(history: list[Slice]) -> None:
    assert forecast(history, 1000) is None


def test_a_short_run_gets_short_blocks() -> None:
    length, rates = build_blocks(slices([10.0] * 6))
    assert (length, rates) == (10.0, [10.0] * 6)
    length, rates = build_blocks(slices([10.0] * 720))
    assert (length, len(rates)) == (180.0, 40)


@given(st.lists(any_slice, max_size=300), st.integers(1, 10**9))
def test_the_range_is_in_order_and_never_negative(history: list[Slice], remaining: int) -> None:
    foreseen = forecast(history, remaining)
    if foreseen is None:
        return
    assert 0 < foreseen.p10_seconds <= foreseen.p50_seconds < math.inf
    assert foreseen.p90_seconds is None or foreseen.p50_seconds <= foreseen.p90_seconds < math.inf
    assert 0 < foreseen.low_rate <= foreseen.images_per_second
    assert foreseen.window_seconds > 0


@given(st.lists(any_slice, min_size=1, max_size=100), st.integers(1, 10**6))
def test_more_left_never_takes_less_time_at_the_same_window(history: list[Slice], remaining: int) -> None:
    less, more = forecast(history, remaining), forecast(history, remaining + 1)
    if less is None or more is None:
        assert less is more
    elif less.window_seconds == more.window_seconds:
        assert less.p50_seconds < more.p50_seconds


@given(st.lists(any_slice, max_size=200))
def test_blocks_keep_the_mean(history: list[Slice]) -> None:
    length, rates = build_blocks(history)
    assert 10.0 <= length <= 180.0
    assert len(rates) * length * 0.95 <= sum(piece.seconds for piece in history) + 1e-6
    fastest = max((piece.images / piece.seconds for piece in history), default=0.0)
    assert all(0 <= rate <= fastest * (1 + 1e-9) for rate in rates)


def wandering(dice: random.Random) -> Iterator[float]:
    """About 40 a second; the level wanders with a memory of eight minutes."""
    level = 0.0
    while True:
        level = level * math.exp(-10 / 480) + dice.gauss(0, 0.3) * math.sqrt(1 - math.exp(-20 / 480))
        yield max(0.0, dice.gauss(40 * math.exp(level), 4))


def in_regimes(dice: random.Random) -> Iterator[float]:
    """Throttled now and then, for a quarter of an hour on average."""
    rate = 40.0
    while True:
        if dice.random() < 10 / 900:
            rate = dice.choice([10.0, 25.0, 40.0])
        yield max(0.0, dice.gauss(rate, 4))


def steady(dice: random.Random) -> Iterator[float]:
    while True:
        yield max(0.0, dice.gauss(40, 8))


@pytest.mark.parametrize(
    ("rates", "least", "typical_miss"), [(steady, 0.9, 0.1), (wandering, 0.7, 0.3), (in_regimes, 0.6, 0.5)]
)
def test_the_truth_lies_in_the_range_often_enough(
    rates: Callable[[random.Random], Iterator[float]], least: float, typical_miss: float
) -> None:
    """40 simulated runs (seeded), each judged at a third and at two thirds of its two and a half hours."""
    inside, misses = 0, []
    for seed in range(40):
        history = slices(list(islice(rates(random.Random(seed)), 900)))
        for now in (300, 600):
            remaining = sum(piece.images for piece in history[now:])
            foreseen = forecast(history[:now], remaining)
            assert foreseen is not None
            truth = (len(history) - now) * 10.0
            inside += foreseen.p10_seconds <= truth <= (foreseen.p90_seconds or math.inf)
            misses.append(abs(math.log(foreseen.p50_seconds / truth)))
    assert inside / 80 >= least
    assert sorted(misses)[40] <= typical_miss


def test_holes_in_traces_are_filled_and_long_ones_left_out() -> None:
    moments = [Slice(ago(1000), 10, 4, 1), Slice(ago(975), 10, 6, 1), Slice(ago(60), 10, 8, 1)]
    filled = fill_history(moments, NOW)
    assert sum(piece.images for piece in filled) == 18
    # 25 s to the second, the pause of 905 s behind it left out, 60 s from the third until now
    assert sum(piece.seconds for piece in filled) == pytest.approx(25 + 10 + 60)
    assert idle_seconds(filled) == pytest.approx(50)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=50, unique=True))
def test_filled_histories_are_in_order_without_holes(numbers: list[int]) -> None:
    moments = [Slice(ago(60_000 - number * 10), 10, 1, 1) for number in sorted(numbers)]
    filled = fill_history(moments, NOW)
    assert [piece.at for piece in filled] == sorted(piece.at for piece in filled)
    assert sum(piece.images for piece in filled) == len(numbers)
    assert all(0 < piece.seconds <= 10 for piece in filled)


def test_the_mean_is_that_of_the_newest_slices() -> None:
    history = slices([10.0] * 30 + [40.0] * 30)
    assert mean_rate(history, 300) == pytest.approx((40.0, 10.0, 300.0))
    assert mean_rate(history) == pytest.approx((25.0, 6.0, 600.0), rel=0.05)
    assert mean_rate([]) is None


def test_the_quantile_meets_its_table_and_falls_with_the_degrees() -> None:
    assert (_t90(1), _t90(4), _t90(10)) == pytest.approx((3.078, 1.533, 1.372))
    assert _t90(20) == pytest.approx(1.325, abs=0.002)
    assert _t90(1e9) == pytest.approx(1.2816, abs=1e-3)
    values = [_t90(1 + step / 10) for step in range(500)]
    assert values == sorted(values, reverse=True)
