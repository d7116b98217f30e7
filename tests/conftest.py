"""What all tests share: the servers to run on, and an environment without the caller's own settings."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_SUITES = (
    *("mongo_reading", "mongo_writing", "mongo_racing", "s3_semantics"),
    *("document_store", "run_store", "object_store", "image_source"),
)
for _name in _SUITES:
    pytest.register_assert_rewrite(f"tests.contract.{_name}")

# No test depends on time; the machine may be busy. A test that suppresses another check names `too_slow` beside it:
# what it names takes the place of what stands here.
settings.register_profile("opsctl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("opsctl")

pytest_plugins = ["tests.servers.fixtures"]

# Colour switches and settings of whoever runs the tests must not decide their outcome.
_FOREIGN = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS", "PY_COLORS", "AWS_PROFILE")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _keep_logging() -> Iterator[None]:
    """Commands configure the logging of the process; every test gets it back as it was."""
    root, own = logging.getLogger(), logging.getLogger("opsctl")
    handlers, levels = list(root.handlers), (root.level, own.level)
    raise_exceptions = logging.raiseExceptions
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])
    logging.captureWarnings(False)
    logging.raiseExceptions = raise_exceptions
