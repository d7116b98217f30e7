"""A lock that another execution holds. The verdict says timeout; the time was spent waiting.

The log was asked for the whole job, so lines of the execution that holds the lock stand between those of this one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, still_running, timed_out
from opsctl.lab.incidents.incident import Incident, Json, assemble, ladder, ok, partial
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain, tasks
from opsctl.lab.incidents.surroundings import LOGGING_API, RUN_API, SQL_API, instance
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("gwanak-billing", "377120945581", "europe-west1")
DATABASE = "gwanak-billing:europe-west1:billing"
SPEC = JobSpec(
    PROJECT,
    "billing-changelog",
    "europe-west1-docker.pkg.dev/gwanak-billing/billing/changelog:204",
    env=(
        plain("LIQUIBASE_COMMAND_URL", "jdbc:postgresql:///billing?cloudSqlInstance=" + DATABASE),
        plain("LIQUIBASE_COMMAND_USERNAME", "billing"),
        from_secret("LIQUIBASE_COMMAND_PASSWORD", "billing-db-password"),
    ),
    args=("update", "--changelog-file=changelog.xml"),
    timeout_seconds=240,
    max_retries=0,
    account=PROJECT.account("billing-changelog"),
)
RUN = Run(
    SPEC,
    "r4t8z",
    "changelog 204",
    datetime(2026, 2, 5, 10, 7, 0, 900000, tzinfo=UTC),
    11.6,
    253.1,
    timed_out(),
    generation=19,
)
HOLDER = replace(
    RUN, suffix="b7k2q", created=datetime(2026, 2, 5, 10, 3, 12, 200000, tzinfo=UTC), ends=None, ending=still_running()
)
BASELINE = Run(
    SPEC,
    "f1w5p",
    "changelog 203",
    datetime(2026, 1, 29, 10, 1, 40, 0, tzinfo=UTC),
    10.8,
    46.9,
    completed("46.9s"),
    generation=18,
)
BANNER = ("Liquibase Version: 4.21.1", "Liquibase Open Source 4.21.1 by Liquibase")


def build() -> Json:
    """Two executions of one job, four minutes apart."""
    resource = execution(RUN)
    return assemble(
        RUN.name,
        RUN.at(400),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2024-03-03T00:00:00.000000Z", updated=HOLDER.at(-20), executions=118),
                f"{RUN_API} jobs.get",
            ),
            "logs": partial(
                write_logs(resource), LOGGING_API, "asked for the job: lines of other executions are among them"
            ),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "cloudsql": ok({"instances": [instance(DATABASE)]}, SQL_API),
        },
    )


def write_logs(resource: Json) -> Json:
    """This execution waits while the other one works."""
    log = Transcript(RUN).attempt(0, 12.5).out(*BANNER).wait(1.4)
    for _ in range(23):
        log.out("INFO: Waiting for changelog lock....").wait(10.0)
    log.wait(0.4).system(
        "ERROR",
        "Terminating task because it has reached the maximum timeout of 240 seconds. To change this limit, see "
        "https://cloud.google.com/run/docs/configuring/task-timeout",
    )
    log.ended(resource)
    other = Transcript(HOLDER).attempt(0, 12.1).out(*BANNER).wait(1.2)
    other.out("INFO: Successfully acquired change log lock").wait(0.9)
    for number in range(1, 9):
        other.out(f"Running Changeset: changes/2026-02-invoices.xml::backfill-{number}::billing").wait(52.0)
    entries = sorted([*log.entries(), *other.entries()], key=lambda entry: (entry["timestamp"], entry["insertId"]))
    asked = [line for line in log.section()["filter"].splitlines() if "execution_name" not in line]
    return {"entries": entries, "filter": "\n".join(asked), "truncated": False}


INCIDENTS = (
    Incident(
        "billing-changelog-r4t8z",
        "db-lock-contention",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("job", "job"),
            ("cloudsql", "cloudsql"),
            ("logs", "logs"),
        ),
    ),
)
