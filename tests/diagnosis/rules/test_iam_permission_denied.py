"""Refusals of Google APIs in the words of services and clients, those of others, and facts about the account."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.iam_permission_denied import RULE
from tests.diagnosis.runs import diagnose_run, facts_of, failed_run, find_cause

STORAGE = (
    "google.api_core.exceptions.Forbidden: 403 GET https://storage.googleapis.com/storage/v1/b/exports?alt=json: "
    "job@shop.iam.gserviceaccount.com does not have storage.buckets.get access to the Google Cloud Storage bucket. "
    "Permission 'storage.buckets.get' denied on resource (or it may not exist)."
)
INSTANCE = "shop:europe-west1:main"


def account(*roles: str, access: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {"service_account": {"email": "job@shop", "projectRoles": list(roles), "access": access or []}}


@pytest.mark.parametrize(
    "line",
    [
        STORAGE,
        "403 Access Denied: Project shop: User does not have bigquery.jobs.create permission in project shop.",
        "Error: 7 PERMISSION_DENIED: Missing or insufficient permissions.",
        "com.google.api.gax.rpc.PermissionDeniedException: io.grpc.StatusRuntimeException: PERMISSION_DENIED: The "
        "caller does not have permission",
        "rpc error: code = PermissionDenied desc = Caller is missing IAM permission spanner.databases.select on x",
        "googleapi: Error 403: The client is not authorized to make this request., notAuthorized",
        "Cloud SQL Admin API has not been used in project 1 before or it is disabled. Enable it by visiting x",
        "Error: Permission \\'iam.serviceAccounts.signBlob\\' denied on resource (or it may not exist).",
        '{"error":"Permission \\"pubsub.topics.publish\\" denied on resource \\"projects/p/topics/t\\""}',
        "GaxiosError: Forbidden",
        "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the GetObject operation: No",
    ],
)
def test_a_refusal_is_recognised(line: str) -> None:
    found = diagnose_run(failed_run(["starting", line])).findings[0]
    assert found.rule is RULE
    assert found.probability >= 0.6


@pytest.mark.parametrize(
    "line",
    [
        "psycopg2.errors.InsufficientPrivilege: permission denied for schema public",
        "Access denied for user 'app'@'10.0.0.1' (using password: YES)",
        "sh: ./run.sh: Permission denied",
        "403 Quota exceeded: Your table exceeded quota for imports or query appends per table.",
        "Failed to export spans: 7 PERMISSION_DENIED: Permission 'cloudtrace.traces.patch' denied on resource",
        "Permission 'secretmanager.versions.access' denied for resource 'projects/p/secrets/k/versions/1'",
    ],
)
def test_other_refusals_are_not_it(line: str) -> None:
    found = find_cause(diagnose_run(failed_run([line])), "iam-permission-denied")
    assert found is None or found.probability < 0.2


def test_a_permission_that_is_not_granted_proves_the_message() -> None:
    access = [{"permission": "storage.buckets.get", "resource": "//storage/b/exports", "verdict": "NOT_GRANTED"}]
    found = diagnose_run(failed_run([STORAGE], sections=account(access=access))).findings[0]
    assert found.rule is RULE
    assert found.verdict is Verdict.CONFIRMED
    assert "not_granted" in {piece.id for piece in found.support}


def test_a_permission_that_is_granted_speaks_against_it() -> None:
    access = [{"permission": "storage.buckets.get", "resource": "//storage/b/exports", "verdict": "GRANTED"}]
    before = diagnose_run(failed_run([STORAGE], sections=account())).findings[0]
    after = diagnose_run(failed_run([STORAGE], sections=account(access=access))).findings[0]
    assert [piece.id for piece in after.against] == ["granted"]
    assert after.probability < before.probability
    assert after.verdict is not Verdict.CONFIRMED


@pytest.mark.parametrize(
    ("roles", "supports", "against"),
    [((), ["cloudsql_role_absent"], []), (("roles/cloudsql.client",), [], ["cloudsql_role_held"])],
)
def test_the_cloud_sql_role_counts_for_an_attached_job(
    roles: tuple[str, ...], supports: list[str], against: list[str]
) -> None:
    volumes = {"volumes": [{"name": "cloudsql", "cloudSqlInstance": {"instances": [INSTANCE]}}]}
    ranking = diagnose_run(failed_run(["stopped"], template=volumes, sections=account("roles/run.viewer", *roles)))
    found = find_cause(ranking, "iam-permission-denied")
    assert found is not None
    assert [piece.id for piece in found.support] == supports
    assert [piece.id for piece in found.against] == against


@pytest.mark.parametrize(("verdict", "supports"), [("NOT_GRANTED", True), ("GRANTED", False)])
def test_the_right_to_connect_counts_for_an_attached_job(verdict: str, supports: bool) -> None:
    volumes = {"volumes": [{"name": "cloudsql", "cloudSqlInstance": {"instances": [INSTANCE]}}]}
    access = [{"permission": "cloudsql.instances.connect", "resource": "//cloudsql/main", "verdict": verdict}]
    run = failed_run(["stopped"], template=volumes, sections=account(access=access))
    assert [(clue.id, clue.supports) for clue in RULE.look(facts_of(run))] == [
        ("not_granted" if supports else "granted", supports)
    ]


def test_roles_say_nothing_about_a_job_without_cloud_sql() -> None:
    assert find_cause(diagnose_run(failed_run(["stopped"], sections=account())), "iam-permission-denied") is None


def test_without_logs_it_is_not_checked_and_never_confirmed() -> None:
    found = find_cause(diagnose_run(failed_run(without=("logs",))), "iam-permission-denied")
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
    unseen = diagnose_run(failed_run([STORAGE])).findings[0]
    assert unseen.verdict is Verdict.LIKELY


@pytest.mark.parametrize(("state", "is_told"), [("DISABLED", True), ("ENABLED", False)])
def test_an_api_that_is_off_counts_for_an_attached_job(state: str, is_told: bool) -> None:
    volumes = {"volumes": [{"name": "cloudsql", "cloudSqlInstance": {"instances": [INSTANCE]}}]}
    services = {"apis": {"services": [{"name": "sqladmin.googleapis.com", "state": state}]}}
    found = find_cause(diagnose_run(failed_run(["stopped"], template=volumes, sections=services)), RULE.cause)
    assert ("api_off" in {piece.id for piece in found.support} if found else False) is is_told
