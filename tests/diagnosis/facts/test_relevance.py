"""How much a message speaks: the last of the tries, and a program that ends without a worse word."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.facts.model import Facts
from tests.diagnosis.runs import facts_of, failed_run

TOO_MANY = "WARN  HTTP 429 Too Many Requests, retrying in 2s"


def relevance_of(lines: list[str], words: str) -> float:
    facts: Facts = facts_of(failed_run(lines))
    return max(message.relevance for message in facts.logs.messages if words in message.text)


def test_the_last_of_the_tries_speaks_fully_and_the_others_less() -> None:
    lines = [f"{TOO_MANY} ({number}/3)" for number in (1, 2, 3)]
    assert relevance_of(lines, "(3/3)") == pytest.approx(1.0)
    assert relevance_of(lines, "(1/3)") < 0.5


def test_a_try_before_giving_up_speaks_fully() -> None:
    lines = [f"{TOO_MANY}", f"{TOO_MANY} again", "ERROR giving up after 2 attempts"]
    assert relevance_of(lines, "again") >= 0.9
    assert relevance_of([*lines[:2], "ERROR column missing"], "again") < 0.5


def test_the_last_warning_speaks_fully_where_nothing_worse_was_said() -> None:
    refused = 'level=warning msg="ping error, will retry in 2s" error="dial tcp 127.0.0.1:5432: connection refused"'
    assert relevance_of([refused] * 3, "refused") == pytest.approx(1.0)
    assert relevance_of([refused, "ERROR: relation orders does not exist"], "refused") < 0.5


def test_a_last_warning_of_an_exporter_stays_small() -> None:
    exporter = 'level=warning msg="failed to upload metrics" error="connection refused"'
    assert relevance_of(["Migrating", exporter], "metrics") < 0.5
