"""One image: tries, waits, checks, the conditional PUT, and what an earlier run left in the bucket."""

from __future__ import annotations

import asyncio
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import pytest

from opsctl.errors import UnavailableError
from opsctl.migration.keys import document_prefix, image_folder, image_hash
from opsctl.migration.models import (
    Download,
    FailureClass,
    FetchFailure,
    ImageFailure,
    ImageRef,
    PlannedImage,
    StoredImage,
    TransferLimits,
)
from opsctl.migration.patience import Patience
from opsctl.migration.politeness import HostBudgets
from opsctl.migration.transfer import LONGEST_BACKOFF_SECONDS, TRIES, VISITS, Outcome, Transfer
from tests.fakes.images import GONE, LATER, Script, jpeg
from tests.fakes.world import LIMITS, World

URL = "https://img.example.com/1.jpg"
REF = ImageRef("basic", None, URL)
IMAGE = PlannedImage(REF, URL)


def bind(world: World, limits: TransferLimits | None = None, stop: asyncio.Event | None = None) -> Transfer:
    """A transfer as a run makes it."""
    limits, stop = limits or world.limits, stop or asyncio.Event()
    return Transfer(
        source=world.images,
        objects=world.objects,
        layout=world.layout,
        limits=limits,
        budgets=HostBudgets(limits, world.clock, stop),
        patience=Patience(limits.outage_seconds, world.clock, stop),
        clock=world.clock,
        stop=stop,
        slots=asyncio.Semaphore(limits.workers),
        hold_lease=hold_nothing,
    )


async def hold_nothing() -> None:
    """The lease of a transfer that belongs to no run."""


async def move(
    world: World, *answers: Script, visits: int = 0, limits: TransferLimits | None = None
) -> StoredImage | ImageFailure:
    if answers:
        world.images.answers[URL] = list(answers)
    [outcome] = await bind(world, limits).move("id", "차", [IMAGE], {REF: visits} if visits else {})
    return outcome


def failure(outcome: Outcome) -> ImageFailure:
    assert isinstance(outcome, ImageFailure)
    return outcome


def stored(outcome: Outcome) -> StoredImage:
    assert isinstance(outcome, StoredImage)
    return outcome


def times(world: World) -> list[float]:
    return [request.at_seconds for request in world.images.requests]


class TestTries:
    async def test_two_retries_then_a_visit_is_over(self) -> None:
        world = World()
        failed = failure(await move(world, LATER))
        assert (failed.failure_class, failed.attempts, failed.detail) == (FailureClass.LATER, 1, "HTTP 500")
        assert len(world.images.requests) == TRIES
        assert failed.next_retry_at is not None
        assert failed.next_retry_at > failed.last_at

    @pytest.mark.parametrize("count", [1, 2])
    async def test_a_failure_that_passes(self, count: int) -> None:
        world = World()
        entry = stored(await move(world, *[LATER] * count, Download(jpeg(URL))))
        assert entry.sha256 == hashlib.sha256(jpeg(URL)).hexdigest()
        assert len(world.images.requests) == count + 1

    async def test_a_final_failure_is_not_tried_again(self) -> None:
        for failure_class in FailureClass:
            if failure_class.is_final:
                world = World()
                failed = failure(await move(world, FetchFailure(failure_class, "why")))
                assert (failed.failure_class, failed.attempts, failed.next_retry_at) == (failure_class, 1, None)
                assert len(world.images.requests) == 1

    @pytest.mark.parametrize("dice", [0.0, 0.25, 0.999])
    async def test_full_jitter(self, dice: float) -> None:
        world = World()
        world.clock.dice = dice
        await move(world, LATER, limits=replace(LIMITS, retry_base_seconds=2.0))
        first, second, third = times(world)
        overhead = world.images.seconds_per_image + world.wire.latency_seconds
        assert second - first - overhead == pytest.approx(2.0 * dice)
        assert third - second - overhead == pytest.approx(4.0 * dice)

    async def test_backoff_has_an_end(self) -> None:
        world = World()
        world.clock.dice = 1.0
        await move(world, LATER, limits=replace(LIMITS, retry_base_seconds=1000.0))
        first, second, _ = times(world)
        assert second - first == pytest.approx(LONGEST_BACKOFF_SECONDS, abs=0.1)

    async def test_the_third_visit_exhausts(self) -> None:
        for visits, expected in ((0, FailureClass.LATER), (1, FailureClass.LATER), (2, FailureClass.EXHAUSTED)):
            failed = failure(await move(World(), LATER, visits=visits))
            assert (failed.failure_class, failed.attempts) == (expected, visits + 1)
        assert VISITS == 3

    async def test_what_is_ours_is_no_visit(self) -> None:
        for visits in (0, 2, 7):
            failed = failure(await move(World(), FetchFailure(FailureClass.OURS, "DNS"), visits=visits))
            assert (failed.failure_class, failed.attempts) == (FailureClass.OURS, visits)

    async def test_a_bad_url_is_never_asked(self) -> None:
        world = World()
        image = PlannedImage(ImageRef("basic", None, "ftp://x"), None, "has the scheme 'ftp'")
        [failed] = await bind(world).move("id", "차", [image], {})
        assert (failure(failed).failure_class, failure(failed).detail) == (FailureClass.BAD_URL, "has the scheme 'ftp'")
        assert world.wire.calls == []


