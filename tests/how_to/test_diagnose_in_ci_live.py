"""The same script with the real gcloud and the real opsctl: on the local Google a job runs, fails and is explained."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.config.sections import CloudRunSection
from opsctl.lab.google.server import RunningGoogle, serve_in_thread
from opsctl.lab.google.world_of_incidents import cloud_of_incidents
from tests.how_to.ci_job import EXECUTION, SHELLS, Job, build_job

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed"),
]
JOB, PROJECT, REGION = "o4o-api-migrations", "netureyoutube", "asia-northeast3"


@pytest.fixture
def google() -> Iterator[RunningGoogle]:
    with serve_in_thread(cloud_of_incidents([EXECUTION])) as running:
        yield running


@pytest.fixture
def job(tmp_path: Path, google: RunningGoogle) -> Job:
    found = build_job(tmp_path)
    (tmp_path / "bin" / "gcloud").unlink()
    token = tmp_path / "token"
    token.write_text(google.cloud.token, encoding="utf-8")
    gcloud = {
        "CONFIG": str(tmp_path / "gcloud"),
        "CORE_PROJECT": PROJECT,
        "CORE_DISABLE_PROMPTS": "1",
        "CORE_DISABLE_USAGE_REPORTING": "1",
        "COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "AUTH_ACCESS_TOKEN_FILE": str(token),
        # gcloud puts the region before the host: a proxy answers for whatever comes out.
        "API_ENDPOINT_OVERRIDES_RUN": "http://run.test/",
        "PROXY_TYPE": "http",
        "PROXY_ADDRESS": "127.0.0.1",
        "PROXY_PORT": str(google.port),
    }
    endpoints = [name for name in CloudRunSection.__struct_fields__ if name.endswith("endpoint")]
    found.environment |= {f"CLOUDSDK_{name}": value for name, value in gcloud.items()}
    found.environment |= {f"OPSCTL_CLOUDRUN_{name.upper()}": google.url for name in endpoints}
    found.environment |= {"OPSCTL_CLOUDRUN_ACCESS_TOKEN": google.cloud.token, "OPSCTL_CLOUDRUN_PROJECT": PROJECT}
    found.opsctl_is_real()
    return found


@pytest.mark.parametrize("shell", SHELLS[:1])
def test_the_very_execution_that_the_step_has_started_is_explained(job: Job, google: RunningGoogle, shell: str) -> None:
    before = set(google.cloud.world.executions)
    done = job.run(JOB, "--region", REGION, shell=shell, DIAGNOSE_TRIES="2", **job.github())
    (started,) = (name.rpartition("/")[2] for name in set(google.cloud.world.executions) - before)
    assert done.returncode == 1, done.stderr
    assert f"gcloud run jobs executions describe {started}" in done.stderr
    assert [call.split()[:3] for call in job.calls("opsctl")[:1]] == [["cloudrun", "diagnose", started]]
    assert done.stdout.startswith(f"::error title={started} failed::A file of the program is not in the image ("), (
        done.stdout + done.stderr
    )
    assert job.summary.read_text(encoding="utf-8").startswith(f"# Diagnosis of {started}\n")


def test_a_job_that_may_not_be_run_starts_nothing(job: Job, google: RunningGoogle) -> None:
    before = set(google.cloud.world.executions)
    done = job.run("no-such-job", "--region", REGION, **job.github())
    assert done.returncode == 1
    assert "none was started" in done.stderr
    assert (set(google.cloud.world.executions), job.calls("opsctl")) == (before, [])
