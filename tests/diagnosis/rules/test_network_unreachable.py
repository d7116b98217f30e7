"""Unreachable addresses: names, dials, the platform's words, private addresses without VPC, and silence."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import TIMED_OUT, diagnose_run, failed_run, find_cause, first_cause

CAUSE = "network-unreachable"


@pytest.mark.parametrize(
    "lines",
    [
        ["Error: getaddrinfo ENOTFOUND postgres"],
        ["Error: getaddrinfo EAI_AGAIN redis"],
        ['could not translate host name "db" to address: Temporary failure in name resolution'],
        ["error: dial tcp: lookup db on 169.254.169.254:53: no such host"],
        ["error: dial tcp 10.12.0.3:5432: i/o timeout"],
        ["Caused by: java.net.UnknownHostException: mysql"],
        ["(2003, \"Can't connect to MySQL server on '10.0.0.3' (timed out)\")"],
        [
            'connection to server at "10.0.0.3", port 5432 failed: Connection timed out',
            "\tIs the server running on that host and accepting TCP/IP connections?",
        ],
        ["SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for mysql failed: Name or service not known"],
        ["Error: connect ENETUNREACH 2a05:d018:135e:1600::1:5432 - Local (:::0)"],
        ["** (DBConnection.ConnectionError) tcp connect (db:5432): non-existing domain - :nxdomain"],
        ["ConnectTimeoutError: Connect Timeout Error (attempted address: api.example.com:443, timeout: 10000ms)"],
        ["curl: (6) Could not resolve host: api.internal"],
        ["Error: connect EHOSTUNREACH 10.128.0.2:6379"],
        [
            'dial error: failed to dial (connection name = "p:us-central1:db"): connection to Cloud SQL instance at '
            "10.1.0.3:3307 failed: timed out after 10s",
            "Error: connect ECONNREFUSED /cloudsql/p:us-central1:db/.s.PGSQL.5432",
        ],
    ],
)
def test_it_is_first_where_a_tool_says_so(lines: list[str]) -> None:
    ranking = diagnose_run(failed_run(["Running migrations ...", *lines]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.85


def test_the_platform_states_a_missing_connector() -> None:
    message = (
        "VPC connector projects/shop-prod/locations/europe-west1/connectors/main does not exist, or Cloud Run does not "
        "have permission to use it."
    )
    ranking = diagnose_run(failed_run(started=False, message=message))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.9
    said_by_program = find_cause(diagnose_run(failed_run([message])), CAUSE)
    assert said_by_program is None


@pytest.mark.parametrize(
    ("template", "is_clue"),
    [
        ({}, True),
        ({"vpcAccess": {"connector": "projects/p/locations/r/connectors/c"}}, False),
        ({"vpcAccess": {"networkInterfaces": [{"network": "prod"}]}}, False),
    ],
)
def test_a_private_host_needs_a_vpc(template: dict[str, Any], is_clue: bool) -> None:
    run = failed_run(
        ["Error: timeout"], env={"DATABASE_URL": "postgres://app:***@10.20.0.3:5432/app"}, template=template
    )
    found = find_cause(diagnose_run(run), CAUSE)
    clues = [piece.id for piece in found.support] if found else []
    assert ("private_host_without_vpc" in clues) is is_clue


def test_silence_after_a_connection_attempt_up_to_the_timeout() -> None:
    run = failed_run(
        ["Loading configuration", "Connecting to payments.example.com:443 ..."],
        message=TIMED_OUT,
        last_line_seconds=3,
        duration_seconds=600,
        template={"vpcAccess": {"egress": "ALL_TRAFFIC", "networkInterfaces": [{"network": "prod"}]}},
    )
    found = find_cause(diagnose_run(run), CAUSE)
    assert found is not None
    assert {piece.id for piece in found.support} >= {"silent_connect", "all_traffic"}
    busy = failed_run(
        ["Connecting to payments.example.com:443 ...", "Connected. Copied 10 of 90 parts"],
        message=TIMED_OUT,
        last_line_seconds=590,
        duration_seconds=600,
    )
    other = find_cause(diagnose_run(busy), CAUSE)
    assert other is None or "silent_connect" not in [piece.id for piece in other.support]


@pytest.mark.parametrize(
    "lines",
    [
        ["Error: connect ECONNREFUSED 127.0.0.1:5432"],
        ["ERROR:  canceling statement due to lock timeout"],
        ["[statsd] getaddrinfo ENOTFOUND statsd", "ERROR:  permission denied for schema public"],
        [
            "sudo: unable to resolve host build: Name or service not known",
            "ERROR:  permission denied for schema public",
        ],
        ["connectTimeout=10000 retries=3", "FATAL:  sorry, too many clients already"],
    ],
)
def test_it_is_not_first_on_look_alikes(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


ALL_TRAFFIC = {"vpcAccess": {"egress": "ALL_TRAFFIC", "networkInterfaces": [{"network": "default"}]}}


@pytest.mark.parametrize(
    "line",
    [
        "Fetching https://api.partner.example.com/v2/orders?page=1",
        "INFO contacting license server at license.example.com:443",
        "DEBUG:urllib3.connectionpool:Starting new HTTPS connection (1): api.stripe.com:443",
        "*   Trying 203.0.113.10:443...",
        "[INFO] connecting",
    ],
)
def test_silence_behind_an_address_when_all_traffic_goes_through_the_network(line: str) -> None:
    run = failed_run(
        ["Loading configuration", line],
        message=TIMED_OUT,
        duration_seconds=600,
        last_line_seconds=3,
        template=ALL_TRAFFIC,
    )
    ranking = diagnose_run(run)
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.6
    timeout = find_cause(ranking, "task-timeout")
    assert timeout is None or timeout.probability < 0.1


def test_requests_until_the_end_are_work() -> None:
    lines = [f"syncing https://api.example.com/v1/items?page={page} -> 100 items" for page in range(12)]
    run = failed_run(lines, message=TIMED_OUT, duration_seconds=600, last_line_seconds=598, template=ALL_TRAFFIC)
    assert first_cause(run) == "task-timeout"


@pytest.mark.parametrize(
    "line",
    [
        "goose: failed to open DB: context deadline exceeded",
        "Server selection timed out after 30000 ms",
        "wait-for-it.sh: timeout occurred after waiting 15 seconds for pg.report.svc.cluster.local:5432",
        "aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host sqladmin.googleapis.com:443 "
        "ssl:default [Connect call failed ('142.250.1.95', 443)]",
    ],
)
def test_it_is_first_where_nobody_answered(line: str) -> None:
    assert first_cause(failed_run(["Running migrations ...", line])) == CAUSE
