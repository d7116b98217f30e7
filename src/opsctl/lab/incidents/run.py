"""A job and one run of it, as `google.cloud.run.v2` resources in REST JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from opsctl.lab.incidents.endings import FAILED, PENDING, RECONCILING, SUCCEEDED, Ending
from opsctl.lab.incidents.incident import Json
from opsctl.lab.incidents.times import in_words, rfc3339


@dataclass(frozen=True, slots=True)
class Project:
    """A Google Cloud project and a region in it."""

    name: str
    number: str
    region: str

    @property
    def default_account(self) -> str:
        """The account that a job uses when it names none."""
        return f"{self.number}-compute@developer.gserviceaccount.com"

    def account(self, name: str) -> str:
        """The address of a service account of the project."""
        return f"{name}@{self.name}.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a job is configured to do. `env` holds v2 EnvVars, `cloudsql` connection names, `vpc` a v2 VpcAccess."""

    project: Project
    name: str
    image: str
    env: tuple[Json, ...] = ()
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    memory: str = "512Mi"
    cpu: str = "1000m"
    timeout_seconds: int = 600
    max_retries: int = 3
    account: str = ""
    cloudsql: tuple[str, ...] = ()
    vpc: Json | None = None
    task_count: int = 1
    parallelism: int = 1

    @property
    def path(self) -> str:
        """The resource name of the job."""
        return f"projects/{self.project.name}/locations/{self.project.region}/jobs/{self.name}"

    def template(self, image: str) -> Json:
        """The v2 TaskTemplate with that image."""
        container: dict[str, Any] = {
            "image": image,
            "command": list(self.command),
            "args": list(self.args),
            "env": [dict(variable) for variable in self.env],
            "resources": {"limits": {"cpu": self.cpu, "memory": self.memory}},
        }
        template: dict[str, Any] = {"containers": [container]}
        if self.cloudsql:
            container["volumeMounts"] = [{"name": "cloudsql", "mountPath": "/cloudsql"}]
            template["volumes"] = [{"name": "cloudsql", "cloudSqlInstance": {"instances": list(self.cloudsql)}}]
        template |= {
            "maxRetries": self.max_retries,
            "timeout": f"{self.timeout_seconds}s",
            "serviceAccount": self.account or self.project.default_account,
            "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
        }
        return template | ({"vpcAccess": self.vpc} if self.vpc else {})


@dataclass(frozen=True, slots=True)
class Run:
    """One execution. `starts` and `ends` are seconds after `created`; None for what has not happened.

    `build` stands for the image that ran: its digest is made from it.
    """

    spec: JobSpec
    suffix: str
    build: str
    created: datetime
    starts: float | None
    ends: float | None
    ending: Ending
    generation: int = 1
    retried: int = 0
    creator: str = "deployer@example.com"

    @property
    def id(self) -> str:
        """The name of the execution without its path."""
        return f"{self.spec.name}-{self.suffix}"

    @property
    def name(self) -> str:
        """The resource name of the execution."""
        return f"{self.spec.path}/executions/{self.id}"

    @property
    def digest(self) -> str:
        """The digest of the image that ran."""
        return digest_of(self.build)

    @property
    def image(self) -> str:
        """The image as Cloud Run pinned it."""
        return f"{self.spec.image.rpartition(':')[0]}@{self.digest}"

    def at(self, seconds: float) -> str:
        """A time so many seconds after the execution was created."""
        return rfc3339(self.created, seconds)

    def say(self, text: str) -> str:
        """A message with the names of this run."""
        return text.replace("{execution}", self.id).replace("{task}", f"{self.id}-task0")


@dataclass(frozen=True, slots=True)
class TaskResult:
    """One task of several: seconds after the execution was created, and the result of its last attempt."""

    index: int
    starts: float
    ends: float | None
    retried: int = 0
    attempt: Json | None = None


def plain(name: str, value: str) -> Json:
    """An environment variable with a value."""
    return {"name": name, "value": value}


def from_secret(name: str, secret: str, version: str = "latest") -> Json:
    """An environment variable that Cloud Run fills from Secret Manager."""
    return {"name": name, "valueSource": {"secretKeyRef": {"secret": secret, "version": version}}}


def digest_of(build: str) -> str:
    """A digest that stands for a build; it is the digest of no real image."""
    return f"sha256:{hashlib.sha256(build.encode()).hexdigest()}"


def execution(run: Run, counts: Json | None = None) -> Json:
    """google.cloud.run.v2.Execution. `counts` replaces the counters of an execution with one task."""
    spec = run.spec
    body: dict[str, Any] = {
        "name": run.name,
        "uid": _uid(run.name),
        "creator": run.creator,
        "generation": "1",
        "labels": {"run.googleapis.com/jobGeneration": str(run.generation)},
        "createTime": run.at(0),
        "updateTime": run.at((run.ends or run.starts or 0) + 0.1),
        "launchStage": "GA",
        "job": spec.name,
        "parallelism": spec.parallelism,
        "taskCount": spec.task_count,
        "template": spec.template(run.image),
        "reconciling": run.ends is None,
        "conditions": _conditions(run),
        "observedGeneration": "1",
    }
    body |= {"startTime": run.at(run.starts)} if run.starts is not None else {}
    body |= {"completionTime": run.at(run.ends)} if run.ends is not None else {}
    body |= counts or ({run.ending.count: 1} | ({"retriedCount": 1} if run.retried else {}))
    return body | {"logUri": _log_uri(run)}


