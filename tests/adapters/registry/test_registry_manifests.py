from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from opsctl.adapters.registry.client import Patience, RegistryClient
from opsctl.adapters.registry.deadline import Stop
from opsctl.adapters.registry.docker_login import Login
from opsctl.adapters.registry.refusals import Repository
from opsctl.errors import DataError, NotFoundError, UnavailableError
from tests.adapters.registry.registry_server import OCI_MANIFEST, REPOSITORY, Registry, digest_of
from tests.adapters.registry.stopped_clock import GivenLogins, StoppedClock


def at(registry: Registry) -> Repository:
    return Repository(registry.name, REPOSITORY)


def test_a_manifest_by_tag_has_the_digest_of_its_bytes(registry: Registry) -> None:
    stored = registry.add_manifest(b'{ "odd":  "spacing" }\n', "1")
    answer = RegistryClient(GivenLogins()).get_manifest(at(registry), "1")
    assert (answer.digest, answer.media_type) == (stored.digest, OCI_MANIFEST)
    assert answer.body == b'{ "odd":  "spacing" }\n'
    accept = registry.requests[0].accept or ""
    assert all(
        word in accept
        for word in ("oci.image.index.v1", "oci.image.manifest.v1", "manifest.list.v2", "distribution.manifest.v2")
    )


def test_a_manifest_by_digest_must_have_it(registry: Registry) -> None:
    digest = digest_of(b"what was asked for")
    registry.manifests[digest] = (OCI_MANIFEST, b"something else")
    registry.content_digest = digest_of(b"something else")
    with pytest.raises(DataError) as raised:
        RegistryClient(GivenLogins()).get_manifest(at(registry), digest)
    assert raised.value.code == "digest-mismatch"


def test_a_tagged_manifest_must_have_the_digest_that_the_header_tells(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.content_digest = digest_of(b"another")
    with pytest.raises(DataError) as raised:
        RegistryClient(GivenLogins()).get_manifest(at(registry), "1")
    assert raised.value.code == "digest-mismatch"


def test_a_manifest_above_four_mebibytes_is_refused(registry: Registry) -> None:
    registry.add_manifest(b" " * ((4 << 20) + 1), "1")
    with pytest.raises(DataError, match="larger than 4194304"):
        RegistryClient(GivenLogins()).get_manifest(at(registry), "1")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"errors":[{"code":"NAME_UNKNOWN","message":"canary"}]}', "has no repository p/r/app"),
        (b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"canary"}]}', "the repository has no such image"),
        (b"<html>canary</html>", "does not have it"),
        (b"", "does not have it"),
        (b'{"errors":{"code":"NAME_UNKNOWN"}}', "does not have it"),
        (b"[" * 20_000, "does not have it"),
    ],
)
def test_what_is_missing_is_told_from_the_code(registry: Registry, body: bytes, words: str) -> None:
    registry.missing = body
    with pytest.raises(NotFoundError, match=words) as raised:
        RegistryClient(GivenLogins()).get_manifest(at(registry), "gone")
    assert raised.value.code == "image-not-found"
    assert "canary" not in f"{raised.value.message}{raised.value.hint}"


def test_what_may_pass_is_asked_again(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.first_answers = [(503, {}, b"busy"), (500, {}, b""), (429, {"Retry-After": "7"}, b"")]
    clock = StoppedClock()
    RegistryClient(GivenLogins(), clock=clock).get_manifest(at(registry), "1")
    assert clock.pauses == [0.5, 1.0, 7.0]


def test_a_date_in_retry_after_counts_from_the_servers_clock(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    date, later = "Mon, 12 Jan 2026 02:00:00 GMT", "Mon, 12 Jan 2026 02:00:09 GMT"
    registry.first_answers = [(429, {"Retry-After": later, "Date": date}, b"")]
    clock = StoppedClock()
    RegistryClient(GivenLogins(), clock=clock).get_manifest(at(registry), "1")
    assert clock.pauses == [9.0]


@pytest.mark.parametrize(("status", "code"), [(429, "throttled"), (500, "unavailable"), (504, "unavailable")])
def test_what_does_not_pass_is_told(registry: Registry, status: int, code: str) -> None:
    registry.first_answers = [(status, {}, b"")] * 9
    with pytest.raises(UnavailableError) as raised:
        RegistryClient(GivenLogins(), clock=StoppedClock()).get_manifest(at(registry), "1")
    assert raised.value.code == code
    assert len(registry.requests) == 4


def test_nobody_waits_for_minutes(registry: Registry) -> None:
    registry.first_answers = [(429, {"Retry-After": "600"}, b"")]
    clock = StoppedClock()
    with pytest.raises(UnavailableError) as raised:
        RegistryClient(GivenLogins(), clock=clock).get_manifest(at(registry), "1")
    assert (raised.value.code, clock.pauses) == ("throttled", [])


def test_a_registry_that_is_not_there(registry: Registry) -> None:
    clock = StoppedClock()
    with pytest.raises(UnavailableError, match="cannot be reached") as raised:
        RegistryClient(GivenLogins(), clock=clock).get_manifest(Repository("127.0.0.1:1", REPOSITORY), "1")
    assert raised.value.code == "unavailable"
    assert clock.pauses == [0.5, 1.0, 2.0]


def test_a_registry_that_does_not_answer_in_time(registry: Registry) -> None:
    registry.hangs = threading.Event()
    client = RegistryClient(GivenLogins(), patience=Patience(idle_seconds=0.1))
    with pytest.raises(UnavailableError, match="does not answer") as raised:
        client.get_manifest(at(registry), "1")
    assert raised.value.code == "timeout"
    assert client.calls[0].status == 0


def test_work_that_was_called_off_asks_nothing(registry: Registry) -> None:
    stop = Stop()
    stop.request()
    with pytest.raises(UnavailableError) as raised:
        RegistryClient(GivenLogins()).get_manifest(at(registry), "1", stop=stop)
    assert raised.value.code == "stopped"
    assert registry.requests == []


def test_other_statuses_are_answers_that_cannot_be_read(registry: Registry) -> None:
    registry.first_answers = [(418, {}, b'{"errors":[{"code":"UNSUPPORTED"},{"code":"rm -rf"}]}')]
    with pytest.raises(DataError, match=r"HTTP 418, UNSUPPORTED"):
        RegistryClient(GivenLogins()).get_manifest(at(registry), "1")


def test_a_redirected_manifest_is_followed(registry: Registry, other_registry: Registry) -> None:
    stored = other_registry.add_manifest({}, "1")
    registry.first_answers = [(307, {"Location": f"{other_registry.base}/v2/{REPOSITORY}/manifests/1"}, b"")]
    assert RegistryClient(GivenLogins()).get_manifest(at(registry), "1").digest == stored.digest


def test_threads_share_one_sign_in(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge = 'Bearer realm="{base}/v2/token"'
    registry.accepted = {"Bearer registry-token"}
    client = RegistryClient(GivenLogins({registry.name: Login("u", "p")}))
    with ThreadPoolExecutor(8) as threads:
        digests = set(threads.map(lambda _: client.get_manifest(at(registry), "1").digest, range(16)))
    assert len(digests) == 1
    assert registry.paths.count("/v2/token") == 1
