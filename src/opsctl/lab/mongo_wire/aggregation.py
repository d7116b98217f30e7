"""Aggregation pipelines: the stages that read are done here, grouping and expressions by mongomock.

`$match`, `$sort` and `$limit` so answer exactly as `find` does; `count_documents` sends `$match` and a `$group` that
only counts, which needs no evaluation of expressions at all.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, Final

from mongomock.aggregate import process_pipeline

from opsctl.lab.mongo_wire.collection import Collection
from opsctl.lab.mongo_wire.comparisons import as_whole_number, is_number
from opsctl.lab.mongo_wire.documents import Document, Stored, decode_document, store
from opsctl.lab.mongo_wire.errors import Code, CommandError, unsupported
from opsctl.lab.mongo_wire.filters import build_matcher
from opsctl.lab.mongo_wire.projections import build_projector
from opsctl.lab.mongo_wire.sorting import read_sort, sort_documents

_EVALUATED: Final = frozenset({"$group", "$project", "$unwind", "$addFields", "$set", "$replaceRoot", "$bucket"})


def run_pipeline(collection: Collection, pipeline: Any) -> list[Stored]:
    """All documents that come out of a pipeline.

    Raises `CommandError`: for a stage that is wrong, or (CommandNotSupported) for one that is not built.
    """
    stages = _read_stages(pipeline)
    if stages and stages[0][0] == "$match":
        documents = collection.find(stages[0][1])
        stages = stages[1:]
    else:
        documents = list(collection)
    for name, argument in stages:
        documents = _run_stage(name, argument, documents)
    return documents


def _read_stages(pipeline: Any) -> list[tuple[str, Any]]:
    if not isinstance(pipeline, list):
        raise CommandError(Code.TypeMismatch, "'pipeline' option must be specified as an array")
    stages: list[tuple[str, Any]] = []
    for stage in pipeline:
        if not isinstance(stage, dict) or len(stage) != 1:
            raise CommandError(
                Code.FailedToParse, "A pipeline stage specification object must contain exactly one field."
            )
        stages.extend(stage.items())
    return stages


def _run_stage(name: str, argument: Any, documents: list[Stored]) -> list[Stored]:
    run = _STAGES.get(name)
    if run is not None:
        return run(argument, documents)
    if name == "$group" and (count := _counting_field(argument)) is not None:
        field, step = count
        total = len(documents) * step
        return [store({"_id": argument["_id"], field: total})] if documents else []
    if name == "$project" and _is_plain(argument):
        return _project(argument, documents)
    if name not in _EVALUATED:
        raise unsupported(f"the pipeline stage '{name}'")
    return _evaluate(name, argument, documents)


def _match(argument: Any, documents: list[Stored]) -> list[Stored]:
    matches = build_matcher(argument)
    return [stored for stored in documents if matches(stored.document)]


def _limit(argument: Any, documents: list[Stored]) -> list[Stored]:
    count = _whole_number("$limit", argument)
    if count == 0:
        raise CommandError(Code.Location15998, "the limit must be positive")
    return documents[:count]


def _count(argument: Any, documents: list[Stored]) -> list[Stored]:
    if not isinstance(argument, str) or not argument or argument.startswith("$"):
        raise CommandError(Code.BadValue, "the count field must be a non-empty string that does not start with '$'")
    return [store({argument: len(documents)})] if documents else []


def _sample(argument: Any, documents: list[Stored]) -> list[Stored]:
    size = argument.get("size") if isinstance(argument, dict) else None
    return random.sample(documents, min(_whole_number("$sample", size), len(documents)))


def _unset(argument: Any, documents: list[Stored]) -> list[Stored]:
    names = argument if isinstance(argument, list) else [argument]
    if not names or not all(isinstance(name, str) for name in names):
        raise CommandError(Code.FailedToParse, "$unset specification must be a string or an array of strings")
    return _project(dict.fromkeys(names, 0), documents)


def _project(argument: Any, documents: list[Stored]) -> list[Stored]:
    if not argument:
        raise CommandError(
            Code.Location40353, "Invalid $project :: caused by :: projection specification must have at least one field"
        )
    project = build_projector(argument)
    return documents if project is None else [store(project(stored.document)) for stored in documents]


_STAGES: Final[dict[str, Callable[[Any, list[Stored]], list[Stored]]]] = {
    "$match": _match,
    "$sort": lambda argument, documents: sort_documents(documents, read_sort(argument)),
    "$skip": lambda argument, documents: documents[_whole_number("$skip", argument) :],
    "$limit": _limit,
    "$count": _count,
    "$sample": _sample,
    "$unset": _unset,
}


def _whole_number(stage: str, value: Any) -> int:
    number = as_whole_number(value)
    if number is None or number < 0:
        raise CommandError(Code.BadValue, f"invalid argument to {stage} stage: expected a non-negative whole number")
    return number


def _counting_field(argument: Any) -> tuple[str, int] | None:
    """Field and step of `{_id: <constant>, field: {$sum: <int>}}`, which only counts."""
    if (
        not isinstance(argument, dict)
        or len(argument) != 2
        or not (is_number(argument.get("_id", 0)) or argument["_id"] is None)
    ):
        return None
    field, accumulator = next(((name, value) for name, value in argument.items() if name != "_id"), ("", None))
    if (
        "_id" in argument
        and isinstance(accumulator, dict)
        and list(accumulator) == ["$sum"]
        and type(accumulator["$sum"]) is int
    ):
        return field, accumulator["$sum"]
    return None


def _is_plain(argument: Any) -> bool:
    return isinstance(argument, dict) and all(
        isinstance(value, bool) or is_number(value) for value in argument.values()
    )


def _evaluate(name: str, argument: Any, documents: list[Stored]) -> list[Stored]:
    # mongomock changes documents in place: it is given copies.
    evaluate: Callable[..., Iterable[Document]] = process_pipeline
    copies = [decode_document(stored.raw) for stored in documents]
    try:
        results = list(evaluate(copies, None, [{name: argument}], None))
        return [store({"_id": result["_id"], **result} if "_id" in result else result) for result in results]
    except CommandError:
        raise
    except NotImplementedError as error:
        raise CommandError(Code.CommandNotSupported, str(error)) from error
    except Exception as error:  # mongomock says with any exception at all that an expression is wrong
        raise CommandError(Code.FailedToParse, f"{name} cannot be evaluated: {error}") from error
