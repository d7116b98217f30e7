"""Streams that may hang: a node that stops in the middle, a connection that a firewall has forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from opsctl.errors import UnavailableError


async def read_steadily(lines: AsyncIterator[bytes], patience_seconds: float) -> AsyncIterator[bytes]:
    """The same lines. Raises UnavailableError (`timeout`) when nothing has come for so long."""
    while True:
        try:
            async with asyncio.timeout(patience_seconds):
                line = await anext(lines, None)
        except TimeoutError as error:
            raise UnavailableError(f"nothing has come for {patience_seconds:g} seconds", code="timeout") from error
        if line is None:
            return
        yield line
