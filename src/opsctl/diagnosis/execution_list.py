"""The executions of a job, newest first: how each ended, how long it took, who ran it, and why it failed first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from opsctl.diagnosis.collectors.each import ask_each
from opsctl.diagnosis.facts.execution import read_conditions
from opsctl.diagnosis.facts.model import Condition, Outcome, TemplateSource
from opsctl.diagnosis.facts.outcome import find_outcome
from opsctl.diagnosis.facts.reading import as_count, as_object, as_text
from opsctl.diagnosis.facts.shape import read_shape
from opsctl.diagnosis.ports import CloudRun, ExecutionPage
from opsctl.diagnosis.redact import Masker, TokenBook
from opsctl.diagnosis.timestamps import parse_time, to_datetime
from opsctl.errors import NotFoundError, OpsctlError

PAGE_SIZE = 100
# Looked through for failed ones; then it is said that older ones were not looked at.
MOST_SEARCHED = 2_000
LONGEST_REASON = 300
REGIONS_AT_ONCE = 8
_NEAR_JOBS = 3


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """One execution.

    `outcome`: succeeded, failed, cancelled, running or untold. `duration_seconds`: from creation to completion, None
    while it runs. `retried_count`: tasks that were retried at least once. `reason`: what the first failed condition
    says, None unless it failed.
    """

    execution: str
    job: str
    region: str
    outcome: Outcome
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    task_count: int
    succeeded_count: int
    failed_count: int
    retried_count: int
    creator: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class UnseenRegion:
    """A region that could not be asked."""

    region: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ExecutionList:
    """What was found. `searched` counts the executions that were looked at; `has_more`: there are older ones. `unseen`:
    of several regions those that could not be asked."""

    project: str
    regions: tuple[str, ...]
    job: str | None
    only_failed: bool
    searched: int
    has_more: bool
    unseen: tuple[UnseenRegion, ...]
    executions: tuple[ExecutionRow, ...]

    @property
    def latest_failed(self) -> ExecutionRow | None:
        """The newest execution of the list that failed."""
        return next((row for row in self.executions if row.outcome is Outcome.FAILED), None)


async def choose_regions(run: CloudRun, project: str, region: str | None) -> tuple[str, ...]:
    """The region that was chosen, else all that the project can use."""
    return (region,) if region else await run.list_regions(project)


async def list_executions(
    run: CloudRun, *, project: str, regions: tuple[str, ...], job: str | None, limit: int, only_failed: bool = False
) -> ExecutionList:
    """The newest `limit` executions of a job, or of all jobs, in the regions.

    Raises `NotFoundError` with code `job-not-found` and near names when none of the regions has the job. Raises what
    `opsctl.diagnosis.ports` names when no region could be asked; one of several is in `unseen` then.
    """

    async def search(region: str) -> _Found:
        parent = f"projects/{project}/locations/{region}/jobs/{job or '-'}"
        return await _search(run, parent, limit, only_failed=only_failed)

    answers = await ask_each(search, regions, at_once=REGIONS_AT_ONCE)
    errors = [
        (region, answer) for region, answer in zip(regions, answers, strict=True) if isinstance(answer, OpsctlError)
    ]
    if errors and len(errors) == len(regions):
        raise errors[0][1]
    found = [answer for answer in answers if isinstance(answer, _Found)]
    searched = sum(part.searched for part in found)
    if job is not None and not searched and not errors:
        await _check_job(run, project, regions, job)
    rows = [row for part in found for row in part.rows]
    rows.sort(key=lambda row: row.created_at.timestamp() if row.created_at else 0.0, reverse=True)
    return ExecutionList(
        project,
        regions,
        job,
        only_failed,
        searched,
        any(part.has_more for part in found) or len(rows) > limit,
        tuple(UnseenRegion(region, error.code, error.message) for region, error in errors),
        tuple(rows[:limit]),
    )


def read_execution(data: Mapping[str, Any]) -> ExecutionRow:
    """One row of google.cloud.run.v2.Execution; secrets that its template holds are masked in the reason."""
    masker = Masker(TokenBook())
    # Secrets of the template are known to the conditions, whichever of them comes first.
    masker.mask_section("execution", {"template": data.get("template")})
    masked = as_object(masker.mask_section("execution", data))
    shape = read_shape(masked, TemplateSource.EXECUTION)
    fields, conditions = shape.fields, read_conditions(shape)
    outcome = find_outcome(fields, conditions, (), ())
    created, completed = parse_time(fields.get("createTime")), parse_time(fields.get("completionTime"))
    # Google does not promise that times are in order of what happened.
    seconds = max(0.0, (completed - created) / 1e9) if created is not None and completed is not None else None
    parts = as_text(data.get("name")).split("/")
    named = dict(zip(parts[::2], parts[1::2], strict=False))
    return ExecutionRow(
        execution=parts[-1],
        job=as_text(fields.get("job")).rpartition("/")[2] or named.get("jobs", ""),
        region=named.get("locations", ""),
        outcome=outcome,
        created_at=to_datetime(created),
        started_at=to_datetime(parse_time(fields.get("startTime"))),
        completed_at=to_datetime(completed),
        duration_seconds=seconds,
        task_count=as_count(fields.get("taskCount")) or 0,
        succeeded_count=as_count(fields.get("succeededCount")) or 0,
        failed_count=as_count(fields.get("failedCount")) or 0,
        retried_count=as_count(fields.get("retriedCount")) or 0,
        creator=as_text(fields.get("creator")) or None,
        reason=_first_reason(conditions) if outcome is Outcome.FAILED else None,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What one region has."""

    rows: tuple[ExecutionRow, ...]
    searched: int
    has_more: bool


