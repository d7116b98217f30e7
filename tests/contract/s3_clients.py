"""The two S3 clients that opsctl uses, pointed at a server under test."""

from __future__ import annotations

import http.client
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from obstore.store import S3Store

from tests.servers.launch import S3Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def boto3_client(target: S3Target, *, access_key_id: str | None = None, secret: str | None = None) -> S3Client:
    """One try, no retries: the contract is about what the server answers."""
    return boto3.client(
        "s3",
        endpoint_url=target.endpoint_url,
        aws_access_key_id=access_key_id or target.access_key_id,
        aws_secret_access_key=secret or target.secret_access_key,
        region_name=target.region,
        config=Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            retries={"total_max_attempts": 1},
            max_pool_connections=64,
        ),
    )


def obstore_store(
    target: S3Target, bucket: str, *, access_key_id: str | None = None, secret: str | None = None
) -> S3Store:
    """As the migration uses it: path-style, with a SHA-256 checksum on every upload."""
    return S3Store(
        bucket,
        endpoint=target.endpoint_url,
        access_key_id=access_key_id or target.access_key_id,
        secret_access_key=secret or target.secret_access_key,
        region=target.region,
        virtual_hosted_style_request=False,
        checksum_algorithm="SHA256",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def send_signed(
    target: S3Target, method: str, path: str, body: bytes, *, payload_hash: str, signed_at: datetime | None = None
) -> int:
    """Send one request whose signed payload hash and time the caller chooses; return the status."""
    address = urlsplit(target.endpoint_url)
    signer = S3SigV4Auth(Credentials(target.access_key_id, target.secret_access_key), "s3", target.region)
    timestamp = f"{signed_at or datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    headers = {"Host": address.netloc, "X-Amz-Date": timestamp, "X-Amz-Content-SHA256": payload_hash}
    request = AWSRequest(method=method, url=f"{target.endpoint_url}{path}", headers=headers)
    request.context["timestamp"] = timestamp
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    signed = ";".join(sorted(name.lower() for name in headers))
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={signed}, "
        f"Signature={signer.signature(to_sign, request)}"
    )
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=120)
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
