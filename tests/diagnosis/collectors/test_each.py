"""Several questions of one kind: each has its own answer, whatever the others do."""

from __future__ import annotations

import asyncio

from opsctl.diagnosis.collectors.each import ask_each
from opsctl.errors import NotFoundError, OpsctlError, UnavailableError


async def test_answers_errors_and_silence_in_the_order_of_the_questions() -> None:
    gone = NotFoundError("gone")

    async def ask(item: str) -> str:
        if item == "gone":
            raise gone
        if item == "silent":
            await asyncio.Event().wait()
        return item.upper()

    found = await ask_each(ask, ("a", "silent", "gone", "b"), within_seconds=0.05)
    assert (found[0], found[2], found[3]) == ("A", gone, "B")
    assert isinstance(found[1], UnavailableError)
    assert found[1].code == "timeout"


async def test_what_waits_for_its_turn_waits_no_longer_than_the_others() -> None:
    async def ask(item: int) -> int:
        if item < 2:
            await asyncio.Event().wait()
        return item

    found = await asyncio.wait_for(ask_each(ask, range(5), at_once=2, within_seconds=0.05), 120)
    assert all(isinstance(answer, OpsctlError) for answer in found)


async def test_no_more_than_allowed_at_the_same_time() -> None:
    running, most = 0, 0

    async def ask(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return item

    assert await ask_each(ask, range(20), at_once=3) == list(range(20))
    assert most == 3
