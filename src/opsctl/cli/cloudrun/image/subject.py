"""Which image a command is about: the one that an execution ran, or a reference."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opsctl.cli.cloudrun.collecting import Choice, find_execution
from opsctl.cli.services import CloudRunSources
from opsctl.diagnosis.facts.execution import find_main_container
from opsctl.diagnosis.facts.model import TemplateSource
from opsctl.diagnosis.facts.reading import as_list, as_object, as_text
from opsctl.diagnosis.facts.shape import read_shape
from opsctl.diagnosis.image_near import suggest_paths
from opsctl.diagnosis.models import JsonObject
from opsctl.diagnosis.resolve import Resolution
from opsctl.errors import DataError, NotFoundError
from opsctl.image.models import ImageDescription

_ID = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Subject:
    """An image and the execution that ran it, None when an image was named."""

    image: ImageDescription
    execution: str | None


async def find_image(google: CloudRunSources, text: str) -> Subject:
    """Asks the registry for the image of an execution, or for the reference itself. No layer is read.

    Raises `NotFoundError` when there is no such execution or image, `DataError` when an execution names no image.
    """
    if not names_execution(text):
        return Subject(await google.images.describe(text), None)
    found = await _find_named(google, text)
    if found.execution is None:
        raise found.missing or NotFoundError(
            f"{found.name.execution} was deleted: which image it ran is not known any more.",
            hint="Name the image itself: REGISTRY/REPOSITORY@sha256:...",
        )
    return Subject(await google.images.describe(image_that_ran(found.execution)), found.name.execution)


@asynccontextmanager
async def told_with_near_paths(google: CloudRunSources, image: ImageDescription, path: str) -> AsyncIterator[None]:
    """Gives an absent path that leaves without a hint one that says what is near."""
    try:
        yield
    except NotFoundError as error:
        if error.code != "no-such-path" or error.hint is not None:
            raise
        hint = await suggest_paths(google.images, image, path)
        raise NotFoundError(error.message, hint=hint, code=error.code) from error


def names_execution(text: str) -> bool:
    """Whether an argument means an execution: an id, a full name, a URL of the console. A reference has a slash, a dot,
    a colon; `nginx` alone is an id, the image is `nginx:latest`."""
    return bool(_ID.fullmatch(text)) or "/executions/" in text or text.startswith("https://")


async def _find_named(google: CloudRunSources, text: str) -> Resolution:
    """Of a bare word like `nginx` it is said how an image of that name is asked for."""
    try:
        return await find_execution(google, Choice(text))
    except NotFoundError as error:
        if "/" in text:
            raise
        hint = " ".join(filter(None, (error.hint, f"The image of that name is {text}:latest.")))
        raise NotFoundError(error.message, hint=hint, code=error.code) from error


def image_that_ran(execution: JsonObject) -> str:
    """The reference in the execution's own template: Cloud Run resolves its tag to a digest when it starts."""
    containers = as_list(read_shape(execution, TemplateSource.EXECUTION).template.get("containers"))
    image = as_text(as_object(containers[find_main_container(containers)]).get("image")) if containers else ""
    if not image:
        raise DataError("The execution names no image.", hint="Name the image itself: REGISTRY/REPOSITORY@sha256:...")
    return image
