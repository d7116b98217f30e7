"""The remedy that fits what was seen comes first."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.facts.model import Pointer
from opsctl.diagnosis.gather import Piece
from opsctl.diagnosis.remedy_choice import _EXCLUSIVE, _FITS, by_fit
from opsctl.diagnosis.rule import Weight
from opsctl.diagnosis.rules import CAUSES, load_rules

RULES = {rule.cause: rule for rule in load_rules(CAUSES)}


def seen(text: str, name: str = "a-sign") -> tuple[Piece, ...]:
    return (Piece(name, Weight.STRONG, 1.0, (Pointer("logs", "/entries/1", text),)),)


def order(cause: str, *pieces: Piece) -> list[str]:
    return [remedy.id for remedy in by_fit(cause, RULES[cause].remedies, pieces)]


def test_the_table_names_remedies_that_exist() -> None:
    for cause, remedy, _ in _FITS:
        assert remedy in [item.id for item in RULES[cause].remedies]
    for cause, remedies in _EXCLUSIVE.items():
        assert set(remedies) <= {item.id for item in RULES[cause].remedies}


@pytest.mark.parametrize("cause", CAUSES)
def test_without_a_trace_the_order_of_the_rule_holds(cause: str) -> None:
    assert order(cause, *seen("something else went wrong")) == [item.id for item in RULES[cause].remedies]


@pytest.mark.parametrize(
    ("cause", "text", "first"),
    [
        ("db-connection-refused", "Invalid request since instance is not running., invalid", "start_instance"),
        (
            "secret-unavailable",
            "Secret Version [projects/1/secrets/x/versions/8] is in DESTROYED state.",
            "add_version",
        ),
        (
            "secret-unavailable",
            "Secret Version [projects/1/secrets/x/versions/8] is in DISABLED state.",
            "enable_version",
        ),
        ("iam-permission-denied", "Cloud SQL Admin API has not been used in project 1 before", "enable_api"),
        ("db-tls-mismatch", "Error: self-signed certificate in certificate chain", "give_ca"),
        ("migration-history-conflict", "Multiple head revisions are present for given argument 'head'", "merge_heads"),
        ("out-of-memory", "FATAL ERROR: Reached heap limit Allocation failed", "raise_heap"),
        ("entrypoint-invalid", "exec /app/run.sh: permission denied", "make_executable"),
    ],
)
def test_the_remedy_for_what_was_seen_comes_first(cause: str, text: str, first: str) -> None:
    assert order(cause, *seen(text))[0] == first


def test_of_fixes_that_exclude_each_other_the_others_are_left_out() -> None:
    left = order("secret-unavailable", *seen("is in DESTROYED state"))
    assert "grant_accessor" not in left
    assert "pin_version" in left


def test_the_id_of_a_clue_counts_as_well() -> None:
    clue = seen("roles/run.invoker", "role_absent")
    assert order("secret-unavailable", *clue)[0] == "grant_accessor"
