"""`opsctl status` beside `kubectl get pods -o json`, on the same API server, with many pods.

    python -m benchmarks.status_pods [--pods 500 5000] [--runs 9]

The API server, the Job controller and the scheduler are Kubernetes' own (`tests/servers/build.sh kubetest kubectl`);
the pods are those of an Indexed Job, of about 8 kB each. All commands run in turn, each as a process of its own, and
each round is compared with itself. Medians, with the smallest and the largest in brackets. Ends with an error when a
command does not do its work.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from benchmarks.live_google import OPSCTL, Usage, require, run, spread
from tests.servers.kube_cluster import KubeCluster, kube_cluster, wait_for
from tests.servers.launch import embedded_mongo

JOB, NAMESPACE = "car-image-migration", "apc-backup-ns"
STATUS, RECOUNT = "opsctl status -o json", "opsctl status --recount -o json"
TABLE, ALONE = "opsctl status", "opsctl status, no Kubernetes"
PODS_JSON, PODS_TABLE = "kubectl get pods -o json", "kubectl get pods"
SEQUENCE = "kubectl get job, get pods, logs -l --tail=1"
_SETTINGS_OF_A_POD = 20
_PODS_WITH_LOG = 20
_PARTIAL = 4  # no bucket is configured


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, and the exit codes that mean that it did its work."""

    words: tuple[str, ...]
    environment: dict[str, str]
    expected: tuple[int, ...] = (0,)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pods", type=int, nargs="+", default=[500])
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    for count in options.pods:
        with (
            tempfile.TemporaryDirectory() as name,
            kube_cluster() as cluster,
            _mongo() as mongo,
            # A command's peak of memory begins with that of the process that starts it: reading answers is left to
            # another one.
            ProcessPoolExecutor(1, get_context("spawn")) as reader,
        ):
            grow(cluster, count)
            commands = write_commands(cluster, mongo, Path(name))
            rounds = [measure(commands, Path(name), count, reader) for _ in range(options.runs + 1)][1:]
            print(f"\n{count:,} pods, {options.runs} rounds")
            report(rounds)
            sys.stdout.flush()


def grow(cluster: KubeCluster, count: int) -> None:
    """A Job with this many pods at work; the first ones have a line in their log."""
    variables = [{"name": f"OPSCTL_SETTING_{number}", "value": "x" * 20} for number in range(_SETTINGS_OF_A_POD)]
    container = {"name": "migration", "image": "registry.example/car-image-migration:1", "env": variables}
    template = {"metadata": {"labels": {"app": JOB}}, "spec": {"containers": [container], "restartPolicy": "Never"}}
    spec = {"completions": count, "parallelism": count, "completionMode": "Indexed", "template": template}
    cluster.create_namespace(NAMESPACE)
    path = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
    cluster.request("POST", path, {"metadata": {"name": JOB}, "spec": spec})
    print(f"waiting for {count:,} pods (the Job controller makes 20 a second)", file=sys.stderr)
    while cluster.request("GET", f"{path}/{JOB}")["status"].get("ready") != count:
        _pause(cluster)
    pods = cluster.items(f"/api/v1/namespaces/{NAMESPACE}/pods?limit={_PODS_WITH_LOG}")
    for pod in pods:
        cluster.pod_log(NAMESPACE, pod["metadata"]["name"], follow=False)[0].write("stored 95 of 475")


