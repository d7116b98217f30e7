"""Processes share a run; one is killed, one sleeps, others come with another cut."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import Any

import pytest

from opsctl.migration.run_record import LEASE_SECONDS
from tests.end_to_end.conftest import EMBEDDED_ONLY, FAST, Site, read_answer, wait_until
from tests.end_to_end.gate import Gate
from tests.end_to_end.outcome import check_plain_outcome

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]
WORDS = ("migrate", "images", "--yes", "-q", "-o", "json", "--shard")


def test_four_processes_share_a_run_and_one_is_killed(slow_site: Site, gate: Gate) -> None:
    documents = slow_site.seed_plain(60)
    # Fewer than one of the four shards has.
    gate.close_after(50)
    children = [slow_site.start(*WORDS, f"{index}/4") for index in range(4)]
    wait_until(lambda: gate.is_reached() and slow_site.is_at_work(0), children[0])
    busy = slow_site.call(*WORDS, "0/4")
    alone = slow_site.call(*WORDS[:-1])
    assert (busy.exit_code, alone.exit_code) == (9, 9)

    children[0].send_signal(signal.SIGKILL)
    read_answer(children[0])
    gate.open()
    answers = [read_answer(slow_site.start(*WORDS, "0/4")), *(read_answer(child) for child in children[1:])]

    assert [answer.exit_code for answer in answers] == [0] * 4, [answer.stderr for answer in answers]
    assert [answer.data["shard"] for answer in answers] == [{"index": index, "count": 4} for index in range(4)]
    record = slow_site.run_record()
    assert (record["state"], record["shard_count"], record["shards"]["0"]["starts"]) == ("complete", 4, 2)
    check_sums(record, images=4 * len(documents))
    check_plain_outcome(slow_site, documents)
    status = slow_site.call("status", "--recount", "-q", "-o", "json")
    assert (status.exit_code, status.data["state"]) == (0, "complete")


def test_a_process_that_was_stopped_for_longer_than_its_lease_writes_nothing_more(slow_site: Site, gate: Gate) -> None:
    """It wakes up, with images that have come while it slept, while the one that took over is in the middle of the same
    documents."""
    documents = slow_site.seed_plain(100)
    gate.close_after(60)
    sleeper = slow_site.start(*WORDS, "0/2")
    wait_until(lambda: gate.is_reached() and slow_site.is_at_work(0), sleeper)
    sleeper.send_signal(signal.SIGSTOP)
    gate.let_in_who_waits()
    try:
        wait_until(lambda: silent_seconds(slow_site) > LEASE_SECONDS + 1, sleeper)
        heir = slow_site.start(*WORDS, "0/2")
        wait_until(lambda: slow_site.run_record()["shards"]["0"]["frozen_epoch"] == 2 and gate.is_reached(), heir)
    finally:
        sleeper.send_signal(signal.SIGCONT)
    late = read_answer(sleeper)
    assert heir.poll() is None
    gate.open()
    assert (late.exit_code, late.envelope["errors"][0]["code"]) == (9, "busy"), late.stderr
    answers = [read_answer(heir), slow_site.call(*WORDS, "1/2", **FAST)]
    assert [answer.exit_code for answer in answers] == [0, 0], [answer.stderr for answer in answers]
    check_sums(slow_site.run_record(), images=4 * len(documents))
    check_plain_outcome(slow_site, documents)


def test_a_run_that_is_left_is_cut_anew_by_processes_that_start_at_the_same_moment(slow_site: Site, gate: Gate) -> None:
    documents = slow_site.seed_plain(60)
    gate.close_after(100)
    children = [slow_site.start(*WORDS, f"{index}/2") for index in range(2)]
    wait_until(lambda: gate.is_reached() and slow_site.is_at_work(0, 1), children[0])
    for child in children:
        child.send_signal(signal.SIGKILL)
        read_answer(child)
    gate.open()
    answers = [read_answer(child) for child in [slow_site.start(*WORDS, f"{index}/3") for index in range(3)]]
    assert [answer.exit_code for answer in answers] == [0] * 3, [answer.stderr for answer in answers]
    closed, record = slow_site.collection.database["opsctl_runs"].find(sort=[("sequence", 1)])
    assert (closed["state"], closed["closed"], record["shard_count"]) == ("stopped", True, 3)
    check_sums(record, images=4 * len(documents))
    check_plain_outcome(slow_site, documents)


def silent_seconds(site: Site) -> float:
    """How long nobody has been heard of."""
    heartbeat_at: datetime = site.run_record()["heartbeat_at"]
    return (datetime.now(UTC) - heartbeat_at).total_seconds()


def check_sums(record: dict[str, Any], *, images: int) -> None:
    """Every image is counted once, whoever stored it."""
    done = [shard["counters"]["images_stored"] for shard in record["shards"].values()]
    assert record["state"] == "complete"
    assert record["counters"]["images_stored"] == sum(done)
    assert record["plan"]["images_stored"] + sum(done) == record["plan"]["images"] == images
