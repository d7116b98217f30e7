"""moto's S3, called without its web server: one request in, one response out, and the state behind it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, Request
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response as MotoS3

from opsctl.lab.s3_server.messages import S3Request, S3Response

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The current version of one object. `headers` are its stored headers and metadata, `etag` is without quotes."""

    bucket: str
    key: str
    body: bytes
    headers: dict[str, str]
    etag: str
    modified_at: datetime
    storage_class: str
    checksum: tuple[str, str] | None


def answer(request: S3Request) -> S3Response:
    """moto's response. Not safe to call from two threads at once."""
    if request.method == "PUT" and request.headers.get("content-type", "").startswith(_FORM_TYPES):
        return _answer_hiding_type(request)
    incoming = Request(_environ(request))
    if request.bucket is None:
        dispatch = MotoS3.bucket_dispatch
    elif request.key is None:
        dispatch = MotoS3.ambiguous_dispatch
    else:
        dispatch = MotoS3.key_dispatch
    status, headers, body = dispatch(incoming, incoming.raw_url, incoming.headers)
    content = body.encode() if isinstance(body, str) else body
    return S3Response(int(status), tuple((name, str(value)) for name, value in headers.items()), content)


def _answer_hiding_type(request: S3Request) -> S3Response:
    """moto reads the body of a form and stores what is left: it is shown another type."""
    content_type = request.headers["content-type"]
    response = answer(replace(request, headers={**request.headers, "content-type": "application/octet-stream"}))
    if response.status < 300 and request.bucket and request.key and "uploadId" not in request.parameters():
        _backend().get_object(request.bucket, request.key).set_metadata({"content-type": content_type})
    return response


def bucket_names() -> list[str]:
    return list(_backend().buckets)


def create_bucket(name: str, region: str, created_at: datetime) -> None:
    """Put back a bucket that an earlier server had."""
    _backend().create_bucket(name, region)
    _backend().buckets[name].creation_date = created_at


def bucket_created_at(name: str) -> datetime:
    created_at: datetime = _backend().buckets[name].creation_date
    return created_at


def object_keys(bucket: str) -> Iterator[str]:
    return iter(list(_backend().buckets[bucket].keys))


def find_object(bucket: str, key: str) -> StoredObject | None:
    """The object's current version, or None when there is none (or only a delete marker)."""
    found = _backend().get_object(bucket, key) if bucket in _backend().buckets else None
    if found is None:
        return None
    checksum = (found.checksum_algorithm, found.checksum_value) if found.checksum_algorithm else None
    return StoredObject(
        bucket=bucket,
        key=key,
        body=found.value,
        headers={name: str(value) for name, value in found.metadata.items()},
        etag=found.etag.strip('"'),
        modified_at=found.last_modified,
        storage_class=found.storage_class or "STANDARD",
        checksum=checksum,
    )


def put_object(stored: StoredObject) -> None:
    """Put back an object that an earlier server had, with its time and its checksum."""
    found = _backend().put_object(
        stored.bucket,
        stored.key,
        stored.body,
        storage=stored.storage_class,
        etag=stored.etag,
        disable_notification=True,
    )
    found.set_metadata(dict(stored.headers))
    found.last_modified = stored.modified_at
    if stored.checksum is not None:
        found.checksum_algorithm, found.checksum_value = stored.checksum


def _backend() -> Any:
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def _environ(request: S3Request) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": request.path + (f"?{request.query}" if request.query else ""),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    spelt: dict[str, str] = {}
    for name, value in request.headers.items():
        variable = name.upper().replace("-", "_")
        variable = variable if variable in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{variable}"
        environ[variable] = value
        if "_" in name:
            spelt[variable] = name
    environ["CONTENT_LENGTH"] = str(len(request.body))
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = spelt
    return environ
