"""Collecting from the cloud in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from opsctl.diagnosis.collect import CollectSettings, Known, collect
from opsctl.diagnosis.collectors.logs import LogBounds
from opsctl.diagnosis.evidence_reading import parse_execution_name
from opsctl.diagnosis.models import Evidence, Section, SectionStatus
from opsctl.lab.incidents import INCIDENTS
from tests.fakes.google import FakeGoogle, google_of
from tests.fakes.virtual_time import run_virtual

# Long after the practice incidents: nothing is fresh, and little is older than what logs are kept for.
NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
QUICK = CollectSettings(
    section_seconds=0.2, logs_seconds=0.2, image_seconds=0.2, commits_seconds=0.2, logs=LogBounds(ask_again_seconds=0)
)
PATIENT = CollectSettings(logs=LogBounds(ask_again_seconds=0))


def incident(name: str = "o4o-api-migrations-h5x5h") -> tuple[dict[str, Any], FakeGoogle]:
    """The evidence of a practice incident, and the cloud that it would be collected from."""
    document = INCIDENTS[name].evidence()
    return document, google_of(document)


def collect_from(
    google: FakeGoogle, document: dict[str, Any], *, now: datetime = NOW, settings: CollectSettings = PATIENT
) -> Evidence:
    """What is collected of the execution of a document."""
    name = parse_execution_name(document["executionName"])
    execution = google.executions.get(name.full)
    section = Section(SectionStatus.OK, data=execution) if execution else Section(SectionStatus.NOT_FOUND, "gone")
    found: Evidence = run_virtual(lambda: collect(Known(name, section), google.sources(), lambda: now, settings))
    return found
