"""The database server refuses further connections

What is wrong
-------------
The server, the pooler in front of it, or the Cloud SQL connection of the container allows a number of connections,
and all of them are taken: by this job's tasks and pools, by services that share the instance, or by connections that
nobody closed. A migration needs one connection and fails like everybody else. Clients whose own pool is exhausted say
something alike; there the pool or a connection that is never given back is the limit.

How it is recognised
--------------------
- PostgreSQL: "sorry, too many clients already", "remaining connection slots are reserved", "too many connections for
  role", SQLSTATE 53300.
- MySQL: 1040 Too many connections, 1203 and 1226 max_user_connections.
- Poolers: max_client_conn, "max clients reached", MaxClientsInSessionMode. Cloud Run: "Exceeded maximum of 100
  connections per instance".
- Prisma P2037; less surely P2024 and other pool timeouts.
- Many tasks of the execution at once.

Look-alikes
-----------
- A pool timeout also follows from a server that cannot be reached: then earlier lines say so.
- HTTP 429 and "quota exceeded" of a Google API: quota-exhausted.
- "too many open files" is a limit of the container.

Remedy
------
Lower the pool size of each client and the parallelism of the job, close idle connections, put a pooler in front, or
raise max_connections together with the instance's memory.

Sources
-------
PostgreSQL src/backend/utils/init/postinit.c and proc.c; MySQL error reference 1040, 1203, 1226; pgbouncer and
supavisor sources; Prisma error reference; Cloud SQL quotas and limits.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.db_connection_limit_signs import SIGNS

_MANY_TASKS = 10


def look(facts: Facts) -> Iterator[Clue]:
    """Many tasks that connect at the same time."""
    execution = facts.execution
    at_once = min(execution.parallelism or execution.task_count or 1, execution.task_count or 1)
    if facts.seen("execution") and at_once >= _MANY_TASKS:
        yield Clue(
            "many_tasks",
            Weight.WEAK,
            (Pointer("execution", "/parallelism", str(at_once)),),
            values={"tasks": str(at_once)},
        )


RULE = Rule(
    cause="db-connection-limit",
    family="database",
    stage=Stage.SESSION,
    signs=SIGNS,
    codes=(
        Codes("sqlstate", Weight.DECISIVE, ("53300",)),
        Codes("mysql", Weight.DECISIVE, ("1040", "1203", "1226")),
        Codes("mysql", Weight.MODERATE, ("1129",)),
        Codes("node", Weight.DECISIVE, ("ER_CON_COUNT_ERROR", "ER_TOO_MANY_USER_CONNECTIONS", "ER_USER_LIMIT_REACHED")),
        Codes("mssql", Weight.DECISIVE, ("17809", "10928", "10936")),
        Codes("oracle", Weight.DECISIVE, ("00018", "00020", "12519", "12520")),
        Codes("oracle", Weight.STRONG, ("12516",)),
        Codes("prisma", Weight.DECISIVE, ("P2037",)),
        Codes("prisma", Weight.MODERATE, ("P2024",)),
    ),
    look=look,
    remedies=(
        Remedy(
            "see_connections",
            Risk.READ_ONLY,
            (
                "psql -c 'select usename, application_name, state, count(*) from pg_stat_activity group by 1, 2, 3 "
                "order by 4 desc'",
            ),
        ),
        Remedy(
            "fewer_tasks",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --parallelism=1",),
        ),
        Remedy(
            "raise_limit",
            Risk.REVERSIBLE,
            ("gcloud sql instances patch INSTANCE --project={project} --database-flags=max_connections=NUMBER",),
        ),
        Remedy(
            "end_idle",
            Risk.REVERSIBLE,
            (
                "psql -c \"select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle' and "
                "state_change < now() - "
                "interval '10 minutes'\"",
            ),
            is_workaround=True,
        ),
    ),
    check=Check(
        "cloudsql",
        "gcloud sql instances describe INSTANCE --project={project} --format='yaml(settings.tier, "
        "settings.databaseFlags)'",
    ),
)
