"""Signature Version 4 of an incoming request, checked by signing the request again with botocore's own signer.

Both forms are understood: the Authorization header, and a presigned URL. Source of the rules: the pages "Authenticating
Requests: Using the Authorization Header" and "Using Query Parameters" of the Amazon S3 API reference.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from opsctl.lab.s3_server.messages import RefusedRequestError, S3Request

ALGORITHM = "AWS4-HMAC-SHA256"
LARGEST_CLOCK_SKEW = timedelta(minutes=15)
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """The one pair of keys that the stand-in knows."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a request says about its own signature."""

    access_key_id: str
    date: str
    region: str
    service: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    payload: str
    expires_seconds: int | None


def check_signature(request: S3Request, key: AccessKey, region: str, now: datetime) -> None:
    """Refuse the request unless `key` signed it for `region`, near `now`; raises RefusedRequestError (403, 400)."""
    claim = _read_claim(request)
    if claim.access_key_id != key.access_key_id:
        raise _denied("InvalidAccessKeyId", "The access key ID that was sent is not known here.")
    if (claim.region, claim.service) != (region, "s3"):
        message = f"The request is signed for {claim.region}/{claim.service}; this server is {region}/s3."
        raise RefusedRequestError(HTTPStatus.BAD_REQUEST, "AuthorizationHeaderMalformed", message)
    _check_time(claim, now)
    _check_coverage(request, claim)
    if not hmac.compare_digest(_sign(request, claim, key), claim.signature):
        raise _denied("SignatureDoesNotMatch", "The signature is not the one that this request and the key give.")


def _read_claim(request: S3Request) -> _Claim:
    parameters = request.parameters()
    if "X-Amz-Algorithm" in parameters:
        return _claim_of_url(request, parameters)
    authorization = request.headers.get("authorization")
    if authorization is None:
        raise _denied("AccessDenied", "The request is not signed.")
    return _claim_of_header(request, authorization)


def _claim_of_header(request: S3Request, authorization: str) -> _Claim:
    scheme, _, rest = authorization.partition(" ")
    fields = dict(re.findall(r"(\w+)=([^,\s]+)", rest))
    if scheme != ALGORITHM or not {"Credential", "SignedHeaders", "Signature"} <= fields.keys():
        message = f"Only {ALGORITHM} with Credential, SignedHeaders and Signature is understood."
        raise RefusedRequestError(HTTPStatus.BAD_REQUEST, "AuthorizationHeaderMalformed", message)
    payload = request.headers.get("x-amz-content-sha256")
    if payload is None:
        message = "The header x-amz-content-sha256 is missing."
        raise RefusedRequestError(HTTPStatus.BAD_REQUEST, "InvalidRequest", message)
    return _Claim(
        *_split_credential(fields["Credential"]),
        timestamp=request.headers.get("x-amz-date", ""),
        signed_headers=tuple(fields["SignedHeaders"].split(";")),
        signature=fields["Signature"],
        payload=payload,
        expires_seconds=None,
    )


def _claim_of_url(request: S3Request, parameters: Mapping[str, str]) -> _Claim:
    try:
        expires_seconds = int(parameters["X-Amz-Expires"])
        return _Claim(
            *_split_credential(parameters["X-Amz-Credential"]),
            timestamp=parameters["X-Amz-Date"],
            signed_headers=tuple(parameters["X-Amz-SignedHeaders"].split(";")),
            signature=parameters["X-Amz-Signature"],
            payload=request.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD),
            expires_seconds=expires_seconds,
        )
    except (KeyError, ValueError) as error:
        message = f"The presigned URL is incomplete: {error}"
        raise RefusedRequestError(HTTPStatus.BAD_REQUEST, "AuthorizationQueryParametersError", message) from error


def _split_credential(credential: str) -> tuple[str, str, str, str]:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        message = "The credential is not KEY/DATE/REGION/s3/aws4_request."
        raise RefusedRequestError(HTTPStatus.BAD_REQUEST, "AuthorizationHeaderMalformed", message)
    return parts[0], parts[1], parts[2], parts[3]


def _check_time(claim: _Claim, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(claim.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise _denied("AccessDenied", "The date of the signature is missing or cannot be read.") from error
    if claim.date != claim.timestamp[:8]:
        raise _denied("SignatureDoesNotMatch", "The date in the credential is not the date of the request.")
    if claim.expires_seconds is None:
        if abs(now - signed_at) > LARGEST_CLOCK_SKEW:
            raise _denied("RequestTimeTooSkewed", "The request's time and this server's differ by over 15 minutes.")
    elif not -LARGEST_CLOCK_SKEW <= now - signed_at <= timedelta(seconds=claim.expires_seconds):
        raise _denied("AccessDenied", "The presigned URL has expired.")


def _check_coverage(request: S3Request, claim: _Claim) -> None:
    must = {"host"} | {name for name in request.headers if name.startswith("x-amz-")}
    unsigned = must - set(claim.signed_headers)
    if unsigned:
        raise _denied("AccessDenied", f"Headers are there that were not signed: {', '.join(sorted(unsigned))}")
    absent = set(claim.signed_headers) - request.headers.keys()
    if absent:
        raise _denied("SignatureDoesNotMatch", f"Headers are signed that were not sent: {', '.join(sorted(absent))}")


def _sign(request: S3Request, claim: _Claim, key: AccessKey) -> str:
    signer = _ClaimSigner(Credentials(key.access_key_id, key.secret_access_key), claim)
    # The path and the query are decoded and encoded anew: clients differ in which characters they escape on the wire.
    url = f"http://localhost{quote(unquote(request.path), safe='/-_.~')}?{_canonical_query(request.query)}"
    outgoing = AWSRequest(method=request.method, url=url, headers=dict(request.headers))
    outgoing.context["timestamp"] = claim.timestamp
    canonical = signer.canonical_request(outgoing)
    return str(signer.signature(signer.string_to_sign(outgoing, canonical), outgoing))


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs if name != "X-Amz-Signature"
    )


class _ClaimSigner(S3SigV4Auth):
    """botocore's signer, told to sign just the headers and the payload hash that the sender signed."""

    def __init__(self, credentials: Credentials, claim: _Claim) -> None:
        super().__init__(credentials, claim.service, claim.region)
        self._claim = claim

    def headers_to_sign(self, request: Any) -> HTTPHeaders:
        chosen = HTTPHeaders()
        for name in self._claim.signed_headers:
            chosen[name] = request.headers[name]
        return chosen

    def payload(self, request: Any) -> str:  # noqa: ARG002  # the base class's signature
        return self._claim.payload


def _denied(code: str, message: str) -> RefusedRequestError:
    return RefusedRequestError(HTTPStatus.FORBIDDEN, code, message)
