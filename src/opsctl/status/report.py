"""The report of `status`: what `-o json` writes as `data`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from opsctl.reporting.view import Duration, Scalar, Texts
from opsctl.status.answers import Gap
from opsctl.status.job import Job
from opsctl.status.models import (
    Assessment,
    DocumentFigures,
    Eta,
    ImageFigures,
    ObjectFigures,
    Rate,
    Remark,
    ShardFigures,
    State,
)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two things that cannot both be true."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with the Job or its pods: why nothing moves, if nothing moves."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How far the migration is, as of `taken_at`. Numbers that are not known are None.

    `state_code` names the reason for scripts, `state_reason` says it. `failed_by_class` counts images that failed for
    good; a class that nobody wrote down is `unrecorded`. `shards` is empty when the work is not divided, None when it
    has more parts than can be listed.
    """

    taken_at: datetime
    profile: str
    state: State
    state_reason: str | None
    state_code: str | None
    documents: DocumentFigures
    images: ImageFigures
    objects: ObjectFigures
    job: Job | None
    rate: Rate
    eta: Eta
    contradictions: tuple[Contradiction, ...]
    problems: tuple[Problem, ...]
    gaps: tuple[Gap, ...]
    run_id: str | None
    elapsed_seconds: float | None
    throttle_reason: str | None
    failed_by_class: Mapping[str, int] | None
    shards: tuple[ShardFigures, ...] | None


def build_report(assessment: Assessment, texts: Texts) -> StatusReport:
    """The report with its sentences in the language of `texts`."""
    verdict = assessment.verdict
    return StatusReport(
        taken_at=assessment.taken_at,
        profile=assessment.profile,
        state=verdict.state,
        state_reason=say(verdict.reason, texts) if verdict.reason else None,
        state_code=verdict.reason.code if verdict.reason else None,
        documents=assessment.documents,
        images=assessment.images,
        objects=assessment.objects,
        job=assessment.job,
        rate=assessment.rate,
        eta=assessment.eta,
        contradictions=tuple(Contradiction(remark.code, say(remark, texts)) for remark in verdict.contradictions),
        problems=tuple(Problem(remark.code, say(remark, texts)) for remark in verdict.problems),
        gaps=assessment.gaps,
        run_id=assessment.run_id,
        elapsed_seconds=assessment.elapsed_seconds,
        throttle_reason=assessment.throttle_reason,
        failed_by_class=assessment.failed_by_class,
        shards=assessment.shards,
    )


def say(remark: Remark, texts: Texts) -> str:
    """The sentence of a remark; values named `x_seconds` fill the placeholder `x` as durations. `ended_seconds` may be
    unknown; `pod` and `shards` are named together with the number of `others` that are in the same state."""
    values: dict[str, Scalar] = {}
    for name, value in remark.values.items():
        if name == "ended_seconds":
            values["ended"] = _say_age(value, texts)
        elif name.endswith("_seconds") and isinstance(value, int | float):
            values[name.removesuffix("_seconds")] = Duration(float(round(value)))
        else:
            values[name] = value
    if "pod" in values:
        others = values.pop("others", 0)
        values["pod"] = texts.get("status.pods" if others else "status.pod", pod=values["pod"], others=others)
    if "shards" in values:
        values["shards"] = _say_shards(values["shards"], values.pop("others", 0), texts)
    return texts.get(f"status.remark_{remark.code.replace('-', '_')}", **values)


def _say_shards(shards: Scalar, others: Scalar, texts: Texts) -> str:
    if others:
        return texts.get("status.shards_more", shards=shards, others=others)
    return texts.get("status.shard" if str(shards).isdecimal() else "status.shards", shards=shards)


def _say_age(seconds: object, texts: Texts) -> str:
    if not isinstance(seconds, int | float):
        return texts.get("status.ago_unknown")
    return texts.get("status.ago", age=Duration(float(round(seconds))))
