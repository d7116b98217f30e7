"""The image host as a client sees it: with aiohttp, and with a bare socket where a client would hide what happened."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from aiohttp import ClientPayloadError, ClientResponse, ClientSession, TooManyRedirects
from yarl import URL

from opsctl.lab.host_traffic import HostLoad
from opsctl.lab.image_faults import FAULTS, PRIVATE_LOCATIONS, TOO_LARGE_BYTES, Fault, Outcome, picture_behind
from opsctl.lab.image_host import CREDENTIALS, ImageHost, serve_images
from opsctl.lab.picture_paths import picture_at, sign_target
from opsctl.lab.pictures import draw_placeholder

RECOVERING_BY_STATUS = [name for name, fault in FAULTS.items() if fault.recovers and name[:3].isdigit()]
BREAKING = [name for name, fault in FAULTS.items() if fault.recovers and not name[:3].isdigit()]
ODD = [name for name, fault in FAULTS.items() if fault.is_odd_only]


@pytest.fixture
async def host() -> AsyncIterator[ImageHost]:
    async with serve_images(trickle_seconds=0.5) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


async def exchange_raw(host: ImageHost, request: str) -> bytes:
    """Send a request as it is, and return all bytes until the host closes. A reset raises ConnectionResetError."""
    url = URL(host.base_url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(request.encode())
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


def get_raw(target: str, *, close: bool = True) -> str:
    return f"GET {target} HTTP/1.1\r\nHost: pictures.test\r\n" + ("Connection: close\r\n\r\n" if close else "\r\n")


# What is right ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif"])
async def test_a_picture_comes_with_all_its_headers(host: ImageHost, session: ClientSession, suffix: str) -> None:
    picture = picture_at(f"/img/a.{suffix}")
    async with session.get(f"{host.base_url}/img/a.{suffix}") as response:
        assert response.status == 200
        assert await response.read() == picture.body
        assert response.headers["Content-Type"] == picture.content_type
        assert response.headers["Content-Length"] == str(len(picture.body))
        assert response.headers["ETag"] == picture.etag
        assert parsedate_to_datetime(response.headers["Last-Modified"]) < datetime.now(UTC)


async def test_one_connection_serves_many_requests(host: ImageHost) -> None:
    answer = await exchange_raw(host, get_raw("/img/1.jpg", close=False) + get_raw("/img/2.png"))
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert picture_at("/img/1.jpg").body in answer
    assert answer.endswith(picture_at("/img/2.png").body)


async def test_head_tells_the_length_without_the_body(host: ImageHost) -> None:
    answer = await exchange_raw(host, get_raw("/img/1.jpg").replace("GET", "HEAD", 1))
    assert f"Content-Length: {len(picture_at('/img/1.jpg').body)}\r\n".encode() in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_a_client_that_holds_the_picture_gets_no_second_copy(host: ImageHost, session: ClientSession) -> None:
    url = f"{host.base_url}/img/a.jpg"
    async with session.get(url) as first:
        tag, changed_at = first.headers["ETag"], first.headers["Last-Modified"]
    for condition in ({"If-None-Match": tag}, {"If-Modified-Since": changed_at}, {"If-None-Match": f'"x", {tag}'}):
        async with session.get(url, headers=condition) as response:
            assert (response.status, await response.read()) == (304, b"")
    for condition in ({"If-None-Match": '"x"'}, {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}):
        async with session.get(url, headers=condition) as response:
            assert response.status == 200


async def test_a_restarted_host_answers_the_same(session: ClientSession) -> None:
    bodies = []
    for _ in range(2):
        async with serve_images() as host, session.get(f"{host.base_url}/img/models/7.webp?w=300") as response:
            bodies.append((await response.read(), response.headers["ETag"], response.headers["Last-Modified"]))
    assert bodies[0] == bodies[1]


async def test_korean_letters_and_spaces_arrive_encoded(host: ImageHost, session: ClientSession) -> None:
    encoded = f"/img/{quote('사진/아반떼 1')}.jpg"
    async with session.get(f"{host.base_url}/img/사진/아반떼 1.jpg") as response:
        assert await response.read() == picture_at(encoded).body
    assert host.requests[encoded] == 1
    assert b" 400 " in (await exchange_raw(host, get_raw("/img/아반떼.jpg")))[:20]
    async with session.get(URL(f"{host.base_url}{quote(encoded)}", encoded=True)) as response:
        assert response.status == 404, "what is encoded twice does not exist"


async def test_signed_addresses_must_arrive_to_the_letter(host: ImageHost, session: ClientSession) -> None:
    target = sign_target("/signed/a.jpg?X-Amz-Credential=AKIA%2Fs3", secret="s3cr3t")
    for sent, status in ((target, 200), (target.replace("%2F", "/"), 403), (target[:-1], 403), ("/signed/a.jpg", 403)):
        async with session.get(URL(host.base_url + sent, encoded=True)) as response:
            assert response.status == status


async def test_private_pictures_need_their_password(host: ImageHost, session: ClientSession) -> None:
    url = f"{host.base_url}/private/a.jpg"
    with_password = url.replace("http://", f"http://{':'.join(CREDENTIALS)}@")
    for asked, status in ((url, 401), (with_password, 200), (with_password.replace("opsctl:", "other:"), 401)):
        async with session.get(asked) as response:
            assert response.status == status
    async with session.get(url, headers={"Authorization": "Bearer x"}) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "target", ["/", "/nothing", "/img2/a.jpg", "/fault/unknown/1.jpg", "/fault/404", "/hop/0/a.jpg"]
)
async def test_there_is_nothing_elsewhere(host: ImageHost, session: ClientSession, target: str) -> None:
    async with session.get(host.base_url + target) as response:
        assert response.status == 404


async def test_pictures_can_only_be_read(host: ImageHost, session: ClientSession) -> None:
    async with session.put(f"{host.base_url}/img/a.jpg", data=b"x") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


# Odd, but right -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ODD)
async def test_odd_answers_bring_the_picture(host: ImageHost, session: ClientSession, name: str) -> None:
    target = f"/fault/{name}/7.jpg"
    async with session.get(host.base_url + target) as response:
        assert response.status == 200
        assert await response.read() == picture_behind(target).body


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_relative(host: ImageHost, session: ClientSession, status: int) -> None:
    async with session.get(f"{host.base_url}/fault/redirect-{status}/deep/7.jpg", allow_redirects=False) as response:
        assert response.status == status
        location = response.headers["Location"]
        assert location.startswith("../")
        assert response.url.join(URL(location)) == URL(f"{host.base_url}/img/deep/7.jpg")


@pytest.mark.parametrize("hops", [3, 5, 6])
async def test_a_chain_has_as_many_redirects_as_its_name_says(
    host: ImageHost, session: ClientSession, hops: int
) -> None:
    async with session.get(f"{host.base_url}/fault/redirect-chain-{hops}/a/7.jpg") as response:
        assert len(response.history) == hops
        assert await response.read() == picture_at("/img/a/7.jpg").body


@pytest.mark.parametrize(
    ("name", "content_type", "magic"),
    [
        ("wrong-type", "application/octet-stream", b"\xff\xd8\xff"),
        ("html-type", "text/html; charset=utf-8", b"\xff\xd8\xff"),
        ("other-format", "image/jpeg", b"RIFF"),
    ],
)
async def test_the_declared_type_is_wrong_and_the_picture_right(
    host: ImageHost, session: ClientSession, name: str, content_type: str, magic: bytes
) -> None:
    async with session.get(f"{host.base_url}/fault/{name}/7.jpg") as response:
        assert response.headers["Content-Type"] == content_type
        assert (await response.read()).startswith(magic)


async def test_how_the_body_travels(host: ImageHost) -> None:
    packed = await exchange_raw(host, get_raw("/fault/gzip/7.jpg"))
    assert b"Content-Encoding: gzip\r\n" in packed
    assert b"\r\n\r\n\x1f\x8b" in packed
    chunked = await exchange_raw(host, get_raw("/fault/chunked/7.jpg"))
    assert b"Transfer-Encoding: chunked\r\n" in chunked
    assert b"Content-Length" not in chunked
    assert chunked.endswith(b"\r\n0\r\n\r\n")
    unframed = await exchange_raw(host, get_raw("/fault/unframed/7.jpg", close=False))
    head, _, body = unframed.partition(b"\r\n\r\n")
    assert b"Content-Length" not in head
    assert b"Transfer-Encoding" not in head
    assert body == picture_behind("/fault/unframed/7.jpg").body


# Right after another try --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECOVERING_BY_STATUS)
async def test_error_statuses_recover(host: ImageHost, session: ClientSession, name: str) -> None:
    target = f"/fault/{name}/7.jpg"
    for _ in range(FAULTS[name].failures):
        async with session.get(host.base_url + target) as response:
            assert response.status == int(name[:3])
    for _ in range(2):
        async with session.get(host.base_url + target) as response:
            assert response.status == 200
            assert await response.read() == picture_behind(target).body


async def test_a_throttled_client_is_told_when_to_come_back(host: ImageHost, session: ClientSession) -> None:
    async with session.get(f"{host.base_url}/fault/429-then-ok/7.jpg") as response:
        assert response.headers["Retry-After"] == "1"
    before = datetime.now(UTC)
    async with session.get(f"{host.base_url}/fault/429-date-then-ok/7.jpg") as response:
        wait = parsedate_to_datetime(response.headers["Retry-After"]) - before
        assert response.headers["Retry-After"].endswith(" GMT")
    assert 0 < wait.total_seconds() <= 10


@pytest.mark.parametrize("name", BREAKING)
async def test_broken_transfers_recover(host: ImageHost, session: ClientSession, name: str) -> None:
    target = f"/fault/{name}/7.jpg"
    picture = picture_behind(target)
    for _ in range(FAULTS[name].failures):
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await read_exactly(host, target, len(picture.body))
    async with session.get(host.base_url + target) as response:
        assert await response.read() == picture.body


async def read_exactly(host: ImageHost, target: str, length: int) -> bytes:
    """Read a whole body of `length` bytes after the head; raises when the connection ends before."""
    url = URL(host.base_url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(get_raw(target, close=False).encode())
        await reader.readuntil(b"\r\n\r\n")
        return await reader.readexactly(length)
    finally:
        writer.close()


async def test_a_failure_counts_for_its_own_address_only(host: ImageHost, session: ClientSession) -> None:
    statuses = []
    for file in ("1.jpg", "2.jpg", "1.jpg"):
        async with session.get(f"{host.base_url}/fault/500-then-ok/{file}") as response:
            statuses.append(response.status)
    assert statuses == [500, 500, 200]


@pytest.mark.parametrize("name", ["reset-then-ok", "reset-midway-then-ok"])
async def test_a_reset_is_a_reset(host: ImageHost, name: str) -> None:
    with pytest.raises(ConnectionResetError):
        await exchange_raw(host, get_raw(f"/fault/{name}/7.jpg"))


async def test_hanging_up_sends_nothing(host: ImageHost) -> None:
    assert await exchange_raw(host, get_raw("/fault/hang-up-then-ok/7.jpg")) == b""


@pytest.mark.parametrize("name", ["cut-then-ok", "trickle-then-ok"])
async def test_half_of_the_declared_length_arrives(host: ImageHost, name: str) -> None:
    target = f"/fault/{name}/7.jpg"
    answer = await exchange_raw(host, get_raw(target))
    head, _, body = answer.partition(b"\r\n\r\n")
    picture = picture_behind(target)
    assert f"Content-Length: {len(picture.body)}".encode() in head
    assert picture.body.startswith(body)
    assert len(picture.body) // 3 < len(body) <= len(picture.body) // 2


async def test_a_cut_chunked_body_lacks_its_last_chunk(host: ImageHost, session: ClientSession) -> None:
    answer = await exchange_raw(host, get_raw("/fault/cut-chunked-then-ok/7.jpg"))
    assert b"Transfer-Encoding: chunked\r\n" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    with pytest.raises(ClientPayloadError):
        async with session.get(f"{host.base_url}/fault/cut-chunked-then-ok/8.jpg") as response:
            await response.read()


async def test_a_trickle_ends_when_the_client_leaves() -> None:
    async with serve_images(trickle_seconds=3600) as host:
        async with ClientSession() as session, session.get(f"{host.base_url}/fault/trickle-then-ok/7.jpg") as response:
            assert await response.content.readany()
            (load,) = host.loads.values()
            assert load.in_flight == 1
        await wait_until_idle(load)


async def wait_until_idle(load: HostLoad) -> None:
    async with asyncio.timeout(10):
        while load.in_flight:  # noqa: ASYNC110 - the host announces nothing
            await asyncio.sleep(0.01)


# Wrong for good -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_lasting_statuses_last(host: ImageHost, session: ClientSession, status: int) -> None:
    for _ in range(4):
        async with session.get(f"{host.base_url}/fault/{status}/7.jpg") as response:
            assert response.status == status
            assert response.content_type == "text/html"


@pytest.mark.parametrize(
    ("name", "content_type", "start"),
    [
        ("html-200", "text/html", b"<!DOCTYPE html>"),
        ("html-as-image", "image/jpeg", b"<!DOCTYPE html>"),
        ("json-200", "application/json", b"{"),
        ("empty", "image/jpeg", b""),
    ],
)
async def test_what_comes_with_200_and_is_no_image(
    host: ImageHost, session: ClientSession, name: str, content_type: str, start: bytes
) -> None:
    async with session.get(f"{host.base_url}/fault/{name}/7.jpg") as response:
        body = await response.read()
        assert (response.status, response.content_type) == (200, content_type)
        assert body.startswith(start)
        assert response.content_length == len(body)
        assert bool(body) == bool(start)


async def test_a_loop_never_ends(host: ImageHost, session: ClientSession) -> None:
    with pytest.raises(TooManyRedirects) as caught:
        await session.get(f"{host.base_url}/fault/redirect-loop/7.jpg", max_redirects=12)
    assert len({step.url for step in caught.value.history}) == 2


@pytest.mark.parametrize("name", PRIVATE_LOCATIONS)
async def test_redirects_to_private_addresses(host: ImageHost, session: ClientSession, name: str) -> None:
    async with session.get(f"{host.base_url}/fault/{name}/7.jpg", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, PRIVATE_LOCATIONS[name])


async def test_a_redirect_to_what_is_gone(host: ImageHost, session: ClientSession) -> None:
    async with session.get(f"{host.base_url}/fault/redirect-404/7.jpg") as response:
        assert (response.status, len(response.history)) == (404, 1)


@pytest.mark.parametrize(
    "target", ["/fault/placeholder/1.jpg", "/fault/placeholder/2.avif", "/fault/redirect-placeholder/3.jpg"]
)
async def test_one_placeholder_for_many_addresses(host: ImageHost, session: ClientSession, target: str) -> None:
    async with session.get(host.base_url + target) as response:
        assert (response.status, response.content_type) == (200, "image/png")
        assert await response.read() == draw_placeholder()


@pytest.mark.parametrize(
    ("name", "declared"), [("too-large", TOO_LARGE_BYTES), ("too-large-chunked", None), ("gzip-bomb", None)]
)
async def test_bodies_above_32_mebibytes(
    host: ImageHost, session: ClientSession, name: str, declared: int | None
) -> None:
    async with session.get(f"{host.base_url}/fault/{name}/7.jpg") as response:
        assert response.headers.get("Content-Encoding") == ("gzip" if name == "gzip-bomb" else None)
        if name != "gzip-bomb":
            assert response.content_length == declared
        received = hashlib.sha256()
        size_bytes, start = 0, b""
        async for block in response.content.iter_chunked(1 << 16):
            start = start or block[:3]
            size_bytes += len(block)
            received.update(block)
        assert start == b"\xff\xd8\xff"
        assert size_bytes >= TOO_LARGE_BYTES > 32 * 1024 * 1024


async def test_a_bomb_is_small_on_the_wire(host: ImageHost, session: ClientSession) -> None:
    async with session.head(f"{host.base_url}/fault/gzip-bomb/7.jpg") as response:
        assert response.content_length is not None
        assert response.content_length < 200_000


async def test_a_huge_body_stops_when_the_client_has_seen_enough(host: ImageHost, session: ClientSession) -> None:
    async with session.get(f"{host.base_url}/fault/too-large/7.jpg") as response:
        await response.content.readany()
        response.close()
    (load,) = host.loads.values()
    await wait_until_idle(load)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
async def test_every_fault_of_the_table_has_an_answer(host: ImageHost, fault: Fault) -> None:
    if fault.failures:
        assert fault.outcome is Outcome.STORED, "a fault that recovers ends well"
        assert fault.failures <= 2, "two retries must be enough"
    try:
        answer = await exchange_raw(host, get_raw(f"/fault/{fault.name}/7.jpg"))
    except ConnectionResetError:
        answer = b""
    assert not answer.startswith(b"HTTP/1.1 500") or fault.name == "500-then-ok"
    assert answer or fault.recovers


# What the host counts -----------------------------------------------------------------------------------------------


async def test_requests_in_flight_are_counted_until_their_end() -> None:
    async with serve_images(trickle_seconds=3600) as host, AsyncExitStack() as responses:
        session = await responses.enter_async_context(ClientSession())
        for number in range(5):
            url = f"{host.base_url}/fault/trickle-then-ok/{number}.jpg"
            await responses.enter_async_context(session.get(url))
        assert host.max_in_flight == 5


async def test_stats_say_what_was_asked_and_how(host: ImageHost, session: ClientSession) -> None:
    authority = host.base_url.removeprefix("http://")
    for target in ("/img/a.jpg", "/img/a.jpg", "/img?id=3", "/fault/404/1.jpg"):
        async with session.get(host.base_url + target) as response:
            await response.read()
    await exchange_raw(host, get_raw("/img/a.jpg"))
    stats = await read_stats(session, host)
    assert stats["requests"] == 5
    assert stats["paths"] == {"/img/a.jpg": 3, "/img?id=3": 1, "/fault/404/1.jpg": 1}
    assert set(stats["hosts"]) == {authority, "pictures.test"}
    assert stats["hosts"][authority]["requests"] == 4
    assert stats["hosts"][authority]["inFlight"] == 0
    assert stats["hosts"][authority]["maxInFlight"] == 1
    assert host.requests["/img/a.jpg"] == 3


async def read_stats(session: ClientSession, host: ImageHost) -> dict[str, Any]:
    response: ClientResponse
    async with session.get(f"{host.base_url}/_lab/stats") as response:
        assert response.content_type == "application/json"
        stats: dict[str, Any] = await response.json()
        return stats


async def test_the_request_log_has_a_line_for_each_request_and_no_secret(
    session: ClientSession, tmp_path: Path
) -> None:
    log = tmp_path / "requests.jsonl"
    async with serve_images(request_log=log) as host:
        await session.get(f"{host.base_url}/img/a.jpg?token=s3cr3t", headers={"User-Agent": "opsctl/test"})
        with pytest.raises(ConnectionResetError):
            await exchange_raw(host, get_raw("/fault/reset-then-ok/7.jpg"))
        await session.get(f"{host.base_url}/fault/403/1.jpg")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["path"], line["status"]) for line in lines] == [
        ("/img/a.jpg", 200),
        ("/fault/reset-then-ok/7.jpg", None),
        ("/fault/403/1.jpg", 403),
    ]
    assert lines[0]["userAgent"] == "opsctl/test"
    assert "s3cr3t" not in log.read_text()


# As a program of its own --------------------------------------------------------------------------------------------


@contextmanager
def run_host(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port_file = folder / "port"
    command = [sys.executable, "-m", "opsctl.lab.image_host", "--port", "0", "--port-file", str(port_file), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        try:
            deadline = time.monotonic() + 30
            while not port_file.exists():
                assert program.poll() is None, program.stderr and program.stderr.read().decode()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield program, f"http://127.0.0.1:{int(port_file.read_text())}"
        finally:
            program.kill()


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_the_program_serves_until_it_is_told_to_stop(tmp_path: Path, stop_signal: signal.Signals) -> None:
    log = tmp_path / "requests.jsonl"
    with run_host(tmp_path, "--request-log", str(log)) as (program, base_url):
        with urlopen(f"{base_url}/img/a.jpg") as response:
            assert response.read() == picture_at("/img/a.jpg").body
        os.kill(program.pid, stop_signal)
        out, err = program.communicate(timeout=30)
        assert (program.returncode, out, err) == (0, b"", b"")
    assert json.loads(log.read_text())["path"] == "/img/a.jpg"


def test_the_program_ends_in_the_middle_of_a_trickle(tmp_path: Path) -> None:
    with run_host(tmp_path, "--trickle-seconds", "3600") as (program, base_url):
        with urlopen(f"{base_url}/fault/trickle-then-ok/1.jpg") as response:
            assert response.status == 200
            program.terminate()
            _, err = program.communicate(timeout=30)
        assert (program.returncode, err) == (0, b"")


def test_a_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with run_host(tmp_path) as (_, base_url):
        port = base_url.rpartition(":")[2]
        command = [
            sys.executable,
            "-m",
            "opsctl.lab.image_host",
            "--port",
            port,
            "--port-file",
            str(tmp_path / "other"),
        ]
        second = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert second.returncode != 0
        assert b"address already in use" in second.stderr.lower()
    assert not (tmp_path / "other").exists()
