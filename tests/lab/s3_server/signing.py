"""Requests signed as clients sign them, without a server."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from opsctl.lab.s3_server.messages import S3Request
from opsctl.lab.s3_server.signature import AccessKey

KEY = AccessKey("AKIATEST", "very/secret+key")
REGION = "us-east-1"
NOW = datetime(2025, 12, 23, 6, 26, tzinfo=UTC)


def signed(
    method: str,
    target: str,
    body: bytes = b"",
    *,
    key: AccessKey = KEY,
    region: str = REGION,
    at: datetime = NOW,
    **headers: str,
) -> S3Request:
    """A request with an Authorization header. `target` is path and query as on the wire; `_` in a name means `-`."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"host": "127.0.0.1:9000", "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), **sent}
    sent["x-amz-date"] = f"{at:%Y%m%dT%H%M%SZ}"
    request = AWSRequest(method=method, url=f"http://127.0.0.1:9000{target}", headers=sent, data=body)
    request.context["timestamp"] = sent["x-amz-date"]
    signer = S3SigV4Auth(Credentials(key.access_key_id, key.secret_access_key), "s3", region)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    authorization = f"AWS4-HMAC-SHA256 Credential={signer.scope(request)},SignedHeaders={names},Signature={signature}"
    path, _, query = target.partition("?")
    return S3Request(method, path, query, {**sent, "authorization": authorization}, body)


def presigned(method: str, target: str, *, expires_seconds: int = 60, at: datetime = NOW) -> S3Request:
    """A request whose signature stands in the URL."""
    request = AWSRequest(method=method, url=f"http://127.0.0.1:9000{target}", headers={"host": "127.0.0.1:9000"})
    request.context["timestamp"] = f"{at:%Y%m%dT%H%M%SZ}"
    credentials = Credentials(KEY.access_key_id, KEY.secret_access_key)
    signer = S3SigV4QueryAuth(credentials, "s3", REGION, expires=expires_seconds)
    signer._modify_request_before_signing(request)  # type: ignore[attr-defined]
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    address = urlsplit(f"{request.url}&X-Amz-Signature={signature}")
    return S3Request(method, address.path, address.query, {"host": "127.0.0.1:9000"}, b"")
