"""No secret of the evidence gets through; its shape stays."""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.diagnosis.models import LogEntry
from opsctl.diagnosis.redact import MaskedItem, Masker, TokenBook
from opsctl.diagnosis.value_facts import take_value_facts
from tests.diagnosis.redact_samples import (
    ANYWHERE,
    IN_TEXT,
    audit,
    container,
    execution,
    fields,
    line,
    v1_execution,
    variable,
)

WORDS = st.text(string.ascii_letters + string.digits, min_size=4, max_size=40).map(lambda text: f"Zq7{text}7qZ")
ANY_TEXT = st.text(min_size=4, max_size=40).map(lambda text: f"Zq7{text}7qZ")


def mask_all(section: str, data: Any) -> Any:
    tokens = TokenBook()
    take_value_facts(section, data, tokens)
    return Masker(tokens).mask_section(section, data)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value]
    return type(value).__name__


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for member in value.values() for text in strings(member)]
    if isinstance(value, list):
        return [text for member in value for text in strings(member)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("place", ANYWHERE)
@given(secret=ANY_TEXT)
@settings(max_examples=25)
def test_a_named_secret_never_survives_whatever_it_holds(place: str, secret: str) -> None:
    section, data = ANYWHERE[place](secret)
    masked = mask_all(section, data)
    assert not any(secret in text for text in strings(masked))
    assert json.dumps(secret)[1:-1] not in json.dumps(masked)
    assert shape(masked) == shape(data)


@pytest.mark.parametrize("place", IN_TEXT)
@given(secret=WORDS)
@settings(max_examples=25)
def test_a_secret_in_a_text_never_survives(place: str, secret: str) -> None:
    section, data = IN_TEXT[place](secret)
    masked = mask_all(section, data)
    assert secret not in json.dumps(masked)
    assert shape(masked) == shape(data)


@pytest.mark.parametrize("place", [*ANYWHERE, *IN_TEXT])
@given(secret=WORDS)
@settings(max_examples=10)
def test_masking_twice_changes_nothing_more(place: str, secret: str) -> None:
    section, data = {**ANYWHERE, **IN_TEXT}[place](secret)
    masked = mask_all(section, data)
    assert mask_all(section, masked) == masked


@pytest.mark.parametrize(
    "written",
    [
        lambda s: s,
        lambda s: quote(s, safe=""),
        lambda s: re.sub("%..", lambda escape: escape[0].lower(), quote(s, safe="")),
        quote_plus,
        lambda s: json.dumps(s)[1:-1],
        lambda s: json.dumps(json.dumps(s)[1:-1])[1:-1],
        lambda s: base64.b64encode(s.encode()).decode(),
        lambda s: base64.b64encode(f"app:{s}".encode()).decode(),
        lambda s: base64.b64encode(f"ab:{s}:more".encode()).decode(),
        lambda s: base64.urlsafe_b64encode(f"user:{s}".encode()).decode(),
    ],
    ids=["plain", "percent", "percent-lower", "plus", "json", "json-twice", "base64", "basic-4", "basic-3", "url-safe"],
)
@given(
    secret=st.text(string.ascii_letters + string.digits + '"\\/:@#?& é', min_size=8, max_size=30).map(
        lambda t: f"Zq7{t}7qZ"
    )
)
@settings(max_examples=25)
def test_a_known_secret_is_found_in_every_form(written: Callable[[str], str], secret: str) -> None:
    tokens = TokenBook()
    take_value_facts("execution", execution(variable("DB_PASSWORD", secret)), tokens)
    text = Masker(tokens).mask_text(f"driver said <{written(secret)}> and ended")
    assert written(secret) not in text
    assert "***(s1)" in text
    assert text.startswith("driver said <")
    assert text.endswith("> and ended")


def test_a_password_of_an_address_is_found_decoded() -> None:
    tokens = TokenBook()
    take_value_facts("execution", execution(variable("DATABASE_URL", "postgres://app:p%40ss%2Fw0rd@h/db")), tokens)
    assert Masker(tokens).mask_text('FATAL: wrong password "p@ss/w0rd"') == 'FATAL: wrong password "***(s2)"'


def test_what_an_address_tells_besides_its_secrets_stays() -> None:
    value = "postgres://app:s3cr3t-pw@10.1.2.3:5432/app?sslmode=require"
    masked = mask_all("execution", execution(variable("DATABASE_URL", value)))
    assert masked["template"]["containers"][0]["env"][1] == {
        "name": "DATABASE_URL",
        "value": "postgres://***(s1):***(s2)@10.1.2.3:5432/app?sslmode=require",
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("redis://:s3cr3t-pw@10.0.0.3:6379/0", "redis://:***(s1)@10.0.0.3:6379/0"),
        ("app:s3cr@t-pw@tcp(10.0.0.1:3306)/app?tls=true", "***(s1):***(s2)@tcp(10.0.0.1:3306)/app?tls=true"),
        ("host=/cloudsql/p:r:i password='a b' dbname=app", "host=/cloudsql/p:r:i password='***(s1)' dbname=app"),
        ("Server=h;Database=app;User Id=sa;Pwd=My Pass 1;", "Server=h;Database=app;User Id=sa;Pwd=***(s1);"),
        ("https://9f8e7d6c5b4a3928@o1.ingest.sentry.io/1", "https://***(s1)@o1.ingest.sentry.io/1"),
        ("postgres://$DB_USER:$DB_PASSWORD@h/db", "postgres://$DB_USER:$DB_PASSWORD@h/db"),
        ("postgres://app:***@h/db", "postgres://app:***@h/db"),
        ("postgres://10.0.0.3:5432/app", "postgres://10.0.0.3:5432/app"),
    ],
)
def test_only_the_secret_part_of_a_value_is_masked(value: str, expected: str) -> None:
    masked = mask_all("execution", execution(variable("DB_DSN", value)))
    assert masked["template"]["containers"][0]["env"][1]["value"] == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_HOST", "/cloudsql/netureyoutube:asia-northeast3:o4o-platform-db"),
        ("DB_USERNAME", "o4o_api"),
        ("DB_NAME", "platform"),
        ("IMAGE", "asia-northeast3-docker.pkg.dev/p/app/api@sha256:" + "0a1b2c3d" * 8),
        ("GIT_SHA", "6e6ee7cec1f2a93158fe4ef464ca11e480f6d12b"),
        ("REQUEST_ID", "6e6ee7ce-c1f2-4931-98fe-4ef464ca11e4"),
        ("DEPLOYED_AT", "2026-01-12T02:00:41.900000Z"),
        ("SERVICE_ACCOUNT", "123456789012-compute@developer.gserviceaccount.com"),
        ("CLIENT_ID", "123456789012-a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6.apps.googleusercontent.com"),
        ("MIGRATIONS", "/app/dist/database/Migrations/1700000000000-InitSchemaV2.js"),
        ("NODE_OPTIONS", "--max-old-space-size=4096 --enable-source-maps"),
        ("DB_PASSWORD_FILE", "/run/secrets/db-password"),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "undefined"),
        ("DB_PASSWORD", "projects/123/secrets/o4o-db-password/versions/latest"),
        ("DB_PASSWORD", "***"),
        ("DB_PASSWORD", "[REDACTED]"),
        ("DB_PASSWORD", "<redacted>"),
        ("DB_PASSWORD", ""),
        ("TOKEN_URL", "https://oauth2.googleapis.com/token"),
        ("SECRET_NAME", "o4o-db-password"),
        ("SKIP_AUTH", "true"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("SESSION_DRIVER", "redis"),
        ("PWD", "/app"),
        ("PRIMARY_KEY", "vehicle_id"),
        ("HOST", "ep-cool-darkness-123456.ap-northeast-2.aws.neon.tech"),
        ("BUCKET", "gke-prod-a1b2c3d4-x5y6"),
        ("FEATURES", "poi.commercial_api,geocode.primary_api,admin_boundary.official_dataset"),
    ],
)
def test_a_value_that_is_no_secret_stays(name: str, value: str) -> None:
    data = execution(variable(name, value))
    assert mask_all("execution", data) == data


