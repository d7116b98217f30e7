"""Finds the execution that a person names: its job, its region, and what it is."""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, TypeVar

from opsctl.diagnosis.facts.execution import read_outcome
from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.models import ExecutionName, JsonObject
from opsctl.diagnosis.naming import Target, check_name, check_project
from opsctl.diagnosis.ports import CloudRun
from opsctl.errors import AccessDeniedError, NotFoundError, OpsctlError, UnavailableError, UsageError

# A hundred executions each, newest first.
MAX_PAGES = 5
_NEAR = 3
# A service that answers each of many pages just in time must not hold anybody for ever.
SEARCH_SECONDS = 60.0
_PROJECT_IN_ADDRESS = re.compile(r"[?&]project=((?:[a-z0-9.-]+:)?[a-z][a-z0-9-]+)(?:&|$)")
# What is true of every region, so that going on is in vain.
_EVERYWHERE = frozenset(("no-credentials", "expired-credentials", "api-disabled"))

T = TypeVar("T")


class Gather(Protocol):
    """Runs calls, perhaps at the same time, and gives their results in the same order."""

    async def __call__(self, calls: Sequence[Callable[[], Awaitable[T]]], /) -> Sequence[T]:
        """None of the calls raises an `OpsctlError`."""
        ...


async def one_after_another(calls: Sequence[Callable[[], Awaitable[T]]], /) -> Sequence[T]:
    """For tests, and where there is one region."""
    return [await call() for call in calls]


@dataclass(frozen=True, slots=True)
class Resolution:
    """The execution that is meant. `execution` is None when Cloud Run no longer has it, or does not show it, although
    its job is known: its log may still exist, so the caller may go on with the name, or raise `missing`."""

    name: ExecutionName
    execution: JsonObject | None
    missing: OpsctlError | None = None


async def resolve(
    target: Target, run: CloudRun, *, gather: Gather = one_after_another, seconds: float = SEARCH_SECONDS
) -> Resolution:
    """The execution, in one call when its job is called like it without the last `-part`, as Cloud Run names them;
    else by listing the newest executions. Without a region all regions are searched.

    Raises `NotFoundError` that names near ids, `UsageError` when project is empty or two regions have such an
    execution, and the errors of the port; `denied-or-absent` stays undecided. Ends after `seconds`: `UnavailableError`.
    """
    async with _limited(seconds, f"execution {target.execution}"):
        return await _resolve(target, run, gather)


async def _resolve(target: Target, run: CloudRun, gather: Gather) -> Resolution:
    search = _Search(run, gather, need_project(target.project), await _list_regions(run, target))
    job = target.job or target.execution.rpartition("-")[0]
    asked = await search.ask(job, target.execution) if job else {}
    found = {region: answer for region, answer in asked.items() if not isinstance(answer, OpsctlError)}
    listed = {} if found else await search.list_newest(target.job or "-", wanted=target.execution)
    found |= {region: listing.wanted for region, listing in listed.items() if listing.wanted is not None}
    if found:
        region = _only_region(found, f"execution {target.execution}")
        return search.resolution(region, target.execution, found[region], job)
    return await _missing(search, target, job, asked, listed)


async def find_latest(
    run: CloudRun,
    project: str,
    region: str,
    job: str,
    *,
    only_failed: bool,
    gather: Gather = one_after_another,
    seconds: float = SEARCH_SECONDS,
) -> Resolution:
    """The newest execution of a job, or the newest that failed. Without a region all regions are searched.

    Raises `NotFoundError` that names near jobs, `UsageError` when two regions have such a job, and the errors of the
    port. Ends after `seconds`: `UnavailableError`.
    """
    target = Target("", check_name("job", job), check_name("region", region), check_project(project))
    async with _limited(seconds, f"job {job}"):
        return await _find_latest(target, run, gather, only_failed=only_failed)


async def _find_latest(target: Target, run: CloudRun, gather: Gather, *, only_failed: bool) -> Resolution:
    project, region, job = target.project, target.region, target.job
    search = _Search(run, gather, need_project(project), await _list_regions(run, target))
    listed = await search.list_newest(job, accept=has_failed if only_failed else _any)
    used = {region: listing for region, listing in listed.items() if listing.executions}
    if used:
        home = _only_region(used, f"job {job}")
        if (newest := used[home].wanted) is not None:
            return search.resolution(home, _last(newest.get("name")), newest, job)
        raise NotFoundError(
            f"none of the newest {len(used[home].executions)} executions of job {job} failed",
            hint="Leave out --latest-failed for the newest one, or name an older execution.",
        )
    search.raise_if_undecided(listing.error for listing in listed.values())
    homes = await search.find_job(job)
    if homes:
        raise NotFoundError(f"job {job} was never executed in {' or '.join(homes)} of project {project}")
    missing = await search.unknown_job(job)
    if region and (other := await (await search.elsewhere()).find_job(job)):
        raise NotFoundError(missing.message, hint=_name_regions("It is", other))
    raise missing


