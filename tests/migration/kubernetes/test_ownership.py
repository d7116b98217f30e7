"""Who else looks after a Job."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.migration.kubernetes.ownership import Ownership, Tool, find_owners


@pytest.mark.parametrize(
    ("metadata", "tool", "name"),
    [
        ({"ownerReferences": [{"kind": "CronJob", "name": "nightly"}]}, Tool.CRON_JOB, "CronJob nightly"),
        ({"ownerReferences": [{"kind": "Workflow", "name": "w"}]}, Tool.ARGO_WORKFLOW, "Workflow w"),
        ({"ownerReferences": [{"kind": "Fleet", "name": "f"}]}, Tool.OTHER, "Fleet f"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "app:batch/Job"}}, Tool.ARGO_CD, "app:batch/Job"),
        ({"annotations": {"meta.helm.sh/release-name": "cars"}}, Tool.HELM, "cars"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, Tool.HELM, "Helm"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, Tool.FLUX, "apps"),
        ({"labels": {"kueue.x-k8s.io/queue-name": "batch"}}, Tool.KUEUE, "batch"),
    ],
)
def test_each_owner_is_told_by_its_marks(metadata: dict[str, Any], tool: Tool, name: str) -> None:
    assert find_owners({"metadata": metadata}) == (Ownership(tool, name),)


def test_a_tool_is_named_once_with_the_better_name() -> None:
    annotations = {"meta.helm.sh/release-name": "cars"}
    metadata = {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": annotations}
    assert find_owners({"metadata": metadata}) == (Ownership(Tool.HELM, "cars"),)


def test_another_controller_of_jobs_is_an_owner_and_the_usual_one_is_not() -> None:
    assert find_owners({"spec": {"managedBy": "kueue.x-k8s.io/multikueue"}})[0].tool is Tool.OTHER
    assert find_owners({"spec": {"managedBy": "kubernetes.io/job-controller"}}) == ()


def test_a_plain_job_belongs_to_nobody() -> None:
    assert find_owners({"metadata": {"name": "job", "labels": {"app": "job"}}, "spec": {}}) == ()
    assert find_owners({"metadata": None, "spec": None}) == ()
