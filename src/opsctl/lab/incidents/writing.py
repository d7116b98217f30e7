"""Writes an incident as an evidence file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection
from pathlib import Path

from opsctl.lab.incidents.incident import Incident, Json, restrict


def write_incident(
    incident: Incident, path: Path, sections: Collection[str] | None = None, *, replace: bool = True
) -> None:
    """Writes the evidence, only these `sections` of it when they are given. A name in `.gz` is compressed.

    The bytes are the same each time. Without `replace` raises `FileExistsError` for a file that is there; raises
    `OSError` for one that cannot be written.
    """
    evidence = incident.evidence()
    content = encode(evidence if sections is None else restrict(evidence, sections), path.name)
    with path.open("wb" if replace else "xb") as file:
        file.write(content)


def encode(evidence: Json, name: str) -> bytes:
    """The document as the bytes of a file of that name."""
    text = (json.dumps(evidence, ensure_ascii=False, indent=1) + "\n").encode()
    return gzip.compress(text, mtime=0) if name.endswith(".gz") else text
