"""The database user lacks a privilege

What is wrong
-------------
The user is logged in and may not do what the statement asks: create a table in the schema, alter a table that another
user owns, create an extension, a function or a database. Since PostgreSQL 15 ordinary users may not create in the
schema "public"; in Cloud SQL nobody is a superuser; in MySQL with binary logging a trigger or function needs more than
CREATE.

How it is recognised
--------------------
- PostgreSQL: "permission denied for schema/table/database ...", "must be owner of ...", "permission denied to create
  extension", SQLSTATE 42501.
- MySQL: 1044 "Access denied ... to database", 1142 "command denied to user", 1227, 1419.
- SQL Server 229, 262, 916; Oracle ORA-01031; MongoDB "not authorized on ... to execute command"; Redis NOPERM.
- Prisma P1010 and P3014 (shadow database).
- The database user differs from the one of the last success.

Look-alikes
-----------
- "Access denied ... (using password: YES)" is about the login itself: db-auth-failed.
- PERMISSION_DENIED and 403 of a Google API: iam-permission-denied.
- "Permission denied" of the file system, EACCES: entrypoint-invalid or application-error.
- P1010 of Prisma's driver adapters also hides a demand for TLS (db-tls-mismatch) and a wrong server.

Remedy
------
Grant the one privilege that the message names to the one user, or let the owner of the objects run the migration.

Sources
-------
PostgreSQL src/backend/catalog/aclchk.c and release notes 15; MySQL error reference; SQL Server events; Prisma error
reference; Cloud SQL documentation on PostgreSQL users and cloudsqlsuperuser.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.connection_settings import changed_settings
from opsctl.diagnosis.rules.db_privilege_missing_signs import SIGNS_MYSQL, SIGNS_OTHERS, SIGNS_POSTGRES


def look(facts: Facts) -> Iterator[Clue]:
    """Another database user than in the last success."""
    changes = changed_settings(facts.baseline, r"(?:DB|DATABASE|PG|POSTGRES\w*|MYSQL|SQL\w*)_?USER(?:NAME)?$")
    if changes:
        yield Clue(
            "user_changed",
            Weight.MODERATE,
            tuple(change.pointer for change in changes),
            values={"name": changes[0].name},
        )


RULE = Rule(
    cause="db-privilege-missing",
    family="database",
    stage=Stage.WORK,
    signs=(*SIGNS_POSTGRES, *SIGNS_MYSQL, *SIGNS_OTHERS),
    codes=(
        Codes("sqlstate", Weight.STRONG, ("42501",)),
        Codes("mysql", Weight.DECISIVE, ("1044", "1142", "1143", "1227", "1370", "1410", "1419")),
        Codes(
            "node",
            Weight.DECISIVE,
            ("ER_DBACCESS_DENIED_ERROR", "ER_TABLEACCESS_DENIED_ERROR", "ER_SPECIFIC_ACCESS_DENIED_ERROR"),
        ),
        Codes("mssql", Weight.DECISIVE, ("229", "230", "262", "297", "300", "916", "15247")),
        Codes("oracle", Weight.DECISIVE, ("01031", "01045", "01950", "01720")),
        Codes("prisma", Weight.STRONG, ("P1010",)),
        Codes("prisma", Weight.DECISIVE, ("P3014",)),
    ),
    look=look,
    yields_to=("db-tls-mismatch",),
    remedies=(
        Remedy(
            "grant",
            Risk.REVERSIBLE,
            (
                "psql -c 'grant usage, create on schema public to \"DB_USER\"'",
                "mysql -e \"grant CREATE, ALTER, DROP, INDEX, REFERENCES on DB_NAME.* to 'DB_USER'@'%'\"",
            ),
        ),
        Remedy(
            "change_owner",
            Risk.REVERSIBLE,
            ("psql -c 'alter table TABLE owner to \"DB_USER\"'",),
        ),
        Remedy(
            "run_as_owner",
            Risk.CHANGES_DATA,
            (
                "gcloud run jobs execute {job} --project={project} --region={region} --update-env-vars=DB_USER=OWNER "
                "--wait",
            ),
            is_workaround=True,
        ),
    ),
    check=Check("logs", "psql -c '\\dn+' -c '\\dt+' -c '\\du'"),
)
