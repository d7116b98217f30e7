"""A new job whose image lies in another project, which does not know Cloud Run's own account here."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.incidents.endings import never_started
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, job, plain
from opsctl.lab.incidents.surroundings import LOGGING_API, POLICY, REGISTRY, RUN_API, service_account

PROJECT = Project("yeouido-slo", "402118836690", "us-east1")
SPEC = JobSpec(
    PROJECT,
    "slo-nightly",
    "us-east1-docker.pkg.dev/yeouido-ci/images/slo:2026-02",
    env=(plain("REPORT_BUCKET", "yeouido-slo-reports"),),
    account=PROJECT.account("slo-nightly"),
)
CREATED = datetime(2026, 2, 11, 1, 15, 40, 950000, tzinfo=UTC)
MESSAGE = (
    f"Google Cloud Run Service Agent service-{PROJECT.number}@serverless-robot-prod.iam.gserviceaccount.com must have "
    f"permission to read the image, {SPEC.image}. Ensure that the provided container image URL is correct and that "
    "the above account has permission to access the image. If you just enabled the Cloud Run API, the permissions "
    "might take a few minutes to propagate. Note that the image is from project [yeouido-ci], which is not the same as "
    f"this project [{PROJECT.name}]."
)
RUN = Run(
    SPEC,
    "p7h4r",
    "slo 2026-02",
    CREATED,
    None,
    15.2,
    never_started(MESSAGE, "CONTAINER_PERMISSION_DENIED", "ContainerReady"),
    creator="suji@example.com",
)


def build() -> Json:
    """First run of a job: there is no success to compare with, and the registry refuses the operator as well."""
    resource = execution(RUN)
    resource["template"]["containers"][0]["image"] = SPEC.image  # never pinned: the digest could not be read
    denied = "artifactregistry.repositories.downloadArtifacts denied on projects/yeouido-ci"
    return assemble(
        RUN.name,
        RUN.at(330),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": absent("no_data", "the execution has no tasks", f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created=RUN.at(-75), updated=RUN.at(-75), executions=1),
                f"{RUN_API} jobs.get",
            ),
            "logs": absent("no_data", "no entries for this execution", LOGGING_API),
            "baseline": absent("no_data", "no execution of this job has succeeded", f"{RUN_API} executions.list"),
            "service_account": ok(service_account(SPEC.account, ("roles/storage.objectAdmin",)), POLICY),
            "secrets": absent("skipped", "the job uses no secret"),
            "cloudsql": absent("skipped", "the job attaches no instance"),
            "image": absent("denied", denied, REGISTRY),
            "commits": absent("no_data", "no earlier image to compare with"),
        },
    )


INCIDENTS = (
    Incident(
        "slo-nightly-p7h4r",
        "image-unavailable",
        build,
        ladder(("image", "image"), ("conditions", "execution", "tasks"), ("iam", "service_account"), ("logs", "logs")),
        acceptable=("iam-permission-denied",),
    ),
)
