"""The log entries that speak about one execution: whose they are, in which order, each once."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from opsctl.diagnosis.facts.model import Origin
from opsctl.diagnosis.facts.reading import as_count, as_object, as_text
from opsctl.diagnosis.models import Evidence, LogEntry

EXECUTION_LABEL = "run.googleapis.com/execution_name"
TASK_LABEL = "run.googleapis.com/task_index"
ATTEMPT_LABEL = "run.googleapis.com/task_attempt"


class OwnEntries(NamedTuple):
    """The entries of one execution. `foreign_count`: entries of other executions, left out; a filter by job alone finds
    those. `unlabelled_count`: entries that do not say whose they are, kept: old logging libraries write such."""

    entries: tuple[LogEntry, ...]
    foreign_count: int
    unlabelled_count: int


def select_own(evidence: Evidence) -> OwnEntries:
    """Leaves out what other executions wrote. Only the last segments of names are compared: a project may be given by
    its id or its number."""
    wanted = evidence.name.execution.rpartition("/")[2]
    kept: list[LogEntry] = []
    foreign = unlabelled = 0
    verdicts: dict[str | None, bool] = {None: True}
    for entry in evidence.entries:
        owner = entry.labels.get(EXECUTION_LABEL) or None
        if owner is None and entry.proto is not None:
            owner = _named_execution(entry.proto)
        is_own = verdicts.get(owner)
        if is_own is None:
            is_own = verdicts[owner] = not wanted or str(owner).rpartition("/")[2] == wanted
        if not is_own:
            foreign += 1
            continue
        unlabelled += owner is None
        kept.append(entry)
    entries = tuple(kept) if foreign else evidence.entries
    return OwnEntries(entries, foreign, unlabelled)


def _named_execution(proto: object) -> str | None:
    """The execution that an audit record is about: `namespaces/P/executions/E`."""
    resource = as_text(as_object(proto).get("resourceName"))
    return resource.rpartition("/executions/")[2] or None if "/executions/" in resource else None


def origin_of(log_name: str) -> Origin:
    """Which log a `logName` means."""
    if log_name.endswith(("%2Fstdout", "/stdout")):
        return Origin.STDOUT
    if log_name.endswith(("%2Fstderr", "/stderr")):
        return Origin.STDERR
    if "varlog" in log_name:
        return Origin.SYSTEM
    if "cloudaudit" in log_name:
        return Origin.AUDIT
    return Origin.OTHER


def order_entries(entries: Iterable[LogEntry]) -> list[LogEntry]:
    """By time and insert id, as Cloud Logging orders. An entry without a time stays behind the one it follows in the
    file. Of doubled entries one is kept; the parts of a split entry are put together."""
    seen: set[tuple[object, ...]] = set()
    keyed: list[tuple[int, str, int, LogEntry]] = []
    last_ns, last_id = 0, ""
    splits: dict[str, list[LogEntry]] = {}
    for entry in entries:
        time_ns = entry.time_ns
        if time_ns is not None:
            key = _identity(entry)
            if key in seen:
                continue
            seen.add(key)
            last_ns, last_id = time_ns, entry.insert_id
        if entry.split is not None and entry.text is not None and as_text(entry.split.get("uid")):
            splits.setdefault(as_text(entry.split.get("uid")), []).append(entry)
            continue
        keyed.append((last_ns, last_id, entry.number, entry))
    for parts in splits.values():
        whole = _put_together(parts)
        keyed.append((whole.time_ns or last_ns, whole.insert_id, whole.number, whole))
    keyed.sort(key=itemgetter(0, 1, 2))
    return [item[3] for item in keyed]


def _put_together(parts: list[LogEntry]) -> LogEntry:
    """A line of more than 256 KiB out of the entries it was split into, as far as they are there."""
    parts.sort(key=lambda part: (as_count(as_object(part.split).get("index")) or 0, part.number))
    return parts[0]._replace(text="".join(part.text or "" for part in parts), split=None)


def _identity(entry: LogEntry) -> tuple[object, ...]:
    if entry.text is not None or entry.insert_id:
        if entry.insert_id:
            return entry.time_ns, entry.insert_id, entry.log_name, entry.text
        return entry.time_ns, entry.text, entry.log_name, entry.labels.get(TASK_LABEL), entry.labels.get(ATTEMPT_LABEL)
    return entry.time_ns, entry.log_name, repr(entry.json or entry.proto), entry.labels.get(TASK_LABEL)
