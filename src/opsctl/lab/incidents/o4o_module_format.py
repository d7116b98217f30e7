"""Guess B is right: the new entry point was compiled to CommonJS and the package says that it is a module."""

from __future__ import annotations

from opsctl.lab.incidents.endings import exited
from opsctl.lab.incidents.incident import Incident, Json, assemble, ladder, ok
from opsctl.lab.incidents.o4o import (
    DEPLOYER,
    FILES,
    MIGRATION_FILES,
    SPEC,
    around,
    day,
    image_section,
    last_success,
)
from opsctl.lab.incidents.run import Run, execution, tasks
from opsctl.lab.incidents.surroundings import GIT, LOGGING_API, RUN_API, commit, commits, secret
from opsctl.lab.incidents.transcript import Transcript

RUN = Run(
    SPEC,
    "q8w3n",
    "api-server at 7d02c4f9e",
    day(14, 9, 21),
    11.07,
    25.9,
    exited(1),
    generation=12,
    retried=1,
    creator=DEPLOYER,
)
BASELINE = last_success("n5j2d", "api-server at a07be3d15", day(13, 7, 45), generation=11)
PASSWORD = secret("o4o-db-password", "latest", "10", "2026-01-13T07:30:02Z")
EXPLANATION = (
    "This file is being treated as an ES module because it has a '.js' file extension and '/app/package.json' contains "
    '"type": "module". To treat it as a CommonJS script, rename it to use the \'.cjs\' file extension.'
)
CHANGES = (
    commit(
        "7d02c4f9e",
        "build(api): compile migrate.ts with its own tsconfig",
        "2026-01-14T08:58:31Z",
        "apps/api-server/tsconfig.migrate.json",
        "apps/api-server/package.json",
    ),
    commit("51c6aa830", "feat(forum): order categories by position", "2026-01-14T08:20:00Z", "apps/web/src/forum.tsx"),
)


def build() -> Json:
    """The program ends before it says its first word."""
    resource = execution(RUN)
    return assemble(
        RUN.name,
        RUN.at(420),
        {
            **around(RUN, BASELINE, PASSWORD),
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "image": image_section(RUN, (*FILES, *MIGRATION_FILES)),
            "commits": ok(commits("o4o-platform", "a07be3d15", "7d02c4f9e", CHANGES), GIT),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """Node's own report, twice."""
    log = Transcript(RUN)
    for number, seconds in ((0, 11.9), (1, 19.6)):
        log.attempt(number, seconds).err(
            "file:///app/dist/migrate.js:2",
            'Object.defineProperty(exports, "__esModule", { value: true });',
            "                      ^",
            "",
            "ReferenceError: exports is not defined in ES module scope",
            EXPLANATION,
            "    at file:///app/dist/migrate.js:2:23",
            "    at ModuleJob.run (node:internal/modules/esm/module_job:234:25)",
            "    at async ModuleLoader.import (node:internal/modules/esm/loader:473:24)",
            "",
            "Node.js v20.18.1",
        ).exit(1)
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "o4o-api-migrations-q8w3n",
        "module-format-mismatch",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("image", "image"),
            ("commits", "commits", "baseline"),
            ("logs", "logs"),
        ),
    ),
)
