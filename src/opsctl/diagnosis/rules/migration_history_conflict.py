"""The migration history and the migration files disagree

What is wrong
-------------
The tool keeps a record of applied migrations in the database. It read the record, compared it with the files it was
given, and stopped before any statement: an earlier migration is marked failed or dirty, an applied file was changed
or is gone, two files have one version, the revisions have several heads, or a database that was built without the
tool has no record at all (missing baseline).

How it is recognised
--------------------
- Prisma P3005, P3008, P3009, P3011, P3012, P3017; "Dirty database version" (golang-migrate); "Migration checksum
  mismatch", "Detected applied migration not resolved locally", "no schema history table" (Flyway); "check sum",
  "duplicate identifiers" (Liquibase); "Can't locate revision", "Multiple head revisions" (Alembic);
  InconsistentMigrationHistory, "Conflicting migrations detected" (Django); "The migration directory is corrupt"
  (Knex); "corrupted migrations" (Kysely); "was previously applied but has been modified" (sqlx).
- The revision that the message names is not among the files of the image.

Look-alikes
-----------
- `image-file-missing`: the whole folder of migrations is missing, not one applied file.
- When a retry finds a failed or dirty entry that the attempt before it left, the error of that attempt is the cause.
- `db-lock-contention`: a lock is held by a session; a dirty mark stays when every session has ended.
- `schema-drift`: the record is accepted, and a statement meets an object it does not expect.
- A warning that the schema is newer than the newest file, or lists files as missing, is not the failure by itself.

Remedy
------
First look at the schema: what of the named migration is really there? Then bring the record in line: resolve or
repair (Prisma `migrate resolve`, Flyway `repair`, golang-migrate `force`), restore the changed or deleted file, merge
the heads, or write a baseline. Never force a version without having looked, and never edit an applied migration.

Sources
-------
prisma-engines schema_engine.rs; flyway MigrationInfoImpl.java; liquibase ValidationFailedException.java; alembic
script/revision.py; django migrations/loader.py; knex Migrator.js; golang-migrate migrate.go; goose, atlas, dbmate,
sqlx.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Message, Pointer
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.migration_history_conflict_compiled_signs import SIGNS_OTHERS
from opsctl.diagnosis.rules.migration_history_conflict_node_signs import SIGNS_NODE, SIGNS_STATED
from opsctl.diagnosis.rules.migration_history_conflict_signs import SIGNS_JVM, SIGNS_PYTHON, SIGNS_RUBY_PHP
from opsctl.diagnosis.rules.migration_traces import failing_attempt_messages, said_only_by_retries

_LEFT_BEHIND = re.compile(
    r"dirty database version|found failed migrations|detected failed (?:repeatable )?migration"
    r"|contains a failed migration"
    r"|is partially applied; fix|migration started at .{1,60} failed",
    re.IGNORECASE,
)
# A file that the record names and the tool did not find.
_NAMED = re.compile(
    r"can't locate revision identified by '(?P<alembic>\w+)'|no migration found for version (?P<golang>\d+)"
    r"|not resolved locally: (?P<flyway>[\d.]+)|following files are missing: (?P<knex>[\w.-]+)"
    r"|previously executed migration (?P<kysely>[\w.-]+) is missing"
    r"|migration (?P<sqlx>\d+) was previously applied but is missing"
    r"|unable to find migration: (?P<umzug>[\w.-]+)",
    re.IGNORECASE,
)


def look(facts: Facts) -> Iterator[Clue]:
    """What a retry found was left by the attempt before; and whether the named file is in the image."""
    left = said_only_by_retries(facts, _LEFT_BEHIND)
    if left is not None:
        yield Clue("retry_only", Weight.STRONG, (left.pointer,), supports=False)
    yield from _named_file(facts)


def _named_file(facts: Facts) -> Iterator[Clue]:
    if not facts.seen("image") or not facts.image.files:
        return
    for message in failing_attempt_messages(facts):
        match = _NAMED.search(message.text)
        if match is not None:
            name = next(group for group in match.groups() if group)
            yield from _in_image(facts, message, name)
            return


def _in_image(facts: Facts, message: Message, name: str) -> Iterator[Clue]:
    file = re.compile(rf"(?:^|/)[vV]?0*{re.escape(name)}(?![0-9])[^/]*$|_{re.escape(name)}\.py$")
    path = next((path for path in facts.image.files if file.search(path)), None)
    if path is None:
        if facts.image.is_complete:
            where = (message.pointer, Pointer("image", "/files", name))
            yield Clue("file_not_in_image", Weight.STRONG, where, values={"name": name})
    else:
        where = (Pointer("image", "/files", path), message.pointer)
        yield Clue("file_in_image", Weight.MODERATE, where, supports=False, values={"path": path})


RULE = Rule(
    cause="migration-history-conflict",
    family="migration",
    stage=Stage.HISTORY,
    signs=SIGNS_NODE + SIGNS_STATED + SIGNS_JVM + SIGNS_PYTHON + SIGNS_RUBY_PHP + SIGNS_OTHERS,
    codes=(
        Codes("prisma", Weight.DECISIVE, ("P3005", "P3008", "P3009", "P3011", "P3012", "P3017")),
        Codes("prisma", Weight.MODERATE, ("P3015",)),
        Codes("prisma", Weight.WEAK, ("P3018",)),
    ),
    look=look,
    remedies=(
        Remedy(
            "inspect",
            Risk.READ_ONLY,
            (
                "npx prisma migrate status",
                "flyway info",
                "alembic history --verbose",
                "python manage.py showmigrations",
            ),
        ),
        Remedy(
            "repair",
            Risk.CHANGES_DATA,
            (
                "npx prisma migrate resolve --rolled-back MIGRATION",
                "npx prisma migrate resolve --applied MIGRATION",
                "flyway repair",
                "liquibase clear-checksums",
                'migrate -path MIGRATIONS -database "$DATABASE_URL" force VERSION',
            ),
        ),
        Remedy("restore_file", Risk.REVERSIBLE),
        Remedy(
            "merge_heads",
            Risk.REVERSIBLE,
            ("alembic merge heads -m merge", "python manage.py makemigrations --merge"),
        ),
        Remedy(
            "baseline",
            Risk.CHANGES_DATA,
            (
                "npx prisma migrate resolve --applied MIGRATION",
                "flyway baseline -baselineVersion=VERSION",
                "alembic stamp REVISION",
            ),
        ),
        Remedy("older_image", Risk.REVERSIBLE, is_workaround=True),
    ),
    check=Check("image", "opsctl cloudrun image ls {image} {folder}"),
)
