"""CSV, NDJSON and bare names."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.rows import csv_lines, name_lines, ndjson_lines


@dataclass(frozen=True, slots=True)
class Row:
    image_url: str
    size_bytes: int | None
    is_final: bool
    seen_names: tuple[str, ...] = ()


ROWS = (Row("https://h/현대.jpg", 3, True, ("a", "b")), Row('=1+1,"x"', None, False))


def test_csv() -> None:
    assert "".join(csv_lines(ROWS)) == (
        "imageUrl,sizeBytes,isFinal,seenNames\r\n"
        'https://h/현대.jpg,3,true,"[""a"", ""b""]"\r\n'
        '"\'=1+1,""x""",,false,[]\r\n'
    )


def test_csv_without_items_has_its_header_when_the_type_is_known() -> None:
    assert list(csv_lines((), item_type=Row)) == ["imageUrl,sizeBytes,isFinal,seenNames\r\n"]
    assert list(csv_lines(())) == []


def test_csv_items_are_dataclasses() -> None:
    with pytest.raises(TypeError):
        list(csv_lines([{"a": 1}]))


def test_ndjson() -> None:
    lines = list(ndjson_lines(ROWS))
    assert [json.loads(line)["sizeBytes"] for line in lines] == [3, None]
    assert all(line.endswith("}\n") and line.count("\n") == 1 for line in lines)


def test_names() -> None:
    assert list(name_lines(["a", "b\x1b[31m\n"])) == ["a\n", "b\\x1b[31m\\n\n"]


def test_items_are_taken_one_at_a_time() -> None:
    taken = []

    def items() -> Iterator[Row]:
        for row in ROWS:
            taken.append(row)
            yield row

    lines = ndjson_lines(items())
    next(lines)
    assert len(taken) == 1


def test_every_text_is_cleaned() -> None:
    rows = [Row("canary", 1, True, ("canary",))]
    for lines in (csv_lines, ndjson_lines):
        assert "canary" not in "".join(lines(rows, clean=lambda text: text.replace("canary", "***")))
    assert "canary" not in "".join(name_lines(["canary"], clean=lambda text: text.replace("canary", "***")))


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_csv_comes_back_as_it_was_shown(texts: list[str]) -> None:
    written = "".join(csv_lines([Row(text, 1, True) for text in texts]))
    read = list(csv.DictReader(io.StringIO(written, newline="")))
    assert [row["imageUrl"].removeprefix("'") for row in read] == [
        make_visible(text).removeprefix("'") for text in texts
    ]
    for row in read:
        assert not row["imageUrl"].startswith(("=", "@", "\t", "\r"))
