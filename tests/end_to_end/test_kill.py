"""`kill -9` at random moments, start again each time: nothing lost, nothing stored twice, nothing falsely done."""

from __future__ import annotations

import random
import signal
import time
from typing import Any

import pytest

from tests.end_to_end.conftest import Site
from tests.end_to_end.outcome import check_outcome

KILLS = 20


@pytest.mark.slow
def test_twenty_kills_lose_and_double_nothing(site: Site, record_property: Any) -> None:
    sample = site.seed()
    before = site.originals()
    moments = random.Random(20251223)
    killed = 0
    while killed < KILLS:
        child = site.start("migrate", "images", "--yes", "-q", "-o", "json")
        time.sleep(moments.uniform(0.7, 1.3))
        if child.poll() is not None:
            break
        child.send_signal(signal.SIGKILL)
        child.communicate()
        killed += 1
    answer = site.call("migrate", "images", "--yes", "-q", "-o", "json")
    record_property("killed", killed)

    assert answer.exit_code in (0, 4), answer.stderr
    assert killed == KILLS, f"the migration was over after {killed} kills: give it more to do"
    assert site.originals() == before
    check_outcome(site, sample.images)
    verified = site.call("migrate", "verify", "-q", "-o", "json")
    assert verified.exit_code == 0, verified.stdout
