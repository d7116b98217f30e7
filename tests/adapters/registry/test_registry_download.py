from __future__ import annotations

import logging
import random
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsctl.adapters.registry.client import Patience, RegistryClient
from opsctl.adapters.registry.deadline import Stop
from opsctl.adapters.registry.docker_login import Login
from opsctl.adapters.registry.refusals import Repository
from opsctl.errors import DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.image.models import Descriptor
from tests.adapters.registry.registry_server import DOWNLOAD_SECRET, REPOSITORY, Registry, basic, serve_registry
from tests.adapters.registry.stopped_clock import GivenLogins, StoppedClock

CONTENT = random.Random(5).randbytes(300_000)
RELATIVE = f"/artifacts-downloads/namespaces/n/repositories/r/downloads/{DOWNLOAD_SECRET}/{{digest}}"


def at(registry: Registry) -> Repository:
    return Repository(registry.name, REPOSITORY)


def download(registry: Registry, blob: Descriptor, client: RegistryClient | None = None) -> bytes:
    client = client or RegistryClient(GivenLogins(), clock=StoppedClock())
    with client.open_blob(at(registry), blob) as pieces:
        return b"".join(pieces)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_blob_comes_in_pieces(registry: Registry, framing: str) -> None:
    blob = registry.add_blob(CONTENT)
    registry.framing = framing
    with RegistryClient(GivenLogins()).open_blob(at(registry), blob) as pieces:
        found = list(pieces)
    assert b"".join(found) == CONTENT
    assert max(map(len, found)) <= 64 << 10
    assert len(registry.requests) == 1
    assert registry.requests[0].range is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_relative_redirect_keeps_the_login(registry: Registry, status: int) -> None:
    blob = registry.add_blob(CONTENT)
    registry.redirect, registry.redirect_status = RELATIVE, status
    registry.challenge, registry.accepted = "Basic", {basic("u", "p")}
    client = RegistryClient(GivenLogins({registry.name: Login("u", "p")}))
    assert download(registry, blob, client) == CONTENT
    assert registry.requests[-1].path.startswith("/artifacts-downloads/")
    assert registry.requests[-1].authorization == basic("u", "p")


