"""What the headers say of the body is compared with the body."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.lab.s3_server.integrity import UNSIGNED_TRAILER, check_body
from opsctl.lab.s3_server.messages import RefusedRequestError, S3Request

# The check values that the definitions of the sums give for this text.
NINE_DIGITS = b"123456789"
KNOWN_SUMS = {
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": hashlib.sha1(NINE_DIGITS, usedforsecurity=False).hexdigest(),
    "sha256": hashlib.sha256(NINE_DIGITS).hexdigest(),
}


def put(body: bytes, **headers: str) -> S3Request:
    return S3Request("PUT", "/b/k", "", {name.replace("_", "-"): value for name, value in headers.items()}, body)


def refusal(request: S3Request) -> tuple[int, str]:
    with pytest.raises(RefusedRequestError) as caught:
        check_body(request)
    return int(caught.value.status), caught.value.code


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def chunked(content: bytes, chunk_bytes: int, trailer: str) -> bytes:
    chunks = [content[at : at + chunk_bytes] for at in range(0, len(content), chunk_bytes)]
    lines = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return b"".join(lines) + b"0\r\n" + trailer.encode() + b"\r\n\r\n"


@pytest.mark.parametrize(("algorithm", "expected"), KNOWN_SUMS.items())
def test_every_checksum_of_s3(algorithm: str, expected: str) -> None:
    right = base64_of(bytes.fromhex(expected))
    assert check_body(put(NINE_DIGITS, **{f"x-amz-checksum-{algorithm}": right})).checksum == (algorithm, right)
    assert refusal(put(b"123456780", **{f"x-amz-checksum-{algorithm}": right})) == (400, "BadDigest")


@pytest.mark.parametrize("value", ["", "abc", "not base64!", base64_of(b"too short"), "한글"])
def test_a_checksum_that_is_none(value: str) -> None:
    assert refusal(put(b"", x_amz_checksum_sha256=value)) == (400, "InvalidRequest")


def test_two_checksums() -> None:
    headers = {"x-amz-checksum-crc32": base64_of(b"\0" * 4), "x-amz-checksum-sha1": base64_of(b"\0" * 20)}
    assert refusal(put(b"", **headers)) == (400, "InvalidRequest")


def test_a_header_about_checksums_is_no_checksum() -> None:
    assert check_body(put(b"", x_amz_checksum_mode="ENABLED", x_amz_checksum_type="FULL_OBJECT")).checksum is None


def test_content_md5() -> None:
    right = base64_of(hashlib.md5(b"body", usedforsecurity=False).digest())
    assert check_body(put(b"body", content_md5=right)).content == b"body"
    assert refusal(put(b"bodx", content_md5=right)) == (400, "BadDigest")
    assert refusal(put(b"body", content_md5="abc")) == (400, "InvalidDigest")


def test_payload_hash() -> None:
    right = hashlib.sha256(b"body").hexdigest()
    assert check_body(put(b"body", x_amz_content_sha256=right)).content == b"body"
    assert refusal(put(b"bodx", x_amz_content_sha256=right)) == (400, "XAmzContentSHA256Mismatch")
    assert check_body(put(b"body", x_amz_content_sha256="UNSIGNED-PAYLOAD")).content == b"body"


def test_chunks_with_signatures_of_their_own_are_not_served() -> None:
    declared = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    assert refusal(put(b"", x_amz_content_sha256=declared)) == (501, "NotImplemented")


@given(st.binary(max_size=300), st.integers(1, 100))
def test_chunked_bodies_are_decoded_and_their_trailer_checked(content: bytes, chunk_bytes: int) -> None:
    right = base64_of(zlib.crc32(content).to_bytes(4, "big"))
    body = chunked(content, chunk_bytes, f"x-amz-checksum-crc32:{right}")
    checked = check_body(put(body, x_amz_content_sha256=UNSIGNED_TRAILER))
    assert (checked.content, checked.checksum) == (content, ("crc32", right))
    wrong = chunked(content + b"x", chunk_bytes, f"x-amz-checksum-crc32:{right}")
    assert refusal(put(wrong, x_amz_content_sha256=UNSIGNED_TRAILER)) == (400, "BadDigest")


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_chunked_body_that_is_cut_is_refused(content: bytes, data: st.DataObject) -> None:
    whole = chunked(content, 7, "x-amz-checksum-crc32:AAAAAA==")
    before_last = whole.index(b"0\r\nx-amz")
    cut = whole[: data.draw(st.integers(0, before_last))]
    assert refusal(put(cut, x_amz_content_sha256=UNSIGNED_TRAILER)) == (400, "IncompleteBody")
