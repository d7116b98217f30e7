"""A signed-in session with the REST APIs of Google Cloud."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import urlencode

from opsctl.adapters.google_rest.error_answers import ErrorAnswer, read_error_answer, translate
from opsctl.adapters.google_rest.patience import MAX_ATTEMPTS, MAX_THROTTLED_ATTEMPTS, delay_seconds
from opsctl.adapters.google_rest.transport import Answer, Interruption, Transport, TransportError
from opsctl.diagnosis.models import JsonObject
from opsctl.errors import DataError, OpsctlError, UnavailableError

if TYPE_CHECKING:
    from opsctl.adapters.google_rest.credentials import Credentials
    from opsctl.adapters.google_rest.endpoints import Endpoints

_T = TypeVar("_T")
log = logging.getLogger(__name__)

# How long after its deadline a request may still hold its thread, should even resolving the name hang.
_GRACE_SECONDS = 0.25
# How often whoever waits for a token looks whether the session has been closed.
_GLANCE_SECONDS = 0.1


class Api(StrEnum):
    """A Google API; the value is its host."""

    RUN = "run.googleapis.com"
    LOGGING = "logging.googleapis.com"
    IAM = "iam.googleapis.com"
    RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
    SECRET_MANAGER = "secretmanager.googleapis.com"  # noqa: S105
    SQL = "sqladmin.googleapis.com"
    SERVICE_USAGE = "serviceusage.googleapis.com"
    POLICY_TROUBLESHOOTER = "policytroubleshooter.googleapis.com"
    ARTIFACT_REGISTRY = "artifactregistry.googleapis.com"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was sent. `status` is 0 when no answer came; `path` holds no query."""

    api: Api
    method: str
    path: str
    status: int
    seconds: float


