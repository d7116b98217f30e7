"""Pods run what they say, where they say, and end as on a real machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.kube_cluster import KubeCluster, KubeRequestError, wait_for
from tests.servers.pod_environment import expand
from tests.servers.pod_runner import PodRunner, run_pods

Json = dict[str, Any]
NO_CANARY = "a-value-of-the-test-program"


def test_references_are_expanded_as_kubernetes_does() -> None:
    environment = {"A": "1", "B": "$(A)"}
    assert expand("$(A)/4 $$(A) $(NONE) $(B) $A $$$(A)", environment) == "1/4 $(A) $(NONE) $(A) $A $1"


@pytest.fixture
def runner(cluster: KubeCluster) -> Iterator[PodRunner]:
    namespace = f"pods-{uuid.uuid4().hex[:8]}"
    cluster.create_namespace(namespace)
    with run_pods(cluster, namespace) as running:
        yield running


@pytest.mark.servers
class TestPods:
    def test_a_pod_has_its_own_variables_host_name_and_process_ids(
        self, cluster: KubeCluster, runner: PodRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FROM_THE_TEST", NO_CANARY)
        cluster.create_secret(runner.namespace, "access", {"uri": "mongodb://u:p@db/", "other": "x"})
        cluster.request(
            "POST",
            f"/api/v1/namespaces/{runner.namespace}/configmaps",
            {"metadata": {"name": "settings"}, "data": {"prefix": "images"}},
        )
        env = [
            {"name": "URI", "valueFrom": {"secretKeyRef": {"name": "access", "key": "uri"}}},
            {"name": "PREFIX", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "prefix"}}},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "NO", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k", "optional": True}}},
            {"name": "COPY", "value": "$(URI)?x=$(IN_other)$$(URI)"},
        ]
        script = 'hostname; echo $$$$; env; printf "%s\\n" "$1"'
        spec = _container(
            "sh",
            "-c",
            script,
            "sh",
            "$(PREFIX)",
            env=env,
            envFrom=[{"prefix": "IN_", "secretRef": {"name": "access"}}],
        )
        cluster.create_pod(runner.namespace, "one", hostname="job-3", subdomain="job", **spec)
        pod = runner.pod()
        assert runner.wait_for_end(pod) == 0
        host, pid, *variables, last = pod.stdout.splitlines()
        assert (host, pid, last) == ("job-3", "1", "images")
        found = dict(line.split("=", 1) for line in variables)
        assert (found["URI"], found["PREFIX"], found["NAME"]) == ("mongodb://u:p@db/", "images", "one")
        assert found["COPY"] == "mongodb://u:p@db/?x=x$(URI)"
        assert found["HOSTNAME"] == "job-3"
        assert {"NO", "FROM_THE_TEST"} & set(found) == set()
        assert int(found["KUBERNETES_SERVICE_PORT"]) == cluster.port

    @pytest.mark.parametrize(("code", "phase", "reason"), [(0, "Succeeded", "Completed"), (6, "Failed", "Error")])
    def test_its_code_is_the_end_of_the_pod(
        self, cluster: KubeCluster, runner: PodRunner, code: int, phase: str, reason: str
    ) -> None:
        cluster.create_pod(runner.namespace, "one", **_container("sh", "-c", f"exit {code}"))
        assert runner.wait_for_end(runner.pod()) == code
        status = cluster.wait_for_phase(runner.namespace, "one", phase)["status"]
        ended = status["containerStatuses"][0]["state"]["terminated"]
        assert (ended["exitCode"], ended["reason"]) == (code, reason)

    def test_what_it_writes_is_its_log(self, cluster: KubeCluster, runner: PodRunner) -> None:
        cluster.create_pod(runner.namespace, "one", **_container("sh", "-c", "echo 하나; echo two >&2; sleep 600"))
        pod = runner.pod()
        wait_for(lambda: pod.stderr or None, "the second line")
        lines = wait_for(lambda: _log(cluster, runner.namespace, "one", lines=2), "both lines")
        assert sorted(lines) == ["two", "하나"]
        assert pod.exit_code is None

    def test_killed_for_want_of_memory(self, cluster: KubeCluster, runner: PodRunner) -> None:
        cluster.create_pod(runner.namespace, "one", **_container("sleep", "600"))
        pod = runner.pod()
        runner.kill(pod, out_of_memory=True)
        assert (runner.wait_for_end(pod), pod.stderr) == (137, "")
        status = cluster.wait_for_phase(runner.namespace, "one", "Failed")["status"]
        assert status["containerStatuses"][0]["state"]["terminated"]["reason"] == "OOMKilled"

    def test_deleted_it_is_asked_first_and_gone_when_it_has_ended(
        self, cluster: KubeCluster, runner: PodRunner
    ) -> None:
        script = "trap 'echo asked; exit 143' TERM; echo ready; while :; do sleep 0.05; done"
        cluster.create_pod(runner.namespace, "one", **_container("sh", "-c", script))
        pod = runner.pod()
        wait_for(lambda: pod.stdout or None, "the trap")
        cluster.request("DELETE", f"/api/v1/namespaces/{runner.namespace}/pods/one")
        assert runner.wait_for_end(pod) == 143
        assert pod.stdout == "ready\nasked"
        _wait_until_gone(cluster, runner.namespace, "one")

    def test_deleted_it_is_killed_when_its_grace_is_over(self, cluster: KubeCluster, runner: PodRunner) -> None:
        """Number 1 of a container takes no signal that it has no answer for."""
        cluster.create_pod(runner.namespace, "one", terminationGracePeriodSeconds=2, **_container("sleep", "600"))
        pod = runner.pod()
        cluster.request("DELETE", f"/api/v1/namespaces/{runner.namespace}/pods/one")
        assert runner.wait_for_end(pod) == 137
        _wait_until_gone(cluster, runner.namespace, "one")

    def test_lost_its_process_lives_on(self, cluster: KubeCluster, runner: PodRunner) -> None:
        script = "echo ready; while [ ! -e /proc/1/none ]; do sleep 0.05; echo more; done"
        cluster.create_pod(runner.namespace, "one", **_container("sh", "-c", script))
        pod = runner.pod()
        wait_for(lambda: pod.stdout or None, "the first line")
        runner.stop(pod)
        runner.lose(pod)
        _wait_until_gone(cluster, runner.namespace, "one")
        seen = len(pod.process.stdout)
        runner.resume(pod)
        wait_for(lambda: len(pod.process.stdout) > seen or None, "more lines")
        assert pod.exit_code is None

    def test_without_its_secret_it_waits(self, cluster: KubeCluster, runner: PodRunner) -> None:
        env = [{"name": "URI", "valueFrom": {"secretKeyRef": {"name": "late", "key": "uri"}}}]
        cluster.create_pod(runner.namespace, "one", **_container("sh", "-c", "echo $URI", env=env))
        waiting = cluster.wait_for_phase(runner.namespace, "one", "Pending")["status"]["containerStatuses"][0]["state"]
        assert waiting["waiting"] == {"reason": "CreateContainerConfigError", "message": 'secret "late" not found'}
        cluster.create_secret(runner.namespace, "late", {"uri": "x"})
        pod = runner.pod()
        assert (runner.wait_for_end(pod), pod.stdout) == (0, "x")

    def test_it_has_its_volumes_and_nothing_else_to_write_to(self, cluster: KubeCluster, runner: PodRunner) -> None:
        cluster.create_secret(runner.namespace, "access", {"uri": "mongodb://u:p@db/"})
        folder = "/var/run/secrets/kubernetes.io/serviceaccount"
        script = f"cat {folder}/namespace /run/access/uri; echo; touch /media/file && ls /media; touch /etc/file"
        volumes = [{"name": "access", "secret": {"secretName": "access"}}, {"name": "scratch", "emptyDir": {}}]
        mounts = [{"name": "access", "mountPath": "/run/access"}, {"name": "scratch", "mountPath": "/media"}]
        spec = _container("sh", "-c", script, volumeMounts=mounts, securityContext={"readOnlyRootFilesystem": True})
        cluster.create_pod(runner.namespace, "one", volumes=volumes, **spec)
        pod = runner.pod()
        assert runner.wait_for_end(pod) == 1
        assert pod.stdout == f"{runner.namespace}mongodb://u:p@db/\nfile"
        assert "Read-only file system" in pod.stderr
        assert not Path("/media/file").exists()

    def test_everything_ends_with_the_block(self, cluster: KubeCluster) -> None:
        namespace = f"pods-{uuid.uuid4().hex[:8]}"
        cluster.create_namespace(namespace)
        with run_pods(cluster, namespace) as running:
            cluster.create_pod(namespace, "one", **_container("sleep", "600"))
            pod = running.pod()
            running.stop(pod)
        assert pod.exit_code == 137
        cluster.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/one")
        _wait_until_gone(cluster, namespace, "one")


def _container(*command: str, **fields: Any) -> Json:
    return {"containers": [{"name": "main", "image": "example.com/app:1", "command": list(command), **fields}]}


def _log(cluster: KubeCluster, namespace: str, name: str, *, lines: int) -> list[str] | None:
    try:
        found = cluster.log(namespace, name).splitlines()
    except KubeRequestError as error:
        # kwok hears of a log a moment after it was made.
        if error.status != 400:
            raise
        return None
    return found if len(found) >= lines else None


def _wait_until_gone(cluster: KubeCluster, namespace: str, name: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods/{name}"
    wait_for(lambda: cluster.find(path) is None or None, f"pod {name} to be gone")
