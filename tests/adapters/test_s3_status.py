"""What `status` asks S3, on a server."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from opsctl.adapters.s3.bucket import Bucket, BucketAddress
from opsctl.adapters.s3.status import S3ObjectCounts
from opsctl.errors import AccessDeniedError, NotFoundError, UnavailableError
from opsctl.status.answers import ObjectTally
from opsctl.status.ports import StatusSources
from opsctl.status.snapshot import RECOUNT_BUDGET, take_snapshot
from tests.contract.s3_clients import boto3_client
from tests.servers.launch import S3Target, refusing_port
from tests.status.sources import FakeDocuments, FakeRuns, FixedClock

FOLDER = "images/danawa_vehicle_data/"
KEYS = (
    "64b7f0a0c9e77c0001a1b2c3/쏘나타/basic/0a.jpg",
    "64b7f0a0c9e77c0001a1b2c3/쏘나타/color/눈꽃 화이트/0b.jpg",
    "64b7f0a0c9e77c0001a1b2c4/K5/basic/0c.webp",
    "ab-1/x/basic/0d.jpg",
    "ab/x/basic/0e.jpg",
    "str-64b7f0a0c9e77c0001a1b2c3/x/basic/0f.jpg",
    "차량/x/basic/10.jpg",
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A bucket of one's own."""

    target: S3Target
    bucket: str
    client: Any = field(repr=False)

    @property
    def address(self) -> BucketAddress:
        target = self.target
        return BucketAddress(
            self.bucket, target.region, target.endpoint_url, target.access_key_id, target.secret_access_key
        )

    def counts(self, address: BucketAddress | None = None, folder: str = FOLDER) -> S3ObjectCounts:
        return S3ObjectCounts(Bucket(address or self.address), folder)

    def put(self, *keys: str) -> None:
        for key in keys:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=b"0123456789")


@pytest.fixture
def shelf(s3_target: S3Target) -> Shelf:
    client = boto3_client(s3_target)
    name = f"opsctl-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    return Shelf(s3_target, name, client)


async def tally_of(counts: S3ObjectCounts, after: str | None = None, until: str | None = None) -> ObjectTally:
    total = ObjectTally()
    async for page in counts.pages(after, until):
        total = total.plus(page)
    return total


async def test_everything_below_the_folder_is_counted_and_nothing_else(shelf: Shelf) -> None:
    shelf.put(*(FOLDER + key for key in KEYS), "images/danawa_vehicle_data_old/1/a.jpg", "images/other/1/a.jpg", "z")
    total = await tally_of(shelf.counts())
    assert (total.count, total.size_bytes, total.last_key) == (len(KEYS), 10 * len(KEYS), KEYS[-1])
    listed = shelf.client.list_objects_v2(Bucket=shelf.bucket, Prefix=FOLDER)["Contents"]
    times = [entry["LastModified"] for entry in listed]
    assert (total.oldest_at, total.newest_at) == (min(times), max(times))
    assert (await tally_of(shelf.counts(folder=""))).count == len(KEYS) + 3


async def test_an_empty_folder_has_no_objects(shelf: Shelf) -> None:
    assert await tally_of(shelf.counts()) == ObjectTally()


@pytest.mark.parametrize("cut", ["0", "64b7f0a0c9e77c0001a1b2c4", "ab", "ab-", KEYS[3], "str", "차", "힣"])
async def test_a_cut_anywhere_leaves_every_object_on_one_side(shelf: Shelf, cut: str) -> None:
    shelf.put(*(FOLDER + key for key in KEYS))
    below, above = await tally_of(shelf.counts(), None, cut), await tally_of(shelf.counts(), cut, None)
    assert below.count == sum(1 for key in KEYS if key <= cut)
    assert above.count == sum(1 for key in KEYS if key > cut)


@pytest.mark.servers
async def test_a_long_listing_in_parts_counts_what_one_listing_counts(shelf: Shelf) -> None:
    """3,100 objects: more than the pages that are read in one go."""
    for number in range(3100):
        shelf.client.put_object(Bucket=shelf.bucket, Key=f"{FOLDER}{number // 4:04}/{number % 4}.jpg", Body=b"x")
    documents = FakeDocuments(segments=[f"{number:04}" for number in range(0, 775, 5)])
    sources = StatusSources(documents, FakeRuns(), shelf.counts())
    listed = (await take_snapshot(sources, FixedClock(), RECOUNT_BUDGET)).objects
    assert listed is not None
    assert (listed.count, listed.size_bytes, listed.is_complete) == (3100, 3100, True)


async def test_no_such_bucket(shelf: Shelf) -> None:
    with pytest.raises(NotFoundError):
        await tally_of(shelf.counts(replace(shelf.address, bucket=f"{shelf.bucket}-not")))


@pytest.mark.parametrize("change", [{"secret_access_key": "wr0ng-s3cret"}, {"access_key_id": "NOBODY"}])
async def test_wrong_keys_are_denied_and_never_repeated(shelf: Shelf, change: dict[str, str]) -> None:
    with pytest.raises(AccessDeniedError) as raised:
        await tally_of(shelf.counts(replace(shelf.address, **change)))
    assert "wr0ng" not in f"{raised.value.message} {raised.value.hint}"


async def test_nobody_listens() -> None:
    with refusing_port() as port:
        address = BucketAddress("b", "us-east-1", f"http://127.0.0.1:{port}", "key", "secret")
        with pytest.raises(UnavailableError):
            await tally_of(S3ObjectCounts(Bucket(address), FOLDER))


async def test_a_failure_is_a_gap_of_the_snapshot(shelf: Shelf) -> None:
    address = replace(shelf.address, bucket=f"{shelf.bucket}-not")
    taken = await take_snapshot(
        StatusSources(FakeDocuments(), FakeRuns(), shelf.counts(address)), FixedClock(), RECOUNT_BUDGET
    )
    assert [(gap.source, gap.state) for gap in taken.gaps] == [("s3", "not_found")]
    assert (taken.objects, taken.documents) == (None, 475)
