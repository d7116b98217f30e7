"""A gate in front of an image host: a run is met in its middle, however fast or slow this machine is.

gate.close_after(40)        # the 40th image from now on is still asked for, the next one waits
child = site.start(...)
wait_until(gate.is_reached, child)
...                         # the run cannot come to its end
gate.open()
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from opsctl.lab.image_host import STATS_PATH
from tests.servers.proxy import tcp_proxy


class Gate:
    """Requests that wait have not come to the host yet. It is open until it is told otherwise."""

    def __init__(self) -> None:
        self.base_url = ""
        """Of the host, through the gate."""
        self._lock = threading.Lock()
        self._left: int | None = None
        self._queue: deque[_Turn] = deque()

    def close_after(self, count: int) -> None:
        """So many more requests pass, those that wait first; what else comes waits."""
        with self._lock:
            self._left = count - self._let_in(count)

    def open(self) -> None:
        """Everything passes."""
        with self._lock:
            self._left = None
            self._let_in(len(self._queue))

    def let_in_who_waits(self) -> None:
        """Those that wait now pass, nobody else."""
        with self._lock:
            self._let_in(len(self._queue))

    def is_reached(self) -> bool:
        """Whether a request waits."""
        with self._lock:
            return bool(self._queue)

    def watch(self, _connection: int, chunk: bytes) -> Awaitable[None] | None:
        """See `proxy.Watch`. A client sends a request in one piece, and the next one when it has its answer."""
        if chunk.startswith(f"GET {STATS_PATH}".encode()):
            return None
        with self._lock:
            if self._left is None:
                return None
            if self._left > 0:
                self._left -= 1
                return None
            turn = _Turn()
            self._queue.append(turn)
            return self._wait(turn)

    async def _wait(self, turn: _Turn) -> None:
        try:
            await turn.has_come.wait()
        finally:
            # A line that breaks does not wait any more.
            with self._lock, suppress(ValueError):
                self._queue.remove(turn)

    def _let_in(self, count: int) -> int:
        """The first ones; how many they are."""
        turns = [self._queue.popleft() for _ in range(min(count, len(self._queue)))]
        for turn in turns:
            turn.loop.call_soon_threadsafe(turn.has_come.set)
        return len(turns)


@dataclass(eq=False)
class _Turn:
    """Of one request; made, and waited for, in the proxy's thread."""

    has_come: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)


@contextmanager
def gate_before(base_url: str) -> Iterator[Gate]:
    """In front of the host at `base_url`."""
    gate = Gate()
    with tcp_proxy(int(base_url.rpartition(":")[2]), gate.watch) as proxy:
        gate.base_url = f"http://127.0.0.1:{proxy.port}"
        yield gate
