"""Variables that are not set, in the words of validators, languages, shells and drivers; optional ones are harmless."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.env_missing import RULE
from tests.diagnosis.runs import NAME, diagnose_run, facts_of, failed_run, find_cause, first_cause

CAUSE = RULE.cause
NOT_SET = ["Error: BILLING_API_KEY is not set"]


def ids(lines: list[str], **differences: Any) -> tuple[set[str], set[str]]:
    found = find_cause(diagnose_run(failed_run(lines, **differences)), CAUSE)
    assert found is not None
    return {piece.id for piece in found.support}, {piece.id for piece in found.against}


@pytest.mark.parametrize(
    "lines",
    [
        ["Error code: P1012", "error: Environment variable not found: DATABASE_URL.", "  -->  prisma/schema.prisma:8"],
        ["PrismaConfigEnvError: Missing required environment variable: DATABASE_URL"],
        ['Error: Config validation error: "JWT_SECRET" is required. "DB_HOST" is required'],
        ["The DATABASE_URL environment variable is not set or incomplete connection parameters are provided."],
        ["❌ Invalid environment variables: {", "  DATABASE_URL: [ 'Required' ]", "}"],
        ['EnvVarError: env-var: "DB_HOST" is a required variable, but it was not set'],
        ["Error: secretOrPrivateKey must have a value"],
        [
            '    TOKEN = os.environ["SLACK_TOKEN"]',
            '  File "<frozen os>", line 679, in __getitem__',
            "KeyError: 'SLACK_TOKEN'",
        ],
        ["django.core.exceptions.ImproperlyConfigured: Set the REDIS_URL environment variable"],
        ["decouple.UndefinedValueError: SECRET_KEY not found. Declare it as envvar or define a default value."],
        [
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings",
            "database_url",
            "  Field required [type=missing, input_value={}]",
        ],
        ["/entrypoint.sh: line 5: GCS_BUCKET: unbound variable"],
        ["/app/run.sh: 3: DB_HOST: parameter not set"],
        ["required key DB_DSN missing value"],
        ['env: required environment variable "PORT_RANGE" is not set'],
        ["error: failed to parse scheme from database URL: URL cannot be empty"],
        ["java.lang.IllegalArgumentException: Could not resolve placeholder 'DB_PASSWORD' in value \"${DB_PASSWORD}\""],
        ["System.ArgumentNullException: Value cannot be null. (Parameter 'connectionString')"],
        [
            "ArgumentError: Missing `secret_key_base` for 'production' environment, set this string with `bin/rails "
            "credentials:edit`"
        ],
        ["No application encryption key has been specified."],
        ["** (RuntimeError) environment variable SECRET_KEY_BASE is missing."],
        ["thread 'main' panicked at src/main.rs:7:40:", "DATABASE_URL must be set: NotPresent"],
        ["Error: SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"],
        ["FATAL: OPENAI_API_KEY is not set"],
        ["ValueError: DATABASE_URL environment variable is required"],
        ["Missing required env var: BUCKET_NAME"],
    ],
)
def test_fires(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) == CAUSE


@pytest.mark.parametrize(
    "line",
    [
        "SENTRY_DSN is not set, error reporting is disabled",
        "WARN: METRICS_URL not set, using default http://localhost:9090",
        "Warning: environment variable LOG_LEVEL is not set, falling back to info",
        "OTEL_EXPORTER_OTLP_ENDPOINT not set; tracing is off",
        "KeyError: 'customer_id'",
        "column STATUS_CODE is required",
        "All required environment variables are set",
    ],
)
def test_optional_variables_and_other_keys_do_not_fire(line: str) -> None:
    assert find_cause(diagnose_run(failed_run([line])), CAUSE) is None


def test_a_variable_that_is_set_speaks_against_it() -> None:
    support, against = ids(NOT_SET, env={"BILLING_API_KEY": None})
    assert against == {"named_is_set"}
    assert "named_not_set" not in support


@pytest.mark.parametrize(
    ("differences", "clue"),
    [
        ({"env": {"OTHER_NAME": "1"}}, "named_not_set"),
        ({"env": {"BILLING_API_KEY": ""}}, "named_is_empty"),
    ],
)
def test_the_variables_of_the_job(differences: dict[str, Any], clue: str) -> None:
    support, against = ids(NOT_SET, **differences)
    assert clue in support
    assert not against


def test_a_variable_of_the_image_counts() -> None:
    config = {"config": {"Env": ["BILLING_API_KEY=x"]}}
    support, _ = ids(NOT_SET, sections={"image": {"config": config, "files": []}})
    assert "named_not_set" not in support


def test_the_last_success_had_it() -> None:
    before = {
        "name": NAME.replace("x7k2p", "aaaaa"),
        "completionTime": "2025-12-31T00:00:00Z",
        "template": {"containers": [{"image": "i", "env": [{"name": "BILLING_API_KEY", "value": "***"}]}]},
    }
    support, _ = ids(NOT_SET, sections={"baseline": {"execution": before}})
    assert "named_was_removed" in support


@pytest.mark.parametrize(
    ("env", "is_told"), [({"DB_USER": "app"}, True), ({"DB_PASSWORD": ""}, True), ({"DB_PASSWORD": None}, False)]
)
def test_a_password_that_nobody_sent(env: dict[str, str | None], is_told: bool) -> None:
    support, _ = ids(["Access denied for user 'app'@'10.8.0.3' (using password: NO)"], env=env)
    assert ("no_password_set" in support) is is_told


def test_a_default_address() -> None:
    lines = ["Error: connect ECONNREFUSED 127.0.0.1:5432"]
    bare = {clue.id for clue in RULE.look(facts_of(failed_run(lines, env={"NODE_ENV": "production"})))}
    named = {clue.id for clue in RULE.look(facts_of(failed_run(lines, env={"DB_HOST": "127.0.0.1"})))}
    assert bare == {"no_address_set"}
    assert named == set()


def test_settings_that_complain_over_several_lines() -> None:
    lines = ["1 validation error for AppSettings", "db_url", "  Field required [type=missing, input_value={}]"]
    support, _ = ids(lines)
    assert "settings_field" in support


def test_masked_values_and_secrets_are_not_empty() -> None:
    _, against = ids(NOT_SET, secrets={"BILLING_API_KEY": "billing-key"})
    assert against == {"named_is_set"}


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(NOT_SET, without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
