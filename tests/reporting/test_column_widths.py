"""Sharing the width of a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.column_widths import fit_widths

COLUMNS = st.lists(st.tuples(st.integers(1, 500), st.booleans()), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("natural", "kept", "available", "expected"),
    [
        ([5, 6], [False, False], 20, [5, 6]),
        ([33, 37, 400], [True, False, False], 74, [33, 20, 21]),
        ([10, 100, 100], [False, False, False], 70, [10, 30, 30]),
        ([60, 60], [True, True], 80, [40, 40]),
        ([30, 60], [True, True], 80, [30, 50]),
        ([2, *[1] * 11], [True, *[False] * 11], 12, [1] * 12),
    ],
)
def test_examples(natural: list[int], kept: list[bool], available: int, expected: list[int]) -> None:
    assert fit_widths(natural, kept, available) == expected


@given(COLUMNS, st.integers(12, 300))
def test_the_widths_fit_and_no_column_is_wider_than_it_needs(columns: list[tuple[int, bool]], available: int) -> None:
    natural, kept = [width for width, _ in columns], [keep for _, keep in columns]
    widths = fit_widths(natural, kept, available)
    assert sum(widths) <= available
    assert all(1 <= width <= needed for width, needed in zip(widths, natural, strict=True))
    if sum(natural) <= available:
        assert widths == natural
