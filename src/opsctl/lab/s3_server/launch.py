"""Run the S3 stand-in for as long as a block lasts."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opsctl.lab.attached import serve_announced

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where a running S3 is, and the keys to it. Buckets are addressed path-style."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str = REGION


@contextmanager
def serve_s3(data_folder: Path | None = None) -> Iterator[S3Server]:
    """Start the server in a process of its own; it ends with the block, or with this program.

    `data_folder` keeps its content. Raises UnavailableError when it does not start.
    """
    from opsctl.lab.s3_server.credentials import read  # noqa: PLC0415  # loads botocore

    with tempfile.TemporaryDirectory(prefix="opsctl-s3-") as name:
        credentials_file = Path(name) / "credentials"
        command = [sys.executable, "-m", "opsctl.lab.s3_server", "--port", "0", "--port-file", "{port_file}"]
        command += ["--credentials-file", str(credentials_file)]
        command += ["--data-dir", str(data_folder)] if data_folder is not None else []
        with serve_announced("s3", tuple(command), folder=Path(name)) as port:
            key = read(credentials_file)
            yield S3Server(f"http://127.0.0.1:{port}", key.access_key_id, key.secret_access_key)
