"""What `status` asks of a cluster, and what it makes of answers that are missing, late or refused. Time is virtual."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from opsctl.adapters.kube.status_jobs import MOST_PODS, MOST_PODS_ASKED, KubeJobs
from opsctl.errors import AccessDeniedError, ConfigError, NotFoundError, OpsctlError, UnavailableError
from opsctl.status.answers import JobAnswer
from opsctl.status.job import Job
from tests.adapters.kube.job_documents import (
    EVENTS_PATH,
    JOB_PATH,
    JOBS_PATH,
    NAME,
    NAMESPACE,
    PODS_PATH,
    UID,
    FakeClient,
    event_document,
    job_document,
    pod_document,
)
from tests.fakes.virtual_time import run_virtual

UNTIL_NOW = datetime(2025, 12, 23, 6, 25, 56, 123456, tzinfo=UTC)
LOG = {f"{NAME}-00000": [b"2025-12-23T06:25:56.123456789Z stored 95 of 475"]}
DENIED = AccessDeniedError("forbidden", permission=f"list pods in namespace {NAMESPACE}")


def read(client: FakeClient, budget_seconds: float | None = 1.5) -> JobAnswer:
    return timed(client, budget_seconds)[0]


def timed(client: FakeClient, budget_seconds: float | None = 1.5) -> tuple[JobAnswer, float]:
    """The answer, and the (virtual) seconds it took."""

    async def open_client() -> FakeClient:
        return client

    async def work() -> Any:
        jobs = KubeJobs(open_client, NAMESPACE, NAME)
        await jobs.connect()
        answer = await jobs.read(budget_seconds)
        await jobs.close()
        return answer, asyncio.get_running_loop().time()

    found: tuple[JobAnswer, float] = run_virtual(work)
    return found


def pods_of(job: Job) -> list[str]:
    assert job.pods is not None
    return [pod.name.removeprefix(f"{NAME}-") for pod in job.pods]


def test_a_job_at_work() -> None:
    client = FakeClient(logs=LOG)
    job, gaps = (answer := read(client)).job, answer.gaps
    assert (job.name, job.namespace, job.active, pods_of(job), job.has_all_pods, gaps) == (
        NAME, NAMESPACE, 1, ["00000"], True, (),
    )  # fmt: skip
    assert job.pods is not None
    assert (job.pods[0].last_line_at, job.pods[0].has_lines) == (UNTIL_NOW, True)
    assert client.is_closed


def test_few_questions_while_nothing_is_wrong() -> None:
    """No events without a reason to look for one: a user without that right is told nothing that does not matter."""
    client = FakeClient(logs=LOG)
    read(client)
    assert client.paths() == [JOB_PATH, JOBS_PATH, PODS_PATH, f"{PODS_PATH}/{NAME}-00000/log"]
    assert client.asked[2][1] == {"labelSelector": f"batch.kubernetes.io/controller-uid={UID}"}
    assert client.asked[3][1] == {
        "tailLines": "1", "timestamps": "true", "limitBytes": "256", "container": "migration",
    }  # fmt: skip


# -- whose pods


def test_pods_of_another_job_with_the_same_labels_do_not_count() -> None:
    document = job_document()
    document["spec"]["selector"] = {"matchLabels": {"app": NAME}}  # manualSelector
    client = FakeClient(job=document, pods=[pod_document(0), pod_document(1, owner="22222222-bbbb")])
    assert pods_of(read(client).job) == ["00000"]
    assert client.asked[2][1] == {"labelSelector": f"app={NAME}"}


def test_an_older_cluster_has_another_label() -> None:
    document = job_document()
    document["spec"]["selector"] = {"matchLabels": {"controller-uid": UID}}
    pod = pod_document()
    pod["metadata"]["labels"] = {"controller-uid": UID}
    assert pods_of(read(FakeClient(job=document, pods=[pod])).job) == ["00000"]


def test_a_job_that_knows_no_label() -> None:
    document = job_document()
    document["spec"]["selector"] = {}
    answer = read(FakeClient(job=document))
    assert (answer.job.pods, [gap.state for gap in answer.gaps]) == (None, ["unreadable"])


# -- many pods


def test_more_pods_than_are_read() -> None:
    pods = [pod_document(number, phase="Succeeded") for number in range(MOST_PODS + 1)]
    answer = read(FakeClient(pods=pods))
    assert answer.job.pods is not None
    assert (len(answer.job.pods), answer.job.has_all_pods, answer.gaps) == (MOST_PODS, False, ())


def test_a_slow_list_of_pods_keeps_what_was_read() -> None:
    client = FakeClient(pods=[pod_document(number) for number in range(1000)], pod_delay_seconds=0.1)
    answer, seconds = timed(client)
    assert answer.job.pods is not None
    assert 10 <= len(answer.job.pods) <= 15
    assert not answer.job.has_all_pods
    assert [(gap.state, gap.reason) for gap in answer.gaps] == [("timeout", "pods, logs: no answer within 1.5 s.")]
    assert seconds < 1.6


def test_only_some_pods_are_asked_one_by_one() -> None:
    pending = [pod_document(number, phase="Pending") for number in range(30)]
    running = [pod_document(number) for number in range(30, 60)]
    client = FakeClient(pods=pending + running)
    read(client)
    assert sum(path == EVENTS_PATH for path in client.paths()) == MOST_PODS_ASKED
    assert sum(path.endswith("/log") for path in client.paths()) == MOST_PODS_ASKED


# -- why pods do not run


def test_why_a_pod_waits_is_in_its_newest_warning() -> None:
    pod = pod_document(phase="Pending", containerStatuses=[{"state": {"waiting": {"reason": "ContainerCreating"}}}])
    uid = pod["metadata"]["uid"]
    events = [
        event_document(uid, "FailedMount", "no volume"),
        event_document(uid, "FailedMount", "older", at="2025-12-23T06:00:00Z"),
        event_document("another", "FailedMount", "newer", at="2025-12-23T06:25:00Z"),
        {**event_document(uid, "Pulled", "fine", at="2025-12-23T06:25:00Z"), "type": "Normal"},
    ]
    (found,) = read(FakeClient(pods=[pod], events=events)).job.pods or ()
    assert found.pending_reason == "FailedMount: no volume"


def test_a_pod_that_says_why_it_waits_is_not_asked_about() -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}
    pulling = [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]
    pods = [
        pod_document(0, phase="Pending", conditions=[unscheduled]),
        pod_document(1, phase="Pending", containerStatuses=pulling),
    ]
    client = FakeClient(pods=pods)
    assert [pod.pending_reason for pod in read(client).job.pods or ()] == ["Unschedulable: 0/3", None]
    assert EVENTS_PATH not in client.paths()


def test_why_a_job_has_no_pods() -> None:
    client = FakeClient(
        job=job_document(active=0), pods=[], events=[event_document(UID, "FailedCreate", "exceeded quota")]
    )
    answer = read(client)
    assert (answer.job.warning, answer.job.pods) == ("FailedCreate: exceeded quota", ())


@pytest.mark.parametrize("change", [{"conditions": [{"type": "Complete", "status": "True"}]}, {"suspend": True}])
def test_a_job_that_is_over_or_suspended_needs_no_pods(change: dict[str, Any]) -> None:
    document = job_document(active=0, **change)
    document["spec"] |= {key: value for key, value in change.items() if key == "suspend"}
    client = FakeClient(job=document, pods=[])
    assert read(client).job.warning is None
    assert EVENTS_PATH not in client.paths()


def test_a_pod_that_is_replaced_meanwhile() -> None:
    """Its Job still counts it as active; asked again, both agree."""
    client = FakeClient(pods=[pod_document(phase="Failed")], jobs_later=[job_document(active=0, failed=1)])
    answer = read(client)
    assert (answer.job.active, answer.job.failed) == (0, 1)
    assert client.paths().count(PODS_PATH) == 2


@pytest.mark.parametrize("change", [{"parallelism": 0}, {"suspend": True}])
def test_pods_that_are_being_told_to_end(change: dict[str, Any]) -> None:
    """The Job wants none any more; a moment later its pod knows it."""
    document = job_document()
    document["spec"] |= change
    client = FakeClient(document, logs=LOG)
    answer, seconds = timed(client)
    assert client.paths().count(PODS_PATH) == 2
    assert pods_of(answer.job) == ["00000"]
    assert 0 < seconds < 0.5
    document["status"]["conditions"] = [{"type": "Complete", "status": "True"}]
    over = FakeClient(document, logs=LOG)
    read(over)
    assert over.paths().count(PODS_PATH) == 1


# -- logs


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"2025-12-23T06:25:56.123456789Z text"], (UNTIL_NOW, True)),
        ([b"2025-12-23T06:25:56.123456789Z"], (UNTIL_NOW, True)),
        ([], (None, False)),
        ([b"unable to retrieve container logs for containerd://0123"], (None, None)),
        ([b"\xff\xfe\x00 text"], (None, None)),
    ],
)
def test_the_age_of_the_last_line(lines: list[bytes], expected: tuple[datetime | None, bool | None]) -> None:
    (pod,) = read(FakeClient(logs={f"{NAME}-00000": lines})).job.pods or ()
    assert (pod.last_line_at, pod.has_lines) == expected


@pytest.mark.parametrize("error", [NotFoundError("pod gone"), UnavailableError("kubelet"), OpsctlError("?")])
def test_a_log_that_cannot_be_read_is_no_failure(error: OpsctlError) -> None:
    answer = read(FakeClient(errors={f"{PODS_PATH}/": error}))
    assert answer.gaps == ()
    (pod,) = answer.job.pods or ()
    assert (pod.last_line_at, pod.has_lines) == (None, None)


class _Cutting(FakeClient):
    """Breaks the connection while the first logs are read."""

    cuts = 1

    async def stream(self, path: str, query: Sequence[tuple[str, str]] = ()) -> AsyncIterator[bytes]:
        if self.cuts:
            self.cuts -= 1
            raise UnavailableError("the stream was cut", code="cut")
        async for line in super().stream(path, query):
            yield line


@pytest.mark.parametrize(("cuts", "expected"), [(1, (UNTIL_NOW, True)), (2, (None, None))])
def test_a_log_whose_connection_broke_is_asked_for_once_more(
    cuts: int, expected: tuple[datetime | None, bool | None]
) -> None:
    client = _Cutting(logs=LOG)
    client.cuts = cuts
    (pod,) = read(client).job.pods or ()
    assert (pod.last_line_at, pod.has_lines) == expected


# -- other Jobs


def test_another_job_that_runs_the_same_program() -> None:
    finished = job_document("done", "3", active=0)
    other_program = job_document("verify", "4")
    other_program["spec"]["template"]["spec"]["containers"][0]["command"] = ["python", "/scripts/verify.py"]
    client = FakeClient(other_jobs=[finished, other_program, job_document(f"{NAME}-2", "5")])
    assert read(client).job.look_alikes == (f"{NAME}-2",)


# -- what is refused, missing or late


@pytest.mark.parametrize("error", [DENIED, NotFoundError("no Job"), UnavailableError("down")])
def test_without_the_job_there_is_nothing_to_tell(error: OpsctlError) -> None:
    with pytest.raises(type(error)):
        read(FakeClient(errors={JOB_PATH: error}))


def denied(permission: str) -> AccessDeniedError:
    return AccessDeniedError("forbidden", permission=f"{permission} in namespace {NAMESPACE}")


@pytest.mark.parametrize(
    ("path", "permission", "what"),
    [
        (f"{PODS_PATH}/", "get pods/log", "logs"),
        (EVENTS_PATH, "list events", "events"),
        (JOBS_PATH, "list jobs.batch", "other Jobs"),
        (PODS_PATH, "list pods", "pods"),
    ],
)
def test_a_missing_permission_leaves_a_gap_that_names_it(path: str, permission: str, what: str) -> None:
    pods = [pod_document(0), pod_document(1, phase="Pending")]
    answer = read(
        _DeniedJobs(pods=pods) if path == JOBS_PATH else FakeClient(pods=pods, errors={path: denied(permission)})
    )
    (gap,) = answer.gaps
    assert (gap.source, gap.state) == ("kubernetes", "denied")
    assert gap.reason == f"{what}: forbidden (missing: {permission} in namespace {NAMESPACE})"
    assert answer.job.active == 1
    assert (answer.job.pods is None) == (what == "pods")


class _DeniedJobs(FakeClient):
    """The Job may be read by its name, but Jobs may not be listed."""

    def _items(self, path: str, query: dict[str, str]) -> Sequence[dict[str, Any]]:
        if path == JOBS_PATH:
            raise denied("list jobs.batch")
        return super()._items(path, query)


@pytest.mark.parametrize(("path", "what"), [(PODS_PATH, "pods"), (f"{PODS_PATH}/", "logs"), (EVENTS_PATH, "events")])
def test_an_answer_that_does_not_come_ends_in_time(path: str, what: str) -> None:
    pods = [pod_document(0), pod_document(1, phase="Pending")]
    answer, seconds = timed(FakeClient(pods=pods, delays={path: 1e6}))
    (gap,) = answer.gaps
    assert (gap.state, gap.reason) == ("timeout", f"{what}: no answer within 1.5 s.")
    assert gap.hint is not None
    assert "--recount" in gap.hint
    assert seconds < 1.6


def test_without_a_budget_it_waits() -> None:
    answer, seconds = timed(FakeClient(logs=LOG, delays={PODS_PATH: 100.0}), None)
    assert (pods_of(answer.job), answer.gaps) == (["00000"], ())
    assert seconds > 100


def test_it_signs_in_once_and_says_why_not() -> None:
    opened: list[FakeClient] = []

    async def open_client() -> FakeClient:
        opened.append(FakeClient(logs=LOG))
        return opened[-1]

    async def refuse() -> FakeClient:
        raise ConfigError("no such context")

    async def work() -> None:
        jobs = KubeJobs(open_client, NAMESPACE, NAME)
        await jobs.connect()
        first = await jobs.read(None)
        assert first == await jobs.read(None)
        await jobs.close()
        await jobs.close()
        with pytest.raises(ConfigError):
            await KubeJobs(refuse, NAMESPACE, NAME).connect()

    run_virtual(work)
    assert len(opened) == 1


def test_names_are_put_into_paths_safely() -> None:
    client = FakeClient()

    async def open_client() -> FakeClient:
        return client

    async def work() -> None:
        with pytest.raises(NotFoundError):
            await KubeJobs(open_client, "a/../b", "j?x=1").read(None)

    run_virtual(work)
    assert client.paths() == ["/apis/batch/v1/namespaces/a%2F..%2Fb/jobs/j%3Fx%3D1"]