def tasks(run: Run, results: Sequence[TaskResult] = ()) -> Json:
    """The tasks of a run; without `results` one task that ended as the run did."""
    starts = run.starts if run.starts is not None else 1.0
    chosen = results or (TaskResult(0, starts, run.ends, run.retried, run.ending.attempt),)
    return {"tasks": [_task(run, result) for result in chosen]}


def job(
    run: Run, *, created: str, updated: str, executions: int, generation: int = 0, latest: Run | None = None
) -> Json:
    """google.cloud.run.v2.Job as it is now. `generation` 0 means unchanged since the run."""
    spec, newest = run.spec, latest or run
    number = str(generation or run.generation)
    status = {SUCCEEDED: "EXECUTION_SUCCEEDED", RECONCILING: "EXECUTION_RUNNING"}.get(
        newest.ending.state, "EXECUTION_FAILED"
    )
    reference = {"name": newest.name, "createTime": newest.at(0), "completionStatus": status}
    return {
        "name": spec.path,
        "uid": _uid(spec.path),
        "generation": number,
        "createTime": created,
        "updateTime": updated,
        "creator": run.creator,
        "lastModifier": run.creator,
        "client": "gcloud",
        "clientVersion": "551.0.0",
        "launchStage": "GA",
        "template": {
            "taskCount": spec.task_count,
            "parallelism": spec.parallelism,
            "template": spec.template(spec.image),
        },
        "observedGeneration": number,
        "terminalCondition": {"type": "Ready", "state": SUCCEEDED, "lastTransitionTime": updated},
        "executionCount": executions,
        "latestCreatedExecution": reference
        | ({"completionTime": newest.at(newest.ends)} if newest.ends is not None else {}),
    }


def _conditions(run: Run) -> list[Json]:
    ending = run.ending
    last = run.at(run.ends if run.ends is not None else (run.starts or 0) + 0.05)
    verdict = {
        "type": "Completed",
        "state": ending.state,
        "message": run.say(ending.message),
        "lastTransitionTime": last,
    }
    verdict |= dict([ending.reason]) if ending.reason else {}
    if run.starts is None:
        blocked = {**verdict, "type": ending.blocked or "ResourcesAvailable"}
        return [verdict, blocked, {"type": "Started", "state": PENDING, "lastTransitionTime": run.at(0.1)}]
    waited = in_words(run.starts)
    conditions = [
        verdict,
        _condition(run, "ResourcesAvailable", "Provisioned imported containers.", min(4.9, run.starts)),
        _condition(run, "Started", f"Started deployed execution in {waited}.", run.starts),
        _condition(run, "ContainerReady", "Imported container image.", min(3.9, run.starts)),
    ]
    if ending.state == FAILED:
        text = "System will retry after 0:00:00 from lastTransitionTime for attempt 0."
        noise = {"type": "Retry", "state": SUCCEEDED, "severity": "INFO", "message": text, "lastTransitionTime": last}
        conditions.append(noise | {"reason": "IMMEDIATE_RETRY"})
    return conditions


def _condition(run: Run, kind: str, message: str, seconds: float) -> Json:
    return {"type": kind, "state": SUCCEEDED, "message": message, "lastTransitionTime": run.at(seconds)}


def _task(run: Run, result: TaskResult) -> Json:
    name = f"{run.id}-task{result.index}"
    attempt = result.attempt
    body: dict[str, Any] = {
        "name": f"{run.name}/tasks/{name}",
        "job": run.spec.name,
        "execution": run.id,
        "createTime": run.at(0.2),
        "scheduledTime": run.at(1),
        "index": result.index,
        "maxRetries": run.spec.max_retries,
        "timeout": f"{run.spec.timeout_seconds}s",
        "serviceAccount": run.spec.account or run.spec.project.default_account,
        "retried": result.retried,
        "startTime": run.at(result.starts),
    }
    if result.ends is not None:
        body["completionTime"] = run.at(result.ends)
    if attempt is not None:
        verdict: dict[str, Any] = {"type": "Completed", "state": SUCCEEDED if not attempt["status"] else FAILED}
        if attempt["status"]:
            verdict |= {"message": attempt["status"]["message"], "executionReason": "NON_ZERO_EXIT_CODE"}
        body |= {"conditions": [verdict], "lastAttemptResult": attempt}
    return body


def _log_uri(run: Run) -> str:
    project = run.spec.project
    lines = (
        'resource.type="cloud_run_job"',
        f'resource.labels.job_name="{run.spec.name}"',
        f'resource.labels.location="{project.region}"',
        f'labels."run.googleapis.com/execution_name"="{run.id}"',
    )
    chosen = quote("\n".join(lines), safe="")
    return f"https://console.cloud.google.com/logs/viewer?project={project.name}&advancedFilter={chosen}"


def _uid(name: str) -> str:
    digits = hashlib.sha256(name.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
