"""Secrets that cannot be read: references of the job, calls of the program, and what only mentions a secret."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.secret_unavailable import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

DENIED = (
    "spec.template.spec.containers[0].env[5].value_from.secret_key_ref.name: Permission denied on secret: "
    "projects/1/secrets/db-password/versions/latest for Revision service account job@shop.iam.gserviceaccount.com. The "
    "service account used must be granted the 'Secret Manager Secret Accessor' role."
)


def secret(state: str) -> dict[str, Any]:
    return {"secrets": {"secrets": [{"name": "db", "version": "latest", "resolvedVersion": "8", "state": state}]}}


@pytest.mark.parametrize(
    "message",
    [
        DENIED,
        "Secret projects/1/secrets/api-key/versions/latest was not found",
        "Failed to access secret projects/shop/secrets/k/versions/latest: Secret Version "
        "[projects/1/secrets/k/versions/8] is in DISABLED state.",
    ],
)
def test_a_reference_that_cannot_be_read_prevents_the_start(message: str) -> None:
    found = diagnose_run(failed_run(message=message, started=False)).findings[0]
    assert found.rule is RULE
    assert found.probability > 0.9


@pytest.mark.parametrize(
    "line",
    [
        "google.api_core.exceptions.PermissionDenied: 403 Permission 'secretmanager.versions.access' denied for "
        "resource 'projects/shop/secrets/key/versions/latest' (or it may not exist).",
        "Error: 5 NOT_FOUND: Secret [projects/1/secrets/stripe] not found or has no versions.",
        '{"message": "7 PERMISSION_DENIED: Permission \\"secretmanager.versions.access\\" denied on resource"}',
        "ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret [projects/1/secrets/k] not found or has no "
        "versions.",
    ],
)
def test_a_secret_that_the_program_asks_for_is_no_other_permission(line: str) -> None:
    ranking = diagnose_run(failed_run(["starting", line]))
    assert ranking.findings[0].rule is RULE
    other = find_cause(ranking, "iam-permission-denied")
    assert other is None or other.probability < 0.05


@pytest.mark.parametrize(
    "line",
    [
        "JWT_SECRET is not set",
        "loaded secret projects/1/secrets/db/versions/latest from Secret Manager",
        "Error: failed to load client secret",
    ],
)
def test_words_about_secrets_are_not_it(line: str) -> None:
    found = find_cause(diagnose_run(failed_run([line, "TypeError: x is not a function"])), "secret-unavailable")
    assert found is None or found.probability < 0.1 or found.verdict is Verdict.RULED_OUT


def test_a_version_that_is_disabled_explains_a_start_that_failed() -> None:
    run = failed_run(
        message="could not start", started=False, secrets={"DB_PASSWORD": "db"}, sections=secret("DISABLED")
    )
    found = diagnose_run(run).findings[0]
    assert found.rule is RULE
    assert found.support[0].clue is not None
    assert dict(found.support[0].clue.values) == {"secret": "db", "version": "8", "state": "DISABLED"}


def test_a_version_that_is_disabled_now_says_little_about_a_program_that_ran() -> None:
    lines = ["connected", "TypeError: x is not a function"]
    run = failed_run(lines, secrets={"DB_PASSWORD": "db"}, sections=secret("DISABLED"))
    assert first_cause(run) != "secret-unavailable"


def test_a_role_that_is_not_there_is_a_hint_only_before_the_start() -> None:
    account = {"service_account": {"email": "job@shop.iam.gserviceaccount.com", "projectRoles": ["roles/run.invoker"]}}
    not_started = failed_run(message="-", started=False, secrets={"DB_PASSWORD": "db"}, sections=account)
    started = failed_run(["boom"], secrets={"DB_PASSWORD": "db"}, sections=account)
    hint, none = (find_cause(diagnose_run(run), "secret-unavailable") for run in (not_started, started))
    assert hint is not None
    assert [piece.id for piece in hint.support] == ["role_absent"]
    assert none is not None
    assert not none.support


def test_without_the_execution_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(started=False, without=("execution",))), "secret-unavailable")
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


def test_it_is_not_confirmed_while_the_account_was_not_looked_at() -> None:
    run = failed_run(message=DENIED, started=False)
    seen = failed_run(message=DENIED, started=False, sections={"service_account": {"email": "a@b", "projectRoles": []}})
    assert diagnose_run(run).findings[0].verdict is Verdict.LIKELY
    assert diagnose_run(seen).findings[0].verdict is Verdict.CONFIRMED
