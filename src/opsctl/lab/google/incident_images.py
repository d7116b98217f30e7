"""The images of the practice incidents, built for real: their digests replace the made-up ones of the evidence."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsctl.lab.google.image_build import BuiltImage, RepositoryContent, image_of_evidence

Json = dict[str, Any]

_REVISION = "org.opencontainers.image.revision"


@dataclass(slots=True)
class Images:
    """`repositories` by their name without the host. `digests` leads from the digests of the evidence to the real
    ones. `refused`: repositories that nobody looked into, so that nothing is known of their images."""

    repositories: dict[str, RepositoryContent] = field(default_factory=dict)
    upload_times: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def pin(self, evidence: Json) -> Json:
        """The evidence with the real digests."""
        text = json.dumps(evidence)
        for made_up, real in self.digests.items():
            text = text.replace(made_up, real)
        pinned: Json = json.loads(text)
        return pinned

    def keep(self, reference: str, made_up: str, built: BuiltImage, created: str) -> None:
        """Put an image into its repository."""
        self.digests[made_up] = built.digest
        self.upload_times |= dict.fromkeys((built.digest, built.manifest_digest), created)
        self.repositories.setdefault(_repository(reference), RepositoryContent()).add(built.content)


def build_images(documents: Sequence[Json]) -> Images:
    """The images that ran, and those of the last success that are said to come from another commit.

    The tag of a job leads to the image of its newest incident.
    """
    images = Images()
    for evidence in sorted(documents, key=lambda document: str(document["collectedAt"])):
        section = evidence["sections"]["image"]
        reference = _reference(evidence)
        if section["status"] == "not_found":
            images.repositories.setdefault(_repository(reference), RepositoryContent())
        elif "data" not in section:
            images.refused.add(_repository(reference))
        else:
            made_up = str(section["data"]["digest"])
            if made_up not in images.digests:
                _build(images, evidence, made_up, tags=_tags(evidence))
    for evidence in documents:
        before = _before(evidence, documents)
        if before is not None and before["sections"]["image"]["data"]["digest"] not in images.digests:
            _build(images, before, before["sections"]["image"]["data"]["digest"], tags=())
    return images


def _build(images: Images, evidence: Json, made_up: str, *, tags: Sequence[str]) -> None:
    data = evidence["sections"]["image"]["data"]
    revision = _labels(data).get(_REVISION)
    # A builder that knows the commit attests it, and then the tag leads to an index.
    built = image_of_evidence(evidence, tags=tags, in_index=revision is not None)
    if built is not None:
        images.keep(data["reference"], made_up, built, str(data["config"].get("created", "")))


def _before(evidence: Json, documents: Sequence[Json]) -> Json | None:
    """Evidence about the image of the last success: the same files from an earlier commit, and those that are absent
    now as other incidents of the job have them. None when nothing is known of that commit."""
    commits = evidence["sections"]["commits"].get("data")
    baseline = evidence["sections"]["baseline"].get("data", {}).get("execution")
    if commits is None or baseline is None or "data" not in evidence["sections"]["image"]:
        return None
    before = copy.deepcopy(evidence)
    data = before["sections"]["image"]["data"]
    reference = str(baseline["template"]["containers"][0]["image"])
    data |= {"reference": reference, "digest": reference.partition("@")[2], "absent": []}
    data["config"]["created"] = baseline["createTime"]
    if _REVISION in _labels(data):
        _labels(data)[_REVISION] = commits["from"]
    data["files"] += _files_below(evidence, documents)
    return before


def _files_below(evidence: Json, documents: Sequence[Json]) -> list[Json]:
    gone = tuple(f"{path}/" for path in evidence["sections"]["image"]["data"]["absent"])
    found: dict[str, Json] = {}
    for other in documents:
        data = other["sections"]["image"].get("data")
        if data is not None and gone and _repository(_reference(other)) == _repository(_reference(evidence)):
            found |= {file["path"]: file for file in data["files"] if file["path"].startswith(gone)}
    return list(found.values())


def _labels(data: Json) -> dict[str, str]:
    labels: dict[str, str] = data["config"].get("config", {}).get("Labels") or {}
    return labels


def _tags(evidence: Json) -> list[str]:
    return [tag for tag in _job_tags(evidence) if tag]


def _job_tags(evidence: Json) -> Iterator[str]:
    job = evidence["sections"]["job"].get("data", {})
    for container in job.get("template", {}).get("template", {}).get("containers", []):
        yield str(container["image"]).rpartition("/")[2].partition("@")[0].partition(":")[2]


def _reference(evidence: Json) -> str:
    return str(evidence["sections"]["execution"]["data"]["template"]["containers"][0]["image"])


def _repository(reference: str) -> str:
    """`host/project/repository/image:tag@digest` without host, tag and digest."""
    path = reference.partition("@")[0].partition("/")[2]
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.partition(':')[0]}"
