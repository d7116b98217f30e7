"""What applying a manifest would do: everything is looked up, compared and tried on the server before anything changes.

Who may not read an object is refused here: what cannot be compared is not overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from opsctl.errors import AccessDeniedError, NotFoundError, OpsctlError
from opsctl.migration.kubernetes.diff import Change, compare
from opsctl.migration.kubernetes.manifest.errors import ending_job, explain, immutable_job, unreadable
from opsctl.migration.kubernetes.manifest.models import Document, Note, Path, Takeover
from opsctl.migration.kubernetes.manifest.report import (
    Action,
    FieldChange,
    ManifestWarning,
    ObjectReport,
    ObjectState,
    field_path,
)
from opsctl.migration.kubernetes.manifest.secrets import IsSecret, mask_secrets
from opsctl.migration.kubernetes.models import Kind
from opsctl.migration.kubernetes.ownership import find_owners
from opsctl.migration.kubernetes.ports import Cluster, JsonObject
from opsctl.migration.kubernetes.reading import read_job

# Fields of a Job's `spec` that the API server lets nobody change (its own ValidateJobSpecUpdate). `completions` could
# be, together with `parallelism`: a run that is cut into shards could not follow.
IMMUTABLE = frozenset(
    {
        "backoffLimitPerIndex",
        "completionMode",
        "completions",
        "managedBy",
        "podFailurePolicy",
        "selector",
        "successPolicy",
        "template",
    }
)


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """A document, and what it would change. `live` is what is there, as the server sent it."""

    document: Document
    action: Action
    changes: tuple[Change, ...] = ()
    live: JsonObject | None = None

    @property
    def open_notes(self) -> tuple[Note, ...]:
        """What is still to be decided. A field that is there as the manifest says was decided by whoever put it
        there."""
        paths = [change.path for change in self.changes]
        return tuple(
            note
            for note in self.document.notes
            if note.is_open and (self.live is None or any(_overlap(note.path, path) for path in paths))
        )

    def immutable_error(self) -> OpsctlError:
        """The Job cannot be changed as the manifest says."""
        changed = filter(_is_immutable, self.changes)
        return immutable_job(self.document, [field_path(change.path, self.document.body) for change in changed])

    def report(self, state: ObjectState, detail: str | None = None) -> ObjectReport:
        """As it is told."""
        document = self.document
        changes = tuple(
            FieldChange(field_path(change.path, document.body), change.before, change.after) for change in self.changes
        )
        name = (document.kind.kind, document.namespace, document.name)
        return ObjectReport(*name, self.action, state, changes, detail)


@dataclass(frozen=True, slots=True)
class ApplyPlan:
    """What would be done, in order, and what to know before."""

    objects: tuple[PlannedObject, ...]
    warnings: tuple[ManifestWarning, ...] = ()
    roles: tuple[Document, ...] = ()

    @property
    def replaced(self) -> PlannedObject | None:
        """The Job, when it cannot be changed."""
        return next((item for item in self.objects if item.action is Action.REPLACE), None)

    @property
    def changes_anything(self) -> bool:
        """Whether there is something to do."""
        return any(item.action is not Action.NONE for item in self.objects)

    def reports(self, state: ObjectState) -> tuple[ObjectReport, ...]:
        """All objects: those with nothing to do as unchanged, the others in this state."""
        return tuple(
            item.report(ObjectState.UNCHANGED if item.action is Action.NONE else state) for item in self.objects
        )


async def plan_apply(
    cluster: Cluster,
    documents: tuple[Document, ...],
    is_secret: IsSecret,
    *,
    roles: tuple[Document, ...] = (),
    takeover: Takeover | None = None,
    replaces: bool = False,
) -> ApplyPlan:
    """Compare with what is there. `replaces`: a Job that has ended is replaced, be it the same. `roles` are those that
    an error may name.

    Raises AccessDeniedError with the right that is missing and the Role that grants it, DataError (`job-ending`) for a
    Job that is being deleted.
    """
    planned = [await _compare(cluster, document, roles, is_secret, replaces=replaces) for document in documents]
    warnings = [warning for item in planned for warning in _warnings(item)]
    if takeover is not None and not any(_is_source(item, takeover) for item in planned):
        warnings += await _look_at_source(cluster, takeover)
    return ApplyPlan(tuple(planned), tuple(warnings), roles)


async def try_on_server(cluster: Cluster, plan: ApplyPlan) -> None:
    """Let the server check every change without making it. Raises what it would raise for the real one."""
    created = {item.document.kind for item in plan.objects if item.action is Action.CREATE}
    for item in plan.objects:
        if item.action not in (Action.CREATE, Action.CHANGE):
            continue
        try:
            await cluster.apply(item.document.body, dry_run=True)
        except NotFoundError:
            # Who may not bind any role may bind this one only once it is there.
            if item.document.kind is not Kind.ROLE_BINDING or Kind.ROLE not in created:
                raise
        except OpsctlError as error:
            raise explain(error, item.document, plan.roles) from error


async def _compare(
    cluster: Cluster, document: Document, roles: tuple[Document, ...], is_secret: IsSecret, *, replaces: bool
) -> PlannedObject:
    try:
        live = await cluster.get(document.kind, document.namespace, document.name)
    except NotFoundError:
        return PlannedObject(document, Action.CREATE)
    except AccessDeniedError as error:
        raise unreadable(error, document, roles) from error
    document = _with_operators_of(live, document)
    changes = compare(document.body, mask_secrets(live, is_secret))
    action = Action.CHANGE if changes else Action.NONE
    if document.kind is Kind.JOB:
        action = _action_for_job(document, live, changes, action, replaces=replaces)
    return PlannedObject(document, action, changes, live)


def _with_operators_of(live: JsonObject, document: Document) -> Document:
    """Where no operators are named, those who have the rights keep them."""
    if document.kind is not Kind.ROLE_BINDING or document.body["subjects"]:
        return document
    return replace(document, body={**document.body, "subjects": live.get("subjects") or []})


def _action_for_job(
    document: Document, live: JsonObject, changes: tuple[Change, ...], action: Action, *, replaces: bool
) -> Action:
    facts = read_job(live)
    if facts.is_deleting:
        raise ending_job(document)
    has_ended = facts.is_complete or facts.failed_reason is not None
    return Action.REPLACE if any(map(_is_immutable, changes)) or (replaces and has_ended) else action


def _overlap(one: Path, other: Path) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _is_immutable(change: Change) -> bool:
    return change.path[0] == "spec" and len(change.path) > 1 and change.path[1] in IMMUTABLE


def _warnings(item: PlannedObject) -> Iterator[ManifestWarning]:
    if item.live is None or item.document.kind is not Kind.JOB:
        return
    facts = read_job(item.live)
    job = str(facts.key)
    for owner in find_owners(item.live):
        yield ManifestWarning("owned", {"job": job, "tool": owner.tool.value, "owner": owner.name})
    if facts.is_complete or facts.failed_reason is not None:
        state = "Complete" if facts.is_complete else facts.failed_reason or "Failed"
        yield ManifestWarning("finished", {"job": job, "state": state})


def _is_source(item: PlannedObject, takeover: Takeover) -> bool:
    document, source = item.document, takeover.source
    return (document.kind, document.namespace, document.name) == (Kind.JOB, source.namespace, source.name)


async def _look_at_source(cluster: Cluster, takeover: Takeover) -> list[ManifestWarning]:
    """Two programs that do the same work."""
    try:
        facts = read_job(await cluster.get(Kind.JOB, takeover.source.namespace, takeover.source.name))
    except OpsctlError:
        return []
    if not facts.active:
        return []
    return [ManifestWarning("source-active", {"job": str(takeover.source), "pods": str(facts.active)})]
