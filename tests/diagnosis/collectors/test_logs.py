"""The log of an execution: bounded, cut where it must be, and never silent without a word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from opsctl.diagnosis.collectors.logs import LogBounds
from opsctl.diagnosis.log_query import ATTEMPT_LABEL, EXECUTION_LABEL, TASK_LABEL
from opsctl.diagnosis.models import Evidence, SectionStatus
from opsctl.diagnosis.ports import LogPage, LogQuery
from opsctl.errors import UnavailableError
from tests.diagnosis.collectors.live import NOW, PATIENT, collect_from, incident
from tests.fakes.google import FakeGoogle, labelled

SMALL = replace(PATIENT, logs=LogBounds(2, 2, 1, 3, 5, 1, ask_again_seconds=0))
BEGIN = datetime.fromisoformat("2026-01-12T02:00:20Z")


def make_lines(count: int, *, attempt: int = 0, begin: int = 0) -> list[dict[str, Any]]:
    labels = {EXECUTION_LABEL: "o4o-api-migrations-h5x5h", TASK_LABEL: "0", ATTEMPT_LABEL: str(attempt)}
    return [
        {
            "insertId": f"{number:08d}",
            "timestamp": (BEGIN + timedelta(milliseconds=number)).isoformat(timespec="milliseconds"),
            "logName": "projects/p/logs/run.googleapis.com%2Fstdout",
            "labels": labels,
            "textPayload": f"line {number}",
        }
        for number in range(begin, begin + count)
    ]


def texts_of(evidence: Evidence) -> list[str]:
    return [entry.text or "" for entry in evidence.entries]


class RecordingGoogle(FakeGoogle):
    """Keeps the queries, and answers those for the platform's lines and for single attempts as Logging would."""

    def __init__(self, google: FakeGoogle) -> None:
        super().__init__(**{name: getattr(google, name) for name in google.__dataclass_fields__})
        self.queries: list[LogQuery] = []

    async def read(self, query: LogQuery) -> AsyncIterator[LogPage]:
        self.queries.append(query)
        kept = self.entries
        if "varlog" in query.filter:
            self.entries = labelled(kept, "system")
        elif "timestamp<" in query.filter and "timestamp<=" not in query.filter:
            before = query.filter.split('timestamp<"')[1].split('"')[0]
            moment = datetime.fromisoformat(before)
            self.entries = [entry for entry in kept if datetime.fromisoformat(entry["timestamp"]) < moment]
        try:
            async for page in super().read(query):
                yield page
        finally:
            self.entries = kept


def test_a_log_of_many_pages_is_read_once_each() -> None:
    document, google = incident()
    google.entries, google.page_size = make_lines(30), 10
    evidence = collect_from(google, document, settings=replace(SMALL, logs=replace(SMALL.logs, oldest_pages=5)))
    section = evidence.section("logs")
    assert texts_of(evidence) == [f"line {number}" for number in range(30)]
    assert section.status is SectionStatus.OK
    assert section.data is not None
    assert (section.data["truncated"], section.data["reads"]) == (False, 3)


def test_both_ends_meet_in_the_middle() -> None:
    document, google = incident()
    google.entries, google.page_size = make_lines(35), 10
    evidence = collect_from(google, document, settings=SMALL)
    assert len(evidence.entries) == 35
    assert evidence.section("logs").status is SectionStatus.OK


def test_of_a_very_long_log_the_ends_are_read_and_of_its_middle_the_ends_of_attempts() -> None:
    document, google = incident()
    lines = make_lines(200)
    end = make_lines(1, begin=100)[0] | {"logName": "projects/p/logs/run.googleapis.com%2Fvarlog%2Fsystem"}
    lines[100] = end | {"textPayload": "Container called exit(1)."}
    google.entries, google.page_size = lines, 10
    recording = RecordingGoogle(google)
    evidence = collect_from(recording, document, settings=SMALL)
    section = evidence.section("logs")
    assert section.status is SectionStatus.PARTIAL
    assert "its begin and its end were read" in str(section.reason)
    assert section.data is not None
    assert section.data["truncated"] is True
    found = texts_of(evidence)
    assert found[:2] == ["line 0", "line 1"]
    assert found[-1] == "line 199"
    assert "Container called exit(1)." in found
    assert {f"line {number}" for number in range(96, 100)} <= set(found)
    assert "line 60" not in found
    # Two from each end, the platform's lines, and the end of the one attempt.
    assert section.data["reads"] == 2 + 2 + 1 + 1


