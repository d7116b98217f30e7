"""What is known about an execution, as typed facts. Rules read these and nothing else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from opsctl.diagnosis.models import ExecutionName, SectionStatus

LONGEST_EXCERPT = 300


class Pointer(NamedTuple):
    """A place in the evidence: section, RFC 6901 pointer inside its data, and what stands there (one line)."""

    section: str
    pointer: str
    excerpt: str = ""


class Origin(StrEnum):
    """Who wrote a message."""

    STDOUT = "stdout"
    STDERR = "stderr"
    SYSTEM = "system"  # varlog/system: the platform about the container
    AUDIT = "audit"
    CONDITION = "condition"  # a condition of the execution or the status of a task
    OTHER = "other"

    @property
    def is_platform(self) -> bool:
        """Whether Cloud Run wrote it, not the program."""
        return self in (Origin.SYSTEM, Origin.AUDIT, Origin.CONDITION)


class Level(IntEnum):
    """How bad the writer of a message thought it was. Cloud Run gives plain text none: DEFAULT."""

    DEBUG = 10
    INFO = 20
    DEFAULT = 25
    WARNING = 30
    ERROR = 40
    FATAL = 50


class Message(NamedTuple):
    """One thing that was said: a line, or the lines of a stack trace or multi-line error joined with newlines.

    `parts` are (offset in the text, number of the log entry) when it was joined from several entries. `position`
    numbers the messages in time order. `attempt` and `task` are -1 when neither a label nor the time tells.
    `relevance` (0 to 1) is how much it may speak about the failure: 1 for what ended the earliest failing attempt, less
    for warnings, for what was overcome later, for later attempts, for tasks that succeeded.
    """

    position: int
    text: str
    time_ns: int | None
    origin: Origin
    level: Level
    task: int
    attempt: int
    pointer: Pointer
    relevance: float = 1.0
    parts: tuple[tuple[int, int], ...] = ()

    def locate(self, offset: int) -> Pointer:
        """The entry and the line in which a character of the text stands."""
        pointer = self.pointer
        if self.parts:
            place = bisect_right(self.parts, (offset, 1 << 62)) - 1
            pointer = Pointer("logs", f"/entries/{self.parts[place][1]}")
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        line = " ".join(self.text[start : end if end >= 0 else None].split())
        if len(line) > LONGEST_EXCERPT:
            # The found place stays in the middle of what is shown.
            middle = max(0, min(offset - start - LONGEST_EXCERPT // 3, len(line) - LONGEST_EXCERPT))
            line = ("..." if middle else "") + line[middle : middle + LONGEST_EXCERPT] + "..."
        return pointer._replace(excerpt=line)


class ErrorCode(NamedTuple):
    """A code of a known system found in a message.

    `system` is one of: sqlstate (five characters), mysql, mssql, oracle (numbers as text), prisma (`P1001`), node
    (`ECONNREFUSED`, `ERR_REQUIRE_ESM`), grpc (`PERMISSION_DENIED`), http (`403`).
    """

    system: str
    code: str
    message: Message


class End(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    EXITED = "exited"  # by itself, with another code than 0
    SIGNALLED = "signalled"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    NEVER_STARTED = "never_started"
    CANCELLED = "cancelled"
    RUNNING = "running"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a task's container, rebuilt from labels, platform lines and times: the API keeps only the last one.

    Times are nanoseconds since 1970. `last_output_ns` is the time of the program's last line.
    """

    task: int
    number: int
    end: End
    exit_code: int | None = None
    signal: int | None = None
    first_output_ns: int | None = None
    last_output_ns: int | None = None
    ended_ns: int | None = None
    output_lines: int = 0
    pointers: tuple[Pointer, ...] = ()