@asynccontextmanager
async def _limited(seconds: float, what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise UnavailableError(
            f"{what} was not found within {seconds:g} s",
            code="timeout",
            hint="Name its job with --job and its region with --region.",
        ) from error


def has_failed(execution: JsonObject) -> bool:
    """Whether an execution ended and did not end well; one that was cancelled has not failed."""
    return read_outcome(execution) is Outcome.FAILED


@dataclass(slots=True)
class _Listing:
    """The newest executions of a job in one region, up to the one that is wanted."""

    executions: list[JsonObject] = field(default_factory=list)
    wanted: JsonObject | None = None
    is_cut: bool = False
    error: OpsctlError | None = None


@dataclass(frozen=True, slots=True)
class _Search:
    run: CloudRun
    gather: Gather
    project: str
    regions: tuple[str, ...]

    async def ask(self, job: str, execution: str) -> Mapping[str, JsonObject | OpsctlError]:
        """The execution of a job in each region."""
        names = [f"{self._location(region)}/jobs/{job}/executions/{execution}" for region in self.regions]
        answers = await self.gather([partial(_caught, partial(self.run.get_execution, name)) for name in names])
        _raise_if_everywhere(answers)
        return dict(zip(self.regions, answers, strict=True))

    async def list_newest(
        self, job: str, *, wanted: str = "", accept: Callable[[JsonObject], bool] | None = None
    ) -> Mapping[str, _Listing]:
        """The newest executions of a job (`-`: of all) in each region."""
        is_wanted = accept or (lambda execution: _last(execution.get("name")) == wanted)
        parents = [f"{self._location(region)}/jobs/{job}" for region in self.regions]
        listings = await self.gather([partial(_list, self.run, parent, is_wanted) for parent in parents])
        _raise_if_everywhere(listing.error for listing in listings)
        return dict(zip(self.regions, listings, strict=True))

    async def find_job(self, job: str) -> list[str]:
        """The regions that have such a job."""
        names = [f"{self._location(region)}/jobs/{job}" for region in self.regions]
        answers = await self.gather([partial(_caught, partial(self.run.get_job, name)) for name in names])
        pairs = zip(self.regions, answers, strict=True)
        return [region for region, answer in pairs if not isinstance(answer, OpsctlError)]

    async def unknown_job(self, job: str) -> NotFoundError:
        """What to say of a job that no region has."""
        places = [self._location(region) for region in self.regions]
        answers = await self.gather([partial(_caught, partial(self.run.list_jobs, place)) for place in places])
        jobs = {_last(item.get("name")) for answer in answers if isinstance(answer, tuple) for item in answer}
        hint = _suggest(job, jobs) or "Is it the right project and region?"
        return NotFoundError(f"there is no job {job} in {self.where}", hint=hint)

    def resolution(self, region: str, execution: str, found: JsonObject, guess: str) -> Resolution:
        """With the project as the caller names it: Cloud Run may answer with its number. A caller who names the number
        means the same project: its id is what logs and images are called by."""
        parts = str(found.get("name", "")).split("/")
        job = parts[5] if len(parts) == 8 else _last(found.get("job")) or guess
        known = replace(self, project=_project_id(found) or self.project) if self.project.isdigit() else self
        return Resolution(known.name(region, job, execution), found)

    def name(self, region: str, job: str, execution: str) -> ExecutionName:
        """The full name."""
        full = f"{self._location(region)}/jobs/{job}/executions/{execution}"
        return ExecutionName(full, self.project, region, job, execution)

    def raise_if_undecided(self, errors: Iterable[OpsctlError | None]) -> None:
        """Raises when a region that could not be asked may hold what is looked for."""
        for error in errors:
            if error is not None and not isinstance(error, NotFoundError):
                raise _undecided(error, self.where)

    @property
    def where(self) -> str:
        """What was searched."""
        place = f"region {self.regions[0]}" if len(self.regions) == 1 else f"the {len(self.regions)} regions"
        return f"{place} of project {self.project}"

    async def elsewhere(self) -> _Search:
        """The same search in all regions that it has left out; in none when they cannot be listed."""
        try:
            regions = await self.run.list_regions(self.project)
        except OpsctlError:
            regions = ()
        return replace(self, regions=tuple(region for region in regions if region not in self.regions))

    def _location(self, region: str) -> str:
        return f"projects/{self.project}/locations/{region}"


async def _missing(
    search: _Search,
    target: Target,
    job: str,
    asked: Mapping[str, JsonObject | OpsctlError],
    listed: Mapping[str, _Listing],
) -> Resolution:
    """What to do about an execution that was not seen. A listing that was read to its end decides for its region; one
    that was refused leaves it to the first question."""
    for region, listing in listed.items():
        if listing.error is not None and not isinstance(listing.error, NotFoundError):
            first = asked.get(region)
            if target.job and isinstance(first, NotFoundError):
                continue
            if isinstance(first, AccessDeniedError | UnavailableError):
                raise _undecided(first, search.where)
            raise listing.error if target.job else _wants_job(listing.error, target.execution)
    ids = {_last(execution.get("name")) for listing in listed.values() for execution in listing.executions}
    looked = f"; looked at the newest {len(ids)}" if any(listing.is_cut for listing in listed.values()) else ""
    missing = NotFoundError(
        f"execution {target.execution} was not found in {search.where}{looked}",
        hint=_suggest(target.execution, ids) or "Is it the right project and region? Cloud Run deletes old executions.",
    )
    homes = await search.find_job(job) if job else []
    if not homes and target.region and job and (found := await _find_elsewhere(search, job, target.execution)):
        missing = NotFoundError(missing.message, hint=_name_regions("It is", found))
    elif not homes and target.job and not ids:
        missing = await search.unknown_job(target.job)
    if target.job and target.region:
        homes = [target.region]
    if len(homes) == 1:
        return Resolution(search.name(homes[0], job, target.execution), None, missing)
    raise missing


async def _find_elsewhere(search: _Search, job: str, execution: str) -> list[str]:
    """The regions that have such an execution, of those that were not searched."""
    other = await search.elsewhere()
    answers = await other.ask(job, execution)
    return [region for region, answer in answers.items() if not isinstance(answer, OpsctlError)]


def _name_regions(what: str, regions: Sequence[str]) -> str:
    return f"{what} in {' and in '.join(regions)}: --region {regions[0]}"


async def _list(run: CloudRun, parent: str, is_wanted: Callable[[JsonObject], bool]) -> _Listing:
    listing, token = _Listing(), ""
    try:
        for _ in range(MAX_PAGES):
            page = await run.list_executions(parent, page_token=token)
            listing.executions += page.executions
            listing.wanted = next((execution for execution in page.executions if is_wanted(execution)), None)
            token = page.next_token
            if listing.wanted is not None or not token:
                return listing
        listing.is_cut = True
    except OpsctlError as error:
        listing.error = error
    return listing


async def _caught(call: Callable[[], Awaitable[T]]) -> T | OpsctlError:
    try:
        return await call()
    except OpsctlError as error:
        return error


async def _list_regions(run: CloudRun, target: Target) -> tuple[str, ...]:
    """The one that is named, else all of them."""
    if target.region:
        return (target.region,)
    try:
        regions = await run.list_regions(need_project(target.project))
    except AccessDeniedError as error:
        if error.hint is not None:
            raise
        raise AccessDeniedError(
            f"the regions of project {target.project} cannot be listed: {error.message}",
            code=error.code,
            permission=error.permission,
            hint="Is it the right project? If so, name the region with --region.",
        ) from error
    if regions:
        return regions
    raise NotFoundError(f"project {target.project} has no region with Cloud Run", hint="Name it with --region.")


def _raise_if_everywhere(answers: Iterable[object]) -> None:
    for answer in answers:
        if isinstance(answer, OpsctlError) and answer.code in _EVERYWHERE:
            raise answer


def _undecided(error: OpsctlError, where: str) -> OpsctlError:
    if not isinstance(error, AccessDeniedError) or error.code != "denied-or-absent":
        return error
    return AccessDeniedError(
        f"no right to read it, or it does not exist in {where} (Cloud Run does not tell which): {error.message}",
        code=error.code,
        permission=error.permission,
        hint=error.hint or "Is it the right project and region? If so, roles/run.viewer is what is needed.",
    )


def _wants_job(error: OpsctlError, execution: str) -> OpsctlError:
    """The executions of all jobs may not be listed, so only the caller can tell the job."""
    if not isinstance(error, AccessDeniedError):
        return error
    return AccessDeniedError(
        f"the job of execution {execution} cannot be looked up: {error.message}",
        code=error.code,
        permission=error.permission,
        hint="Name its job with --job.",
    )


def _only_region(found: Mapping[str, object], what: str) -> str:
    if len(found) == 1:
        return next(iter(found))
    raise UsageError(f"{what} exists in more than one region: {', '.join(found)}", hint="Name one with --region.")


def need_project(project: str | None) -> str:
    """The project. Raises `UsageError` when none is known."""
    if not project:
        raise UsageError(
            "which Google Cloud project is it in?",
            hint="Name it with --project, `cloudrun.project` in the configuration, or gcloud config set project.",
        )
    return project


def _suggest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(set(known) - {""}), n=_NEAR)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _project_id(found: JsonObject) -> str:
    """The id of an execution's project, by its name or else by the address of its log; empty when neither tells."""
    parts = str(found.get("name", "")).split("/")
    named = parts[1] if len(parts) == 8 and not parts[1].isdigit() else ""
    in_address = _PROJECT_IN_ADDRESS.search(str(found.get("logUri", "")))
    return named or (in_address[1] if in_address else "")


def _last(name: object) -> str:
    return str(name or "").rpartition("/")[2]


def _any(_: JsonObject) -> bool:
    return True
