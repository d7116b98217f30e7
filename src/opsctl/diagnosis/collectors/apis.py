"""Collects whether the APIs that the job needs are on in its project."""

from __future__ import annotations

from opsctl.diagnosis.collectors.answers import seen
from opsctl.diagnosis.collectors.references import References
from opsctl.diagnosis.models import Section
from opsctl.diagnosis.ports import EnabledApis

SOURCE = "serviceusage.googleapis.com/v1 services.batchGet"


async def collect_apis(apis: EnabledApis, project: str, references: References | None) -> Section:
    """The state of each API, `{"services": [{"name", "state"}]}`."""
    states = await apis.get_states(project, needed_apis(references))
    return seen({"services": [{"name": name, "state": state} for name, state in sorted(states.items())]}, SOURCE)


def needed_apis(references: References | None) -> tuple[str, ...]:
    """What a job with these references calls, or Cloud Run on its behalf."""
    needed = ["run.googleapis.com"]
    if references is not None:
        if references.sql_instances:
            needed.append("sqladmin.googleapis.com")
        if references.secrets:
            needed.append("secretmanager.googleapis.com")
        if "-docker.pkg.dev/" in references.image:
            needed.append("artifactregistry.googleapis.com")
    return tuple(needed)
