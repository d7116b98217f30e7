"""Which names of variables, options, headers and JSON keys say that their value is a secret."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

_WORD_BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that qualify a secret and do not change that it is one: SECRET_KEY_BASE, CLIENT_SECRET_STAGING, PASSWORD_2.
_QUALIFIERS = _words(
    "backup base base64 current default dev development encoded hash json new next old pem plain prev previous prod "
    "production raw stage staging string test text value"
)
_STRONG_ENDINGS = (
    *("password", "passwd", "passphrase", "passcode", "passwords"),
    *("secret", "credential", "credentials", "creds", "authorization", "cookie"),
    *("apikey", "apikeys", "privatekey", "secretkey", "accesskey", "encryptionkey", "masterkey", "accountkey"),
    *("accesstoken", "authtoken", "refreshtoken", "idtoken", "sessiontoken", "sharedaccesssignature"),
)
_STRONG_LAST_WORDS = frozenset({"pass", "pwd", "psw"})
# What stands before "key" or "token" and leaves no doubt.
_STRONG_BEFORE_KEY = _words(
    "access account admin api app auth client deploy encryption hmac jwt license master private rsa secret service "
    "shared signing ssh storage webhook"
)
_STRONG_BEFORE_TOKEN = _words(
    "access api app auth bearer bot client csrf deploy github gitlab id npm oauth personal pypi refresh security "
    "service session slack vault"
)
_WEAK_LAST_WORDS = _words("auth key keys pass salt secrets session sig signature token tokens")
_PUBLIC_BEFORE_KEY = _words(
    "cache foreign gpg group idempotency index lookup object partition primary pub public publishable routing row "
    "sharding sort unique"
)
# The shell's own variables; `Pwd=` of a connection string is a password.
_WORKING_DIRECTORIES = frozenset({"PWD", "OLDPWD"})
# `--set-secrets=DB_PASSWORD=db-password:latest` names secrets.
_BEFORE_NAMES_OF_SECRETS = _words("clear mount remove set update")


class Secrecy(IntEnum):
    """What a name says about its value."""

    NONE = 0
    # Often a secret, often an ordinary word: `token`, `key`, `session`, `salt`. The value decides.
    WEAK = 1
    # `password`, `client_secret`, `API_KEY`: a secret whatever the value looks like.
    STRONG = 2


@lru_cache(maxsize=4096)
def secrecy_of(name: str) -> Secrecy:
    """What `name` says about the value beside it.

    The last word counts: DB_PASSWORD is a secret; PASSWORD_FILE, TOKEN_URL and SECRET_NAME say where or what one is.
    """
    if name in _WORKING_DIRECTORIES:
        return Secrecy.NONE
    words = tuple(word.lower() for word in _WORD_BREAKS.split(name[-128:]) if word)
    while len(words) > 1 and (words[-1] in _QUALIFIERS or words[-1].isdigit()):
        words = words[:-1]
    if not words:
        return Secrecy.NONE
    last = words[-1].rstrip("0123456789") or words[-1]
    before = words[-2] if len(words) > 1 else ""
    if _is_strong(last, before) or "".join(words[-3:]).endswith(_STRONG_ENDINGS):
        return Secrecy.STRONG
    if (last in {"key", "keys"} and before in _PUBLIC_BEFORE_KEY) or (
        last == "secrets" and before in _BEFORE_NAMES_OF_SECRETS
    ):
        return Secrecy.NONE
    if last in _WEAK_LAST_WORDS:
        return Secrecy.WEAK
    return Secrecy.WEAK if last.endswith(("token", "_key", "secretid")) else Secrecy.NONE


def _is_strong(last: str, before: str) -> bool:
    if last.endswith(_STRONG_ENDINGS):
        return True
    if last in _STRONG_LAST_WORDS:
        return bool(before) or last != "pass"
    if last in {"key", "keys"}:
        return before in _STRONG_BEFORE_KEY
    return last in {"token", "tokens"} and before in _STRONG_BEFORE_TOKEN