@pytest.mark.parametrize(
    "arguments",
    [
        ["node", "dist/migrate.js"],
        ["-c", "npx prisma migrate deploy && node dist/seed.js"],
        ["migrate", "--port=5432", "-p", "8080", "--verbose"],
        ["--set-secrets=DB_PASSWORD=o4o-db-password:latest"],
        ["-path=/migrations", "-database=postgres://$DB_USER:$DB_PASSWORD@$DB_HOST/app", "up"],
        ["mysql", "-h", "h", "-P", "3306", "-p", "app"],
    ],
)
def test_arguments_that_hold_no_secret_stay(arguments: list[str]) -> None:
    data = execution(args=arguments)
    assert mask_all("execution", data) == data


def test_names_of_secrets_are_no_secrets() -> None:
    data = {
        "template": {
            "containers": [
                container(
                    [
                        {
                            "name": "DB_PASSWORD",
                            "valueSource": {"secretKeyRef": {"secret": "o4o-db-password", "version": "latest"}},
                        }
                    ]
                )
            ],
            "volumes": [
                {
                    "name": "keys",
                    "secret": {"secret": "api-private-key", "items": [{"path": "key.pem", "version": "3"}]},
                }
            ],
        },
        "annotations": {"run.googleapis.com/secrets": "db:projects/1/secrets/o4o-db-password"},
    }
    v1 = v1_execution(
        [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "o4o-db-password", "key": "latest"}}}]
    )
    assert mask_all("execution", data) == data
    assert mask_all("logs", audit({"response": v1})) == audit({"response": v1})


