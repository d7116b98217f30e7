"""Evidence documents for tests of reading and writing: a small ordinary one, any other one, and files of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.models import SECTIONS, SectionStatus
from opsctl.errors import OpsctlError

NAME = "projects/shop-prod/locations/europe-west1/jobs/orders-migrate/executions/orders-migrate-x7k2p"
SCHEMA = "opsctl.evidence/v1"
LABELS = {"run.googleapis.com/execution_name": "orders-migrate-x7k2p", "run.googleapis.com/task_attempt": "0"}
RESOURCE = {"type": "cloud_run_job", "labels": {"job_name": "orders-migrate", "location": "europe-west1"}}


def log_line(number: int, text: str | None = None, *, log: str = "stdout") -> dict[str, Any]:
    """An ordinary log entry of Google's JSON, one millisecond after the one before."""
    seconds, milliseconds = divmod(number, 1000)
    hours, minutes = seconds // 3600 % 24, seconds // 60 % 60
    return {
        "insertId": f"6964a1{number:018x}",
        "timestamp": f"2026-01-12T{hours:02d}:{minutes:02d}:{seconds % 60:02d}.{milliseconds:03d}123Z",
        "logName": f"projects/shop-prod/logs/run.googleapis.com%2F{log.replace('/', '%2F')}",
        "resource": RESOURCE,
        "labels": LABELS,
        "textPayload": text if text is not None else f"batch {number}: 500 rows of table orders copied",
    }


def small_document() -> dict[str, Any]:
    """A document with a little of everything."""
    payload = {"level": "error", "msg": 'relation "orders" does not exist', "err": {"code": "42P01", "stack": ["a"]}}
    entries = [
        log_line(0, "실행 시작"),
        {**log_line(1), "severity": "ERROR", "textPayload": None, "jsonPayload": payload},
        {**log_line(2, log="varlog/system"), "textPayload": "Container called exit(1).", "severity": "WARNING"},
        {"receiveTimestamp": "2026-01-12T11:10:00+09:00", "protoPayload": {"status": {"code": 10, "message": "x"}}},
    ]
    return {
        "schema": SCHEMA,
        "collectedAt": "2026-01-12T02:10:00Z",
        "executionName": NAME,
        "sections": {
            "execution": {"status": "ok", "source": "run.googleapis.com", "data": {"name": NAME, "failedCount": 1}},
            "tasks": {"status": "denied", "reason": "permission run.tasks.list is missing"},
            "logs": {"status": "ok", "data": {"filter": 'severity>="INFO"', "truncated": False, "entries": entries}},
            "image": {"status": "no_data"},
        },
    }


def write_json(path: Path, document: object, **options: Any) -> Path:
    """The document in a file, compressed when its name ends in `.gz`."""
    raw = json.dumps(document, **options).encode("utf-8", "surrogatepass")
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


# Any character, halves of characters too.
texts = st.text(st.characters(), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
_times = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
log_entries = (
    st.fixed_dictionaries(
        {},
        optional={
            "insertId": texts | json_values,
            "timestamp": _times | json_values,
            "receiveTimestamp": _times,
            "severity": st.sampled_from(["ERROR", "DEFAULT", "", "NEW_ONE", 500, 0]) | json_values,
            "logName": texts | json_values,
            "labels": st.dictionaries(texts, texts | json_values, max_size=3) | json_values,
            "resource": st.fixed_dictionaries({}, optional={"type": texts, "labels": json_values}) | json_values,
            "textPayload": texts | json_values,
            "jsonPayload": json_values,
            "protoPayload": json_values,
            "split": st.fixed_dictionaries({}, optional={"uid": texts, "index": json_values, "totalSplits": texts}),
            "trace": texts,
        },
    )
    | json_values
)
_states = st.sampled_from([*SectionStatus, "throttled", "", None, 5])
_data = st.dictionaries(texts, json_values, max_size=3)
_sections = st.fixed_dictionaries(
    {"status": _states}, optional={"reason": json_values, "source": texts, "data": st.none() | _data, "later": texts}
)
_log_data = st.fixed_dictionaries(
    {},
    optional={
        "entries": st.none() | st.lists(log_entries, max_size=5),
        "filter": json_values,
        "leftOut": json_values
        | st.lists(st.fixed_dictionaries({"from": st.integers(0, 9), "count": st.integers(-1, 9)}), max_size=3),
    },
)
_logs = st.fixed_dictionaries({"status": _states, "data": _log_data}, optional={"reason": texts})
documents = st.fixed_dictionaries(
    {"schema": st.sampled_from([SCHEMA, "opsctl.evidence/v1.3"]), "executionName": st.just(NAME) | st.just("e-1")},
    optional={
        "collectedAt": texts | json_values,
        "later": json_values,
        "sections": st.builds(
            lambda sections, logs: {**sections, "logs": logs},
            st.dictionaries(st.sampled_from([*SECTIONS, "later"]), _sections, max_size=4),
            _logs,
        ),
    },
)


def refuse_evidence(path: Path) -> OpsctlError:
    """The error that reading the file ends with: one line, and a hint."""
    with pytest.raises(OpsctlError) as caught:
        read_evidence(path)
    error = caught.value
    assert error.hint
    assert "\n" not in error.message
    return error
