"""The report of `cloudrun diagnose`: what `-o json` writes as `data`.

Sentences are in the language of the reader, names and codes are not. Everything in it is redacted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rule import Risk


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """One attempt of one task. `end`: succeeded, exited, signalled, timeout, memory, never_started, cancelled, running
    or unknown. An exit code or signal is null when there was none."""

    task: int
    attempt: int
    end: str
    exit_code: int | None
    signal: int | None
    last_output_at: datetime | None
    ended_at: datetime | None
    output_lines: int


@dataclass(frozen=True, slots=True)
class ExecutionSummary:
    """The execution and how it ended. Counts and times that are not known are null."""

    name: str
    project: str
    region: str
    job: str
    execution: str
    outcome: Outcome
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    image: str | None
    task_count: int | None
    failed_count: int | None
    max_retries: int | None
    timeout_seconds: float | None
    memory_bytes: int | None
    message: str | None
    attempts: tuple[AttemptSummary, ...]


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """Something a finding rests on: section, RFC 6901 pointer inside the section's data, what stands there, and, for a
    fact that is not a line, what it means."""

    section: str
    pointer: str
    excerpt: str
    meaning: str | None


@dataclass(frozen=True, slots=True)
class RemedyText:
    """What to do: `commands` to copy, `risk` read-only, reversible or changes-data, what must hold before, and how to
    take it back."""

    text: str
    commands: tuple[str, ...]
    risk: Risk
    precondition: str | None
    undo: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One possible cause. `probability` is between 0 and 1. `verdict`: confirmed, likely or possible.

    `remedy` is the fix, `workarounds` are other ways, least risk first; `checks` only look.
    """

    cause: str
    probability: float
    verdict: Verdict
    title: str
    summary: str
    evidence: tuple[EvidenceItem, ...]
    contradicting: tuple[EvidenceItem, ...]
    remedy: RemedyText | None
    workarounds: tuple[RemedyText, ...]
    checks: tuple[RemedyText, ...]


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A cause that something speaks against."""

    cause: str
    title: str
    evidence: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A cause that could not be judged, and the sections that were not seen."""

    cause: str
    title: str
    missing_sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessNeed:
    """A right that would have given what is missing: the sections, the permissions, the smallest role that holds them
    (null for an API that is switched off), and the command that grants it or switches the API on."""

    sections: tuple[str, ...]
    permissions: tuple[str, ...]
    role: str | None
    command: str


@dataclass(frozen=True, slots=True)
class SectionSummary:
    """One section of the evidence. Only ok and partial were seen; none of the others means healthy."""

    section: str
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """What was seen. `seen_ratio` is the share of the sections that have data. `log_lines` counts entries;
    `is_log_cut` when some are known to be missing."""

    seen_ratio: float
    log_lines: int
    is_log_cut: bool
    sections: tuple[SectionSummary, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """One difference from the last success."""

    what: str
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class BaselineDiff:
    """The newest success before this execution, and what differs."""

    execution: str | None
    completed_at: datetime | None
    changes: tuple[ChangeItem, ...]


@dataclass(frozen=True, slots=True)
class CommitItem:
    """A commit since the last good image. `relevance`: direct (touches the failing path), indirect (touches what builds
    or deploys it), none. `files` are those that make it relevant."""

    id: str
    subject: str
    time: str
    relevance: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """Something that happened, with its place in the evidence."""

    at: datetime
    event: str
    text: str
    section: str
    pointer: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one read-only look that tells most now. `distinguishes`: the causes that it tells apart."""

    text: str
    command: str
    section: str
    distinguishes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Masked:
    """What was masked: how many values, by kind. The same secret has the same token everywhere in the report."""

    values: int
    by_kind: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DiagnosisReport:
    """Why an execution failed. Probabilities of the findings and `unknown_probability` add up to 1.

    `baseline_diff` is null when there is no success to compare with, `next_step` when nothing is left to look at.
    """

    execution: ExecutionSummary
    findings: tuple[Finding, ...]
    unknown_probability: float
    ruled_out: tuple[RuledOut, ...]
    not_checked: tuple[NotChecked, ...]
    completeness: Completeness
    access: tuple[AccessNeed, ...]
    baseline_diff: BaselineDiff | None
    commits: tuple[CommitItem, ...]
    timeline: tuple[TimelineItem, ...]
    next_step: NextStep | None
    masked: Masked
