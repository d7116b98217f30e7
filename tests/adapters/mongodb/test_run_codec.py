"""Run records as documents: the documented keys, records of other versions, and a run that nobody closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from docs.generator.records import sharded_keys

from opsctl.adapters.mongodb.run_codec import decode_run, encode_run
from opsctl.migration.models import IdRange, PlanTotals, RunState
from opsctl.migration.run_record import Lease, Shard
from tests.contract.run_store import make_record

WHEN = datetime(2025, 12, 23, 6, 26, 15, 123000, tzinfo=UTC)
SHARD = Shard(IdRange(None, (4, "x")), Lease(None, 1, 7, None), PlanTotals(), WHEN, RunState.COMPLETE)
SHARDED = replace(make_record(), shard_count=2, shards=(SHARD, replace(SHARD, state=RunState.STOPPED)))


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def test_the_keys_of_a_sharded_run_are_documented() -> None:
    alone, sharded = encode_run(make_record(), "vehicles"), encode_run(SHARDED, "vehicles")
    assert (set(sharded) - set(alone), set(sharded["shards"]["0"])) == sharded_keys()
    assert set(alone) - set(sharded) == set()
    assert sharded["shards"]["0"]["range"] == {"after": None, "upto": {"kind": 4, "id": "x"}}


def test_a_run_of_one_process_is_written_as_it_always_was() -> None:
    fields = encode_run(make_record(), "vehicles")
    assert list(fields["shards"]) == ["0"]
    assert set(fields["shards"]["0"]) == {"lease", "in_flight"}
    assert decode_run(fields) == make_record()


def test_fields_that_came_later_may_be_absent_and_newer_ones_are_passed_over() -> None:
    fields = without(encode_run(make_record(), "vehicles"), "buckets", "throttle_reason", "finished_at", "selection")
    assert decode_run({**fields, "newer": 1}) == make_record()
    stopped = replace(SHARDED, state=RunState.STOPPED)
    assert decode_run({**encode_run(stopped, "vehicles"), "newer": 1}) == stopped


def test_a_run_whose_last_process_died_before_it_closed_it_is_what_its_shards_are() -> None:
    running = replace(SHARDED, state=RunState.RUNNING)
    stopped = decode_run(encode_run(running, "vehicles"))
    assert stopped.state is RunState.STOPPED
    over = decode_run(encode_run(replace(running, shards=(SHARD, SHARD)), "vehicles"))
    assert over.state is RunState.COMPLETE
    held = replace(SHARD, lease=Lease("a", 1, 7, None), state=RunState.RUNNING)
    assert decode_run(encode_run(replace(running, shards=(SHARD, held)), "vehicles")).state is RunState.RUNNING
