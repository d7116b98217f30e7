"""The migration is tested on virtual time: no test waits, and none depends on how fast the machine is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.virtual_time import LOOP_FACTORIES


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], Any]]:
    return LOOP_FACTORIES
