"""Is the body what the headers say? Checksums, Content-MD5, x-amz-content-sha256, and the aws-chunked encoding.

Source of the rules: "Checking object integrity" in the Amazon S3 user guide, "Signature calculations: trailing headers"
in the API reference. Chunks that carry signatures of their own are answered with 501.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from opsctl.lab.s3_server.messages import RefusedRequestError, S3Request

UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHECKSUM = "x-amz-checksum-"


@dataclass(frozen=True, slots=True)
class CheckedBody:
    """The decoded body, and the checksum that came with it: algorithm in lower case, value in base64."""

    content: bytes
    checksum: tuple[str, str] | None


def check_body(request: S3Request) -> CheckedBody:
    """Decode the body and compare it with everything the request says of it; raises RefusedRequestError (400, 501)."""
    content, trailer = request.body, dict[str, str]()
    declared = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    if declared == UNSIGNED_TRAILER:
        content, trailer = _decode_chunks(request.body)
    elif re.fullmatch("[0-9a-f]{64}", declared):
        if hashlib.sha256(content).hexdigest() != declared:
            raise _bad_request("XAmzContentSHA256Mismatch", "The body's SHA-256 is not the x-amz-content-sha256 sent.")
    elif declared != "UNSIGNED-PAYLOAD":
        raise RefusedRequestError(
            HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"The body form {declared} is not served."
        )
    _check_md5(request.headers.get("content-md5"), content)
    return CheckedBody(content, _check_checksum({**request.headers, **trailer}, content))


def _check_md5(sent: str | None, content: bytes) -> None:
    if sent is None:
        return
    if len(_decode_base64(sent)) != 16:
        raise _bad_request("InvalidDigest", "The Content-MD5 is not a base64 MD5.")
    if _decode_base64(sent) != hashlib.md5(content, usedforsecurity=False).digest():
        raise _bad_request("BadDigest", "The body's MD5 is not the Content-MD5 sent.")


def _check_checksum(headers: Mapping[str, str], content: bytes) -> tuple[str, str] | None:
    sent = {name.removeprefix(_CHECKSUM): value for name, value in headers.items() if name.startswith(_CHECKSUM)}
    sent = {name: value for name, value in sent.items() if name in _DIGESTS}
    if not sent:
        return None
    if len(sent) > 1:
        raise _bad_request("InvalidRequest", "Expecting a single x-amz-checksum- header.")
    algorithm, value = next(iter(sent.items()))
    actual = _DIGESTS[algorithm](content)
    if len(_decode_base64(value)) != len(actual):
        raise _bad_request("InvalidRequest", f"Value for {_CHECKSUM}{algorithm} header is invalid.")
    if _decode_base64(value) != actual:
        raise _bad_request("BadDigest", f"The body's {algorithm.upper()} is not the {_CHECKSUM}{algorithm} sent.")
    return algorithm, value


def _decode_chunks(body: bytes) -> tuple[bytes, dict[str, str]]:
    """Undo aws-chunked: chunks of `SIZE in hex CRLF bytes CRLF`, a last one of size 0, then `name:value` lines."""
    chunks, position = [], 0
    try:
        while True:
            end = body.index(b"\r\n", position)
            size_bytes = int(body[position:end], 16)
            position = end + 2
            if size_bytes == 0:
                break
            chunks.append(body[position : position + size_bytes])
            position += size_bytes
            if body[position : position + 2] != b"\r\n":
                raise ValueError("a chunk does not end where it says")
            position += 2
    except ValueError as error:
        raise _bad_request("IncompleteBody", f"The chunked body cannot be read: {error}") from error
    lines = body[position:].decode("ascii", "replace").split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return b"".join(chunks), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _crc(content: bytes, polynomial: int, size_bytes: int) -> bytes:
    """A reflected CRC, byte by byte: slow, for the two sums that the standard library lacks."""
    table = _crc_table(polynomial)
    register = mask = (1 << 8 * size_bytes) - 1
    for byte in content:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return (register ^ mask).to_bytes(size_bytes, "big")


@cache
def _crc_table(polynomial: int) -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        return value

    return tuple(entry(value) for value in range(256))


_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "sha256": lambda content: hashlib.sha256(content).digest(),
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).digest(),
    "crc32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
    "crc32c": lambda content: _crc(content, 0x82F63B78, 4),
    "crc64nvme": lambda content: _crc(content, 0x9A6C9329AC4BC9B5, 8),
}


def _bad_request(code: str, message: str) -> RefusedRequestError:
    return RefusedRequestError(HTTPStatus.BAD_REQUEST, code, message)
