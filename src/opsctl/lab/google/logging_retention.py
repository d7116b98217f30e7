"""What the log buckets of a project hold: `_Required` the audit records, `_Default` what its sink lets in.

https://cloud.google.com/logging/docs/routing/overview and https://cloud.google.com/logging/quotas
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any

from opsctl.lab.google.log_filter import LogFilter, compile_filter
from opsctl.lab.google.log_filter_comparison import Predicate
from opsctl.lab.google.world import Project

REQUIRED_DAYS = 400
# What the sink lets in unless somebody changes it: all but that which `_Required` has.
DEFAULT_FILTER = " AND ".join(
    f'NOT LOG_ID("{service}audit.googleapis.com/{kind}")'
    for kind in ("activity", "system_event", "access_transparency")
    for service in ("cloud", "external")
)

_REQUIRED_LOGS = ("cloudaudit.googleapis.com%2Factivity", "cloudaudit.googleapis.com%2Fsystem_event")


class Bucket(Enum):
    """A bucket of a project."""

    REQUIRED = "_Required"
    DEFAULT = "_Default"


@dataclass(frozen=True, slots=True)
class Retention:
    """What can be read of a project's logs: in which buckets, since when, and what the sink let in."""

    buckets: frozenset[Bucket]
    required_since_ns: int
    default_since_ns: int
    takes: tuple[Predicate, ...] = ()
    excludes: tuple[Predicate, ...] = ()

    def holds(self, entry: Mapping[str, Any], time_ns: int, *, required: bool) -> bool:
        """Whether a bucket has the entry; `required` says that it is one for `_Required`."""
        if required:
            return Bucket.REQUIRED in self.buckets and time_ns >= self.required_since_ns
        return (
            Bucket.DEFAULT in self.buckets
            and time_ns >= self.default_since_ns
            and all(takes(entry) for takes in self.takes)
            and not any(excludes(entry) for excludes in self.excludes)
        )


def retention_of(project: Project, now: datetime, buckets: frozenset[Bucket] = frozenset(Bucket)) -> Retention:
    """What the buckets of a project hold at `now`. Raises `FilterError` for a sink whose filter cannot be read."""
    sink = default_sink(project)
    filters = [] if sink.get("filter") == DEFAULT_FILTER else [sink.get("filter", "")]
    exclusions = [] if sink.get("disabled") else [item for item in sink["exclusions"] if not item.get("disabled")]
    days = project.log_retention_days
    return Retention(
        buckets=buckets - ({Bucket.DEFAULT} if sink.get("disabled") else set()),
        required_since_ns=_since_ns(now, REQUIRED_DAYS),
        default_since_ns=0 if days is None else _since_ns(now, days),
        takes=tuple(_compile(text).matches for text in filters if text),
        excludes=tuple(_compile(item["filter"]).matches for item in exclusions),
    )


def default_sink(project: Project) -> dict[str, Any]:
    """google.logging.v2.LogSink of `_Default`, with the exclusions of the project."""
    sink = {
        "name": "_Default",
        "destination": f"logging.googleapis.com/projects/{project.id}/locations/global/buckets/_Default",
        "filter": DEFAULT_FILTER,
        **project.sinks.get("_Default", {}),
    }
    return {**sink, "exclusions": [*sink.get("exclusions", []), *project.exclusions]}


def is_required(entry: Mapping[str, Any]) -> bool:
    """Whether `_Required` holds an entry: admin activity and system events."""
    return str(entry.get("logName", "")).endswith(_REQUIRED_LOGS)


def _since_ns(now: datetime, days: int) -> int:
    return int((now - timedelta(days=days)).timestamp() * 1_000_000) * 1000


@lru_cache(maxsize=64)
def _compile(text: str) -> LogFilter:
    return compile_filter(text)
