"""Tokens say which secrets are the same, and nothing else."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.redact_tokens import TokenBook


@given(st.lists(st.text(min_size=1), min_size=1, max_size=20))
def test_tokens_count_distinct_secrets_in_the_order_of_appearance(secrets: list[str]) -> None:
    plain = [secret for secret in secrets if "%" not in secret]
    tokens = TokenBook()
    given_out = [tokens.token_of(secret) for secret in plain]
    distinct = list(dict.fromkeys(plain))
    assert given_out == [f"s{distinct.index(secret) + 1}" for secret in plain]


@given(st.text(min_size=1, max_size=20))
def test_a_percent_encoded_secret_is_the_same_secret(secret: str) -> None:
    first, second = TokenBook(), TokenBook()
    assert first.token_of(secret) == first.token_of(quote(secret, safe=""))
    assert second.token_of(quote(secret, safe="")) == second.token_of(secret)


def test_tokens_of_an_earlier_masking_are_not_given_again() -> None:
    tokens = TokenBook(["s1"])
    tokens.reserve("postgres://***(s2):***(k3f9)@h/db")
    assert [tokens.token_of(secret) for secret in ("a", "b")] == ["s3", "s4"]


def test_ordinary_words_are_not_searched_for() -> None:
    tokens = TokenBook()
    for secret in ("postgres", "changeme", "abc", "aaaaaaaa", "Root", "hunter2"):
        tokens.learn(secret)
    assert set(tokens.searched()) == {"hunter2"}


def test_a_weak_secret_that_is_a_name_in_plain_sight_is_not_searched_for() -> None:
    tokens = TokenBook()
    tokens.learn("o4o_platform")
    tokens.learn("Zk39fJq0Lm2Q")
    tokens.spare(["O4O_platform", "Zk39fJq0Lm2Q"])
    assert set(tokens.searched()) == {"Zk39fJq0Lm2Q"}
