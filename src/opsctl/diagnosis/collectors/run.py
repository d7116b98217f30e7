"""Collects from Cloud Run: tasks, the job as it is now, the newest success before."""

from __future__ import annotations

from opsctl.diagnosis.collectors.answers import EMPTY_ANSWER, empty, seen
from opsctl.diagnosis.facts.execution import read_outcome
from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.facts.reading import as_count, as_text
from opsctl.diagnosis.models import ExecutionName, JsonObject, Section
from opsctl.diagnosis.ports import CloudRun
from opsctl.diagnosis.timestamps import parse_time

EXECUTION_SOURCE = "run.googleapis.com/v2 executions.get"
TASKS_SOURCE = "run.googleapis.com/v2 tasks.list"
JOB_SOURCE = "run.googleapis.com/v2 jobs.get"
BASELINE_SOURCE = "run.googleapis.com/v2 executions.list"
# Newest first, a hundred each: a success further back says little about what changed.
BASELINE_PAGES = 5


def job_name(name: ExecutionName) -> str:
    """The full name of the job of an execution."""
    return f"projects/{name.project}/locations/{name.location}/jobs/{name.job}"


async def collect_tasks(run: CloudRun, name: ExecutionName, tasks: list[JsonObject]) -> Section:
    """All tasks of the execution. They are put into `tasks` as they come, so that those which came before an error, or
    before the time was up, are not lost."""
    async for task in run.list_tasks(name.full):
        tasks.append(task)  # noqa: PERF401 - what came is kept
    return tasks_section(tasks)


def tasks_section(tasks: list[JsonObject], problem: str | None = None) -> Section:
    """The section `tasks`; `problem` says why there may be more of them."""
    if not tasks:
        return empty("the execution has no tasks", TASKS_SOURCE)
    cut = f"only {len(tasks)} tasks were read: {problem}" if problem else None
    return seen({"tasks": sorted(tasks, key=_index)}, TASKS_SOURCE, (cut,))


def _index(task: JsonObject) -> int:
    """0 is left out in JSON."""
    index = as_count(task.get("index"))
    return index if index is not None else 0


async def collect_job(run: CloudRun, name: ExecutionName) -> Section:
    """The job as it is now."""
    job = await run.get_job(job_name(name))
    return seen(job, JOB_SOURCE) if job else empty(EMPTY_ANSWER, JOB_SOURCE)


async def collect_baseline(run: CloudRun, name: ExecutionName, created: object) -> Section:
    """The newest execution of the job that succeeded and was created before `created` (RFC 3339; when that is not
    known, any but this one)."""
    before, token, looked = parse_time(created), "", 0
    for _ in range(BASELINE_PAGES):
        page = await run.list_executions(job_name(name), page_token=token)
        for execution in page.executions:
            own = as_text(execution.get("name")).rpartition("/")[2]
            made = parse_time(execution.get("createTime"))
            is_earlier = own != name.execution and (before is None or made is None or made < before)
            looked += is_earlier
            if is_earlier and read_outcome(execution) is Outcome.SUCCEEDED:
                return seen({"execution": execution}, BASELINE_SOURCE)
        token = page.next_token
        if not token:
            return empty(f"none of the {looked} executions before this one succeeded", BASELINE_SOURCE)
    return empty(f"none of the {looked} executions that were looked at succeeded", BASELINE_SOURCE)
