"""Why there are no lines."""

from __future__ import annotations

import pytest

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.kubernetes.logs.models import Silence
from opsctl.migration.kubernetes.logs.silence import explain_pod
from opsctl.migration.kubernetes.models import Pod

POD = Pod("p", "uid", "Running", "p", None, None)


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (
            DataError('Kubernetes: container "migrate" in pod "p" is waiting to start: ContainerCreating'),
            Silence("not-started", "p", "ContainerCreating"),
        ),
        (
            DataError(
                'Kubernetes: container "migrate" in pod "p" is waiting to start: trying and failing to pull image'
            ),
            Silence("not-started", "p", "trying and failing to pull image"),
        ),
        (
            DataError('Kubernetes: container "migrate" in pod "p" is waiting to start - no logs yet'),
            Silence("not-started", "p", "no logs yet"),
        ),
        (
            DataError('Kubernetes: container "migrate" in pod "p" is terminated'),
            Silence("no-log", "p", 'container "migrate" in pod "p" is terminated'),
        ),
        (
            DataError('Kubernetes: no logs found for container "migrate" in pod "n/p"'),
            Silence("no-log", "p", 'no logs found for container "migrate" in pod "n/p"'),
        ),
        (NotFoundError('Kubernetes: pods "p" not found'), Silence("gone", "p")),
        (
            UnavailableError('Kubernetes: Get "https://10.0.0.5:10250/containerLogs/n/p/m": i/o timeout'),
            Silence("cut", "p", 'Kubernetes: Get "https://10.0.0.5:10250/containerLogs/n/p/m": i/o timeout'),
        ),
        (
            AccessDeniedError("no", permission="get pods/log in namespace n"),
            Silence("denied", "p", "get pods/log in namespace n"),
        ),
        (None, Silence("no-output", "p")),
    ],
)
def test_the_words_of_the_server_and_of_nodes(refusal: OpsctlError | None, expected: Silence) -> None:
    assert explain_pod(POD, refusal) == expected


def test_the_words_of_a_node_in_place_of_lines() -> None:
    words = "unable to retrieve container logs for containerd://61a93aa17bfb"
    assert explain_pod(POD, None, words) == Silence("no-log", "p", words)