async def _search(run: CloudRun, parent: str, limit: int, *, only_failed: bool) -> _Found:
    rows: list[ExecutionRow] = []
    searched, token = 0, ""
    while True:
        try:
            page = await run.list_executions(
                parent, page_token=token, page_size=PAGE_SIZE if only_failed else min(PAGE_SIZE, limit + 1)
            )
        except NotFoundError:
            # A job that does not exist, or a region without the product: told once for all regions.
            page = ExecutionPage((), "")
        for execution in page.executions:
            row = read_execution(execution)
            searched += 1
            if not only_failed or row.outcome is Outcome.FAILED:
                rows.append(row)
            if len(rows) > limit:
                return _Found(tuple(rows[:limit]), searched - 1, has_more=True)
        token = page.next_token
        if not token or searched >= MOST_SEARCHED:
            return _Found(tuple(rows), searched, has_more=bool(token))


def _first_reason(conditions: tuple[Condition, ...]) -> str | None:
    """What failed first: `Started` and the like say more than `Completed`, which repeats them or sums up."""
    failed = [condition for condition in conditions if condition.state == "CONDITION_FAILED"]
    failed.sort(key=lambda condition: condition.kind == "Completed")
    text = next((condition.message or condition.reason for condition in failed), "")
    line = " ".join(text.split())
    return (line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 3] + "...") or None


async def _check_job(run: CloudRun, project: str, regions: tuple[str, ...], job: str) -> None:
    """A job that never ran and one that does not exist both have no executions: only the second is an error."""

    async def list_names(region: str) -> tuple[str, ...]:
        try:
            jobs = await run.list_jobs(f"projects/{project}/locations/{region}")
        except NotFoundError:
            return ()
        return tuple(as_text(item.get("name")).rpartition("/")[2] for item in jobs)

    answers = await ask_each(list_names, regions, at_once=REGIONS_AT_ONCE)
    names = sorted({name for answer in answers if not isinstance(answer, OpsctlError) for name in answer})
    unseen = next((answer for answer in answers if isinstance(answer, OpsctlError)), None)
    if job in names:
        return
    where = regions[0] if len(regions) == 1 else f"{len(regions)} regions"
    if unseen is not None:
        raise unseen
    raise NotFoundError(
        f"There is no job {job!r} in {where} of project {project}.", hint=_suggest(job, names), code="job-not-found"
    )


def _suggest(job: str, names: list[str]) -> str:
    near = get_close_matches(job, names, n=_NEAR_JOBS, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    if names:
        return f"Jobs there: {', '.join(names[:10])}."
    return "No job is there at all: check --project and --region."
