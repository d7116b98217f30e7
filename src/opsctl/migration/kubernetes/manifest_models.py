"""Values of a manifest: what is asked for, what an older Job gives, and documents with their notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opsctl.migration.kubernetes.models import JobKey, Kind
from opsctl.migration.kubernetes.ports import JsonObject

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A comment in the manifest, above what `path` leads to. `text` is a key of the texts `kubernetes.*`; a note that
    `is_open` names something that a person has to decide before the manifest can be applied."""

    path: Path
    text: str
    values: tuple[tuple[str, str], ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """One object to create. `body` has its keys in the order in which it is written."""

    kind: Kind
    namespace: str
    name: str
    body: JsonObject
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key of a Secret in the namespace of the Job."""

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the container's environment: a value, or a key of a Secret. Without either a person has to say
    where the value is to come from."""

    name: str
    value: str | None = None
    secret: SecretKey | None = None


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
    `moved` names variables whose plain secret was left behind, `dropped` what was not taken over."""

    source: JobKey
    image: str
    pod: Mapping[str, Any] = field(default_factory=dict)
    container: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestSettings:
    """What to make a manifest of. `arguments` are those of `migrate images` beside the shard."""

    job: JobKey
    image: str
    shards: int = 1
    parallelism: int = 1
    variables: tuple[Variable, ...] = ()
    arguments: tuple[str, ...] = ()
    operators: tuple[Operator, ...] = ()
    grants: tuple[Grant, ...] = ()
    takeover: Takeover | None = None
