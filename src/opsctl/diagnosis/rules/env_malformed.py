"""A variable, URL or secret value is set and cannot be used

What is wrong
-------------
The value is there, and the program or its driver cannot read it: a connection URL whose password holds characters that
have to be written as %XX, a port that is not a number, a URL without scheme or host, JSON or base64 that does not
parse, a key whose line ends were lost, quotes that became part of the value, a placeholder nobody replaced, a newline
at the end of a secret. Such values often come from a shell: `echo` adds a newline, quotes are kept or eaten, commas and
dollar signs are split or expanded by `--set-env-vars`.

How it is recognised
--------------------
- URLs: "Invalid URL", P1013 and "the URL must start with the protocol" (Prisma), "getaddrinfo ENOTFOUND base"
  (node-postgres), "Could not parse SQLAlchemy URL", "invalid port ... after host" and "invalid userinfo" (Go),
  "cannot parse ... failed to parse as URL" (pgx), "invalid DSN" (MySQL), "claims to not accept jdbcUrl" (HikariCP),
  "Format of the initialization string" (.NET), "bad URI" (Ruby), MongoParseError, "contains unescaped characters".
- Hosts that a resolver does not find because they are none: with a port, a scheme, an "@" or a blank in them.
- Cloud Run itself: "Secret ... for environment variable ... contains non-UTF8 data".
- Keys and documents: "DECODER routines::unsupported", "no start line", "Failed to parse private key", "Incorrect
  padding", JSON errors next to credentials, "Invalid character in header content".
- Values of settings: "must be a number", ERR_SOCKET_BAD_PORT, "Failed to bind properties", "invalid literal for int()".
- The value itself, as far as it was looked at before masking: unescaped characters, a newline at the end, quotes.

Look-alikes
-----------
- Nothing is set at all, or "undefined" stands where a host should: env-missing. A host that is well written and does
  not resolve: network-unreachable.
- A password that parses and is refused: db-auth-failed. A wrong dialect or data source: migration-config-invalid.
- JSON of an answer over the network, or of the program's input: application-error.

Remedy
------
Write the value anew: percent-encode user and password, give the complete URL, store keys as files of a secret or with
real line ends, and create secret versions with `printf %s` and not with `echo`.

Sources
-------
nodejs/node url.js; pg-connection-string; prisma-engines; sqlalchemy url.py; golang net/url; pgx; go-sql-driver; libpq
fe-connect.c; HikariCP; dotnet System.Data.Common; mongodb-connection-string-url; openssl; firebase-admin-node; h11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import EnvVar, Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.env_malformed_signs import SIGNS_NODE
from opsctl.diagnosis.rules.env_malformed_signs_drivers import (
    SIGNS_DOTNET,
    SIGNS_GO,
    SIGNS_JVM,
    SIGNS_LIBPQ,
    SIGNS_OTHERS,
)
from opsctl.diagnosis.rules.env_malformed_signs_python import SIGNS_PYTHON
from opsctl.diagnosis.rules.program_mentions import settings_complaint, spoken
from opsctl.diagnosis.rules.resolver_host_signs import SIGNS_HOST_MALFORMED

# What no reader of the value accepts, and what some trim or mean.
_BROKEN = (
    "unescaped-characters",
    "invalid-percent-escape",
    "invalid-port",
    "url-without-host",
    "broken-json",
    "control-characters",
    "crlf",
    "byte-order-mark",
    "replacement-character",
)
_DOUBTFUL = (
    "trailing-newline",
    "trailing-escaped-newline",
    "leading-space",
    "trailing-space",
    "quoted",
    "placeholder",
    "broken-pem",
    "template",
    "secret-name",
)
_CONNECTION = re.compile(
    r"URL|URI|DSN|HOST|PORT|PASS|PWD|USER|SECRET|TOKEN|KEY|CRED|CERT|CONN|DATABASE|DB_|BUCKET|SOCKET|INSTANCE|JSON",
    re.IGNORECASE,
)
_MOST_CLUES = 4


def look(facts: Facts) -> Iterator[Clue]:
    """What was seen in values before they were masked, most telling first."""
    clues = [clue for variable in facts.execution.env for clue in _value_clues(facts, variable)]
    order = [Weight.DECISIVE, Weight.STRONG, Weight.MODERATE, Weight.WEAK]
    yield from sorted(clues, key=lambda clue: order.index(clue.weight))[:_MOST_CLUES]
    complaint = settings_complaint(
        facts,
        "Input should be|unable to (?:parse|interpret)|not a valid|[Ii]nvalid "
        "(?:port|URL)|type=(?:type|value)_error\\b(?!\\.missing)",
    )
    if complaint is not None:
        yield Clue("settings_field", Weight.STRONG, (complaint,))
    yield from _composed(facts)
    changed = [change for change in facts.baseline.changed("env-changed") if _CONNECTION.search(change.name)]
    for change in changed[:1]:
        yield Clue("changed_since_success", Weight.WEAK, (change.pointer,), values={"variable": change.name})


def _composed(facts: Facts) -> Iterator[Clue]:
    """A password from a secret beside a URL without one: a script puts them together, and nothing escapes the password.
    Only where a handshake broke off without a word why."""
    broken = next(spoken(facts, "bad connection", "broken pipe", "handshake", "unexpected eof"), None)
    bare = [v for v in facts.execution.env if v.value and "://" in v.value and "@" not in v.value and not v.is_masked]
    secret = [v for v in facts.execution.env if v.secret and "PASS" in v.name.upper()]
    if broken is not None and bare and secret:
        values = {"url": bare[0].name, "password": secret[0].name}
        yield Clue("composed_url", Weight.WEAK, (bare[0].pointer, secret[0].pointer), values=values)


def _value_clues(facts: Facts, variable: EnvVar) -> Iterator[Clue]:
    traits = [trait for trait in (*_BROKEN, *_DOUBTFUL) if trait in variable.traits]
    if "url-without-scheme" in variable.traits and re.search(r"(?:URL|URI|DSN)$", variable.name):
        traits.append("url-without-scheme")
    if not traits:
        return
    trait = traits[0]
    named = re.compile(rf"\b{re.escape(variable.name)}\b")
    said = next((message for message in spoken(facts, variable.name) if named.search(message.text)), None)
    weight = Weight.STRONG if trait in _BROKEN or said is not None else Weight.MODERATE
    if said is None and not _CONNECTION.search(variable.name):
        weight = Weight.WEAK
    where = (variable.pointer,) if said is None else (variable.pointer, said.pointer)
    yield Clue(trait.replace("-", "_"), weight, where, values={"variable": variable.name})


RULE = Rule(
    cause="env-malformed",
    family="program",
    stage=Stage.CONFIGURE,
    signs=(
        *SIGNS_HOST_MALFORMED,
        *SIGNS_NODE,
        *SIGNS_PYTHON,
        *SIGNS_LIBPQ,
        *SIGNS_GO,
        *SIGNS_JVM,
        *SIGNS_DOTNET,
        *SIGNS_OTHERS,
    ),
    codes=(
        Codes("prisma", Weight.DECISIVE, ("P1013",)),
        Codes("node", Weight.DECISIVE, ("ERR_SOCKET_BAD_PORT", "ERR_INVALID_CHAR")),
        Codes("node", Weight.STRONG, ("ERR_OSSL_UNSUPPORTED",)),
        Codes("node", Weight.MODERATE, ("ERR_INVALID_URL",)),
    ),
    look=look,
    remedies=(
        Remedy(
            "encode_value",
            Risk.REVERSIBLE,
            (
                "python3 -c 'import getpass, urllib.parse as u; print(u.quote(getpass.getpass(), safe=\"\"))'",
                "gcloud run jobs update {job} --project={project} --region={region} --update-env-vars='^@^NAME=VALUE'",
            ),
        ),
        Remedy(
            "new_secret_version",
            Risk.REVERSIBLE,
            ('printf %s "$VALUE" | gcloud secrets versions add {secret} --project={project} --data-file=-',),
        ),
        Remedy(
            "parts_instead_of_url",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --project={project} --region={region} "
                "--update-env-vars=PGHOST=HOST,PGUSER=USER,PGDATABASE=DATABASE "
                "--update-secrets=PGPASSWORD=SECRET:latest",
            ),
            is_workaround=True,
        ),
    ),
    check=Check(
        "secrets", "gcloud secrets versions access latest --secret {secret} --project={project} | tail -c 1 | xxd"
    ),
)
