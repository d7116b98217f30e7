"""What `image ls`, `image cat` and `image config` tell of an image, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from opsctl.diagnosis.facts.reading import as_list, as_object, as_text, as_texts
from opsctl.diagnosis.ports import Images
from opsctl.diagnosis.redact import Masker, TokenBook
from opsctl.diagnosis.timestamps import parse_time, to_datetime
from opsctl.image.listing import FileContent, Listing
from opsctl.image.models import FileEntry, FileKind, ImageDescription

LONGEST_STEP = 100
MASK = "***"
# What base images set: it tells a version or a place, and never opens a door.
_PLAIN_ENV = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TERM|SHELL|USER|HOSTNAME|DEBIAN_FRONTEND|NODE_ENV|RAILS_ENV|RACK_ENV|APP_ENV"
    r"|ENVIRONMENT|PORT|PYTHON(?:UNBUFFERED|DONTWRITEBYTECODE|PATH|IOENCODING)|GOPATH|JAVA_HOME|GEM_HOME"
    r"|NPM_CONFIG_(?:LOGLEVEL|PRODUCTION)|[A-Z0-9_]*_VERSION"
)


class ImageFiles(Images, Protocol):
    """A registry that can be asked for files too. Raises what `opsctl.image.listing` and `Images` name."""

    async def list_files(self, image: ImageDescription, under: str = "/", *, is_recursive: bool = True) -> Listing:
        """See `opsctl.image.listing.list_files`."""
        ...

    async def read_file(self, image: ImageDescription, path: str, *, max_bytes: int) -> FileContent:
        """See `opsctl.image.listing.read_file`."""
        ...


@dataclass(frozen=True, slots=True)
class ImageSubject:
    """Which image was looked at: as it was asked for, and as the registry knows it. `execution` ran it, None when an
    image was named."""

    reference: str
    digest: str
    platform: str
    size_bytes: int
    layer_count: int
    execution: str | None


@dataclass(frozen=True, slots=True)
class Download:
    """What looking took. `bytes_read` are compressed bytes that came from the registry."""

    bytes_read: int
    layers_read: int
    layers_cached: int


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """A path of the image. `mode` is octal, `0755`; `layer` counts from 0 at the bottom, `build_step` made it."""

    type: FileKind
    mode: str
    size_bytes: int
    path: str
    link_target: str | None
    layer: int
    build_step: str | None


@dataclass(frozen=True, slots=True)
class ImageListing:
    """What is below a path. `undecided` says why something may be missing, None when `is_complete`."""

    image: ImageSubject
    path: str
    is_recursive: bool
    is_complete: bool
    undecided: str | None
    remarks: tuple[str, ...]
    download: Download
    entries: tuple[ImageEntry, ...]


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file. `text` is None for what is not UTF-8; `is_cut` when the file is longer than `--max-bytes`."""

    image: ImageSubject
    entry: ImageEntry
    text: str | None
    is_cut: bool
    download: Download


@dataclass(frozen=True, slots=True)
class EnvValue:
    """A variable that the image sets; the value is masked unless its name is one of base images'."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class BuildStep:
    """A layer: its number from 0 at the bottom, what a download of it takes, the build step that made it."""

    layer: int
    size_bytes: int
    digest: str
    created_by: str | None


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What the image says about itself (OCI image configuration)."""

    image: ImageSubject
    platforms: tuple[str, ...]
    created_at: datetime | None
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    working_dir: str | None
    user: str | None
    env: tuple[EnvValue, ...]
    labels: Mapping[str, str]
    layers: tuple[BuildStep, ...]


def describe_subject(image: ImageDescription, execution: str | None) -> ImageSubject:
    """The image that a report is about."""
    return ImageSubject(image.reference, image.digest, image.platform, image.size_bytes, len(image.layers), execution)


