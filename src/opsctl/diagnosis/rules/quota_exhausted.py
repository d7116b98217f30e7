"""A quota, a rate limit or a file system is used up

What is wrong
    Something that is counted or measured ran out: requests to an API in a minute or a day, CPU that the project may use
    in a region, credit with a provider, room on a volume or in a database, open files. The program is right and the
    identity is allowed; there is just no more of it now.

How it is recognised
    HTTP 429, gRPC RESOURCE_EXHAUSTED, "Quota exceeded for quota metric ...", "rateLimitExceeded", "insufficient_quota".
    Google reports some quotas as 403; the reason in the answer tells. For room: "No space left on device" (ENOSPC),
    SQLSTATE 53100, "The table ... is full", "filegroup is full". For descriptors: "too many open files" (EMFILE).

Look-alikes
    - db-connection-limit: "too many connections" is a limit of the database server with its own remedy.
    - iam-permission-denied: a 403 without a quota reason.
    - out-of-memory: files on the container's own file system take memory; a full one ends in a kill, not in ENOSPC.
    - application-error: RESOURCE_EXHAUSTED with "received message larger than max" is a limit of the client.
    - A 429 that was tried again with success harmed nothing.

Remedy
    Use less: fewer tasks at once, batches, waiting as long as the answer says. Ask for more: raise the quota, add
    credit, enlarge the volume or the disk of the database. A quota for a day only helps tomorrow.

Sources
    cloud.google.com/run/quotas; cloud.google.com/docs/quotas; google.rpc.Code; RFC 6585; the places named at each text
    in `quota_exhausted_signs.py` and `quota_exhausted_signs_full.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.quota_exhausted_signs import SIGNS as SIGNS_RATES
from opsctl.diagnosis.rules.quota_exhausted_signs_full import SIGNS as SIGNS_FULL

MANY_TASKS = 10


def look(facts: Facts) -> Iterator[Clue]:
    """Many tasks at once make a rate limit likelier; nothing in a configuration proves one."""
    execution = facts.execution
    at_once = execution.parallelism or execution.task_count or 0
    limited = next((code for code in facts.logs.codes if (code.system, code.code) in _LIMITED), None)
    if limited is not None and at_once >= MANY_TASKS:
        values = {"tasks": str(at_once)}
        yield Clue("many_tasks", Weight.WEAK, (limited.message.pointer,), values=values)


_LIMITED = frozenset({("http", "429"), ("grpc", "RESOURCE_EXHAUSTED")})

RULE = Rule(
    cause="quota-exhausted",
    family="platform",
    stage=Stage.WORK,
    signs=SIGNS_RATES + SIGNS_FULL,
    codes=(
        Codes("sqlstate", Weight.DECISIVE, ("53100",)),
        Codes("sqlstate", Weight.STRONG, ("53400",)),
        Codes("sqlstate", Weight.MODERATE, ("53000",)),
        Codes("mysql", Weight.DECISIVE, ("1021", "1114")),
        Codes("mssql", Weight.DECISIVE, ("1101", "1105", "9002", "40544")),
        Codes("oracle", Weight.DECISIVE, ("1536", "1652", "1653", "1654", "12953", "01536", "01652", "01653", "01654")),
        Codes("node", Weight.DECISIVE, ("ENOSPC", "EDQUOT")),
        Codes("node", Weight.STRONG, ("EMFILE", "ENFILE")),
        Codes("grpc", Weight.MODERATE, ("RESOURCE_EXHAUSTED",)),
        Codes("http", Weight.STRONG, ("429",)),
    ),
    look=look,
    remedies=(
        Remedy(
            "fewer_at_once",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --region {region} --project {project} --parallelism 1",),
        ),
        Remedy("raise_quota", Risk.REVERSIBLE, ("gcloud beta quotas info list --service SERVICE --project {project}",)),
        Remedy(
            "more_room",
            Risk.REVERSIBLE,
            ("gcloud sql instances patch INSTANCE --project {project} --storage-size SIZE_GB",),
        ),
        Remedy(
            "run_later",
            Risk.REVERSIBLE,
            ("gcloud run jobs execute {job} --region {region} --project {project} --wait",),
            is_workaround=True,
        ),
    ),
    check=Check("logs", "gcloud beta quotas info list --service SERVICE --project {project}"),
)
