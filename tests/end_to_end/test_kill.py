"""`kill -9` at random moments, start again each time: nothing lost, nothing stored twice, nothing falsely done."""

from __future__ import annotations

import random
import signal
import subprocess
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.conftest import Site, read_answer
from tests.end_to_end.outcome import check_outcome
from tests.servers.proxy import tcp_proxy

KILLS = 20
SOONEST, LATEST = 5, 45
"""Of what a run says to Mongo: from the first words, over its plan, to some documents that are written."""


class Killer:
    """Kills a run just before so many of its words have come to Mongo. Moments that are counted so are spread over the
    whole of a run, however fast the machine is."""

    def __init__(self) -> None:
        self._left = 0
        self._child: subprocess.Popen[str] | None = None

    def aim(self, child: subprocess.Popen[str], count: int) -> None:
        self._child, self._left = child, count

    def watch(self, _connection: int, _chunk: bytes) -> None:
        """See `proxy.Watch`."""
        self._left -= 1
        if self._child is not None and self._left <= 0:
            self._child.send_signal(signal.SIGKILL)


@pytest.mark.slow
def test_twenty_kills_lose_and_double_nothing(site: Site, record_property: Any) -> None:
    sample = site.seed()
    before = site.originals()
    moments = random.Random(20251223)
    killer, killed = Killer(), 0
    port = urlsplit(site.mongo_uri).port
    assert port is not None
    with tcp_proxy(port, killer.watch) as line:
        mongo = {"OPSCTL_MONGO_URI": site.mongo_uri.replace(f":{port}", f":{line.port}")}
        while killed < KILLS:
            child = site.start("migrate", "images", "--yes", "-q", "-o", "json", **mongo)
            killer.aim(child, moments.randint(SOONEST, LATEST))
            if read_answer(child).exit_code != -signal.SIGKILL:
                break
            killed += 1
    processed = site.count_processed()
    answer = site.call("migrate", "images", "--yes", "-q", "-o", "json")
    record_property("killed", killed)

    assert answer.exit_code in (0, 4), answer.stderr
    assert killed == KILLS, f"the migration was over after {killed} kills: give it more to do"
    assert processed > 0, "no run came as far as its first document: kill later"
    assert site.originals() == before
    check_outcome(site, sample.images)
    verified = site.call("migrate", "verify", "-q", "-o", "json")
    assert verified.exit_code == 0, verified.stdout
