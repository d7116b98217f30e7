"""What opsctl relies on in an S3, asked of every server that can be had. Import the names of this module into a test
module; the fixture `s3_target` says which servers are asked.

versitygw keeps objects as files, so a key may not be the folder of another, nor hold a segment over 255 bytes; where a
test touches that, it says what such a server must do instead.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError
from obstore.store import S3Store

from tests.contract.s3_clients import boto3_client, obstore_store, send_signed
from tests.servers.launch import S3Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from obstore import ObjectMeta

BODY = bytes(range(256)) * 400
ODD_KEYS = (
    "images/현대 아반떼/흰색/0001.jpg",
    "images/a b/c+d&e=f;g:h@i,j$k.jpg",
    "images/100%/%41%2F%20.jpg",
    "images/what?/#frag.jpg",
    "images/'quotes\" (and) [brackets]!*~.jpg",
    "images/e\u0301/\u00e9.jpg",
    "images/🚗.jpg",
    "images/<tag>&amp;.jpg",
)


@pytest.fixture
def client(s3_target: S3Target) -> S3Client:
    return boto3_client(s3_target)


@pytest.fixture
def bucket(client: S3Client) -> Iterator[str]:
    """An empty bucket, removed afterwards with all that is in it."""
    name = f"opsctl-test-{uuid.uuid4().hex[:20]}"
    client.create_bucket(Bucket=name)
    yield name
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        keys = [entry["Key"] for entry in page.get("Contents", [])]
        if keys:
            gone = client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in keys]})
            assert gone.get("Errors", []) == []
    client.delete_bucket(Bucket=name)


@pytest.fixture
def store(s3_target: S3Target, bucket: str) -> S3Store:
    return obstore_store(s3_target, bucket)


class TestChecksums:
    def test_a_right_sha256_is_kept_and_told(self, client: S3Client, bucket: str) -> None:
        client.put_object(
            Bucket=bucket,
            Key="a",
            Body=BODY,
            ChecksumSHA256=sha256_of(BODY),
            ContentType="image/jpeg",
            Metadata={"run": "r1"},
        )
        head = client.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
        assert head["ChecksumSHA256"] == sha256_of(BODY)
        assert head["ETag"].strip('"') == hashlib.md5(BODY, usedforsecurity=False).hexdigest()
        assert (head["ContentLength"], head["ContentType"], head["Metadata"]) == (
            len(BODY),
            "image/jpeg",
            {"run": "r1"},
        )
        assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == BODY

    def test_the_sha256_of_obstore_is_kept_and_told(self, client: S3Client, store: S3Store, bucket: str) -> None:
        store.put("a", BODY, mode="create", attributes={"Content-Type": "image/webp"})
        head = client.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
        assert (head["ChecksumSHA256"], head["ContentType"]) == (sha256_of(BODY), "image/webp")

    def test_a_wrong_sha256_is_refused_and_nothing_stored(self, client: S3Client, bucket: str) -> None:
        def put() -> None:
            client.put_object(Bucket=bucket, Key="a", Body=BODY, ChecksumSHA256=sha256_of(b"other"))

        assert status_of(put) == 400
        assert status_of(lambda: client.head_object(Bucket=bucket, Key="a")) == 404

    def test_a_wrong_md5_is_refused_and_nothing_stored(self, client: S3Client, bucket: str) -> None:
        md5 = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
        assert status_of(lambda: client.put_object(Bucket=bucket, Key="a", Body=BODY, ContentMD5=md5)) == 400
        assert status_of(lambda: client.head_object(Bucket=bucket, Key="a")) == 404

    def test_a_body_that_is_not_the_signed_one_is_refused(
        self, s3_target: S3Target, client: S3Client, bucket: str
    ) -> None:
        other = hashlib.sha256(b"other").hexdigest()
        assert send_signed(s3_target, "PUT", f"/{bucket}/a", BODY, payload_hash=other) == 400
        assert status_of(lambda: client.head_object(Bucket=bucket, Key="a")) == 404
        right = hashlib.sha256(BODY).hexdigest()
        assert send_signed(s3_target, "PUT", f"/{bucket}/a", BODY, payload_hash=right) == 200

    @pytest.mark.parametrize("size_bytes", [0, 1, 12_000_000])
    def test_bodies_of_any_size(self, client: S3Client, store: S3Store, bucket: str, size_bytes: int) -> None:
        body = os.urandom(size_bytes)
        store.put("a", body, mode="create", use_multipart=False)
        assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == body
        head = client.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
        assert (head["ContentLength"], head["ChecksumSHA256"]) == (size_bytes, sha256_of(body))


class TestConditionalWrites:
    def test_an_existing_key_is_412_and_stays_as_it_is(self, client: S3Client, store: S3Store, bucket: str) -> None:
        client.put_object(Bucket=bucket, Key="a", Body=b"first", IfNoneMatch="*")
        assert status_of(lambda: client.put_object(Bucket=bucket, Key="a", Body=b"second", IfNoneMatch="*")) == 412
        with pytest.raises(AlreadyExistsError):
            store.put("a", b"third", mode="create")
        assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"first"

    def test_of_64_racing_clients_one_wins(self, client: S3Client, bucket: str) -> None:
        def put(number: int) -> int:
            return status_of(lambda: client.put_object(Bucket=bucket, Key="race", Body=b"%d" % number, IfNoneMatch="*"))

        with ThreadPoolExecutor(64) as racers:
            statuses = list(racers.map(put, range(64)))
        winners = [number for number, status in enumerate(statuses) if status == 200]
        assert len(winners) == 1
        # 409 is S3's word for "another conditional write of this key is on its way".
        assert set(statuses) <= {200, 412, 409}
        assert client.get_object(Bucket=bucket, Key="race")["Body"].read() == b"%d" % winners[0]

    async def test_of_64_racing_uploads_of_obstore_one_wins(
        self, client: S3Client, store: S3Store, bucket: str
    ) -> None:
        async def put(number: int) -> bool:
            try:
                await store.put_async("race", b"%d" % number + BODY, mode="create")
            except AlreadyExistsError:
                return False
            return True

        won = await asyncio.gather(*(put(number) for number in range(64)))
        assert sum(won) == 1
        stored = client.get_object(Bucket=bucket, Key="race")["Body"].read()
        assert stored == b"%d" % won.index(True) + BODY


class TestCredentials:
    def test_a_wrong_secret_is_403(self, s3_target: S3Target, bucket: str) -> None:
        client = boto3_client(s3_target, secret="wrong")
        assert error_of(lambda: client.put_object(Bucket=bucket, Key="a", Body=b"")) == (403, "SignatureDoesNotMatch")
        assert status_of(lambda: client.head_object(Bucket=bucket, Key="a")) == 403
        store = obstore_store(s3_target, bucket, secret="wrong")
        with pytest.raises(PermissionDeniedError):
            store.put("a", b"", mode="create")
        # A listing is refused too, but obstore has no word of its own for that.
        with pytest.raises(GenericError, match="SignatureDoesNotMatch"):
            store.list().collect()

    def test_an_unknown_key_is_403(self, s3_target: S3Target, bucket: str) -> None:
        client = boto3_client(s3_target, access_key_id="AKIAUNKNOWN")
        assert error_of(lambda: client.list_objects_v2(Bucket=bucket)) == (403, "InvalidAccessKeyId")
        with pytest.raises(PermissionDeniedError):
            obstore_store(s3_target, bucket, access_key_id="AKIAUNKNOWN").put("a", b"", mode="create")

    def test_an_unsigned_request_is_refused(self, s3_target: S3Target, client: S3Client, bucket: str) -> None:
        client.put_object(Bucket=bucket, Key="a", Body=b"secret")
        assert status_of_url(f"{s3_target.endpoint_url}/{bucket}/a") == 403

    def test_a_clock_that_is_two_hours_off_is_403(self, s3_target: S3Target, bucket: str) -> None:
        empty = hashlib.sha256(b"").hexdigest()
        for offset in (timedelta(hours=-2), timedelta(hours=2)):
            signed_at = datetime.now(UTC) + offset
            assert send_signed(s3_target, "GET", f"/{bucket}", b"", payload_hash=empty, signed_at=signed_at) == 403

    def test_presigned_addresses(self, client: S3Client, bucket: str) -> None:
        client.put_object(Bucket=bucket, Key="a b/현대.jpg", Body=b"content")
        url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b/현대.jpg"})
        with urllib.request.urlopen(url, timeout=120) as response:
            assert response.read() == b"content"
        assert status_of_url(url.replace("X-Amz-Signature=", "X-Amz-Signature=0")) == 403
        put_url = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "by-url"})
        assert status_of_url(put_url, method="PUT", body=b"uploaded") == 200
        assert client.get_object(Bucket=bucket, Key="by-url")["Body"].read() == b"uploaded"


class TestWhatIsMissing:
    def test_a_missing_bucket_is_404(self, s3_target: S3Target, client: S3Client) -> None:
        name = f"opsctl-absent-{uuid.uuid4().hex[:12]}"
        assert error_of(lambda: client.put_object(Bucket=name, Key="a", Body=b"")) == (404, "NoSuchBucket")
        assert error_of(lambda: client.list_objects_v2(Bucket=name)) == (404, "NoSuchBucket")
        assert status_of(lambda: client.head_bucket(Bucket=name)) == 404
        # obstore does not tell a missing bucket from a missing object.
        with pytest.raises(FileNotFoundError):
            obstore_store(s3_target, name).put("a", b"", mode="create")
        with pytest.raises(FileNotFoundError):
            obstore_store(s3_target, name).head("a")
        with pytest.raises(GenericError, match="NoSuchBucket"):
            obstore_store(s3_target, name).list().collect()

    def test_a_missing_key_is_404(self, client: S3Client, store: S3Store, bucket: str) -> None:
        assert error_of(lambda: client.get_object(Bucket=bucket, Key="absent")) == (404, "NoSuchKey")
        assert status_of(lambda: client.head_object(Bucket=bucket, Key="absent")) == 404
        with pytest.raises(FileNotFoundError):
            store.head("absent")

    def test_deleting_a_missing_key_is_no_error(self, client: S3Client, bucket: str) -> None:
        assert status_of(lambda: client.delete_object(Bucket=bucket, Key="absent")) == 204


class TestKeys:
    @pytest.mark.parametrize("key", ODD_KEYS)
    def test_odd_keys_mean_the_same_to_both_clients(
        self, client: S3Client, store: S3Store, bucket: str, key: str
    ) -> None:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert listed(client, bucket) == [key]
        assert paths(store.list().collect()) == [key]
        assert bytes(store.get(key).bytes()) == key.encode()
        client.delete_object(Bucket=bucket, Key=key)
        store.put(key, b"again", mode="create")
        assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == b"again"
        assert client.head_object(Bucket=bucket, Key=key)["ContentLength"] == 5
        assert listed(client, bucket, prefix=key[: key.rindex("/") + 2]) == [key]

    def test_a_key_beside_the_folder_of_its_name(self, s3_target: S3Target, client: S3Client, bucket: str) -> None:
        client.put_object(Bucket=bucket, Key="p", Body=b"1")
        if s3_target.has_flat_keys:
            client.put_object(Bucket=bucket, Key="p/q", Body=b"2")
            assert listed(client, bucket) == ["p", "p/q"]
        else:
            assert status_of(lambda: client.put_object(Bucket=bucket, Key="p/q", Body=b"2")) >= 400
            assert listed(client, bucket) == ["p"]

    def test_a_segment_of_900_characters(self, s3_target: S3Target, client: S3Client, bucket: str) -> None:
        key = "k" * 900
        if s3_target.has_flat_keys:
            client.put_object(Bucket=bucket, Key=key, Body=b"1")
            assert listed(client, bucket) == [key]
        else:
            assert status_of(lambda: client.put_object(Bucket=bucket, Key=key, Body=b"1")) >= 400


class TestListing:
    KEYS = ("ab-1/x", "ab/x", "ab/y", "abc/x", "가/1", "가/2", "나/1", "z", "\U0001f697", "\uff21")

    @pytest.fixture
    def filled(self, store: S3Store, bucket: str) -> str:
        for key in self.KEYS:
            store.put(key, b"1", mode="create")
        return bucket

    def test_keys_come_in_the_order_of_their_bytes(self, client: S3Client, store: S3Store, filled: str) -> None:
        in_order = sorted(self.KEYS, key=str.encode)
        assert listed(client, filled) == in_order
        assert paths(store.list().collect()) == in_order

    def test_start_after_is_exclusive_and_need_not_exist(self, client: S3Client, store: S3Store, filled: str) -> None:
        in_order = sorted(self.KEYS, key=str.encode)
        for start in (*in_order, "", "ab", "ab/", "ab/xx", "가", "zzz"):
            rest = [key for key in in_order if key.encode() > start.encode()]
            assert listed(client, filled, start_after=start) == rest
            if start and not start.endswith("/"):
                assert paths(store.list(offset=start).collect()) == rest

    @pytest.mark.usefixtures("filled")
    def test_what_obstore_makes_of_a_prefix_and_an_offset(self, store: S3Store) -> None:
        # A prefix is whole folders, and a slash at the end of an offset is dropped: "ab/" starts where "ab" does.
        assert paths(store.list("ab").collect()) == ["ab/x", "ab/y"]
        assert paths(store.list("ab/x").collect()) == []
        assert paths(store.list(offset="ab/").collect())[:2] == ["ab-1/x", "ab/x"]

    def test_a_prefix_is_text_not_a_folder(self, client: S3Client, filled: str) -> None:
        assert listed(client, filled, prefix="ab") == ["ab-1/x", "ab/x", "ab/y", "abc/x"]
        assert listed(client, filled, prefix="ab/") == ["ab/x", "ab/y"]
        assert listed(client, filled, prefix="가/1") == ["가/1"]
        assert listed(client, filled, prefix="absent") == []

    def test_prefix_and_start_after_together(self, client: S3Client, filled: str) -> None:
        assert listed(client, filled, prefix="ab/", start_after="ab/x") == ["ab/y"]
        assert listed(client, filled, prefix="ab/", start_after="가") == []

    @pytest.mark.parametrize("page_size", [1, 3, 1000])
    def test_pages_join_without_gap_or_repeat(self, client: S3Client, filled: str, page_size: int) -> None:
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=filled, PaginationConfig={"PageSize": page_size}
        )
        keys = [[entry["Key"] for entry in page.get("Contents", [])] for page in pages]
        assert [key for page in keys for key in page] == sorted(self.KEYS, key=str.encode)
        assert max(map(len, keys)) == min(page_size, len(self.KEYS))

    def test_more_keys_than_one_page_holds(self, client: S3Client, store: S3Store, bucket: str) -> None:
        keys = [f"many/{number:04d}" for number in range(1005)]

        async def fill() -> None:
            await asyncio.gather(*(store.put_async(key, b"", mode="create") for key in keys))

        asyncio.run(fill())
        first = client.list_objects_v2(Bucket=bucket, Prefix="many/")
        assert (first["KeyCount"], first["IsTruncated"]) == (1000, True)
        rest = client.list_objects_v2(Bucket=bucket, Prefix="many/", ContinuationToken=first["NextContinuationToken"])
        assert [entry["Key"] for entry in first["Contents"] + rest["Contents"]] == keys
        assert paths(store.list("many/").collect()) == keys

    def test_an_entry_tells_size_and_time(self, client: S3Client, filled: str) -> None:
        entry = client.list_objects_v2(Bucket=filled, Prefix="z")["Contents"][0]
        head = client.head_object(Bucket=filled, Key="z")
        assert entry["Size"] == 1
        assert entry["LastModified"].tzinfo is not None
        assert entry["LastModified"].replace(microsecond=0) == head["LastModified"]


def paths(entries: Iterable[ObjectMeta]) -> list[str]:
    return [entry["path"] for entry in entries]


def sha256_of(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def listed(client: S3Client, bucket: str, *, prefix: str = "", start_after: str = "") -> list[str]:
    page = client.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=start_after)
    assert not page["IsTruncated"]
    return [entry["Key"] for entry in page.get("Contents", [])]


def status_of(call: Callable[[], object]) -> int:
    """The HTTP status with which the call ended."""
    try:
        answer = call()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    assert isinstance(answer, dict)
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def error_of(call: Callable[[], object]) -> tuple[int, str]:
    """The HTTP status and the error code with which the call was refused."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def status_of_url(url: str, *, method: str = "GET", body: bytes | None = None) -> int:
    request = urllib.request.Request(url, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
