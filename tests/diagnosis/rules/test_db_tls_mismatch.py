"""Disagreement about TLS: demanded, declined, not trusted."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = "db-tls-mismatch"
NO_TLS = "Error: The server does not support SSL connections"


@pytest.mark.parametrize(
    "lines",
    [
        [
            'error: no pg_hba.conf entry for host "34.1.2.3", user "app", database "app", no encryption',
            "  code: '28000',",
        ],
        ['FATAL:  no pg_hba.conf entry for host "34.1.2.3", user "app", database "app", SSL off'],
        [NO_TLS],
        ["Error: self-signed certificate in certificate chain", "  code: 'SELF_SIGNED_CERT_IN_CHAIN'"],
        ["Error: P1011: Error opening a TLS connection: self-signed certificate"],
        ["error: pq: SSL is not enabled on the server"],
        ["ERROR 2026 (HY000): TLS/SSL error: SSL is required, but the server does not support it"],
        [
            "ERROR 3159 (HY000): Connections using insecure transport are prohibited while "
            "--require_secure_transport=ON."
        ],
        ["(provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is not trusted.)"],
        ["ConnectionError: Failed to connect to db:1433 - self-signed certificate"],
        [
            'root certificate file "/root/.postgresql/root.crt" does not exist',
            "Either provide the file or change sslmode to disable server certificate verification.",
        ],
        ['ConnectionError: PostgreSQL server at "10.0.0.3:5432" rejected SSL upgrade'],
        ["javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path"],
    ],
)
def test_it_is_first_where_a_tool_says_so(lines: list[str]) -> None:
    ranking = diagnose_run(failed_run(["Running migrations ...", *lines]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.85


def test_tls_demanded_on_a_socket() -> None:
    url = "postgres://app:***@/app?host=/cloudsql/p:europe-west1:db&sslmode=require"
    found = diagnose_run(failed_run([NO_TLS], env={"DATABASE_URL": url})).findings[0]
    assert found.rule.cause == CAUSE
    assert "tls_on_socket" in [piece.id for piece in found.support]


def test_a_changed_setting_supports_it() -> None:
    before = {"name": "PGSSLMODE", "value": "require"}
    baseline = {"execution": {"name": "a/b/executions/old", "template": {"containers": [{"env": [before]}]}}}
    run = failed_run([NO_TLS], env={"PGSSLMODE": "disable"}, sections={"baseline": baseline})
    found = find_cause(diagnose_run(run), CAUSE)
    assert found is not None
    assert {piece.id for piece in found.support} >= {"tls_setting_changed", "tls_switched_off"}


@pytest.mark.parametrize(
    "lines",
    [
        [
            "(node:1) Warning: Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS "
            "connections and HTTPS requests insecure by disabling certificate verification.",
            "ERROR:  permission denied for schema public",
        ],
        ['FATAL:  no pg_hba.conf entry for host "10.8.0.4", user "app", database "app", SSL on'],
        ["npm ERR! code SELF_SIGNED_CERT_IN_CHAIN", "ERROR:  permission denied for schema public"],
        ['FATAL:  password authentication failed for user "app"'],
    ],
)
def test_it_is_not_first_on_look_alikes(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
