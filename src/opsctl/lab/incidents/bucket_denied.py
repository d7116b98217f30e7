"""The export works for minutes and is refused at its last step: the account may read the bucket and not write to it."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, exited
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, plain, tasks
from opsctl.lab.incidents.surroundings import LOGGING_API, RUN_API, TROUBLESHOOTER, service_account
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("hongdae-archive", "928466103357", "asia-northeast3")
BUCKET = "hongdae-archive-nightly"
SPEC = JobSpec(
    PROJECT,
    "backup-export",
    "asia-northeast3-docker.pkg.dev/hongdae-archive/tools/backup:18",
    env=(plain("TARGET_BUCKET", BUCKET), plain("SOURCE", "bigquery:archive.events")),
    command=("python", "-m"),
    args=("backup.export",),
    max_retries=0,
    account=PROJECT.account("backup-exporter"),
)
RUN = Run(
    SPEC,
    "t5g2n",
    "backup 18",
    datetime(2026, 2, 12, 18, 0, 2, 150000, tzinfo=UTC),
    8.8,
    186.5,
    exited(1),
    generation=9,
    creator="scheduler@hongdae-archive.iam.gserviceaccount.com",
)
BASELINE = Run(
    SPEC,
    "a9s7m",
    "backup 18",
    datetime(2026, 2, 11, 18, 0, 2, 90000, tzinfo=UTC),
    8.5,
    201.9,
    completed("3m21.9s"),
    generation=9,
    creator=RUN.creator,
)
REFUSED = (
    f"{SPEC.account} does not have storage.objects.create access to the Google Cloud Storage object. Permission "
    "'storage.objects.create' denied on resource (or it may not exist)."
)
PACKAGES = "/usr/local/lib/python3.11/site-packages/google/cloud/storage"


def build() -> Json:
    """Nothing that was deployed has changed since yesterday."""
    resource = execution(RUN)
    where = f"//storage.googleapis.com/projects/_/buckets/{BUCKET}"
    access = (
        ("storage.objects.create", where, "DENIED"),
        ("storage.objects.get", where, "GRANTED"),
        ("bigquery.tables.export", f"//cloudresourcemanager.googleapis.com/projects/{PROJECT.name}", "GRANTED"),
    )
    roles = ("roles/bigquery.dataViewer", "roles/bigquery.jobUser", "roles/storage.objectViewer")
    return assemble(
        RUN.name,
        RUN.at(700),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": absent("not_found", "the job was deleted after the run", f"{RUN_API} jobs.get"),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "service_account": ok(
                service_account(SPEC.account, roles, method="policy-troubleshooter", access=access), TROUBLESHOOTER
            ),
            "image": absent("skipped", "this run and the last success have the same image"),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """JSON lines, then a stack trace on stderr."""
    log = Transcript(RUN).attempt(0, 9.6).record("INFO", "export started", table="archive.events").wait(88.0)
    log.record("INFO", "export finished", rows=1_840_221, files=12).wait(80.1)
    log.err(
        "Traceback (most recent call last):",
        f'  File "{PACKAGES}/blob.py", line 2705, in _prep_and_do_upload',
        "    created_json = self._do_upload(",
        f'  File "{PACKAGES}/blob.py", line 2888, in upload_from_filename',
        "    self._handle_filename_and_upload(",
        "google.cloud.storage.exceptions.InvalidResponse: ('Request failed with status code', 403, 'Expected one of', "
        "<HTTPStatus.OK: 200>)",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        '  File "/app/backup/export.py", line 74, in <module>',
        "    main()",
        f'  File "{PACKAGES}/blob.py", line 4687, in _raise_from_invalid_response',
        "    raise exceptions.from_http_status(response.status_code, message, response=response)",
        "google.api_core.exceptions.Forbidden: 403 POST "
        f"https://storage.googleapis.com/upload/storage/v1/b/{BUCKET}/o?uploadType=multipart: {REFUSED}",
    )
    return log.exit(1).ended(resource)


INCIDENTS = (
    Incident(
        "backup-export-t5g2n",
        "iam-permission-denied",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("baseline", "baseline"),
            ("iam", "service_account"),
            ("logs", "logs"),
        ),
    ),
)
