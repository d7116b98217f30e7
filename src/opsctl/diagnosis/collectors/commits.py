"""Collects the commits between the image of the last success and the one that ran, from a local checkout."""

from __future__ import annotations

from typing import Any

from opsctl.diagnosis.collectors.answers import empty, seen
from opsctl.diagnosis.collectors.references import References, read_references
from opsctl.diagnosis.facts.reading import as_object, as_text, as_texts
from opsctl.diagnosis.facts.shape import find_shape
from opsctl.diagnosis.image_commit import ImageCommit, find_commit
from opsctl.diagnosis.models import Evidence, ExecutionName, JsonObject, Section
from opsctl.diagnosis.ports import Sources
from opsctl.errors import OpsctlError
from opsctl.image.models import ImageDescription

SOURCE = "git log"


async def collect_commits(
    sources: Sources,
    name: ExecutionName,
    execution: Section,
    image: ImageDescription | None,
    baseline: Section,
) -> Section:
    """The section `commits`. `image` is the one that ran, None when it could not be described."""
    if sources.commits is None:
        return empty("no checkout was named", SOURCE)
    newer = await _commit_of(sources, execution, image)
    if newer is None:
        return empty("neither the image nor the execution says which commit it was built from", SOURCE)
    before = Section(baseline.status, data=as_object(as_object(baseline.data).get("execution")) or None)
    older = await _commit_of(sources, before, await _describe(sources, name, before)) if before.data else None
    found = await sources.commits.list_commits(older.revision if older else None, newer.revision)
    data: dict[str, Any] = {
        "repository": found.repository,
        "from": found.older,
        "to": found.newer,
        "commits": [
            {"id": commit.id, "subject": commit.subject, "time": commit.time, "files": list(commit.files)}
            for commit in found.commits
        ],
        "fromSource": older.source if older else None,
        "toSource": newer.source,
    }
    reasons = (
        newer.remark,
        older.remark if older else None,
        found.cut_reason,
        None if older else "the commit of the last success is not known: only the commit of this image is listed",
    )
    return seen(data, SOURCE, reasons)


async def _describe(sources: Sources, name: ExecutionName, execution: Section) -> ImageDescription | None:
    references = _references(name, execution)
    if references is None or not references.image or sources.images is None:
        return None
    try:
        return await sources.images.describe(references.image, with_provenance=True)
    except OpsctlError:
        # The old image may be gone; labels of the execution can still name its commit.
        return None


async def _commit_of(sources: Sources, execution: Section, image: ImageDescription | None) -> ImageCommit | None:
    """The commit of an image. Its tags have a voice too: a label may come from the image that it was built on."""
    tags = () if image is None else await _tags(sources, image)
    return find_commit(image, tags, as_object(execution.data))


async def _tags(sources: Sources, image: ImageDescription) -> tuple[str, ...]:
    try:
        answer: JsonObject = await sources.artifacts.get_docker_image(
            image.repository, image.index_digest or image.digest
        )
    except OpsctlError:
        return ()
    return tuple(as_text(tag) for tag in as_texts(answer.get("tags")))


def _references(name: ExecutionName, execution: Section) -> References | None:
    return read_references(find_shape(Evidence(name, None, {"execution": execution})), name.project)
