"""The database instance was stopped to save money. The API calls it RUNNABLE; only its activation policy tells."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, exited
from opsctl.lab.incidents.incident import Incident, Json, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain, tasks
from opsctl.lab.incidents.surroundings import (
    LOGGING_API,
    POLICY,
    RUN_API,
    SECRETS_API,
    SQL_API,
    TAKEN,
    instance,
    secret,
    service_account,
    value_fact,
)
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("bukchon-crm-stg", "118820437765", "asia-northeast1")
DATABASE = "bukchon-crm-stg:asia-northeast1:crm-stg"
SOCKET = f"/cloudsql/{DATABASE}"
SPEC = JobSpec(
    PROJECT,
    "crm-migrate",
    "asia-northeast1-docker.pkg.dev/bukchon-crm-stg/crm/web:stg",
    env=(
        plain("DJANGO_SETTINGS_MODULE", "crm.settings.staging"),
        plain("DB_HOST", SOCKET),
        plain("DB_NAME", "crm"),
        from_secret("DB_PASSWORD", "crm-db-password"),
    ),
    command=("python",),
    args=("manage.py", "migrate", "--noinput"),
    max_retries=1,
    cloudsql=(DATABASE,),
)
RUN = Run(
    SPEC,
    "w6p3s",
    "web 77e0d41",
    datetime(2026, 1, 26, 22, 30, 1, 250000, tzinfo=UTC),
    10.6,
    52.9,
    exited(1),
    generation=88,
    retried=1,
    creator="scheduler@bukchon-crm-stg.iam.gserviceaccount.com",
)
BASELINE = Run(
    SPEC,
    "j4t9c",
    "web 77e0d41",
    datetime(2026, 1, 23, 22, 30, 1, 110000, tzinfo=UTC),
    10.1,
    33.4,
    completed("33.4s"),
    generation=88,
    creator=RUN.creator,
)
PLATFORM = (
    "Cloud SQL connection failed. Please see https://cloud.google.com/sql/docs/mysql/connect-run, "
    "https://cloud.google.com/sql/docs/postgres/connect-run, or "
    "https://cloud.google.com/sql/docs/sqlserver/connect-run for additional details: "
    f'refresh error: create ephemeral cert failed (connection name = "{DATABASE}"): '
    "googleapi: Error 400: Invalid request: Invalid request since instance is not running., invalid"
)
REFUSED = f'connection to server on socket "{SOCKET}/.s.PGSQL.5432" failed: Connection refused'
TRACE = "\n".join(
    (
        "Traceback (most recent call last):",
        '  File "/usr/local/lib/python3.12/site-packages/django/db/backends/base/base.py", line 275, in'
        " ensure_connection",
        "    self.connect()",
        '  File "/usr/local/lib/python3.12/site-packages/django/db/backends/postgresql/base.py", line 277, in'
        " get_new_connection",
        "    connection = self.Database.connect(**conn_params)",
        '  File "/usr/local/lib/python3.12/site-packages/psycopg2/__init__.py", line 122, in connect',
        "    conn = _connect(dsn, connection_factory=connection_factory, **kwasync)",
        f"psycopg2.OperationalError: {REFUSED}",
        "\tIs the server running locally and accepting connections on that socket?",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        '  File "/app/manage.py", line 22, in <module>',
        "    main()",
        f"django.db.utils.OperationalError: {REFUSED}",
        "\tIs the server running locally and accepting connections on that socket?",
    )
)


def build() -> Json:
    """Same image, same configuration as on Friday; the database is not the same."""
    resource = execution(RUN)
    return assemble(
        RUN.name,
        RUN.at(2400),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2025-02-11T05:00:00.000000Z", updated="2026-01-22T11:02:45.000000Z", executions=301),
                f"{RUN_API} jobs.get",
            ),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "service_account": ok(
                service_account(PROJECT.default_account, ("roles/editor", "roles/secretmanager.secretAccessor")),
                POLICY,
            ),
            "secrets": ok({"secrets": [secret("crm-db-password", "latest", "2", "2025-05-07T03:12:09Z")]}, SECRETS_API),
            "cloudsql": ok({"instances": [instance(DATABASE, activation="NEVER")]}, SQL_API),
            "value_facts": ok(
                {
                    "facts": [
                        value_fact("execution", "/template/containers/0/env/1/value", ("socket-path",), len(SOCKET))
                    ]
                },
                TAKEN,
            ),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """The program waits, then is refused."""
    log = Transcript(RUN)
    for number, seconds in ((0, 11.5), (1, 32.8)):
        log.attempt(number, seconds).out("Operations to perform:", "  Checking connection to default").wait(9.7)
        log.system("ERROR", PLATFORM).block(TRACE).exit(1)
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "crm-migrate-w6p3s",
        "db-connection-refused",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("iam", "service_account"),
            ("cloudsql", "cloudsql"),
            ("logs", "logs"),
        ),
        acceptable=("network-unreachable",),
    ),
)
