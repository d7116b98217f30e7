"""Lines out of pages of entries: each once, in order, stack traces whole, secrets masked."""

from __future__ import annotations

import base64
import random
import textwrap
from itertools import zip_longest
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.diagnosis.facts.model import Origin
from opsctl.diagnosis.log_lines import MOST_WAITING, LineBuilder, LogLine
from opsctl.diagnosis.log_reading import open_masker
from tests.diagnosis.log_entries import Json, end_record, entry, execution, platform, stderr

TRACE = ["Error: connect ENOENT /x", "    at f (node:net:1:2)", "    at g (node:net:3:4)"]


def build(entries: list[Json], page_size: int = 1000, data: Json | None = None) -> list[LogLine]:
    builder = LineBuilder(open_masker(data))
    lines: list[LogLine] = []
    for begin in range(0, len(entries), page_size):
        lines += builder.add(entries[begin : begin + page_size])
    return [*lines, *builder.flush()]


def some_log() -> list[Json]:
    return [
        entry(1, 0, "starting"),
        *(stderr(number, 1, text) for number, text in enumerate(TRACE, 2)),
        platform(5, 1.5, "Container called exit(1)."),
        entry(6, 20, "starting", attempt=1),
        entry(7, 21, {"message": "bad", "level": "error"}, attempt=1),
        end_record(8, 40, "Execution shop-a1b2c has failed to complete, 0/1 tasks were a success."),
    ]


def test_a_log_becomes_lines_with_task_attempt_level_and_source() -> None:
    lines = build(some_log())
    told = [(line.source, line.task, line.attempt, line.level, line.text.split("\n")[0]) for line in lines]
    assert told == [
        (Origin.STDOUT, 0, 0, "default", "starting"),
        (Origin.STDERR, 0, 0, "error", TRACE[0]),
        (Origin.SYSTEM, 0, 0, "warning", "Container called exit(1)."),
        (Origin.STDOUT, 0, 1, "default", "starting"),
        (Origin.STDOUT, 0, 1, "error", "bad"),
        (Origin.AUDIT, None, None, "error", "Execution shop-a1b2c has failed to complete, 0/1 tasks were a success."),
    ]
    assert lines[1].text == "\n".join(TRACE)
    assert lines[1].entry_count == 3
    assert lines[4].payload == {"message": "bad", "level": "error"}
    assert lines[1].severity == "DEFAULT"


@given(st.integers(min_value=1, max_value=9))
def test_pages_do_not_cut_a_stack_trace(page_size: int) -> None:
    assert build(some_log(), page_size) == build(some_log())


@given(st.integers(min_value=1, max_value=9), st.integers(min_value=0, max_value=4))
def test_keys_that_two_tasks_print_line_by_line_are_masked(page_size: int, left_out: int) -> None:
    body = textwrap.wrap(base64.b64encode(random.Random(1).randbytes(300)).decode(), 64)
    key = ["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----"]
    second = key[left_out:]
    printed = zip_longest((f"INFO root: {text}" for text in key), second)
    said = [(task, text) for texts in printed for task, text in enumerate(texts) if text is not None]
    entries = [entry(number, number / 100, text, task=task) for number, (task, text) in enumerate(said)]
    # A page that was given away cannot be taken back: without its begin a key is known in one page.
    lines = build(entries, page_size if left_out == 0 else len(entries))
    told = "\n".join(line.text for line in lines)
    assert not any(text in told for text in body)
    assert told.count("***(s") == len(body) + len([text for text in second if text in body])
    assert told.count("END PRIVATE KEY") == 2


def test_an_entry_that_comes_twice_is_told_once() -> None:
    entries = some_log()
    assert build([*entries, *entries[3:]], 4) == build(entries)


def test_lines_are_held_back_only_while_something_may_follow() -> None:
    builder = LineBuilder(open_masker(None))
    assert builder.add([stderr(1, 0, TRACE[0])]) == []
    assert builder.add([stderr(2, 0.001, TRACE[1]), entry(3, 10, "later")])[0].text == "\n".join(TRACE[:2])
    assert [line.text for line in builder.flush()] == ["later"]
    assert builder.flush() == []


def test_a_dense_log_is_not_held_back_without_end() -> None:
    builder = LineBuilder(open_masker(None))
    dense = [entry(number, number / 1e6, f"line {number}") for number in range(MOST_WAITING + 500)]
    assert len(builder.add(dense)) == len(dense)


def test_a_line_that_google_split_is_one_again_across_pages() -> None:
    parts = [
        entry(number, 5, text) | {"split": {"uid": "u", "index": number, "totalSplits": 3}}
        for number, text in enumerate(("aa", "bb", "cc"))
    ]
    assert [line.text for line in build([*parts, entry(9, 30, "end")], 1)] == ["aabbcc", "end"]


def test_secrets_of_the_execution_are_masked_in_its_lines() -> None:
    secret = "kP9-vW2xQz77LmTr"
    container = {"env": [{"name": "DB_PASSWORD", "value": secret}]}
    entries = [
        entry(1, 0, f"trying {secret} now"),
        entry(2, 10, {"message": "m", "password": "hunter2hunter2", "echo": secret}),
    ]
    lines = build(entries, data=execution(template={"containers": [container]}))
    told = repr(lines)
    assert secret not in told
    assert "hunter2hunter2" not in told
    assert lines[0].text.startswith("trying ***")


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0, max_value=2**32), st.integers(min_value=1, max_value=13))
def test_no_entry_is_lost_or_doubled_whatever_the_pages(seed: int, page_size: int) -> None:
    dice = random.Random(seed)
    entries: list[Any] = []
    seconds = 0.0
    for number in range(60):
        seconds += dice.choice((0.0, 0.001, 0.5, 4.0))
        text = dice.choice(
            ("word", "    at f (a:1:2)", "Error: x", "Caused by: y", "Traceback (most recent call last):")
        )
        make = dice.choice((entry, stderr))
        entries.append(make(number, seconds, f"{text} #{number}#", task=dice.randrange(2)))
    lines = build(entries, page_size)
    told = "\n".join(line.text for line in lines)
    assert all(told.count(f"#{number}#") == 1 for number in range(60))
    assert sum(line.entry_count for line in lines) == 60
