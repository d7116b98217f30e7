"""Two processes for one collection: the second is turned away while the first lives, and takes over when it is dead."""

from __future__ import annotations

import signal
import time

import pytest

from opsctl.migration.run_record import LEASE_SECONDS
from tests.end_to_end.conftest import EMBEDDED_ONLY, FAST, Site, read_answer, wait_until
from tests.end_to_end.outcome import check_plain_outcome

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]


def test_a_second_start_is_turned_away_and_a_dead_one_replaced(slow_site: Site) -> None:
    documents = slow_site.seed_plain(120)
    first = slow_site.start("migrate", "images", "--yes", "-q", "-o", "json")
    wait_until(lambda: slow_site.count_processed() > 2, first)

    second = slow_site.call("migrate", "images", "--yes", "-o", "json")
    assert first.poll() is None, "the first run was over before the second began: give it more to do"
    assert second.exit_code == 9
    assert (second.envelope["status"], second.envelope["errors"][0]["code"]) == ("error", "busy")
    assert f"process {first.pid} on " in second.envelope["errors"][0]["message"]
    running = slow_site.call("status", "-q", "-o", "json")
    assert (running.exit_code, running.data["state"]) == (0, "running")

    first.send_signal(signal.SIGKILL)
    read_answer(first)
    epoch = slow_site.run_record()["shards"]["0"]["lease"]["epoch"]
    began = time.monotonic()
    third = slow_site.start("migrate", "images", "--yes", "-q", "-o", "json", **FAST)
    wait_until(lambda: slow_site.run_record()["shards"]["0"]["lease"]["epoch"] > epoch, third)
    assert time.monotonic() - began < LEASE_SECONDS
    answer = read_answer(third)

    assert answer.exit_code == 0, answer.stderr
    assert slow_site.run_record()["starts"] == 2
    check_plain_outcome(slow_site, documents)
