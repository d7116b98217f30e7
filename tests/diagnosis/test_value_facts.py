"""What is seen in values before they are masked."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.redact import Masker, TokenBook
from opsctl.diagnosis.value_facts import ValueFact, take_record_facts, take_value_facts
from tests.diagnosis.redact_samples import ANYWHERE, IN_TEXT, audit, execution, v1_execution, variable

VALUE = "/template/containers/0/env/1/value"


def facts_of(name: str, value: str) -> ValueFact | None:
    facts = take_value_facts("execution", execution(variable(name, value)), TokenBook())
    return next((fact for fact in facts if fact.pointer == VALUE), None)


def test_a_fact_of_a_secret_with_a_trailing_newline() -> None:
    assert facts_of("DB_PASSWORD", "hunter2\n") == ValueFact("execution", VALUE, ("trailing-newline",), 8, "s1")


def test_a_fact_of_a_value_that_is_no_secret_has_no_token() -> None:
    value = "/cloudsql/netureyoutube:asia-northeast3:o4o-platform-db"
    assert facts_of("DB_HOST", value) == ValueFact("execution", VALUE, ("socket-path",), len(value), None)


def test_an_ordinary_value_gives_no_fact() -> None:
    assert facts_of("NODE_ENV", "production") is None


@pytest.mark.parametrize("value", ["***", "***(k3f9)", "[REDACTED]", "<redacted>"])
def test_what_was_masked_before_gives_no_fact(value: str) -> None:
    assert facts_of("DB_PASSWORD", value) is None


def test_of_a_value_masked_in_part_only_what_is_seen_is_said() -> None:
    fact = facts_of("DATABASE_URL", "postgresql://inbox:***@10.3.0.9/")
    assert fact is not None
    assert set(fact.traits) == {"url", "url-with-user", "url-with-password", "url-without-database", "masked"}
    assert fact.token is None


def test_the_token_of_an_address_is_that_of_its_password() -> None:
    tokens = TokenBook()
    env = [*variable("DB_PASSWORD", "p@ss/w0rd"), *variable("DATABASE_URL", "postgres://app:p%40ss%2Fw0rd@h/db")]
    password, address = take_value_facts("execution", execution(env), tokens)
    assert password.token == address.token == "s1"


def test_arguments_and_annotations_are_read() -> None:
    data = execution(args=["--password", "hunter2x ", "-database", "postgres:///app"])
    data["annotations"] = {"example.com/api-token": "abc-123", "run.googleapis.com/jobGeneration": "7"}
    facts = take_value_facts("job", data, TokenBook())
    assert [(fact.pointer, fact.traits, fact.token) for fact in facts] == [
        ("/template/containers/0/args/1", ("trailing-space",), "s1"),
        ("/template/containers/0/args/3", ("url", "url-without-password", "url-without-host"), None),
        ("/annotations/example.com~1api-token", (), "s2"),
    ]


def test_the_audit_record_gives_the_facts_of_an_execution_that_is_gone() -> None:
    data = audit({"response": v1_execution(variable("DB_PASSWORD", " hunter2"))})
    base = "/entries/0/protoPayload/response/spec/template/spec/containers/0/env/1/value"
    expected = (ValueFact("logs", base, ("leading-space",), 8, "s1"),)
    assert take_value_facts("logs", data, TokenBook()) == expected
    assert take_record_facts(0, data["entries"][0]["protoPayload"], TokenBook()) == expected


def test_the_json_of_a_fact_is_that_of_the_format() -> None:
    assert ValueFact("job", "/a", ("empty",), 0, None).to_json() == {
        "section": "job",
        "pointer": "/a",
        "traits": ["empty"],
        "length": 0,
        "token": None,
    }


@pytest.mark.parametrize("place", [*ANYWHERE, *IN_TEXT])
def test_facts_hold_nothing_of_a_secret(place: str) -> None:
    section, data = {**ANYWHERE, **IN_TEXT}[place]("Zq7canary7qZ")
    assert "canary" not in json.dumps([fact.to_json() for fact in take_value_facts(section, data, TokenBook())])


@given(st.text(max_size=60), st.sampled_from(["DB_PASSWORD", "DATABASE_URL", "NODE_ENV", "CONFIG_JSON"]))
def test_any_value_can_be_looked_at(value: str, name: str) -> None:
    facts = take_value_facts("execution", execution(variable(name, value)), TokenBook())
    assert all(fact.length == len(value) for fact in facts if fact.pointer == VALUE)


def test_facts_of_masked_data_take_up_the_tokens_that_are_there() -> None:
    tokens = TokenBook()
    data = execution([*variable("DB_PASSWORD", "hunter2-a"), *variable("API_KEY", "hunter2-b")])
    take_value_facts("execution", data, tokens)
    masked = Masker(tokens).mask_section("execution", data)
    later = TokenBook()
    later.reserve(json.dumps(masked))
    assert take_value_facts("execution", masked, later) == ()
    assert later.token_of("another") == "s3"
