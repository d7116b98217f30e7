"""One pass over the JSON of an evidence file.

Log entries are taken one by one, and of very many the middle is left out (`evidence_entries`). What newer writers may
add is tolerated (fields, sections, states); what cannot be read is refused, with the place of the fault.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from typing import Any, BinaryIO

from opsctl.diagnosis.evidence_entries import KeptEntries, left_out_reason
from opsctl.diagnosis.evidence_writer import SCHEMA
from opsctl.diagnosis.json_stream import JsonError, JsonReader
from opsctl.diagnosis.models import SECTIONS, Evidence, ExecutionName, LogEntry, Section, SectionStatus
from opsctl.errors import DataError

# In front of `sections` stand a few short fields: a file that goes on like this without a schema is another one.
LONGEST_HEAD = 4 << 20

_SCHEMA = re.compile(r"opsctl\.evidence/v(\d{1,9})(?:\.\d+)*", re.ASCII)
_NAME = re.compile(
    r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/jobs/(?P<job>[^/]+)/executions/(?P<execution>[^/]+)"
)
_KIND = re.compile(r"[a-z][a-z-]{0,40}")
_MEMBER = re.compile(r"[a-zA-Z]{1,30}:[\w.@+-]{1,200}", re.ASCII)
_EXECUTION_HINT = "It names what the evidence is about: projects/P/locations/L/jobs/J/executions/E."
_OBJECT_HINT = "An evidence file is one JSON object, saved by --save-evidence or opsctl lab incident write."
_KINDS = {"{": "an object", "[": "a list", '"': "a text", "t": "true", "f": "false", "n": "null"}


def parse_execution_name(full: str) -> ExecutionName:
    """The parts of an execution's name; of a name of another form only the last segment."""
    match = _NAME.fullmatch(full)
    if match is None:
        return ExecutionName(full, "", "", "", full.rpartition("/")[2])
    return ExecutionName(full, **match.groupdict())


