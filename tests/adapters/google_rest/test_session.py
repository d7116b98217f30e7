"""The session against a real server: what is sent, how long it waits, and what it makes of each answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.adapters.google_rest.transport import Transport
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, UnavailableError
from tests.adapters.google_rest.local_google import LocalGoogle, Received, Reply, Respond, refusal, serve

TOKEN = "ya29.canary-token"
PATH = "/v2/projects/p/locations/l/jobs/j"
# Long enough that a test which waits for it has failed in any case.
FOREVER_SECONDS = 240.0


@asynccontextmanager
async def session_with(
    *replies: Reply,
    respond: Respond | None = None,
    timeout_seconds: float = FOREVER_SECONDS,
    max_answer_bytes: int = 1 << 20,
    quota_project: str | None = None,
    token: str = TOKEN,
) -> AsyncIterator[tuple[GoogleSession, LocalGoogle, list[float]]]:
    delays: list[float] = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    with serve(*replies, respond=respond) as google:
        session = GoogleSession(
            Credentials(token, environment={}),
            Endpoints(dict.fromkeys(Api, google.url)),
            timeout_seconds=timeout_seconds,
            sleep=sleep,
            dice=lambda: 0.0,
            transport=Transport(max_answer_bytes=max_answer_bytes),
            quota_project=quota_project,
        )
        try:
            yield session, google, delays
        finally:
            session.close()


async def test_a_read_is_signed_asks_for_gzip_and_leaves_out_white_space() -> None:
    packed = Reply(gzip.compress(json.dumps({"name": "가"}).encode()), headers={"Content-Encoding": "gzip"})
    async with session_with(packed) as (session, google, _):
        answer = await session.get(Api.RUN, PATH, [("pageToken", "a b&c")])
        assert answer == {"name": "가"}
        request = google.received[0]
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.headers["accept-encoding"] == "gzip"
        assert request.query == {"pageToken": ["a b&c"], "prettyPrint": ["false"]}
        assert "x-goog-user-project" not in request.headers
        assert [(call.api, call.method, call.path, call.status) for call in session.calls] == [
            (Api.RUN, "GET", PATH, 200)
        ]


async def test_a_post_sends_json() -> None:
    async with session_with(Reply({"entries": []})) as (session, google, _):
        assert await session.post(Api.LOGGING, "/v2/entries:list", {"filter": 'a="b"'}) == {"entries": []}
        assert google.received[0].method == "POST"
        assert json.loads(google.received[0].body) == {"filter": 'a="b"'}
        assert google.received[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path", ["v2/x", "/v2/../x", "/v2/x?y=1", "/v2/x#y", "/v2/a b", "/v2//x", "/v2/x\r\nHost: y", "/v2/."]
)
async def test_a_path_that_would_ask_for_something_else_is_refused(path: str) -> None:
    async with session_with(Reply({})) as (session, google, _):
        with pytest.raises(DataError):
            await session.get(Api.RUN, path)
        assert google.received == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_what_may_pass_is_asked_again_with_growing_delays(status: int) -> None:
    async with session_with(refusal(status, "later"), refusal(status, "later"), Reply({"a": 1})) as (
        session,
        _,
        delays,
    ):
        assert await session.get(Api.RUN, PATH) == {"a": 1}
        assert [call.status for call in session.calls] == [status, status, 200]
        assert delays == [0.125, 0.25]


async def test_a_failure_that_stays_ends_after_five_attempts() -> None:
    async with session_with(refusal(503, "The service is currently unavailable.")) as (session, google, _):
        with pytest.raises(UnavailableError, match="service is currently unavailable") as caught:
            await session.get(Api.RUN, PATH)
        assert caught.value.code == "unavailable"
        assert len(google.received) == 5


async def test_retry_after_is_kept() -> None:
    throttled = Reply({"error": {"code": 429, "message": "Quota exceeded"}}, 429, {"Retry-After": "3"})
    async with session_with(throttled, Reply({"a": 1})) as (session, _, delays):
        assert await session.get(Api.LOGGING, PATH) == {"a": 1}
        assert delays == [3.0]


async def test_a_retry_after_behind_the_deadline_is_not_waited_for() -> None:
    throttled = Reply({"error": {"code": 429, "message": "Quota exceeded for x"}}, 429, {"Retry-After": "60"})
    async with session_with(throttled, timeout_seconds=60.0) as (session, google, delays):
        with pytest.raises(UnavailableError, match="Quota exceeded for x") as caught:
            await session.get(Api.LOGGING, PATH)
        assert caught.value.code == "throttled"
        assert (len(google.received), delays) == (1, [])


async def test_throttling_is_given_up_after_four_attempts() -> None:
    async with session_with(refusal(429, "Quota exceeded")) as (session, google, delays):
        with pytest.raises(UnavailableError) as caught:
            await session.get(Api.LOGGING, PATH)
        assert caught.value.code == "throttled"
        assert (len(google.received), len(delays)) == (4, 3)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def reset_in_the_middle(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":')
    handler.wfile.flush()
    reset(handler)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a": 1}')


def cut_short_in_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{")


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("broken", [reset, reset_in_the_middle, cut_short, cut_short_in_chunks, hang_up])
async def test_a_broken_connection_is_tried_again(broken: Callable[[BaseHTTPRequestHandler], None]) -> None:
    async with session_with(Reply(write=broken), Reply({"a": 1})) as (session, _, _delays):
        assert await session.get(Api.RUN, PATH) == {"a": 1}
        assert [call.status for call in session.calls] == [0, 200]


async def test_a_connection_that_is_refused_is_said_without_an_address() -> None:
    async def rest(_: float) -> None:
        """No waiting between the tries."""

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoints = Endpoints({Api.RUN: f"http://127.0.0.1:{unused.getsockname()[1]}"})
        credentials = Credentials(TOKEN, environment={})
        session = GoogleSession(credentials, endpoints, timeout_seconds=FOREVER_SECONDS, sleep=rest)
        with pytest.raises(UnavailableError) as caught:
            await session.get(Api.RUN, PATH)
        session.close()
    assert caught.value.message == "run.googleapis.com: the connection was refused"


def drip(prefix: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def write(handler: BaseHTTPRequestHandler) -> None:
        end = time.monotonic() + FOREVER_SECONDS
        try:
            handler.wfile.write(prefix)
            while time.monotonic() < end:
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass

    return write


def stay_silent(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.settimeout(FOREVER_SECONDS)
    handler.rfile.read(1)


SLOW = {
    "silent": stay_silent,
    "headers": drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
    "body without length": drip(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}"),
    "chunk": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"),
}


@pytest.mark.parametrize("slow", SLOW)
async def test_the_deadline_holds_for_a_server_that_drips(slow: str) -> None:
    async with session_with(Reply(write=SLOW[slow])) as (session, _, _delays):
        began = time.monotonic()
        with pytest.raises(UnavailableError) as caught:
            await session.get(Api.RUN, PATH, timeout_seconds=0.3)
        assert caught.value.code == "timeout"
        assert time.monotonic() - began < FOREVER_SECONDS / 2
        assert {call.status for call in session.calls} <= {0}
        assert await wait_for_threads("google")


async def test_a_call_that_is_cancelled_lets_its_thread_go() -> None:
    received = threading.Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        received.set()
        stay_silent(handler)

    async with session_with(Reply(write=hold), timeout_seconds=FOREVER_SECONDS) as (session, _, _delays):
        asking = asyncio.create_task(session.get(Api.RUN, PATH))
        await asyncio.to_thread(received.wait, FOREVER_SECONDS)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await wait_for_threads("google")


async def wait_for_threads(prefix: str) -> bool:
    """Whether the threads of the session come back from their requests long before a server lets them."""
    end = time.monotonic() + FOREVER_SECONDS / 2
    while time.monotonic() < end:
        if not any("transport" in frame for frame in frames_of(prefix)):
            return True
        await asyncio.sleep(0.01)
    return False


def frames_of(prefix: str) -> Iterator[str]:
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread.name.startswith(prefix) and thread.ident in frames:
            yield "".join(traceback.format_stack(frames[thread.ident]))


async def test_sixteen_requests_go_on_at_the_same_time() -> None:
    barrier = threading.Barrier(16)

    def wait_for_the_others(handler: BaseHTTPRequestHandler) -> None:
        barrier.wait(FOREVER_SECONDS / 2)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with session_with(Reply(write=wait_for_the_others), timeout_seconds=FOREVER_SECONDS) as (session, _, _delays):
        assert await asyncio.gather(*(session.get(Api.RUN, PATH) for _ in range(16))) == [{}] * 16


async def test_an_answer_that_is_too_large_is_refused() -> None:
    bomb = Reply(gzip.compress(b" " * (8 << 20)), headers={"Content-Encoding": "gzip"})
    async with session_with(bomb) as (session, google, _):
        with pytest.raises(DataError, match="larger than 1 MiB"):
            await session.get(Api.RUN, PATH)
        assert len(google.received) == 1


@pytest.mark.parametrize(
    "reply", [Reply(b"<html>sign in</html>", headers={"Content-Type": "text/html"}), Reply([1]), Reply(b"")]
)
async def test_a_success_that_is_no_json_object_is_said(reply: Reply) -> None:
    async with session_with(reply) as (session, _, _delays):
        with pytest.raises(DataError, match="JSON"):
            await session.get(Api.RUN, PATH)


async def test_what_claims_to_be_gzip_and_is_not_is_said() -> None:
    async with session_with(Reply(b"plain", headers={"Content-Encoding": "gzip"})) as (session, _, _delays):
        with pytest.raises(DataError, match="decompressed"):
            await session.get(Api.RUN, PATH)


async def test_a_redirect_is_not_followed() -> None:
    with serve(Reply({})) as other:
        moved = Reply(b"", 302, {"Location": f"{other.url}/x"})
        async with session_with(moved) as (session, _, _delays):
            with pytest.raises(DataError, match="answered 302"):
                await session.get(Api.RUN, PATH)
        assert other.received == []


async def test_a_token_that_is_refused_and_cannot_be_renewed() -> None:
    expired = refusal(401, "Request had invalid authentication credentials.", "ACCESS_TOKEN_EXPIRED")
    async with session_with(expired) as (session, google, _):
        with pytest.raises(AccessDeniedError) as caught:
            await session.get(Api.RUN, PATH)
        assert caught.value.code == "expired-credentials"
        assert "gcloud auth print-access-token" in str(caught.value.hint)
        assert len(google.received) == 1


async def test_the_quota_project_is_named_when_the_api_asks_for_one() -> None:
    wants = refusal(403, "The x API requires a quota project, which is not set by default.")
    async with session_with(wants, Reply({"a": 1}), quota_project="p") as (session, google, _):
        assert await session.get(Api.POLICY_TROUBLESHOOTER, PATH) == {"a": 1}
        await session.get(Api.RUN, PATH)
        assert [request.headers.get("x-goog-user-project") for request in google.received] == [None, "p", None]


async def test_requests_that_were_under_way_when_the_first_was_told_are_charged_too() -> None:
    together = threading.Barrier(3)

    def respond(request: Received) -> Reply:
        if "x-goog-user-project" in request.headers:
            return Reply({"a": 1})
        together.wait(FOREVER_SECONDS)
        return refusal(403, "The x API requires a quota project, which is not set by default.")

    async with session_with(respond=respond, quota_project="p") as (session, _, _delays):
        answers = await asyncio.gather(*(session.get(Api.POLICY_TROUBLESHOOTER, PATH) for _ in range(3)))
        assert answers == [{"a": 1}] * 3


async def test_without_a_project_to_charge_the_hint_says_how_to_name_one() -> None:
    async with session_with(refusal(403, "The x API requires a quota project")) as (session, google, _):
        with pytest.raises(AccessDeniedError) as caught:
            await session.get(Api.RUN, PATH)
        assert "set-quota-project" in str(caught.value.hint)
        assert len(google.received) == 1


async def test_nothing_secret_is_logged_or_said(caplog: pytest.LogCaptureFixture) -> None:
    echo = refusal(403, f"Bearer {TOKEN} may not; also {TOKEN} and\n\x1b[31mmore")
    with caplog.at_level(logging.DEBUG), ExitStack() as stack:
        stack.enter_context(raises_without(TOKEN))
        async with session_with(echo) as (session, _, _delays):
            await session.get(Api.RUN, PATH, [("filter", "canary-query")])
    own = [record.getMessage() for record in caplog.records if record.name.startswith("opsctl")]
    assert any(message.startswith(f"GET run.googleapis.com{PATH}: 403, ") for message in own)
    assert "canary" not in "\n".join(own)


async def test_a_token_that_does_not_look_like_one_is_not_repeated_either() -> None:
    token = "7Qd0opaque9Wm2"
    with raises_without(token):
        async with session_with(refusal(403, f"The credential {token} may not."), token=token) as (session, _, _delays):
            await session.get(Api.RUN, PATH)


@contextmanager
def raises_without(secret: str) -> Iterator[None]:
    with pytest.raises(AccessDeniedError) as caught:
        yield
    assert secret not in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.message.isprintable()


async def test_the_service_says_that_it_is_not_there() -> None:
    async with session_with(refusal(404, "Resource 'E' of kind 'EXECUTION' does not exist.")) as (session, _, _delays):
        with pytest.raises(NotFoundError, match="Resource 'E'"):
            await session.get(Api.RUN, PATH)


async def test_after_close_nothing_is_sent() -> None:
    async with session_with(Reply({})) as (session, google, _):
        session.close()
        with pytest.raises(UnavailableError):
            await session.get(Api.RUN, PATH)
        assert google.received == []


async def test_the_access_token_is_given_out_for_registries() -> None:
    async with session_with(Reply({})) as (session, _, _delays):
        assert session.access_token() == TOKEN
