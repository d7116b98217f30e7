"""Answers of an image registry: errors as the OCI distribution specification has them, and parts of a blob."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from aiohttp import web

from opsctl.lab.google.registry_behaviour import Ranges

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class RegistryError(Exception):
    """An answer that is an error: `code` is one of the specification, such as `MANIFEST_UNKNOWN`."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    def answer(self) -> web.Response:
        """The answer with its JSON body."""
        body = json.dumps({"errors": [{"code": self.code, "message": str(self)}]})
        return web.Response(text=body, status=self.status, content_type="application/json", headers=self.headers)


def denied(permission: str, resource: str) -> RegistryError:
    """403 that does not tell whether the repository exists."""
    return RegistryError(
        403, "DENIED", f'Permission "{permission}" denied on resource "{resource}" (or it may not exist)'
    )


def unknown_repository(name: str) -> RegistryError:
    """404 for a repository."""
    return RegistryError(404, "NAME_UNKNOWN", f'Repository "{name}" not found')


def unknown_manifest(reference: str) -> RegistryError:
    """404 for a tag or a digest of a repository that exists."""
    return RegistryError(404, "MANIFEST_UNKNOWN", f'Failed to fetch "{reference}"')


def unknown_blob(digest: str) -> RegistryError:
    """404 for a layer or a configuration."""
    return RegistryError(404, "BLOB_UNKNOWN", f'Failed to fetch "{digest}"')


def too_many_requests() -> RegistryError:
    """429."""
    return RegistryError(429, "TOOMANYREQUESTS", "Quota exceeded for quota metric 'Requests per project per minute'.")


def send_part(stored: bytes, asked: str | None, ranges: Ranges) -> web.Response:
    """A blob, or the part of it that the header `Range` asks for (RFC 9110, section 14)."""
    headers = {"Content-Type": "application/octet-stream"}
    if ranges is not Ranges.NO:
        headers["Accept-Ranges"] = "bytes"
    found = _RANGE.fullmatch(asked or "") if ranges is Ranges.YES else None
    if found is None or found.groups() == ("", ""):
        return web.Response(body=stored, headers=headers)
    first, last = _bounds(found.group(1), found.group(2), len(stored))
    if first >= len(stored) or first > last:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(stored)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(stored)}"
    return web.Response(body=stored[first : last + 1], status=206, headers=headers)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
