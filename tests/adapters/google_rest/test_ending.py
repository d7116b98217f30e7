"""A session that is closed while it waits: nobody waits with it, and nothing that it started stays behind."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.errors import UnavailableError
from tests.adapters.google_rest.local_google import Reply, refusal, serve

# Long enough that a test which waits for it has failed in any case; what hangs, hangs longer.
MOMENT_SECONDS = 120.0
HANG_SECONDS = 600


def session_of(credentials: Credentials) -> GoogleSession:
    return GoogleSession(credentials, Endpoints(dict.fromkeys(Api, "http://127.0.0.1:9")))


class SlowCredentials(Credentials):
    """A refresh that hangs, as a name server or a token server makes it hang."""

    def __init__(self) -> None:
        super().__init__("t0k3n", environment={})
        self.entered, self.released = threading.Event(), threading.Event()

    def token(self) -> str:
        self.entered.set()
        self.released.wait(HANG_SECONDS)
        return "t0k3n"


def test_whoever_waits_for_a_token_goes_on_when_the_session_ends() -> None:
    credentials = SlowCredentials()
    session = session_of(credentials)
    raised: list[UnavailableError] = []

    def ask() -> None:
        try:
            session.access_token()
        except UnavailableError as error:
            raised.append(error)

    waiting = threading.Thread(target=ask, daemon=True)
    waiting.start()
    assert credentials.entered.wait(MOMENT_SECONDS)
    session.close()
    waiting.join(MOMENT_SECONDS)
    assert not waiting.is_alive()
    credentials.released.set()
    assert "has ended" in raised[0].message


def test_a_session_that_has_ended_gives_no_token() -> None:
    session = session_of(Credentials("t0k3n", environment={}))
    assert session.access_token() == "t0k3n"
    session.close()
    with pytest.raises(UnavailableError, match="has ended"):
        session.access_token()


def test_a_gcloud_that_hangs_ends_with_the_session(tmp_path: Path) -> None:
    (tmp_path / "configurations").mkdir()
    (tmp_path / "configurations" / "config_default").write_text("[core]\naccount = a@example.com\n", encoding="utf-8")
    program = tmp_path / "gcloud"
    tell = f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid"
    program.write_text(f"#!/bin/sh\n{tell}\nsleep {HANG_SECONDS}\n")
    program.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CLOUDSDK_CONFIG": str(tmp_path),
        "HOME": str(tmp_path),
        "NO_GCE_CHECK": "true",
    }
    credentials = Credentials(environment=environment)
    session = session_of(credentials)
    ended = threading.Event()

    def ask() -> None:
        with pytest.raises(Exception, match=r"gcloud|has ended"):
            credentials.token()
        ended.set()

    threading.Thread(target=ask, daemon=True).start()
    wait_for(tmp_path / "pid")
    session.close()
    assert ended.wait(MOMENT_SECONDS)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_a_caller_that_waits_by_itself_sends_once() -> None:
    with serve(refusal(429, "Quota exceeded"), Reply({"a": 1})) as google:
        session = GoogleSession(Credentials("t0k3n", environment={}), Endpoints(dict.fromkeys(Api, google.url)))
        with pytest.raises(UnavailableError) as caught:
            await session.post(Api.LOGGING, "/v2/entries:list", {}, throttled_attempts=1)
        assert caught.value.code == "throttled"
        assert len(google.received) == 1
        session.close()


async def test_being_cancelled_is_noticed_also_when_the_answer_comes_just_then() -> None:
    with serve(Reply({"a": 1})) as google:
        session = GoogleSession(Credentials("t0k3n", environment={}), Endpoints(dict.fromkeys(Api, google.url)))
        asking = asyncio.create_task(session.get(Api.RUN, "/v2/x"))
        await asyncio.sleep(0)
        # The loop stands still until the answer is there; what comes next finds both.
        time.sleep(0.5)  # noqa: ASYNC251
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        session.close()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + MOMENT_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
