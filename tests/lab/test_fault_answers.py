"""Every fault as a client meets it: with aiohttp, and with a bare socket where a client would hide what happened."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import ClientPayloadError, ClientSession, TooManyRedirects
from yarl import URL

from opsctl.lab.image_faults import FAULTS, PRIVATE_LOCATIONS, TOO_LARGE_BYTES, Fault, Outcome, picture_behind
from opsctl.lab.image_host import ImageHost, serve_images
from opsctl.lab.picture_paths import picture_at
from opsctl.lab.pictures import draw_placeholder
from tests.lab.host_requests import exchange_raw, get_raw, wait_until_idle

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
        after = datetime.now(UTC)
        comes_back = parsedate_to_datetime(response.headers["Retry-After"])
        assert response.headers["Retry-After"].endswith(" GMT")
    # Two seconds from the moment of the answer, in whole ones.
    assert before + timedelta(seconds=1) < comes_back <= after + timedelta(seconds=2)


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
