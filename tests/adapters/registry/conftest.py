from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.registry.registry_server import Registry, serve_registry


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serve_registry() as running:
        yield running


@pytest.fixture
def other_registry() -> Iterator[Registry]:
    with serve_registry() as running:
        yield running
