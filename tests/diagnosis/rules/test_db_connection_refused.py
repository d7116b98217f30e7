"""Refused connections: the tools' words, stopped instances, and what only reads alike."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = "db-connection-refused"


@pytest.mark.parametrize(
    "lines",
    [
        [
            "Error: connect ECONNREFUSED 127.0.0.1:5432",
            "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16) {",
            "  errno: -111,",
            "  code: 'ECONNREFUSED',",
            "}",
        ],
        ["AggregateError [ECONNREFUSED]: ", "    at internalConnectMultiple (node:net:1139:18)"],
        ["Error: P1001: Can't reach database server at `localhost`:`5432`"],
        [
            'django.db.utils.OperationalError: connection to server at "localhost" (::1), port 5432 failed: '
            "Connection refused",
            "\tIs the server running on that host and accepting TCP/IP connections?",
        ],
        ["ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (2)"],
        ["SQLSTATE[HY000] [2002] Connection refused (Connection: mysql, SQL: select * from migrations)"],
        ["goose run: dial tcp 127.0.0.1:5432: connect: connection refused"],
        [
            "Connection to localhost:5432 refused. Check that the hostname and port are correct and that the "
            "postmaster "
            "is accepting TCP/IP connections.",
            "SQL State  : 08001",
        ],
        ["** (DBConnection.ConnectionError) tcp connect (localhost:5432): connection refused - :econnrefused"],
        [
            "Npgsql.NpgsqlException (0x80004005): Failed to connect to 127.0.0.1:5432",
            " ---> System.Net.Sockets.SocketException (111): Connection refused",
        ],
        ["error: error communicating with database: Connection refused (os error 111)"],
        ["redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused."],
        ["MongooseServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017"],
        ["Connect to localhost:8080 [localhost/127.0.0.1] failed: Connection refused (Connection refused)"],
    ],
)
def test_it_is_first_where_a_tool_says_so(lines: list[str]) -> None:
    ranking = diagnose_run(failed_run(["Running migrations ...", *lines]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.85


def test_a_stopped_instance_takes_a_time_out_from_the_network() -> None:
    instance = {"connectionName": "p:r:db", "state": "RUNNABLE", "activationPolicy": "NEVER", "ipTypes": ["PRIMARY"]}
    lines = ["Error: P1001: Can't reach database server at `34.1.2.3`:`5432`"]
    ranking = diagnose_run(failed_run(lines, sections={"cloudsql": {"instances": [instance]}}))
    assert ranking.findings[0].rule.cause == CAUSE
    assert "instance_stopped" in [piece.id for piece in ranking.findings[0].support]
    running = diagnose_run(
        failed_run(lines, sections={"cloudsql": {"instances": [instance | {"activationPolicy": "ALWAYS"}]}})
    )
    assert "instance_stopped" not in [piece.id for found in running.findings for piece in found.support]


def test_a_host_of_localhost_supports_it_unless_a_proxy_is_started() -> None:
    lines = ["Error: connect ECONNREFUSED 127.0.0.1:5432"]
    plain = find_cause(diagnose_run(failed_run(lines, env={"DB_HOST": "127.0.0.1"})), CAUSE)
    proxied = find_cause(
        diagnose_run(
            failed_run(lines, env={"DB_HOST": "127.0.0.1"}, container={"command": ["/cloud-sql-proxy", "p:r:i"]})
        ),
        CAUSE,
    )
    assert plain is not None
    assert proxied is not None
    assert "local_host" in [piece.id for piece in plain.support]
    assert "local_host" not in [piece.id for piece in proxied.support]


def test_no_host_at_all_supports_it() -> None:
    found = find_cause(diagnose_run(failed_run(["Error: connect ECONNREFUSED 127.0.0.1:5432"])), CAUSE)
    assert found is not None
    assert "no_host_variable" in [piece.id for piece in found.support]
    told = find_cause(
        diagnose_run(failed_run(["Error: connect ECONNREFUSED 127.0.0.1:5432"], secrets={"DATABASE_URL": "url"})), CAUSE
    )
    assert told is not None
    assert "no_host_variable" not in [piece.id for piece in told.support]


@pytest.mark.parametrize(
    "lines",
    [
        ["Error: connect ENOENT /cloudsql/p:europe-west1:db/.s.PGSQL.5432"],
        ["Error: getaddrinfo ENOTFOUND postgres"],
        ['psql: error: FATAL:  password authentication failed for user "app"'],
        [
            "OTLPExporterError: connect ECONNREFUSED 127.0.0.1:4317",
            "ERROR:  permission denied for schema public",
        ],
        [
            "connect ECONNREFUSED 10.0.0.3:5432 - retrying (1/10)",
            "Connected to the database",
            "ERROR:  permission denied for schema public",
        ],
    ],
)
def test_it_is_not_first_on_look_alikes(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.missing == ("logs",)
