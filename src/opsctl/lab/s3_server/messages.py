"""What passes between the parts of the S3 stand-in: a request as it came, a response, a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class S3Request:
    """One HTTP request. `path` and `query` are still percent-encoded, as on the wire; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def bucket(self) -> str | None:
        """The bucket's name, or None for the service itself. Only path-style addresses are served."""
        return unquote(self.path.split("/")[1]) or None

    @property
    def key(self) -> str | None:
        """The object's key, decoded, or None for a bucket or the service."""
        parts = self.path.split("/", 2)
        return unquote(parts[2]) or None if len(parts) > 2 else None

    def parameters(self) -> dict[str, str]:
        """The query, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class S3Response:
    """One HTTP response: the headers keep the order in which they are sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class RefusedRequestError(Exception):
    """The request is answered with an error of the S3 API, e.g. 403 SignatureDoesNotMatch."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def to_response(self, request: S3Request) -> S3Response:
        """The error document of the S3 API; without a body for HEAD."""
        document = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
            f"<Resource>{escape(request.path)}</Resource><RequestId>lab</RequestId></Error>"
        )
        body = b"" if request.method == "HEAD" else document.encode()
        return S3Response(int(self.status), (("Content-Type", "application/xml"),), body)
