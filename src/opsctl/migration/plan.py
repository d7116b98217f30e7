"""Which images a document holds, and the document's `s3_*` fields once they are stored: one walk serves both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opsctl.migration.models import (
    FieldRule,
    ImageMapping,
    ImageRef,
    PlannedImage,
    PlanTotals,
    Selection,
    SourceDocument,
)
from opsctl.migration.urls import BadUrlError, resolve_url

Visit = Callable[[object, str | None], object]


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """The distinct images of one document, in the order in which they stand there."""

    vehicle_name: str
    images: tuple[PlannedImage, ...]


def plan_document(original: Mapping[str, object], mapping: ImageMapping) -> DocumentPlan:
    """List the images of a document. The same URL with the same type and colour counts once."""
    found: dict[ImageRef, PlannedImage] = {}
    for rule in mapping.fields:

        def visit(value: object, color_name: str | None, rule: FieldRule = rule) -> None:
            planned = _plan_image(value, color_name, rule, mapping)
            found.setdefault(planned.ref, planned)

        if rule.source in original:
            _walk(original[rule.source], None, mapping, visit)
    return DocumentPlan(_first_text(original, mapping.vehicle_name_fields) or "", tuple(found.values()))


def result_fields(
    original: Mapping[str, object], mapping: ImageMapping, urls: Mapping[ImageRef, str]
) -> dict[str, object]:
    """The `s3_*` fields: the shape of each source field, with addresses replaced; null where an image failed."""
    fields: dict[str, object] = {}
    for rule in mapping.fields:

        def visit(value: object, color_name: str | None, rule: FieldRule = rule) -> object:
            return urls.get(_reference(value, color_name, rule))

        if rule.source in original:
            fields[rule.target] = _walk(original[rule.source], None, mapping, visit)
    return fields


def count_document(
    totals: PlanTotals, document: SourceDocument, mapping: ImageMapping, selection: Selection
) -> PlanTotals:
    """Add one document to the totals of a plan.

    A processed document is closed: what it holds beyond its stored images failed, whoever processed it. With
    `retry_failed` one that lacks images of a selected type is open again, and what it lacks is to be done.
    """
    everything = _list_references(document.original, mapping)
    planned = {ref for ref in everything if not selection.image_types or ref.image_type in selection.image_types}
    stored_refs = {entry.ref for entry in document.stored}
    stored = len(planned & stored_refs)
    is_reopened = selection.retry_failed and (bool(document.failed) or document.is_processed) and stored < len(planned)
    if is_reopened:
        failed = 0
    elif document.is_processed:
        failed = len(planned) - stored
    else:
        failed = sum(1 for failure in document.failed if failure.failure_class.is_final and failure.ref in planned)
    return PlanTotals(
        documents=totals.documents + 1,
        documents_processed=totals.documents_processed + int(document.is_processed and not is_reopened),
        images=totals.images + len(planned),
        images_stored=totals.images_stored + stored,
        images_failed=totals.images_failed + failed,
        images_unselected=totals.images_unselected + len(everything - planned - stored_refs),
    )


def _list_references(original: Mapping[str, object], mapping: ImageMapping) -> set[ImageRef]:
    """The images of a document without their addresses: all that counting needs."""
    found: set[ImageRef] = set()
    for rule in mapping.fields:

        def visit(value: object, color_name: str | None, rule: FieldRule = rule) -> None:
            found.add(_reference(value, color_name, rule))

        if rule.source in original:
            _walk(original[rule.source], None, mapping, visit)
    return found


def _walk(value: object, color_name: str | None, mapping: ImageMapping, visit: Visit) -> object:
    """Rebuild `value` with every image address replaced by what `visit` answers; empty places become null."""
    if _is_empty(value):
        return None
    if isinstance(value, list | tuple):
        return [_walk(item, color_name, mapping, visit) for item in value]
    if isinstance(value, Mapping):
        members = [name for name in mapping.color_url_fields if name in value]
        if not members:
            return dict(value)
        member = next((name for name in members if not _is_empty(value[name])), members[0])
        color_name = _first_text(value, mapping.color_name_fields) or color_name
        return {**value, member: _walk(value[member], color_name, mapping, visit)}
    return visit(value, color_name)


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _plan_image(value: object, color_name: str | None, rule: FieldRule, mapping: ImageMapping) -> PlannedImage:
    ref = _reference(value, color_name, rule)
    if not isinstance(value, str):
        return PlannedImage(ref, None, f"is a {type(value).__name__}, not a text")
    try:
        return PlannedImage(ref, resolve_url(value, mapping.base_url))
    except BadUrlError as error:
        return PlannedImage(ref, None, str(error))


def _reference(value: object, color_name: str | None, rule: FieldRule) -> ImageRef:
    color = color_name if rule.image_type == "color" else None
    return ImageRef(rule.image_type, color, value if isinstance(value, str) else repr(value)[:200])


def _first_text(fields: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return None