def test_a_redirect_to_another_port_drops_the_login(registry: Registry, other_registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    other_registry.add_blob(CONTENT)
    registry.redirect = other_registry.base + RELATIVE
    registry.challenge, registry.accepted = "Basic", {basic("u", "p")}
    client = RegistryClient(GivenLogins({registry.name: Login("u", "p")}))
    assert download(registry, blob, client) == CONTENT
    assert [seen.authorization for seen in other_registry.requests] == [None]


def test_a_login_that_was_dropped_does_not_come_back(registry: Registry, other_registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.redirect = other_registry.base + RELATIVE
    back = f"{registry.base}/artifacts-downloads/{blob.digest}"
    other_registry.first_answers = [(302, {"Location": back}, b"")]
    registry.challenge, registry.accepted = "Basic", {basic("u", "p")}
    client = RegistryClient(GivenLogins({registry.name: Login("u", "p")}))
    assert download(registry, blob, client) == CONTENT
    assert registry.requests[-1].authorization is None


@pytest.mark.parametrize(
    "location", ["http://storage.example.com/x", "file:///etc/passwd", "https://u:p@storage.example.com/", "", "//["]
)
def test_a_redirect_that_must_not_be_followed(registry: Registry, location: str) -> None:
    blob = registry.add_blob(CONTENT)
    registry.redirect = location
    with pytest.raises(DataError, match="redirect"):
        download(registry, blob)
    assert len(registry.requests) == 1


def test_redirects_end(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.first_answers = [(302, {"Location": "/v2/again"}, b"")] * 20
    with pytest.raises(DataError, match="more than 5 redirects"):
        download(registry, blob)
    assert len(registry.requests) == 6


def test_a_lost_connection_is_taken_up_where_it_broke(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.cuts = [100_000, 150_000]
    assert download(registry, blob) == CONTENT
    assert [seen.range for seen in registry.requests] == [None, "bytes=100000-", "bytes=250000-"]


def test_the_range_goes_along_with_a_redirect(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.redirect, registry.cuts = RELATIVE, [1000]
    assert download(registry, blob) == CONTENT
    assert [seen.range for seen in registry.requests] == [None, None, "bytes=1000-", "bytes=1000-"]


def test_a_server_that_ignores_the_range_begins_again_and_nothing_comes_twice(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.cuts, registry.ranges = [100_000, 250_000], "ignored"
    assert download(registry, blob) == CONTENT


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    cuts=st.lists(st.none() | st.just(0) | st.just(5000) | st.integers(0, 5000), max_size=6),
    ranges=st.sampled_from(["yes", "ignored"]),
    framing=st.sampled_from(["length", "chunked", "close"]),
)
def test_wherever_it_breaks_what_comes_is_the_blob_or_an_error(
    cuts: list[int | None], ranges: str, framing: str
) -> None:
    content = CONTENT[:5000]
    with serve_registry() as registry:
        blob = registry.add_blob(content)
        registry.cuts, registry.ranges, registry.framing = list(cuts), ranges, framing
        try:
            assert download(registry, blob) == content
        except UnavailableError as error:
            assert "the connection was lost at byte" in error.message  # noqa: PT017
            assert sum(cut is not None for cut in cuts) >= 4


@pytest.mark.parametrize(("ranges", "words"), [("wrong", "another part"), ("refused", "HTTP 416")])
def test_a_range_that_was_not_asked_for_is_refused(registry: Registry, ranges: str, words: str) -> None:
    blob = registry.add_blob(CONTENT)
    registry.cuts, registry.ranges = [1000], ranges
    with pytest.raises(DataError, match=words):
        download(registry, blob)


def test_a_connection_that_breaks_again_and_again_is_given_up(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.cuts = [10] * 50
    clock = StoppedClock()
    with pytest.raises(UnavailableError, match="lost at byte 40 of 300000"):
        download(registry, blob, RegistryClient(GivenLogins(), clock=clock))
    assert len(registry.requests) == 4
    assert clock.pauses == [0.25, 0.5, 0.75]


def test_a_blob_that_the_registry_has_cut_ends_there(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.blobs[blob.digest] = CONTENT[:1000]
    assert download(registry, blob) == CONTENT[:1000]
    with pytest.raises(DataError) as raised:
        RegistryClient(GivenLogins()).read_blob(at(registry), blob, max_bytes=1 << 20)
    assert raised.value.code == "layer-truncated"


def test_a_small_blob_is_checked(registry: Registry) -> None:
    blob = registry.add_blob(b"config")
    client = RegistryClient(GivenLogins())
    assert client.read_blob(at(registry), blob, max_bytes=6) == b"config"
    with pytest.raises(DataError, match="larger than 5"):
        client.read_blob(at(registry), blob, max_bytes=5)
    registry.blobs[blob.digest] = b"CONFIG"
    with pytest.raises(DataError) as raised:
        client.read_blob(at(registry), blob, max_bytes=6)
    assert raised.value.code == "digest-mismatch"
    registry.blobs[blob.digest] = b"config" * 100_000
    with pytest.raises(DataError) as raised:
        client.read_blob(at(registry), blob, max_bytes=6)
    assert raised.value.code == "layer-truncated"


def test_a_download_that_was_left_early_reads_no_more(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    client = RegistryClient(GivenLogins())
    with client.open_blob(at(registry), blob) as pieces:
        next(pieces)
    assert download(registry, blob, client) == CONTENT


def test_a_slow_download_ends_at_its_deadline(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    clock = StoppedClock()
    patience = Patience(answer_seconds=10, slowest_bytes_per_second=30_000)
    client = RegistryClient(GivenLogins(), clock=clock, patience=patience)
    with client.open_blob(at(registry), blob) as pieces:
        next(pieces)
        clock.time += 19.9
        next(pieces)
        clock.time += 0.2
        with pytest.raises(UnavailableError, match="not done within 20 s") as raised:
            next(pieces)
    assert raised.value.code == "timeout"


def test_silence_is_broken_off_from_another_thread(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.falls_silent = threading.Event()
    stop = Stop()
    client = RegistryClient(GivenLogins(), patience=Patience(idle_seconds=600))

    def call_off_when_it_waits() -> None:
        while not client.calls:
            time.sleep(0.01)
        time.sleep(0.05)
        stop.request()

    caller = threading.Thread(target=call_off_when_it_waits, daemon=True)
    caller.start()
    started = time.monotonic()
    with pytest.raises(UnavailableError) as raised, client.open_blob(at(registry), blob, stop=stop) as pieces:
        list(pieces)
    caller.join()
    assert raised.value.code == "stopped"
    assert time.monotonic() - started < 300


@pytest.mark.parametrize(("status", "code"), [(403, "unavailable"), (404, "unavailable"), (500, "unavailable")])
def test_download_addresses_are_secrets(
    registry: Registry, caplog: pytest.LogCaptureFixture, status: int, code: str
) -> None:
    caplog.set_level(logging.INFO)
    blob = registry.add_blob(CONTENT)
    secret = f"{registry.base}/artifacts-downloads/{DOWNLOAD_SECRET}?sig={DOWNLOAD_SECRET}"
    registry.first_answers = [(302, {"Location": secret}, b""), *[(status, {}, DOWNLOAD_SECRET.encode())] * 4]
    client = RegistryClient(GivenLogins(), clock=StoppedClock())
    with pytest.raises(OpsctlError) as raised:
        download(registry, blob, client)
    assert raised.value.code == code
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert DOWNLOAD_SECRET not in f"{raised.value.message} {raised.value.hint} {client.calls} {caplog.text}"
    assert [call.path for call in client.calls][1] == ""


def test_a_download_address_that_cannot_be_reached_is_not_told(registry: Registry) -> None:
    blob = registry.add_blob(CONTENT)
    registry.redirect = f"http://127.0.0.1:1/{DOWNLOAD_SECRET}"
    with pytest.raises(UnavailableError) as raised:
        download(registry, blob)
    assert DOWNLOAD_SECRET not in f"{raised.value.message} {raised.value.hint}"
    assert raised.value.__suppress_context__


def test_a_missing_blob_is_told(registry: Registry) -> None:
    registry.missing = b'{"errors":[{"code":"BLOB_UNKNOWN"}]}'
    blob = Descriptor("x", "sha256:" + "0" * 64, 5)
    with pytest.raises(NotFoundError, match="lost a part"):
        download(registry, blob)
