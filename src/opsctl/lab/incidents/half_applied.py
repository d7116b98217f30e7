"""The first attempt stops half-way; the ones after it fail on what the first has left behind.

MySQL commits DDL at once, so the table stays although the migration failed. The last error is a consequence.
"""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, exited
from opsctl.lab.incidents.incident import Incident, Json, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain, tasks
from opsctl.lab.incidents.surroundings import (
    GIT,
    LOGGING_API,
    RUN_API,
    SECRETS_API,
    SQL_API,
    TAKEN,
    commit,
    commits,
    instance,
    secret,
    value_fact,
)
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("hanok-catalog", "730155820014", "asia-northeast3")
DATABASE = "hanok-catalog:asia-northeast3:catalog-mysql"
SOCKET = f"/cloudsql/{DATABASE}"
SPEC = JobSpec(
    PROJECT,
    "catalog-migrate",
    "asia-northeast3-docker.pkg.dev/hanok-catalog/apps/catalog:2026.01.20",
    env=(
        plain("NODE_ENV", "production"),
        plain("DB_SOCKET", SOCKET),
        plain("DB_USER", "catalog"),
        from_secret("DB_PASSWORD", "catalog-db-password", "3"),
    ),
    command=("npx",),
    args=("knex", "migrate:latest"),
    max_retries=2,
    account=PROJECT.account("catalog-migrate"),
    cloudsql=(DATABASE,),
)
RUN = Run(
    SPEC,
    "7fq2m",
    "catalog 2026.01.20",
    datetime(2026, 1, 20, 4, 12, 8, 400000, tzinfo=UTC),
    9.4,
    58.6,
    exited(1),
    generation=31,
    retried=2,
)
BASELINE = Run(
    SPEC,
    "bd6xw",
    "catalog 2026.01.13",
    datetime(2026, 1, 13, 4, 9, 51, 200000, tzinfo=UTC),
    8.9,
    21.3,
    completed("21.3s"),
    generation=30,
)
CREATE = (
    "create table `sku_alias` (`id` int unsigned not null auto_increment primary key, "
    "`sku` varchar(64) not null, `alias` varchar(64) not null)"
)
UNIQUE = "alter table `sku` add unique `sku_code_unique`(`code`)"
MIGRATION = "20260119081500_unique_sku_code.js"
MYSQL_TRACE = (
    "    at Packet.asError (/app/node_modules/mysql2/lib/packets/packet.js:740:17)",
    "    at Query.execute (/app/node_modules/mysql2/lib/commands/command.js:29:26)",
    "    at Connection.handlePacket (/app/node_modules/mysql2/lib/base/connection.js:508:34)",
)


def build() -> Json:
    """Three attempts, two different errors."""
    resource = execution(RUN)
    changes = (
        commit(
            "c8e1f07d2",
            "feat(sku): codes are unique",
            "2026-01-19T08:15:33Z",
            f"migrations/{MIGRATION}",
            "src/sku/model.ts",
        ),
        commit("1190aa5be", "chore: renew the lock file", "2026-01-18T23:40:02Z", "package-lock.json"),
    )
    return assemble(
        RUN.name,
        RUN.at(700),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2025-04-02T01:10:00.000000Z", updated=RUN.at(-41), executions=31),
                f"{RUN_API} jobs.get",
            ),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "secrets": ok({"secrets": [secret("catalog-db-password", "3", "3", "2025-09-30T02:00:00Z")]}, SECRETS_API),
            "cloudsql": ok({"instances": [instance(DATABASE)]}, SQL_API),
            "value_facts": ok(
                {
                    "facts": [
                        value_fact("execution", "/template/containers/0/env/1/value", ("socket-path",), len(SOCKET))
                    ]
                },
                TAKEN,
            ),
            "commits": ok(commits("catalog", "5d0f2c1aa", "c8e1f07d2", changes), GIT),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """Attempt 0 meets duplicate rows, attempts 1 and 2 meet the table of attempt 0."""
    log = Transcript(RUN).attempt(0, 10.2).out("Using environment: production")
    log.wait(1.8)
    _fail(log, f"{UNIQUE} - Duplicate entry 'TBL-0417' for key 'sku.sku_code_unique'", "ER_DUP_ENTRY", 1062, "23000")
    for number, seconds in ((1, 26.1), (2, 43.7)):
        log.attempt(number, seconds).out("Using environment: production").wait(0.7)
        _fail(log, f"{CREATE} - Table 'sku_alias' already exists", "ER_TABLE_EXISTS_ERROR", 1050, "42S01")
    return log.ended(resource)


def _fail(log: Transcript, message: str, code: str, number: int, state: str) -> None:
    text = message.rpartition(" - ")[2]
    log.err(
        f'migration file "{MIGRATION}" failed',
        f"migration failed with error: {message}",
        message,
        f"Error: {text}",
        *MYSQL_TRACE,
        "{",
        f"  code: '{code}',",
        f"  errno: {number},",
        f"  sqlState: '{state}',",
        f'  sqlMessage: "{text}"',
        "}",
    ).exit(1)


INCIDENTS = (
    Incident(
        "catalog-migrate-7fq2m",
        "migration-sql-error",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("baseline", "baseline"),
            ("commits", "commits"),
            ("logs", "logs"),
        ),
    ),
)
