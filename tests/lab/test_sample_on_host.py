"""The sample's expectations against the host: a small, patient client must come to the outcome that each image expects.

The client shares no code with the migration. It never connects to anything but the host of the test.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import pytest
from aiohttp import ClientError, ClientSession
from PIL import Image, UnidentifiedImageError
from yarl import URL

from opsctl.lab.image_faults import FAULTS, Outcome, picture_behind, split_fault
from opsctl.lab.image_host import serve_images
from opsctl.lab.picture_paths import is_well_encoded
from opsctl.lab.sample_data import PLACEHOLDER_SHA256, Sample, build_sample
from opsctl.lab.sample_drafts import SampleImage

MAX_BYTES = 32 * 1024 * 1024
MAX_HOPS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    location: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class PatientClient:
    session: ClientSession
    base_url: str

    async def fetch(self, text: str) -> Outcome:
        # urljoin would take "http://" for the base address itself.
        url = text if ":" in text.partition("/")[0] else urljoin(f"{self.base_url}/", text)
        for _ in range(MAX_HOPS + 1):
            if not is_fetchable(url):
                return Outcome.BAD_URL
            if urlsplit(url).netloc.rpartition("@")[2] != urlsplit(self.base_url).netloc:
                return Outcome.BLOCKED_ADDRESS
            answer = await self.ask(url)
            if answer.location is None:
                return judge(answer)
            url = urljoin(url, answer.location)
        return Outcome.REFUSED

    async def ask(self, url: str) -> Answer:
        sent = URL(url, encoded=True) if url.isascii() and " " not in url else URL(url)
        for _ in range(3):
            try:
                async with self.session.get(sent, allow_redirects=False) as response:
                    blocks, size_bytes = [], 0
                    async for block in response.content.iter_chunked(1 << 16):
                        blocks.append(block)
                        size_bytes += len(block)
                        if size_bytes > MAX_BYTES:
                            break
                    if response.status < 500 and response.status != 429:
                        return Answer(response.status, response.headers.get("Location"), b"".join(blocks))
            except (ClientError, ConnectionError):
                continue
        raise AssertionError(f"{url} did not recover within two retries")


def is_fetchable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in parts.netloc and parts.port != 0
        )
    except ValueError:
        return False


def judge(answer: Answer) -> Outcome:
    if answer.status in (404, 410):
        return Outcome.GONE
    if answer.status >= 400:
        return Outcome.REFUSED
    if len(answer.body) > MAX_BYTES:
        return Outcome.TOO_LARGE
    if hashlib.sha256(answer.body).hexdigest() == PLACEHOLDER_SHA256:
        return Outcome.PLACEHOLDER
    try:
        Image.open(io.BytesIO(answer.body)).load()
    except (UnidentifiedImageError, OSError):
        # An unframed body that was cut looks whole to the client; only its content tells.
        return Outcome.NOT_AN_IMAGE
    return Outcome.STORED


def choose_images(sample: Sample) -> list[SampleImage]:
    """Every address in peculiar documents, and two of each fault."""
    peculiar = set(sample.labels.values()) - {sample.labels["number-in-list"]}
    faulty: dict[str, list[SampleImage]] = {}
    for image in sample.images:
        split = split_fault(image.url.removeprefix(sample.base_url))
        if split is not None:
            faulty.setdefault(split[0], []).append(image)
    chosen = [image for image in sample.images if image.document_id in peculiar]
    return list(dict.fromkeys([*chosen, *(image for images in faulty.values() for image in images[:2])]))


@pytest.fixture
async def client() -> AsyncIterator[PatientClient]:
    async with serve_images(trickle_seconds=0.5) as host, ClientSession() as session:
        yield PatientClient(session, host.base_url)


async def test_the_host_makes_every_expectation_true(client: PatientClient) -> None:
    sample = build_sample(client.base_url)
    images = choose_images(sample)
    assert len(images) > 250
    slots = asyncio.Semaphore(16)

    async def come_to_an_end(image: SampleImage) -> Outcome:
        async with slots:
            return await client.fetch(image.url)

    # The second look: an unframed body that was cut on the first is whole now, and nothing else has changed.
    first = await asyncio.gather(*(come_to_an_end(image) for image in images))
    second = await asyncio.gather(*(come_to_an_end(image) for image in images))
    for image, early, late in zip(images, first, second, strict=True):
        assert late is image.outcome, image
        cut_unseen = "/unframed-cut-then-ok/" in image.url
        assert early is (Outcome.NOT_AN_IMAGE if cut_unseen else image.outcome), image


async def test_what_is_served_in_the_end_is_known_in_advance(client: PatientClient) -> None:
    for name, fault in FAULTS.items():
        if fault.outcome is Outcome.STORED and fault.name != "unframed-cut-then-ok":
            target = f"/fault/{name}/known.png"
            answer = await client.ask(client.base_url + target)
            while answer.location is not None:
                target = urlsplit(urljoin(client.base_url + target, answer.location)).path
                answer = await client.ask(client.base_url + target)
            assert answer.body == picture_behind(f"/fault/{name}/known.png").body


def test_addresses_of_ordinary_documents_are_request_targets_as_they_stand() -> None:
    sample = build_sample("http://127.0.0.1:8123")
    ordinary = [image for image in sample.images if image.document_id not in set(sample.labels.values())]
    assert all(is_well_encoded(image.url) for image in ordinary)
