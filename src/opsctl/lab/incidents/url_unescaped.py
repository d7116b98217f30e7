"""A password with an `@` in a URL: the program takes the rest of the password for a part of the host.

In the log, the secret part is masked and what is left looks like a name that does not resolve. What was seen in the
value before it was masked tells the two apart.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, exited
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, job, plain, tasks
from opsctl.lab.incidents.surroundings import LOGGING_API, RUN_API, SQL_API, TAKEN, value_fact
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("dongdaemun-api", "573310268849", "asia-northeast3")
SPEC = JobSpec(
    PROJECT,
    "schema-upgrade",
    "asia-northeast3-docker.pkg.dev/dongdaemun-api/api/server:77",
    env=(
        plain("APP_ENV", "prod"),
        plain("DATABASE_URL", "postgresql+psycopg2://***(s1):***(s2)@10.60.0.4:5432/app"),
        plain("API_TOKEN", "***(s3)"),
    ),
    command=("alembic",),
    args=("upgrade", "head"),
    max_retries=1,
    account=PROJECT.account("schema-upgrade"),
    vpc={"egress": "PRIVATE_RANGES_ONLY", "networkInterfaces": [{"network": "core", "subnetwork": "run"}]},
)
RUN = Run(
    SPEC,
    "v2x8q",
    "server 77",
    datetime(2026, 2, 13, 5, 48, 27, 640000, tzinfo=UTC),
    9.3,
    29.8,
    exited(1),
    generation=25,
    retried=1,
)
FORMER_URL = "postgresql+psycopg2://***(s1):***(s4)@10.60.0.4:5432/app"
BASELINE = Run(
    replace(SPEC, env=(SPEC.env[0], plain("DATABASE_URL", FORMER_URL), SPEC.env[2])),
    "o6c1j",
    "server 77",
    datetime(2026, 2, 12, 4, 2, 13, 180000, tzinfo=UTC),
    9.0,
    22.7,
    completed("22.7s"),
    generation=24,
)
URL = "/template/containers/0/env/1/value"
FACTS = (
    value_fact("execution", URL, ("url", "unescaped-characters"), 71, "s2"),
    value_fact("execution", "/template/containers/0/env/2/value", ("base64",), 40, "s3"),
    value_fact("baseline", f"/execution{URL}", ("url",), 66, "s4"),
)
UNKNOWN_HOST = 'could not translate host name "***(s2)@10.60.0.4" to address: Name or service not known'


def build() -> Json:
    """The address of the database is the same as yesterday, and so is the image."""
    resource = execution(RUN)
    return assemble(
        RUN.name,
        RUN.at(240),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2025-03-15T00:00:00.000000Z", updated=RUN.at(-64), executions=93),
                f"{RUN_API} jobs.get",
            ),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "secrets": absent("skipped", "the job uses no secret"),
            "cloudsql": absent("error", "503 The service is currently unavailable", SQL_API),
            "value_facts": ok({"facts": list(FACTS)}, TAKEN),
            "commits": absent("no_data", "this run and the last success have the same image"),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """One trace in one entry, and once more."""
    site = "/usr/local/lib/python3.12/site-packages"
    trace = (
        "Traceback (most recent call last):",
        f'  File "{site}/sqlalchemy/engine/base.py", line 146, in __init__',
        "    self._dbapi_connection = engine.raw_connection()",
        f'  File "{site}/psycopg2/__init__.py", line 122, in connect',
        "    conn = _connect(dsn, connection_factory=connection_factory, **kwasync)",
        f"psycopg2.OperationalError: {UNKNOWN_HOST}",
        "",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        '  File "/usr/local/bin/alembic", line 8, in <module>',
        "    sys.exit(main())",
        f"sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) {UNKNOWN_HOST}",
        "",
        "(Background on this error at: https://sqlalche.me/e/20/e3q8)",
    )
    log = Transcript(RUN)
    for number, seconds in ((0, 10.1), (1, 20.9)):
        log.attempt(number, seconds).err("INFO  [alembic.runtime.setup] reading alembic.ini").wait(1.2)
        log.block("\n".join(trace)).exit(1)
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "schema-upgrade-v2x8q",
        "env-malformed",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("logs", "logs"),
            ("baseline", "baseline"),
            ("values", "value_facts"),
        ),
    ),
)
