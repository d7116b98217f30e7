"""What stands before moto: check the signature, check the body, hand on, keep on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from opsctl.lab.s3_server import disk, objects
from opsctl.lab.s3_server.integrity import CheckedBody, check_body
from opsctl.lab.s3_server.messages import RefusedRequestError, S3Request, S3Response
from opsctl.lab.s3_server.signature import ALGORITHM, AccessKey, check_signature

# They say how the body travelled; moto would store some of them as metadata of the object.
_TRANSPORT_HEADERS = frozenset({"x-amz-content-sha256", "x-amz-decoded-content-length", "content-md5", "x-amz-trailer"})


@dataclass(frozen=True, slots=True)
class Front:
    """Answers one request at a time; call `respond` from one thread only."""

    key: AccessKey
    region: str
    data_folder: Path | None
    clock: Callable[[], datetime]

    def respond(self, request: S3Request) -> S3Response:
        """The answer of S3, errors of the API included."""
        try:
            check_signature(request, self.key, self.region, self.clock())
            checked = check_body(request)
        except RefusedRequestError as refusal:
            return refusal.to_response(request)
        trusted = self._trusted(request, checked)
        response = objects.answer(trusted)
        if self.data_folder is not None and _changes(request) and response.status < 300:
            disk.save_change(self.data_folder, trusted)
        return response

    def _trusted(self, request: S3Request, checked: CheckedBody) -> S3Request:
        """The request as moto should see it: plain body, checksum named, presigned or not all the same."""
        headers = {name: value for name, value in request.headers.items() if name not in _TRANSPORT_HEADERS}
        if checked.checksum is not None:
            algorithm, value = checked.checksum
            headers[f"x-amz-checksum-{algorithm}"] = value
            # moto keeps a checksum only when the algorithm is named beside it; not every client does.
            headers["x-amz-sdk-checksum-algorithm"] = algorithm.upper()
        _drop_chunked(headers)
        scope = f"{self.key.access_key_id}/{self.clock():%Y%m%d}/{self.region}/s3/aws4_request"
        headers["authorization"] = f"{ALGORITHM} Credential={scope}, SignedHeaders=host, Signature=checked"
        return replace(request, headers=headers, body=checked.content, query=_without_signature(request.query))


def _changes(request: S3Request) -> bool:
    if request.method == "PUT" and "uploadId" in request.parameters():
        return False
    return request.method in {"PUT", "POST", "DELETE"}


def _drop_chunked(headers: dict[str, str]) -> None:
    encodings = [name.strip() for name in headers.pop("content-encoding", "").split(",")]
    kept = [name for name in encodings if name and name != "aws-chunked"]
    if kept:
        headers["content-encoding"] = ",".join(kept)


def _without_signature(query: str) -> str:
    if "X-Amz-Signature" not in query:
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    signing = {"Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"}
    return urlencode([(name, value) for name, value in pairs if name.removeprefix("X-Amz-") not in signing])