class Outcome(StrEnum):
    """What became of the execution."""

    FAILED = "failed"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    RUNNING = "running"
    UNTOLD = "untold"  # the evidence does not tell

    @property
    def is_harmless(self) -> bool:
        """Whether there is no failure to explain."""
        return self in (Outcome.SUCCEEDED, Outcome.CANCELLED, Outcome.RUNNING)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the execution. `reason` is the common or execution reason, whichever is there."""

    kind: str
    state: str
    reason: str
    message: str
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class EnvVar:
    """An environment variable. `value` is None for a secret reference and without one; `is_masked`: it is hidden."""

    name: str
    value: str | None
    is_masked: bool
    secret: str | None
    secret_version: str | None
    traits: frozenset[str]
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class SecretMount:
    """A volume of a secret. `path` is where the main container mounts it, None when it does not. `items` are (file,
    version); none means the file is named like the secret and holds `latest`."""

    secret: str
    path: str | None
    items: tuple[tuple[str, str], ...]
    pointer: Pointer


class TemplateSource(StrEnum):
    """Where the template of an execution was read."""

    EXECUTION = "execution"
    AUDIT = "audit"  # the answer in its audit record, as complete
    JOB = "job"  # weaker: the job as it is now, unchanged since the run as far as its time tells


@dataclass(frozen=True, slots=True)
class ExecutionFacts:
    """The execution itself and its template. Durations in seconds, sizes in bytes.

    Image, command, environment and limits are those of the container that does the job's work. `template_source` is
    None when no template was seen: then nothing of it is known.
    """

    name: ExecutionName
    outcome: Outcome
    has_started: bool | None
    conditions: tuple[Condition, ...] = ()
    created_ns: int | None = None
    started_ns: int | None = None
    completed_ns: int | None = None
    task_count: int | None = None
    succeeded_count: int | None = None
    failed_count: int | None = None
    cancelled_count: int | None = None
    parallelism: int | None = None
    max_retries: int | None = None
    timeout_seconds: float | None = None
    image: str | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    memory_limit_bytes: int | None = None
    cpu_limit: str | None = None
    service_account: str | None = None
    cloudsql_instances: tuple[str, ...] = ()
    secret_volumes: tuple[str, ...] = ()
    vpc_connector: str | None = None
    vpc_network: str | None = None
    vpc_egress: str | None = None
    execution_environment: str | None = None
    creator: str | None = None
    secret_mounts: tuple[SecretMount, ...] = ()
    sidecar_images: tuple[str, ...] = ()
    template_source: TemplateSource | None = None

    def variable(self, name: str) -> EnvVar | None:
        """The environment variable of that name."""
        return next((variable for variable in self.env if variable.name == name), None)


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What was said. `messages` in time order, conditions and task statuses first.

    `has_output` is False when no line of the program is there; `is_cut` when lines are known to be missing.
    `foreign_count`: entries of other executions, left out. `unlabelled_count`: entries that do not say which execution
    wrote them, kept, and weaker for it.
    """

    messages: tuple[Message, ...] = ()
    codes: tuple[ErrorCode, ...] = ()
    has_output: bool = False
    is_cut: bool = False
    line_count: int = 0
    foreign_count: int = 0
    unlabelled_count: int = 0


@dataclass(frozen=True, slots=True)
class AccessCheck:
    """One permission on one resource, as Policy Troubleshooter answered."""

    permission: str
    resource: str
    is_granted: bool
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class IdentityFacts:
    """The job's service account. `roles` are project roles; None when not known. With `method` "project-policy"
    inherited, group and conditional bindings are not in them."""

    email: str | None = None
    is_disabled: bool = False
    roles: frozenset[str] | None = None
    method: str | None = None
    access: tuple[AccessCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretFacts:
    """One secret version that the job refers to."""

    name: str
    version: str
    resolved_version: str | None
    state: str
    created_ns: int | None
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class SqlInstanceFacts:
    """A Cloud SQL instance as it is now (not as it was then). `state` "NOT_FOUND" and "DENIED" are ours."""

    connection_name: str
    state: str
    activation_policy: str
    ip_types: tuple[str, ...]
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The image, as far as it was looked at; paths are absolute. `texts`: small files; `named_by`: path -> program."""

    digest: str | None = None
    architecture: str | None = None
    os: str | None = None
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_folder: str | None = None
    env_names: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)  # path -> mode, "" when not given
    absent: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    is_complete: bool = False
    named_by: Mapping[str, str] = field(default_factory=dict)

    def has(self, path: str) -> bool | None:
        """Whether a path is in the image: a file, or a folder above one. None when that was not looked at."""
        path = path.rstrip("/") or "/"
        if path in self.files or any(name.startswith(path + "/") for name in self.files):
            return True
        if path in self.absent or any(path.startswith(name + "/") for name in self.absent) or self.is_complete:
            return False
        return None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference from the last success. `what` is a stable word: image, env-added, env-removed, env-changed,
    secret-version, command, args, cloudsql, service-account, vpc, memory, cpu, timeout, execution-environment, ..."""

    what: str
    name: str
    before: str | None
    after: str | None
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class BaselineFacts:
    """The newest success before this execution. `changes` is None when there is none to compare with."""

    execution: str | None = None
    completed_ns: int | None = None
    changes: tuple[Change, ...] | None = None

    def changed(self, what: str) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes or () if change.what == what)


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """A commit between the last good image and this one."""

    id: str
    subject: str
    time: str
    files: tuple[str, ...]
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class JobFacts:
    """The job as it is now."""

    generation: int | None = None
    was_changed_after: bool | None = None
    cloudsql_instances: tuple[str, ...] | None = None
    pointer: Pointer | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything derived from the evidence. `apis`: which Google APIs are ENABLED or DISABLED in the project now.

    `sections` says for each section whether it was seen. A fact of a section that was not seen is empty or None, and
    that means "not known", never "not so".
    """

    execution: ExecutionFacts
    attempts: tuple[Attempt, ...]
    logs: LogFacts
    identity: IdentityFacts
    secrets: tuple[SecretFacts, ...]
    cloudsql: tuple[SqlInstanceFacts, ...]
    image: ImageFacts
    baseline: BaselineFacts
    commits: tuple[CommitFacts, ...]
    job: JobFacts
    sections: Mapping[str, SectionStatus]
    apis: Mapping[str, str] = field(default_factory=dict)

    def seen(self, section: str) -> bool:
        """Whether a section has data."""
        return self.sections.get(section, SectionStatus.SKIPPED).has_data

    @property
    def first_failure(self) -> Attempt | None:
        """The earliest attempt that failed: the one that speaks first."""
        failing = (End.EXITED, End.SIGNALLED, End.TIMEOUT, End.MEMORY, End.NEVER_STARTED)
        return next((attempt for attempt in self.attempts if attempt.end in failing), None)
