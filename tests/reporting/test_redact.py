"""No secret gets through."""

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.redact import MASK, Redactor, redact

PASSWORDS = st.text(string.ascii_letters + string.digits + "%/:?#[]!$&()*+,=-._~@|{}^", min_size=6, max_size=40)
URL_SAFE = st.text(string.ascii_letters + string.digits + "-_.~%+/=", min_size=8, max_size=60).filter(
    lambda text: "***" not in text
)


def canary(text: str) -> str:
    """A secret that cannot stand in the text around it by chance."""
    return f"Zq7{text}Zq7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mongodb://user:pass@h1,h2/db?replicaSet=rs0", "mongodb://***@h1,h2/db?replicaSet=rs0"),
        ("mongodb+srv://user:pa/ss@h/db", "mongodb+srv://***@h/db"),
        ("postgresql://u:p@h:5432/d and redis://:x@h", "postgresql://***@h:5432/d and redis://***@h"),
        ("https://u:p@h/img@2x.jpg", "https://***@h/img@2x.jpg"),
        ("https://cdn/img@2x.jpg?w=3", "https://cdn/img@2x.jpg?w=3"),
        (
            "https://b/k?X-Amz-Algorithm=A&X-Amz-Signature=ff&w=3#f",
            "https://b/k?X-Amz-Algorithm=***&X-Amz-Signature=***&w=3#f",
        ),
        ("https://b/k?x-goog-signature=ff", "https://b/k?x-goog-signature=***"),
        ("https://b/k?a=1&amp;Signature=ff&amp;b=2", "https://b/k?a=1&amp;Signature=***&amp;b=2"),
        ("https://b/k?sv=1&sig=a%2Fb", "https://b/k?sv=1&sig=***"),
        ("Authorization: Bearer abc.def\nHost: h", "Authorization: ***\nHost: h"),
        (
            "{'authorization': 'AWS4-HMAC-SHA256 Credential=A/b, Signature=ff', 'Host': 'h'}",
            "{'authorization': '***', 'Host': 'h'}",
        ),
        ("Set-Cookie: id=1; Path=/", "Set-Cookie: ***"),
        ("sent Bearer abcdefgh123", "sent Bearer ***"),
        ('{"password": "a\\"b", "user": "u"}', '{"password": "***", "user": "u"}'),
        ("MONGO_PASSWORD=hunter2 HOME=/root", "MONGO_PASSWORD=*** HOME=/root"),
        ("aws_secret_access_key = 'abc/def'", "aws_secret_access_key = '***'"),
        ("a -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- b", "a *** b"),
        ('"-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY-----\\n"', '"***\\n"'),
        ("cut off: -----BEGIN EC PRIVATE KEY-----\nMIIE", "cut off: ***"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2lnbmF0dXJl", "jwt ***"),
        ("token ghp_abcdefghijklmnopqrstuvwxyz0123456789", "token ***"),
        ("app:s3cr@t@tcp(10.0.0.1:3306)/db", "***@tcp(10.0.0.1:3306)/db"),
        ("jdbc:oracle:thin:app/pw@//h:1521/s", "jdbc:oracle:thin:***@//h:1521/s"),
        ("https://p/?to=postgres://u:p@h/d", "https://p/?to=postgres://***@h/d"),
        ("Server=h;User Id=sa;Password=My Pass;x=1", "Server=h;User Id=sa;Password=***;x=1"),
        ('{"cookie":"sid=abc"}', '{"cookie":"***"}'),
        ('{\\"password\\":\\"hunter2\\",\\"x\\":1}', '{\\"password\\":\\"***\\",\\"x\\":1}'),
        (':password=>"hunter2", :user=>"u"', ':password=>"***", :user=>"u"'),
        ("password: hunter2", "password: ***"),
        ('request.headers["x-api-key"] == "hunter2" && x', 'request.headers["x-api-key"] == "***" && x'),
        ('{"if": "password === \\"hunter2\\""}', '{"if": "password === \\"***\\""}'),
        ("if (password != 'hunter2')", "if (password != '***')"),
        ("password == expected, token === undefined", "password == expected, token === undefined"),
        ('if the key == "primary"', 'if the key == "primary"'),
        ("ALTER ROLE app WITH PASSWORD 'abc' VALID", "ALTER ROLE app WITH PASSWORD '***' VALID"),
        ("mysql -h h -pS3cret app", "mysql -h h -p*** app"),
        ("id AKIA0123456789ABCDEF", "id ***"),
        ("xoxb-123456789012-abcdef", "***"),
        ("token=a1B2c3D4e5F6g7H8i9", "token=***"),
    ],
)
def test_what_is_secret_is_masked(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "현대 아반떼 2024, 3 images",
        "password: the secret has a trailing newline",
        "the key images/danawa_vehicle_data/65a/색상/abc.jpg",
        "user@example.com wrote",
        "https://img.example/a.jpg?id=3&w=640",
        "secretKeyRef my-secret in namespace x",
        "basic auth is off",
        "Basic authentication failed",
        "Authorization: the caller lacks a right",
        "file:///app/node_modules/@prisma/client/index.js",
        "docker://localhost:5000/app@sha256:0a1b2c3d",
        "syntax error at or near token=SELECT",
        "PWD=/app DB_PASSWORD=undefined",
        "--set-secrets=DB_PASSWORD=db-password:latest",
        "postgres://$DB_USER:$DB_PASSWORD@h/db",
        "Can't locate revision identified by '29b539ebc72a'",
        "DB_PASSWORD=***(s1) postgres://***(s2):***(s3)@h/db [REDACTED]",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(PASSWORDS, st.sampled_from(["mongodb", "mongodb+srv", "postgresql", "redis", "amqp"]))
def test_no_password_of_a_database_address_gets_through(password: str, scheme: str) -> None:
    secret = canary(password)
    assert secret not in redact(f"cannot connect to {scheme}://user:{secret}@host.example:27017/db?x=1 (timeout)")


@given(PASSWORDS)
def test_no_password_of_a_web_address_gets_through(password: str) -> None:
    secret = canary(quote(password, safe=""))
    assert secret not in redact(f"GET https://user:{secret}@host/path@2x.jpg failed")


@given(
    URL_SAFE,
    st.sampled_from(
        ["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "Signature", "sig", "X-Goog-Signature"]
    ),
)
def test_no_signature_gets_through(value: str, name: str) -> None:
    secret = canary(value)
    assert secret not in redact(f"https://bucket.s3.amazonaws.com/key?w=1&{name}={secret}&h=2")


@given(URL_SAFE, st.sampled_from(["Bearer ", "Basic ", "AWS4-HMAC-SHA256 Credential=A/20260112, Signature=", ""]))
def test_no_authorization_gets_through(value: str, scheme: str) -> None:
    secret = canary(value)
    for text in (
        f"Authorization: {scheme}{secret}",
        f"{{'Authorization': '{scheme}{secret}', 'x': 1}}",
        f'"authorization":"{scheme}{secret}"',
    ):
        assert secret not in redact(text)


@given(st.text(string.ascii_letters + string.digits + "+/=\n", min_size=10, max_size=200))
def test_no_key_block_gets_through(body: str) -> None:
    secret = canary(body)
    assert secret not in redact(f"x\n-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\ny")


ADDRESSES = ("mongodb://u:p@h", "https://a:b@c/d@2x", "?sig=", "&X-Amz-Signature=ff", "x", "://", "@", "=", ":")
WORDS = (
    "password=",
    "secret",
    "***",
    "Bearer abcdefghi",
    "eyJabcdefgh.a.b",
    "Authorization: ",
    "\\",
    "'",
    '"',
    " ",
    "{",
    "\n",
)
KEY_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
BLOCKS = (
    "-----BEGIN A-----",
    "-----END A-----",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----END PRIVATE KEY-----",
    KEY_LINE,
)
PIECES = st.sampled_from(ADDRESSES + WORDS + BLOCKS)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(), st.sets(st.text(min_size=4, max_size=12), max_size=3), st.text())
def test_literal_secrets_are_masked_wherever_they_stand(before: str, secrets: set[str], after: str) -> None:
    redactor = Redactor(secrets)
    cleaned = redactor("".join(f"{before}{secret}{after}" for secret in sorted(secrets)))
    for secret in secrets:
        if set(secret) - set(MASK):
            assert secret not in cleaned.replace(MASK, "\0")


def test_a_redactor_learns() -> None:
    redactor = Redactor()
    assert redactor("hunter2") == "hunter2"
    redactor.learn({"hunter2", "abc"})
    assert redactor("hunter2 abc") == "*** abc"
    redactor.learn({"hunter2-longer"})
    assert redactor("hunter2-longer") == "***"


@pytest.mark.parametrize(
    "unit",
    ["a-", "a.a", "://", "http://", "secret", "authorization", "&sig=", "eyJaaaaaaaaa", "x:/", "-----BEGIN A-----"],
)
def test_a_long_hostile_text_is_done_in_linear_time(unit: str) -> None:
    """With a quadratic pattern these texts take minutes; nothing of them is longer afterwards than a mask for each
    unit."""
    assert len(redact(unit * 20_000)) <= 20_000 * (len(unit) + len(MASK))
