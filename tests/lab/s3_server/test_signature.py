"""Which signatures are believed, and with which error the others are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.lab.s3_server.messages import RefusedRequestError, S3Request
from opsctl.lab.s3_server.signature import AccessKey, check_signature
from tests.lab.s3_server.signing import KEY, NOW, REGION, presigned, signed


def check(request: S3Request) -> None:
    check_signature(request, KEY, REGION, NOW)


def refusal(request: S3Request) -> tuple[int, str]:
    with pytest.raises(RefusedRequestError) as caught:
        check(request)
    assert KEY.secret_access_key not in caught.value.message
    return int(caught.value.status), caught.value.code


def with_header(request: S3Request, name: str, value: str) -> S3Request:
    return replace(request, headers={**request.headers, name: value})


def test_a_right_signature_is_believed() -> None:
    check(signed("GET", "/"))
    check(signed("PUT", "/bucket/key", b"body", content_type="image/jpeg", x_amz_checksum_sha256="abc"))
    check(signed("GET", "/bucket?list-type=2&prefix=a%2Fb&start-after=c%20d"))


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_key_can_be_signed(key: str) -> None:
    in_path, in_query = quote(key, safe="/-_.~"), quote(key, safe="-_.~")
    check(signed("GET", f"/bucket/{in_path}"))
    check(signed("GET", f"/bucket?prefix={in_query}&start-after={in_query}"))
    check(presigned("GET", f"/bucket/{in_path}"))


@pytest.mark.parametrize("target", ["/b/a+b(c)!*'", "/b/a%2bb", "/b/a%28c%29"])
def test_clients_may_escape_more_or_less_than_the_signature_does(target: str) -> None:
    canonical = {"/b/a+b(c)!*'": "/b/a%2Bb%28c%29%21%2A%27", "/b/a%2bb": "/b/a%2Bb", "/b/a%28c%29": "/b/a%28c%29"}
    request = signed("GET", canonical[target])
    check(replace(request, path=target))


def test_another_secret() -> None:
    assert refusal(signed("GET", "/", key=AccessKey("AKIATEST", "wrong"))) == (403, "SignatureDoesNotMatch")


def test_another_key() -> None:
    assert refusal(signed("GET", "/", key=AccessKey("AKIAOTHER", "x"))) == (403, "InvalidAccessKeyId")


def test_another_region() -> None:
    assert refusal(signed("GET", "/", region="ap-northeast-2")) == (400, "AuthorizationHeaderMalformed")


def test_no_signature() -> None:
    assert refusal(S3Request("GET", "/", "", {"host": "127.0.0.1"}, b"")) == (403, "AccessDenied")


@pytest.mark.parametrize("value", ["", "AWS abc:def", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a", "Bearer x"])
def test_a_header_that_is_no_signature(value: str) -> None:
    request = with_header(signed("GET", "/"), "authorization", value)
    assert refusal(request) == (400, "AuthorizationHeaderMalformed")


def test_no_payload_hash() -> None:
    request = signed("GET", "/")
    without = {name: value for name, value in request.headers.items() if name != "x-amz-content-sha256"}
    assert refusal(replace(request, headers=without)) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, method="DELETE"),
        lambda request: replace(request, path="/bucket/other"),
        lambda request: replace(request, query="prefix=other"),
        lambda request: replace(request, query=request.query + "&versionId=1"),
        lambda request: with_header(request, "host", "elsewhere"),
        lambda request: with_header(request, "x-amz-meta-run", "other"),
        lambda request: with_header(request, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
    ],
)
def test_any_change_on_the_way_breaks_it(change) -> None:  # type: ignore[no-untyped-def]
    request = signed("PUT", "/bucket/key?prefix=a", b"body", x_amz_meta_run="r1")
    check(request)
    assert refusal(change(request)) == (403, "SignatureDoesNotMatch")


def test_an_amz_header_that_is_not_signed() -> None:
    assert refusal(with_header(signed("PUT", "/b/k"), "x-amz-acl", "public-read")) == (403, "AccessDenied")


def test_a_signed_header_that_is_not_sent() -> None:
    request = signed("PUT", "/b/k", content_type="image/jpeg")
    without = {name: value for name, value in request.headers.items() if name != "content-type"}
    assert refusal(replace(request, headers=without)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("minutes", [-16, 16, 60 * 24 * 365])
def test_a_clock_that_is_off(minutes: int) -> None:
    assert refusal(signed("GET", "/", at=NOW + timedelta(minutes=minutes))) == (403, "RequestTimeTooSkewed")


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_off_a_little(minutes: int) -> None:
    check(signed("GET", "/", at=NOW + timedelta(minutes=minutes)))


def test_an_unreadable_date() -> None:
    assert refusal(with_header(signed("GET", "/"), "x-amz-date", "yesterday")) == (403, "AccessDenied")


def test_a_presigned_address_is_believed_until_it_expires() -> None:
    check(presigned("GET", "/bucket/key", at=NOW - timedelta(seconds=59)))
    assert refusal(presigned("GET", "/bucket/key", at=NOW - timedelta(seconds=61))) == (403, "AccessDenied")
    assert refusal(presigned("GET", "/bucket/key", at=NOW + timedelta(minutes=20))) == (403, "AccessDenied")


def test_a_presigned_address_is_for_one_method_and_one_object() -> None:
    request = presigned("GET", "/bucket/key")
    assert refusal(replace(request, method="PUT")) == (403, "SignatureDoesNotMatch")
    assert refusal(replace(request, path="/bucket/other")) == (403, "SignatureDoesNotMatch")
    longer = request.query.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")
    assert refusal(replace(request, query=longer)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("name", ["X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"])
def test_an_incomplete_presigned_address(name: str) -> None:
    request = presigned("GET", "/bucket/key")
    left = "&".join(pair for pair in request.query.split("&") if not pair.startswith(name))
    assert refusal(replace(request, query=left)) == (400, "AuthorizationQueryParametersError")
