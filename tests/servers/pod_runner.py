"""The kubelet's part for tests: runs what the pods of a namespace say, each as a process of this machine.

    with run_pods(cluster, "apc-backup-ns") as runner:
        ...                                   # apply a Job
        first = runner.pod(index=2)           # waits until the pod of this completion index runs
        runner.kill(first)                    # 137; Kubernetes makes another pod
        again = runner.pod(index=2, attempt=2)
        wait_for(lambda: again.exit_code, "the second pod to end")

A pod that kwok has made Running is started with its own command, variables, Secrets, volumes and host name, with a root
that is read only where it says so; `opsctl` is this checkout's (`pod_process.PROGRAMS`). What it writes is its log.
When it ends, the pod is Failed or Succeeded with its code. A pod that is deleted is sent SIGTERM, and SIGKILL after its
grace; then it is gone. Pods have one container, which is not started again in its place: `restartPolicy` is taken for
Never.
"""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.servers.kube_cluster import KubeCluster, KubeRequestError, LogFile, wait_for
from tests.servers.pod_environment import MissingReferenceError, host_name, resolve_command, resolve_environment
from tests.servers.pod_process import PodProcess, check_isolation
from tests.servers.pod_volumes import make_volumes

Json = dict[str, Any]

_ATTENDED = "kubetest/attended"
_INDEX = "batch.kubernetes.io/job-completion-index"
_POLL_SECONDS = 0.05
# What a kubelet gives at least, also to a pod that is gone from the API server.
_LEAST_GRACE_SECONDS = 2.0
_MERGE_PATCH = "application/merge-patch+json"


@dataclass(slots=True)
class RunPod:
    """A pod that was started. `index` is its completion index, None in a pod of no Indexed Job; `kill_at` is there once
    its process was told to end."""

    name: str
    uid: str
    index: int | None
    process: PodProcess
    started_at: datetime
    ended_at: datetime | None = None
    kill_at: float | None = None
    is_out_of_memory: bool = False
    is_attended: bool = True
    is_reported: bool = False

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.exit_code

    @property
    def stdout(self) -> str:
        """What it wrote so far."""
        return "\n".join(self.process.stdout)

    @property
    def stderr(self) -> str:
        """What it wrote so far."""
        return "\n".join(self.process.stderr)


@contextmanager
def run_pods(cluster: KubeCluster, namespace: str) -> Iterator[PodRunner]:
    """Runs the pods of the namespace until the block ends; then ends all of them. Skips the test where processes
    cannot be given namespaces."""
    check_isolation()
    with tempfile.TemporaryDirectory(prefix="opsctl-test-pods-") as folder:
        runner = PodRunner(cluster, namespace, Path(folder))
        thread = threading.Thread(target=runner.attend_until_closed, name=f"pods-of-{namespace}")
        thread.start()
        try:
            yield runner
        finally:
            runner.close()
            thread.join()
    runner.check()


