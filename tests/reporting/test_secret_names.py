"""Which names say that a value is secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.secret_names import Secrecy, secrecy_of

STRONG = (
    "password passwd DB_PASSWORD db-password dbPassword PGPASSWORD MYSQL_PWD Pwd DB_PASS smtp.pass passphrase "
    "client_secret CLIENT_SECRET_STAGING SECRET_KEY_BASE JWT_SECRET apiKey API_KEY x-api-key APIKey "
    "aws_secret_access_key privateKey PRIVATE_KEY_PEM APP_KEY RAILS_MASTER_KEY accessToken GITHUB_TOKEN NPM_TOKEN "
    "auth_token AWS_SESSION_TOKEN credentials DB_CREDENTIALS creds authorization Set-Cookie cookie AccountKey "
    "SharedAccessSignature PASSWORD_2 SECRET"
)
WEAK = "token key auth session salt signature keys CACHE_SALT unexpected_token SECRETS next-page-token"
NONE = (
    "PWD OLDPWD PASSWORD_FILE password_length PASSWORD_MIN_LENGTH TOKEN_URL SECRET_NAME secretKeyRef "
    "SESSION_DRIVER KEY_ID primary_key foreignKey PUBLIC_KEY partition-key cache_key GPG_KEY TOKEN_EXPIRY set-secrets "
    " DB_HOST DB_USER NODE_ENV passenger compass keyboard monkey tokenizer author SECRET_VERSION "
    "COOKIE_DOMAIN AUTH_METHOD executionName"
)


@pytest.mark.parametrize("name", STRONG.split())
def test_names_of_secrets(name: str) -> None:
    assert secrecy_of(name) is Secrecy.STRONG


@pytest.mark.parametrize("name", WEAK.split())
def test_names_that_leave_it_to_the_value(name: str) -> None:
    assert secrecy_of(name) is Secrecy.WEAK


@pytest.mark.parametrize("name", NONE.split())
def test_names_that_say_nothing_or_say_where_a_secret_is(name: str) -> None:
    assert secrecy_of(name) is Secrecy.NONE


@given(st.text(max_size=300))
def test_any_text_can_be_asked_for(name: str) -> None:
    assert secrecy_of(name) in Secrecy
