"""The image host as a client sees it, what it counts, and the program that runs it."""

from __future__ import annotations

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
from aiohttp import ClientSession
from yarl import URL

from opsctl.lab.image_host import CREDENTIALS, ImageHost, serve_images
from opsctl.lab.picture_paths import picture_at, sign_target
from tests.lab.host_requests import exchange_raw, get_raw


@pytest.fixture
async def host() -> AsyncIterator[ImageHost]:
    async with serve_images(trickle_seconds=0.5) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


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
            deadline = time.monotonic() + 120
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
        out, err = program.communicate(timeout=120)
        assert (program.returncode, out, err) == (0, b"", b"")
    assert json.loads(log.read_text())["path"] == "/img/a.jpg"


def test_the_program_ends_in_the_middle_of_a_trickle(tmp_path: Path) -> None:
    with run_host(tmp_path, "--trickle-seconds", "3600") as (program, base_url):
        with urlopen(f"{base_url}/fault/trickle-then-ok/1.jpg") as response:
            assert response.status == 200
            program.terminate()
            _, err = program.communicate(timeout=120)
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
        second = subprocess.run(command, capture_output=True, timeout=120, check=False)
        assert second.returncode != 0
        assert b"address already in use" in second.stderr.lower()
    assert not (tmp_path / "other").exists()
