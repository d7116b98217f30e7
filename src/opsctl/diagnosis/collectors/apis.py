"""Collects whether the APIs that the job needs are on in its project."""

from __future__ import annotations

from opsctl.diagnosis.collectors.answers import EMPTY_ANSWER, empty, seen
from opsctl.diagnosis.collectors.references import References
from opsctl.diagnosis.models import Section
from opsctl.diagnosis.ports import EnabledApis

_CLOUD_RUN = "run.googleapis.com"
SOURCE = "serviceusage.googleapis.com/v1 services.batchGet"


async def collect_apis(apis: EnabledApis, project: str, references: References | None) -> Section:
    """The state of each API, `{"services": [{"name", "state"}]}`."""
    states = await apis.get_states(project, needed_apis(references))
    # Cloud Run was executing the job: a list that does not have it says nothing about the others either.
    if states.get(_CLOUD_RUN) != "ENABLED":
        return empty(EMPTY_ANSWER, SOURCE)
    return seen({"services": [{"name": name, "state": state} for name, state in sorted(states.items())]}, SOURCE)


def needed_apis(references: References | None) -> tuple[str, ...]:
    """What a job with these references calls, or Cloud Run on its behalf."""
    needed = [_CLOUD_RUN]
    if references is not None:
        if references.sql_instances:
            needed.append("sqladmin.googleapis.com")
        if references.secrets:
            needed.append("secretmanager.googleapis.com")
        if "-docker.pkg.dev/" in references.image:
            needed.append("artifactregistry.googleapis.com")
    return tuple(needed)
