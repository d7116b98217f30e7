"""The evidence of one execution: what every later stage reads, live or from a file (`opsctl.evidence/v1`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

JsonObject = Mapping[str, Any]

# In the order in which a report lists them.
SECTIONS = (
    "execution",
    "tasks",
    "job",
    "logs",
    "baseline",
    "service_account",
    "secrets",
    "cloudsql",
    "image",
    "value_facts",
    "commits",
)
# What opsctl collects beyond the format; other writers have none of it, so its absence is not worth a word.
OWN_SECTIONS = ("apis",)


class SectionStatus(StrEnum):
    """How asking for a section ended. Four of them mean "not seen", and none of those means healthy."""

    OK = "ok"
    PARTIAL = "partial"
    NO_DATA = "no_data"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    ERROR = "error"
    SKIPPED = "skipped"
    # A newer writer may know more of them; read as "not seen".
    UNKNOWN = "unknown"

    @property
    def has_data(self) -> bool:
        """Whether there is something to read."""
        return self in (SectionStatus.OK, SectionStatus.PARTIAL)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the evidence, Google's own v2 REST JSON. `data` is None unless `status.has_data`.

    The entries of `logs` are not in `data` but in `Evidence.entries`: there may be hundreds of thousands.
    """

    status: SectionStatus
    reason: str | None = None
    source: str | None = None
    data: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class ExecutionName:
    """The parts of `projects/P/locations/L/jobs/J/executions/E`; the ones that are not known are empty."""

    full: str
    project: str
    location: str
    job: str
    execution: str


class LogEntry(NamedTuple):
    """A google.logging.v2.LogEntry, as much of it as a diagnosis reads.

    `number` is its place in the file (`/entries/<number>`). Of `text`, `json` and `proto` one is set. `time_ns` is
    nanoseconds since 1970, None when the entry has no readable time. `severity` is DEFAULT when the entry has none.
    Labels and resources are shared between entries: do not change. `split` says which part of a line of more than
    256 KiB this is (`uid`, `index`, `totalSplits`).
    """

    number: int
    time_ns: int | None
    log_name: str
    severity: str
    labels: Mapping[str, str]
    text: str | None
    json: JsonObject | None
    proto: JsonObject | None
    insert_id: str
    resource: JsonObject | None = None
    split: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known about one execution.

    `entries` are the log lines in the order of the file; `entries_dropped` counts those that were left out to stay
    within memory, always from the middle. `remarks` say what was tolerated while reading. `collected_by` is who asked,
    as an IAM member (`user:...`), where that is known. `masked_before` counts the values of each kind that were masked
    when it was saved.
    """

    name: ExecutionName
    collected_at: str | None
    sections: Mapping[str, Section]
    entries: tuple[LogEntry, ...] = ()
    entries_dropped: int = 0
    remarks: tuple[str, ...] = ()
    collected_by: str | None = None
    masked_before: Mapping[str, int] = field(default_factory=dict)

    def section(self, name: str) -> Section:
        """A section; one that is absent counts as skipped."""
        return self.sections.get(name) or Section(SectionStatus.SKIPPED)
