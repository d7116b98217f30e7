"""Somebody cancelled the execution; the errors in its log come from being stopped."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import cancelled
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, TaskResult, execution, plain, tasks
from opsctl.lab.incidents.surroundings import LOGGING_API, REGISTRY, RUN_API
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("itaewon-feeds", "366801254097", "asia-northeast3")
SPEC = JobSpec(
    PROJECT,
    "feed-import",
    "asia-northeast3-docker.pkg.dev/itaewon-feeds/feeds/importer:5.1",
    env=(plain("FEED", "partner-a"),),
    args=("import", "--since=2025-01-01"),
    timeout_seconds=7200,
    max_retries=0,
    account=PROJECT.account("feed-import"),
)
RUN = Run(
    SPEC,
    "x3m6p",
    "importer 5.1",
    datetime(2026, 2, 14, 13, 1, 55, 430000, tzinfo=UTC),
    9.5,
    1320.6,
    cancelled(),
    generation=4,
    creator="hyunwoo@example.com",
)


def build() -> Json:
    """Found a month later: the job is gone, and so is the image."""
    resource = execution(RUN)
    gone = "manifest unknown: the tag and the digest were cleaned up"
    return assemble(
        RUN.name,
        "2026-03-15T08:00:00.000000Z",
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN, (TaskResult(0, 9.5, 1320.4),)), f"{RUN_API} tasks.list"),
            "job": absent("not_found", "the job does not exist any more", f"{RUN_API} jobs.get"),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": absent("no_data", "no execution of this job has succeeded", f"{RUN_API} executions.list"),
            "service_account": absent("not_found", "the account was deleted"),
            "image": absent("not_found", gone, REGISTRY),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """Work, a call by a person, the sound of stopping."""
    log = Transcript(RUN).attempt(0, 10.3)
    for page in range(1, 22):
        log.record("INFO", f"imported page {page}", page=page).wait(61.0)
    log.activity(
        1311.2,
        "google.cloud.run.v1.Executions.CancelExecution",
        "hyunwoo@example.com",
        f"namespaces/{PROJECT.name}/executions/{RUN.id}",
    )
    log.attempt(0, 1313.0).record("WARNING", "SIGTERM received, stopping")
    log.record("ERROR", "import failed: context canceled", page=22).wait(0.3)
    return log.exit(143).ended(resource)


INCIDENTS = (
    Incident(
        "feed-import-x3m6p",
        "cancelled",
        build,
        ladder(("logs", "logs"), ("conditions", "execution", "tasks")),
    ),
)
