"""Two processes for one collection: the second is turned away while the first lives, and takes over when it is dead."""

from __future__ import annotations

import signal
import time
from urllib.parse import urlsplit

import pytest

from opsctl.migration.run_record import LEASE_SECONDS
from tests.end_to_end.conftest import EMBEDDED_ONLY, FAST, Site, read_answer, wait_until
from tests.end_to_end.gate import Gate
from tests.end_to_end.outcome import check_plain_outcome
from tests.servers.proxy import tcp_proxy

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]


def test_a_second_start_is_turned_away_and_a_dead_one_replaced(slow_site: Site, gate: Gate) -> None:
    documents = slow_site.seed_plain(60)
    gate.close_after(100)
    first = slow_site.start("migrate", "images", "--yes", "-q", "-o", "json")
    wait_until(lambda: gate.is_reached() and slow_site.count_processed() > 2, first)

    second = slow_site.call("migrate", "images", "--yes", "-o", "json")
    assert first.poll() is None
    assert second.exit_code == 9
    assert (second.envelope["status"], second.envelope["errors"][0]["code"]) == ("error", "busy")
    assert f"process {first.pid} on " in second.envelope["errors"][0]["message"]
    running = slow_site.call("status", "--recount", "-q", "-o", "json")
    assert (running.exit_code, running.data["state"]) == (0, "running")

    first.send_signal(signal.SIGKILL)
    read_answer(first)
    gate.open()
    epoch = slow_site.run_record()["shards"]["0"]["lease"]["epoch"]
    port = urlsplit(slow_site.mongo_uri).port
    assert port is not None
    with tcp_proxy(port) as line:
        mongo = {"OPSCTL_MONGO_URI": slow_site.mongo_uri.replace(f":{port}", f":{line.port}")}
        third = slow_site.start("migrate", "images", "--yes", "-q", "-o", "json", **FAST, **mongo)
        # From its first word to Mongo on: how long a program takes to start is not what is tested.
        wait_until(lambda: line.accepted > 0, third)
        began = time.monotonic()
        wait_until(lambda: slow_site.run_record()["shards"]["0"]["lease"]["epoch"] > epoch, third)
        assert time.monotonic() - began < LEASE_SECONDS
        answer = read_answer(third)

    assert answer.exit_code == 0, answer.stderr
    assert slow_site.run_record()["starts"] == 2
    check_plain_outcome(slow_site, documents)
