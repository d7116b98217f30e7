"""Guess A is right: the password in the secret is new, the one in the database is not."""

from __future__ import annotations

from opsctl.lab.incidents.endings import exited
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.o4o import (
    DEPLOYER,
    FILES,
    MIGRATION_FILES,
    SOCKET,
    SPEC,
    around,
    day,
    image_section,
    last_success,
)
from opsctl.lab.incidents.run import Run, execution, tasks
from opsctl.lab.incidents.surroundings import GIT, LOGGING_API, RUN_API, secret
from opsctl.lab.incidents.transcript import Transcript

BUILD = "api-server at a07be3d15"
RUN = Run(SPEC, "k2p9d", BUILD, day(13, 6, 0), 12.31, 35.4, exited(1), generation=9, retried=1, creator=DEPLOYER)
BASELINE = last_success("m3r7x", BUILD, day(12, 8, 30), generation=9)
NEW_PASSWORD = secret("o4o-db-password", "latest", "9", "2026-01-13T05:41:37Z")


def build() -> Json:
    """The image and the configuration are those of the last success: only the secret is newer."""
    resource = execution(RUN)
    return assemble(
        RUN.name,
        RUN.at(480),
        {
            **around(RUN, BASELINE, NEW_PASSWORD),
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "image": image_section(RUN, (*FILES, *MIGRATION_FILES)),
            "commits": absent("no_data", "this run and the last success have the same image", GIT),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """The server answers, and refuses."""
    log = Transcript(RUN)
    for number, seconds in ((0, 13.0), (1, 24.6)):
        log.attempt(number, seconds).out(
            "[migrate] node v20.18.1, NODE_ENV=production",
            f"[migrate] connecting to {SOCKET} as o4o_api, database o4o_platform",
        )
        log.wait(0.4).err(
            "[migrate] failed:",
            'error: password authentication failed for user "o4o_api"',
            "    at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:283:98)",
            "    at Parser.handlePacket (/app/node_modules/pg-protocol/dist/parser.js:122:29)",
            "    at Parser.parse (/app/node_modules/pg-protocol/dist/parser.js:35:38)",
            "    at Socket.<anonymous> (/app/node_modules/pg-protocol/dist/index.js:11:42)",
            "    at Socket.emit (node:events:518:28)",
            "    at addChunk (node:internal/streams/readable:561:12) {",
            "  length: 103,",
            "  severity: 'FATAL',",
            "  code: '28P01',",
            "  file: 'auth.c',",
            "  line: '326',",
            "  routine: 'auth_failed'",
            "}",
        )
        log.exit(1)
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "o4o-api-migrations-k2p9d",
        "db-auth-failed",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("secrets", "secrets", "baseline"),
            ("image", "image"),
            ("logs", "logs"),
        ),
    ),
)
