"""Ctrl-C, SIGTERM and --timeout: what is in flight is finished, told and recorded, and the next start goes on."""

from __future__ import annotations

import signal
import time

import pytest

from tests.end_to_end.conftest import EMBEDDED_ONLY, FAST, Answer, Site, open_site, read_answer, wait_until
from tests.end_to_end.gate import Gate
from tests.end_to_end.outcome import check_wide_outcome
from tests.servers.launch import S3Target

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]

IMAGES = 40


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_run_and_the_next_start_goes_on(
    slow_site: Site, gate: Gate, number: signal.Signals, code: int
) -> None:
    paths = slow_site.seed_wide(10, IMAGES)
    answer = stop_in_the_middle(slow_site, gate, number, "-o", "json")

    assert answer.exit_code == code, answer.stderr
    assert (answer.envelope["status"], answer.envelope["exitCode"]) == ("partial", code)
    assert (answer.data["state"], answer.data["stateReason"]) == ("stopped", "stopped on request")
    assert answer.data["openDocuments"] == 10 - slow_site.count_processed() > 0
    record = slow_site.run_record()
    assert (record["state"], record["shards"]["0"]["lease"]["owner"]) == ("stopped", None)
    partial = list(slow_site.collection.find({"s3_migration.state": "partial"}))
    assert partial
    # All that was fetched is recorded: in complete documents and in partial ones.
    recorded = slow_site.recorded_keys().total() + sum(len(each["s3_migration"]["stored"]) for each in partial)
    assert recorded == count_asked(slow_site, paths) == len(slow_site.objects())

    check_next_start(slow_site, paths)


def test_a_person_is_told_how_to_go_on(slow_site: Site, gate: Gate) -> None:
    slow_site.seed_wide(10, IMAGES)
    answer = stop_in_the_middle(slow_site, gate, signal.SIGINT)
    assert answer.exit_code == 130
    assert "opsctl migrate images  " in answer.stdout.partition("Next:")[2]
    assert "Traceback" not in answer.stderr
    stopped = slow_site.call("status", "--recount", "-q", "-o", "json")
    assert stopped.exit_code == 3
    assert (stopped.data["state"], stopped.data["runId"]) == ("stalled", slow_site.run_record()["_id"])


def test_a_second_signal_leaves_at_once(mongo_uri: str, s3_target: S3Target) -> None:
    """The host answers after ten minutes: a run that waits for it would still be there, and would write a report."""
    with open_site(mongo_uri, s3_target, "--latency-seconds", "600") as site:
        paths = site.seed_wide(2, 2)
        child = site.start("migrate", "images", "--yes", "-o", "json", OPSCTL_IMAGES_TIMEOUT_SECONDS="900")
        wait_until(lambda: count_asked(site, paths) == len(paths), child)
        began = time.monotonic()
        while child.poll() is None:
            child.send_signal(signal.SIGINT)
            time.sleep(0.2)
            assert time.monotonic() - began < 120, "it does not leave"
        answer = read_answer(child)
        assert (answer.exit_code, answer.stdout) == (130, "")
        assert site.run_record()["state"] == "running"
        assert site.objects() == {}


def test_a_timeout_stops_the_run_as_a_signal_does(slow_site: Site) -> None:
    """One image after the other: the run cannot end within any of these times, but its start may take that long."""
    paths = slow_site.seed_wide(10, IMAGES)
    for seconds in ("4", "10", "30"):
        answer = slow_site.call(
            "migrate", "images", "--yes", "-o", "json", "--timeout", seconds, OPSCTL_IMAGES_PER_HOST_CONCURRENCY="1"
        )
        assert answer.exit_code == 5, answer.stderr
        if slow_site.objects():
            break
    assert answer.data["state"] == "stopped"
    assert slow_site.run_record()["state"] == "stopped"
    check_next_start(slow_site, paths)


def stop_in_the_middle(site: Site, gate: Gate, number: signal.Signals, *words: str) -> Answer:
    """A signal to a run that has asked for images of two documents, of ten."""
    gate.close_after(IMAGES + IMAGES // 2)
    child = site.start("migrate", "images", "--yes", *words)
    wait_until(lambda: gate.is_reached() and site.count_processed() > 0, child)
    child.send_signal(number)
    # Nothing comes back before the signal has come.
    gate.open()
    return read_answer(child)


def check_next_start(site: Site, paths: list[str]) -> None:
    """It completes the migration, and asks for no image a second time."""
    answer = site.call("migrate", "images", "--yes", "-q", "-o", "json", **FAST)
    assert answer.exit_code == 0, answer.stderr
    assert answer.data["state"] == "complete"
    check_wide_outcome(site, paths)
    asked = site.requests()
    assert {path: asked[path] for path in paths if asked[path] != 1} == {}
    assert site.call("migrate", "verify", "-q").exit_code == 0


def count_asked(site: Site, paths: list[str]) -> int:
    asked = site.requests()
    return sum(asked[path] for path in paths)
