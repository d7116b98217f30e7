"""Databases that the server does not know."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

CAUSE = "db-not-found"


@pytest.mark.parametrize(
    "lines",
    [
        ['error: database "shop" does not exist', "  code: '3D000',"],
        ['{"level":"error","err":"database \\"shop\\" does not exist"}'],
        ["ERROR 1049 (42000): Unknown database 'shop'"],
        ["SQLSTATE[HY000] [1049] Unknown database 'shop'"],
        ["Error: P1003: Database `shop` does not exist on the database server at `10.0.0.3:5432`."],
        ["ActiveRecord::NoDatabaseError: We could not find your database: shop."],
        ["Cannot open database \"shop\" requested by the login. The login failed.\nLogin failed for user 'sa'."],
        ["Msg 911, Level 16, State 1: Database 'shop' does not exist. Make sure that the name is entered correctly."],
        ['** (Postgrex.Error) FATAL 3D000 (invalid_catalog_name) database "shop" does not exist'],
        ["FATAL:  no such database: shop"],
        ["FATAL:  la base de données « shop » n'existe pas"],
    ],
)
def test_it_is_first_where_a_server_says_so(lines: list[str]) -> None:
    ranking = diagnose_run(failed_run(["Running migrations ...", *lines]))
    assert ranking.findings[0].rule.cause == CAUSE
    assert ranking.findings[0].probability > 0.85


def test_a_changed_name_supports_it() -> None:
    before = {"name": "DB_NAME", "value": "shop"}
    baseline = {"execution": {"name": "a/b/executions/old", "template": {"containers": [{"env": [before]}]}}}
    run = failed_run(['FATAL:  database "shp" does not exist'], env={"DB_NAME": "shp"}, sections={"baseline": baseline})
    found = find_cause(diagnose_run(run), CAUSE)
    assert found is not None
    assert "name_changed" in [piece.id for piece in found.support]


@pytest.mark.parametrize(
    "lines",
    [
        ['NOTICE:  database "shop" does not exist, skipping', "ERROR:  permission denied for schema public"],
        ["Unknown database type enum requested, MySQL80Platform may not support it."],
        ['ERROR:  relation "orders" does not exist'],
        ['FATAL:  role "shop" does not exist'],
        ["error: unknown database driver: postgresql (forgotten import?)"],
    ],
)
def test_it_is_not_first_on_look_alikes(lines: list[str]) -> None:
    assert first_cause(failed_run(lines)) != CAUSE


def test_without_logs_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
