"""Cloud SQL sockets that are not there: words of drivers and connectors, and the attached list."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = "cloudsql-not-attached"
WANTED = "shop-prod:europe-west1:orders"
ENOENT = f"Error: connect ENOENT /cloudsql/{WANTED}/.s.PGSQL.5432"


def attached(*names: str) -> dict[str, Any]:
    return {"volumes": [{"name": "cloudsql", "cloudSqlInstance": {"instances": list(names)}}]}


@pytest.mark.parametrize(
    "line",
    [
        ENOENT,
        f'connection to server on socket "/cloudsql/{WANTED}/.s.PGSQL.5432" failed: No such file or directory',
        f"(2002, \"Can't connect to local MySQL server through socket '/cloudsql/{WANTED}' (2)\")",
        f"dial unix /cloudsql/{WANTED}/.s.PGSQL.5432: connect: no such file or directory",
        f"Error: connect ECONNREFUSED /cloudsql/{WANTED}/.s.PGSQL.5432",
        f"Error: P1001: Can't reach database server at `/cloudsql/{WANTED}`:`5432`",
        'config error: provided region was mismatched - got us-central1, want us-east1 (connection name = "p:r:i")',
        'Error: Malformed instance connection name provided: expected format of "PROJECT:REGION:INSTANCE", got orders',
        "googleapi: Error 404: The Cloud SQL instance does not exist., instanceDoesNotExist",
    ],
)
def test_it_is_first_where_nothing_is_attached(line: str) -> None:
    ranking = diagnose_run(failed_run(["Running migrations ...", line]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.9


def test_another_instance_is_attached() -> None:
    run = failed_run([ENOENT], template=attached("shop-prod:europe-west1:order"))
    found = diagnose_run(run).findings[0]
    assert found.rule.cause == CAUSE
    clue = next(piece.clue for piece in found.support if piece.id == "other_instance")
    assert clue is not None
    assert clue.values == {"named": WANTED, "attached": "shop-prod:europe-west1:order"}


def test_the_attached_instance_speaks_against_it() -> None:
    alone = diagnose_run(failed_run([ENOENT])).findings[0]
    found = find_cause(diagnose_run(failed_run([ENOENT], template=attached(WANTED))), CAUSE)
    assert found is not None
    assert [piece.id for piece in found.against] == ["attached"]
    assert found.probability < alone.probability
    assert found.verdict is not Verdict.CONFIRMED


@pytest.mark.parametrize(
    "reason",
    [
        "connection to Cloud SQL instance at 10.1.0.3:3307 failed: timed out after 10s",
        "googleapi: Error 403: The client is not authorized to make this request., notAuthorized",
        "googleapi: Error 400: Invalid request: Invalid request since instance is not running., invalid",
    ],
)
def test_a_connector_with_another_reason_was_there(reason: str) -> None:
    lines = [
        f'Cloud SQL connection failed. Please see https://cloud.google.com/sql/docs: (connection name = "{WANTED}") '
        f"{reason}",
        f"Error: connect ECONNREFUSED /cloudsql/{WANTED}/.s.PGSQL.5432",
    ]
    ranking = diagnose_run(failed_run(lines))
    assert ranking.findings[0].rule.cause != CAUSE
    found = find_cause(ranking, CAUSE)
    assert found is None or [piece.id for piece in found.against] == ["connector_tried"]


def test_a_refused_socket_of_an_attached_instance_is_a_server_that_does_not_serve() -> None:
    line = f"Error: connect ECONNREFUSED /cloudsql/{WANTED}/.s.PGSQL.5432"
    ranking = diagnose_run(failed_run([line], template=attached(WANTED)))
    assert ranking.findings[0].rule.cause == "db-connection-refused"
    assert ranking.findings[0].probability < 0.7


def test_an_encoded_socket_in_a_url_is_read() -> None:
    url = "postgresql://app:***@localhost/app?host=%2Fcloudsql%2Fshop-prod%3Aeurope-west1%3Aorders"
    found = find_cause(diagnose_run(failed_run(["Error: failed"], env={"DATABASE_URL": url})), CAUSE)
    assert found is not None
    assert [piece.id for piece in found.support] == ["no_instance"]


def test_a_masked_socket_path_counts_as_well() -> None:
    facts = [{"section": "execution", "pointer": "/template/containers/0/env/0/value", "traits": ["socket-path"]}]
    run = failed_run(
        ["SQLSTATE[HY000] [2002] No such file or directory"],
        env={"DB_SOCKET": None},
        sections={"value_facts": {"facts": facts}},
    )
    found = find_cause(diagnose_run(run), CAUSE)
    assert found is not None
    assert "hidden_socket" in [piece.id for piece in found.support]


def test_an_attachment_that_the_last_success_had() -> None:
    before = {"execution": {"name": "a/b/executions/old", "template": attached(WANTED)}}
    found = diagnose_run(failed_run([ENOENT], sections={"baseline": before})).findings[0]
    assert found.rule.cause == CAUSE
    assert "detached" in [piece.id for piece in found.support]


@pytest.mark.parametrize(
    "lines",
    [
        ['connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: No such file or directory'],
        [
            f'ensure that the account has access to "{WANTED}" (and make sure there\'s no typo in that name). Error '
            f"during generateEphemeral for {WANTED}: googleapi: Error 403: The client is not authorized to make this "
            "request., notAuthorized"
        ],
        [f'FATAL:  password authentication failed for user "app" (host /cloudsql/{WANTED})'],
    ],
)
def test_it_is_not_first_on_look_alikes(lines: list[str]) -> None:
    assert first_cause(failed_run(lines, template=attached(WANTED))) != CAUSE


def test_without_the_execution_it_is_never_confirmed() -> None:
    whole = diagnose_run(failed_run([ENOENT])).findings[0]
    cut = find_cause(diagnose_run(failed_run([ENOENT], without=["execution"])), CAUSE)
    assert cut is not None
    assert cut.verdict is not Verdict.CONFIRMED
    assert cut.probability <= whole.probability


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


TIMED_OUT_POOL = "KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full."


def test_a_connection_name_without_a_socket() -> None:
    run = failed_run([TIMED_OUT_POOL], env={"INSTANCE_CONNECTION_NAME": WANTED})
    found = diagnose_run(run).findings[0]
    assert found.rule.cause == CAUSE
    clue = next(piece.clue for piece in found.support if piece.id == "name_without_socket")
    assert clue is not None
    assert clue.values == {"variable": "INSTANCE_CONNECTION_NAME", "named": WANTED}


@pytest.mark.parametrize(
    ("line", "template"),
    [
        (TIMED_OUT_POOL, attached(WANTED)),
        ('ERROR:  relation "orders" does not exist', {}),
        ("  File google/cloud/sql/connector/connector.py\n" + TIMED_OUT_POOL, {}),
    ],
)
def test_a_connection_name_alone_says_nothing(line: str, template: dict[str, Any]) -> None:
    found = find_cause(
        diagnose_run(failed_run([line], env={"INSTANCE_CONNECTION_NAME": WANTED}, template=template)), CAUSE
    )
    assert found is None or "name_without_socket" not in [piece.id for piece in found.support]


def test_a_socket_of_the_settings_and_a_pool_that_got_nothing() -> None:
    run = failed_run(["Error: timeout exceeded when trying to connect"], env={"DB_HOST": f"/cloudsql/{WANTED}"})
    found = diagnose_run(run).findings[0]
    assert found.rule.cause == CAUSE
    assert found.probability > 0.85
