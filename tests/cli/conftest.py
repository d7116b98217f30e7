"""Commands configure the logging of the process; every test gets it back as it was."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Generated cases have no deadline: a busy machine must not fail a test.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


@pytest.fixture(autouse=True)
def _keep_logging() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("opsctl")
    handlers, levels = list(root.handlers), (root.level, own.level)
    raise_exceptions = logging.raiseExceptions
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])
    logging.captureWarnings(False)
    logging.raiseExceptions = raise_exceptions
