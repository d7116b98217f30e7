"""Paths of Google's REST APIs.

google/api/http.proto: in a path every character but `-_.~`, digits and letters is percent-encoded, a slash inside of a
name too. So a name from outside stays one segment, and a colon in it starts no method (`:access`).
"""

from __future__ import annotations

from urllib.parse import quote

from opsctl.errors import DataError


def fill_path(template: str, *segments: str) -> str:
    """`template` (`/v1/projects/{}/secrets/{}`) with each `{}` replaced by one encoded segment.

    Raises `DataError` for a segment that is empty or that a client would resolve away (`.`, `..`), and for text that
    is not Unicode.
    """
    return template.format(*(_encode(segment) for segment in segments))


def _encode(segment: str) -> str:
    if segment in ("", ".", ".."):
        raise DataError(f"{segment!r} cannot be part of a resource's name.")
    try:
        return quote(segment, safe="")
    except UnicodeEncodeError as error:
        raise DataError("A resource's name is not valid Unicode.") from error
