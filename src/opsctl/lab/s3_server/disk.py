"""Buckets and objects on disk, so that `lab down` and `lab up` keep them.

    DIR/<bucket>/bucket.json           region, creation time
    DIR/<bucket>/<SHA-256 of key>.object   one line of JSON, then the body

Each file is written beside its place and renamed: a killed server leaves whole files.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime
from pathlib import Path

from opsctl.errors import DataError
from opsctl.lab.s3_server import objects
from opsctl.lab.s3_server.messages import S3Request

_BUCKET_FILE = "bucket.json"


def load(folder: Path, region: str) -> None:
    """Give moto what an earlier server left in `folder`; raises DataError for a file that is not whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for bucket_file in sorted(folder.glob(f"*/{_BUCKET_FILE}")):
        try:
            created_at = datetime.fromisoformat(json.loads(bucket_file.read_bytes())["created_at"])
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(bucket_file) from error
        objects.create_bucket(bucket_file.parent.name, region, created_at)
        for path in bucket_file.parent.glob("*.object"):
            objects.put_object(_read(path, bucket_file.parent.name))


def save_change(folder: Path, request: S3Request) -> None:
    """Bring the files up to date after moto has carried out `request`, which was not a read."""
    if request.bucket is None:
        return
    place = folder / request.bucket
    if request.bucket not in objects.bucket_names():
        shutil.rmtree(place, ignore_errors=True)
    elif request.key is not None:
        _save_object(place, request.key)
    else:
        _save_bucket(place)


def _save_bucket(place: Path) -> None:
    if not (place / _BUCKET_FILE).exists():
        place.mkdir(parents=True, exist_ok=True)
        created_at = objects.bucket_created_at(place.name).isoformat()
        _write(place / _BUCKET_FILE, json.dumps({"created_at": created_at}).encode())
    # DeleteObjects names its keys in the body, so what is left in the bucket decides.
    left = {_object_file(place, key) for key in objects.object_keys(place.name)}
    for path in place.glob("*.object"):
        if path not in left:
            path.unlink()


def _save_object(place: Path, key: str) -> None:
    path = _object_file(place, key)
    stored = objects.find_object(place.name, key)
    if stored is None:
        path.unlink(missing_ok=True)
        return
    header = {
        "key": stored.key,
        "size_bytes": len(stored.body),
        "headers": stored.headers,
        "etag": stored.etag,
        "modified_at": stored.modified_at.isoformat(),
        "storage_class": stored.storage_class,
        "checksum": stored.checksum,
    }
    _write(path, json.dumps(header).encode() + b"\n" + stored.body)


def _read(path: Path, bucket: str) -> objects.StoredObject:
    line, _, body = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line)
        if len(body) != header["size_bytes"]:
            raise _unreadable(path)
        return objects.StoredObject(
            bucket=bucket,
            key=header["key"],
            body=body,
            headers=header["headers"],
            etag=header["etag"],
            modified_at=datetime.fromisoformat(header["modified_at"]),
            storage_class=header["storage_class"],
            checksum=tuple(header["checksum"]) if header["checksum"] else None,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(path) from error


def _object_file(place: Path, key: str) -> Path:
    return place / f"{hashlib.sha256(key.encode()).hexdigest()}.object"


def _write(path: Path, content: bytes) -> None:
    beside = path.with_suffix(".part")
    beside.write_bytes(content)
    beside.replace(path)


def _unreadable(path: Path) -> DataError:
    return DataError(f"{path} is not whole or not a file of the lab's S3", hint="Remove it and start the lab again.")
