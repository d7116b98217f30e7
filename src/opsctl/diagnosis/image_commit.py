"""The commit that an image was built from, from whatever names one.

What writes which of them: docker/metadata-action and the git buildpack of Paketo `org.opencontainers.image.revision`,
older tools `org.label-schema.vcs-ref`, Cloud Native Buildpacks `io.buildpacks.project.metadata`, BuildKit, Cloud Build
and GitHub SLSA provenance (v0.2 and v1), deploy-cloudrun and Cloud Build's continuous deployment the label `commit-sha`
beside `managed-by`. `gcb-build-id` and `gcb-trigger-id` name a build, not a commit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from opsctl.diagnosis.facts.reading import as_object, as_text, as_texts, objects
from opsctl.image.models import ImageDescription, JsonObject


class Certainty(StrEnum):
    """How far a commit can be relied on."""

    RECORDED = "recorded"  # by the builder, for this very image
    DECLARED = "declared"  # by whoever built or deployed it; a label may come from the base image
    GUESSED = "guessed"  # something that looks like one


@dataclass(frozen=True, slots=True)
class ImageCommit:
    """`revision` is a whole or short commit id, `source` where it stands, in English. `is_modified`: built from a
    checkout with changes that no commit has. `disagreements` are the other commits that were named, and where."""

    revision: str
    source: str
    certainty: Certainty
    is_modified: bool = False
    disagreements: tuple[str, ...] = ()

    @property
    def remark(self) -> str | None:
        """What a reader must know before relying on it; None when there is nothing."""
        parts = []
        if self.certainty is Certainty.GUESSED:
            parts.append(f"the commit {self.revision[:9]} is a guess from {self.source}")
        if self.is_modified:
            parts.append(f"the image was built from {self.revision[:9]} with changes that were not committed")
        if self.disagreements:
            parts.append(f"{self.source} says {self.revision[:9]}, but {', '.join(self.disagreements)}")
        return "; ".join(parts) or None


def find_commit(image: ImageDescription | None, tags: Iterable[str], resource: JsonObject) -> ImageCommit | None:
    """The commit of an image: from its provenance, its annotations and labels, from the execution or job `resource`
    (v2 JSON), from tags. None when nothing names one.

    Where they differ the heavier side is believed, a source of each kind counted once: a label that came from the base
    image stands alone against the job and the tag, that of an old image which was deployed again stands against the
    job only.
    """
    claims = list(_claims(image, tags, resource))
    if not claims:
        return None
    sides = [[claim for claim in claims if _is_same(claim, other)] for other in claims]
    side = max(sides, key=_weigh)  # the first of the heaviest: claims are in order
    # A short id and the whole one are the same commit: the whole one is the better name.
    longest = max((claim.commit.revision for claim in side), key=len)
    others = [claim.commit for claim in claims if claim not in side]
    return replace(
        side[0].commit,
        revision=longest,
        is_modified=any(claim.commit.is_modified for claim in side),
        disagreements=tuple(dict.fromkeys(f"{other.source} says {other.revision[:9]}" for other in others)),
    )


class _Claim(NamedTuple):
    kind: str
    commit: ImageCommit


# Labels and variables of an image may come from its base image; those of a job tell what was deployed when.
_WEIGHTS = {"provenance": 8, "annotation": 4, "label": 3, "job": 2, "tag": 2}


def _weigh(side: list[_Claim]) -> int:
    return sum(_WEIGHTS[kind] for kind in {claim.kind for claim in side})


def _is_same(one: _Claim, other: _Claim) -> bool:
    first, second = one.commit.revision, other.commit.revision
    return first.startswith(second) or second.startswith(first)


def _claims(image: ImageDescription | None, tags: Iterable[str], resource: JsonObject) -> Iterator[_Claim]:
    """Every commit that is named, strongest first."""
    template = as_object(resource.get("template"))
    references = [as_text(container.get("image")) for container in _containers(template)]
    if image is not None:
        yield from _claims_of_image(image)
        references.append(image.reference)
    for holder in (resource, template, as_object(template.get("template"))):
        for what in ("label", "annotation"):
            values = as_object(holder.get(f"{what}s"))
            yield from (_Claim("job", commit) for commit in _from_names(values, f"{what} {{}} of the job"))
    yield from (_Claim("job", commit) for commit in _from_names(_variables(template), "variable {} of the job"))
    named = [*filter(None, map(_tag_of, references)), *tags]
    yield from (_Claim("tag", commit) for commit in _from_tags(dict.fromkeys(named)))


def _claims_of_image(image: ImageDescription) -> Iterator[_Claim]:
    settings = as_object(image.config.get("config"))
    labels = as_object(settings.get("Labels"))
    variables = (item.partition("=") for item in as_texts(settings.get("Env")))
    if image.provenance is not None:
        yield from (_Claim("provenance", commit) for commit in _from_provenance(image.provenance))
    for kind, commits in (
        ("annotation", _from_names(image.annotations, "annotation {} of the image")),
        ("label", _from_names(labels, "label {} of the image")),
        ("label", _from_buildpacks(as_text(labels.get("io.buildpacks.project.metadata")))),
        ("label", _from_names({name: value for name, _, value in variables}, "variable {} of the image")),
    ):
        yield from (_Claim(kind, commit) for commit in commits)


# --- what a commit id looks like

_SHA = r"(?P<sha>[0-9a-f]{40}(?:[0-9a-f]{24})?|[0-9a-f]{7,39})"
_VALUE = re.compile(rf"(?:(?:sha|git|commit)[-:_]|(?:[\w.]+-\d+-)?g)?{_SHA}(?P<modified>[-+._](?:dirty|modified))?")
# In a tag anything may stand beside it; numbers of builds, dates, times and digests must not be taken for one.
_IN_TAG = re.compile(r"(?:^|[._-])g?(?P<sha>[0-9a-f]{40}|(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{7,12})(?=$|[._-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _read(text: str, source: str, certainty: Certainty) -> Iterator[ImageCommit]:
    match = _VALUE.fullmatch(text.strip().lower())
    if match is not None:
        yield ImageCommit(match["sha"], source, certainty, is_modified=match["modified"] is not None)


# --- labels, annotations, variables

# With every separator as a dash: `vcs-ref`, `GIT_SHA`, `org.opencontainers.image.revision`, `VERCEL_GIT_COMMIT_SHA`.
_NAME = re.compile(
    r"(?:^|.*-)(?:vcs-ref|vcs-revision|revision|source-version|source-commit|(?:git|github|short|build|app)-sha|sha"
    r"|git-(?:hash|rev|ref)|commit(?:-(?:short-)?(?:sha|id|hash|ref))?)"
)
# Commits of something else: of the base image, of the builder, of the last time.
_OTHER_NAME = re.compile(r"(?:^|-)(?:base|parent|previous|prev|last|old|builder|upstream|k)-")
_STANDARD = "org.opencontainers.image.revision"


def _from_names(values: Mapping[str, Any], source: str) -> Iterator[ImageCommit]:
    for name in sorted(values, key=lambda name: (name != _STANDARD, name)):
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower())
        if _NAME.fullmatch(plain) and not _OTHER_NAME.search(plain):
            yield from _read(as_text(values[name]), source.format(name), Certainty.DECLARED)


def _from_buildpacks(text: str) -> Iterator[ImageCommit]:
    """`io.buildpacks.project.metadata`: JSON with `source.version.commit`."""
    try:
        metadata = as_object(json.loads(text)) if text else {}
    except (ValueError, RecursionError):
        return
    version = as_object(as_object(metadata.get("source")).get("version"))
    yield from _read(as_text(version.get("commit")), "the source that buildpacks wrote down", Certainty.DECLARED)


def _containers(template: JsonObject) -> Iterator[JsonObject]:
    """Of an execution's template, and of a job's, which has the execution's inside."""
    for holder in (template, as_object(template.get("template"))):
        yield from (container for _, container in objects(holder.get("containers"), ""))