async def list_image(
    images: ImageFiles, image: ImageDescription, path: str, *, is_recursive: bool, execution: str | None = None
) -> ImageListing:
    """What is below `path`. Raises as `ImageFiles.list_files`."""
    listing = await images.list_files(image, path, is_recursive=is_recursive)
    return ImageListing(
        describe_subject(image, execution),
        path,
        is_recursive,
        listing.is_complete,
        listing.undecided,
        listing.remarks,
        Download(listing.bytes_read, listing.layers_read, listing.layers_cached),
        _to_entries(listing.entries, image),
    )


def describe_file(image: ImageDescription, content: FileContent, execution: str | None) -> ImageFile:
    """The report on a file that was read; its text without secrets."""
    try:
        text: str | None = Masker(TokenBook()).mask_text(content.content.decode("utf-8"))
    except UnicodeDecodeError:
        text = None
    (entry,) = _to_entries((content.entry,), image)
    download = Download(content.bytes_read, content.layers_read, content.layers_cached)
    return ImageFile(describe_subject(image, execution), entry, text, content.is_cut, download)


def describe_config(image: ImageDescription, execution: str | None) -> ImageConfig:
    """What the image says about itself: no layer is read for it."""
    masker = Masker(TokenBook())
    settings = as_object(image.config.get("config"))
    container = _mask_container(masker, settings)
    labels = as_object(as_object(masker.mask_section("image", {"Labels": _labels(settings)})).get("Labels"))
    return ImageConfig(
        describe_subject(image, execution),
        image.platforms,
        to_datetime(parse_time(image.config.get("created"))),
        as_texts(container.get("command")),
        as_texts(container.get("args")),
        as_text(settings.get("WorkingDir")) or None,
        as_text(settings.get("User")) or None,
        tuple(
            EnvValue(name, as_text(item.get("value")) if _PLAIN_ENV.fullmatch(name) else MASK)
            for item in map(as_object, as_list(container.get("env")))
            if (name := as_text(item.get("name")))
        ),
        labels,
        tuple(
            BuildStep(
                layer.number,
                layer.blob.size_bytes,
                layer.blob.digest,
                None if layer.created_by is None else masker.mask_text(shorten_step(layer.created_by)),
            )
            for layer in image.layers
        ),
    )


def shorten_step(created_by: str) -> str:
    """A build step as it stands in the Dockerfile, as far as the history tells: without what builders put around it."""
    step = " ".join(created_by.split())
    step = re.sub(r"^(?:RUN )?/bin/sh -c #\(nop\) ", "", step)
    step = re.sub(r"^(?:RUN )?(?:\|\d+ .*? )?/bin/sh -c ", "RUN ", step)
    return re.sub(r"\s*# buildkit$", "", step)


def _to_entries(entries: Iterable[FileEntry], image: ImageDescription) -> tuple[ImageEntry, ...]:
    masker = Masker(TokenBook())
    steps = {
        layer.number: _cut(masker.mask_text(shorten_step(layer.created_by))) if layer.created_by else None
        for layer in image.layers
    }
    return tuple(
        ImageEntry(
            entry.kind,
            _show_mode(entry.mode),
            entry.size_bytes,
            entry.path,
            entry.link_target,
            entry.layer,
            steps.get(entry.layer),
        )
        for entry in entries
    )


@cache
def _show_mode(mode: int) -> str:
    # One text for each mode: an image has 50,000 files and ten modes.
    return f"{mode:04o}"


def _cut(step: str) -> str:
    return step if len(step) <= LONGEST_STEP else step[: LONGEST_STEP - 3] + "..."


def _mask_container(masker: Masker, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Masked as the container of an execution is: by name, by form, by what stands before an argument."""
    pairs = (text.partition("=") for text in as_texts(settings.get("Env")))
    container = {
        "command": list(as_texts(settings.get("Entrypoint"))),
        "args": list(as_texts(settings.get("Cmd"))),
        "env": [{"name": name, "value": value} for name, _, value in pairs],
    }
    masked = as_object(masker.mask_section("execution", {"template": {"containers": [container]}}))
    return as_object(as_list(as_object(masked.get("template")).get("containers"))[0])


def _labels(settings: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in as_object(settings.get("Labels")).items() if isinstance(value, str)}
