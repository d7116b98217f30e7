"""Writes an incident as an evidence file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from opsctl.diagnosis.evidence_file import write_document
from opsctl.lab.incidents.incident import Incident, restrict


def write_incident(
    incident: Incident, path: Path, sections: Collection[str] | None = None, *, replace: bool = True
) -> None:
    """Writes the evidence, only these `sections` of it when they are given. A name in `.gz` is compressed.

    The bytes are the same each time. Raises `UsageError` when the folder does not exist, or without `replace` the file
    does; `OSError` when it cannot be written.
    """
    evidence = incident.evidence()
    document = evidence if sections is None else restrict(evidence, sections)
    write_document(path, document, overwrite=replace)
