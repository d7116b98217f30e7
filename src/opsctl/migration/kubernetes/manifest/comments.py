"""The comments of a manifest, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from opsctl.migration.kubernetes.manifest.models import Document, Path
from opsctl.reporting.view import Texts


def write_comments(document: Document, texts: Texts) -> Mapping[Path, list[str]]:
    """Paragraphs by the place that they stand above. What a person has to decide begins with a mark to search for."""
    comments: dict[Path, list[str]] = {}
    for note in document.notes:
        text = texts.get(f"kubernetes.{note.text}", **dict(note.values))
        comments.setdefault(note.path, []).append(
            texts.get("kubernetes.note_open", text=text) if note.is_open else text
        )
    return comments
