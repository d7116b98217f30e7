"""Collects what is in the image that ran: its configuration, and the paths that matter to this run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opsctl.diagnosis.collectors.answers import seen
from opsctl.diagnosis.collectors.image_paths import first_look, second_look
from opsctl.diagnosis.collectors.references import References
from opsctl.diagnosis.models import Section
from opsctl.diagnosis.ports import Images
from opsctl.image.models import FileEntry, ImageDescription, Inspection, Wanted

SOURCE = "registry: manifest, configuration and layers, read without pulling"
_MOST_FILES = 3_000


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """The section, and what was learnt of the image on the way; None when it could not be described."""

    section: Section
    description: ImageDescription | None = None


async def collect_image(
    images: Images,
    references: References,
    read_messages: Callable[[], Awaitable[Iterable[str]]],
    *,
    with_provenance: bool = False,
) -> ImageAnswer:
    """Describes the image, looks for what the run needs of it, and for what the files found then lead to.

    `read_messages` gives log lines, which name paths that are missing; it may wait for them, the image is described
    before.
    """
    image = await images.describe(references.image, with_provenance=with_provenance)
    wanted = first_look(references, image.config, await read_messages())
    inspection = await images.inspect(image, wanted) if _is_asked(wanted) else _NOTHING
    led_to = second_look(references, image.config, inspection.texts)
    further = _without(led_to.wanted, wanted)
    if _is_asked(further):
        inspection = _join(inspection, await images.inspect(image, further))
    return ImageAnswer(section_of(image, inspection, led_to.named_by), image)


def section_of(image: ImageDescription, inspection: Inspection, named_by: Mapping[str, str]) -> Section:
    """The section `image`. `named_by`: path -> the file of the image that names it."""
    steps = {layer.number: layer.created_by for layer in image.layers}
    files = inspection.files[:_MOST_FILES]
    reasons = [
        None if "@sha256:" in image.reference else "the tag as it is now; it may have moved since the execution",
        *(f"{path} not checked: {reason}" for path, reason in sorted(inspection.undecided.items())),
        f"{len(inspection.files) - len(files)} more paths are left out" if len(files) < len(inspection.files) else None,
        *inspection.remarks,
    ]
    data: dict[str, Any] = {
        "reference": image.reference,
        "digest": image.digest,
        "platforms": list(image.platforms),
        "config": image.config,
        "files": [_file(entry, steps) for entry in files],
        "absent": sorted(inspection.absent),
        "namedBy": dict(named_by),
        "removedBy": {
            path: {"layer": number, "createdBy": steps.get(number)} for path, number in inspection.removed.items()
        },
        "texts": dict(inspection.texts),
        "complete": inspection.is_complete,
        "sizeBytes": image.size_bytes,
        "layers": [
            {"digest": layer.blob.digest, "sizeBytes": layer.blob.size_bytes, "createdBy": layer.created_by}
            for layer in image.layers
        ],
    }
    return seen(data, SOURCE, reasons)


def _file(entry: FileEntry, steps: Mapping[int, str | None]) -> dict[str, Any]:
    return {
        "path": entry.path,
        "type": entry.kind.value,
        "size": entry.size_bytes,
        "mode": f"{entry.mode:04o}",
        "layer": entry.layer,
        "createdBy": steps.get(entry.layer),
    } | ({"linkTarget": entry.link_target} if entry.link_target is not None else {})


def _is_asked(wanted: Wanted) -> bool:
    return bool(wanted.paths or wanted.folders or wanted.texts)


def _without(wanted: Wanted, known: Wanted) -> Wanted:
    """What was not looked for yet."""
    return Wanted(
        wanted.paths - known.paths,
        wanted.folders - known.folders,
        wanted.texts - known.texts,
        wanted.optional - known.optional,
    )


def _join(first: Inspection, second: Inspection) -> Inspection:
    files = {entry.path: entry for entry in (*first.files, *second.files)}
    return Inspection(
        files=tuple(files[path] for path in sorted(files)),
        absent=first.absent | second.absent,
        undecided={**first.undecided, **second.undecided},
        texts={**first.texts, **second.texts},
        removed={**first.removed, **second.removed},
        is_complete=first.is_complete or second.is_complete,
        bytes_read=first.bytes_read + second.bytes_read,
        layers_read=first.layers_read + second.layers_read,
        layers_cached=first.layers_cached + second.layers_cached,
        remarks=tuple(dict.fromkeys((*first.remarks, *second.remarks))),
    )


_NOTHING = Inspection((), frozenset(), {}, {}, {}, False, 0, 0, 0)
