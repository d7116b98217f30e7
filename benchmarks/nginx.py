"""nginx as the cheapest image host, and as an S3 that accepts every PUT and keeps nothing."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.launch import free_port

BUCKET = "bench"

_CONFIG = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
worker_processes 1;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    client_max_body_size 64m;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{image_port} backlog=1024;
        location / {{ root {folder}; types {{ }} default_type image/jpeg; try_files /image.jpg =404; }}
    }}
    server {{
        listen 127.0.0.1:{s3_port} backlog=1024;
        # What a client asks to find out whether the bucket is there.
        location = /{bucket} {{
            if ($request_method = GET) {{ return 200 '<ListBucketResult><Name>{bucket}</Name></ListBucketResult>'; }}
            return 201;
        }}
        location / {{
            default_type application/xml;
            add_header ETag '"0"' always;
            if ($request_method = GET) {{ return 200 '<ListBucketResult><Name>bench</Name></ListBucketResult>'; }}
            # 201, because nginx answers `If-None-Match: *` on a 200 with 304.
            return 201;
        }}
    }}
}}
"""


@contextmanager
def nginx(image: bytes) -> Iterator[tuple[str, str]]:
    """Yields the image host's base URL (every path is `image`) and the discarding S3's endpoint."""
    program = shutil.which("nginx")
    if program is None:
        raise SystemExit("the benchmark needs nginx on PATH")
    with tempfile.TemporaryDirectory(prefix="opsctl-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "image.jpg").write_bytes(image)
        image_port, s3_port = free_port(), free_port()
        config = folder / "nginx.conf"
        config.write_text(_CONFIG.format(folder=folder, image_port=image_port, s3_port=s3_port, bucket=BUCKET))
        child = subprocess.Popen([program, "-c", str(config), "-e", str(folder / "error.log")])
        try:
            time.sleep(0.5)
            yield f"http://127.0.0.1:{image_port}", f"http://127.0.0.1:{s3_port}"
        finally:
            child.terminate()
            child.wait(10)
