"""Rejected logins: words of servers and drivers, renewed secrets, odd passwords."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = "db-auth-failed"
REJECTED = 'error: password authentication failed for user "app"'


@pytest.mark.parametrize(
    "lines",
    [
        [REJECTED, "  code: '28P01',"],
        [
            "Error: P1000: Authentication failed against database server, the provided database credentials for "
            "`app` are not valid."
        ],
        ["ERROR 1045 (28000): Access denied for user 'app'@'10.1.2.3' (using password: YES)"],
        ["SQLSTATE[HY000] [1045] Access denied for user 'forge'@'localhost' (using password: YES)"],
        ['connection to server at "10.0.0.3", port 5432 failed: FATAL:  role "app" does not exist'],
        ["SqlException (0x80131904): Login failed for user 'app'.", "Error Number:18456,State:1,Class:14"],
        ["MongoServerError: bad auth : authentication failed"],
        ["ReplyError: WRONGPASS invalid username-password pair or user is disabled."],
        ["FATAL:  Tenant or user not found"],
        ['FATAL:  Cloud SQL IAM service account authentication failed for user "job@p.iam"'],
        ['치명적오류:  사용자 "app"의 password 인증을 실패했습니다'],
        ["ORA-01017: invalid username/password; logon denied"],
    ],
)
def test_it_is_first_where_a_server_says_so(lines: list[str]) -> None:
    ranking = diagnose_run(failed_run(["Running migrations ...", *lines]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.85


@pytest.mark.parametrize(("created", "is_clue"), [("2025-12-30T00:00:00Z", True), ("2025-11-01T00:00:00Z", False)])
def test_a_secret_renewed_since_the_last_success(created: str, is_clue: bool) -> None:
    run = failed_run(
        [REJECTED],
        secrets={"DB_PASSWORD": "orders-db-password"},
        sections={
            "secrets": {
                "secrets": [
                    {
                        "name": "orders-db-password",
                        "version": "latest",
                        "resolvedVersion": "8",
                        "state": "ENABLED",
                        "createTime": created,
                    }
                ]
            },
            "baseline": {
                "execution": {
                    "name": "a/b/executions/old",
                    "createTime": "2025-12-01T00:00:00Z",
                    "completionTime": "2025-12-01T00:01:00Z",
                }
            },
        },
    )
    found = diagnose_run(run).findings[0]
    assert found.rule.cause == CAUSE
    assert ("secret_renewed" in [piece.id for piece in found.support]) is is_clue


@pytest.mark.parametrize(("trait", "clue"), [("trailing-newline", "password_newline"), ("empty", "password_empty")])
def test_the_shape_of_the_password(trait: str, clue: str) -> None:
    facts = [{"section": "execution", "pointer": "/template/containers/0/env/0/value", "traits": [trait]}]
    run = failed_run([REJECTED], env={"DB_PASSWORD": None}, sections={"value_facts": {"facts": facts}})
    found = find_cause(diagnose_run(run), CAUSE)
    assert found is not None
    assert clue in [piece.id for piece in found.support]


@pytest.mark.parametrize(
    "lines",
    [
        ['FATAL:  no pg_hba.conf entry for host "34.1.2.3", user "app", database "app", no encryption'],
        ["ERROR 1044 (42000): Access denied for user 'app'@'%' to database 'shop'"],
        ["Cannot open database \"shop\" requested by the login. The login failed.\nLogin failed for user 'app'."],
        ['ERROR:  role "reporting" does not exist', "STATEMENT:  GRANT SELECT ON orders TO reporting"],
        ["SQLSTATE[HY000] [1045] Access denied for user 'forge'@'localhost' (using password: NO)"],
        ["fe_sendauth: no password supplied"],
        ["7 PERMISSION_DENIED: Permission 'secretmanager.versions.access' denied for resource 'projects/p/secrets/s'"],
    ],
)
def test_it_is_not_first_on_look_alikes(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
