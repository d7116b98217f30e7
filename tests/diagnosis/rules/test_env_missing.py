"""Variables that are not set, in the words of validators, languages, shells and drivers; optional ones are harmless."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.env_missing import RULE
from tests.diagnosis.runs import NAME, diagnose_run, facts_of, failed_run, find_cause, first_cause

CAUSE = RULE.cause
SEEN = {"service_account": {"email": "a@p"}, "secrets": {"secrets": []}, "cloudsql": {"instances": []}}
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


@pytest.mark.parametrize(
    "lines",
    [
        ['TypeError: Parameter "url" must be a string, not undefined', "    at Url.parse (url.js:103:11)"],
        ['TypeError [ERR_INVALID_ARG_TYPE]: The "url" argument must be of type string. Received type undefined'],
        ['TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string. Received undefined'],
        ["LibsqlError: URL_INVALID: The URL 'undefined' is not in a valid format"],
        ["Error: getaddrinfo ENOTFOUND undefined", "    at GetAddrInfoReqWrap.onlookup (node:dns:107:26)"],
        ["java.net.UnknownHostException: null"],
        ['psql: error: could not translate host name "" to address: Name or service not known'],
        ["dial tcp: lookup : no such host"],
        ["ERROR - Database setup failed: invalid literal for int() with base 10: ''"],
        ['java.lang.NumberFormatException: For input string: "$PORT"'],
        ["Error [TokenMissing]: Request to use token, but token was unavailable to the client."],
    ],
)
def test_undefined_and_empty_values(lines: list[str]) -> None:
    found = diagnose_run(failed_run(lines)).findings[0]
    assert found.rule.cause == CAUSE


@pytest.mark.parametrize(
    "line",
    [
        "FATAL: STRIPE_API_KEY is required",
        '{"severity": "ERROR", "message": "BACKUP_BUCKET must be provided"}',
        "[FATAL] config: SLACK_WEBHOOK_URL missing",
        "Error: You must set the S3_BUCKET env var",
        "ERROR: environment variable not declared: PG_URL",
    ],
)
def test_a_named_variable_in_the_last_error_is_clear(line: str) -> None:
    ranking = diagnose_run(failed_run(["Starting job", "Reading configuration", line], sections=SEEN))
    first = ranking.findings[0]
    assert first.rule.cause == CAUSE
    assert first.probability >= 0.8
    assert {"named_last", "told-to-set"} & {piece.id for piece in first.support}


@pytest.mark.parametrize(
    "line",
    [
        "INFO STRIPE_API_KEY not set, payments are simulated",
        "WARN SENTRY_DSN is missing, error reporting disabled",
        "Please set the DD_API_KEY environment variable to enable metrics",
        "SECRET_KEY was not provided. It will be generated. Please provide a SECRET_KEY to keep sessions.",
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "You need to set NODE_OPTIONS if you want more memory",
    ],
)
def test_optional_variables_are_silent(line: str) -> None:
    ranking = diagnose_run(failed_run([line, "Processed 500 of 500 rows"]))
    assert CAUSE not in [found.rule.cause for found in ranking.findings]


def test_a_named_variable_that_is_set_is_not_missing() -> None:
    lines = ["FATAL: STRIPE_API_KEY is required"]
    without, with_value = (
        find_cause(diagnose_run(failed_run(lines, env=env, sections=SEEN)), CAUSE)
        for env in ({}, {"STRIPE_API_KEY": "sk-live"})
    )
    assert without is not None
    assert with_value is not None
    assert with_value.probability < without.probability / 2
