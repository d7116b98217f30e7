"""Lock contention, deadlock or a stale migration lock

What is wrong
-------------
The database or the migration tool waited for a lock that somebody else holds, and gave up: two transactions blocked
each other (deadlock), a lock timeout ran out, or the tool's own migration lock is still taken - by a run at the same
time, or by one that died and left it behind. Nothing is wrong with the statement or the schema.

How it is recognised
--------------------
- SQLSTATE 40P01, 55P03 or 40001; MySQL 1205, 1213 or 3572; SQL Server 1205 or 1222; ORA-00054, ORA-00060;
  Prisma P2034, and P1002 with "advisory lock" in its context.
- The tool's words: "Migration table is already locked" (Knex), "Could not acquire change log lock" (Liquibase),
  "another Flyway instance may be running", "can't acquire database lock" (golang-migrate), "another migration
  process is currently running" (Rails).
- Nothing at all: the last line says that the tool waits for a lock or begins a statement, and the task timeout
  ends the silence. Several tasks of one execution that run the migration together point the same way.

Look-alikes
-----------
- `task-timeout`: the migration went on until the end; lines kept coming.
- `network-unreachable`: the silence comes before the first answer of the database.
- `migration-history-conflict`: a failed or dirty entry is a record, not a lock; it stays after every session ended.
- `db-connection-limit`: a pool that is empty also "times out acquiring", but acquires a connection, not a lock.
- A deadlock that the program retried and overcame is not the failure.

Remedy
------
See who holds the lock (`pg_stat_activity`, `SHOW PROCESSLIST`, the tool's lock table). End that session, or wait for
it. When nobody holds it any more, free the stale lock with the tool's own command (`knex migrate:unlock`,
`liquibase release-locks`). Run migrations with one task and without parallel executions, at a quiet time, with a
`lock_timeout` set, so that a busy table fails the migration in seconds.

Sources
-------
PostgreSQL manual, appendix A and section 13.3; MySQL error reference; knex Migrator.js; liquibase
StandardLockService.java; flyway advisory lock templates; golang-migrate migrate.go; Prisma
documentation on advisory locking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.db_lock_contention_signs import SIGNS_SERVERS
from opsctl.diagnosis.rules.db_lock_contention_tool_signs import SIGNS_TOOLS
from opsctl.diagnosis.rules.last_words import find_last_words
from opsctl.diagnosis.rules.migration_traces import said_only_by_retries

_WAITS = re.compile(
    r"wait(?:ing|s)? (?:for|on|to (?:acquire|obtain|get)) .{0,50}\block\b"
    r"|(?:acquiring|obtaining|taking|trying to (?:acquire|obtain|get)|attempting to (?:acquire|obtain"
    r"|get)) .{0,50}\block\b"
    r"|pg_(?:try_)?advisory_(?:xact_)?lock|\bget_lock\(|sp_getapplock|lock table\b",
    re.IGNORECASE,
)
# A statement or migration that has begun: silence after it is most often a wait for a table.
_BEGINS = re.compile(
    r"\b(?:alter|drop|truncate|lock|rename) table\b|\bcreate (?:unique )?index\b|\balter type\b"
    r"|==\s+\S+ \S+: migrating =|^\s*-- (?:add|change|remove|rename|drop|create)_\w+\("
    r"|\brunning upgrade \S+ -> |^\s*applying \S+\.\d{4}_\S*?\.{3}\s*$|^applying(?: migration|:) \S+"
    r"|\bmigrating schema .{1,60} to version|^== \S+: migrating =",
    re.IGNORECASE | re.MULTILINE,
)
_HELD = re.compile(
    r"already locked|change ?log lock|advisory lock|database lock|lock is (?:held|present)"
    r"|migration (?:process )?is (?:already|currently) running",
    re.IGNORECASE,
)
_RACE_CODES = {
    ("sqlstate", "40P01"),
    ("sqlstate", "55P03"),
    ("sqlstate", "40001"),
    ("mysql", "1205"),
    ("mysql", "1213"),
}


def look(facts: Facts) -> Iterator[Clue]:
    """Silence after a lock was asked for, several tasks at once, and locks that only a retry met."""
    yield from _silence(facts)
    yield from _together(facts)
    stale = said_only_by_retries(facts, _HELD)
    if stale is not None:
        yield Clue("retry_only", Weight.STRONG, (stale.pointer,), supports=False)


def _silence(facts: Facts) -> Iterator[Clue]:
    words = find_last_words(facts)
    if words is None or not words.spoken or not words.is_long_silence:
        return
    last = words.spoken[-1][1]
    where = (last.pointer, *words.attempt.pointers[:1])
    values = {"seconds": f"{words.silence_seconds:.0f}"}
    if _WAITS.search(last.text):
        yield Clue("waits_until_timeout", Weight.DECISIVE, where, values=values)
    elif _BEGINS.search(last.text):
        yield Clue("begins_until_timeout", Weight.MODERATE, where, values=values)


def _together(facts: Facts) -> Iterator[Clue]:
    tasks, parallelism = facts.execution.task_count or 1, facts.execution.parallelism
    if tasks < 2 or parallelism == 1:
        return
    seen = next((code for code in facts.logs.codes if (code.system, code.code) in _RACE_CODES), None)
    if seen is not None:
        where = (Pointer("execution", "/taskCount", str(tasks)), seen.message.pointer)
        yield Clue("tasks_together", Weight.MODERATE, where, values={"tasks": str(tasks)})


RULE = Rule(
    cause="db-lock-contention",
    family="migration",
    stage=Stage.HISTORY,
    signs=SIGNS_SERVERS + SIGNS_TOOLS,
    codes=(
        Codes("sqlstate", Weight.DECISIVE, ("40P01", "55P03")),
        Codes("sqlstate", Weight.STRONG, ("40001",)),
        Codes("sqlstate", Weight.MODERATE, ("55006", "57014")),
        Codes("mysql", Weight.DECISIVE, ("1205", "1213", "3572")),
        Codes("mssql", Weight.DECISIVE, ("1205", "1222")),
        Codes("oracle", Weight.DECISIVE, ("00054", "00060", "30006")),
        Codes("prisma", Weight.STRONG, ("P2034",)),
    ),
    look=look,
    remedies=(
        Remedy(
            "find_holder",
            Risk.READ_ONLY,
            (
                'psql "$DATABASE_URL" -c "select pid, usename, state, wait_event_type, xact_start, left(query, 80)'
                " from pg_stat_activity where state <> 'idle' order by xact_start\"",
                'mysql -e "show full processlist; select * from performance_schema.data_lock_waits"',
            ),
        ),
        Remedy("end_holder", Risk.REVERSIBLE, ('psql "$DATABASE_URL" -c "select pg_terminate_backend(PID)"',)),
        Remedy(
            "free_stale_lock",
            Risk.REVERSIBLE,
            ("npx knex migrate:unlock", "liquibase release-locks --url=URL"),
        ),
        Remedy(
            "one_runner",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --tasks 1 --parallelism 1 --region {region} --project {project}",),
        ),
        Remedy(
            "run_again",
            Risk.CHANGES_DATA,
            ("gcloud run jobs execute {job} --region {region} --project {project} --wait",),
            is_workaround=True,
        ),
    ),
    check=Check(
        "cloudsql",
        'psql "$DATABASE_URL" -c "select pid, pg_blocking_pids(pid), state, xact_start, left(query, 80)'
        " from pg_stat_activity where wait_event_type = 'Lock' or pid in"
        " (select pid from pg_locks where locktype = 'advisory')\"",
    ),
)