class TestPauses:
    @pytest.mark.parametrize("is_throttle", [True, False])
    async def test_retry_after_is_kept(self, is_throttle: bool) -> None:
        world = World()
        world.clock.dice = 0.0
        asked = FetchFailure(FailureClass.LATER, "HTTP 503", 17.0, is_throttle)
        stored(await move(world, asked, Download(jpeg(URL))))
        first, second = times(world)
        assert 17.0 <= second - first < 17.1

    async def test_up_to_the_limit(self) -> None:
        world = World()
        asked = FetchFailure(FailureClass.LATER, "HTTP 429", LIMITS.retry_after_limit_seconds, is_throttle=True)
        stored(await move(world, asked, Download(jpeg(URL))))

    async def test_beyond_the_limit_the_image_is_left_and_the_host_rests_for_the_limit(self) -> None:
        world = World()
        world.images.answers[URL] = [FetchFailure(FailureClass.LATER, "HTTP 429", 3600.0, is_throttle=True)]
        transfer = bind(world)
        [failed] = await transfer.move("id", "차", [IMAGE], {})
        assert len(world.images.requests) == 1
        assert failure(failed).next_retry_at is not None
        assert (failure(failed).next_retry_at or failure(failed).last_at) > failure(failed).last_at
        other = "https://img.example.com/2.jpg"
        await transfer.move("id", "차", [PlannedImage(ImageRef("basic", None, other), other)], {})
        first, second = times(world)
        assert second - first >= LIMITS.retry_after_limit_seconds

    @pytest.mark.parametrize("seconds", [1e12, float("inf"), 9e99])
    async def test_a_pause_of_centuries_is_bad_advice_not_an_error(self, seconds: float) -> None:
        failed = failure(await move(World(), FetchFailure(FailureClass.LATER, "HTTP 429", seconds, is_throttle=True)))
        assert failed.next_retry_at is not None
        assert (failed.next_retry_at - failed.last_at).total_seconds() == 24 * 3600

    async def test_throttled_without_a_time_rests_all_the_same(self) -> None:
        world = World()
        world.clock.dice = 0.0
        asked = FetchFailure(FailureClass.LATER, "HTTP 429", None, is_throttle=True)
        await move(world, asked, Download(jpeg(URL)), limits=replace(LIMITS, retry_base_seconds=3.0))
        first, second = times(world)
        assert second - first >= 3.0


