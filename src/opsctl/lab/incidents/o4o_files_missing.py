"""Guess C is right: the image has the new entry point and not the migrations that it reads.

The whitelist in `.dockerignore` lets `dist/migrate.js` in and not `dist/database/migrations`. The connection works, so
the password that was just renewed, the account and the entry point itself are all suspects that did nothing.
"""

from __future__ import annotations

from opsctl.lab.incidents.endings import exited
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.o4o import (
    DEPLOYER,
    FILES,
    FORMER,
    MIGRATIONS,
    SOCKET,
    SPEC,
    SUSPECTS,
    around,
    day,
    image_section,
    last_success,
)
from opsctl.lab.incidents.run import Run, execution, tasks
from opsctl.lab.incidents.surroundings import GIT, LOGGING_API, RUN_API, commits, secret
from opsctl.lab.incidents.transcript import Transcript

RUN = Run(
    SPEC,
    "h5x5h",
    "api-server at 4ca11e480",
    day(12, 2, 0),
    15.95,
    41.8,
    exited(1),
    generation=7,
    retried=1,
    creator=DEPLOYER,
)
BASELINE = last_success("t8v2c", "api-server at 9b1d77c02", day(9, 6, 14), FORMER)
NEW_PASSWORD = secret("o4o-db-password", "latest", "8", "2026-01-12T01:30:12Z")


def build() -> Json:
    """Everything that could be collected."""
    resource = execution(RUN)
    return assemble(
        RUN.name,
        RUN.at(600),
        {
            **around(RUN, BASELINE, NEW_PASSWORD),
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "image": image_section(RUN, FILES, absent=(MIGRATIONS,)),
            "commits": ok(commits("o4o-platform", "9b1d77c02", "4ca11e480", SUSPECTS), GIT),
        },
    )


def build_without_logs() -> Json:
    """The same execution, seen by somebody who may not read its logs."""
    evidence = build()
    sections = {
        **evidence["sections"],
        "logs": absent("denied", "Permission denied for all log views", LOGGING_API),
    }
    return {**evidence, "sections": sections}


def write_logs(resource: Json) -> Transcript:
    """Two attempts that fail alike."""
    log = Transcript(RUN)
    for number, seconds in ((0, 16.6), (1, 29.4)):
        log.attempt(number, seconds).out(
            "[migrate] node v20.18.1, NODE_ENV=production",
            f"[migrate] connecting to {SOCKET} as o4o_api, database o4o_platform",
        )
        log.wait(0.9).out("[migrate] connection established, server 15.10")
        log.err(
            "[migrate] failed:",
            f"Error: ENOENT: no such file or directory, scandir '{MIGRATIONS}'",
            "    at readdirSync (node:fs:1507:26)",
            "    at listMigrations (file:///app/dist/migrate.js:41:17)",
            "    at main (file:///app/dist/migrate.js:63:21)",
            "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {",
            "  errno: -2,",
            "  code: 'ENOENT',",
            "  syscall: 'scandir',",
            f"  path: '{MIGRATIONS}'",
            "}",
        )
        log.out("[migrate] connection closed").exit(1)
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "o4o-api-migrations-h5x5h",
        "image-file-missing",
        build,
        ladder(
            ("nothing",),
            ("conditions", "execution", "tasks"),
            ("logs", "logs"),
            ("image", "image"),
            ("iam", "service_account"),
        ),
    ),
    Incident(
        "o4o-api-migrations-h5x5h-logs-denied",
        "image-file-missing",
        build_without_logs,
        ladder(
            ("conditions", "execution", "tasks", "logs"),
            ("secrets", "secrets", "baseline"),
            ("iam", "service_account"),
            ("image", "image"),
        ),
    ),
)
