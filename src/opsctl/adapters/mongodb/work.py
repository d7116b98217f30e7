"""How far the migration is and who works on it, for a restart: the count, the newest run record, its leases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from pymongo.asynchronous.database import AsyncDatabase

from opsctl.adapters.mongodb.connection import Fields
from opsctl.adapters.mongodb.runs import MongoRuns
from opsctl.adapters.mongodb.status import MongoDocumentCounts
from opsctl.migration.kubernetes.models import WorkMark, Writer
from opsctl.migration.kubernetes.work_log import LeaseWatch
from opsctl.migration.models import ImageMapping, RunState
from opsctl.migration.run_record import Lease, RunRecord, Shard
from opsctl.status.answers import DocumentSet, latest

COUNT_SECONDS = 5.0
_POLL_SECONDS = 1.0


class MongoWorkLog:
    """Implements `migration.kubernetes.ports.WorkLog` on one collection. A first look at a lease that seems dead takes
    as long as a lease lasts, 15 s."""

    def __init__(
        self,
        database: AsyncDatabase[Fields],
        collection: str,
        mapping: ImageMapping,
        *,
        host: str,
        watch: LeaseWatch,
        count_seconds: float = COUNT_SECONDS,
    ) -> None:
        self._runs = MongoRuns(database, collection, host=host)
        self._counts = MongoDocumentCounts(database, collection, mapping, host=host)
        self._watch = watch
        self._count_seconds = count_seconds

    async def look(self) -> WorkMark:
        """The state of this moment. A count that takes too long is not known; without a lease that somebody holds, the
        newest upload tells when something was finished last, as far as it is found in time."""
        run = await self._runs.latest()
        while (writers := self._judge(run)) is None:
            await self._watch.clock.sleep(_POLL_SECONDS)
            run = await self._runs.latest()
        processed = await self._counts.count(DocumentSet.PROCESSED, self._count_seconds)
        mark = WorkMark(self._watch.clock.now(), processed, None)
        if run is not None:
            mark = replace(
                mark,
                images_finished=run.counters.images_finished,
                last_progress_at=_last_progress(run),
                state=run.state.value,
                writers=writers,
                waiting_reason=run.throttle_reason,
            )
        if not writers:
            uploaded_at = await self._counts.find_last_upload(self._count_seconds)
            mark = replace(mark, last_progress_at=latest(mark.last_progress_at, uploaded_at))
        return mark

    def _judge(self, run: RunRecord | None) -> tuple[Writer, ...] | None:
        """None while one of them cannot be told. All are looked at each time: they are waited for together."""
        if run is None:
            return ()
        judged = [
            (writer, self._watch.is_alive(run.run_id, writer.shard, lease, writer.heartbeat_at))
            for writer, lease in _held_leases(run)
        ]
        told = tuple(replace(writer, is_alive=is_alive) for writer, is_alive in judged if is_alive is not None)
        return told if len(told) == len(judged) else None


def _held_leases(run: RunRecord) -> Iterator[tuple[Writer, Lease]]:
    alone = run.counters.images_finished if run.shard_count is None else None
    if run.lease.owner is not None:
        yield Writer(_host_of(run.lease), False, run.heartbeat_at, None, alone), run.lease
    for number, shard in enumerate(run.shards):
        if shard.lease.owner is not None:
            yield _shard_writer(number, shard), shard.lease


def _shard_writer(number: int, shard: Shard) -> Writer:
    """A shard that still counts its share has nothing to finish."""
    return Writer(
        host=_host_of(shard.lease),
        is_alive=False,
        heartbeat_at=shard.heartbeat_at,
        shard=number,
        images_finished=shard.counters.images_finished,
        idle_since=shard.idle_since if shard.state is RunState.RUNNING else None,
        waiting_reason=shard.throttle_reason,
    )


def _host_of(lease: Lease) -> str:
    return lease.process.host if lease.process is not None else "?"


def _last_progress(run: RunRecord) -> datetime | None:
    """When the newest slice in which something was finished ended. While somebody holds a lease, not before the start:
    it cannot have hung earlier."""
    ends = [
        bucket.at + timedelta(seconds=bucket.seconds) for bucket in run.buckets if bucket.images or bucket.documents
    ]
    is_held = any(lease.owner is not None for lease in run.leases)
    return latest(max(ends, default=None), run.started_at if is_held else None)
