"""A Job with pods and logs, in memory."""

from __future__ import annotations

from typing import Any

from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.migration.kubernetes.old_job import KEY, old_job


class Scene:
    """Two pods; the first was restarted once."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(FakeClock())
        self.job = self.cluster.add(old_job())
        self.add("a", restarts=1, lines=[b"2025-12-23T05:42:03Z a2"])
        self.add("b", lines=[b"2025-12-23T05:42:02Z b1", b"2025-12-23T05:42:04Z b2"])
        self.cluster.logs["a", "migrate", True] = [b"2025-12-23T05:42:01Z a1"]

    def add(self, name: str, *, restarts: int = 0, lines: list[bytes] | None = None, **status: Any) -> dict[str, Any]:
        state = {"running": {"startedAt": "2025-12-23T05:42:00Z"}}
        container = {"name": "migrate", "restartCount": restarts, "state": state}
        values = {"phase": "Running", "containerStatuses": [container], "startTime": "2025-12-23T05:42:00Z", **status}
        if lines is not None:
            self.cluster.logs[name, "migrate", False] = lines
        return self.cluster.add_pod(self.job, name, **values)

    def container(self, pod: str) -> dict[str, Any]:
        """The status of its container."""
        status: dict[str, Any] = self.cluster.objects["pods", KEY.namespace, pod]["status"]["containerStatuses"][0]
        return status

    def remove_pods(self) -> None:
        for name in self.cluster.pods():
            del self.cluster.objects["pods", KEY.namespace, name]

    def end(self, condition: str = "Complete", phase: str = "Succeeded") -> None:
        self.job["status"] = {"conditions": [{"type": condition, "status": "True", "reason": "Reason"}]}
        for key, pod in self.cluster.objects.items():
            if key[0] == "pods":
                pod["status"]["phase"] = phase

    def warn(self, plural: str, name: str, text: str) -> None:
        """An event about an object."""
        self.cluster.add(
            {
                "kind": "Event",
                "metadata": {"name": f"{name}.1", "namespace": KEY.namespace},
                "involvedObject": {"uid": self.cluster.objects[plural, KEY.namespace, name]["metadata"]["uid"]},
                "type": "Warning",
                "reason": "Failed",
                "message": text,
            }
        )
