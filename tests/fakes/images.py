"""Image hosts in memory, for `migration.ports.ImageSource`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from opsctl.migration.clock import Clock
from opsctl.migration.models import Download, FailureClass, FetchFailure
from opsctl.migration.room import BodyRoom
from opsctl.migration.urls import host_of
from tests.fakes.wire import Wire

Answer = Download | FetchFailure
Script = Answer | Callable[[], Answer]

LATER = FetchFailure(FailureClass.LATER, "HTTP 500")
GONE = FetchFailure(FailureClass.GONE, "HTTP 404")


def jpeg(text: str) -> bytes:
    """A body that passes for a JPEG, different for every text."""
    return b"\xff\xd8\xff\xe0" + text.encode() + b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as its host saw it."""

    at_seconds: float
    host: str
    url: str


@dataclass(slots=True)
class FakeImages:
    """Every URL answers with a picture of its own, unless `answers` has a list for it; its last entry then stays.

    A URL in `hanging` never answers; one in `large` reserves that many bytes first.
    """

    wire: Wire
    clock: Clock
    answers: dict[str, list[Script]] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    large: dict[str, int] = field(default_factory=dict)
    seconds_per_image: float = 0.01
    requests: list[Request] = field(default_factory=list)
    peak_by_host: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _open_by_host: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def fetch(self, url: str, room: BodyRoom | None = None) -> Answer:
        if room is not None and url in self.large:
            await room.reserve(self.large[url])
        host = host_of(url)
        self.requests.append(Request(self.clock.monotonic(), host, url))
        self._open_by_host[host] += 1
        self.peak_by_host[host] = max(self.peak_by_host[host], self._open_by_host[host])
        try:
            if url in self.hanging:
                await asyncio.get_running_loop().create_future()
            await asyncio.sleep(self.seconds_per_image)
            return await self.wire.call("images.fetch", lambda: self._answer(url))
        finally:
            self._open_by_host[host] -= 1

    def count(self, url: str) -> int:
        return sum(request.url == url for request in self.requests)

    def _answer(self, url: str) -> Answer:
        script = self.answers.get(url)
        if script is None:
            return Download(jpeg(url))
        answer = script.pop(0) if len(script) > 1 else script[0]
        return answer() if callable(answer) else answer
