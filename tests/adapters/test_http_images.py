"""Downloads from the lab's image host and from raw sockets: every fault, every status, redirects, connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from opsctl.adapters.http_images import HOPS, HttpImages, open_http_images
from opsctl.lab.image_faults import FAULTS, Outcome
from opsctl.lab.image_host import ImageHost, serve_images
from opsctl.lab.picture_paths import picture_at, sign_target
from opsctl.lab.sample_data import PLACEHOLDER_SHA256
from opsctl.migration.clock import SystemClock
from opsctl.migration.models import (
    Download,
    FailureClass,
    FetchFailure,
    ImageRef,
    PlannedImage,
    StoredImage,
    TransferLimits,
)
from opsctl.migration.patience import Patience
from opsctl.migration.politeness import HostBudgets
from opsctl.migration.transfer import Transfer
from tests.adapters.image_hosts import SETTINGS, fail
from tests.adapters.raw_host import serve_raw
from tests.fakes.objects import FakeObjects
from tests.fakes.wire import Wire
from tests.fakes.world import LAYOUT


async def hold_nothing() -> None:
    """The lease of a transfer that belongs to no run."""


@pytest.fixture
async def host() -> AsyncIterator[ImageHost]:
    async with serve_images(trickle_seconds=4.0) as running:
        yield running


@pytest.fixture
async def source() -> AsyncIterator[HttpImages]:
    async with open_http_images(SETTINGS) as opened:
        yield opened


class TestFaults:
    async def test_every_fault_ends_as_it_should(self, host: ImageHost, source: HttpImages) -> None:
        found = await self.move(source, host, [name for name in FAULTS if name != "trickle-then-ok"], 120.0)
        assert found == {name: fault.outcome for name, fault in FAULTS.items() if name != "trickle-then-ok"}

    async def test_a_trickle_is_given_up_and_tried_again(self, source: HttpImages) -> None:
        """The only fault that ends by the time that a try may take: short for a trickle, long for the next tries."""
        async with serve_images(trickle_seconds=3600) as host:
            assert await self.move(source, host, ["trickle-then-ok"], 4.0) == {"trickle-then-ok": Outcome.STORED}

    async def move(
        self, source: HttpImages, host: ImageHost, names: Sequence[str], timeout_seconds: float
    ) -> dict[str, Outcome]:
        """Whole transfers, three tries each: the table of faults says what becomes of them."""
        limits = TransferLimits(
            per_host_concurrency=64,
            per_host_rate=0,
            timeout_seconds=timeout_seconds,
            retry_base_seconds=0.05,
            placeholder_sha256=frozenset({PLACEHOLDER_SHA256}),
        )
        clock, stop = SystemClock(), asyncio.Event()
        transfer = Transfer(
            source=source,
            objects=FakeObjects(Wire(), clock),
            layout=LAYOUT,
            limits=limits,
            budgets=HostBudgets(limits, clock, stop),
            patience=Patience(5.0, clock, stop),
            clock=clock,
            stop=stop,
            slots=asyncio.Semaphore(64),
            hold_lease=hold_nothing,
        )
        images = []
        for name in names:
            url = f"{host.base_url}/fault/{name}/car.jpg"
            images.append(PlannedImage(ImageRef("exterior", None, url), url))
        results = await asyncio.gather(
            *(transfer.move(name, "v", [i], {}) for name, i in zip(names, images, strict=True))
        )
        return {
            name: Outcome.STORED if isinstance(result, StoredImage) else Outcome(result.failure_class.value)
            for name, [result] in zip(names, results, strict=True)
        }

    async def test_a_trickle_is_cut_off_by_the_callers_deadline(self, host: ImageHost, source: HttpImages) -> None:
        url = f"{host.base_url}/fault/trickle-then-ok/x.jpg"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await source.fetch(url)
        assert isinstance(await source.fetch(url), Download), "the connection that was given up is not used again"

    @pytest.mark.parametrize(("name", "text"), [("too-large", " bytes"), ("too-large-chunked", "more than")])
    async def test_too_large(self, host: ImageHost, source: HttpImages, name: str, text: str) -> None:
        failure = await fail(source, f"{host.base_url}/fault/{name}/x.jpg")
        assert failure.failure_class is FailureClass.TOO_LARGE
        assert text in failure.detail

    async def test_exactly_as_large_as_allowed(self, host: ImageHost) -> None:
        for path in ("/img/x.jpg", "/fault/chunked/x.jpg"):
            size_bytes = len(picture_at(path).body)
            for max_bytes, expected in ((size_bytes, Download), (size_bytes - 1, FetchFailure)):
                async with open_http_images(replace(SETTINGS, max_bytes=max_bytes)) as source:
                    assert isinstance(await source.fetch(f"{host.base_url}{path}"), expected), (path, max_bytes)

    async def test_a_compressed_body_is_unpacked(self, host: ImageHost, source: HttpImages) -> None:
        result = await source.fetch(f"{host.base_url}/fault/gzip/x.png")
        assert result == Download(picture_at("/fault/gzip/x.png").body)

    async def test_an_unframed_body_says_so(self, host: ImageHost, source: HttpImages) -> None:
        result = await source.fetch(f"{host.base_url}/fault/unframed/x.jpg")
        assert isinstance(result, Download)
        assert (result.is_framed, result.body) == (False, picture_at("/fault/unframed/x.jpg").body)

    async def test_a_host_that_hangs_up_or_is_not_there(self, source: HttpImages) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            failure = await fail(source, f"http://127.0.0.1:{closed.getsockname()[1]}/x")
        assert (failure.failure_class, failure.detail) == (
            FailureClass.LATER,
            "the connection failed (ClientConnectorError)",
        )
        async with serve_raw(b"") as raw:
            assert (await fail(source, f"http://127.0.0.1:{raw.port}/x")).failure_class is FailureClass.LATER

    @pytest.mark.parametrize(
        "answer",
        [
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 100_000 + b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ],
    )
    async def test_an_answer_that_is_no_http(self, source: HttpImages, answer: bytes) -> None:
        async with serve_raw(answer) as raw:
            assert (await fail(source, f"http://127.0.0.1:{raw.port}/x")).failure_class is FailureClass.LATER


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (404, FailureClass.GONE),
            (410, FailureClass.GONE),
            (400, FailureClass.REFUSED),
            (401, FailureClass.REFUSED),
            (403, FailureClass.REFUSED),
            (451, FailureClass.REFUSED),
            (204, FailureClass.REFUSED),
            (206, FailureClass.REFUSED),
            (304, FailureClass.REFUSED),
            (408, FailureClass.LATER),
            (425, FailureClass.LATER),
            (429, FailureClass.LATER),
            (500, FailureClass.LATER),
            (503, FailureClass.LATER),
            (599, FailureClass.LATER),
        ],
    )
    async def test_classes(self, source: HttpImages, status: int, expected: FailureClass) -> None:
        async with serve_raw(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status) as raw:
            failure = await fail(source, f"http://127.0.0.1:{raw.port}/x")
        assert (failure.failure_class, failure.detail) == (expected, f"HTTP {status}")
        assert failure.is_throttle == (status in (429, 503))

    @pytest.mark.parametrize(
        ("value", "least", "most"),
        [
            ("0", 0, 0),
            (" 17 ", 17, 17),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
            ("Fri, 31 Dec 2099 23:59:59 GMT", 1e8, 1e10),
        ],
    )
    async def test_retry_after(self, source: HttpImages, value: str, least: float, most: float) -> None:
        failure = await self.throttle(source, value.encode())
        assert failure.retry_after_seconds is not None
        assert least <= failure.retry_after_seconds <= most

    @pytest.mark.parametrize(
        "value", ["", "-5", "1.5", "soon", "²", "٣", "Fri, 99 Dec 99999 99:99:99 GMT", "Mon, 1 Jan 0001 00:00:00 +2359"]
    )
    async def test_advice_that_cannot_be_read_is_none(self, source: HttpImages, value: str) -> None:
        failure = await self.throttle(source, value.encode())
        assert (failure.failure_class, failure.detail) == (FailureClass.LATER, "HTTP 429")
        assert failure.retry_after_seconds in (None, 0.0)

    async def test_a_number_beyond_all_clocks(self, source: HttpImages) -> None:
        assert (await self.throttle(source, b"9" * 400)).failure_class is FailureClass.LATER

    async def throttle(self, source: HttpImages, value: bytes) -> FetchFailure:
        answer = b"HTTP/1.1 429 X\r\nRetry-After: " + value + b"\r\nContent-Length: 0\r\n\r\n"
        async with serve_raw(answer) as raw:
            return await fail(source, f"http://127.0.0.1:{raw.port}/x")


class TestRedirects:
    async def redirect(self, source: HttpImages, location: bytes) -> FetchFailure:
        answer = b"HTTP/1.1 302 X\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        async with serve_raw(answer) as raw:
            return await fail(source, f"http://127.0.0.1:{raw.port}/x")

    @pytest.mark.parametrize("location", [b"ftp://x/y", b"file:///etc/passwd", b"javascript:x", b"http://[::1"])
    async def test_to_what_is_no_address(self, source: HttpImages, location: bytes) -> None:
        assert (await self.redirect(source, location)).failure_class is FailureClass.BAD_URL

    async def test_without_a_location(self, source: HttpImages) -> None:
        assert (await self.redirect(source, b"")).failure_class is FailureClass.REFUSED

    async def test_to_itself(self, source: HttpImages) -> None:
        answer = b"HTTP/1.1 302 X\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        async with serve_raw(answer) as raw:
            failure = await fail(source, f"http://127.0.0.1:{raw.port}/x")
            assert (failure.failure_class, len(raw.requests)) == (FailureClass.REFUSED, HOPS + 1)

    async def test_with_korean_letters(self, host: ImageHost, source: HttpImages) -> None:
        location = f"{host.base_url}/img/아반떼 정면.jpg".encode()
        answer = b"HTTP/1.1 301 X\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        async with serve_raw(answer) as raw:
            assert isinstance(await source.fetch(f"http://127.0.0.1:{raw.port}/x"), Download)


class TestConnections:
    async def test_every_request_arrives_once(self, host: ImageHost, source: HttpImages) -> None:
        for number in range(10):
            assert isinstance(await source.fetch(f"{host.base_url}/img/{number}.jpg"), Download)
        assert sum(host.requests.values()) == 10

    async def test_one_connection_serves_many_requests(self, source: HttpImages) -> None:
        opened = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal opened
            opened += 1
            while await reader.readline():
                while (await reader.readline()).strip():
                    pass
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            for _ in range(10):
                assert await source.fetch(f"http://127.0.0.1:{port}/x") == Download(b"hi")
        assert opened == 1

    async def test_what_is_sent(self, source: HttpImages) -> None:
        async with serve_raw(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n") as raw:
            await source.fetch(f"http://user:p%40ss@127.0.0.1:{raw.port}/a%2Fb?q=%7e")
        [head] = raw.requests
        lines = head.decode().split("\r\n")
        assert lines[0] == "GET /a%2Fb?q=%7e HTTP/1.1"
        assert "User-Agent: opsctl-test/1 (+contact)" in lines
        assert "Accept-Encoding: identity" in lines
        assert "Authorization: Basic dXNlcjpwQHNz" in lines
        assert not any(line.lower().startswith("cookie") for line in lines)

    async def test_signed_addresses_arrive_to_the_letter(self, host: ImageHost, source: HttpImages) -> None:
        target = sign_target("/signed/x.jpg?X-Amz-Credential=AKIA%2F20251223%2Fs3&a=~'()*", secret="s")
        assert isinstance(await source.fetch(host.base_url + target), Download)


async def test_no_detail_repeats_the_address(host: ImageHost, source: HttpImages) -> None:
    base = host.base_url.replace("http://", "http://user:canary-s3cr3t@")
    for url in [f"{base}/fault/{name}/canary-s3cr3t.jpg" for name in FAULTS if not FAULTS[name].costly] + [
        "http://canary-s3cr3t.invalid/x",
        "http://10.0.0.1/canary-s3cr3t",
    ]:
        result = await source.fetch(url)
        if isinstance(result, FetchFailure):
            assert "canary-s3cr3t" not in result.detail
