"""Mongo or S3 go away in the middle: the run waits, marks nothing, gives up after its bound, and goes on later."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.conftest import FAST, Site, read_answer, wait_until
from tests.end_to_end.gate import Gate
from tests.end_to_end.outcome import check_plain_outcome
from tests.servers.proxy import TcpProxy, tcp_proxy

pytestmark = pytest.mark.slow

DOCUMENTS = 60
STEP = 50
"""So many images of 240 before something happens."""
MIGRATE = ("migrate", "images", "--yes", "-o", "json")


@dataclass(frozen=True, slots=True)
class CutSite:
    """A place whose Mongo or S3 stands behind a proxy; `direct` looks at it past the proxy."""

    direct: Site
    proxy: TcpProxy
    settings: dict[str, str]
    service: str


@pytest.fixture(params=["mongo", "s3"])
def cut_site(request: pytest.FixtureRequest, slow_site: Site) -> Iterator[CutSite]:
    with cut_off(slow_site, request.param) as cut:
        yield cut


def test_a_short_outage_is_waited_out(cut_site: CutSite, gate: Gate) -> None:
    site, documents = cut_site.direct, cut_site.direct.seed_plain(DOCUMENTS)
    gate.close_after(STEP)
    child = site.start(*MIGRATE, **cut_site.settings)
    for take_away in (cut_site.proxy.refuse, cut_site.proxy.cut, cut_site.proxy.refuse):
        wait_until(gate.is_reached, child)
        take_away()
        gate.close_after(STEP)
        time.sleep(1)
        cut_site.proxy.restore()
    gate.open()
    answer = read_answer(child)

    assert answer.exit_code == 0, answer.stderr
    assert (answer.data["state"], answer.data["counters"]["imagesFailed"]) == ("complete", 0)
    check_plain_outcome(site, documents)
    assert_consistent_ledger(site, len(documents))
    assert site.call("migrate", "verify", "-q").exit_code == 0


def test_a_long_outage_ends_with_5_and_marks_nothing(cut_site: CutSite, gate: Gate) -> None:
    site, documents = cut_site.direct, cut_site.direct.seed_plain(DOCUMENTS)
    before = site.originals()
    gate.close_after(2 * STEP)
    child = site.start(*MIGRATE, **cut_site.settings, OPSCTL_IMAGES_OUTAGE_SECONDS="3")
    wait_until(lambda: gate.is_reached() and site.count_processed() > 2, child)
    cut_site.proxy.refuse()
    gate.open()
    answer = read_answer(child)
    cut_site.proxy.restore()

    assert answer.exit_code == 5, answer.stderr
    (error,) = answer.envelope["errors"]
    assert error["code"] == "unavailable"
    assert cut_site.service in error["message"].lower()
    check_nothing_is_marked(site)
    check_record_after_outage(site, cut_site.service)
    again = site.call(*MIGRATE, **FAST)
    assert again.exit_code == 0, again.stderr
    check_plain_outcome(site, documents)
    assert site.originals() == before
    assert site.call("migrate", "verify", "-q").exit_code == 0


def check_nothing_is_marked(site: Site) -> None:
    """No image has failed, and every document that counts as done has all its images, in the bucket as well."""
    objects, open_documents = site.objects(), 0
    for document in site.collection.find():
        assert document.get("s3_migration", {}).get("failed", []) == [] or is_only_ours(document["s3_migration"])
        if "s3_images_metadata" in document:
            assert len(document["s3_images_metadata"]) == 4
            assert all(entry["key"] in objects for entry in document["s3_images_metadata"])
        else:
            open_documents += 1
    assert open_documents > 0


def is_only_ours(ledger: dict[str, object]) -> bool:
    failed = ledger["failed"]
    assert isinstance(failed, list)
    return ledger["state"] == "partial" and {entry["class"] for entry in failed} == {"ours"}


def check_record_after_outage(site: Site, service: str) -> None:
    """With Mongo gone nothing could be written any more; with S3 gone the reason is in the record."""
    record = site.run_record()
    if service == "s3":
        assert (record["state"], record["shards"]["0"]["lease"]["owner"]) == ("stopped", None)
        assert "S3" in record["state_reason"]
    else:
        assert record["state"] == "running"


def assert_consistent_ledger(site: Site, documents: int) -> None:
    """The record counts every document and image once, however often a write had to be repeated."""
    counters = site.run_record()["counters"]
    assert (counters["documents_complete"], counters["images_stored"]) == (documents, 4 * documents)


@contextmanager
def cut_off(site: Site, service: str) -> Iterator[CutSite]:
    address = site.mongo_uri if service == "mongo" else site.target.endpoint_url
    name = "OPSCTL_MONGO_URI" if service == "mongo" else "OPSCTL_S3_ENDPOINT_URL"
    port = urlsplit(address).port
    assert port is not None
    with tcp_proxy(port) as proxy:
        yield CutSite(site, proxy, {name: address.replace(f":{port}", f":{proxy.port}")}, service)
