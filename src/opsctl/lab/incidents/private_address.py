"""The database has a private address only, and the last deploy dropped the job's way into the network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, exited
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain, tasks
from opsctl.lab.incidents.surroundings import (
    GIT,
    LOGGING_API,
    RUN_API,
    SECRETS_API,
    SQL_API,
    commit,
    commits,
    instance,
    secret,
)
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("jeju-orders", "905511273684", "asia-northeast3")
DATABASE = "jeju-orders:asia-northeast3:orders-pg"
SOCKET = f"/cloudsql/{DATABASE}"
SPEC = JobSpec(
    PROJECT,
    "orders-schema",
    "asia-northeast3-docker.pkg.dev/jeju-orders/orders/api:1.88.0",
    env=(
        plain("RAILS_ENV", "production"),
        plain("PGHOST", SOCKET),
        plain("PGDATABASE", "orders"),
        from_secret("PGPASSWORD", "orders-db-password", "5"),
    ),
    command=("bin/rails",),
    args=("db:migrate",),
    max_retries=1,
    account=PROJECT.account("orders-schema"),
    cloudsql=(DATABASE,),
)
CONNECTED = replace(
    SPEC,
    image=f"{SPEC.image.rpartition(':')[0]}:1.87.2",
    vpc={
        "egress": "PRIVATE_RANGES_ONLY",
        "networkInterfaces": [{"network": "jeju-core", "subnetwork": "run-an3"}],
    },
)
RUN = Run(
    SPEC,
    "m2c8t",
    "api 1.88.0",
    datetime(2026, 1, 28, 1, 44, 30, 500000, tzinfo=UTC),
    11.2,
    60.4,
    exited(1),
    generation=57,
    retried=1,
)
BASELINE = Run(
    CONNECTED,
    "z7h3f",
    "api 1.87.2",
    datetime(2026, 1, 21, 1, 40, 12, 330000, tzinfo=UTC),
    12.8,
    40.1,
    completed("40.1s"),
    generation=56,
)
PLATFORM = (
    "Cloud SQL connection failed. Please see https://cloud.google.com/sql/docs/mysql/connect-run, "
    "https://cloud.google.com/sql/docs/postgres/connect-run, or "
    "https://cloud.google.com/sql/docs/sqlserver/connect-run for additional details: "
    f'dial error: failed to dial (connection name = "{DATABASE}"): connection to Cloud SQL instance at '
    "10.21.0.3:3307 failed: timed out after 10s"
)
CLOSED = f'connection to server on socket "{SOCKET}/.s.PGSQL.5432" failed: server closed the connection unexpectedly'
CHANGES = (
    commit(
        "d1b7720c4",
        "deploy: write the job with a flags file",
        "2026-01-27T09:31:55Z",
        ".github/workflows/deploy.yml",
        "deploy/orders-schema.flags.yaml",
    ),
    commit("90fa3e6b1", "Add delivery_note to orders", "2026-01-26T04:05:12Z", "db/migrate/20260126040000_add_note.rb"),
)


def build() -> Json:
    """What is gone can only be seen beside the last success."""
    resource = execution(RUN)
    return assemble(
        RUN.name,
        RUN.at(950),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2024-07-19T00:00:00.000000Z", updated=RUN.at(-33), executions=60),
                f"{RUN_API} jobs.get",
            ),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "service_account": absent(
                "denied", "Permission 'resourcemanager.projects.getIamPolicy' denied", "cloudresourcemanager"
            ),
            "secrets": ok({"secrets": [secret("orders-db-password", "5", "5", "2025-08-01T00:30:00Z")]}, SECRETS_API),
            "cloudsql": ok({"instances": [instance(DATABASE, addresses=("PRIVATE",))]}, SQL_API),
            "commits": ok(commits("orders", "3c9e02f17", "d1b7720c4", CHANGES), GIT),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """Ten seconds of silence in each attempt."""
    log = Transcript(RUN)
    for number, seconds in ((0, 12.4), (1, 37.0)):
        log.attempt(number, seconds).out("Booting with RAILS_ENV=production").wait(10.2)
        log.system("ERROR", PLATFORM)
        log.err(
            "bin/rails aborted!",
            f"ActiveRecord::ConnectionNotEstablished: {CLOSED}",
            "\tThis probably means the server terminated abnormally",
            "\tbefore or while processing the request.",
            "",
            "Caused by:",
            f"PG::ConnectionBad: {CLOSED}",
            "\tThis probably means the server terminated abnormally",
            "\tbefore or while processing the request.",
            "",
            "Tasks: TOP => db:migrate",
            "(See full trace by running task with --trace)",
        )
        log.exit(1)
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "orders-schema-m2c8t",
        "network-unreachable",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("logs", "logs"),
            ("cloudsql", "cloudsql"),
            ("baseline", "baseline"),
        ),
    ),
)