class EvidenceReading:
    """Reads one file. `name` is what errors call it."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._json = JsonReader(file)
        self._head: dict[str, Any] = {}
        self._sections: dict[str, Section] | None = None
        self._entries = KeptEntries()
        self._left_out: list[tuple[int, int]] = []
        self._remarks: list[str] = []

    def read(self) -> Evidence:
        """The evidence. Raises `DataError`, and `OSError` of the file."""
        try:
            self._read_document()
            if self._json.peek():
                raise self._json.fault("there is more text after the end of the object")
        except JsonError as fault:
            raise self._refuse(fault) from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self._refuse_gzip(error) from None
        self._check_schema()
        name = self._check_name()
        if self._json.has_invalid_utf8:
            self._remarks.append("invalid-utf8")
        collected_at, collected_by = self._head.get("collectedAt"), self._head.get("collectedBy")
        entries, dropped = self._finish_logs()
        return Evidence(
            parse_execution_name(name),
            collected_at if isinstance(collected_at, str) else None,
            self._sections or {},
            entries,
            dropped,
            tuple(self._remarks),
            collected_by if isinstance(collected_by, str) and _MEMBER.fullmatch(collected_by) else None,
            _read_counts(self._head.get("masked")),
        )

    def _read_document(self) -> None:
        first = self._json.peek()
        if not first:
            raise DataError(f"{self._name} is empty.", hint=_OBJECT_HINT, code="evidence-empty")
        if first != "{":
            begin = _KINDS.get(first) or ("a number" if first in "-0123456789" else f"{first!r}")
            raise self._foreign(f"at line 1, column 1 it begins with {begin}, not with an object")
        for key in self._json.members():
            if key == "sections":
                self._read_sections()
                continue
            value = self._json.value()
            if key in ("schema", "collectedAt", "collectedBy", "executionName", "masked"):
                self._head[key] = value
            if key == "schema":
                self._check_schema()
            if self._sections is None and "schema" not in self._head and self._json.place > LONGEST_HEAD:
                raise self._foreign(f"there is no schema in its first {LONGEST_HEAD >> 20} MiB")

    def _read_sections(self) -> None:
        self._sections = {}
        self._expect_object("$.sections")
        for name in self._json.members():
            if name not in SECTIONS and self._json.peek() != "{":
                # A newer writer's: whatever it is.
                self._json.value()
                continue
            self._expect_object(f"$.sections.{name}")
            self._sections[name] = self._read_section(name)

    def _read_section(self, name: str) -> Section:
        fields: dict[str, Any] = {}
        place = self._json.fault("")
        for key in self._json.members():
            found = self._json.peek()
            if key == "data":
                place = self._json.fault("")
            fields[key] = self._read_logs() if (name, key, found) == ("logs", "data", "{") else self._json.value()
        status, reason = self._read_status(name, fields)
        data = fields.get("data")
        if data is not None and not isinstance(data, dict) and status.has_data:
            raise self._wrong_type(f"$.sections.{name}.data", _kind(data), "an object", place)
        if data is None and status.has_data:
            status, reason = SectionStatus.ERROR, reason or "it carries no data"
            self._remarks.append(f"no-data:{name}")
        return Section(status, reason, _text_or_none(fields.get("source")), data if status.has_data else None)

    def _read_status(self, name: str, fields: dict[str, Any]) -> tuple[SectionStatus, str | None]:
        stated, reason = fields.get("status"), _text_or_none(fields.get("reason"))
        try:
            return SectionStatus(str(stated)), reason
        except ValueError:
            self._remarks.append(f"unknown-status:{name}")
            return SectionStatus.UNKNOWN, reason or f"its status is {_show(stated)}"

    def _read_logs(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key in self._json.members():
            found = self._json.peek()
            if key != "entries":
                fields[key] = self._json.value()
            elif found == "[":
                for read in self._json.items():
                    raw = read()
                    self._entries.add(raw, self._json.value_length)
            else:
                place = self._json.fault("")
                value = self._json.value()
                if value is not None:
                    raise self._wrong_type("$.sections.logs.data.entries", _kind(value), "a list", place)
        self._left_out = _read_gaps(fields.pop("leftOut", None))
        return fields

    def _finish_logs(self) -> tuple[tuple[LogEntry, ...], int]:
        """The entries with their numbers, and how many are missing in the middle."""
        section = (self._sections or {}).get("logs")
        if self._sections is None or section is None or not section.status.has_data:
            return (), 0
        entries, dropped = self._entries.all(), self._entries.dropped
        if dropped:
            told = left_out_reason(dropped, len(entries))
            reason = f"{section.reason}; {told}" if section.reason else told
            self._sections["logs"] = Section(SectionStatus.PARTIAL, reason, section.source, section.data)
        return _renumber(entries, self._left_out, dropped)

    def _check_schema(self) -> None:
        if "schema" not in self._head:
            raise self._foreign("it has no schema")
        schema = self._head["schema"]
        match = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
        if match is None:
            raise self._foreign(f"$.schema is {_show(schema)}")
        if int(match[1]) != 1:
            raise DataError(
                f"{self._name} is evidence of version {match[1]} ($.schema is {_show(schema)}); this opsctl reads "
                "version 1.",
                hint="Use the opsctl that wrote it, or a newer one.",
                code="evidence-version",
            )

    def _check_name(self) -> str:
        name = self._head.get("executionName")
        if not isinstance(name, str) or not name.strip():
            what = (
                f"$.executionName is {_show(name)}" if "executionName" in self._head else "$.executionName is missing"
            )
            raise DataError(
                f"{self._name} does not say which execution it is about: {what}.",
                hint=_EXECUTION_HINT,
                code="evidence-incomplete",
            )
        if "/" in name and "/executions/" not in name:
            raise DataError(
                f"{self._name} is not about a job execution: $.executionName is {_show(name)}.",
                hint=_EXECUTION_HINT,
                code="evidence-other-resource",
            )
        return name

    def _expect_object(self, where: str) -> None:
        found = self._json.peek()
        if found and found != "{":
            place = self._json.fault("")
            raise self._wrong_type(where, _kind(self._json.value()), "an object", place)

    def _wrong_type(self, where: str, found: str, expected: str, place: JsonError) -> DataError:
        return DataError(
            f"{self._name}: {where} is {found}, not {expected} (line {place.line}, column {place.column}).",
            hint=f"Make it {expected}, or leave it out.",
            code="evidence-wrong-type",
        )

    def _foreign(self, what: str) -> DataError:
        return DataError(
            f"{self._name} is not an evidence file: {what}; evidence has the schema {SCHEMA!r}.",
            hint=_OBJECT_HINT,
            code="evidence-foreign",
        )

    def _refuse(self, fault: JsonError) -> DataError:
        place = f"line {fault.line}, column {fault.column}"
        if fault.is_large and "schema" not in self._head and self._sections is None:
            return self._foreign(f"it has no schema, and at {place} {fault.message}")
        if fault.is_cut:
            hint = "Copy the file again, or save the evidence again."
            return DataError(f"{self._name} is cut at {place}: {fault.message}.", hint=hint, code="evidence-cut")
        what = "cannot be read" if fault.is_large else "is not valid JSON"
        code = "evidence-too-large" if fault.is_large else "evidence-not-json"
        return DataError(f"{self._name} {what} at {place}: {fault.message}.", hint=_OBJECT_HINT, code=code)

    def _refuse_gzip(self, error: Exception) -> DataError:
        end = self._json.end_of_text()
        is_cut = isinstance(error, EOFError)
        what = "is cut" if is_cut else "is a damaged gzip file"
        told = "its gzip data ends too early" if is_cut else str(error)
        return DataError(
            f"{self._name} {what} after line {end.line}, column {end.column}: {told}.",
            hint="Copy the file again, or save the evidence again.",
            code="evidence-cut" if is_cut else "evidence-damaged",
        )


def _read_counts(value: object) -> dict[str, int]:
    """How many values of each kind were masked when the file was written."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {
        kind: count for kind, count in pairs if isinstance(count, int) and 0 < count < 1 << 50 and _KIND.fullmatch(kind)
    }


def _read_gaps(value: object) -> list[tuple[int, int]]:
    """`logs.data.leftOut`: number of the first entry that is missing, and how many are."""
    gaps = []
    for item in value if isinstance(value, list) else ():
        begin, count = (item.get("from"), item.get("count")) if isinstance(item, dict) else (None, None)
        if isinstance(begin, int) and isinstance(count, int) and begin >= 0 and 0 < count < 1 << 50:
            gaps.append((begin, count))
    return sorted(gaps)


def _renumber(
    entries: tuple[LogEntry, ...], gaps: list[tuple[int, int]], dropped: int
) -> tuple[tuple[LogEntry, ...], int]:
    """The entries with the numbers that they had before some in front of them were left out, and how many were."""
    if not gaps:
        return entries, dropped
    numbered, waiting, shift = [], gaps[::-1], 0
    for entry in entries:
        while waiting and waiting[-1][0] <= entry.number + shift:
            shift += waiting.pop()[1]
        numbered.append(entry._replace(number=entry.number + shift))
    return tuple(numbered), dropped + shift


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return json.dumps(value) if value is None or isinstance(value, bool) else "a number"


def _show(value: object) -> str:
    """A value in an error: short, on one line."""
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 120 else f"{shown[:117]}..."
