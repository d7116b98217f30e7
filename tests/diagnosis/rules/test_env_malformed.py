"""Values that are set and cannot be read: URLs, ports, keys, JSON, headers; what was seen in them before masking."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rule import Weight
from opsctl.diagnosis.rules.env_malformed import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = RULE.cause


def traits(*names: str) -> dict[str, Any]:
    fact = {
        "section": "execution",
        "pointer": "/template/containers/0/env/0/value",
        "traits": list(names),
        "length": 20,
    }
    return {"value_facts": {"facts": [fact]}}


@pytest.mark.parametrize(
    "lines",
    [
        [
            "TypeError: Invalid URL",
            "    at new URL (node:internal/url:775:36)",
            "  code: 'ERR_INVALID_URL',",
            "  input: 'postgres://***'",
        ],
        ["Error: P1013: The provided database string is invalid. The scheme is not recognized in database URL."],
        [
            "error: Error validating datasource `db`: the URL must start with the protocol `postgresql://` or "
            "`postgres://`."
        ],
        ["sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from given URL string"],
        ["ValueError: Port could not be cast to integer value as 'p@ss'"],
        ['parse "postgres://app:p%ss@10.0.0.3/app": invalid URL escape "%ss"'],
        ["cannot parse `postgres://app:xxxxx@db`: failed to parse as URL (invalid port)"],
        ["invalid DSN: missing the slash separating the database name"],
        [
            "java.lang.RuntimeException: Driver org.postgresql.Driver claims to not accept jdbcUrl, "
            "postgresql://10.0.0.3/app"
        ],
        [
            "System.ArgumentException: Format of the initialization string does not conform to specification "
            "starting at index 0."
        ],
        ['bad URI (is not URI?): "postgres://app:p#ss@10.0.0.3/app" (URI::InvalidURIError)'],
        ["InvalidArgumentException: The database configuration URL is malformed."],
        ["** (Ecto.InvalidURLError) invalid URL postgres://app, host is not present."],
        ["Error: error with configuration: relative URL without a base"],
        ['MongoParseError: Invalid scheme, expected connection string to start with "mongodb://" or "mongodb+srv://"'],
        ["Error: error:1E08010C:DECODER routines::unsupported"],
        ["FirebaseAppError: Failed to parse private key: Error: Invalid PEM formatted message."],
        ["h11._util.LocalProtocolError: Illegal header value b'Bearer abc\\n'"],
        ['TypeError [ERR_INVALID_CHAR]: Invalid character in header content ["Authorization"]'],
        ["RangeError [ERR_SOCKET_BAD_PORT]: Port should be >= 0 and < 65536. Received type number (NaN)."],
        ['invalid integer value "p@ss" for connection option "port"'],
        ["ValueError: Fernet key must be 32 url-safe base64-encoded bytes."],
        ["Failed to bind properties under 'server.port' to java.lang.Integer:"],
    ],
)
def test_fires(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) == CAUSE


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("Error: getaddrinfo ENOTFOUND db.internal.example.com", "network-unreachable"),
        ("error: Environment variable not found: DATABASE_URL.", "env-missing"),
        ("Error: error:0308010C:digital envelope routines::unsupported", "runtime-incompatible"),
        ('FATAL:  password authentication failed for user "app"', "db-auth-failed"),
        ("TypeError: Cannot read properties of undefined (reading 'url')", "application-error"),
    ],
)
def test_look_alikes(line: str, cause: str) -> None:
    assert first_cause(failed_run([line])) == cause


@pytest.mark.parametrize(
    "line",
    [
        "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
        "invalid response body: not JSON",
        "url ok",
    ],
)
def test_answers_of_others_do_not_fire(line: str) -> None:
    assert find_cause(diagnose_run(failed_run([line])), CAUSE) is None


@pytest.mark.parametrize(
    ("trait", "clue"),
    [
        ("unescaped-characters", "unescaped_characters"),
        ("trailing-newline", "trailing_newline"),
        ("broken-json", "broken_json"),
        ("placeholder", "placeholder"),
    ],
)
def test_what_was_seen_in_the_value(trait: str, clue: str) -> None:
    found = find_cause(diagnose_run(failed_run(["x"], env={"DATABASE_URL": None}, sections=traits(trait))), CAUSE)
    assert found is not None
    assert clue in {piece.id for piece in found.support}


def test_a_name_in_the_message_makes_a_trait_weigh_more() -> None:
    sections = traits("trailing-newline")
    unsaid = find_cause(diagnose_run(failed_run(["x"], env={"GREETING": None}, sections=sections)), CAUSE)
    said = find_cause(
        diagnose_run(failed_run(["cannot use GREETING"], env={"GREETING": None}, sections=sections)), CAUSE
    )
    assert unsaid is not None
    assert said is not None
    assert said.score > unsaid.score


def test_settings_that_complain_over_several_lines() -> None:
    field = "  Input should be a valid integer [type=int_parsing, input_value='80a', input_type=str]"
    lines = ["1 validation error for Settings", "port", field]
    found = find_cause(diagnose_run(failed_run(lines)), CAUSE)
    assert found is not None
    assert "settings_field" in {piece.id for piece in found.support}


def test_hosts_that_are_no_hosts() -> None:
    for line in (
        "Error: getaddrinfo ENOTFOUND base",
        "Error: getaddrinfo ENOTFOUND https://db.example.com",
        'could not translate host name "ss@10.0.0.3" to address: Name or service not known',
    ):
        found = find_cause(diagnose_run(failed_run([line])), CAUSE)
        assert found is not None, line
        assert any(piece.weight is Weight.DECISIVE for piece in found.support), line


def test_ordinary_traits_say_nothing() -> None:
    evidence = failed_run(
        ["x"], env={"DATABASE_URL": None}, sections=traits("url", "url-without-password", "socket-path")
    )
    assert find_cause(diagnose_run(evidence), CAUSE) is None


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(["x"], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    "line",
    [
        "Error: getaddrinfo ENOTFOUND base",
        "Error: getaddrinfo ENOTFOUND http://api.example.com",
        'psql: error: could not translate host name "10.1.2.3:5432" to address: Name or service not known',
        'could not translate host name "W0rd01@db_host" to address: Name does not resolve',
        'could not translate host name "db.internal " to address: Name or service not known',
        "dial tcp: lookup db.internal:5432: no such host",
        "dial tcp: lookup postgres://db on 169.254.169.254:53: no such host",
        "java.net.UnknownHostException: db.internal:5432",
        "ERROR 2005 (HY000): Unknown MySQL server host '10.1.2.3:3306' (-2)",
        "(2003, \"Can't connect to MySQL server on 'ss@db.internal' ([Errno -2] Name or service not known)\")",
    ],
)
def test_hosts_that_are_none(line: str) -> None:
    ranking = diagnose_run(failed_run([line]))
    assert ranking.findings[0].rule.cause == CAUSE
    network = find_cause(ranking, "network-unreachable")
    assert network is None or network.probability < 0.3


@pytest.mark.parametrize(
    "line",
    [
        "Error: getaddrinfo ENOTFOUND db.internal db.internal:5432",
        "dial tcp: lookup db.internal on 169.254.169.254:53: no such host",
        "java.net.UnknownHostException: db.internal: Name or service not known",
        'could not translate host name "db" to address: Name or service not known',
        "ERROR 2005 (HY000): Unknown MySQL server host 'db-base' (-2)",
        "Error: getaddrinfo ENOTFOUND base.example.com",
    ],
)
def test_hosts_that_only_do_not_resolve(line: str) -> None:
    assert first_cause(failed_run([line])) == "network-unreachable"


def test_the_platform_refuses_a_binary_secret() -> None:
    text = (
        'Secret "projects/1/secrets/keystore/versions/latest" for environment variable "KEYSTORE" contains non-UTF8 '
        "data. Instance startup will now abort."
    )
    # Into which log Cloud Run writes it differs.
    for evidence in (
        failed_run(message=text, started=False),
        failed_run(system=[text, "Container called exit(1)."]),
        failed_run([text]),
    ):
        found = diagnose_run(evidence).findings[0]
        assert found.rule.cause == CAUSE
        assert found.probability >= 0.8


@pytest.mark.parametrize(
    "lines",
    [
        ['FATAL Execution error, {"Error": "failed to validate config: invalid database URL"}'],
        ['{"isUrl":"REDIS_URL must be a valid redis connection string"}'],
        ["ValueError: WORKER_COUNT must be a positive number"],
        ["Error [TokenInvalid]: An invalid token was provided."],
        ["Field error in object 'server' on field 'port': rejected value [80a]; codes [typeMismatch.server.port]"],
        ['container init caused "setenv: invalid argument": unknown'],
        ['google.auth.exceptions.DefaultCredentialsError: File "/keys/app.json" was not found.'],
        ["thread 'main' panicked at 'fail: UrlError { URL ParseError { invalid port number } }', src/main.rs:10:10"],
        [
            "pydantic.error_wrappers.ValidationError: 1 validation error for Settings",
            "cache_dsn",
            "  invalid or missing URL scheme (type=value_error.url.scheme)",
        ],
    ],
)
def test_values_that_the_program_names(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) == CAUSE
