"""What all tests share: the servers to run on, and an environment without the caller's own settings."""

from __future__ import annotations

import pytest

from tests.servers.fixtures import mongo_uri, s3_target

__all__ = ["mongo_uri", "s3_target"]

# Colour switches and settings of whoever runs the tests must not decide their outcome.
_FOREIGN = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS", "PY_COLORS", "AWS_PROFILE")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without `-m`, the servers that others wrote are left to `make test-servers`."""
    if config.getoption("-m"):
        return
    chosen, left = [], []
    for item in items:
        (left if item.get_closest_marker("servers") else chosen).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = chosen


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
