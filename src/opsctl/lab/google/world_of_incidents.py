"""A world in which the practice incidents have happened: each section of their evidence becomes the resources that it
was taken from.

Times are those of the incidents. Several incidents share a project and a job; then the job is as the last of them left
it, secrets have all the versions, and the policy all the members. A section that was refused or not found gives that
answer here too. One that was not collected is filled with resources that explain nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsctl.lab.google import incident_surroundings as surroundings
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.incident_images import Images, build_images
from opsctl.lab.google.planted_values import plant_values
from opsctl.lab.google.world import REGIONS, Project, World
from opsctl.lab.incidents import INCIDENTS

Json = dict[str, Any]


def cloud_of_incidents(names: Collection[str] | None = None) -> Cloud:
    """The local Google after the incidents with these names; without names after all of them.

    Of several incidents about one execution only the first is taken. Raises `KeyError` for a name that does not exist.
    """
    documents: dict[str, Json] = {}
    for name in INCIDENTS if names is None else names:
        evidence = INCIDENTS[name].evidence()
        documents.setdefault(evidence["executionName"], evidence)
    return cloud_of_evidence(list(documents.values()))


def cloud_of_evidence(documents: Sequence[Json]) -> Cloud:
    """The local Google in which what these evidence documents tell of has happened. Masks become values."""
    planted = [plant_values(evidence) for evidence in documents]
    images = build_images(planted)
    builder = _Builder(Cloud(World()))
    for evidence in sorted(planted, key=lambda document: str(document["collectedAt"])):
        builder.add(images.pin(evidence))
    builder.add_images(images)
    return builder.cloud


def world_of_incidents(names: Collection[str] | None = None) -> World:
    """As `cloud_of_incidents`, without the faults that some incidents bring along."""
    return cloud_of_incidents(names).world


@dataclass(slots=True)
class _Builder:
    cloud: Cloud
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = self.cloud.world

    def add(self, evidence: Json) -> None:
        """Everything that one evidence document tells of."""
        name = str(evidence["executionName"])
        _, project_id, _, location = name.split("/")[:4]
        project = self._project(project_id, surroundings.find_number(evidence, project_id), location)
        sections: Json = evidence["sections"]
        self._add_run(name, sections)
        self._add_logs(project, sections["logs"])
        surroundings.add_account(project, sections)
        surroundings.add_secrets(project, sections)
        surroundings.add_instances(project, sections)
        if sections["cloudsql"]["status"] == "error":
            path = f"/projects/{project.id}/instances"
            self.cloud.faults.add(Fault(Action.STATUS, "sqladmin", path=path, status=503))

    def add_images(self, images: Images) -> None:
        """The repositories, and who may not read them."""
        self.world.images |= images.repositories
        self.world.upload_times |= images.upload_times
        for repository in images.refused:
            name = repository.partition("/")[0]
            project = self._project(name, surroundings.derive_number(name), REGIONS[0])
            project.denied_permissions.add("artifactregistry.repositories.downloadArtifacts")

    def _project(self, name: str, number: str, location: str) -> Project:
        project = self.world.projects.setdefault(name, Project(name, number))
        project.regions = tuple(sorted({*project.regions, location}))
        if not project.policy["bindings"]:
            project.bind("roles/run.serviceAgent", f"serviceAccount:{surroundings.service_agent(project)}")
            project.bind("roles/viewer", self.cloud.caller)
            project.enabled_apis.discard("policytroubleshooter.googleapis.com")
        return project

    def _add_run(self, name: str, sections: Json) -> None:
        execution = sections["execution"].get("data")
        if execution is not None:
            self.world.executions[name] = execution
            self.world.tasks[name] = sections["tasks"].get("data", {}).get("tasks", [])
        if sections["tasks"]["status"] == "partial":
            self._cut_tasks(name, execution["taskCount"])
        baseline = sections["baseline"].get("data", {}).get("execution")
        if baseline is not None and baseline["name"] not in self.world.executions:
            self.world.executions[baseline["name"]] = baseline
            self.world.tasks[baseline["name"]] = surroundings.tasks_that_succeeded(baseline)
        job = sections["job"].get("data")
        if job is not None:
            self.world.jobs[job["name"]] = job

    def _cut_tasks(self, name: str, count: int) -> None:
        """More tasks than are known, and the page behind the known ones cannot be read."""
        known = self.world.tasks[name]
        base = str(known[-1]["name"]).removesuffix(str(known[-1]["index"]))
        self.world.tasks[name] = [
            *known,
            *({**known[-1], "name": f"{base}{index}", "index": index} for index in range(len(known), count)),
        ]
        path = f"/v2/.*/{name.rpartition('/')[2]}/tasks"
        self.cloud.faults.add(Fault(Action.STATUS, "run", path=rf"{path}\?.*pageToken=."))
        self.cloud.faults.add(Fault(Action.SHORT_PAGE, "run", path=path, size=len(known)))

    def _add_logs(self, project: Project, section: Json) -> None:
        if section["status"] == "denied":
            project.denied_permissions.add("logging.logEntries.list")
        self.world.entries.extend(section.get("data", {}).get("entries", []))