def test_an_outage_in_the_middle_keeps_what_was_read() -> None:
    document, google = incident()
    google.entries, google.page_size = make_lines(30), 10
    google.faults = {"read_on": UnavailableError("503 from Cloud Logging")}
    evidence = collect_from(google, document)
    section = evidence.section("logs")
    assert len(evidence.entries) == 10
    assert section.status is SectionStatus.PARTIAL
    assert "503" in str(section.reason)
    assert section.data is not None
    assert section.data["truncated"] is True


def test_a_program_that_ran_and_left_no_line_may_have_had_some() -> None:
    document, google = incident()
    google.entries = [entry for entry in google.entries if "std" not in entry["logName"]]
    section = collect_from(google, document).section("logs")
    assert section.status is SectionStatus.PARTIAL
    assert "can have chosen less" in str(section.reason)
    # One that never started has nothing to say.
    del google.executions[document["executionName"]]["startTime"]
    assert collect_from(google, document).section("logs").status is SectionStatus.OK


def test_lines_without_the_label_are_a_second_chance() -> None:
    document, google = incident()
    google.unlabelled = make_lines(3)
    for entry in google.unlabelled:
        entry["labels"] = {}
    google.entries = []
    evidence = collect_from(google, document)
    assert texts_of(evidence) == ["line 0", "line 1", "line 2"]
    assert "may be of another one" in str(evidence.section("logs").reason)


def test_old_executions_have_lost_their_lines_and_keep_their_audit_record() -> None:
    document, google = incident()
    google.entries = labelled(google.entries, "system_event")
    evidence = collect_from(google, document, now=NOW + timedelta(days=60))
    section = evidence.section("logs")
    assert section.status is SectionStatus.PARTIAL
    assert "older than 30 days" in str(section.reason)


def test_an_exclusion_filter_is_named() -> None:
    document, google = incident()
    google.entries = []
    google.exclusions = [
        {"name": "no-jobs", "filter": 'resource.type="cloud_run_job"'},
        {"name": "off", "filter": "x", "disabled": True},
    ]
    reason = str(collect_from(google, document).section("logs").reason)
    assert 'no-jobs resource.type="cloud_run_job"' in reason
    assert "off" not in reason


def test_a_refused_look_at_exclusions_is_said() -> None:
    document, google = incident()
    google.entries = []
    google.faults = {"list_exclusions": UnavailableError("?")}
    assert "could not be asked" in str(collect_from(google, document).section("logs").reason)


@pytest.mark.parametrize(("seconds", "is_fresh"), [(10, True), (3600, False)])
def test_an_execution_that_has_just_ended_is_asked_for_twice(seconds: int, is_fresh: bool) -> None:
    document, google = incident()
    completed = document["sections"]["execution"]["data"]["completionTime"]
    google.entries = labelled(google.entries, "stdout")
    now = datetime.fromisoformat(completed) + timedelta(seconds=seconds)
    section = collect_from(google, document, now=now).section("logs")
    assert google.asked.count("read") == (2 if is_fresh else 1)
    assert ("may still arrive" in str(section.reason)) is is_fresh


def test_every_query_is_bounded_in_time() -> None:
    document, google = incident()
    google.entries = []
    recording = RecordingGoogle(google)
    collect_from(recording, document)
    assert recording.queries
    for query in recording.queries:
        assert "timestamp>=" in query.filter
        assert "timestamp<=" in query.filter
        assert query.page_size == 1000


def test_an_execution_that_cannot_be_read_is_looked_for_in_the_last_thirty_days() -> None:
    document, google = incident()
    google.executions.clear()
    recording = RecordingGoogle(google)
    collect_from(recording, document)
    assert 'timestamp>="2026-01-02T' in recording.queries[0].filter


def test_the_record_of_the_end_of_an_old_execution_that_cannot_be_read_is_found() -> None:
    document, google = incident()
    google.executions.clear()
    google.jobs.clear()

    class Old(RecordingGoogle):
        """Lines are gone, records of the end are not."""

        async def read(self, query: LogQuery) -> AsyncIterator[LogPage]:
            self.queries.append(query)
            found = labelled(self.entries, "system_event") if "system_event" in query.filter else []
            yield LogPage(tuple(found), has_more=False)

    old = Old(google)
    evidence = collect_from(old, document, now=NOW + timedelta(days=200))
    assert len(evidence.entries) == 1
    assert evidence.section("image").status.has_data
    assert all("timestamp>=" in query.filter for query in old.queries)
