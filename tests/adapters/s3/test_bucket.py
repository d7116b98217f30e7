"""The bucket: refusals, absences, foreign objects. The port itself is held in `tests/contract`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import traceback
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from opsctl.adapters.s3.bucket import Bucket, BucketAddress
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from tests.adapters.raw_host import serve_raw
from tests.contract.s3_clients import boto3_client
from tests.servers.launch import S3Target, refusing_port

CANARY = "canary-s3cr3t"
BODY = b"\xff\xd8\xff body"


async def put(bucket: Bucket) -> object:
    return await bucket.put_new("p/x.jpg", BODY, sha256=hashlib.sha256(BODY).hexdigest(), content_type="image/jpeg")


async def walk(bucket: Bucket) -> object:
    return [entry.key async for page in bucket.list("p/") for entry in page]


CALLS: dict[str, Callable[[Bucket], Awaitable[object]]] = {
    "check": lambda bucket: bucket.check(),
    "put": put,
    "list": walk,
    "head": lambda bucket: bucket.head("p/x.jpg"),
    "read": lambda bucket: bucket.read("p/x.jpg"),
}
EVERY_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture
async def address(s3_target: S3Target) -> AsyncIterator[BucketAddress]:
    """A bucket that is there, and empty."""
    name = f"opsctl-adapter-{uuid.uuid4().hex[:12]}"
    client = boto3_client(s3_target)
    await asyncio.to_thread(lambda: client.create_bucket(Bucket=name))
    keys = (s3_target.access_key_id, s3_target.secret_access_key)
    yield BucketAddress(name, s3_target.region, s3_target.endpoint_url, *keys)

    def remove() -> None:
        for entry in client.list_objects_v2(Bucket=name).get("Contents", []):
            client.delete_object(Bucket=name, Key=entry["Key"])
        client.delete_bucket(Bucket=name)

    await asyncio.to_thread(remove)


async def refuse(address: BucketAddress, call: Callable[[Bucket], Awaitable[object]]) -> OpsctlError:
    """The error of one call; nothing secret is in what it says, nor in the traceback that a log would hold."""
    bucket = Bucket(address)
    try:
        with pytest.raises(OpsctlError) as caught:
            await call(bucket)
    finally:
        bucket.close()
    assert CANARY not in f"{caught.value.message} {caught.value.hint}"
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return caught.value


class TestRefusals:
    @EVERY_CALL
    async def test_a_wrong_secret(self, address: BucketAddress, call: Callable[[Bucket], Awaitable[object]]) -> None:
        error = await refuse(replace(address, secret_access_key=CANARY), call)
        assert isinstance(error, AccessDeniedError)
        assert address.bucket in error.message

    @EVERY_CALL
    async def test_an_unknown_key(self, address: BucketAddress, call: Callable[[Bucket], Awaitable[object]]) -> None:
        error = await refuse(replace(address, access_key_id="AKIAUNKNOWN", secret_access_key=CANARY), call)
        assert isinstance(error, AccessDeniedError)

    @EVERY_CALL
    async def test_no_credentials_at_all(
        self,
        address: BucketAddress,
        call: Callable[[Bucket], Awaitable[object]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        error = await refuse(replace(address, access_key_id=None, secret_access_key=None), call)
        assert isinstance(error, AccessDeniedError)
        assert "credentials" in error.message


class TestAbsences:
    @pytest.mark.parametrize("call", [CALLS[name] for name in ("check", "put", "list", "read")])
    async def test_no_such_bucket(self, address: BucketAddress, call: Callable[[Bucket], Awaitable[object]]) -> None:
        error = await refuse(replace(address, bucket=f"{address.bucket}x"), call)
        assert isinstance(error, NotFoundError)
        assert f"{address.bucket}x" in error.message

    @EVERY_CALL
    async def test_nobody_listens(self, call: Callable[[Bucket], Awaitable[object]]) -> None:
        with refusing_port() as port:
            address = BucketAddress("b", "us-east-1", f"http://127.0.0.1:{port}", "AKIA", CANARY)
            async with asyncio.timeout(120):
                assert isinstance(await refuse(address, call), UnavailableError)

    @EVERY_CALL
    async def test_an_s3_that_is_out_of_order(self, call: Callable[[Bucket], Awaitable[object]]) -> None:
        async with serve_raw(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as raw:
            address = BucketAddress("b", "us-east-1", f"http://127.0.0.1:{raw.port}", "AKIA", CANARY)
            assert isinstance(await refuse(address, call), UnavailableError)

    async def test_what_answers_is_no_s3(self) -> None:
        page = b"<html>hello</html>"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        async with serve_raw(head % len(page) + page) as raw:
            address = BucketAddress("b", "us-east-1", f"http://127.0.0.1:{raw.port}", "AKIA", CANARY)
            assert isinstance(await refuse(address, CALLS["check"]), DataError | UnavailableError)

    async def test_a_page_of_another_server(self) -> None:
        """A proxy in between that answers for everything."""
        async with serve_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi") as raw:
            address = BucketAddress("b", "us-east-1", f"http://127.0.0.1:{raw.port}", "AKIA", CANARY)
            assert isinstance(await refuse(address, CALLS["list"]), DataError | UnavailableError)


class TestForeignObjects:
    async def test_folders_that_a_console_made(self, s3_target: S3Target, address: BucketAddress) -> None:
        """An empty object whose key ends with a slash stands for a folder; it is no image and no error."""
        client = boto3_client(s3_target)
        for key in ("p/", "p/sub/", "p/x.jpg"):
            body = b"" if key.endswith("/") else b"x"
            await asyncio.to_thread(client.put_object, Bucket=address.bucket, Key=key, Body=body)
        bucket = Bucket(address)
        keys = [entry.key async for page in bucket.list("p/") for entry in page]
        bucket.close()
        assert "p/x.jpg" in keys

    async def test_keys_that_no_path_would_have(self, s3_target: S3Target, address: BucketAddress) -> None:
        if not s3_target.has_flat_keys:
            return
        client = boto3_client(s3_target)
        keys = ["p/!", "p/a//b.jpg", "p/./c.jpg", "p/../d.jpg", "p/e\tf.jpg", "p/x.jpg", "p/\x7f", "p/가"]
        for key in keys:
            await asyncio.to_thread(client.put_object, Bucket=address.bucket, Key=key, Body=b"x")
        bucket = Bucket(address)
        found = [entry.key async for page in bucket.list("p/") for entry in page]
        bucket.close()
        assert found == sorted(keys, key=str.encode)


async def test_many_calls_at_once(address: BucketAddress) -> None:
    bucket = Bucket(address, connections=4)
    bodies = [b"%d" % number for number in range(60)]
    await asyncio.gather(
        *(
            bucket.put_new(f"p/{number}", body, sha256=hashlib.sha256(body).hexdigest(), content_type="image/png")
            for number, body in enumerate(bodies)
        )
    )
    assert await asyncio.gather(*(bucket.read(f"p/{number}") for number in range(60))) == bodies
    bucket.close()


async def test_each_thread_keeps_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    threads, waiting, all_wait = 32, 0, asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        while await reader.read(4096):
            waiting += 1
            if waiting > threads:
                all_wait.set()
            if waiting > 1:
                await all_wait.wait()
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bucket = Bucket(BucketAddress("b", "us-east-1", f"http://127.0.0.1:{port}", "id", "key"), connections=threads)
    try:
        # The client is made by the first call, which is answered at once.
        assert await bucket.head("p/first") is None
        found = await asyncio.wait_for(asyncio.gather(*(bucket.head(f"p/{n}") for n in range(threads))), 120)
        assert set(found) == {None}
    finally:
        bucket.close()
        # Not waited for: the client keeps its connections.
        server.close()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("urllib3")] == []
