"""Lists, one item after the other: CSV, NDJSON, bare names. Items may come from a generator; nothing is collected."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from opsctl.reporting.envelope import camel_case, dump_json, to_jsonable
from opsctl.reporting.neutralise import escape_formula, make_visible

Clean = Callable[[str], str]


def ndjson_lines(items: Iterable[object], *, clean: Clean = str) -> Iterator[str]:
    """One JSON object a line."""
    for item in items:
        yield dump_json(to_jsonable(item, clean=clean), indent=None)


def csv_lines(items: Iterable[object], *, item_type: type | None = None, clean: Clean = str) -> Iterator[str]:
    """RFC 4180 lines with a header of camelCase names; nested values are JSON, unknown is empty, no cell is a formula.

    The header comes from `item_type`, else from the first item; without either there are no lines.
    """
    header_written = False
    if item_type is not None:
        yield _csv_line(_header(item_type))
        header_written = True
    for item in items:
        if not header_written:
            yield _csv_line(_header(type(item)))
            header_written = True
        yield _csv_line([_csv_cell(value) for value in to_jsonable(item, clean=clean).values()])


def name_lines(names: Iterable[str], *, clean: Clean = str) -> Iterator[str]:
    """One identifier a line."""
    for name in names:
        yield make_visible(clean(name)) + "\n"


def _header(item_type: type) -> list[str]:
    if not is_dataclass(item_type):
        raise TypeError("items of a list are dataclasses")
    return [camel_case(item.name) for item in fields(item_type)]


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return escape_formula(make_visible(value))
    if isinstance(value, int | float):
        return str(value)
    return dump_json(value, indent=None).rstrip("\n")


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
