"""What became of a manifest: the report of `migrate manifest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from opsctl.migration.kubernetes.manifest.models import Document, Path, Takeover
from opsctl.migration.kubernetes.models import JobKey
from opsctl.migration.kubernetes.ports import JsonObject


class Action(StrEnum):
    """What applying does to one object. A Job whose pod template differs cannot be changed, only replaced."""

    NONE = "none"
    CREATE = "create"
    CHANGE = "change"
    REPLACE = "replace"


class ObjectState(StrEnum):
    """What became of one object."""

    UNCHANGED = "unchanged"
    PLANNED = "planned"
    CREATED = "created"
    CHANGED = "changed"
    REPLACED = "replaced"
    FAILED = "failed"
    NOT_TRIED = "not-tried"


class ManifestOutcome(StrEnum):
    """How the command ended."""

    PRINTED = "printed"
    PLANNED = "planned"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    APPLIED = "applied"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. `before` is null for one that is not there; secrets in it are masked."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ObjectReport:
    """One object of the manifest. `changes` are those against what was there. `detail` says why it failed."""

    kind: str
    namespace: str
    name: str
    action: Action
    state: ObjectState
    changes: tuple[FieldChange, ...] = ()
    detail: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ManifestNote:
    """A comment of the manifest: the object and field it is about, its code and values. One that is open has to be
    decided before the manifest can be applied."""

    kind: str
    namespace: str
    name: str
    path: str
    code: str
    values: Mapping[str, str]
    is_open: bool


@dataclass(frozen=True, slots=True)
class ManifestWarning:
    """Something to know before anything is changed."""

    code: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ManifestReport:
    """The documents as they would be applied, in order; `objects` only when the cluster was asked. `kept_manifest` is
    the file from which a replaced Job can be created again."""

    namespace: str
    job: str
    outcome: ManifestOutcome
    documents: tuple[JsonObject, ...]
    notes: tuple[ManifestNote, ...]
    objects: tuple[ObjectReport, ...] = ()
    warnings: tuple[ManifestWarning, ...] = ()
    kept_manifest: str | None = None


def source_warnings(takeover: Takeover | None, job: JobKey) -> tuple[ManifestWarning, ...]:
    """Two programs would do the same work."""
    if takeover is None or takeover.source == job or not takeover.active_pods:
        return ()
    return (ManifestWarning("source-active", {"job": str(takeover.source), "pods": str(takeover.active_pods)}),)


def list_notes(documents: tuple[Document, ...]) -> tuple[ManifestNote, ...]:
    """The notes of all documents."""
    return tuple(
        ManifestNote(
            document.kind.kind,
            document.namespace,
            document.name,
            field_path(note.path, document.body),
            note.text.removeprefix("note_").replace("_", "-"),
            dict(note.values),
            note.is_open,
        )
        for document in documents
        for note in document.notes
    )


def field_path(path: Path, body: JsonObject) -> str:
    """`spec.template.spec.containers[migrate].env[HOME].value`: items of a list by their name, if they have one."""
    text, value = "", body
    for step in path:
        is_item = isinstance(value, list | tuple)
        value = _step_into(value, step)
        if is_item:
            name = value.get("name") if isinstance(value, Mapping) else None
            text += f"[{name if isinstance(name, str) else step}]"
        elif isinstance(step, str) and _is_plain(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def _step_into(value: Any, step: str | int) -> Any:
    """None for what is not there: a difference may be about something that the manifest does not have."""
    if isinstance(value, Mapping):
        return value.get(str(step))
    is_there = isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)
    return value[step] if is_there else None


def _is_plain(key: str) -> bool:
    return key.replace("_", "a").replace("-", "a").isalnum()
