"""Commands that write: insert, update, delete, findAndModify.

A command runs from its first statement to its last without another one in between, so every update is atomic and
counters lose nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opsctl.lab.mongo_wire.collection import Collection
from opsctl.lab.mongo_wire.commands.request import Request, refuse_options
from opsctl.lab.mongo_wire.documents import Document, Stored, store
from opsctl.lab.mongo_wire.errors import Code, CommandError
from opsctl.lab.mongo_wire.projections import build_projector
from opsctl.lab.mongo_wire.sorting import read_sort
from opsctl.lab.mongo_wire.updates import read_update, with_id


def insert(request: Request) -> Document:
    """Add documents; each fails alone."""
    documents = request.documents("documents")
    collection = request.deployment.store.write(request.database, request.collection_name)
    inserted, errors = _run_statements(
        documents, lambda document, _: collection.insert(store(with_id(document))), ordered=_is_ordered(request)
    )
    return _answer({"n": inserted}, errors)


def update(request: Request) -> Document:
    """Change, replace or upsert documents, statement by statement."""
    statements = request.documents("updates")
    # Even an update that matches nothing makes the collection only when it upserts.
    matched = modified = 0
    upserted: list[Document] = []

    def run(statement: Document, index: int) -> None:
        nonlocal matched, modified
        found, changed, new_id = _update(request, statement)
        matched, modified = matched + found, modified + changed
        if new_id is not None:
            upserted.append({"index": index, "_id": new_id["_id"]})

    _, errors = _run_statements(statements, run, ordered=_is_ordered(request))
    answer: Document = {"n": matched + len(upserted), "nModified": modified}
    if upserted:
        answer["upserted"] = upserted
    return _answer(answer, errors)


def delete(request: Request) -> Document:
    """Remove one document or all that match, statement by statement."""
    statements = request.documents("deletes")
    collection = request.deployment.store.read(request.database, request.collection_name)
    removed = 0

    def run(statement: Document, _: int) -> None:
        nonlocal removed
        refuse_options(statement, "collation")
        limit = statement.get("limit")
        if limit not in (0, 1):
            raise CommandError(Code.FailedToParse, f"The limit field in delete objects must be 0 or 1. Got {limit!r}")
        for stored in collection.find(statement.get("q", {}), limit=1 if limit else None):
            collection.remove(stored)
            removed += 1

    _, errors = _run_statements(statements, run, ordered=_is_ordered(request))
    return _answer({"n": removed}, errors)


def find_and_modify(request: Request) -> Document:
    """Change or remove one document and answer with it, as it was or (with `new`) as it is."""
    body = request.body
    refuse_options(body, "collation", "arrayFilters", "let")
    wants_new, upsert = bool(body.get("new")), bool(body.get("upsert"))
    if bool(body.get("remove")) == ("update" in body):
        raise CommandError(Code.FailedToParse, "Either an update or remove=true must be specified")
    if body.get("remove") and (wants_new or upsert):
        raise CommandError(Code.FailedToParse, "Cannot specify both new=true or upsert=true and remove=true")
    query = body.get("query") or {}
    collection = request.deployment.store.read(request.database, request.collection_name)
    found = collection.find(query, sort=read_sort(body.get("sort")), limit=1)
    project = build_projector(body.get("fields"))
    before = found[0] if found else None
    after = None
    last_error: Document = {"n": len(found)}
    if body.get("remove"):
        if before is not None:
            collection.remove(before)
    else:
        after = _modify(request, collection, query, before, upsert=upsert)
        last_error["updatedExisting"] = before is not None
        if before is None and after is not None:
            last_error |= {"n": 1, "upserted": after.document["_id"]}
    shown = after if wants_new else before
    value = None if shown is None else shown.document if project is None else project(shown.document)
    return {"lastErrorObject": last_error, "value": value, "ok": 1.0}


def _modify(
    request: Request, collection: Collection, query: Document, before: Stored | None, *, upsert: bool
) -> Stored | None:
    change = read_update(request.body["update"], now=request.deployment.clock())
    if before is not None:
        after = change.apply(before)
        if after is not before:
            collection.replace(before, after)
        return after
    if not upsert:
        return None
    new = change.apply_to_new(query)
    request.deployment.store.write(request.database, request.collection_name).insert(new)
    return new


def _update(request: Request, statement: Document) -> tuple[int, int, Document | None]:
    """Run one statement: how many documents matched, how many changed, and the document it made, if any."""
    refuse_options(statement, "collation", "arrayFilters", "c")
    change = read_update(statement.get("u"), now=request.deployment.clock())
    multi = bool(statement.get("multi"))
    if multi and change.replacement is not None:
        raise CommandError(Code.FailedToParse, "multi update is not supported for replacement-style update")
    query = statement.get("q", {})
    collection = request.deployment.store.read(request.database, request.collection_name)
    found = collection.find(query, sort=read_sort(statement.get("sort")), limit=None if multi else 1)
    if not found and statement.get("upsert"):
        new = change.apply_to_new(query)
        request.deployment.store.write(request.database, request.collection_name).insert(new)
        return 0, 0, new.document
    modified = 0
    for stored in found:
        changed = change.apply(stored)
        if changed is not stored:
            collection.replace(stored, changed)
            modified += 1
    return len(found), modified, None


def _run_statements(
    statements: list[Document], run: Callable[[Document, int], Any], *, ordered: bool
) -> tuple[int, list[Document]]:
    """How many statements succeeded, and the errors of the others; the first error ends an ordered run."""
    errors: list[Document] = []
    succeeded = 0
    for index, statement in enumerate(statements):
        try:
            run(statement, index)
        except CommandError as error:
            errors.append(error.as_write_error(index))
            if ordered:
                break
        else:
            succeeded += 1
    return succeeded, errors


def _is_ordered(request: Request) -> bool:
    return bool(request.body.get("ordered", True))


def _answer(answer: Document, errors: list[Document]) -> Document:
    if errors:
        answer["writeErrors"] = errors
    return {**answer, "ok": 1.0}
