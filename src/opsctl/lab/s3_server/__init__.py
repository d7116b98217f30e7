"""The lab's S3: moto's answers behind an HTTP front that checks what moto takes on trust.

moto believes every signature and every checksum. A client that is only ever tried against it may send neither rightly
and nobody notices, so the front refuses, as S3 does, a wrong signature, an unknown key, a clock that is off, and a body
that is not what its Content-MD5, x-amz-content-sha256 or x-amz-checksum-* says. Requests reach moto one at a time:
what a request tests (`If-None-Match: *`) is still true when it acts.

    python -m opsctl.lab.s3_server --port 0 --port-file PATH --credentials-file PATH [--data-dir DIR]

serves on loopback until SIGTERM. From Python, `serve_s3` runs the same server in a process of its own.

With `--data-dir`, buckets and the current version of each object (body, headers, metadata, checksum, time) outlive the
server. Uploads in progress, old versions, tags, ACLs and bucket settings do not.
"""

from opsctl.lab.s3_server.launch import S3Server, serve_s3

__all__ = ["S3Server", "serve_s3"]