class TestTimeouts:
    async def test_a_host_that_hangs_costs_the_timeout_each_try(self) -> None:
        world = World(limits=replace(LIMITS, timeout_seconds=7.0))
        world.images.hanging.add(URL)
        failed = failure(await move(world))
        assert (failed.failure_class, failed.detail) == (FailureClass.LATER, "took longer than 7 s")
        assert 21.0 <= world.clock.monotonic() < 25.0

    async def test_waiting_for_the_hosts_turn_is_not_part_of_it(self) -> None:
        world = World(limits=replace(LIMITS, timeout_seconds=7.0))
        transfer = bind(world)
        transfer.budgets.pause("img.example.com", 50)
        stored((await transfer.move("id", "차", [IMAGE], {}))[0])

    async def test_a_stop_while_waiting_leaves_no_outcome(self) -> None:
        for answer in (LATER, FetchFailure(FailureClass.LATER, "HTTP 429", 50.0, is_throttle=True)):
            world, stop = World(), asyncio.Event()
            world.clock.dice = 1.0
            world.images.answers[URL] = [answer]
            asyncio.get_running_loop().call_later(0.1, stop.set)
            before = world.clock.monotonic()
            assert await bind(world, stop=stop).move("id", "차", [IMAGE], {}) == ()
            assert world.clock.monotonic() - before < 0.5

    async def test_a_stop_does_not_hide_a_final_failure(self) -> None:
        world, stop = World(), asyncio.Event()
        world.images.answers[URL] = [GONE]
        world.wire.before("images.fetch", stop.set)
        [failed] = await bind(world, stop=stop).move("id", "차", [IMAGE], {})
        assert failure(failed).failure_class is FailureClass.GONE


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "detail"),
        [
            (b"", "the answer was empty"),
            (b"  <!DOCTYPE html><html></html>", "the answer was an HTML page of 30 bytes"),
            (b"<HTML>", "the answer was an HTML page of 6 bytes"),
            (b'{"error": 1}', "the answer of 12 bytes is no image format that is known"),
        ],
    )
    async def test_not_an_image(self, body: bytes, detail: str) -> None:
        world = World()
        failed = failure(await move(world, Download(body)))
        assert (failed.failure_class, failed.detail) == (FailureClass.NOT_AN_IMAGE, detail)
        assert (len(world.images.requests), world.objects.stored) == (1, {})

    async def test_an_unframed_body_must_have_an_end(self) -> None:
        world = World()
        cut = Download(jpeg(URL)[:-2], is_framed=False)
        entry = stored(await move(world, cut, Download(jpeg(URL), is_framed=False)))
        assert entry.size_bytes == len(jpeg(URL))
        assert len(world.images.requests) == 2
        failed = failure(await move(World(), cut))
        assert (failed.failure_class, failed.detail) == (
            FailureClass.LATER,
            "the connection ended before the image did",
        )

    async def test_a_framed_body_is_believed(self) -> None:
        assert stored(await move(World(), Download(jpeg(URL)[:-2]))).size_bytes == len(jpeg(URL)) - 2

    async def test_the_placeholder_picture(self) -> None:
        known = hashlib.sha256(jpeg("no image")).hexdigest()
        limits = replace(LIMITS, placeholder_sha256=frozenset({known}))
        world = World()
        failed = failure(await move(world, Download(jpeg("no image")), limits=limits))
        assert (failed.failure_class, world.objects.stored) == (FailureClass.PLACEHOLDER, {})

    async def test_a_large_body_is_hashed_right(self) -> None:
        body = jpeg("x" * 3_000_000)
        assert stored(await move(World(), Download(body))).sha256 == hashlib.sha256(body).hexdigest()


class TestStoring:
    async def test_one_url_under_two_types_is_fetched_once_and_stored_twice(self) -> None:
        world = World()
        images = [IMAGE, PlannedImage(ImageRef("color", "흰색", URL), URL)]
        entries = [stored(outcome) for outcome in await bind(world).move("id", "차", images, {})]
        assert len(world.images.requests) == 1
        assert [entry.key.split("/")[4:-1] for entry in entries] == [["basic"], ["color", "흰색"]]
        assert sorted(world.objects.stored) == sorted(entry.key for entry in entries)

    @pytest.mark.parametrize("has_checksum", [True, False])
    async def test_412_with_the_same_content_is_success(self, has_checksum: bool) -> None:
        world = World()
        key = stored(await move(world)).key
        world.objects.place(key, jpeg(URL), has_checksum=has_checksum)
        transfer = bind(world)
        [outcome] = await transfer.move("id", "차", [IMAGE], {})
        assert stored(outcome).key == key
        assert (transfer.figures.found, transfer.figures.bytes_stored) == (1, 0)
        assert world.wire.calls.count("objects.read") == int(not has_checksum)

    @pytest.mark.parametrize("has_checksum", [True, False])
    @pytest.mark.parametrize("body", [jpeg("something else"), jpeg(URL[::-1])], ids=["longer", "as long"])
    async def test_412_with_another_content_fails_the_image(self, body: bytes, has_checksum: bool) -> None:
        world = World()
        key = stored(await move(world)).key
        world.objects.place(key, body, has_checksum=has_checksum)
        failed = failure(await move(world))
        assert (failed.failure_class, failed.detail) == (
            FailureClass.REFUSED,
            "the bucket holds another object under this key",
        )
        assert world.objects.stored[key].body == body

    async def test_the_content_may_name_the_object(self) -> None:
        world = World(layout=replace(World().layout, key_hash="content"))
        entry = stored(await move(world))
        assert entry.key.endswith(f"/{(entry.sha256 or '')[:32]}.jpg")

    async def test_an_outage_of_the_bucket_is_waited_out_then_told(self) -> None:
        world = World()
        world.wire.down.add("objects")
        with pytest.raises(UnavailableError):
            await move(world)
        assert LIMITS.outage_seconds <= world.clock.monotonic() < LIMITS.outage_seconds + 10


