"""The parts of a divided run: from the run record, from the Job, and from both."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.texts import Catalogue
from opsctl.status.answers import RunCounters, RunPlan, RunShard, Snapshot
from opsctl.status.assessment import assess
from opsctl.status.job import Job, read_indexes
from opsctl.status.models import Assessment, Method, Remark, ShardFigures, ShardState, State
from opsctl.status.shards import MOST_INDEXES, list_shards, name_indexes, write_ranges
from opsctl.status.view import status_view
from tests.status.job_values import JOB_NAME, ended, failed_pod, indexed_job, job, pod, shard, waiting
from tests.status.values import SETTINGS, ago, run_shard, sharded_run, snapshot

FOUR = tuple(run_shard(index) for index in range(4))
PODS = indexed_job(*(shard(index) for index in range(4)))
DONE = RunCounters(documents_complete=99, images_stored=368, images_failed=1)


def taken(*shards: RunShard, of: Job | None = None, **changes: object) -> Snapshot:
    return snapshot(run=sharded_run(*shards, **changes), images=None, job=of)


def assessed(*shards: RunShard, of: Job | None = None, **changes: object) -> Assessment:
    return assess(taken(*shards, of=of, **changes), SETTINGS)


def figures(assessment: Assessment) -> tuple[ShardFigures, ...]:
    assert assessment.shards is not None
    return assessment.shards


def reason(assessment: Assessment) -> Remark | None:
    return assessment.verdict.reason


def done(index: int, **changes: object) -> RunShard:
    given: dict[str, object] = {"state": "complete", "is_held": False, "counters": DONE, "finished_at": ago(60)}
    return run_shard(index, **{**given, **changes})


# -- figures


def test_a_shard_tells_what_it_has_done_of_its_own_plan() -> None:
    first = figures(assessed(*FOUR))[0]
    assert (first.index, first.state, first.starts, first.heartbeat_at) == (0, ShardState.RUNNING, 1, ago(3))
    assert first.documents is not None
    assert first.images is not None
    assert (first.documents.processed, first.documents.total, first.documents.remaining) == (30, 119, 89)
    assert (first.images.stored, first.images.failed, first.images.planned, first.images.remaining) == (
        120,
        2,
        450,
        328,
    )
    assert (first.images.method, first.images.as_of) == (Method.COUNTER, ago(3))


@given(
    st.lists(
        st.tuples(st.tuples(*[st.integers(0, 500)] * 5), st.sampled_from(["running", "complete", "stopped"])),
        min_size=1,
        max_size=20,
    ),
    st.booleans(),
)
def test_the_sums_of_the_shards_are_the_figures_of_the_run(
    rows: list[tuple[tuple[int, int, int, int, int], str]], retries: bool
) -> None:
    shards = [
        run_shard(
            index,
            state=state,
            is_held=state == "running",
            plan=RunPlan(documents=50, documents_processed=0, images=planned, images_stored=before, images_failed=lost),
            counters=RunCounters(images_stored=stored, images_failed=failed),
        )
        for index, ((planned, before, lost, stored, failed), state) in enumerate(rows)
    ]
    found = assessed(*shards, retries_failed=retries)
    parts = [shard.images for shard in figures(found) if shard.images is not None]
    for name in ("planned", "stored", "failed", "remaining"):
        assert getattr(found.images, name) == sum(getattr(part, name) for part in parts)
        assert all(getattr(part, name) >= 0 for part in parts)


def test_a_run_that_is_not_divided_has_no_shards() -> None:
    assert assess(snapshot(job=job()), SETTINGS).shards == ()


# -- states, and what the reason names


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, ShardState.RUNNING),
        ({"state": "planned"}, ShardState.RUNNING),
        ({"throttle_reason": "img.example asked for a pause"}, ShardState.THROTTLED),
        ({"heartbeat_at": ago(31)}, ShardState.SILENT),
        ({"is_process_gone": True}, ShardState.SILENT),
        ({"idle_since": ago(3 + 2 * 60)}, ShardState.RUNNING),
        ({"idle_since": ago(4 + 2 * 60)}, ShardState.STALLED),
        ({"idle_since": ago(9999), "throttle_reason": "img.example asked for a pause"}, ShardState.THROTTLED),
        ({"idle_since": ago(9999), "state": "planned"}, ShardState.RUNNING),
        ({"idle_since": ago(9999), "heartbeat_at": ago(31)}, ShardState.SILENT),
        ({"state": "planned", "is_held": False, "starts": 0, "host": None}, ShardState.WAITING),
        ({"state": "stopped", "is_held": False}, ShardState.STOPPED),
        ({"state": "failed", "is_held": False}, ShardState.FAILED),
        ({"state": "complete", "is_held": False}, ShardState.COMPLETE),
        ({"state": "complete_with_failures", "is_held": False}, ShardState.COMPLETE_WITH_FAILURES),
    ],
)
def test_the_state_of_a_shard(changes: dict[str, object], state: ShardState) -> None:
    assert figures(assessed(run_shard(0), run_shard(1, **changes)))[1].state is state


def test_a_stale_lease_is_named_while_the_others_go_on() -> None:
    found = assessed(*FOUR[:2], run_shard(2, heartbeat_at=ago(45)), FOUR[3])
    assert (found.verdict.state, reason(found)) == (
        State.RUNNING,
        Remark("shards-silent", {"shards": "2", "others": 0, "quiet_seconds": 45.0}),
    )


def test_a_shard_that_hangs_is_named_while_the_others_go_on() -> None:
    found = assessed(*FOUR[:2], run_shard(2, idle_since=ago(1200)), FOUR[3], of=PODS)
    assert (found.verdict.state, reason(found)) == (
        State.RUNNING,
        Remark("shards-stalled", {"shards": "2", "others": 0, "quiet_seconds": 1200.0}),
    )
    commands = [following.command for following in status_view(found, Catalogue("en", UTC)).next_commands]
    assert commands == ["opsctl migrate logs", "opsctl migrate restart"]


def test_all_leases_stale() -> None:
    found = assessed(*(replace(each, heartbeat_at=ago(45 + each.index)) for each in FOUR))
    assert found.verdict.state is State.SILENT
    assert reason(found) == Remark("shards-silent", {"shards": "0-3", "others": 0, "quiet_seconds": 48.0})


def test_a_shard_that_failed_is_named_with_its_reason() -> None:
    failed = run_shard(1, state="failed", is_held=False, state_reason="S3 refused access")
    found = assessed(FOUR[0], failed)
    assert found.verdict.state is State.RUNNING
    assert reason(found) == Remark("shards-failed", {"shards": "1", "others": 0, "detail": "S3 refused access"})
    stopped = assessed(done(0), failed, state="stopped", state_reason="S3 refused access")
    assert (stopped.verdict.state, reason(stopped)) == (State.STALLED, reason(found))


def test_a_stop_on_request_is_told_as_one() -> None:
    stopped = [replace(each, state="stopped", is_held=False) for each in FOUR]
    found = assessed(*stopped, state="stopped", stop_code="request", hosts=())
    assert (found.verdict.state, reason(found)) == (State.STALLED, Remark("stopped-request"))


def test_shards_that_nobody_has_begun() -> None:
    idle = [run_shard(i, state="planned", is_held=False, starts=0, host=None, heartbeat_at=ago(90)) for i in (1, 2)]
    found = assessed(done(0, heartbeat_at=ago(90)), *idle, hosts=())
    assert (found.verdict.state, reason(found)) == (
        State.SILENT,
        Remark("shards-waiting", {"shards": "1-2", "others": 0}),
    )


# -- beside the Job


def test_each_shard_has_its_pod() -> None:
    found = figures(assessed(*FOUR, of=PODS))
    assert [each.pod for each in found] == [f"{JOB_NAME}-{index}-{'abcd'[index] * 5}" for index in range(4)]
    assert [each.retries for each in found] == [0] * 4


def test_the_pod_that_was_started_last_counts() -> None:
    before = failed_pod(name=f"{JOB_NAME}-1-zzzzz", host=f"{JOB_NAME}-1", index=1, retries=1, created_at=ago(900))
    now = shard(1, retries=2, restarts=1, created_at=ago(100))
    for pods in ((before, now), (now, before)):
        found = figures(assessed(*FOUR, of=indexed_job(shard(0), *pods, shard(2), shard(3))))[1]
        assert (found.pod, found.retries) == (now.name, 3)


def test_pods_are_counted_where_kubernetes_does_not() -> None:
    pods = [failed_pod(name=f"{JOB_NAME}-1-{n}", host=f"{JOB_NAME}-1", index=1, created_at=ago(900)) for n in "abc"]
    found = figures(assessed(*FOUR, of=indexed_job(*pods, shard(1))))[1]
    assert (found.pod, found.retries) == (f"{JOB_NAME}-1-bbbbb", 3)


def test_who_works_beside_the_job_has_no_pod_of_it() -> None:
    found = figures(assessed(run_shard(0, host="laptop"), *FOUR[1:], of=PODS))
    assert (found[0].host, found[0].pod, found[1].pod) == ("laptop", None, f"{JOB_NAME}-1-bbbbb")


def test_another_number_of_indexes_is_another_division() -> None:
    of = indexed_job(shard(0), shard(1), completions=2, failed_indexes="1")
    idle = run_shard(1, is_held=False, state="planned", starts=0, host=None)
    found = figures(assessed(FOUR[0], idle, FOUR[2], FOUR[3], of=of))[1]
    assert (found.pod, found.state) == (None, ShardState.WAITING)


def test_a_process_that_hangs_in_a_pod_that_seems_well() -> None:
    """The others go on; of this one Kubernetes knows when it wrote its last line."""
    hung = run_shard(2, heartbeat_at=ago(400))
    pods = [shard(index, last_line_at=ago(395 if index == 2 else 3)) for index in range(4)]
    found = assessed(*FOUR[:2], hung, FOUR[3], of=indexed_job(*pods))
    pod_name = f"{JOB_NAME}-2-ccccc"
    assert found.verdict.problems == (Remark("pod-quiet", {"pod": pod_name, "others": 0, "quiet_seconds": 395.0}),)
    pods[2] = replace(pods[2], created_at=ago(20), started_at=ago(19))
    assert assessed(*FOUR[:2], hung, FOUR[3], of=indexed_job(*pods)).verdict.problems == ()


def test_a_shard_that_kubernetes_has_given_up_is_named() -> None:
    lost = run_shard(2, heartbeat_at=ago(400))
    gone = failed_pod(
        name=f"{JOB_NAME}-2-ccccc", host=f"{JOB_NAME}-2", index=2, last_termination=ended("Error", 2, 400)
    )
    found = assessed(FOUR[0], FOUR[1], lost, FOUR[3], of=indexed_job(*PODS.pods or (), gone, failed_indexes="2"))
    assert (found.verdict.state, reason(found)) == (
        State.RUNNING,
        Remark("shards-given-up", {"shards": "2", "others": 0}),
    )
    assert (figures(found)[2].state, figures(found)[2].is_given_up) == (ShardState.FAILED, True)


def test_an_index_that_is_done_while_its_shard_is_not() -> None:
    lost = run_shard(1, heartbeat_at=ago(400), state="running", is_held=True)
    of = indexed_job(shard(0), shard(1, phase="Succeeded"), completed_indexes="1", started_at=ago(5000))
    found = assessed(FOUR[0], lost, FOUR[2], FOUR[3], of=of)
    assert found.verdict.state is State.CONTRADICTORY
    expected = Remark("job-index-done-but-open", {"job": JOB_NAME, "shards": "1", "others": 0})
    assert found.verdict.contradictions == (expected,)
    later = assessed(FOUR[0], lost, FOUR[2], FOUR[3], of=replace(of, started_at=ago(10)))
    assert later.verdict.contradictions == ()


# -- the Job alone


def test_indexes_of_a_job_without_a_run_record() -> None:
    of = indexed_job(
        shard(0, phase="Succeeded"),
        shard(1, retries=2),
        failed_pod(name="x", host="y", index=2, last_termination=ended("OOMKilled", 137)),
        waiting("ImagePullBackOff", index=3),
        completions=6,
        completed_indexes="0,5",
        failed_indexes="2",
    )
    found = figures(assess(snapshot(job=of), SETTINGS))
    assert [each.state.value for each in found] == ["complete", "running", "failed", "waiting", "waiting", "complete"]
    assert [each.reason for each in found] == [None, None, "OOMKilled", "ImagePullBackOff", None, None]
    assert [each.retries for each in found] == [0, 2, 0, 0, None, None]
    assert {(each.documents, each.images, each.heartbeat_at, each.starts) for each in found} == {(None,) * 4}


def test_more_indexes_than_can_be_listed_are_not_known_one_by_one() -> None:
    assert list_shards(snapshot(job=indexed_job(completions=MOST_INDEXES + 1)), idle_limit_seconds=1) is None
    assert (
        len(list_shards(snapshot(job=indexed_job(completions=MOST_INDEXES)), idle_limit_seconds=1) or ())
        == MOST_INDEXES
    )


def test_a_thousand_shards_and_five_thousand_pods() -> None:
    shards = [run_shard(index, host="laptop" if index % 2 else f"{JOB_NAME}-{index}") for index in range(1000)]
    pods = [shard(index % 1000, name=f"p{index}", created_at=ago(index)) for index in range(5000)]
    given = taken(*shards, of=indexed_job(*pods, completions=1000))
    found = figures(assess(given, SETTINGS))
    assert [each.pod for each in found] == [None if index % 2 else f"p{index}" for index in range(1000)]


# -- ranges


@given(st.sets(st.integers(0, 300)))
def test_ranges_name_exactly_their_indexes(indexes: set[int]) -> None:
    written = write_ranges(indexes)
    assert read_indexes(",".join(written), 301) == indexes
    assert len(written) == len({index for index in indexes if index - 1 not in indexes})


@given(st.text(alphabet="0123456789,-x ", max_size=40))
def test_ranges_of_any_text_are_bounded(text: str) -> None:
    assert all(0 <= index < 100 for index in read_indexes(text, 100))


def test_many_ranges_are_cut() -> None:
    assert name_indexes([0, 1, 2, 5, 7, 9, 11, 12, 20]) == {"shards": "0-2, 5, 7, 9", "others": 3}
    assert pod().retries is None
