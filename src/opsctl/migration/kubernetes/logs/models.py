"""Values of reading the logs of a Job."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from opsctl.errors import OpsctlError
from opsctl.migration.kubernetes.logs.lines import LogLine

MOST_PODS = 100
TAIL_LINES = 1_000


@dataclass(frozen=True, slots=True)
class LogWishes:
    """Which lines: of `pods` and `shards` (completion indexes; all when both are empty) and of `container` (all that
    are no init containers when None). `tail_lines` is for each container, `most_pods` for all together."""

    pods: tuple[str, ...] = ()
    shards: tuple[int, ...] = ()
    container: str | None = None
    previous: bool = True
    since: datetime | None = None
    tail_lines: int | None = TAIL_LINES
    most_pods: int = MOST_PODS


@dataclass(frozen=True, slots=True)
class Silence:
    """Lines that are not there, and why: of a pod, or of the Job when `pod` is None. `detail` are words of Kubernetes.

    `reason` of a pod: `not-started`, `no-output`, `no-log` (the node has none any more), `no-previous` (only the one
    of the container before the restart), `gone` (deleted meanwhile), `denied`, `cut` (some or all could not be read),
    `left-out` (more pods than asked for), `shortened` (older lines left out to save memory; `detail` is how many).

    While following also: `interrupted` (tried again), `later` (when others have ended). Of the Job then: `outage` (the
    server is away), `answers-again`, `job-gone` (perhaps it is created again), `job-again`.

    Of the Job: `no-pods`, `no-such-shard`, `suspended`, `job-ending`, `pods-deleted` (it has ended, and they are
    gone).
    """

    reason: str
    pod: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class LogReport:
    """Lines by time, and why others are not among them. `state` is `active`, `suspended`, `complete` or `failed`;
    `pods` is how many the Job has now."""

    namespace: str
    job: str
    state: str
    pods: int
    lines: tuple[LogLine, ...] = field(repr=False)
    silences: tuple[Silence, ...]


@dataclass(frozen=True, slots=True)
class LogReading:
    """A report; `error` when nothing at all could be read, because of one and the same refusal."""

    report: LogReport
    error: OpsctlError | None = None
