"""Log entries of a run, written in the order in which they happened."""

from __future__ import annotations

import hashlib
from typing import Any

from opsctl.lab.incidents.endings import ABORTED
from opsctl.lab.incidents.incident import Json
from opsctl.lab.incidents.run import Run
from opsctl.lab.incidents.v1_execution import v1_execution

GAP_SECONDS = 0.0031
DELIVERY_SECONDS = 0.17


class Transcript:
    """Collects `google.logging.v2.LogEntry` values.

    Times are seconds after the execution was created. `attempt` begins an attempt; each line comes a little later than
    the one before, and `wait` lets time pass.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._entries: list[Json] = []
        self._seconds = 0.0
        self._labels: dict[str, str] = {}

    def attempt(self, number: int, seconds: float, *, task: int = 0) -> Transcript:
        """An attempt of a task begins."""
        self._seconds = seconds
        place = hashlib.sha256(f"{self._run.id}/{task}/{number}".encode()).hexdigest()
        self._labels = {
            "run.googleapis.com/task_index": str(task),
            "run.googleapis.com/task_attempt": str(number),
            "instanceId": f"0069c7a9{place}",
        }
        return self

    def wait(self, seconds: float) -> Transcript:
        """Nothing is written for so long."""
        self._seconds += seconds
        return self

    def out(self, *lines: str) -> Transcript:
        """Lines on stdout, an entry each."""
        return self._lines("stdout", lines)

    def err(self, *lines: str) -> Transcript:
        """Lines on stderr, an entry each: plain lines have no severity."""
        return self._lines("stderr", lines)

    def block(self, text: str) -> Transcript:
        """Several lines in one entry, as Error Reporting joins a stack trace it recognises."""
        return self._add("run.googleapis.com%2Fstderr", {"severity": "ERROR", "textPayload": text})

    def record(self, severity: str, message: str, **fields: Any) -> Transcript:
        """A line of JSON on stdout; Logging takes its severity from it."""
        body = {"severity": severity, "jsonPayload": {"message": message, **fields}}
        return self._add("run.googleapis.com%2Fstdout", body)

    def system(self, severity: str, text: str) -> Transcript:
        """A line of Cloud Run itself."""
        labels = {"container_name": f"{self._run.spec.name}-1"}
        body = {"severity": severity, "textPayload": text}
        return self._add("run.googleapis.com%2Fvarlog%2Fsystem", body, labels)

    def exit(self, code: int) -> Transcript:
        """The program ended by itself."""
        return self.wait(0.2).system("INFO" if code == 0 else "WARNING", f"Container called exit({code}).")

    def killed(self, number: int) -> Transcript:
        """The program was ended by a signal."""
        return self.wait(0.1).system("WARNING", f"Container terminated on signal {number}.")

    def activity(self, seconds: float, method: str, principal: str, resource: str) -> Transcript:
        """Somebody called the Cloud Run API."""
        record = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "run.googleapis.com",
            "methodName": method,
            "resourceName": resource,
            "authenticationInfo": {"principalEmail": principal},
            "status": {},
        }
        self._seconds, self._labels = seconds, {}
        return self._add("cloudaudit.googleapis.com%2Factivity", {"severity": "NOTICE", "protoPayload": record})

    def ended(self, resource: Json) -> Transcript:
        """The record of the system at the end of an execution; it carries `resource` in its v1 shape."""
        run, ending = self._run, self._run.ending
        text = run.say(ending.audit or ending.message)
        text = text.replace("0/1 tasks", f"{resource.get('succeededCount', 0)}/{resource['taskCount']} tasks")
        record = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "run.googleapis.com",
            "methodName": "/Jobs.RunJob",
            "resourceName": f"namespaces/{run.spec.project.name}/executions/{run.id}",
            "status": {"message": text} if ending.is_good else {"code": ABORTED, "message": text},
            "response": v1_execution(run, resource),
        }
        self._seconds, self._labels = (run.ends or 0.0) + 0.2, {}
        body = {"severity": "INFO" if ending.is_good else "ERROR", "protoPayload": record}
        return self._add("cloudaudit.googleapis.com%2Fsystem_event", body)

    def entries(self) -> list[Json]:
        """Everything so far, oldest first."""
        return sorted(self._entries, key=lambda entry: (entry["timestamp"], entry["insertId"]))

    def section(self, *, truncated: bool = False) -> Json:
        """The data of the section `logs`."""
        spec = self._run.spec
        lines = (
            'resource.type="cloud_run_job"',
            f'resource.labels.job_name="{spec.name}"',
            f'resource.labels.location="{spec.project.region}"',
            f'labels."run.googleapis.com/execution_name"="{self._run.id}"',
            f'timestamp>="{self._run.at(-60)}"',
            f'timestamp<="{self._run.at((self._run.ends or self._seconds) + 600)}"',
        )
        return {"entries": self.entries(), "filter": "\n".join(lines), "truncated": truncated}

    def _lines(self, stream: str, lines: tuple[str, ...]) -> Transcript:
        for line in lines:
            self._add(f"run.googleapis.com%2F{stream}", {"textPayload": line})
        return self

    def _add(self, log: str, body: Json, labels: dict[str, str] | None = None) -> Transcript:
        run, project = self._run, self._run.spec.project
        place = {"project_id": project.name, "job_name": run.spec.name, "location": project.region}
        self._entries.append(
            {
                "insertId": f"{run.suffix}{len(self._entries):06d}",
                "timestamp": run.at(self._seconds),
                "receiveTimestamp": run.at(self._seconds + DELIVERY_SECONDS),
                "logName": f"projects/{project.name}/logs/{log}",
                "resource": {"type": "cloud_run_job", "labels": place},
                "labels": {"run.googleapis.com/execution_name": run.id, **self._labels, **(labels or {})},
                **body,
            }
        )
        self._seconds += GAP_SECONDS
        return self
