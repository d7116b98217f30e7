"""What the tests of downloads share: settings that allow the lab's host, and a download that must fail."""

from __future__ import annotations

from opsctl.adapters.http_images import HttpImages, HttpSettings
from opsctl.migration.models import FetchFailure

SETTINGS = HttpSettings(2 * 1024 * 1024, 60.0, "opsctl-test/1 (+contact)", 32, ("127.0.0.1",))


async def fail(source: HttpImages, url: str) -> FetchFailure:
    """The failure of one try; a picture fails the test."""
    result = await source.fetch(url)
    assert isinstance(result, FetchFailure), url
    return result
