"""Killed for memory. The message says `exit code: 0`, and the program was in the middle of a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, out_of_memory
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok, partial
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain, tasks
from opsctl.lab.incidents.surroundings import LOGGING_API, POLICY, RUN_API, TAKEN, service_account, value_fact
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("seorak-vehicles", "551290016647", "asia-northeast3")
SPEC = JobSpec(
    PROJECT,
    "thumbs-backfill",
    "asia-northeast3-docker.pkg.dev/seorak-vehicles/media/thumbs:0.9.4",
    env=(
        plain("BUCKET", "seorak-vehicle-media"),
        plain("BATCH", "5000"),
        from_secret("SENTRY_DSN", "thumbs-sentry-dsn"),
    ),
    command=("python", "-u"),
    args=("backfill.py",),
    timeout_seconds=3600,
    max_retries=0,
    account=PROJECT.account("thumbs"),
)
RUN = Run(
    SPEC,
    "c5n1v",
    "thumbs 0.9.4",
    datetime(2026, 2, 3, 7, 20, 44, 10000, tzinfo=UTC),
    8.3,
    214.7,
    out_of_memory(),
    generation=6,
    creator="minji@example.com",
)
# The batch was ten times smaller when it last worked.
BASELINE = Run(
    replace(SPEC, env=(SPEC.env[0], plain("BATCH", "500"), SPEC.env[2])),
    "q3y7d",
    "thumbs 0.9.3",
    datetime(2026, 1, 30, 2, 11, 5, 900000, tzinfo=UTC),
    9.1,
    402.6,
    completed("6m42.6s"),
    generation=5,
    creator=RUN.creator,
)


def build() -> Json:
    """The log was cut at the oldest end; what matters is at the newest."""
    resource = execution(RUN)
    return assemble(
        RUN.name,
        RUN.at(500),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2026-01-12T03:00:00.000000Z", updated=RUN.at(-540), executions=6),
                f"{RUN_API} jobs.get",
            ),
            "logs": partial(
                write_logs(resource).section(truncated=True),
                LOGGING_API,
                "the newest lines only; the limit was reached",
            ),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "service_account": ok(
                service_account(SPEC.account, ("roles/storage.objectAdmin", "roles/secretmanager.secretAccessor")),
                POLICY,
            ),
            "secrets": absent("denied", "Permission 'secretmanager.versions.list' denied"),
            "cloudsql": absent("skipped", "the job attaches no instance"),
            "value_facts": ok(
                {"facts": [value_fact("execution", "/template/containers/0/env/1/value", ("number",), 4)]}, TAKEN
            ),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """Steady work, a warning that is beside the point, and an abrupt end."""
    log = Transcript(RUN).attempt(0, 90.0)
    for page in range(14, 26):
        log.record("INFO", f"page {page}: 5000 images listed, 5000 decoded", page=page, decoded=5000 * page).wait(9.6)
        if page == 17:
            log.record("ERROR", "upload failed, retrying", page=page, status=503, attempt=1).wait(0.8)
            log.record("INFO", "upload succeeded on attempt 2", page=page)
    log.system(
        "ERROR",
        "Memory limit of 512 MiB exceeded with 547 MiB used. Consider increasing the memory limit, see "
        "https://cloud.google.com/run/docs/configuring/memory-limits",
    )
    return log.killed(9).ended(resource)


INCIDENTS = (
    Incident(
        "thumbs-backfill-c5n1v",
        "out-of-memory",
        build,
        ladder(("logs", "logs"), ("conditions", "execution", "tasks"), ("baseline", "baseline")),
    ),
)