class GoogleSession:
    """Sends requests on threads, with a deadline for each. Raises what `opsctl.diagnosis.ports` names.

    Every request reads, so that all of them may be sent again: after a failure of the service or the connection, and
    a few times when throttled, as long as the deadline allows. `quota_project` is charged where an API asks for one
    and the credentials name none. `clock`, `sleep` and `dice` are for tests.
    """

    calls: list[Call]

    def __init__(
        self,
        credentials: Credentials,
        endpoints: Endpoints,
        *,
        timeout_seconds: float = 15.0,
        connections: int = 16,
        quota_project: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        dice: Callable[[], float] = random.random,
        transport: Transport | None = None,
    ) -> None:
        self.calls = []
        self._credentials = credentials
        self._endpoints = endpoints
        self._timeout_seconds = timeout_seconds
        self._quota_project = quota_project
        self._charged: set[Api] = set()
        self._is_closed = False
        self._clock = clock
        self._sleep = sleep
        self._dice = dice
        self._transport = transport or Transport(connections=connections)
        # asyncio's own executor has six threads on two cores: too few for what waits, not for what works.
        self._threads = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="google")

    async def get(
        self,
        api: Api,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        permission: str | None = None,
        timeout_seconds: float | None = None,
    ) -> JsonObject:
        """The JSON object at `path` (`/v2/projects/...`). `permission` is named in the error when it is refused."""
        return await self._ask(_Request(api, "GET", path, tuple(query), None), permission, timeout_seconds)

    async def post(
        self,
        api: Api,
        path: str,
        body: JsonObject,
        *,
        permission: str | None = None,
        timeout_seconds: float | None = None,
        throttled_attempts: int = MAX_THROTTLED_ATTEMPTS,
    ) -> JsonObject:
        """As `get`, for the calls that read with POST. `throttled_attempts` is how often it is sent while it is
        throttled: once, for a caller that waits by itself."""
        content = json.dumps(dict(body), separators=(",", ":")).encode()
        request = _Request(api, "POST", path, (), content, throttled_attempts)
        return await self._ask(request, permission, timeout_seconds)

    def access_token(self) -> str:
        """A valid access token, refreshed when needed. Blocks until the session is closed at the longest; raises
        AccessDeniedError or UnavailableError."""
        # On a thread that nobody has to wait for: whoever refreshes may hang.
        try:
            coming = self._threads.submit(self._credentials.token)
        except RuntimeError as error:
            raise _ended() from error
        with suppress(CancelledError):
            while not self._is_closed:
                with suppress(TimeoutError):
                    return coming.result(_GLANCE_SECONDS)
        raise _ended()

    def close(self) -> None:
        """Gives up what is waiting and closes the connections."""
        self._is_closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._transport.close()
        self._credentials.close()

    async def _ask(self, request: _Request, permission: str | None, timeout_seconds: float | None) -> JsonObject:
        _check_path(request.path)
        deadline = self._clock() + (self._timeout_seconds if timeout_seconds is None else timeout_seconds)
        tries = _Tries()
        while True:
            tries.attempts += 1
            outcome = await self._attempt(request, deadline)
            if outcome.answer is not None and outcome.refusal is None:
                return _read_object(request.api, outcome.answer)
            if not await self._may_go_on(request, outcome, tries, deadline):
                raise self._error(request, outcome, permission)

    async def _may_go_on(self, request: _Request, outcome: _Outcome, tries: _Tries, deadline: float) -> bool:
        """Whether the request is to be sent again; waits until then."""
        refusal = outcome.refusal
        if refusal is not None and refusal.status == 401:
            renew, tries.renewed = not tries.renewed, True
            return renew and await self._on_thread(
                request.api, lambda: self._credentials.renew(outcome.token), deadline
            )
        if refusal is not None and refusal.wants_quota_project and self._quota_project:
            charge, tries.charged = not tries.charged, True
            self._charged.add(request.api)
            return charge
        throttled = refusal is not None and refusal.is_throttled
        if not outcome.is_transient or tries.attempts >= (request.throttled_attempts if throttled else MAX_ATTEMPTS):
            return False
        headers = outcome.answer.headers if outcome.answer is not None else {}
        delay = delay_seconds(tries.attempts, self._dice(), headers, datetime.now(UTC))
        if self._clock() + delay >= deadline:
            return False
        await self._sleep(delay)
        return True

    async def _attempt(self, request: _Request, deadline: float) -> _Outcome:
        """Sends the request once, on a thread, and writes down that it was sent."""
        interruption = Interruption()
        sent: list[float] = []

        def send() -> _Outcome:
            token = self._credentials.token()
            headers = self._headers(request, token)
            url = self._endpoints.url(request.api) + request.path + "?" + urlencode(request.full_query)
            remaining = deadline - self._clock()
            if remaining <= 0:
                return _Outcome(token, failure=TransportError("no complete answer in time", timed_out=True))
            sent.append(self._clock())
            try:
                answer = self._transport.send(
                    request.method, url, headers, request.body, timeout_seconds=remaining, interruption=interruption
                )
            except TransportError as error:
                return _Outcome(token, failure=error)
            if 200 <= answer.status < 300:
                return _Outcome(token, answer)
            # A proxy may repeat the request, and nothing about the form of a token says what it is.
            body = answer.body.replace(token.encode(), b"***")
            return _Outcome(token, answer, read_error_answer(request.api.value, answer.status, body))

        try:
            outcome = await self._on_thread(request.api, send, deadline)
        except BaseException:
            interruption.fire()
            if sent:
                self._record(request, 0, self._clock() - sent[0])
            raise
        if sent:
            self._record(request, outcome.answer.status if outcome.answer else 0, self._clock() - sent[0])
        return outcome

    async def _on_thread(self, api: Api, work: Callable[[], _T], deadline: float) -> _T:
        if self._is_closed:
            raise _ended()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        patience = max(0.0, deadline - self._clock()) + _GRACE_SECONDS
        try:
            # Not wait_for: before Python 3.12 it takes no notice of being cancelled when the answer comes just then.
            async with asyncio.timeout(patience):
                return await running
        except TimeoutError as error:
            raise UnavailableError(f"{api.value}: no answer in time", code="timeout") from error

    def _headers(self, request: _Request, token: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Encoding": "gzip"}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        charged = self._quota_project if request.api in self._charged else None
        if project := self._credentials.quota_project() or charged:
            headers["x-goog-user-project"] = project
        return headers

    def _record(self, request: _Request, status: int, seconds: float) -> None:
        self.calls.append(Call(request.api, request.method, request.path, status, seconds))
        log.debug("%s %s%s: %d, %.0f ms", request.method, request.api, request.path, status, seconds * 1000)

    def _error(self, request: _Request, outcome: _Outcome, permission: str | None) -> OpsctlError:
        if outcome.refusal is not None:
            return translate(outcome.refusal, permission=permission, login_hint=self._credentials.origin().renewal)
        failure = outcome.failure or TransportError("no answer")
        text = f"{request.api.value}: {failure.reason}"
        if failure.unreadable:
            return DataError(text)
        return UnavailableError(text, code="timeout" if failure.timed_out else "unavailable")


class _Request(NamedTuple):
    api: Api
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes | None
    throttled_attempts: int = MAX_THROTTLED_ATTEMPTS

    @property
    def full_query(self) -> tuple[tuple[str, str], ...]:
        return (*self.query, ("prettyPrint", "false"))


class _Outcome(NamedTuple):
    """How one attempt ended: an answer (with what it refuses, when it does) or a failure."""

    token: str
    answer: Answer | None = None
    refusal: ErrorAnswer | None = None
    failure: TransportError | None = None

    @property
    def is_transient(self) -> bool:
        if self.refusal is not None:
            return self.refusal.is_transient
        return self.failure is not None and self.failure.may_retry


@dataclass(slots=True)
class _Tries:
    attempts: int = 0
    renewed: bool = False
    charged: bool = False


def _ended() -> UnavailableError:
    return UnavailableError("the session with Google's APIs has ended")


def _check_path(path: str) -> None:
    """Raises `DataError` for a name that would make the request another one: names come from outside."""
    plain = path.startswith("/") and re.fullmatch(r"[A-Za-z0-9._~:@!$&'()*+,;=%/-]+", path)
    if not plain or re.search(r"//|/\.{1,2}(/|$)", path):
        raise DataError("a resource name holds characters that no name of Google Cloud holds")


def _read_object(api: Api, answer: Answer) -> JsonObject:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{api.value} answered {answer.status} with something that is not JSON",
            hint="Does a proxy, a firewall or another service stand at this address?",
        ) from error
    if not isinstance(document, dict):
        raise DataError(f"{api.value} answered with JSON that is not an object")
    return document
