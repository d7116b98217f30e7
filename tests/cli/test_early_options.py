"""What is read of a line before it is parsed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.cli.early_options import EarlyOptions, read_early_options
from opsctl.cli.options import OutputFormat
from tests.cli.processes import PROBE

JSON = OutputFormat.JSON


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", EarlyOptions()),
        ("probe", EarlyOptions("probe")),
        ("deep probe", EarlyOptions("deep.probe")),
        ("deep", EarlyOptions("deep")),
        ("deep nothing probe", EarlyOptions("deep")),
        ("-o json probe", EarlyOptions("probe", JSON)),
        ("-ojson probe", EarlyOptions("probe", JSON)),
        ("-qojson probe", EarlyOptions("probe", JSON)),
        ("-qvo json probe", EarlyOptions("probe", JSON, 1)),
        ("probe --output json", EarlyOptions("probe", JSON)),
        ("probe --output=json", EarlyOptions("probe", JSON)),
        ("probe -o json -o yaml", EarlyOptions("probe", OutputFormat.YAML)),
        ("probe -o nothing", EarlyOptions("probe")),
        ("probe -- -o json", EarlyOptions("probe")),
        ("--profile probe deep", EarlyOptions("deep")),
        ("--profile=probe deep", EarlyOptions("deep")),
        ("--config -o json", EarlyOptions()),
        ("-vv probe -v", EarlyOptions("probe", OutputFormat.TABLE, 3)),
        ("--verbose probe", EarlyOptions("probe", OutputFormat.TABLE, 1)),
        ("probe -o", EarlyOptions("probe")),
    ],
)
def test_lines(line: str, expected: EarlyOptions) -> None:
    assert read_early_options(line.split(), PROBE) == expected


@given(st.lists(st.text(max_size=10)))
def test_no_line_makes_it_fail(words: list[str]) -> None:
    assert isinstance(read_early_options(words, PROBE), EarlyOptions)
