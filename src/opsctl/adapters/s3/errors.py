"""Errors of boto3 and obstore in our own words. Their texts hold addresses and signatures: none is passed on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from botocore import exceptions as boto
from obstore import exceptions as obs

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError

_DENIED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "401"}
_UNAVAILABLE = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "Throttling", "500", "502", "503"}
_STATUS = re.compile(r"status(?: code)?:? (\d{3})|\b(\d{3}) (?:[A-Z][a-z]+)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_CHECK_BUCKET = "check s3.bucket, s3.endpoint_url and the account of the credentials"
_UNREACHABLE = "check endpoint_url and the network; try it with `opsctl config check`"


def translate_boto(error: boto.ClientError | boto.BotoCoreError, bucket: str) -> OpsctlError:
    """The OpsctlError for an error of boto3."""
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError | boto.ProfileNotFound):
        return AccessDeniedError(
            "no usable AWS credentials were found",
            hint="set s3.access_key_id and s3.secret_access_key as references, or AWS_PROFILE",
        )
    if not isinstance(error, boto.ClientError):
        return UnavailableError(f"S3 cannot be reached ({type(error).__name__})", hint=_UNREACHABLE)
    return _translate_answer(error, bucket)


def _translate_answer(error: boto.ClientError, bucket: str) -> OpsctlError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _DENIED or status in (401, 403):
        return _denied(bucket, code)
    if code == "NoSuchKey":
        return NotFoundError(f"bucket {bucket} has no such object", code="no-such-key")
    if code == "NoSuchBucket" or status == 404:
        return _no_bucket(bucket)
    if code in _UNAVAILABLE or status >= 500:
        return UnavailableError(f"S3 answered {code or status} for bucket {bucket}", hint="try again later")
    return DataError(f"S3 refused a request for bucket {bucket} ({code or status})")


def wrong_place(error: Exception) -> bool:
    """Whether the bucket exists, but in another region."""
    if not isinstance(error, boto.ClientError):
        return False
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 301


def translate_obstore(error: Exception, bucket: str) -> Exception:
    """The OpsctlError for an error of obstore; anything that is none of obstore's is given back as it is.

    A missing bucket is Python's own FileNotFoundError; a listing puts S3's code into the text of a GenericError.
    """
    if isinstance(error, FileNotFoundError | obs.NotFoundError):
        return _no_bucket(bucket)
    if isinstance(error, PermissionError | obs.PermissionDeniedError | obs.UnauthenticatedError):
        return _denied(bucket, "AccessDenied")
    return _translate_text(str(error), bucket) if isinstance(error, obs.BaseError) else error


def _translate_text(text: str, bucket: str) -> OpsctlError:
    code = next((code for code in _CODE.findall(text) if code in _DENIED | {"NoSuchBucket"}), None)
    if code == "NoSuchBucket":
        return _no_bucket(bucket)
    if code is not None:
        return _denied(bucket, code)
    match = _STATUS.search(text)
    status = int(match.group(1) or match.group(2)) if match else 0
    if 400 <= status < 500 and status not in (408, 429):
        return DataError(f"S3 refused a request for bucket {bucket} (HTTP {status})")
    answered = f" (HTTP {status})" if status else ""
    return UnavailableError(f"S3 cannot be reached or does not answer{answered}", hint=_UNREACHABLE)


def _denied(bucket: str, code: str) -> AccessDeniedError:
    return AccessDeniedError(
        f"S3 refused access to bucket {bucket} ({code or 'AccessDenied'})",
        hint="the key needs s3:ListBucket on the bucket, and s3:GetObject and s3:PutObject on its objects",
    )


def _no_bucket(bucket: str) -> NotFoundError:
    return NotFoundError(f"there is no bucket {bucket}", hint=_CHECK_BUCKET)


def no_bucket(bucket: str, others: Sequence[str]) -> NotFoundError:
    """The error for a missing bucket, with the nearest of those that there are."""
    near = get_close_matches(bucket, others, n=1)
    return NotFoundError(f"there is no bucket {bucket}", hint=f"did you mean {near[0]!r}?" if near else _CHECK_BUCKET)


def no_s3(endpoint_url: str | None) -> DataError:
    """The error for a server that answers, and not as S3 does."""
    where = endpoint_url or "the endpoint"
    return DataError(f"what answers at {where} is no S3", hint="check s3.endpoint_url: host, port, and http or https")
