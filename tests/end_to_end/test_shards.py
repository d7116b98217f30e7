"""Four processes share a run; one is killed, and another one goes on with its shard."""

from __future__ import annotations

import signal

import pytest

from tests.end_to_end.conftest import EMBEDDED_ONLY, Site, read_answer, wait_until
from tests.end_to_end.outcome import check_plain_outcome

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]
WORDS = ("migrate", "images", "--yes", "-q", "-o", "json", "--shard")


def test_four_processes_share_a_run_and_one_is_killed(slow_site: Site) -> None:
    documents = slow_site.seed_plain(60)
    children = [slow_site.start(*WORDS, f"{index}/4") for index in range(4)]
    wait_until(lambda: slow_site.count_processed() > 2, children[0])
    busy = slow_site.call(*WORDS, "0/4")
    alone = slow_site.call(*WORDS[:-1])
    assert children[0].poll() is None, "the first shard was over too soon: give it more to do"
    assert (busy.exit_code, alone.exit_code) == (9, 9)

    children[0].send_signal(signal.SIGKILL)
    read_answer(children[0])
    answers = [read_answer(slow_site.start(*WORDS, "0/4")), *(read_answer(child) for child in children[1:])]

    assert [answer.exit_code for answer in answers] == [0] * 4, [answer.stderr for answer in answers]
    assert [answer.data["shard"] for answer in answers] == [{"index": index, "count": 4} for index in range(4)]
    record = slow_site.run_record()
    assert (record["state"], record["shard_count"], record["shards"]["0"]["starts"]) == ("complete", 4, 2)
    done = [shard["counters"]["images_stored"] for shard in record["shards"].values()]
    assert record["counters"]["images_stored"] == sum(done)
    assert record["plan"]["images_stored"] + sum(done) == record["plan"]["images"] == 4 * len(documents)
    check_plain_outcome(slow_site, documents)
    status = slow_site.call("status", "-q", "-o", "json")
    assert (status.exit_code, status.data["state"]) == (0, "complete")
