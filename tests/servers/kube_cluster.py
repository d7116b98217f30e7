"""A Kubernetes for tests: the real API server and controllers, and kwok in place of the machines that run pods.

`tests/servers/build.sh kubetest` builds it. A pod becomes Running by itself and does nothing; a test ends it with
`finish_pod`, gives it log lines with `pod_log`, and answers its ports with `forward_port`.
"""

from __future__ import annotations

import base64
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import urllib3
import yaml

from opsctl.errors import UnavailableError
from opsctl.lab.announcement import not_started
from opsctl.lab.attached import serve_attached
from tests.servers.launch import BUILD_FOLDER

RESTRICTED_USER = "restricted-user"
"""Who context `user` signs in as; may do nothing until a role is bound."""

_CRDS = "Logs,ClusterLogs,Exec,ClusterExec,PortForward,ClusterPortForward"
# Only ever waited for in full when a test fails: the machine may be busy.
_READY_SECONDS = 300.0
_TRIES = 3
_WAIT_SECONDS = 180.0
_KWOK = "/apis/kwok.x-k8s.io/v1alpha1"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"

T = TypeVar("T")
Json = dict[str, Any]
Rule = Mapping[str, Sequence[str]]


class KubeRequestError(AssertionError):
    """The API server refused what a test asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True, slots=True)
class LogFile:
    """The log of one container, in the form in which a node keeps it."""

    path: Path

    def write(self, *lines: str, at: datetime | None = None, stream: str = "stdout") -> None:
        """Appends lines, all with the time `at`, now unless it is given."""
        moment = (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{moment} {stream} F {line}\n" for line in lines)


class KubeCluster:
    """Asked as an administrator. Contexts of `kubeconfig`: `admin`, and `user` for RESTRICTED_USER."""

    def __init__(self, folder: Path) -> None:
        self.kubeconfig = folder / "kubeconfig"
        self.authority = folder / "ca.crt"
        """The certificate that signs the server's and, with `ca.key` beside it, clients'."""
        self.server = (folder / "ready").read_text(encoding="utf-8").strip()
        self.port = int(self.server.rpartition(":")[2])
        self._folder = folder
        self._http = urllib3.PoolManager(ca_certs=str(self.authority), maxsize=8)

    def request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, content_type: str = "application/json"
    ) -> Json:
        """One request. Raises KubeRequestError."""
        content = None if body is None else json.dumps(body).encode()
        decoded: Json = json.loads(self._ask(method, path, content, content_type))
        return decoded

    def create_namespace(self, name: str) -> None:
        """A namespace in which pods can be made: its service account is there."""
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        wait_for(lambda: self.find(f"/api/v1/namespaces/{name}/serviceaccounts/default"), "the service account")

    def find(self, path: str) -> Json | None:
        """The object at `path`, None when there is none."""
        try:
            return self.request("GET", path)
        except KubeRequestError as error:
            if error.status != 404:
                raise
            return None

    def items(self, path: str) -> list[Json]:
        """The items of a collection."""
        return list(self.request("GET", path)["items"])

    def create_pod(self, namespace: str, name: str, *, labels: Mapping[str, str] | None = None, **spec: Any) -> Json:
        """A pod that runs; waits until it does, or did: where its container is run for real it may have ended since."""
        containers = [{"name": "main", "image": "example.com/app:1"}]
        body = {
            "metadata": {"name": name, "labels": dict(labels or {})},
            "spec": {"containers": containers, "restartPolicy": "Never", **spec},
        }
        self.request("POST", f"/api/v1/namespaces/{namespace}/pods", body)
        return wait_for(lambda: self._begun(namespace, name), f"pod {name} to run")

    def _begun(self, namespace: str, name: str) -> Json | None:
        pod = self.find(f"/api/v1/namespaces/{namespace}/pods/{name}")
        # kwok gives it an address with the phase Running; it stays.
        return pod if pod is not None and "podIP" in pod["status"] else None

    def wait_for_phase(self, namespace: str, name: str, phase: str) -> Json:
        """The pod, once it is in the phase."""

        def look() -> Json | None:
            pod = self.find(f"/api/v1/namespaces/{namespace}/pods/{name}")
            return pod if pod is not None and pod["status"].get("phase") == phase else None

        return wait_for(look, f"pod {name} to be {phase}")

    def annotate_pod(self, namespace: str, name: str, annotations: Mapping[str, str | None]) -> None:
        """Sets annotations; None removes one."""
        patch = {"metadata": {"annotations": dict(annotations)}}
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        self.request("PATCH", path, patch, content_type="application/merge-patch+json")

    def finish_pod(self, namespace: str, name: str, exit_code: int) -> None:
        """The containers of the pod end with a code; with 137 as those that took too much memory."""
        self.annotate_pod(namespace, name, {"kubetest/exit-code": str(exit_code)})

    def pod_log(self, namespace: str, name: str, *, follow: bool = True) -> tuple[LogFile, LogFile]:
        """As `make_pod_log`, for a pod that runs. The logs can be read when this returns."""
        logs = self.make_pod_log(namespace, name, follow=follow)
        # kwok hears of it a moment later.
        wait_for(lambda: self._has_log(namespace, name), f"the log of pod {name}")
        return logs

    def make_pod_log(self, namespace: str, name: str, *, follow: bool = True) -> tuple[LogFile, LogFile]:
        """The logs of all containers of the pod: the current one, and that of the container before."""
        files = tuple(self._folder / f"{namespace}-{name}-{kind}.log" for kind in ("current", "previous"))
        for file in files:
            file.touch()
        log = {"logsFile": str(files[0]), "previousLogsFile": str(files[1]), "follow": follow}
        self._kwok("logs", namespace, name, {"logs": [log]})
        return LogFile(files[0]), LogFile(files[1])

    def _has_log(self, namespace: str, name: str) -> bool | None:
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        container = self.request("GET", path)["spec"]["containers"][0]["name"]
        try:
            self._ask("GET", f"{path}/log?container={container}&tailLines=1", None, "application/json")
        except KubeRequestError as error:
            # 400: there is no log; 404: there is no pod any more.
            return error.status == 404 or None
        return True

    def log(self, namespace: str, name: str) -> str:
        """What the log of the pod holds."""
        return self._ask("GET", f"/api/v1/namespaces/{namespace}/pods/{name}/log", None, "application/json").decode()

    def forward_port(self, namespace: str, name: str, port: int, target_port: int) -> None:
        """`port` of the pod is answered by what listens on `target_port` of this machine."""
        target = {"address": "127.0.0.1", "port": target_port}
        self._kwok("portforwards", namespace, name, {"forwards": [{"ports": [port], "target": target}]})

    def grant(self, namespace: str, *rules: Rule, user: str = RESTRICTED_USER) -> None:
        """Gives `user` these rules in the namespace, and nothing else there: a later call takes back an earlier. It
        has taken effect when this returns."""
        role = {"metadata": {"name": user}, "rules": [dict(rule) for rule in rules]}
        path = f"{_RBAC}/namespaces/{namespace}/roles"
        before = self.find(f"{path}/{user}")
        if before is not None:
            self.request("PUT", f"{path}/{user}", role)
        else:
            self.request("POST", path, role)
            binding = {
                "metadata": {"name": user},
                "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
                "roleRef": {"kind": "Role", "name": user, "apiGroup": "rbac.authorization.k8s.io"},
            }
            self.request("POST", f"{_RBAC}/namespaces/{namespace}/rolebindings", binding)
        given = _rights(rules)
        for right in given | _rights((before or {}).get("rules") or ()):
            expected = right in given
            wait_for(partial(self._agrees, namespace, user, right, expected), f"{right} to be {expected}")

    def _agrees(self, namespace: str, user: str, right: tuple[str, str, str], expected: bool) -> bool | None:
        return self._may(namespace, user, *right) == expected or None

    def _may(self, namespace: str, user: str, verb: str, group: str, resource: str) -> bool:
        name, _, part = resource.partition("/")
        asked = {"namespace": namespace, "verb": verb, "group": group, "resource": name, "subresource": part}
        body = {"spec": {"user": user, "resourceAttributes": asked}}
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return bool(self.request("POST", path, body)["status"]["allowed"])

    def service_account_token(self, namespace: str, name: str = "default") -> str:
        """A token as a pod of that service account has it."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        return str(self.request("POST", path, asked)["status"]["token"])

    def create_secret(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """A Secret of texts."""
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self.request("POST", f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": name}, "data": data})

    def kubeconfig_through(self, port: int, file: Path, *, context: str = "admin") -> Path:
        """A kubeconfig that reaches the server through another port of this machine, such as that of a proxy."""
        tables = yaml.safe_load(self.kubeconfig.read_text(encoding="utf-8"))
        tables["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        tables["current-context"] = context
        file.write_text(yaml.safe_dump(tables), encoding="utf-8")
        return file

    def _ask(self, method: str, path: str, content: bytes | None, content_type: str) -> bytes:
        headers = {"Authorization": "Bearer admin-token", "Content-Type": content_type}
        answer = self._http.request(method, self.server + path, body=content, headers=headers, retries=False)
        if answer.status >= 300:
            raise KubeRequestError(answer.status, str(json.loads(answer.data).get("message")))
        return bytes(answer.data)

    def _kwok(self, plural: str, namespace: str, name: str, spec: Json) -> None:
        kind = {"logs": "Logs", "portforwards": "PortForward"}[plural]
        body = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        path = f"{_KWOK}/namespaces/{namespace}/{plural}"
        current = self.find(f"{path}/{name}")
        if current is None:
            self.request("POST", path, body)
        else:
            body["metadata"] = {"name": name, "resourceVersion": current["metadata"]["resourceVersion"]}
            self.request("PUT", f"{path}/{name}", body)


@contextmanager
def kube_cluster(build_folder: Path = BUILD_FOLDER) -> Iterator[KubeCluster]:
    """An empty cluster; skips the test, and says why, when the program is not built. It looks for free ports before its
    parts take them: one that was taken in between means another try."""
    program = build_folder / "bin" / "kubetest"
    if not program.exists():
        pytest.skip("kubetest is not built: run tests/servers/build.sh kubetest")
    with ExitStack() as stack:
        for attempt in range(_TRIES):
            try:
                cluster = stack.enter_context(_start_cluster(program))
            except UnavailableError:
                if attempt == _TRIES - 1:
                    raise
            else:
                break
        yield cluster


@contextmanager
def _start_cluster(program: Path) -> Iterator[KubeCluster]:
    with tempfile.TemporaryDirectory(prefix="opsctl-test-kube-") as name:
        folder, log_file = Path(name) / "state", Path(name) / "log"
        kwok = Path(__file__).parent / "kube" / "kwok.yaml"
        command = (str(program), "up", "--dir", str(folder), "--kwok-config", str(kwok), "--kwok-crds", _CRDS)
        with serve_attached(command, log_file=log_file) as guard:
            deadline = time.monotonic() + _READY_SECONDS
            while not (folder / "ready").exists():
                if guard.poll() is not None:
                    raise not_started("kubetest", f"ended with code {guard.returncode}", log_file)
                if time.monotonic() > deadline:
                    raise not_started("kubetest", f"was not ready within {_READY_SECONDS:g} s", log_file)
                time.sleep(0.02)
            yield KubeCluster(folder)


def _rights(rules: Sequence[Rule]) -> set[tuple[str, str, str]]:
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def wait_for(look: Callable[[], T | None], what: str, *, seconds: float = _WAIT_SECONDS) -> T:
    """What `look` finds, once it finds something; fails when that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)