def test_the_same_secret_has_the_same_token_in_all_sections() -> None:
    tokens = TokenBook()
    masker = Masker(tokens)
    then, now, other = (execution(variable("DB_PASSWORD", value)) for value in ("hunter2-a", "hunter2-b", "hunter2-a"))
    sections = {"execution": then, "job": now, "baseline": {"execution": other}}
    for name, data in sections.items():
        take_value_facts(name, data, tokens)
    shown = [json.dumps(masker.mask_section(name, data)) for name, data in sections.items()]
    assert ["***(s1)" in text for text in shown] == [True, False, True]
    assert "***(s2)" in shown[1]


def test_a_password_equal_to_a_name_in_plain_sight_does_not_blot_it_out() -> None:
    tokens = TokenBook()
    env = [*variable("DB_PASSWORD", "o4o_platform"), *variable("DB_USER", "o4o_platform")]
    take_value_facts("execution", execution(env), tokens)
    masker = Masker(tokens)
    text = 'password authentication failed for user "o4o_platform"'
    assert masker.mask_text(text) == text
    assert masker.mask_section("execution", execution(env))["template"]["containers"][0]["env"][1]["value"] == "***(s1)"


def test_a_weak_secret_is_masked_as_a_word_only() -> None:
    tokens = TokenBook()
    take_value_facts("execution", execution(variable("DB_PASSWORD", "forge1")), tokens)
    assert Masker(tokens).mask_text("forge1 on forge10-db (xforge1)") == "***(s1) on forge10-db (xforge1)"


