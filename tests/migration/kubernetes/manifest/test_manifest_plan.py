"""Comparing a manifest with a cluster, and applying what differs, on a cluster in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from opsctl.errors import AccessDeniedError, DataError, OpsctlError, UnavailableError
from opsctl.migration.kubernetes.manifest.apply import apply_plan, outcome_of
from opsctl.migration.kubernetes.manifest.documents import build_manifest
from opsctl.migration.kubernetes.manifest.models import Document, ManifestSettings, Operator
from opsctl.migration.kubernetes.manifest.plan import ApplyPlan, PlannedObject, plan_apply, try_on_server
from opsctl.migration.kubernetes.manifest.report import Action, ManifestOutcome, ObjectState
from opsctl.migration.kubernetes.manifest.takeover import take_over
from opsctl.migration.kubernetes.models import JobKey, Kind
from tests.fakes.cluster import FakeCluster
from tests.migration.kubernetes.old_job import KEY, has_password, old_job

KEPT = ManifestSettings(JobKey("n", "cars"), "opsctl:1", 4, 2)
DOCUMENTS = build_manifest(KEPT)
ROLES = tuple(document for document in DOCUMENTS if document.kind is Kind.ROLE)
CREATED, NOT_TRIED, FAILED = ObjectState.CREATED, ObjectState.NOT_TRIED, ObjectState.FAILED


async def plan_on(cluster: FakeCluster, documents: tuple[Document, ...] = DOCUMENTS, **more: Any) -> ApplyPlan:
    return await plan_apply(cluster, documents, has_password, roles=ROLES, **more)


async def apply_on(
    cluster: FakeCluster, documents: tuple[Document, ...] = DOCUMENTS, stop: asyncio.Event | None = None
) -> tuple[list[ObjectState], OpsctlError | None]:
    plan = await plan_on(cluster, documents)
    reports, error = await apply_plan(cluster, plan, never_replace, stop or asyncio.Event())
    return [report.state for report in reports], error


async def never_replace(item: PlannedObject) -> None:
    raise AssertionError(item)


async def test_everything_is_created_in_order_and_then_nothing_differs() -> None:
    cluster = FakeCluster()
    assert (await apply_on(cluster)) == ([CREATED] * 4, None)
    creations = [call.split()[1] for call in cluster.calls if call.startswith("create ")]
    assert creations == ["serviceaccounts", "roles", "rolebindings", "jobs"]
    plan = await plan_on(cluster)
    assert not plan.changes_anything
    assert outcome_of(plan.reports(ObjectState.PLANNED)) is ManifestOutcome.UNCHANGED


async def test_only_what_differs_is_sent() -> None:
    cluster = FakeCluster()
    await apply_on(cluster)
    cluster.calls.clear()
    others = build_manifest(replace(KEPT, parallelism=1, operators=(Operator("User", "kim"),)))
    states, error = await apply_on(cluster, others)
    assert (states[2:], error) == ([ObjectState.CHANGED] * 2, None)
    assert [call for call in cluster.calls if call.startswith("patch")] == [
        "patch rolebindings cars-operator",
        "patch jobs cars",
    ]


async def test_people_keep_their_rights_when_none_are_named() -> None:
    cluster = FakeCluster()
    await apply_on(cluster, build_manifest(replace(KEPT, operators=(Operator("User", "kim"),))))
    assert not (await plan_on(cluster)).changes_anything
    binding = cluster.objects["rolebindings", "n", "cars-operator"]
    binding["metadata"]["labels"] = {}
    states, error = await apply_on(cluster)
    assert (states[2], error) == (ObjectState.CHANGED, None)
    assert [subject["name"] for subject in cluster.objects["rolebindings", "n", "cars-operator"]["subjects"]] == ["kim"]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"shards": 5}, "spec.completions, spec.template.spec.containers[migrate].args"),
        ({"image": "opsctl:2"}, "spec.template.spec.containers[migrate].image"),
    ],
)
async def test_a_job_that_cannot_be_changed_says_which_fields(changes: dict[str, Any], fields: str) -> None:
    cluster = FakeCluster()
    await apply_on(cluster)
    plan = await plan_on(cluster, build_manifest(replace(KEPT, **changes)))
    assert plan.replaced is not None
    error = plan.replaced.immutable_error()
    assert error.message.startswith(f"Job n/cars is there and cannot be changed: {fields}")
    assert error.code == "immutable"


async def test_a_job_that_has_ended_is_replaced_only_when_asked() -> None:
    cluster = FakeCluster()
    await apply_on(cluster)
    cluster.job("n", "cars")["status"] = {"conditions": [{"type": "Failed", "status": "True", "reason": "Deadline"}]}
    plan = await plan_on(cluster)
    assert not plan.changes_anything
    assert [(warning.code, warning.values["state"]) for warning in plan.warnings] == [("finished", "Deadline")]
    assert (await plan_on(cluster, replaces=True)).replaced is not None


async def test_a_job_that_is_being_deleted_is_waited_for_by_the_person() -> None:
    cluster = FakeCluster(gone_after=3)
    await apply_on(cluster)
    await cluster.delete(Kind.JOB, "n", "cars", uid=cluster.job("n", "cars")["metadata"]["uid"])
    with pytest.raises(DataError, match="is being deleted") as raised:
        await plan_on(cluster)
    assert raised.value.code == "job-ending"


@pytest.mark.parametrize("resource", ["serviceaccounts", "roles", "rolebindings", "jobs"])
async def test_what_cannot_be_read_is_not_written(resource: str) -> None:
    cluster = FakeCluster(denied={f"get {resource}"})
    with pytest.raises(AccessDeniedError) as raised:
        await plan_on(cluster)
    assert raised.value.hint is not None
    assert f"--only {'rights' if resource == 'jobs' else 'job'}" in raised.value.hint
    assert not cluster.objects


async def test_a_right_that_the_manifest_grants_names_its_role() -> None:
    permission = "get jobs.batch in namespace n"
    cluster = FakeCluster(failing={"get jobs": AccessDeniedError("no", hint="Grant it.", permission=permission)})
    with pytest.raises(AccessDeniedError) as raised:
        await plan_on(cluster)
    assert raised.value.hint == (
        "Grant it. Role cars-operator of this manifest grants it. What does not need it: --only rights. "
        "Nothing was changed."
    )


async def test_the_server_is_asked_about_every_change_before_the_first_one() -> None:
    cluster = FakeCluster()
    plan = await plan_on(cluster)
    await try_on_server(cluster, plan)
    assert not cluster.objects
    assert sum(call.startswith("create --dry-run") for call in cluster.calls) == 4
    cluster.failing["create --dry-run jobs"] = DataError("no", code="invalid")
    with pytest.raises(DataError, match="no"):
        await try_on_server(cluster, plan)


@pytest.mark.parametrize("failing", ["create roles", "create jobs"])
async def test_a_failure_ends_it_and_every_object_is_accounted_for(failing: str) -> None:
    cluster = FakeCluster(failing={failing: UnavailableError("away")})
    states, error = await apply_on(cluster)
    position = 1 if "roles" in failing else 3
    assert states == [CREATED] * position + [FAILED] + [NOT_TRIED] * (3 - position)
    assert isinstance(error, UnavailableError)
    assert len(cluster.objects) - len(cluster.pods()) == position


async def test_asked_to_stop_before_the_first_one() -> None:
    cluster, stop = FakeCluster(), asyncio.Event()
    stop.set()
    assert await apply_on(cluster, stop=stop) == ([NOT_TRIED] * 4, None)
    assert not cluster.objects


async def test_secrets_of_what_is_there_are_masked() -> None:
    cluster = FakeCluster()
    cluster.add(old_job())
    wanted = build_manifest(replace(KEPT, job=KEY))
    (job,) = [item for item in (await plan_on(cluster, wanted)).objects if item.document.kind is Kind.JOB]
    assert job.action is Action.REPLACE
    told = repr(job.report(ObjectState.PLANNED))
    assert "hunter2" not in told
    assert "***" in told


async def test_the_job_that_is_taken_over_is_still_at_work() -> None:
    cluster = FakeCluster()
    cluster.add(old_job())
    takeover = take_over(old_job(), has_password)
    (warning,) = (await plan_on(cluster, takeover=takeover)).warnings
    assert (warning.code, dict(warning.values)) == ("source-active", {"job": str(KEY), "pods": "1"})
    cluster.denied.add("get jobs")
    documents = tuple(document for document in DOCUMENTS if document.kind is not Kind.JOB)
    assert (await plan_on(cluster, documents, takeover=takeover)).warnings == ()
