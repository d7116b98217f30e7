"""Real images for practice: what the image section of an evidence document tells of, built so that a registry can
serve it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from opsctl.image.models import FileKind
from opsctl.lab.google.image_build_base import debian, node, node_entrypoint, python
from opsctl.lab.google.image_build_code import content_of
from opsctl.lab.google.image_build_layers import (
    Compression,
    LayerFile,
    StoredLayer,
    folder,
    opaque,
    symlink,
    whiteout,
    write_layer,
)
from opsctl.lab.google.image_build_manifest import (
    BuildStep,
    BuiltImage,
    RepositoryContent,
    StoredManifest,
    build_image,
    join_platforms,
)

__all__ = [
    "BuildStep",
    "BuiltImage",
    "Compression",
    "LayerFile",
    "RepositoryContent",
    "StoredLayer",
    "StoredManifest",
    "build_image",
    "folder",
    "image_of_evidence",
    "image_of_section",
    "join_platforms",
    "opaque",
    "symlink",
    "whiteout",
    "write_layer",
]

Json = dict[str, Any]

# 30 December 2024, 00:00 UTC: the base image is older than the program.
_BASE_MADE = 1_735_516_800
_SCRIPTS = (".js", ".cjs", ".mjs")
# Node prints the place of an error, and on the next line the source that stands there.
_PLACE = re.compile(r"file://(/[^\s:]+):\d+", re.ASCII)
_COMMONJS_SOURCE = re.compile(r"\b(?:exports\b|require\()")
# What npm leaves beside the package.json of packages that the practice jobs use.
_BESIDE = {
    "/app/node_modules/typeorm/package.json": ("index.js", "cli.js", "data-source/DataSource.js"),
    "/app/node_modules/pg/package.json": ("lib/index.js", "lib/client.js", "lib/connection.js"),
}


def image_of_evidence(evidence: Json, *, tags: Iterable[str] = (), in_index: bool = False) -> BuiltImage | None:
    """The image that an `opsctl.evidence/v1` document tells of; None when its image section has no data.

    Scripts that Node.js refused as CommonJS, as its log shows, are written that way.
    """
    section = evidence["sections"].get("image", {}).get("data")
    if section is None:
        return None
    return image_of_section(section, tags=tags, in_index=in_index, commonjs=_commonjs_scripts(evidence))


def image_of_section(
    section: Mapping[str, Any],
    *,
    tags: Iterable[str] = (),
    in_index: bool = False,
    commonjs: Collection[str] = (),
) -> BuiltImage:
    """The image that the data of an image section tells of, on a plausible base.

    Files have the sizes and the modes of the section, texts are taken as they stand (their length wins over the size),
    absent paths are absent. One layer for each step of the history that makes one. `in_index` puts the index of a
    builder around it, with provenance. `commonjs`: scripts to be written for `require`; without a word about it, those
    below a `package.json` with `"type": "module"` (or without any) are ES modules.
    """
    config = dict(section.get("config") or {})
    files = _files_by_layer(section, frozenset(commonjs))
    names = [(step.get("created_by", ""), bool(step.get("empty_layer"))) for step in config.get("history", [])]
    made = sum(not empty for _, empty in names)
    names += [("COPY . . # buildkit", False)] * (max(files, default=0) + 1 - made)
    base = _base_layers(config, sum(not empty for _, empty in names), files)
    steps: list[BuildStep] = []
    number = 0
    for created_by, is_empty in names:
        if is_empty:
            steps.append(BuildStep(created_by))
            continue
        kept = _without(section.get("absent", ()), [*base[number], *files[number]])
        steps.append(BuildStep(created_by, tuple(kept), modified=None if files[number] else _BASE_MADE))
        number += 1
    return build_image(
        steps,
        config,
        tags=tags,
        in_index=in_index,
        provenance=_provenance(config) if in_index else None,
        modified=_seconds(config.get("created")),
    )


def _files_by_layer(section: Mapping[str, Any], commonjs: frozenset[str]) -> defaultdict[int, list[LayerFile]]:
    texts: Mapping[str, str] = section.get("texts") or {}
    listed: Mapping[str, Json] = {file["path"]: file for file in section.get("files", ())}
    top = max((file["layer"] for file in listed.values()), default=0)
    layers: defaultdict[int, list[LayerFile]] = defaultdict(list)
    for path, file in listed.items():
        layers[file["layer"]].append(_file(file, texts.get(path), path in commonjs))
        beside = (f"{path.rpartition('/')[0]}/{name}" for name in _BESIDE.get(path, ()))
        extra = (other for other in beside if other not in listed and other not in texts)
        layers[file["layer"]].extend(LayerFile(other, content_of(other, 2048, commonjs=True)) for other in extra)
    for path in texts.keys() - listed.keys():
        layers[top].append(LayerFile(path, texts[path].encode()))
    return layers


def _file(file: Json, text: str | None, commonjs: bool) -> LayerFile:
    kind = FileKind(file.get("type", "file"))
    mode = int(file.get("mode", "0644"), 8)
    if kind is not FileKind.FILE:
        target = file.get("linkTarget") or "/dev/null"
        return LayerFile(file["path"], mode=mode, kind=kind, link_target=target if "link" in kind else "")
    if text is not None:
        return LayerFile(file["path"], text.encode(), mode)
    required = commonjs or (file["path"].endswith(_SCRIPTS) and "/node_modules/" in file["path"])
    return LayerFile(file["path"], content_of(file["path"], file.get("size"), commonjs=required), mode)


def _base_layers(
    config: Mapping[str, Any], layers: int, files: Mapping[int, list[LayerFile]]
) -> defaultdict[int, tuple[LayerFile, ...]]:
    """Debian at the bottom; the runtime above it where a layer is left for it."""
    architecture = str(config.get("architecture", "amd64"))
    settings = config.get("config") or {}
    command = " ".join([*(settings.get("Entrypoint") or ()), *(settings.get("Cmd") or ())])
    is_python = "python" in command or "gunicorn" in command
    runtime = python(architecture) if is_python else node(architecture)
    script = () if is_python else (node_entrypoint(),)
    free = [number for number in range(1, min(layers, 3)) if not files.get(number)]
    base: defaultdict[int, tuple[LayerFile, ...]] = defaultdict(tuple)
    base[0] = debian(architecture)
    runtime_layer = free[0] if free else 0
    base[runtime_layer] += runtime
    base[free[1] if len(free) > 1 else runtime_layer] += script
    return base


def _without(absent: Iterable[str], files: Iterable[LayerFile]) -> list[LayerFile]:
    gone = tuple(path.rstrip("/") for path in absent)
    return [file for file in files if not any(file.path == path or file.path.startswith(f"{path}/") for path in gone)]


def _commonjs_scripts(evidence: Json) -> frozenset[str]:
    data = evidence["sections"].get("logs", {}).get("data") or {}
    lines = [line for entry in data.get("entries", ()) for line in entry.get("textPayload", "").split("\n")]
    found = set()
    for line, following in pairwise(lines):
        place = _PLACE.fullmatch(line.strip())
        if place and _COMMONJS_SOURCE.search(following):
            found.add(place.group(1))
    return frozenset(found)


def _provenance(config: Mapping[str, Any]) -> Json:
    """A predicate of SLSA provenance v1 as a builder writes it; commit and repository are those of the labels."""
    labels = (config.get("config") or {}).get("Labels") or {}
    revision = labels.get("org.opencontainers.image.revision", "")
    repository = labels.get("org.opencontainers.image.source", "https://github.com/example/app.git")
    source = {"uri": repository, "digest": {"sha1": revision}}
    return {
        "buildDefinition": {
            "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
            "externalParameters": {"configSource": {"path": "Dockerfile"}, "request": {"frontend": "dockerfile.v0"}},
            "internalParameters": {"builderPlatform": "linux/amd64"},
            "resolvedDependencies": [source] if revision else [],
        },
        "runDetails": {
            "builder": {"id": ""},
            "metadata": {
                "invocationId": "practice",
                "finishedOn": config.get("created"),
                "buildkit_metadata": {"vcs": {"source": source["uri"], "revision": revision}} if revision else {},
            },
        },
    }


def _seconds(created: object) -> int:
    return int(datetime.fromisoformat(created).timestamp()) if isinstance(created, str) else 0