class PodRunner:
    """All pods that were started, in that order; what happens to them is up to the test."""

    def __init__(self, cluster: KubeCluster, namespace: str, folder: Path) -> None:
        self.pods: list[RunPod] = []
        self._cluster = cluster
        self._folder = folder
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self.namespace = namespace
        self._closed = threading.Event()
        self._failure: BaseException | None = None

    def pod(self, *, index: int | None = None, attempt: int = 1) -> RunPod:
        """The pod that was started for the completion index as the `attempt`-th one; waits until it is."""

        def look() -> RunPod | None:
            self.check()
            started = [pod for pod in list(self.pods) if pod.index == index]
            return started[attempt - 1] if len(started) >= attempt else None

        return wait_for(look, f"pod {attempt} of index {index}")

    def wait_for_end(self, pod: RunPod) -> int:
        """Its exit code, once the API server has it."""

        def look() -> int | None:
            self.check()
            return pod.exit_code if pod.is_reported else None

        return wait_for(look, f"pod {pod.name} to end")

    def kill(self, pod: RunPod, *, out_of_memory: bool = False) -> None:
        """SIGKILL: code 137, for want of memory if that is said."""
        pod.is_out_of_memory = out_of_memory
        pod.process.send(signal.SIGKILL)

    def stop(self, pod: RunPod) -> None:
        """Freezes the process: it does nothing and answers nothing, and the pod is Running all the same."""
        pod.process.send(signal.SIGSTOP)

    def resume(self, pod: RunPod) -> None:
        """The frozen process goes on."""
        pod.process.send(signal.SIGCONT)

    def lose(self, pod: RunPod) -> None:
        """The machine is out of reach: Kubernetes takes the pod for failed and deletes it; its process lives on and
        nobody looks after it."""
        pod.is_attended = False
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}
        self._patch_status(pod.name, {"phase": "Failed", "conditions": [condition]})
        self._remove(pod)

    def check(self) -> None:
        """Raises what ended the runner itself."""
        if self._failure is not None:
            raise AssertionError("the runner of the pods has failed") from self._failure

    def close(self) -> None:
        """Ends everything; no pod is started any more."""
        self._closed.set()

    def attend_until_closed(self) -> None:
        """The kubelet's loop."""
        try:
            while not self._closed.wait(_POLL_SECONDS):
                self._attend({pod["metadata"]["uid"]: pod for pod in self._cluster.items(self._path)})
        except BaseException as error:  # noqa: BLE001  # raised by whoever waits for a pod
            self._failure = error
        finally:
            for pod in self.pods:
                pod.process.close()
            self._leave_to_kwok()

    def _attend(self, found: dict[str, Json]) -> None:
        known = {pod.uid for pod in self.pods}
        for uid, document in found.items():
            if uid not in known and _is_to_start(document):
                self._start(document)
        for pod in self.pods:
            if pod.is_attended and not pod.is_reported:
                self._look_after(pod, found.get(pod.uid))

    def _start(self, document: Json) -> None:
        name = document["metadata"]["name"]
        if len(document["spec"]["containers"]) != 1 or document["spec"].get("initContainers"):
            raise AssertionError(f"pod {name} has more than one container")
        try:
            self._cluster.annotate_pod(self.namespace, name, {_ATTENDED: "true"})
        except KubeRequestError as error:
            if error.status == 404:
                return
            raise
        try:
            environment = resolve_environment(self._cluster, document)
            folder = self._folder / document["metadata"]["uid"]
            folder.mkdir(exist_ok=True)
            mounts = make_volumes(self._cluster, document, folder)
        except MissingReferenceError as error:
            waiting = {"reason": "CreateContainerConfigError", "message": str(error)}
            self._patch_status(name, {"phase": "Pending", **_container(document, {"waiting": waiting}, ready=False)})
            return
        log, _ = self._cluster.make_pod_log(self.namespace, name)
        now = datetime.now(UTC)
        security = document["spec"]["containers"][0].get("securityContext") or {}
        process = PodProcess(
            host_name(document),
            resolve_command(document, environment),
            environment,
            _LogSink(log).write,
            mounts=mounts,
            is_root_read_only=bool(security.get("readOnlyRootFilesystem")),
        )
        index = document["metadata"].get("annotations", {}).get(_INDEX)
        uid = document["metadata"]["uid"]
        self.pods.append(RunPod(name, uid, None if index is None else int(index), process, now))
        if document["status"]["phase"] == "Pending":
            running = {"running": {"startedAt": _time(now)}}
            self._patch_status(name, {"phase": "Running", **_container(document, running, ready=True)})

    def _look_after(self, pod: RunPod, document: Json | None) -> None:
        code = pod.exit_code
        if code is not None:
            pod.ended_at = datetime.now(UTC)
            if document is not None:
                self._report(pod, document, code, pod.ended_at)
            pod.is_reported = True
            return
        metadata = document["metadata"] if document is not None else {}
        if document is not None and "deletionTimestamp" not in metadata:
            return
        if pod.kill_at is None:
            grace = float(metadata.get("deletionGracePeriodSeconds") or 0)
            pod.process.send(signal.SIGTERM)
            pod.kill_at = time.monotonic() + max(grace, _LEAST_GRACE_SECONDS)
        elif time.monotonic() > pod.kill_at:
            pod.process.send(signal.SIGKILL)

    def _report(self, pod: RunPod, document: Json, code: int, at: datetime) -> None:
        """The end of the container, as a kubelet writes it; of a pod that is to go, it goes now."""
        reason = "Completed" if code == 0 else "OOMKilled" if pod.is_out_of_memory else "Error"
        ended = {
            "exitCode": code,
            "reason": reason,
            "startedAt": _time(pod.started_at),
            "finishedAt": _time(at),
        }
        phase = "Succeeded" if code == 0 else "Failed"
        self._patch_status(pod.name, {"phase": phase, **_container(document, {"terminated": ended}, ready=False)})
        if "deletionTimestamp" in document["metadata"]:
            self._remove(pod)

    def _remove(self, pod: RunPod) -> None:
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod.uid}}
        self._unless_gone("DELETE", f"{self._path}/{pod.name}", options)

    def _patch_status(self, name: str, status: Json) -> None:
        self._unless_gone("PATCH", f"{self._path}/{name}/status", {"status": status})

    def _leave_to_kwok(self) -> None:
        for document in self._cluster.items(self._path):
            if _ATTENDED in document["metadata"].get("annotations", {}):
                patch = {"metadata": {"annotations": {_ATTENDED: None}}}
                self._unless_gone("PATCH", f"{self._path}/{document['metadata']['name']}", patch)

    def _unless_gone(self, method: str, path: str, body: Json) -> None:
        """A pod may be removed, or replaced by one of the same name, at any moment."""
        try:
            self._cluster.request(
                method, path, body, content_type=_MERGE_PATCH if method == "PATCH" else "application/json"
            )
        except KubeRequestError as error:
            if error.status not in (404, 409):
                raise


class _LogSink:
    """The container's log; two streams write to it."""

    def __init__(self, log: LogFile) -> None:
        self._log = log
        self._lock = threading.Lock()

    def write(self, stream: str, line: str) -> None:
        with self._lock:
            self._log.write(line, stream=stream)


def _is_to_start(document: Json) -> bool:
    """It runs as far as kwok can tell, or waits for a Secret that was not there."""
    if "deletionTimestamp" in document["metadata"]:
        return False
    waiting = [status["state"].get("waiting") for status in document["status"].get("containerStatuses", ())]
    return bool(document["status"].get("phase") == "Running" or any(waiting))


def _container(document: Json, state: Json, *, ready: bool) -> Json:
    """`containerStatuses` with another state; they are replaced as a whole."""
    before = document["status"]["containerStatuses"][0]
    return {"containerStatuses": [{**before, "state": state, "ready": ready, "started": ready}]}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
