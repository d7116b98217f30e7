"""When it will be done, with a range: from a history in slices of about ten seconds of running time.

The slices are put together to blocks of equal length. The rate is the mean of the last blocks, over a window half as
long as the time that lies ahead (batch means, with a correction for blocks that follow each other's rate). The range
holds three things: how well that mean is known, how much the rate will vary, and how far forecasts from earlier moments
of the same history were off. What is left is known, so an interval of the rate turns into one of the time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, median, pstdev

from opsctl.status.answers import Slice
from opsctl.status.models import TrackRecord

BLOCK_SECONDS = 180.0
SHORTEST_BLOCK_SECONDS = 10.0
MIN_BLOCKS = 4
BLOCKS_AIMED_AT = 8
SHORTEST_WINDOW = 8
MODEL_ERROR = 0.05
IDLE_SECONDS = 300.0
"""In traces that nobody kept time for, a longer pause counts as not running."""

_LARGEST_DEVIATION = 0.9
_SLICE_SECONDS = 10.0
# Quantile 0.90 of Student's t distribution, by degrees of freedom.
_T90 = (
    *((1, 3.078), (2, 1.886), (3, 1.638), (4, 1.533), (5, 1.476), (6, 1.440)),
    *((8, 1.397), (10, 1.372), (15, 1.341), (30, 1.310)),
)
_T90_LIMIT = 1.2816


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds of running time until nothing is left: with a chance of 8 in 10 between `p10_seconds` and `p90_seconds`.

    `p90_seconds` None: the history says too little for an upper end. `low_rate` is undercut 1 time in 10.
    """

    images_per_second: float
    low_rate: float
    window_seconds: float
    p10_seconds: float
    p50_seconds: float
    p90_seconds: float | None
    track_record: TrackRecord | None


def forecast(slices: Sequence[Slice], remaining: int) -> Forecast | None:
    """The forecast for `remaining` images; None while the history is too short, or nothing was finished in it."""
    length, rates = build_blocks(slices)
    if len(rates) < MIN_BLOCKS:
        return None
    recent = fmean(rates[-SHORTEST_WINDOW:]) or fmean(rates)
    if recent <= 0:
        return None
    horizon = max(remaining / recent / length, 1e-9)
    window = _fit_window(horizon, len(rates))
    rate = fmean(rates[-window:])
    if rate <= 0:
        return None
    misses = _score_past(rates, horizon)
    spread = _measure_spread(rates[-window:], horizon, [weight * miss for weight, miss in misses])
    deviation = spread[0] * _t90(spread[1])
    seconds = remaining / rate
    return Forecast(
        images_per_second=rate,
        low_rate=rate * max(0.1, 1 - deviation),
        window_seconds=window * length,
        p10_seconds=seconds / (1 + deviation),
        p50_seconds=seconds,
        p90_seconds=seconds / (1 - deviation) if deviation < _LARGEST_DEVIATION else None,
        track_record=_record([miss for _, miss in misses]),
    )


def build_blocks(slices: Sequence[Slice]) -> tuple[float, list[float]]:
    """Length of a block in seconds, and the rates of all blocks, oldest first; they end with the newest slice."""
    total = sum(piece.seconds for piece in slices)
    length = min(BLOCK_SECONDS, max(SHORTEST_BLOCK_SECONDS, total / BLOCKS_AIMED_AT))
    rates: list[float] = []
    seconds, images = 0.0, 0
    for piece in reversed(slices):
        seconds += piece.seconds
        images += piece.images
        if seconds >= length * 0.95:
            rates.append(images / seconds)
            seconds, images = 0.0, 0
    return length, rates[::-1]


def mean_rate(slices: Sequence[Slice], window_seconds: float | None = None) -> tuple[float, float, float] | None:
    """Images a second, documents a second and seconds of running time of the newest slices; None without any."""
    seconds, images, documents = 0.0, 0, 0
    for piece in reversed(slices):
        if window_seconds is not None and seconds >= window_seconds:
            break
        seconds += piece.seconds
        images += piece.images
        documents += piece.documents
    return (images / seconds, documents / seconds, seconds) if seconds > 0 else None


def idle_seconds(slices: Sequence[Slice]) -> float:
    """Running time since the last slice in which an image was finished."""
    idle = 0.0
    for piece in reversed(slices):
        if piece.images:
            break
        idle += piece.seconds
    return idle


