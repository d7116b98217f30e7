"""Guess D is right: the job got an account of its own, and the account may not use the database.

The program sees a socket that refuses; only the lines of Cloud Run and the policy say why.
"""

from __future__ import annotations

from dataclasses import replace

from opsctl.lab.incidents.endings import exited
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.o4o import (
    DATABASE,
    DEPLOYER,
    FILES,
    MIGRATION_FILES,
    PROJECT,
    SOCKET,
    SPEC,
    around,
    day,
    image_section,
    last_success,
)
from opsctl.lab.incidents.run import Run, execution, tasks
from opsctl.lab.incidents.surroundings import GIT, LOGGING_API, RUN_API, TROUBLESHOOTER, secret, service_account
from opsctl.lab.incidents.transcript import Transcript

ACCOUNT = PROJECT.account("o4o-migrations")
BUILD = "api-server at e3390b6aa"
RUN = Run(
    replace(SPEC, account=ACCOUNT),
    "d4m7s",
    BUILD,
    day(15, 1, 5),
    13.88,
    38.2,
    exited(1),
    generation=14,
    retried=1,
    creator=DEPLOYER,
)
BASELINE = last_success("w9c4b", BUILD, day(14, 22, 40), generation=13)
PASSWORD = secret("o4o-db-password", "latest", "10", "2026-01-13T07:30:02Z")
ROLES = ("roles/logging.logWriter", "roles/secretmanager.secretAccessor")
HELP = (
    "Cloud SQL connection failed. Please see https://cloud.google.com/sql/docs/mysql/connect-run, "
    "https://cloud.google.com/sql/docs/postgres/connect-run, or "
    "https://cloud.google.com/sql/docs/sqlserver/connect-run for additional details: "
)


def build() -> Json:
    """The same image as yesterday, another account."""
    resource = execution(RUN)
    where = f"//cloudresourcemanager.googleapis.com/projects/{PROJECT.name}"
    access = (
        ("cloudsql.instances.connect", where, "DENIED"),
        ("cloudsql.instances.get", where, "DENIED"),
        ("secretmanager.versions.access", where, "GRANTED"),
    )
    account = service_account(ACCOUNT, ROLES, method="policy-troubleshooter", access=access)
    return assemble(
        RUN.name,
        RUN.at(900),
        {
            **around(RUN, BASELINE, PASSWORD, ROLES),
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "service_account": ok(account, TROUBLESHOOTER),
            "image": image_section(RUN, (*FILES, *MIGRATION_FILES)),
            "commits": absent("no_data", "this run and the last success have the same image", GIT),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """The platform names the permission; the program names only the socket."""
    log = Transcript(RUN)
    for number, seconds in ((0, 14.5), (1, 26.9)):
        log.attempt(number, seconds).out(
            "[migrate] node v20.18.1, NODE_ENV=production",
            f"[migrate] connecting to {SOCKET} as o4o_api, database o4o_platform",
        )
        log.wait(0.6).system(
            "ERROR",
            f'{HELP}config error: failed to get instance metadata (connection name = "{DATABASE}"): googleapi: '
            "Error 403: boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing permission "
            "cloudsql.instances.get on resource instances/o4o-platform-db., forbidden",
        )
        log.err(
            "[migrate] failed:",
            f"Error: connect ECONNREFUSED {SOCKET}/.s.PGSQL.5432",
            "    at PipeConnectWrap.afterConnect [as oncomplete] (node:net:1607:16) {",
            "  errno: -111,",
            "  code: 'ECONNREFUSED',",
            "  syscall: 'connect',",
            f"  address: '{SOCKET}/.s.PGSQL.5432'",
            "}",
        )
        log.exit(1)
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "o4o-api-migrations-d4m7s",
        "iam-permission-denied",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("baseline", "baseline"),
            ("iam", "service_account"),
            ("logs", "logs"),
        ),
    ),
)
