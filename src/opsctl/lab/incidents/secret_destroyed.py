"""A version of a secret was destroyed; the job names it by number and never starts."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, never_started
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, from_secret, job, plain
from opsctl.lab.incidents.surroundings import LOGGING_API, POLICY, RUN_API, SECRETS_API, secret, service_account
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("namsan-ledger", "264408917350", "us-central1")
SPEC = JobSpec(
    PROJECT,
    "ledger-close",
    "us-central1-docker.pkg.dev/namsan-ledger/finance/ledger:4.11.2",
    env=(
        plain("LEDGER_PERIOD", "2026-01"),
        from_secret("LEDGER_SIGNING_KEY", "ledger-signing-key", "8"),
        from_secret("LEDGER_DSN", "ledger-dsn", "latest"),
    ),
    args=("close-period",),
    max_retries=0,
    account=PROJECT.account("ledger-close"),
)
VERSION = "projects/264408917350/secrets/ledger-signing-key/versions/8"
MESSAGE = (
    "Failed to access secret projects/namsan-ledger/secrets/ledger-signing-key/versions/8: "
    f"Secret Version [{VERSION}] is in DESTROYED state."
)
RUN = Run(
    SPEC,
    "9xk4d",
    "ledger 4.11.2",
    datetime(2026, 2, 1, 15, 0, 3, 70000, tzinfo=UTC),
    None,
    6.4,
    never_started(MESSAGE, "SECRETS_ACCESS_CHECK_FAILED", "ResourcesAvailable"),
    generation=22,
    creator="scheduler@namsan-ledger.iam.gserviceaccount.com",
)
BASELINE = Run(
    SPEC,
    "h2v8n",
    "ledger 4.11.2",
    datetime(2026, 1, 1, 15, 0, 2, 910000, tzinfo=UTC),
    7.7,
    71.2,
    completed("1m11.2s"),
    generation=22,
    creator=RUN.creator,
)


def build() -> Json:
    """No attempt, no line of the program: the record of the system is the only log."""
    resource = execution(RUN)
    listed = [
        secret("ledger-signing-key", "8", "8", "2025-06-14T09:02:17Z", "DESTROYED"),
        secret("ledger-dsn", "latest", "4", "2025-11-20T01:44:00Z"),
    ]
    return assemble(
        RUN.name,
        RUN.at(1200),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": absent("no_data", "the execution has no tasks", f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2024-12-01T00:00:00.000000Z", updated="2025-12-02T06:30:11.000000Z", executions=14),
                f"{RUN_API} jobs.get",
            ),
            "logs": ok(Transcript(RUN).ended(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "service_account": ok(
                service_account(SPEC.account, ("roles/secretmanager.secretAccessor", "roles/bigquery.dataEditor")),
                POLICY,
            ),
            "secrets": ok({"secrets": listed}, SECRETS_API),
            "cloudsql": absent("skipped", "the job attaches no instance"),
            "image": absent("skipped", "the container was never started"),
            "commits": absent("no_data", "this run and the last success have the same image"),
        },
    )


INCIDENTS = (
    Incident(
        "ledger-close-9xk4d",
        "secret-unavailable",
        build,
        ladder(
            ("secrets", "secrets"),
            ("conditions", "execution", "tasks"),
            ("baseline", "baseline"),
            ("logs", "logs"),
        ),
    ),
)