def without_idle_end(slices: Sequence[Slice]) -> Sequence[Slice]:
    """The history up to the last slice in which an image was finished."""
    end = len(slices)
    while end and not slices[end - 1].images:
        end -= 1
    return slices[:end]


def fill_history(moments: Sequence[Slice], until: datetime) -> tuple[Slice, ...]:
    """A history without holes, from the moments at which something was finished.

    Pauses become empty slices; pauses of more than `IDLE_SECONDS` are left out.
    """
    filled: list[Slice] = []
    ends = [*(piece.at for piece in moments[1:]), until]
    for piece, end in zip(moments, ends, strict=False):
        filled.append(Slice(piece.at, _SLICE_SECONDS, piece.images, piece.documents))
        pause = (end - piece.at).total_seconds() - _SLICE_SECONDS
        if 0 < pause <= IDLE_SECONDS:
            filled.extend(
                Slice(piece.at + timedelta(seconds=_SLICE_SECONDS * (number + 1)), min(_SLICE_SECONDS, left), 0)
                for number, left in enumerate(_count_down(pause))
            )
    return tuple(filled)


def _count_down(seconds: float) -> list[float]:
    count = math.ceil(seconds / _SLICE_SECONDS - 1e-9)
    return [seconds - _SLICE_SECONDS * number for number in range(count)]


def _fit_window(horizon: float, available: int) -> int:
    """Look back half as far as one looks ahead."""
    return max(min(SHORTEST_WINDOW, available), min(round(min(horizon / 2, available)), available))


def _score_past(rates: Sequence[float], horizon: float) -> list[tuple[float, float]]:
    """Weight and miss (logarithm of real rate over forecast) of the forecasts that earlier moments would have made."""
    count = len(rates)
    sums = [0.0]
    for rate in rates:
        sums.append(sums[-1] + rate)
    floor = max(sums[-1] / count * 0.01, 1e-12)
    scored: list[tuple[float, float]] = []
    for at in range(2, count):
        ahead = count - at
        if ahead > 1.5 * horizon + 4:
            continue
        window = _fit_window(ahead, at)
        foreseen = max((sums[at] - sums[at - window]) / window, floor)
        actual = max((sums[count] - sums[at]) / ahead, floor)
        weight = min(2.0, max(1.0, horizon / ahead)) * min(1.0, math.sqrt(ahead / 6))
        scored.append((weight, math.log(actual / foreseen)))
    return scored


def _measure_spread(recent: Sequence[float], horizon: float, misses: Sequence[float]) -> tuple[float, float]:
    """Relative spread of the rate, and the degrees of freedom behind it."""
    window, rate = len(recent), fmean(recent)
    correlation = _autocorrelation(recent)
    correlation = min(0.9, max(0.0, correlation + (1 + 3 * correlation) / window))
    inflation = (1 + correlation) / (1 - correlation)
    variation = (pstdev(recent) * math.sqrt(window / (window - 1)) / rate) ** 2 if window > 1 else 0.0
    drift = max(MODEL_ERROR, math.sqrt(fmean(miss * miss for miss in misses))) if misses else 0.25
    share = min(1.0, inflation / window) + min(1.0, inflation / max(horizon, 1e-9))
    return math.sqrt(variation * share + drift * drift), max(1.0, window / inflation - 1)


def _autocorrelation(values: Sequence[float]) -> float:
    """Of neighbours; 0 where nothing varies."""
    mean = fmean(values)
    around = sum((value - mean) ** 2 for value in values)
    if len(values) < 3 or around <= 0:
        return 0.0
    return sum((one - mean) * (next_one - mean) for one, next_one in pairwise(values)) / around


def _t90(degrees: float) -> float:
    """Between the rows of the table straight in the inverse of the degrees."""
    rows = [*((1 / count, value) for count, value in _T90), (0.0, _T90_LIMIT)]
    wanted = 1 / degrees
    for (left, high), (right, low) in pairwise(rows):
        if wanted >= right:
            return low + (high - low) * (wanted - right) / (left - right)
    return _T90_LIMIT


def _record(misses: Sequence[float]) -> TrackRecord | None:
    if not misses:
        return None
    return TrackRecord(len(misses), round(median(abs(math.expm1(miss)) for miss in misses), 4))