def test_a_key_in_a_variable_is_found_line_by_line() -> None:
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"
    tokens = TokenBook()
    take_value_facts(
        "execution",
        execution(variable("SIGNER", f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")),
        tokens,
    )
    assert body not in Masker(tokens).mask_text(f"offset 3: {body}")


def test_a_long_secret_is_found_whole_and_cut_off() -> None:
    secret = '{"type": "service_account", "project_id": "p", "note": "' + "x y " * 2000 + '"}'
    tokens = TokenBook()
    take_value_facts("execution", execution(variable("GOOGLE_CREDENTIALS", secret)), tokens)
    masker = Masker(tokens)
    assert masker.mask_text(f"cannot parse {secret} as a path") == "cannot parse ***(s1) as a path"
    assert masker.mask_text(f"cannot parse {json.dumps(secret)[1:-1]} as a path") == "cannot parse ***(s1) as a path"
    assert masker.mask_text(f"cannot parse {secret[:3000]}") == "cannot parse ***(s1)"
    other = secret[:100] + "something else " + secret[:70]
    assert masker.mask_text(other) == secret[:100] + "something else ***(s1)"


def test_a_huge_value_is_masked_soon() -> None:
    """A pattern of all of it would take minutes to compile."""
    value = "postgres://app:" + "x/" * 250_000 + "@h/db"
    assert mask_all("execution", execution(variable("DB_PASSWORD", value)))["template"]["containers"][0]["env"][1] == {
        "name": "DB_PASSWORD",
        "value": "***(s1)",
    }


def test_a_log_entry_is_masked_in_all_its_parts() -> None:
    masker = Masker(TokenBook())
    entry = LogEntry(0, None, "stderr", "ERROR", {"api-token": "abc-123-def"}, "DB_PASSWORD=hunter2x", None, None, "i")
    assert next(masker.mask_entries((entry,))) == entry._replace(
        labels={"api-token": "***(s1)"}, text="DB_PASSWORD=***(s2)"
    )
    as_json = entry._replace(text=None, labels={}, json={"password": "hunter2x", "n": 1})
    assert next(masker.mask_entries((as_json,))).json == {"password": "***(s2)", "n": 1}
    record = entry._replace(text=None, labels={}, proto={"request": {"env": variable("DB_PASS", "hunter2x")}})
    assert next(masker.mask_entries((record,))).proto == {"request": {"env": variable("DB_PASS", "***(s2)")}}


def test_a_number_that_is_a_password_stays_a_number() -> None:
    assert mask_all("logs", fields({"password": 31337, "tokens": 12, "passwordLength": 12})) == fields(
        {"password": 0, "tokens": 12, "passwordLength": 12}
    )


def test_the_report_says_where_and_how_often() -> None:
    tokens = TokenBook()
    data = execution([*variable("DB_PASSWORD", "hunter2-a"), *variable("DATABASE_URL", "mysql://app:hunter2-b@h/db")])
    take_value_facts("execution", data, tokens)
    masker = Masker(tokens)
    masker.mask_section("execution", data)
    masker.mask_text("with hunter2-a")
    masker.mask_text("again hunter2-a and Bearer 0123456789")
    report = masker.report()
    assert report.items == (
        MaskedItem("execution", "/template/containers/0/env/1/value", "env-value", "s1", 1),
        MaskedItem("execution", "/template/containers/0/env/2/value", "uri-user-info", "s2", 1),
        MaskedItem("execution", "/template/containers/0/env/2/value", "uri-user-info", "s3", 1),
        MaskedItem("logs", "logs", "learned-value", "s1", 2),
        MaskedItem("logs", "logs", "bearer-token", "s4", 1),
    )
    assert report.count == 6


def test_the_report_lists_some_hundred_secrets_of_the_logs_and_counts_the_rest() -> None:
    masker = Masker(TokenBook())
    for number in range(2000):
        masker.mask_text(f"GET https://b/k?sig=a{number}b")
    report = masker.report()
    assert report.count == 2000
    assert len(report.items) == 501
    assert report.items[-1].token is None


def test_json_of_any_depth_is_masked() -> None:
    deep: Any = "postgres://app:hunter2-x@h/db"
    for _ in range(5000):
        deep = {"x": [deep]}
    masked = mask_all("execution", deep)
    for _ in range(5000):
        masked = masked["x"][0]
    assert masked == "postgres://***(s1):***(s2)@h/db"


def test_a_long_line_of_addresses_ends_soon() -> None:
    """Quadratic work would take hours here."""
    text = "postgres://app:hunter2-x@h/db?password=x;Pwd=y " * 20_000
    masked = Masker(TokenBook()).mask_text(text)
    assert "hunter2-x" not in masked
    assert masked.count("@h/db") == 20_000


def test_the_original_is_not_changed() -> None:
    data = {"entries": [*line("password=hunter2x")["entries"], *fields({"password": "hunter2x"})["entries"]]}
    before = json.dumps(data)
    mask_all("logs", data)
    assert json.dumps(data) == before
