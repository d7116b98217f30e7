"""What a diagnosis lives on survives masking: the texts of platform, databases and tools, names, places, codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsctl.diagnosis.redact import Masker, TokenBook
from opsctl.diagnosis.value_facts import take_value_facts
from opsctl.reporting.redact import redact
from tests.diagnosis.redact_samples import execution, variable

EVERYTHING = tuple(
    text
    for text in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    if text and not text.startswith("# ")
)


@pytest.fixture(scope="module")
def masker() -> Masker:
    """One that knows the secrets and the names of a usual job."""
    tokens = TokenBook()
    env = [
        *variable("DATABASE_URL", "postgres://app:Wq8-platform-pw@10.1.2.3:5432/platform?sslmode=require"),
        *variable("DB_PASSWORD", "changeme"),
        *variable("REDIS_PASSWORD", "password"),
        *variable("SMTP_PASSWORD", "o4o_api"),
        *variable("DB_USER", "o4o_api"),
        *variable("JWT_SECRET", "secret"),
        *variable("EMPTY_PASSWORD", ""),
    ]
    take_value_facts("execution", execution(env), tokens)
    return Masker(tokens)


@pytest.mark.parametrize("text", EVERYTHING)
def test_a_text_that_a_rule_needs_is_unchanged(masker: Masker, text: str) -> None:
    assert masker.mask_text(text) == text


@pytest.mark.parametrize("text", EVERYTHING)
def test_it_is_unchanged_in_the_report_too(text: str) -> None:
    """Everything that is shown passes the general redactor as well."""
    assert redact(text) == text


@pytest.mark.parametrize("text", ["***(s1)", "postgres://***(s1):***(s2)@10.1.2.3/app", "DB_PASSWORD=***(s3)"])
def test_tokens_survive_the_general_redactor(text: str) -> None:
    assert redact(text) == text


def test_all_of_them_survive_in_one_text() -> None:
    text = "\n".join(EVERYTHING)
    assert redact(text) == text
