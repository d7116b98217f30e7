"""Users that are let in and may not do what the statement asks."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = "db-privilege-missing"


@pytest.mark.parametrize(
    "lines",
    [
        ["error: permission denied for schema public", "  code: '42501',"],
        ["QueryFailedError: must be owner of table orders"],
        ["Error: P1010: User `app` was denied access on the database `app.public`"],
        [
            "Error: P3018",
            "Migration name: 20240101_init",
            "Database error code: 42501",
            "ERROR: permission denied for table orders",
        ],
        ["ERROR 1044 (42000): Access denied for user 'app'@'%' to database 'shop'"],
        ["ERROR 1142 (42000): CREATE command denied to user 'app'@'10.1.2.3' for table 'orders'"],
        [
            "ERROR 1227 (42000) at line 18: Access denied; you need (at least one of) the SUPER privilege(s) for this "
            "operation"
        ],
        [
            'PG::InsufficientPrivilege: ERROR:  permission denied to create extension "pgcrypto"',
            "HINT:  Must be superuser to create this extension.",
        ],
        ["CREATE TABLE permission denied in database 'shop'."],
        ["ORA-01031: insufficient privileges"],
        ['MongoServerError: not authorized on shop to execute command { createIndexes: "orders" }'],
        [
            "Prisma Migrate could not create the shadow database. Please make sure the database user has permission to "
            "create databases."
        ],
    ],
)
def test_it_is_first_where_a_server_says_so(lines: list[str]) -> None:
    ranking = diagnose_run(failed_run(["Running migrations ...", *lines]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.85


def test_a_changed_user_supports_it() -> None:
    before = {"name": "DB_USER", "value": "owner"}
    baseline = {"execution": {"name": "a/b/executions/old", "template": {"containers": [{"env": [before]}]}}}
    run = failed_run(
        ["ERROR:  permission denied for table orders"], env={"DB_USER": "app"}, sections={"baseline": baseline}
    )
    found = find_cause(diagnose_run(run), CAUSE)
    assert found is not None
    assert "user_changed" in [piece.id for piece in found.support]


@pytest.mark.parametrize(
    "lines",
    [
        ["PermissionError: [Errno 13] Permission denied: '/app/data/out.csv'"],
        ["Error: 7 PERMISSION_DENIED: Permission 'secretmanager.versions.access' denied for resource 'projects/p'"],
        ["ERROR 1045 (28000): Access denied for user 'app'@'10.1.2.3' (using password: YES)"],
        [
            "403 GET https://storage.googleapis.com/b: j@p.iam.gserviceaccount.com does not have storage.objects.list "
            "access"
        ],
        ["/bin/sh: 1: ./migrate.sh: Permission denied"],
    ],
)
def test_it_is_not_first_on_look_alikes(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
