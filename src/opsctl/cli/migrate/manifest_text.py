"""A manifest as it is printed: YAML with comments, ready for kubectl."""

from __future__ import annotations

from opsctl.migration.kubernetes.manifest.comments import write_comments
from opsctl.migration.kubernetes.manifest.models import Document
from opsctl.reporting.view import Texts
from opsctl.reporting.yaml_documents import dump_documents


def write_manifest(documents: tuple[Document, ...], texts: Texts) -> str:
    """All documents, `---` between them."""
    return dump_documents([(document.body, write_comments(document, texts)) for document in documents])


def fence(text: str) -> str:
    """The same as a block of code for a ticket; the fence is longer than any in it."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}yaml\n{text}{ticks}\n"
