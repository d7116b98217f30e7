"""Values of the migration on Kubernetes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum


class Kind(Enum):
    """Kinds of objects that opsctl reads or writes: API version, kind, the word in paths and rules."""

    JOB = ("batch/v1", "Job", "jobs")
    POD = ("v1", "Pod", "pods")
    EVENT = ("v1", "Event", "events")
    SERVICE_ACCOUNT = ("v1", "ServiceAccount", "serviceaccounts")
    ROLE = ("rbac.authorization.k8s.io/v1", "Role", "roles")
    ROLE_BINDING = ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")

    @property
    def api_version(self) -> str:
        """As in `apiVersion`."""
        return self.value[0]

    @property
    def kind(self) -> str:
        """As in `kind`."""
        return self.value[1]

    @property
    def plural(self) -> str:
        """As in paths and rules."""
        return self.value[2]

    @property
    def group(self) -> str:
        """The API group of rules, "" for the core."""
        return self.api_version.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Permission:
    """One right: `verb` on `resource` (with a subresource after `/`), of one object when `name` is given."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str | None = None

    def __str__(self) -> str:
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {resource} in namespace {self.namespace}"


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Which lines of which container. `since` leaves out what is older than that second; `tail_lines` all but the last
    so many. `is_previous` asks for the container before the last restart."""

    namespace: str
    pod: str
    container: str
    is_previous: bool = False
    follow: bool = False
    since: datetime | None = None
    tail_lines: int | None = None


@dataclass(frozen=True, slots=True)
class JobKey:
    """Which Job."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Writer:
    """A process that holds a lease on the migration. In a pod `host` is the pod's host name. `images_finished` is what
    this start has done; the old figure stands there until the new process has counted its share. `idle_since`, told of
    shards only: from when on it has neither finished anything nor said what it waits for, which is `waiting_reason`."""

    host: str
    is_alive: bool
    heartbeat_at: datetime
    shard: int | None = None
    images_finished: int | None = None
    idle_since: datetime | None = None
    waiting_reason: str | None = None


@dataclass(frozen=True, slots=True)
class WorkMark:
    """How far the work is at one moment. `documents_processed` is counted in the collection and `images_finished` in
    the run record; None is what is not known, 0 is a count. `state` is the run's own word, None without a record;
    `waiting_reason` why it waits, if it does."""

    taken_at: datetime
    documents_processed: int | None
    images_finished: int | None
    last_progress_at: datetime | None = None
    state: str | None = None
    writers: tuple[Writer, ...] = ()
    waiting_reason: str | None = None


class ContainerPhase(StrEnum):
    """What a container does."""

    WAITING = "waiting"
    RUNNING = "running"
    TERMINATED = "terminated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Termination:
    """How a container ended."""

    reason: str | None
    exit_code: int | None
    signal: int | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod, init containers included. `waiting_reason` is the kubelet's word (ImagePullBackOff)."""

    name: str
    phase: ContainerPhase
    restarts: int
    is_init: bool = False
    waiting_reason: str | None = None
    waiting_message: str | None = None
    started_at: datetime | None = None
    termination: Termination | None = None
    last_termination: Termination | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of the Job. `host` is what its processes call their machine. `index` is the completion index."""

    name: str
    uid: str
    phase: str
    host: str
    created_at: datetime | None
    started_at: datetime | None
    index: int | None = None
    node: str | None = None
    deleted_at: datetime | None = None
    reason: str | None = None
    message: str | None = None
    unschedulable_message: str | None = None
    is_node_lost: bool = False
    containers: tuple[Container, ...] = ()

    @property
    def is_over(self) -> bool:
        """It has ended and will not run again."""
        return self.phase in ("Succeeded", "Failed")

    @property
    def is_running(self) -> bool:
        """A container of it is at work, as far as the node last said."""
        return self.phase == "Running" and not self.is_node_lost

    @property
    def restarts(self) -> int:
        """Restarts of all containers."""
        return sum(container.restarts for container in self.containers)


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What the Job says of itself. `failed_reason` is that of its Failed condition (BackoffLimitExceeded).
    `pod_selector` finds its pods, and perhaps those of others; None when it does not say how."""

    key: JobKey
    uid: str
    is_suspended: bool
    is_complete: bool
    is_deleting: bool
    failed_reason: str | None
    failed_message: str | None
    active: int
    succeeded: int
    failed: int
    completions: int | None
    parallelism: int
    is_indexed: bool
    has_index_policy: bool
    grace_seconds: int
    backoff_limit: int
    started_at: datetime | None = None
    failed_indexes: str | None = None
    pod_selector: str | None = None
