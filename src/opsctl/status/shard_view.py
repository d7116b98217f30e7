"""The parts of a divided run for people: how many are done, and those that are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from opsctl.reporting.view import Cell, CellValue, Column, Duration, Field, Table, Texts, Tone
from opsctl.status.job import Job, count_indexes
from opsctl.status.models import ShardFigures, ShardState

ROWS = 8
"""Shards that are shown one by one; -o json has all."""

_ORDER = (
    ShardState.FAILED,
    ShardState.SILENT,
    ShardState.STALLED,
    ShardState.STOPPED,
    ShardState.THROTTLED,
    ShardState.RUNNING,
    ShardState.WAITING,
    ShardState.COMPLETE_WITH_FAILURES,
    ShardState.COMPLETE,
)
"""What somebody has to do something about comes first."""

_TONES: dict[ShardState, Tone] = {
    ShardState.FAILED: "bad",
    ShardState.SILENT: "bad",
    ShardState.STALLED: "bad",
    ShardState.STOPPED: "bad",
    ShardState.THROTTLED: "warning",
    ShardState.WAITING: "warning",
    ShardState.COMPLETE_WITH_FAILURES: "warning",
    ShardState.RUNNING: "good",
    ShardState.COMPLETE: "good",
}

_COLUMNS = (
    "column_shard",
    "column_shard_state",
    "row_documents",
    "row_images",
    "column_failed",
    "column_starts",
    "column_quiet",
    "column_host",
)
_WORDS = ("column_shard_state", "column_host")


def shard_fields(shards: Sequence[ShardFigures] | None, job: Job | None, texts: Texts) -> Iterator[Field]:
    """How many are done, and what the others do."""
    if shards:
        counts = Counter(shard.state for shard in shards)
        done, total = sum(counts[state] for state in _ORDER if state.is_over), len(shards)
        others = [(state, counts[state]) for state in _ORDER if counts[state] and not state.is_over]
    elif job is not None and job.is_indexed:
        done, total, others = count_indexes(job.completed_indexes), job.completions or 0, []
    else:
        return
    notes = [
        texts.get("status.shard_state_count", number=number, state=_word(state, texts)) for state, number in others
    ]
    if job is not None and job.failed_indexes:
        notes.append(texts.get("status.shards_failed", indexes=job.failed_indexes))
    has_trouble = any(state.is_trouble for state, _ in others) or (job is not None and bool(job.failed_indexes))
    value = texts.get("status.shard_counts", done=done, total=total)
    yield Field(
        texts.get("status.field_shards"), Cell(value, "warning" if has_trouble else "plain"), ", ".join(notes) or None
    )


def shard_tables(shards: Sequence[ShardFigures] | None, now: datetime, texts: Texts) -> tuple[Table, ...]:
    """Those of the run record: in trouble first, then at work, then the others, by index; the rest is counted. What
    the cluster alone knows of its indexes stands with the pods."""
    known = [shard for shard in shards or () if shard.heartbeat_at is not None]
    if not known:
        return ()
    ordered = sorted(known, key=lambda shard: (_ORDER.index(shard.state), shard.index))
    shown = ordered[:ROWS]
    has_hosts = any(shard.host is not None and shard.pod is None for shard in shown)
    # A name of a machine needs the room of two numbers.
    left_out = ("row_documents", "column_failed") if has_hosts else ("column_host",)
    names = [name for name in _COLUMNS if name not in left_out]
    columns = tuple(
        Column(texts.get(f"status.{name}"), "left" if name in _WORDS else "right", keep_whole=name in _WORDS)
        for name in names
    )
    rows: list[tuple[CellValue, ...]] = [tuple(_cells(shard, now, texts)[name] for name in names) for shard in shown]
    if len(ordered) > len(shown):
        more = texts.get("status.more_pods", others=len(ordered) - len(shown))
        rows.append(("", more, *[""] * (len(columns) - 2)))
    return (Table(columns, tuple(rows)),)


def _cells(shard: ShardFigures, now: datetime, texts: Texts) -> dict[str, CellValue]:
    documents, images = shard.documents, shard.images
    failed = images.failed if images is not None else None
    return {
        "column_shard": shard.index,
        "column_shard_state": Cell(_word(shard.state, texts), _TONES[shard.state]),
        "row_documents": _done(documents.processed, documents.total, texts) if documents is not None else None,
        "row_images": _done(images.stored, images.planned, texts) if images is not None else None,
        "column_failed": Cell(failed, "warning") if failed else failed,
        "column_starts": Cell(shard.starts, "warning") if (shard.starts or 0) > 1 else shard.starts,
        "column_quiet": _quiet(shard, now),
        "column_host": shard.host or "",
    }


def _word(state: ShardState, texts: Texts) -> str:
    return texts.get(f"status.shard_{state.value}")


def _done(done: int | None, total: int | None, texts: Texts) -> str:
    return texts.get("status.shard_done", done=done, total=total)


def _quiet(shard: ShardFigures, now: datetime) -> CellValue:
    """How long its process was not heard of; nobody waits for word of what is done, or was not begun."""
    if shard.heartbeat_at is None or not shard.starts or shard.state.is_over:
        return ""
    return Duration(float(max(0, round((now - shard.heartbeat_at).total_seconds()))))
