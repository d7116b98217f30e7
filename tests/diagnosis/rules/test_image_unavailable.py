"""The image cannot be obtained: what Cloud Run says, what only sounds like it, and what a missing section leaves."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.image_unavailable import RULE
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause, first_cause

NOT_FOUND = "Image 'europe-west1-docker.pkg.dev/shop-prod/apps/orders:1' not found."
MAY_NOT_READ = (
    "Google Cloud Run Service Agent service-1@serverless-robot-prod.iam.gserviceaccount.com must have permission to "
    "read the image, gcr.io/shop/orders. Ensure that the provided container image URL is correct and that the above "
    "account has permission to access the image."
)


@pytest.mark.parametrize(
    "message",
    [
        NOT_FOUND,
        MAY_NOT_READ,
        "Container image is not authorized by policy. Image gcr.io/shop/orders denied by projects/shop/attestors/qa",
        "Expected an image path like [host/]repo-path[:tag and/or @digest] but obtained registry.example.com/app",
    ],
)
def test_a_start_without_image_is_told(message: str) -> None:
    found = diagnose_run(failed_run(message=message, started=False)).findings[0]
    assert found.rule is RULE
    assert found.probability > 0.9


def test_the_reason_alone_tells_it() -> None:
    conditions = [{"type": "Completed", "state": "CONDITION_FAILED", "reason": "CONTAINER_MISSING"}]
    run = failed_run(message="", started=False, execution={"conditions": conditions})
    assert first_cause(run) == "image-unavailable"


@pytest.mark.parametrize("line", ["Error: image 'logo.png' not found", f"mail body: {NOT_FOUND}"])
def test_a_program_that_ran_had_its_image(line: str) -> None:
    ranking = diagnose_run(failed_run([line, "Error: Cannot find module 'sharp'"]))
    found = find_cause(ranking, "image-unavailable")
    assert found is not None
    assert found.verdict is Verdict.RULED_OUT
    assert [piece.id for piece in found.against] == ["container_ran"]


def test_an_image_that_the_registry_lacks_supports_it() -> None:
    run = failed_run(message="The execution could not be started.", started=False, sections={"image": "not_found"})
    found = diagnose_run(run).findings[0]
    assert found.rule is RULE
    assert [piece.id for piece in found.support] == ["not_in_registry"]


def test_without_the_execution_it_is_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(started=False, without=("execution",))), "image-unavailable")
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.missing == ("execution",)
