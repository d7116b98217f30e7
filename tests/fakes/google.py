"""Google Cloud, a registry and a checkout in memory: one object that implements every port of a live diagnosis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar

from opsctl.diagnosis.models import JsonObject
from opsctl.diagnosis.ports import CommitRange, ExecutionPage, LogPage, LogQuery, Sources
from opsctl.errors import NotFoundError, OpsctlError
from opsctl.image.models import FileEntry, FileKind, ImageDescription, Inspection, Layer, Wanted

Json = dict[str, Any]
K = TypeVar("K")
V = TypeVar("V")


@dataclass
class FakeGoogle:
    """`faults`: method name -> the error that it raises, None to never answer. `asked` lists every call.

    `entries` answer any query, oldest first, in pages of `page_size`; filters are evaluated by the local Google, not
    here. `images`: reference -> files, path -> text.
    """

    executions: dict[str, Json] = field(default_factory=dict)
    tasks: dict[str, list[Json]] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    regions: tuple[str, ...] = ("asia-northeast3",)
    entries: list[Json] = field(default_factory=list)
    unlabelled: list[Json] = field(default_factory=list)
    exclusions: list[Json] = field(default_factory=list)
    project_number: str = "123456789012"
    accounts: dict[str, Json] = field(default_factory=dict)
    policy: Json = field(default_factory=lambda: {"version": 3, "bindings": []})
    verdicts: dict[str, str] | None = None
    versions: dict[tuple[str, str], Json] = field(default_factory=dict)
    instances: dict[tuple[str, str], Json] = field(default_factory=dict)
    apis: dict[str, str] = field(default_factory=dict)
    images: dict[str, tuple[Json, dict[str, str]]] = field(default_factory=dict)
    docker_images: dict[tuple[str, str], Json] = field(default_factory=dict)
    commits: dict[tuple[str | None, str], CommitRange] = field(default_factory=dict)
    faults: dict[str, Exception | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    page_size: int = 1000

    def sources(self) -> Sources:
        """The object in every role."""
        return Sources(self, self, self, self, self, self, self, self, self if self.commits else None)

    async def get_execution(self, name: str) -> JsonObject:
        await self._enter("get_execution")
        return _found(self.executions, name, "execution")

    async def list_executions(self, job: str, *, page_token: str = "", page_size: int = 100) -> ExecutionPage:
        await self._enter("list_executions")
        prefix = job.removesuffix("-") if job.endswith("/-") else f"{job}/executions/"
        own = [value for name, value in self.executions.items() if name.startswith(prefix)]
        own.sort(key=lambda item: str(item.get("createTime")), reverse=True)
        begin = int(page_token or 0)
        page = own[begin : begin + page_size]
        return ExecutionPage(tuple(page), str(begin + page_size) if begin + page_size < len(own) else "")

    async def list_tasks(self, execution: str) -> AsyncIterator[JsonObject]:
        await self._enter("list_tasks")
        for number, task in enumerate(self.tasks.get(execution, ())):
            if number:
                await self._enter("list_more_tasks")
            yield task

    async def get_job(self, name: str) -> JsonObject:
        await self._enter("get_job")
        return _found(self.jobs, name, "job")

    async def list_jobs(self, location: str) -> tuple[JsonObject, ...]:
        await self._enter("list_jobs")
        return tuple(job for name, job in self.jobs.items() if name.startswith(f"{location}/"))

    async def list_regions(self, project: str) -> tuple[str, ...]:
        await self._enter("list_regions")
        return self.regions

    async def read(self, query: LogQuery) -> AsyncIterator[LogPage]:
        await self._enter("read")
        is_second_chance = "NOT labels" in query.filter
        found = list(self.unlabelled if is_second_chance else self.entries)
        if query.newest_first:
            found.reverse()
        size = min(self.page_size, query.page_size)
        pages = [found[begin : begin + size] for begin in range(0, len(found), size)] or [[]]
        for number, page in enumerate(pages):
            if number:
                await self._enter("read_on")
            yield LogPage(tuple(page), number + 1 < len(pages))

    async def list_exclusions(self, project: str) -> tuple[JsonObject, ...]:
        await self._enter("list_exclusions")
        return tuple(self.exclusions)

    async def get_project_number(self, project: str) -> str:
        await self._enter("get_project_number")
        return self.project_number

    async def get_service_account(self, email: str) -> JsonObject:
        await self._enter("get_service_account")
        return _found(self.accounts, email, "service account")

    async def get_project_policy(self, project: str) -> JsonObject:
        await self._enter("get_project_policy")
        return self.policy

    async def troubleshoot(self, principal: str, resource: str, permission: str) -> str:
        await self._enter("troubleshoot")
        if self.verdicts is None:
            raise OpsctlError("Policy Troubleshooter may not be asked")
        return self.verdicts.get(permission, "NOT_GRANTED")

    async def get_version(self, secret: str, version: str) -> JsonObject:
        await self._enter("get_version")
        return _found(self.versions, (secret, version), "secret version")

    async def get_instance(self, project: str, instance: str) -> JsonObject:
        await self._enter("get_instance")
        return _found(self.instances, (project, instance), "instance")

    async def get_states(self, project: str, apis: tuple[str, ...]) -> dict[str, str]:
        await self._enter("get_states")
        return {api: self.apis.get(api, "ENABLED") for api in apis}

    async def get_docker_image(self, repository: str, digest: str) -> JsonObject:
        await self._enter("get_docker_image")
        return _found(self.docker_images, (repository, digest), "image")

    async def describe(self, reference: str, *, with_provenance: bool = False) -> ImageDescription:
        await self._enter("describe")
        config, _ = _found(self.images, reference, "image", code="image-not-found")
        digest = reference.partition("@")[2] or f"sha256:{'0' * 64}"
        return ImageDescription(
            reference, reference.partition("@")[0], digest, None, "linux/amd64", ("linux/amd64",), config, _NO_LAYERS
        )

    async def inspect(self, image: ImageDescription, wanted: Wanted) -> Inspection:
        await self._enter("inspect")
        files = self.images[image.reference][1]
        folders = {path.rsplit("/", depth)[0] for path in files for depth in range(1, path.count("/"))}
        asked = wanted.paths | wanted.folders | wanted.texts
        listed = {path for path in files if any(path.startswith(f"{folder}/") for folder in wanted.folders)}
        present = {path for path in asked if path in files or path in folders} | listed
        return Inspection(
            files=tuple(_entry(path, files) for path in sorted(present)),
            absent=frozenset(asked - present),
            undecided={},
            texts={path: files[path] for path in wanted.texts if path in files},
            removed={},
            is_complete=False,
            bytes_read=0,
            layers_read=0,
            layers_cached=0,
        )

    async def list_commits(self, older: str | None, newer: str) -> CommitRange:
        await self._enter("list_commits")
        return _found(self.commits, (older, newer), "revision", code="unknown-revision")

    async def _enter(self, method: str) -> None:
        self.asked.append(method)
        if method not in self.faults:
            return
        fault = self.faults[method]
        if fault is not None:
            raise fault
        await asyncio.Event().wait()


_NO_LAYERS: tuple[Layer, ...] = ()


def google_of(document: Mapping[str, Any]) -> FakeGoogle:
    """The world in which an evidence document would be collected."""
    sections = deepcopy(document["sections"])

    def data_of(section: str) -> Json:
        found: Json = sections.get(section, {}).get("data") or {}
        return found

    execution, baseline = data_of("execution"), data_of("baseline").get("execution")
    name = document["executionName"]
    google = FakeGoogle(
        executions={item["name"]: item for item in (execution, baseline) if item},
        tasks={name: data_of("tasks").get("tasks", [])},
        jobs={item["name"]: item for item in (data_of("job"),) if item},
        entries=data_of("logs").get("entries", []),
        regions=(name.split("/")[3],),
    )
    account = data_of("service_account")
    if account:
        google.accounts[account["email"]] = {"email": account["email"], "disabled": account.get("disabled", False)}
        member = f"serviceAccount:{account['email']}"
        google.policy["bindings"] = [{"role": role, "members": [member]} for role in account.get("projectRoles", ())]
    project = name.split("/")[1]
    for secret in data_of("secrets").get("secrets", ()):
        resource = f"projects/{project}/secrets/{secret['name']}"
        google.versions[resource, secret["version"]] = {
            "name": f"{resource}/versions/{secret['resolvedVersion']}",
            "state": secret["state"],
            "createTime": secret["createTime"],
        }
    for instance in data_of("cloudsql").get("instances", ()):
        owner, _, short = instance["connectionName"].rsplit(":", 2)
        google.instances[owner, short] = {
            "connectionName": instance["connectionName"],
            "state": instance["state"],
            "settings": {"activationPolicy": instance["activationPolicy"]},
            "ipAddresses": [{"type": kind} for kind in instance["ipTypes"]],
        }
    image = data_of("image")
    if image:
        files = {item["path"]: image.get("texts", {}).get(item["path"], "") for item in image["files"]}
        google.images[image["reference"]] = (image.get("config", {}), {**files, **image.get("texts", {})})
    return google


def labelled(entries: Iterable[Json], log: str) -> list[Json]:
    """Only the entries of one log (`stdout`)."""
    return [entry for entry in entries if entry["logName"].endswith(log)]


def _entry(path: str, files: Mapping[str, str]) -> FileEntry:
    if path in files:
        return FileEntry(path, FileKind.FILE, len(files[path]), 0o644, None, 0)
    return FileEntry(path, FileKind.FOLDER, 0, 0o755, None, 0)


def _found(table: Mapping[K, V], key: K, what: str, *, code: str | None = None) -> V:
    if key not in table:
        raise NotFoundError(f"The {what} {key} does not exist.", code=code)
    return table[key]
