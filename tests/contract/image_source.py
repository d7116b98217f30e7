"""What the migration relies on in an `ImageSource`: the same tests for the fake and for the adapter."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest

from opsctl.migration.models import Download, FailureClass, FetchFailure
from opsctl.migration.ports import ImageSource
from opsctl.migration.signatures import identify


class ImageStage(Protocol):
    """A source, and addresses on a host that it can ask."""

    @property
    def source(self) -> ImageSource: ...

    def picture(self, number: int) -> str: ...

    @property
    def missing(self) -> str: ...

    @property
    def throttled(self) -> str:
        """Answers 429 and asks for a pause of one second."""


class ImageSourceContract:
    """Derive from it, and give it a fixture `stage`."""

    async def test_pictures_are_complete_and_their_own(self, stage: ImageStage) -> None:
        results = await asyncio.gather(*(stage.source.fetch(stage.picture(number)) for number in range(20)))
        bodies = {result.body for result in results if isinstance(result, Download) and result.is_framed}
        assert len(bodies) == 20
        assert all(identify(body) for body in bodies)
        again = await stage.source.fetch(stage.picture(0))
        assert again == results[0]

    async def test_a_failure_is_a_value(self, stage: ImageStage) -> None:
        failure = await stage.source.fetch(stage.missing)
        assert isinstance(failure, FetchFailure)
        assert (failure.failure_class, failure.retry_after_seconds, failure.is_throttle) == (
            FailureClass.GONE,
            None,
            False,
        )
        assert stage.missing not in failure.detail, "an address may hold a secret"

    async def test_a_throttling_host_says_for_how_long(self, stage: ImageStage) -> None:
        failure = await stage.source.fetch(stage.throttled)
        assert failure == FetchFailure(FailureClass.LATER, "HTTP 429", 1.0, is_throttle=True)

    async def test_a_fetch_that_is_given_up_does_no_harm(self, stage: ImageStage) -> None:
        task = asyncio.create_task(stage.source.fetch(stage.picture(1)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(await stage.source.fetch(stage.picture(1)), Download)
