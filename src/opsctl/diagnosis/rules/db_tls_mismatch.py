"""Client and server do not agree on TLS

What is wrong
-------------
The server demands an encrypted connection and the program opens a plain one; or the program demands encryption and the
server, or the Unix socket, has none; or the program checks the server's certificate and does not know who signed it, or
finds another host name in it. The network and the password are fine: nobody looked at the password yet.

How it is recognised
--------------------
- PostgreSQL: "no pg_hba.conf entry ... no encryption" (older: "SSL off"), "server does not support SSL", missing root
  certificate, "connection requires a valid client certificate".
- MySQL: 2026, 3159 "insecure transport are prohibited", "Public Key Retrieval is not allowed" on a plain connection.
- SQL Server: SSL Provider errors, "issued by an authority that is not trusted"; drivers since 2021 encrypt by default.
- Certificates: "self-signed certificate in certificate chain", "unable to verify the first certificate", "signed by
  unknown authority", PKIX path building failed, altnames that do not match.
- A Cloud SQL socket together with sslmode=require: the socket is already encrypted and offers no TLS of its own.

Look-alikes
-----------
- "no pg_hba.conf entry" with "SSL on": user, database or network are not allowed (db-auth-failed).
- Certificate errors of a package manager or of an exporter of traces do not concern the database.
- A handshake that ends with EOF can be an instance that restarts.

Remedy
------
Make both sides say the same: sslmode=require (or the driver's equivalent) where the server demands it, the server's CA
where the certificate is checked, and no TLS setting on a Cloud SQL socket. Switching off the check keeps the encryption
and loses the proof of who answers.

Sources
-------
PostgreSQL auth.c and libpq; MySQL error reference 2026 and 3159; Microsoft.Data.SqlClient; OpenSSL verification texts;
Go crypto/x509; Cloud SQL documentation on SSL/TLS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.connection_settings import changed_settings, socket_settings
from opsctl.diagnosis.rules.db_tls_mismatch_signs import SIGNS_MYSQL_AND_MSSQL, SIGNS_POSTGRES
from opsctl.diagnosis.rules.db_tls_mismatch_signs_certificates import SIGNS_CERTIFICATES

_DEMANDS = re.compile(
    r"ssl_?mode=(?:require|verify|prefer_not)|[?&;]ssl=(?:true|1|require)|useSSL=true|encrypt=(?:true|strict)"
    r"|sslaccept=strict",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"ssl_?mode=(?:disable|none)|[?&;]ssl=(?:false|0)|useSSL=false|encrypt=(?:false|no)", re.IGNORECASE
)
_SSL_NAME = re.compile(r"(?:^|_)(?:PG)?SSL(?:_?MODE)?(?:_|$)|_TLS$|REJECT_UNAUTHORIZED", re.IGNORECASE)


def look(facts: Facts) -> Iterator[Clue]:
    """TLS settings that contradict the kind of connection, or that changed since the last success."""
    if facts.seen("execution"):
        yield from _settings(facts)
    changes = changed_settings(facts.baseline, r"SSL|TLS|_CA(?:_|$)|CERT")
    if changes:
        yield Clue(
            "tls_setting_changed",
            Weight.MODERATE,
            tuple(change.pointer for change in changes),
            values={"name": changes[0].name},
        )


def _settings(facts: Facts) -> Iterator[Clue]:
    execution = facts.execution
    demanding = [
        variable
        for variable in execution.env
        if variable.value
        and (
            _DEMANDS.search(variable.value)
            or (_SSL_NAME.search(variable.name) and variable.value.lower() in ("require", "true", "1", "verify-full"))
        )
    ]
    declining = [
        variable
        for variable in execution.env
        if variable.value
        and (
            _DECLINES.search(variable.value)
            or (_SSL_NAME.search(variable.name) and variable.value.lower() in ("disable", "false", "0"))
        )
    ]
    if demanding and (
        socket_settings(execution) or any("socket-path" in variable.traits for variable in execution.env)
    ):
        yield Clue(
            "tls_on_socket",
            Weight.MODERATE,
            tuple(variable.pointer for variable in demanding),
            values={"variable": demanding[0].name},
        )
    if declining:
        yield Clue(
            "tls_switched_off",
            Weight.WEAK,
            tuple(variable.pointer for variable in declining),
            values={"variable": declining[0].name},
        )


RULE = Rule(
    cause="db-tls-mismatch",
    family="database",
    stage=Stage.SESSION,
    signs=(*SIGNS_POSTGRES, *SIGNS_CERTIFICATES, *SIGNS_MYSQL_AND_MSSQL),
    codes=(
        Codes("mysql", Weight.DECISIVE, ("2026", "3159")),
        Codes("prisma", Weight.DECISIVE, ("P1011",)),
    ),
    look=look,
    remedies=(
        Remedy(
            "require_tls",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --update-env-vars=PGSSLMODE=require",),
        ),
        Remedy(
            "give_ca",
            Risk.REVERSIBLE,
            (
                "gcloud sql instances describe INSTANCE --project={project} --format='value(serverCaCert.cert)'",
                "gcloud run jobs update {job} --project={project} --region={region} "
                "--update-secrets=/secrets/server-ca.pem=SERVER_CA:latest",
            ),
        ),
        Remedy(
            "socket_without_tls",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --update-env-vars=PGSSLMODE=disable",),
        ),
        Remedy(
            "no_verification",
            Risk.REVERSIBLE,
            (),
            is_workaround=True,
        ),
    ),
    check=Check(
        "cloudsql",
        "gcloud sql instances describe INSTANCE --project={project} --format='yaml(settings.ipConfiguration)'",
    ),
)
