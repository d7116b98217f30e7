"""The database rejects the user or the password

What is wrong
-------------
The connection to the server stands, and the server does not let this user in: the password is wrong or empty, the user
does not exist, may not log in, or may not come from this host. After a rotation the secret and the database often hold
different passwords, because only one of them was changed. A newline at the end of a secret is part of the password.

How it is recognised
--------------------
- PostgreSQL: "password authentication failed for user", SQLSTATE 28P01, "no password supplied", SCRAM texts of drivers.
- MySQL: "Access denied for user ... (using password: YES)", 1045, 1698, an authentication plugin the client lacks.
- SQL Server 18456, Oracle ORA-01017, MongoDB "Authentication failed", Redis NOAUTH and WRONGPASS, Prisma P1000.
- A secret version that was created after the last success, a changed user, an empty password or one with a newline.

Look-alikes
-----------
- "no pg_hba.conf entry ... no encryption" asks for TLS, not for another password: db-tls-mismatch.
- "Access denied for user ... to database" lets the user in and denies the database: db-privilege-missing.
- "Cannot open database ... The login failed": the login is right and the database is not there: db-not-found.
- "(using password: NO)" and "no password supplied": no password was sent, so its variable is missing: env-missing.
- A URL with unescaped characters cuts the password: env-malformed. A password variable that is not set: env-missing.
- A Google API that answers 403 before the database is asked: iam-permission-denied.

Remedy
------
Compare the user with the users of the instance, set the password on one side so that both agree, and take the secret's
version that holds it. For IAM authentication add the service account as a database user.

Sources
-------
PostgreSQL src/backend/libpq/auth.c; MySQL error reference; SQL Server event 18456; MongoDB error codes; Redis ACL
documentation; driver sources named at each sign; Cloud SQL documentation on users and IAM authentication.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.connection_settings import changed_settings
from opsctl.diagnosis.rules.db_auth_failed_signs import SIGNS_MYSQL, SIGNS_OTHERS, SIGNS_POSTGRES

_CREDENTIAL = r"PASS|PWD|DATABASE_URL|DB_URL|DB_URI|DATABASE_URI|POSTGRES_URL|MYSQL_URL|MONGO\w*UR[IL]|REDIS_URL"
_PASSWORD = re.compile(r"PASS(?:WORD|WD)?$|PWD$|PGPASSWORD|_PASS_?", re.IGNORECASE)
_USER = r"(?:DB|DATABASE|PG|POSTGRES\w*|MYSQL|SQL\w*)_?USER(?:NAME)?$|^PGUSER$"
_DAY_NS = 86_400 * 10**9


def look(facts: Facts) -> Iterator[Clue]:
    """Passwords that are empty or end in a newline, secrets that were renewed, users that were changed."""
    if facts.seen("value_facts") or facts.seen("execution"):
        yield from _password_shape(facts)
    yield from _renewed_secrets(facts)
    changes = [
        change
        for change in changed_settings(facts.baseline, f"{_CREDENTIAL}|{_USER}")
        if change.what != "secret-version"
    ]
    if changes:
        yield Clue(
            "credentials_changed",
            Weight.MODERATE,
            tuple(change.pointer for change in changes),
            values={"name": changes[0].name},
        )


def _password_shape(facts: Facts) -> Iterator[Clue]:
    for variable in facts.execution.env:
        if not _PASSWORD.search(variable.name):
            continue
        if "trailing-newline" in variable.traits:
            yield Clue("password_newline", Weight.MODERATE, (variable.pointer,), values={"variable": variable.name})
        if "empty" in variable.traits:
            yield Clue("password_empty", Weight.MODERATE, (variable.pointer,), values={"variable": variable.name})


def _renewed_secrets(facts: Facts) -> Iterator[Clue]:
    """Secret versions that are younger than the last success, or than a day when there is none to compare with."""
    started = facts.execution.created_ns or facts.execution.started_ns
    if not facts.seen("secrets") or started is None:
        return
    since = facts.baseline.completed_ns if facts.baseline.completed_ns is not None else started - _DAY_NS
    named = {variable.secret.split("/")[-1]: variable for variable in facts.execution.env if variable.secret}
    for secret in facts.secrets:
        variable = named.get(secret.name.split("/")[-1])
        is_credential = variable is not None and re.search(_CREDENTIAL, variable.name, re.IGNORECASE)
        if is_credential and secret.created_ns is not None and since < secret.created_ns <= started:
            yield Clue(
                "secret_renewed",
                Weight.MODERATE,
                (secret.pointer,),
                values={"secret": secret.name, "version": secret.resolved_version or secret.version},
            )


RULE = Rule(
    cause="db-auth-failed",
    family="database",
    stage=Stage.SESSION,
    signs=(*SIGNS_POSTGRES, *SIGNS_MYSQL, *SIGNS_OTHERS),
    codes=(
        Codes("sqlstate", Weight.DECISIVE, ("28P01",)),
        Codes("sqlstate", Weight.MODERATE, ("28000",)),
        # 1045 also says that no password came: the sign reads which.
        Codes("mysql", Weight.MODERATE, ("1045",)),
        Codes("mysql", Weight.DECISIVE, ("1698",)),
        Codes("mysql", Weight.STRONG, ("1130", "1251", "2059", "1862", "3118", "1820")),
        Codes("node", Weight.MODERATE, ("ER_ACCESS_DENIED_ERROR",)),
        Codes("node", Weight.STRONG, ("ER_NOT_SUPPORTED_AUTH_MODE",)),
        Codes("mssql", Weight.STRONG, ("18456", "18452", "18470", "18487", "18488")),
        Codes("oracle", Weight.DECISIVE, ("01017", "28000", "28001", "01005")),
        Codes("prisma", Weight.DECISIVE, ("P1000",)),
    ),
    look=look,
    yields_to=("db-tls-mismatch", "db-not-found", "env-missing"),
    remedies=(
        Remedy(
            "list_users",
            Risk.READ_ONLY,
            (
                "gcloud sql users list --instance=INSTANCE --project={project}",
                "gcloud secrets versions list {secret} --project={project}",
            ),
        ),
        Remedy(
            "reset_password",
            Risk.REVERSIBLE,
            (
                "gcloud sql users set-password DB_USER --instance=INSTANCE --project={project} --prompt-for-password",
                'printf %s "$NEW_PASSWORD" | gcloud secrets versions add {secret} --project={project} --data-file=-',
            ),
        ),
        Remedy(
            "pin_version",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --project={project} --region={region} "
                "--update-secrets=DB_PASSWORD={secret}:VERSION",
            ),
            is_workaround=True,
        ),
    ),
    check=Check("secrets", "gcloud secrets versions list {secret} --project={project} --limit=5"),
)
