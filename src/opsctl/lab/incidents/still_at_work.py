"""An execution that has not ended. Errors in its log were retried, and it goes on."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, still_running
from opsctl.lab.incidents.incident import Incident, Json, assemble, ladder, ok, partial
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain, tasks
from opsctl.lab.incidents.surroundings import LOGGING_API, RUN_API
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("gangnam-pricing", "447729013586", "asia-northeast3")
SPEC = JobSpec(
    PROJECT,
    "reprice",
    "asia-northeast3-docker.pkg.dev/gangnam-pricing/pricing/batch:88",
    env=(plain("MODE", "full"), from_secret("RATES_KEY", "rates-api-key", "2")),
    timeout_seconds=3600,
    account=PROJECT.account("reprice"),
)
RUN = Run(
    SPEC,
    "k9s2f",
    "batch 88",
    datetime(2026, 2, 16, 20, 0, 4, 120000, tzinfo=UTC),
    10.7,
    None,
    still_running(),
    generation=17,
)
BASELINE = Run(
    SPEC,
    "y5d8v",
    "batch 87",
    datetime(2026, 2, 15, 20, 0, 3, 770000, tzinfo=UTC),
    10.2,
    1688.4,
    completed("28m8.4s"),
    generation=16,
)


def build() -> Json:
    """Collected twelve minutes after the start."""
    return assemble(
        RUN.name,
        RUN.at(730),
        {
            "execution": ok(execution(RUN), f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2025-10-10T00:00:00.000000Z", updated=RUN.at(-3600), executions=129),
                f"{RUN_API} jobs.get",
            ),
            "logs": partial(write_logs().section(), LOGGING_API, "the execution has not ended"),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
        },
    )


def write_logs() -> Transcript:
    """Errors that look final and are not."""
    log = Transcript(RUN).attempt(0, 11.6)
    for part in range(1, 9):
        log.record("INFO", f"repriced {part * 12_500} of 160000 offers", part=part).wait(40.0)
        if part in (3, 6):
            log.record("ERROR", "rates API: connect ETIMEDOUT, trying again in 5 s", part=part).wait(5.0)
    return log


INCIDENTS = (
    Incident(
        "reprice-k9s2f",
        "running",
        build,
        ladder(("logs", "logs"), ("conditions", "execution", "tasks"), ("baseline", "baseline")),
    ),
)
