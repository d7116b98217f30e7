"""Run records in memory, for `migration.ports.RunStore`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsctl.migration.models import Counters, DocumentId, PlanTotals, RunState
from opsctl.migration.run_record import BUCKETS_KEPT, PLANNER, Heartbeat, Lease, Owner, RunRecord, Shard
from opsctl.migration.shards import ShardPlan, settle
from tests.fakes.wire import Wire


class FakeRuns:
    """Writes only under the current lease; a repeated beat changes nothing."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.records: dict[str, RunRecord] = {}
        self.document_failures: list[tuple[DocumentId, str]] = []

    # -- the port

    async def latest(self) -> RunRecord | None:
        return await self._wire.call("runs.latest", self._latest)

    async def create(self, record: RunRecord) -> bool:
        def insert() -> bool:
            if record.run_id in self.records:
                return False
            self.records[record.run_id] = record
            return True

        return await self._wire.call("runs.create", insert)

    async def claim(self, seen: RunRecord, owner: Owner, now: datetime) -> RunRecord | None:
        return await self._wire.call("runs.claim", lambda: self._claim(seen, owner, now))

    async def freeze_plan(self, run_id: str, owner: Owner, totals: PlanTotals, now: datetime) -> bool:
        def freeze() -> bool:
            if not _is_shard(owner):
                begun = {"state": RunState.RUNNING, "started_at": now, "heartbeat_at": now}
                return self._change(run_id, owner, plan=totals, counters=Counters(), **begun)
            record = self._held(run_id, owner)
            if record is None or record.plan is None:
                return False
            shard = record.shards[owner.shard or 0]
            if shard.frozen_epoch == owner.epoch:
                return True
            plan = record.plan.plus(totals.minus(shard.plan))
            self._change(run_id, owner, plan=plan, counters=record.counters.minus(shard.counters), heartbeat_at=now)
            frozen = {"frozen_epoch": owner.epoch, "state": RunState.RUNNING, "heartbeat_at": now, "idle_since": now}
            return self._change_shard(run_id, owner, plan=totals, counters=Counters(), **frozen)

        return await self._wire.call("runs.freeze_plan", freeze)

    async def beat(self, run_id: str, owner: Owner, beat: Heartbeat) -> bool:
        return await self._wire.call("runs.beat", lambda: self._beat(run_id, owner, beat))

    async def announce(self, run_id: str, owner: Owner, document_ids: Sequence[DocumentId]) -> bool:
        change = self._change_shard if _is_shard(owner) else self._change
        return await self._wire.call("runs.announce", lambda: change(run_id, owner, in_flight=tuple(document_ids)))

    async def note_document_failure(self, run_id: str, owner: Owner, document_id: DocumentId, reason: str) -> None:
        def note() -> None:
            if self._change(run_id, owner):
                self.document_failures.append((document_id, reason))

        await self._wire.call("runs.note_document_failure", note)

    async def finish(self, run_id: str, owner: Owner, state: RunState, reason: str | None, now: datetime) -> bool:
        return await self._wire.call("runs.finish", lambda: self._finish(run_id, owner, state, reason, now))

    async def close(self, run_id: str, owner: Owner, reason: str, now: datetime) -> bool:
        def shut() -> bool:
            record = self._held(run_id, owner)
            if record is None:
                return False
            ended = {"state": RunState.STOPPED, "state_reason": reason, "finished_at": now, "is_closed": True}
            return self._change(run_id, owner, lease=replace(record.lease, owner=None), **ended)

        return await self._wire.call("runs.close", shut)

    async def write_shards(
        self, run_id: str, owner: Owner, plans: Sequence[ShardPlan], now: datetime, *, has_foreign_work: bool = False
    ) -> bool:
        def write() -> bool:
            record = self._held(run_id, owner)
            if record is None:
                return False
            totals = PlanTotals()
            for plan in plans:
                totals = totals.plus(plan.totals)
            free = Lease(None, 0, 0, None)
            shards = tuple(Shard(plan.within, free, plan.totals, now) for plan in plans)
            begun = {"state": RunState.RUNNING, "started_at": now, "heartbeat_at": now, "counters": Counters()}
            begun |= {"lease": replace(record.lease, owner=None), "has_foreign_work": has_foreign_work}
            return self._change(run_id, owner, shards=shards, plan=totals, **begun)

        return await self._wire.call("runs.write_shards", write)

    async def seize(self, seen: RunRecord, owner: Owner, now: datetime) -> bool:
        def take(lease: Lease) -> Lease:
            return Lease(owner.id, lease.epoch + 1, 0, owner.process)

        def take_all() -> bool:
            record = self.records.get(seen.run_id)
            if record is None or record.revision != seen.revision:
                return False
            shards = tuple(replace(shard, lease=take(shard.lease)) for shard in record.shards)
            self._put(record, lease=take(record.lease), shards=shards, heartbeat_at=now)
            return True

        return await self._wire.call("runs.seize", take_all)

    async def leases(self, run_id: str, shard_count: int) -> Sequence[Lease]:
        def look() -> list[Lease]:
            record = self.records.get(run_id)
            return [shard.lease for shard in record.shards] if record else []

        return await self._wire.call("runs.leases", look)

    # -- for tests

    @property
    def newest(self) -> RunRecord:
        record = self._latest()
        assert record is not None, "no run has been created"
        return record

    # -- inside

    def _latest(self) -> RunRecord | None:
        return max(self.records.values(), key=lambda record: record.sequence, default=None)

    def _claim(self, seen: RunRecord, owner: Owner, now: datetime) -> RunRecord | None:
        record = self.records.get(seen.run_id)
        if record is None:
            return None
        there, then = record.lease_of(owner.shard), seen.lease_of(owner.shard)
        if (there.epoch, there.renewals, there.owner) != (then.epoch, then.renewals, then.owner):
            return None
        lease = Lease(owner.id, owner.epoch, 0, owner.process)
        again: dict[str, object] = {
            "state_reason": None,
            "heartbeat_at": now,
            "finished_at": None,
            "throttle_reason": None,
        }
        if _is_shard(owner):
            number = owner.shard or 0
            shard = record.shards[number]
            shard = replace(shard, lease=lease, state=RunState.PLANNED, starts=shard.starts + 1, **again)  # type: ignore[arg-type]
            shards = (*record.shards[:number], shard, *record.shards[number + 1 :])
            again["execution"] = owner.execution or record.execution
            return self._put(record, shards=shards, state=RunState.RUNNING, starts=record.starts + 1, **again)
        planned = {"state": RunState.PLANNED, "started_at": now, "starts": record.starts + 1}
        return self._put(record, lease=lease, **planned, **again)

    def _beat(self, run_id: str, owner: Owner, beat: Heartbeat) -> bool:
        record = self._held(run_id, owner)
        if record is None:
            return False
        lease = record.lease_of(owner.shard)
        if lease.renewals not in (beat.sequence - 1, beat.sequence):
            return False
        if lease.renewals == beat.sequence:
            return True
        lease = replace(lease, renewals=beat.sequence)
        buckets = (*record.buckets, beat.bucket) if beat.bucket else record.buckets
        sums = {"heartbeat_at": beat.at, "counters": record.counters.plus(beat.delta)}
        if not _is_shard(owner):
            sums |= {"lease": lease, "throttle_reason": beat.throttle_reason}
        self._change(run_id, owner, buckets=buckets[-BUCKETS_KEPT:], **sums)
        if not _is_shard(owner):
            return True
        counters = record.shards[owner.shard or 0].counters.plus(beat.delta)
        own: dict[str, object] = {"heartbeat_at": beat.at, "throttle_reason": beat.throttle_reason}
        if beat.shows_life:
            own["idle_since"] = beat.at
        return self._change_shard(run_id, owner, lease=lease, counters=counters, **own)

    def _finish(self, run_id: str, owner: Owner, state: RunState, reason: str | None, now: datetime) -> bool:
        record = self._held(run_id, owner)
        if record is None:
            return self._has_finished(run_id, owner, state, now)
        lease = replace(record.lease_of(owner.shard), owner=None)
        ended: dict[str, object] = {
            "state": state,
            "state_reason": reason,
            "finished_at": now,
            "throttle_reason": None,
            "lease": lease,
        }
        if state.is_over:
            ended["in_flight"] = ()
        if not _is_shard(owner):
            return self._change(run_id, owner, **ended)
        self._change_shard(run_id, owner, **ended)
        record = self.records[run_id]
        settled = settle(record.shards)
        if settled is not None:
            self._put(record, state=settled[0], state_reason=settled[1], finished_at=now)
        return True

    def _has_finished(self, run_id: str, owner: Owner, state: RunState, now: datetime) -> bool:
        """Whether this very end is there already."""
        record = self.records.get(run_id)
        if record is None or (_is_shard(owner) and not record.shards):
            return False
        lease, part = record.lease_of(owner.shard), record.shards[owner.shard or 0] if _is_shard(owner) else record
        there = (lease.owner, lease.epoch, part.state, part.finished_at)
        return there == (None, owner.epoch, state, now)

    def _held(self, run_id: str, owner: Owner) -> RunRecord | None:
        record = self.records.get(run_id)
        if record is None or (_is_shard(owner) and not record.shards):
            return None
        lease = record.lease_of(owner.shard)
        return record if (lease.owner, lease.epoch) == (owner.id, owner.epoch) else None

    def _change(self, run_id: str, owner: Owner, **changes: object) -> bool:
        record = self._held(run_id, owner)
        if record is None:
            return False
        self._put(record, **changes)
        return True

    def _change_shard(self, run_id: str, owner: Owner, **changes: object) -> bool:
        record = self._held(run_id, owner)
        if record is None:
            return False
        number = owner.shard or 0
        shard = replace(record.shards[number], **changes)  # type: ignore[arg-type]
        self._put(record, shards=(*record.shards[:number], shard, *record.shards[number + 1 :]))
        return True

    def _put(self, record: RunRecord, **changes: object) -> RunRecord:
        revision = record.revision if record.shard_count is None else record.revision + 1
        record = replace(record, revision=revision, **changes)  # type: ignore[arg-type]
        self.records[record.run_id] = record
        return record


def _is_shard(owner: Owner) -> bool:
    return owner.shard is not None and owner.shard != PLANNER