def _variables(template: JsonObject) -> dict[str, str]:
    return {
        as_text(variable.get("name")): as_text(variable.get("value"))
        for container in _containers(template)
        for _, variable in objects(container.get("env"), "")
    }


# --- tags


def _from_tags(tags: Iterable[str]) -> Iterator[ImageCommit]:
    """Longest first: the more digits, the less can they be something else."""
    claims = [
        ImageCommit(match["sha"], f"tag {tag} of the image", Certainty.GUESSED, is_modified="-dirty" in tag)
        for tag in tags
        if _UUID.search(tag) is None
        for match in _IN_TAG.finditer(tag.lower())
    ]
    yield from sorted(claims, key=lambda claim: -len(claim.revision))


def _tag_of(reference: str) -> str:
    """`main` of `registry:5000/repository:main@sha256:...`; empty without one."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[2]


# --- provenance

_BUILDKIT = ("https://mobyproject.org/buildkit@", "https://github.com/moby/buildkit/")


def _from_provenance(statement: JsonObject) -> Iterator[ImageCommit]:
    """An in-toto statement with SLSA provenance v0.2 (`invocation`, `materials`) or v1 (`buildDefinition`)."""
    predicate = as_object(statement.get("predicate"))
    definition = as_object(predicate.get("buildDefinition"))
    parameters = as_object(definition.get("externalParameters"))
    invocation = as_object(predicate.get("invocation"))
    for source in (parameters.get("configSource"), invocation.get("configSource")):
        yield from _from_digest(as_object(source))
    build_type = as_text(definition.get("buildType")) or as_text(predicate.get("buildType"))
    if build_type.startswith(_BUILDKIT):
        # Other repositories among its materials were added by the Dockerfile.
        yield from _from_buildkit(predicate, parameters, invocation)
    else:
        for _, source in objects(definition.get("resolvedDependencies") or predicate.get("materials"), ""):
            yield from _from_digest(source)


def _from_digest(source: JsonObject) -> Iterator[ImageCommit]:
    """A resource descriptor; `sha1` is a commit only where the URI is that of a repository."""
    digest, uri = as_object(source.get("digest")), as_text(source.get("uri"))
    commit = as_text(digest.get("gitCommit"))
    if not commit and re.match(r"git\+|git@|ssh:|https?://[^?]*(?:\.git\b|github\.|gitlab\.|bitbucket\.)", uri):
        commit = as_text(digest.get("sha1"))
    yield from _read(commit, "the provenance of the image", Certainty.RECORDED)


def _from_buildkit(predicate: JsonObject, parameters: JsonObject, invocation: JsonObject) -> Iterator[ImageCommit]:
    """For a local context buildx sends what git says of the folder, as `vcs:revision`; BuildKit does not check it."""
    metadata = as_object(as_object(predicate.get("runDetails")).get("metadata"))
    older = as_object(predicate.get("metadata")).get("https://mobyproject.org/buildkit@v1#metadata")
    for holder in (metadata.get("buildkit_metadata"), older):
        vcs = as_object(as_object(holder).get("vcs"))
        yield from _read(as_text(vcs.get("revision")), "the provenance of the image", Certainty.RECORDED)
    for request in (parameters.get("request"), invocation.get("parameters")):
        arguments = as_object(as_object(request).get("args"))
        yield from _read(as_text(arguments.get("vcs:revision")), "the provenance of the image", Certainty.RECORDED)