def write_commands(cluster: KubeCluster, mongo: dict[str, str], folder: Path) -> dict[str, Command]:
    """In the order in which they run."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPSCTL_", "PYTHON", "KUBE"))}
    kubectl = (require("kubectl"), "--kubeconfig", str(cluster.kubeconfig), "--context", "admin", "-n", NAMESPACE)
    kubernetes = {
        "OPSCTL_KUBERNETES_NAMESPACE": NAMESPACE,
        "OPSCTL_KUBERNETES_JOB": JOB,
        "OPSCTL_KUBERNETES_KUBECONFIG": str(cluster.kubeconfig),
        "OPSCTL_KUBERNETES_CONTEXT": "admin",
    }
    plain = {**kept, "HOME": str(folder)}
    ours = {**plain, **mongo, **kubernetes}
    line = " ".join(kubectl)
    by_hand = f"{line} get job {JOB} && {line} get pods && {line} logs -l app={JOB} --tail=1 --max-log-requests=10000"
    return {
        STATUS: Command((OPSCTL, "status", "-o", "json"), ours, (_PARTIAL,)),
        PODS_JSON: Command((*kubectl, "get", "pods", "-o", "json"), plain),
        TABLE: Command((OPSCTL, "status"), ours, (_PARTIAL,)),
        PODS_TABLE: Command((*kubectl, "get", "pods"), plain),
        RECOUNT: Command((OPSCTL, "status", "--recount", "-o", "json", "-q"), ours, (_PARTIAL,)),
        # A pod without a log ends the last of the three with 1: of them all that is asked is that they were asked.
        SEQUENCE: Command(("sh", "-c", by_hand), plain, (0, 1)),
        ALONE: Command((OPSCTL, "status", "-o", "json"), {**plain, **mongo}, (_PARTIAL,)),
    }


def measure(
    commands: dict[str, Command], folder: Path, pods: int, reader: ProcessPoolExecutor
) -> dict[str, tuple[Usage, str]]:
    """Everything once, in turn; beside each what was left out."""
    taken: dict[str, tuple[Usage, str]] = {}
    output = folder / "output"
    for name, command in commands.items():
        usage = run(command.words, command.environment, output)
        if usage.exit_code not in command.expected:
            text = output.read_text(encoding="utf-8", errors="replace")
            raise SystemExit(f"{name}: exit {usage.exit_code}\n{text[-2000:]}")
        taken[name] = usage, reader.submit(check, name, output, pods).result()
    return taken


def check(name: str, output: Path, pods: int) -> str:
    """What the answer itself says that it left out. A command that leaves out something and is silent has failed."""
    text = output.read_text(encoding="utf-8", errors="replace")
    if name == PODS_JSON and len(json.loads(text)["items"]) != pods:
        raise ValueError(f"{name}: not all pods")
    if name not in (STATUS, RECOUNT):
        return ""
    data: dict[str, Any] = json.loads(text)["data"]
    job, found = data["job"], [gap["reason"] for gap in data["gaps"] if gap["source"] == "kubernetes"]
    if job is None:
        return "; ".join(found)
    read = len(job["pods"] or ())
    if job["active"] != pods or job["hasAllPods"] != (read == pods) or (read < pods and read < 5000 and not found):
        raise ValueError(f"{name}: {job['active']} active, {read} read, gaps {found}")
    return "; ".join([*([f"{read:,} of {pods:,} pods read"] if read < pods else []), *found])


def report(rounds: list[dict[str, tuple[Usage, str]]]) -> None:
    for name in rounds[0]:
        usages = [each[name][0] for each in rounds]
        ratios = [each[name][0].wall_seconds / each[PODS_JSON][0].wall_seconds for each in rounds]
        said = {each[name][1] for each in rounds} - {""}
        print(
            f"  {name:46}{spread([usage.wall_seconds for usage in usages]):24}"
            f"{spread([usage.cpu_seconds for usage in usages], 's CPU'):28}"
            f"{max(usage.peak_mib for usage in usages):5.0f} MiB   {spread(ratios, 'x', 2)}"
            + "".join(f"\n      {text}" for text in sorted(said))
        )


@contextmanager
def _mongo() -> Iterator[dict[str, str]]:
    """Four documents: the Job is what is measured."""
    with embedded_mongo() as uri, MongoClient[dict[str, Any]](uri) as client:
        database = f"opsctl-{uuid.uuid4().hex[:12]}"
        client[database]["cars"].insert_many([{"_id": number, "main_image": "https://x.test/1"} for number in range(4)])
        names = {"URI": uri, "DATABASE": database, "COLLECTION": "cars"}
        yield {f"OPSCTL_MONGO_{name}": value for name, value in names.items()}


def _pause(cluster: KubeCluster) -> None:
    """Until something has changed, for as long as a test would wait for it."""
    path = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/{JOB}"
    before = cluster.request("GET", path)["metadata"]["resourceVersion"]
    wait_for(lambda: cluster.request("GET", path)["metadata"]["resourceVersion"] != before or None, "the Job to go on")


if __name__ == "__main__":
    main()