class TestFindStored:
    def key_of(self, world: World, vehicle_name: str = "차", extension: str = "jpg", ref: ImageRef = REF) -> str:
        folder = image_folder(world.layout, "id", vehicle_name, ref)
        return f"{folder}{image_hash(world.layout, ref, None)}.{extension}"

    async def find(self, world: World, images: Sequence[PlannedImage] = (IMAGE,)) -> tuple[StoredImage, ...]:
        return await bind(world).find_stored("id", "차", images)

    async def test_by_its_name_without_the_extension(self) -> None:
        for extension in ("jpg", "webp", "png"):
            world = World()
            key = self.key_of(world, extension=extension)
            world.objects.place(key, jpeg(URL), content_type="image/webp")
            [entry] = await self.find(world)
            assert (entry.key, entry.ref, entry.content_type) == (key, REF, "image/webp")
            assert (entry.size_bytes, entry.sha256) == (len(jpeg(URL)), hashlib.sha256(jpeg(URL)).hexdigest())
            assert world.images.requests == []

    async def test_in_either_normal_form(self) -> None:
        for form in ("NFC", "NFD"):
            world = World()
            key = unicodedata.normalize(form, self.key_of(world))
            world.objects.place(key, jpeg(URL))
            [entry] = await self.find(world)
            assert entry.key == key, "the entry names the object that is there, letter by letter"

    async def test_without_a_checksum_it_is_read_back(self) -> None:
        for content_type in ("image/jpeg", "binary/octet-stream"):
            world = World()
            world.objects.place(self.key_of(world), jpeg(URL), has_checksum=False, content_type=content_type)
            [entry] = await self.find(world)
            assert (entry.sha256, entry.content_type) == (hashlib.sha256(jpeg(URL)).hexdigest(), "image/jpeg")

    async def test_what_is_no_image_is_ignored(self) -> None:
        for body in (b"", b"<html>"):
            world = World()
            world.objects.place(self.key_of(world), body, has_checksum=False)
            assert await self.find(world) == ()

    async def test_only_what_is_wanted_and_only_in_its_own_folder(self) -> None:
        world = World()
        other = ImageRef("basic", None, "https://img.example.com/other.jpg")
        for key in (
            self.key_of(world, vehicle_name="다른 차"),
            self.key_of(world, ref=ImageRef("exterior", None, URL)),
            self.key_of(world, ref=other),
            document_prefix(world.layout, "id-1") + "x.jpg",
        ):
            world.objects.place(key, jpeg(URL))
        assert await self.find(world) == ()
        assert world.wire.calls.count("objects.head") == 0

    async def test_over_many_pages(self) -> None:
        world = World()
        images = [PlannedImage(ImageRef("exterior", None, f"{URL}?{n}"), f"{URL}?{n}") for n in range(20)]
        for image in images:
            world.objects.place(self.key_of(world, ref=image.ref), jpeg(image.ref.url))
        found = await self.find(world, images)
        assert {entry.ref for entry in found} == {image.ref for image in images}

    async def test_an_object_that_vanishes_after_the_listing(self) -> None:
        world = World()
        world.objects.place(self.key_of(world), jpeg(URL))
        world.wire.before("objects.head", world.objects.stored.clear)
        assert await self.find(world) == ()

    async def test_named_by_content_nothing_is_looked_for(self) -> None:
        world = World(layout=replace(World().layout, key_hash="content"))
        assert await self.find(world) == ()
        assert world.wire.calls == []
