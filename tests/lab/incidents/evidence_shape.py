"""A strict reader of `opsctl.evidence/v1`: every section has exactly the documented shape.

Readers of the program are tolerant; what the program itself writes is held to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

Json = Any
Check = Callable[[Json, str], Iterator[str]]

SECTIONS = (
    *("execution", "tasks", "job", "logs", "baseline", "service_account"),
    *("secrets", "cloudsql", "image", "value_facts", "commits"),
)
STATUSES = ("ok", "partial", "no_data", "denied", "not_found", "error", "skipped")
EXECUTION_NAME = re.compile(r"projects/[a-z0-9-]+/locations/[a-z0-9-]+/jobs/[a-z0-9-]+/executions/[a-z0-9-]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def problems(evidence: Json) -> list[str]:
    """What is wrong with a document, each with its place; empty when nothing is."""
    found = list(
        _fields(evidence, "", {"schema": text, "collectedAt": time, "executionName": name, "sections": any_of})
    )
    if found:
        return found
    if evidence["schema"] != "opsctl.evidence/v1":
        found.append("/schema: another format")
    if tuple(evidence["sections"]) != SECTIONS:
        found.append(f"/sections: {list(evidence['sections'])}")
    for section, body in evidence["sections"].items():
        found += _section(section, body)
    return found


def facts_without_value(evidence: Json) -> list[str]:
    """Value facts whose pointer leads nowhere."""
    facts = evidence["sections"]["value_facts"].get("data", {"facts": []})["facts"]
    return [
        f"{fact['section']}{fact['pointer']}"
        for fact in facts
        if not isinstance(resolve(evidence["sections"][fact["section"]].get("data"), fact["pointer"]), str)
    ]


def resolve(document: Json, pointer: str) -> Json:
    """The value that a JSON pointer (RFC 6901) leads to, None when there is none."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            document = document[int(key)] if key.isdigit() and int(key) < len(document) else None
        else:
            document = document.get(key) if isinstance(document, dict) else None
    return document


def _section(section: str, body: Json) -> Iterator[str]:
    place = f"/sections/{section}"
    status = body.get("status")
    if status not in STATUSES:
        yield f"{place}: status {status!r}"
    elif status in ("ok", "partial"):
        needed = {"reason"} if status == "partial" else set()
        yield from _keys(body, place, {"status", "source", "data"} | needed, set())
        yield from DATA[section](body.get("data"), f"{place}/data")
    else:
        yield from _keys(body, place, {"status", "reason"}, {"source"})


def _keys(value: Json, place: str, needed: set[str], allowed: set[str]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: no object"
        return
    for key in sorted(needed - set(value)):
        yield f"{place}: {key} is missing"
    for key in sorted(set(value) - needed - allowed):
        yield f"{place}: {key} is not documented"


def _fields(value: Json, place: str, shape: Mapping[str, Check]) -> Iterator[str]:
    """Exactly these keys, each as its check says."""
    yield from _keys(value, place, set(shape), set())
    if isinstance(value, dict):
        for key, check in shape.items():
            if key in value:
                yield from check(value[key], f"{place}/{key}")


def record(**shape: Check) -> Check:
    return lambda value, place: _fields(value, place, shape)


def list_of(check: Check) -> Check:
    def run(value: Json, place: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{place}: no list"
            return
        for index, item in enumerate(value):
            yield from check(item, f"{place}/{index}")

    return run


def _typed(kind: type, what: str) -> Check:
    def run(value: Json, place: str) -> Iterator[str]:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            yield f"{place}: {value!r} is no {what}"

    return run


def _matching(pattern: re.Pattern[str], what: str) -> Check:
    def run(value: Json, place: str) -> Iterator[str]:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield f"{place}: {value!r} is no {what}"

    return run


def one_of(*values: str) -> Check:
    def run(value: Json, place: str) -> Iterator[str]:
        if value not in values:
            yield f"{place}: {value!r} is none of {values}"

    return run


def any_of(_value: Json, _place: str) -> Iterator[str]:
    return iter(())


def time(value: Json, place: str) -> Iterator[str]:
    yield from _matching(_TIME, "time")(value, place)
    if isinstance(value, str) and _TIME.fullmatch(value):
        datetime.fromisoformat(value)


def text_map(value: Json, place: str) -> Iterator[str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        yield f"{place}: no object of texts"


def token(value: Json, place: str) -> Iterator[str]:
    if value is not None:
        yield from text(value, place)


def logs(value: Json, place: str) -> Iterator[str]:
    yield from _fields(value, place, {"entries": any_of, "filter": text, "truncated": boolean})
    for index, entry in enumerate(value["entries"]):
        here = f"{place}/entries/{index}"
        needed = {"insertId", "timestamp", "receiveTimestamp", "logName", "resource", "labels"}
        payloads = {"textPayload", "jsonPayload", "protoPayload"}
        yield from _keys(entry, here, needed, payloads | {"severity"})
        yield from time(entry["timestamp"], f"{here}/timestamp")
        if len(payloads & set(entry)) != 1:
            yield f"{here}: {len(payloads & set(entry))} payloads"
    stamps = [(entry["timestamp"], entry["insertId"]) for entry in value["entries"]]
    if stamps != sorted(stamps) or len(set(stamps)) != len(stamps):
        yield f"{place}: entries are not in order, or not distinct"


text, number, boolean = _typed(str, "text"), _typed(int, "whole number"), _typed(bool, "truth value")
name = _matching(EXECUTION_NAME, "name of an execution")
texts = list_of(text)
google_object = _typed(dict, "object")
DATA: Mapping[str, Check] = {
    "execution": google_object,
    "tasks": record(tasks=list_of(google_object)),
    "job": google_object,
    "logs": logs,
    "baseline": record(execution=google_object),
    "service_account": record(
        email=text,
        disabled=boolean,
        projectRoles=texts,
        method=one_of("project-policy", "policy-troubleshooter"),
        access=list_of(record(permission=text, resource=text, verdict=one_of("GRANTED", "DENIED"))),
    ),
    "secrets": record(
        secrets=list_of(
            record(
                name=text,
                version=text,
                resolvedVersion=text,
                state=one_of("ENABLED", "DISABLED", "DESTROYED"),
                createTime=time,
            )
        )
    ),
    "cloudsql": record(
        instances=list_of(
            record(
                connectionName=_matching(re.compile(r"[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]+"), "connection name"),
                state=text,
                activationPolicy=one_of("ALWAYS", "NEVER", "ON_DEMAND"),
                ipTypes=list_of(one_of("PRIMARY", "PRIVATE", "OUTGOING")),
            )
        )
    ),
    "image": record(
        reference=text,
        digest=_matching(_DIGEST, "digest"),
        config=google_object,
        files=list_of(
            record(path=text, type=one_of("file", "dir", "link"), size=number, mode=text, layer=number, createdBy=text)
        ),
        absent=texts,
        texts=text_map,
        complete=boolean,
    ),
    "value_facts": record(
        facts=list_of(record(section=one_of(*SECTIONS), pointer=text, traits=texts, length=number, token=token))
    ),
    "commits": record(
        **{
            "repository": text,
            "from": text,
            "to": text,
            "commits": list_of(record(id=text, subject=text, time=time, files=texts)),
        }
    ),
}
