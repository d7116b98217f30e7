"""An image from a laptop: built for arm64, run on amd64."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from opsctl.lab.incidents.endings import completed, failed_to_load
from opsctl.lab.incidents.incident import Incident, Json, absent, assemble, ladder, ok, partial
from opsctl.lab.incidents.run import JobSpec, Project, Run, execution, job, plain, tasks
from opsctl.lab.incidents.surroundings import LOGGING_API, REGISTRY, RUN_API, File, image
from opsctl.lab.incidents.surroundings import image_config as config_of
from opsctl.lab.incidents.transcript import Transcript

PROJECT = Project("songpa-reports", "199043780262", "asia-northeast3")
SPEC = JobSpec(
    PROJECT,
    "report-export",
    "asia-northeast3-docker.pkg.dev/songpa-reports/reports/export:hotfix",
    env=(plain("REPORT_DAY", "yesterday"),),
    max_retries=1,
    account=PROJECT.account("report-export"),
)
RUN = Run(
    SPEC,
    "d3w9k",
    "export hotfix",
    datetime(2026, 2, 10, 0, 5, 9, 800000, tzinfo=UTC),
    12.2,
    24.6,
    failed_to_load(),
    generation=41,
    retried=1,
    creator="jihoon@example.com",
)
BASELINE = Run(
    replace(SPEC, image=f"{SPEC.image.rpartition(':')[0]}:2.6.0"),
    "l6n4x",
    "export 2.6.0",
    datetime(2026, 2, 9, 0, 5, 1, 340000, tzinfo=UTC),
    9.6,
    88.0,
    completed("1m28s"),
    generation=40,
    creator="scheduler@songpa-reports.iam.gserviceaccount.com",
)
STEPS = ("# debian.sh --arch 'arm64' out/ 'bookworm' '@1736726400'", "COPY . /app # buildkit")


def build() -> Json:
    """The configuration of the image names the platform; no file needs to be read."""
    resource = execution(RUN)
    config = config_of(
        created="2026-02-09T14:41:55.000000Z",
        steps=STEPS,
        entrypoint=("/usr/local/bin/python", "export.py"),
        cmd=(),
        architecture="arm64",
    )
    return assemble(
        RUN.name,
        RUN.at(260),
        {
            "execution": ok(resource, f"{RUN_API} executions.get"),
            "tasks": ok(tasks(RUN), f"{RUN_API} tasks.list"),
            "job": ok(
                job(RUN, created="2025-06-06T00:00:00.000000Z", updated=RUN.at(-31), executions=251),
                f"{RUN_API} jobs.get",
            ),
            "logs": ok(write_logs(resource).section(), LOGGING_API),
            "baseline": ok({"execution": execution(BASELINE)}, f"{RUN_API} executions.list"),
            "image": partial(
                image(RUN, (File("/app/export.py", 1, STEPS[1], 5120),), config=config),
                REGISTRY,
                "configuration and one layer only",
            ),
            "commits": absent("error", "the repository has no commit for this image"),
        },
    )


def write_logs(resource: Json) -> Transcript:
    """Only Cloud Run speaks."""
    log = Transcript(RUN)
    for number, seconds in ((0, 13.1), (1, 22.4)):
        log.attempt(number, seconds).system(
            "ERROR",
            "terminated: Application failed to start: failed to load /usr/local/bin/python: exec format error",
        )
    return log.ended(resource)


INCIDENTS = (
    Incident(
        "report-export-d3w9k",
        "runtime-incompatible",
        build,
        ladder(
            ("conditions", "execution", "tasks"),
            ("baseline", "baseline"),
            ("image", "image"),
            ("logs", "logs"),
        ),
    ),
)
