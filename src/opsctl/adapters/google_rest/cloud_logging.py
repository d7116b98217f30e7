"""Cloud Logging over REST: `opsctl.diagnosis.ports.Logs`.

https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks/get
https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.exclusions/list
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from opsctl.adapters.google_rest.paths import fill_path
from opsctl.adapters.google_rest.read_pace import ReadPace
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.models import JsonObject
from opsctl.diagnosis.ports import LogPage, LogQuery
from opsctl.errors import AccessDeniedError, DataError, UnavailableError

ENTRIES_LIST = "/v2/entries:list"
MAX_PAGE_SIZE = 1000
PAGE_TIMEOUT_SECONDS = 30.0
# A throttled read is repeated: the quota of a minute comes back within a minute, when nobody else spends it.
THROTTLE_PATIENCE_SECONDS = 90.0
FIRST_PAUSE_SECONDS = 5.0
# A page without entries but with a token says that the search has not come to its end; the token may be the same.
MAX_STANDSTILLS = 5

# What the sink `_Default` leaves to `_Required` when nobody has changed it.
_AUDIT_CLAUSE = re.compile(r'NOT\s+LOG_ID\("(?:cloud|external)audit\.googleapis\.com/\w+"\)', re.IGNORECASE)


class CloudLogging:
    """Reads log entries and the exclusions that may hide some.

    One for the whole process, because the quota counts its reads. `on_wait` is told the seconds of every pause
    that a person would notice.
    """

    def __init__(
        self,
        session: GoogleSession,
        *,
        on_wait: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._pace = ReadPace(clock, sleep, on_wait)
        self._calls_seen = 0
        self._reads_unseen = 0

    async def read(self, query: LogQuery) -> AsyncIterator[LogPage]:
        """Page after page; each has its own deadline and is asked for when the caller wants it.

        Throttled reads are repeated. When a query has waited 90 seconds for that: `UnavailableError`, code `throttled`.
        """
        body: dict[str, Any] = {
            "resourceNames": [f"projects/{query.project}"],
            "filter": query.filter,
            "orderBy": "timestamp desc" if query.newest_first else "timestamp asc",
            "pageSize": max(1, min(query.page_size, MAX_PAGE_SIZE)),
        }
        patience, standstills = _Patience(THROTTLE_PATIENCE_SECONDS), 0
        while True:
            entries, token = _read_page(await self._ask(body, patience))
            standstills = standstills + 1 if token == body.get("pageToken") else 0
            if standstills > MAX_STANDSTILLS:
                raise DataError("Cloud Logging gives the same page token again and again.")
            yield LogPage(entries, has_more=bool(token))
            if not token:
                return
            body["pageToken"] = token

    async def list_exclusions(self, project: str) -> tuple[JsonObject, ...]:
        """Exclusions (`name`, `filter`, `disabled`) of the sink `_Default`.

        A sink that is disabled counts as an exclusion named `_Default` without a filter; one whose own filter was
        changed as one that excludes what does not match it. Who may not see the sink is given its list of exclusions.
        """
        sink_path = fill_path("/v2/projects/{}/sinks/_Default", project)
        try:
            sink = await self._session.get(Api.LOGGING, sink_path, permission="logging.sinks.get")
        except AccessDeniedError as denied:
            if denied.code not in ("denied", "denied-or-absent"):
                raise
            return await self._list_exclusions_alone(project)
        return (*_read_sink(sink), *_read_exclusions(sink))

    async def _list_exclusions_alone(self, project: str) -> tuple[JsonObject, ...]:
        path = fill_path("/v2/projects/{}/exclusions", project)
        # A sink has at most 50 exclusions: one page.
        answer = await self._session.get(
            Api.LOGGING, path, [("pageSize", "1000")], permission="logging.exclusions.list"
        )
        return _read_exclusions(answer)

    async def _ask(self, body: JsonObject, patience: _Patience) -> JsonObject:
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            await self._pace.take()
            self._reads_unseen += 1
            try:
                return await self._session.post(
                    Api.LOGGING,
                    ENTRIES_LIST,
                    body,
                    permission="logging.logEntries.list",
                    timeout_seconds=PAGE_TIMEOUT_SECONDS,
                    # The pause is ours: reads that follow each other at once are wasted.
                    throttled_attempts=1,
                )
            except UnavailableError as error:
                if error.code != "throttled" or patience.seconds <= 0:
                    raise
            finally:
                self._count_retries()
            pause_seconds = min(pause_seconds, patience.seconds)
            patience.seconds -= pause_seconds
            await self._pace.pause(pause_seconds)
            pause_seconds *= 2

    def _count_retries(self) -> None:
        """Requests that the session repeated on its own count for the quota too."""
        calls = self._session.calls
        sent = sum(call.api is Api.LOGGING and call.path == ENTRIES_LIST for call in calls[self._calls_seen :])
        self._calls_seen = len(calls)
        self._reads_unseen -= sent
        while self._reads_unseen < 0:
            self._pace.count()
            self._reads_unseen += 1


@dataclass(slots=True)
class _Patience:
    """How long a query may still wait because of throttling."""

    seconds: float


def _read_page(answer: JsonObject) -> tuple[tuple[JsonObject, ...], str]:
    entries, token = answer.get("entries", []), answer.get("nextPageToken", "")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DataError("Cloud Logging gave a page whose entries cannot be read.")
    if not isinstance(token, str):
        raise DataError("Cloud Logging gave a page token that is no text.")
    return tuple(entries), token


def _read_sink(sink: JsonObject) -> tuple[JsonObject, ...]:
    """The sink's own state as an exclusion, if it excludes anything that a job writes."""
    if sink.get("disabled") is True:
        return ({"name": "_Default", "filter": "", "disabled": False},)
    kept = str(sink.get("filter") or "")
    clauses = [clause for clause in re.split(r"\s+AND\s+|\n", kept) if clause.strip()]
    if all(_AUDIT_CLAUSE.fullmatch(clause.strip()) for clause in clauses):
        return ()
    return ({"name": "_Default", "filter": f"NOT ({kept})", "disabled": False},)


def _read_exclusions(answer: JsonObject) -> tuple[JsonObject, ...]:
    exclusions = answer.get("exclusions", [])
    if not isinstance(exclusions, list) or not all(isinstance(exclusion, dict) for exclusion in exclusions):
        raise DataError("Cloud Logging gave exclusions that cannot be read.")
    return tuple(
        {
            "name": str(exclusion.get("name") or ""),
            "filter": str(exclusion.get("filter") or ""),
            "disabled": exclusion.get("disabled") is True,
        }
        for exclusion in exclusions
    )
