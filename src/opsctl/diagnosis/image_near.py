"""What is near a path that an image does not have."""

from __future__ import annotations

from posixpath import basename, dirname, normpath

from opsctl.diagnosis.image_reading import ImageFiles
from opsctl.errors import NotFoundError, OpsctlError
from opsctl.image.models import ImageDescription

MOST_NAMED = 5


async def suggest_paths(images: ImageFiles, image: ImageDescription, path: str) -> str | None:
    """Files of that name elsewhere below the nearest folder that exists; without any, what that folder holds. None when
    nothing can be told. Never raises an `OpsctlError`: the answer is only help."""
    folder = normpath("/" + path.lstrip("/"))
    name = basename(folder)
    try:
        while folder != "/":
            folder = dirname(folder)
            try:
                listing = await images.list_files(image, folder)
            except NotFoundError:
                continue
            below = [entry.path for entry in listing.entries if entry.path != folder]
            namesakes = [found for found in below if basename(found) == name]
            if namesakes:
                return f"Elsewhere: {_join(namesakes)}."
            prefix = folder.rstrip("/") + "/"
            children = [found for found in below if "/" not in found.removeprefix(prefix)]
            return f"{folder} is there, with {_join(children)}." if children else f"{folder} is there and is empty."
    except OpsctlError:
        return None
    return None


def _join(paths: list[str]) -> str:
    more = len(paths) - MOST_NAMED
    return ", ".join(paths[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
