"""An image is stored only while the lease is held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsctl.errors import BusyError
from tests.fakes.world import World
from tests.migration.test_transfer import IMAGE, bind


async def test_nothing_is_stored_under_a_lease_that_is_lost() -> None:
    world = World()

    async def refuse() -> None:
        raise BusyError("taken over")

    with pytest.raises(BusyError):
        await replace(bind(world), hold_lease=refuse).move("id", "차", [IMAGE], {})
    assert (len(world.images.requests), world.objects.stored) == (1, {})
    assert world.wire.calls.count("objects.put_new") == 0


async def test_a_put_that_is_tried_again_asks_for_the_lease_again() -> None:
    world = World()
    asked = 0

    async def hold() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise BusyError("taken over")

    world.wire.down.add("objects")
    with pytest.raises(BusyError):
        await replace(bind(world), hold_lease=hold).move("id", "차", [IMAGE], {})
    assert (asked, world.wire.calls.count("objects.put_new")) == (3, 2)
