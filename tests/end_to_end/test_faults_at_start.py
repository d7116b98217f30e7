"""What is wrong before a command begins: told with the right code, in time, and nothing is changed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.end_to_end.conftest import EMBEDDED_ONLY, GIVE_UP_SECONDS, Answer, Site, open_place, read_answer
from tests.servers.launch import S3Target, embedded_mongo, refusing_port

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]

BOUND_SECONDS = 25
"""For the waiting alone. Less than drivers wait that were told nothing: PyMongo 30 s, botocore several times 60 s."""

MIGRATE = ("migrate", "images", "--yes", "-o", "json")
READING = (("migrate", "verify"), ("migrate", "failures"), ("status",))
USER, PASSWORD = "migrator", "right-pa55word"
WRONG = "wr0ng-canary"


@pytest.fixture
def seeded(plain_site: Site) -> Iterator[Site]:
    """A place that must be the same after the test as it was before."""
    plain_site.seed_plain(3)
    before = plain_site.everything()
    yield plain_site
    assert plain_site.everything() == before


def test_a_service_that_is_away_ends_with_5_in_time(seeded: Site) -> None:
    """Refused connections, and connections that nobody answers; all at once, because most of it is waiting.

    On a busy machine the start of a program takes seconds: one that has nothing to wait for says how many.
    """
    with refusing_port() as refused, silent_port() as silent:
        ways = {
            "mongo refuses": {"OPSCTL_MONGO_URI": f"mongodb://127.0.0.1:{refused}/?directConnection=true"},
            "mongo is silent": {"OPSCTL_MONGO_URI": f"mongodb://127.0.0.1:{silent}/?directConnection=true"},
            "s3 refuses": {"OPSCTL_S3_ENDPOINT_URL": f"http://127.0.0.1:{refused}"},
            "s3 is silent": {"OPSCTL_S3_ENDPOINT_URL": f"http://127.0.0.1:{silent}"},
            "nothing to wait for": {"OPSCTL_S3_BUCKET": "no-such-bucket"},
        }
        began = time.monotonic()
        running = {name: seeded.start(*MIGRATE, **settings) for name, settings in ways.items()}
        answers, seconds = {}, {}
        while running:
            for name in [name for name, child in running.items() if child.poll() is not None]:
                seconds[name] = time.monotonic() - began
                answers[name] = read_answer(running.pop(name))
            assert time.monotonic() - began < GIVE_UP_SECONDS, f"still running: {list(running)}"
            time.sleep(0.05)
    start_seconds = seconds.pop("nothing to wait for")
    assert answers.pop("nothing to wait for").exit_code == 7
    for name, answer in answers.items():
        assert answer.exit_code == 5, (name, answer.stderr)
        check_envelope(answer, "unavailable", name.partition(" ")[0])
    assert max(seconds.values()) - start_seconds < BOUND_SECONDS, seconds


def test_the_reading_commands_end_with_5_without_mongo(seeded: Site) -> None:
    with refusing_port() as port:
        nowhere = {"OPSCTL_MONGO_URI": f"mongodb://127.0.0.1:{port}/?directConnection=true"}
        running = [seeded.start(*words, "-o", "json", **nowhere) for words in READING]
        answers = [read_answer(child) for child in running]
    for answer in answers:
        assert answer.exit_code == 5
        check_envelope(answer, "unavailable", "mongo")


@pytest.mark.usefixtures("mongo_uri")
def test_a_wrong_mongo_password_ends_with_6(s3_target: S3Target, image_host: str) -> None:
    with embedded_mongo(USER, PASSWORD) as bare:
        uri = bare.replace("mongodb://", f"mongodb://{USER}:{{}}@") + "&authSource=admin"
        with open_place(uri.format(PASSWORD), s3_target, image_host) as site:
            site.seed_plain(1)
            before = site.everything()
            denied = site.call(*MIGRATE, "-vv", OPSCTL_MONGO_URI=uri.format(WRONG))
            without = site.call(*MIGRATE, OPSCTL_MONGO_URI=bare)
            allowed = site.call("migrate", "images", "--dry-run", "-o", "json")
            assert site.everything() == before
    for answer in (denied, without):
        assert answer.exit_code == 6, answer.stderr
        check_envelope(answer, "denied", "mongo")
        assert PASSWORD not in answer.stdout + answer.stderr
        assert WRONG not in answer.stdout + answer.stderr
    assert allowed.exit_code == 0


def test_a_wrong_s3_secret_ends_with_6(seeded: Site) -> None:
    answer = seeded.call(*MIGRATE, "-vv", OPSCTL_S3_SECRET_ACCESS_KEY=WRONG)
    assert answer.exit_code == 6
    check_envelope(answer, "denied", seeded.bucket)
    assert WRONG not in answer.stdout + answer.stderr


def test_a_missing_collection_ends_with_7_and_near_names(seeded: Site) -> None:
    answer = seeded.call(*MIGRATE, OPSCTL_MONGO_COLLECTION="danawa_vehicel_data")
    assert answer.exit_code == 7
    check_envelope(answer, "not_found", "danawa_vehicel_data")
    assert "danawa_vehicle_data" in answer.envelope["errors"][0]["hint"]


def test_a_missing_bucket_ends_with_7_and_near_names(seeded: Site) -> None:
    wrong = f"{seeded.bucket}s"
    answer = seeded.call(*MIGRATE, OPSCTL_S3_BUCKET=wrong)
    assert answer.exit_code == 7
    check_envelope(answer, "not_found", wrong)
    assert f"'{seeded.bucket}'" in answer.envelope["errors"][0]["hint"]


@pytest.mark.parametrize("words", [MIGRATE, ("migrate", "verify", "-o", "json")])
def test_an_endpoint_that_is_no_s3_is_not_taken_for_one(seeded: Site, words: tuple[str, ...]) -> None:
    answer = seeded.call(*words, OPSCTL_S3_ENDPOINT_URL=seeded.base_url)
    assert answer.exit_code == 1
    check_envelope(answer, "data", "S3")
    assert "endpoint_url" in answer.envelope["errors"][0]["hint"]


@pytest.mark.parametrize(
    "uri",
    [
        f"mongo://user:{WRONG}@127.0.0.1:27017/",
        f"mongodb://user:{WRONG}",
        f"mongodb://user:{WRONG}@127.0.0.1:99999/",
        f"mongodb://user:{WRONG}@127.0.0.1:27017/?noSuchOption",
        f"mongodb://user:{WRONG}/@127.0.0.1:27017/",
        f"mongodb://user:{WRONG}%zz@127.0.0.1:27017/",
        f"mongodb://us:er:{WRONG}@127.0.0.1:27017/",
        f"mongodb://user:{WRONG}@127.0.0.1:27017/?authMechanism=NONSENSE",
        f"mongodb://user:{WRONG}@127.0.0.1:27017/?serverSelectionTimeoutMS=soon",
        f"'mongodb://user:{WRONG}@127.0.0.1:27017/'",
    ],
)
def test_a_nonsense_mongo_uri_ends_with_2_and_keeps_its_password(seeded: Site, uri: str) -> None:
    answer = seeded.call(*MIGRATE, "-vv", OPSCTL_MONGO_URI=uri)
    assert answer.exit_code == 2, answer.stderr
    check_envelope(answer, "config", "mongo.uri")
    assert WRONG not in answer.stdout + answer.stderr


def check_envelope(answer: Answer, code: str, named: str) -> None:
    """One document on stdout that says the same as the exit code, and an error that names what it is about."""
    envelope = answer.envelope
    assert envelope["exitCode"] == answer.exit_code
    assert envelope["status"] == "error"
    assert envelope["data"] is None
    (error,) = envelope["errors"]
    assert error["code"].replace("-", "_") == code
    assert named.lower() in error["message"].lower()
    assert error["hint"] or "must" in error["message"], "neither says what to do"


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that accepts and never answers, like a firewall that swallows packets."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]
