"""The traits of values."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.value_traits import traits_of

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("value", "traits"),
    [
        ("", {"empty"}),
        ("  ", {"blank", "leading-space", "trailing-space"}),
        (" x", {"leading-space"}),
        ("x\t", {"trailing-space"}),
        ("x \n", {"trailing-space", "trailing-newline"}),
        ("x\n", {"trailing-newline"}),
        ("x\r\n", {"trailing-newline", "crlf"}),
        ("x\\n", {"trailing-escaped-newline"}),
        ("\ufeffx", {"byte-order-mark"}),
        ("비밀", {"non-ascii"}),
        ("a\x00b", {"control-characters"}),
        ("a\x1b[0m", {"control-characters"}),
        ("caf\ufffd", {"non-ascii", "replacement-character"}),
        ('"x"', {"quoted"}),
        ("'x'", {"quoted"}),
        ('"', set()),
        ("changeme", {"placeholder"}),
        ("your-password-here", {"placeholder"}),
        ("<password>", {"placeholder"}),
        ("${DB_PASSWORD}", {"placeholder", "template"}),
        ("{{ db.password }}", {"placeholder", "template"}),
        ("$DB_PASSWORD", {"placeholder"}),
        ("%(host)s/x", {"template"}),
        ("https://h/${PATH_PREFIX}/x", {"template", "url"}),
        ("/cloudsql/p:r:i", {"socket-path"}),
        ("/cloudsql/p:r:i/.s.PGSQL.5432", {"socket-path"}),
        ("/var/run/mysqld/mysqld.sock", {"socket-path"}),
        ("localhost", {"loopback-host"}),
        ("127.0.0.1:5432", {"loopback-host"}),
        ("::1", {"loopback-host"}),
        ("localhost.example.com", set()),
        ("5432", {"number"}),
        ("-1.5e3", {"number"}),
        ("True", {"boolean"}),
        ('{"a": 1}', {"json"}),
        ("[1, 2", {"broken-json"}),
        ("{'a': 1}", {"broken-json"}),
        ("[" * 100_000, {"broken-json"}),
        (base64.b64encode(b"some bytes, not a word").decode(), {"base64"}),
        ("base64:" + base64.b64encode(bytes(range(32))).decode(), {"base64"}),
        ("0a1b2c3d" * 4, set()),
        ("internationalization", set()),
        (PEM, {"pem", "trailing-newline"}),
        (PEM.strip().replace("\n", "\\n"), {"pem", "broken-pem"}),
        (PEM.strip().replace("\n", " "), {"pem", "broken-pem"}),
        (PEM[:60], {"pem", "broken-pem"}),
        ("MIIE\n-----END PRIVATE KEY-----", {"broken-pem"}),
        ("projects/1/secrets/db-password/versions/latest", {"secret-name"}),
        ("sm://project/db-password", {"secret-name", "url"}),
        ("production", set()),
    ],
)
def test_traits_of_values(value: str, traits: set[str]) -> None:
    assert set(traits_of(value)) == traits


DATABASE = {"url", "url-with-user", "url-with-password"}


@pytest.mark.parametrize(
    ("value", "traits"),
    [
        ("postgres://app:pw@10.1.2.3:5432/app?sslmode=require", DATABASE),
        ("postgres://app:pw@10.1.2.3:5432", DATABASE | {"url-without-database"}),
        ("mysql://app:pw@10.1.2.3/", DATABASE | {"url-without-database"}),
        ("postgres://app@h/db", {"url", "url-with-user", "url-without-password"}),
        ("postgres://app:@h/db", {"url", "url-with-user", "url-without-password"}),
        ("postgres://h/db", {"url", "url-without-password"}),
        ("postgres:///db", {"url", "url-without-password", "url-without-host"}),
        ("postgres://app:pw@/db", DATABASE | {"url-without-host"}),
        ("postgres://app:pw@/db?host=/cloudsql/p:r:i", DATABASE | {"socket-path"}),
        ("postgres://app:pw@localhost/db", DATABASE | {"loopback-host"}),
        ("postgres://app:pw@[::1]:5432/db", DATABASE | {"loopback-host"}),
        ("postgres://app:p@ss@h/db", DATABASE | {"unescaped-characters"}),
        ("postgres://app:p/ss@h/db", DATABASE | {"unescaped-characters"}),
        ("postgres://app:p#ss@h/db", DATABASE | {"unescaped-characters"}),
        ("postgres://app:p?ss@h/db", DATABASE | {"unescaped-characters"}),
        ("postgres://app:p:ss@h/db", DATABASE | {"unescaped-characters"}),
        ("postgres://app:p[ss@h/db", DATABASE | {"unescaped-characters"}),
        ("postgres://app:p ss@h/db", DATABASE | {"unescaped-characters"}),
        ("postgres://app:p%ss@h/db", DATABASE | {"unescaped-characters", "invalid-percent-escape"}),
        ("postgres://app:p%40ss@h/db", DATABASE),
        ("postgres://app:pw@h:port/db", DATABASE | {"invalid-port"}),
        ("postgres://app:pw@h:99999/db", DATABASE | {"invalid-port"}),
        ("postgres://app:pw@h:/db", DATABASE),
        ("mongodb+srv://app:pw@h/db", DATABASE),
        ("mongodb://app:pw@h1:27017,h2:27017/db?replicaSet=rs0", DATABASE),
        ("jdbc:postgresql://h:5432/db?user=app&password=x", {"url"}),
        ("jdbc:mysql:///db?cloudSqlInstance=p:r:i&socketFactory=com.google.cloud.sql.mysql.SocketFactory", {"url"}),
        ("https://example.com/a", {"url"}),
        ("sqlite:///app/db.sqlite", {"url"}),
        ("redis://:pw@10.0.0.3:6379", {"url", "url-with-password"}),
        ('"postgres://app:pw@h/db"', DATABASE | {"quoted"}),
        ("postgres://app:pw@h/db\n", DATABASE | {"trailing-newline"}),
        ("postgres://***(s1):***(s2)@h/db", DATABASE | {"masked"}),
        ("//app:pw@h/db", {"url-without-scheme"}),
        ("app:pw@h:5432/db", {"url-without-scheme"}),
        ("10.0.0.3:5432/app", {"url-without-scheme"}),
        ("postgres:app:pw@h/db", {"url-without-scheme"}),
        ("10.0.0.3", {"url-without-scheme"}),
        ("app:pw@tcp(10.0.0.1:3306)/app", set()),
        ("host=/cloudsql/p:r:i user=app", {"socket-path"}),
        ("Server=h;Database=app;", set()),
        ("sqlite::memory:", set()),
        ("mysql:host=10.0.0.1;dbname=app", set()),
    ],
)
def test_traits_of_addresses(value: str, traits: set[str]) -> None:
    assert set(traits_of(value, "DATABASE_URL")) == traits


def test_a_scheme_is_expected_only_where_the_name_says_address() -> None:
    assert traits_of("10.0.0.3", "DB_HOST") == ()
    assert traits_of("10.0.0.3:5432/app", "DB_HOST") == ("url-without-scheme",)


@given(st.text(max_size=200), st.sampled_from(["", "DATABASE_URL", "X"]))
def test_any_text_has_traits_each_said_once(value: str, name: str) -> None:
    traits = traits_of(value, name)
    assert len(set(traits)) == len(traits)
    assert ("empty" in traits) == (value == "")
