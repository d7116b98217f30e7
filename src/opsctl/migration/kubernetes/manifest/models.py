"""Values of a manifest: what is asked for, what an older Job gives, and documents with their notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opsctl.migration.kubernetes.models import JobKey, Kind
from opsctl.migration.kubernetes.ports import JsonObject

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key of a Secret in the namespace of the Job."""

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Note:
    """A comment in the manifest, above what `path` leads to. `text` is a key of the texts `kubernetes.*`; a note that
    `is_open` names something that a person has to decide before the manifest can be applied. It is decided when there
    is `secret`, where it names one."""

    path: Path
    text: str
    values: tuple[tuple[str, str], ...] = ()
    is_open: bool = False
    secret: SecretKey | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One object to create. `body` has its keys in the order in which it is written."""

    kind: Kind
    namespace: str
    name: str
    body: JsonObject
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the container's environment: a value, a key of a Secret, or another variable whose value it
    `repeats`. Without any of them a person has to say where the value is to come from; `open_note` is the text that
    says why, with its `note_values`, also for a Secret that may not be there yet."""

    name: str
    value: str | None = None
    secret: SecretKey | None = None
    repeats: str | None = None
    open_note: str | None = None
    note_values: tuple[tuple[str, str], ...] = ()

    @property
    def is_undecided(self) -> bool:
        """Whether a person has to do something before a pod can have it."""
        return self.open_note is not None or (self.value is None and self.secret is None and self.repeats is None)


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights that a command needs in a namespace other than the Job's, or beside it. `name` tells the Roles apart."""

    namespace: str
    name: str
    rules: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """Who may run the commands: `User`, `Group`, or `ServiceAccount` with its namespace."""

    kind: str
    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Takeover:
    """What an older Job gives to the new one. `pod` and `container` are fields of their specifications, as they were;
    `moved` names variables whose plain secret was left behind, `masked` other places with one (paths that begin with
    the name of a field of this class), `dropped` what was not taken over. `active_pods` are those that were at
    work when it was read."""

    source: JobKey
    image: str
    pod: Mapping[str, Any] = field(default_factory=dict)
    container: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    masked: tuple[Path, ...] = ()
    dropped: tuple[str, ...] = ()
    runs_opsctl: bool = False
    active_pods: int = 0


@dataclass(frozen=True, slots=True)
class ManifestSettings:
    """What to make a manifest of. `arguments` are those of `migrate images` beside the shard. An image that nobody
    named, and that may not hold opsctl, is not `image_is_chosen`."""

    job: JobKey
    image: str
    shards: int = 1
    parallelism: int = 1
    variables: tuple[Variable, ...] = ()
    arguments: tuple[str, ...] = ()
    operators: tuple[Operator, ...] = ()
    grants: tuple[Grant, ...] = ()
    takeover: Takeover | None = None
    image_is_chosen: bool = True
