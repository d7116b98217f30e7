"""Run records in memory, for `migration.ports.RunStore`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsctl.migration.models import Counters, DocumentId, PlanTotals, RunState
from opsctl.migration.run_record import BUCKETS_KEPT, Heartbeat, Lease, Owner, RunRecord
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
        return await self._wire.call(
            "runs.freeze_plan",
            lambda: self._change(
                run_id,
                owner,
                plan=totals,
                counters=Counters(),
                state=RunState.RUNNING,
                started_at=now,
                heartbeat_at=now,
            ),
        )

    async def beat(self, run_id: str, owner: Owner, beat: Heartbeat) -> bool:
        return await self._wire.call("runs.beat", lambda: self._beat(run_id, owner, beat))

    async def announce(self, run_id: str, owner: Owner, document_ids: Sequence[DocumentId]) -> bool:
        return await self._wire.call(
            "runs.announce", lambda: self._change(run_id, owner, in_flight=tuple(document_ids))
        )

    async def note_document_failure(self, run_id: str, owner: Owner, document_id: DocumentId, reason: str) -> None:
        def note() -> None:
            if self._change(run_id, owner):
                self.document_failures.append((document_id, reason))

        await self._wire.call("runs.note_document_failure", note)

    async def finish(self, run_id: str, owner: Owner, state: RunState, reason: str | None, now: datetime) -> bool:
        def close() -> bool:
            record = self.records.get(run_id)
            in_flight = () if record is None or state.is_over else record.in_flight
            lease = replace(record.lease, owner=None) if record else None
            return self._change(
                run_id,
                owner,
                state=state,
                state_reason=reason,
                finished_at=now,
                throttle_reason=None,
                lease=lease,
                in_flight=in_flight,
            )

        return await self._wire.call("runs.finish", close)

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
        there, then = record.lease, seen.lease
        if (there.epoch, there.renewals, there.owner) != (then.epoch, then.renewals, then.owner):
            return None
        claimed = replace(
            record,
            lease=Lease(owner.id, owner.epoch, 0, owner.process),
            state=RunState.PLANNED,
            state_reason=None,
            started_at=now,
            heartbeat_at=now,
            finished_at=None,
            throttle_reason=None,
            starts=record.starts + 1,
        )
        self.records[record.run_id] = claimed
        return claimed

    def _beat(self, run_id: str, owner: Owner, beat: Heartbeat) -> bool:
        record = self._held(run_id, owner)
        if record is None or record.lease.renewals not in (beat.sequence - 1, beat.sequence):
            return False
        if record.lease.renewals == beat.sequence:
            return True
        buckets = (*record.buckets, beat.bucket) if beat.bucket else record.buckets
        return self._change(
            run_id,
            owner,
            lease=replace(record.lease, renewals=beat.sequence),
            heartbeat_at=beat.at,
            throttle_reason=beat.throttle_reason,
            counters=record.counters.plus(beat.delta),
            buckets=buckets[-BUCKETS_KEPT:],
        )

    def _held(self, run_id: str, owner: Owner) -> RunRecord | None:
        record = self.records.get(run_id)
        if record is None or (record.lease.owner, record.lease.epoch) != (owner.id, owner.epoch):
            return None
        return record

    def _change(self, run_id: str, owner: Owner, **changes: object) -> bool:
        record = self._held(run_id, owner)
        if record is None:
            return False
        self.records[run_id] = replace(record, **changes)  # type: ignore[arg-type]
        return True
