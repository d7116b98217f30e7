"""How wide the columns of a table are on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

# Columns that should stay whole may take this much of the terminal together.
KEPT_SHARE = 0.6


def fit_widths(natural: Sequence[int], kept: Sequence[bool], available: int) -> list[int]:
    """Widths that add up to at most `available`, if every column can have at least one.

    Columns keep their natural width when all fit. Otherwise `kept` ones keep theirs while there is room for them, and
    the rest is shared by the others: narrow ones whole, wide ones alike.
    """
    if sum(natural) <= available:
        return list(natural)
    widths = [0] * len(natural)
    budget = int(available * KEPT_SHARE)
    # What is there beyond one place for each column.
    spare = available - len(natural)
    for index, width in enumerate(natural):
        if kept[index] and width <= budget and width - 1 <= spare:
            widths[index] = width
            budget -= width
            spare -= width - 1
    open_columns = [index for index, width in enumerate(widths) if width == 0]
    left = available - sum(widths)
    for position, index in enumerate(sorted(open_columns, key=lambda index: natural[index])):
        fair = left // (len(open_columns) - position)
        widths[index] = max(1, min(natural[index], fair))
        left -= widths[index]
    return widths
