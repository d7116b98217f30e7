"""Twenty tasks, two of them too slow for the time they have; both worked until the last second."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, timed_out
from opsctl.lab.incidents.incident import Incident, Json, assemble, ladder, ok, partial
from opsctl.lab.incidents.run import JobSpec, Project, Run, TaskResult, execution, job, plain, tasks
from opsctl.lab.incidents.surroundings import LOGGING_API, RUN_API
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("mapo-search", "640077213958", "asia-northeast3")
SPEC = JobSpec(
    PROJECT,
    "reindex",
    "asia-northeast3-docker.pkg.dev/mapo-search/search/indexer:3.2.0",
    env=(plain("INDEX", "vehicles-v9"), plain("SHARDS", "20")),
    command=("/indexer",),
    args=("--all",),
    memory="1Gi",
    timeout_seconds=900,
    max_retries=0,
    account=PROJECT.account("indexer"),
    task_count=20,
    parallelism=10,
)
SLOW = (0, 7)
RUN = Run(
    SPEC,
    "j8d5w",
    "indexer 3.2.0",
    datetime(2026, 2, 7, 17, 0, 0, 600000, tzinfo=UTC),
    9.9,
    1842.3,
    timed_out(),
    generation=11,
)
BASELINE = Run(
    SPEC,
    "u2r6g",
    "indexer 3.2.0",
    datetime(2026, 1, 31, 17, 0, 0, 480000, tzinfo=UTC),
    9.2,
    1507.8,
    completed("25m7.8s"),
    generation=11,
)
GOOD = {"status": {}, "exitCode": 0}


def build() -> Json:
    """The list of tasks was cut: ten of twenty are known."""
    resource = execution(RUN, {"succeededCount": 18, "failedCount": 2})
    results = [
        TaskResult(
            index,
            10.0 + index * 0.3,
            913.4 + index * 0.3 if index in SLOW else 640.0 + index * 17.5,
            attempt=RUN.ending.attempt if index in SLOW else GOOD,
        )
        for index in range(10)
    ]
    return assemble(
        RUN.name,
        RUN.at(2600),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": partial(tasks(RUN, results), f"{RUN_API} tasks.list", "10 of 20 tasks: the second page failed"),
            "job": ok(
                job(RUN, created="2025-09-09T00:00:00.000000Z", updated="2026-01-10T08:00:00.000000Z", executions=22),
                f"{RUN_API} jobs.get",
            ),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE, {"succeededCount": 20})}, f"{RUN_API} executions.list"),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """Progress that never stops, too slow in two shards."""
    log = Transcript(RUN)
    for index in range(10):
        log.attempt(0, 11.0 + index * 0.3, task=index)
        total = 410_000 if index in SLOW else 180_000
        log.record("INFO", "shard opened", shard=index, documents=total)
        for step in range(1, 9):
            log.wait(110.0 if index in SLOW else 75.0)
            done = min(total, step * (38_000 if index in SLOW else 24_000))
            log.record("INFO", f"indexed {done} of {total} documents", shard=index, done=done)
        if index in SLOW:
            log.wait(20.0).system(
                "ERROR",
                "Terminating task because it has reached the maximum timeout of 900 seconds. To change this limit, "
                "see https://cloud.google.com/run/docs/configuring/task-timeout",
            )
        else:
            log.exit(0)
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "reindex-j8d5w",
        "task-timeout",
        build,
        ladder(("conditions", "execution", "tasks"), ("baseline", "baseline"), ("logs", "logs")),
    ),
)
