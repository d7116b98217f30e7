"""A canary: secrets of the configuration and of addresses are in no output, no log and no record of a run."""

from __future__ import annotations

from collections.abc import Iterator

import bson
import pytest

from tests.end_to_end.conftest import COLLECTION, EMBEDDED_ONLY, Answer, Site, open_place
from tests.servers.launch import S3Target, embedded_mongo

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]

PASSWORD = "m0ngo/c@nary:%"
QUOTED = "m0ngo%2Fc%40nary%3A%25"
CANARY = "canary-s3cr3t"
FORMATS = ("table", "json", "yaml", "markdown", "csv", "ndjson", "name")


@pytest.fixture
def guarded_site(mongo_uri: str, s3_target: S3Target, image_host: str) -> Iterator[Site]:
    """A place whose Mongo wants a password, with addresses that hold secrets and fail in every way there is."""
    with embedded_mongo("migrator", PASSWORD) as bare:
        uri = bare.replace("mongodb://", f"mongodb://migrator:{QUOTED}@") + "&authSource=admin"
        with open_place(uri, s3_target, image_host) as opened:
            opened.seed(72)
            opened.collection.insert_one(
                {"_id": "canaries", "vehicle_name": "모닝", "exterior_images": addresses(opened)}
            )
            yield opened


def addresses(site: Site) -> list[str]:
    """The canary as a password and as a signature: gone, refused, not an image, blocked, unusable."""
    host = site.base_url.removeprefix("http://")
    account, signature = f"user:{CANARY}@", f"X-Amz-Expires=600&X-Amz-Signature={CANARY}"
    return [
        f"http://{account}{host}/fault/404/1.jpg",
        f"HTTP://{account}{host}/fault/403/2.jpg",
        f"//{account}{host}/fault/404/3.jpg",
        f"http://{account}{host}/fault/html/4.jpg",
        f"http://{account}10.0.0.1/5.jpg",
        f"http://{account}[::1/6.jpg",
        f"http://{account}bad host/7.jpg",
        f"ftp://{account}{host}/8.jpg",
        f"{site.base_url}/fault/404/10.jpg?{signature}",
        f"{site.base_url}/fault/404/11.jpg?{signature}#part",
        f"{site.base_url}/fault/404/12.jpg?x={signature}&amp;Signature={CANARY}",
        f"{site.base_url}/fault/404/13.jpg?token={CANARY}",
        f"{site.base_url}/fault/404/14.jpg?sig={CANARY}&se=2030",
        f"{site.base_url}/fault/404/15.jpg?AWSAccessKeyId=AKIA&Signature={CANARY}",
    ]


def test_no_output_holds_a_secret(guarded_site: Site) -> None:
    site = guarded_site
    originals = site.originals()
    answers = [site.call("migrate", "images", "--dry-run", "-vv"), site.call("migrate", "images", "--yes", "-vv")]
    answers += [site.run_here("migrate", "failures", "-vv", "-o", output) for output in FORMATS]
    for words in (("status", "--recount"), ("migrate", "verify"), ("config", "show"), ("config", "check")):
        answers += [site.run_here(*words, "-vv", "-o", output) for output in FORMATS[:4]]
    answers.append(site.call("status", "--recount", "-o", "ndjson"))
    answers.append(site.call("migrate", "images", "--yes", "--retry-failed", "-vv", "-o", "json"))

    assert [answer.exit_code for answer in answers if answer.exit_code not in (0, 4)] == []
    check_clean(site, answers)
    assert sum(answer.stdout.count("***") for answer in answers) > len(FORMATS) * 5
    # Mongo itself keeps its addresses as they are; what opsctl adds about a run holds none of them.
    assert site.originals() == originals
    runs = b"".join(bson.encode(run) for run in site.collection.database["opsctl_runs"].find())
    assert CANARY.encode() not in runs
    details = [entry["detail"] for each in site.collection.find() for entry in each["s3_migration"]["failed"]]
    assert not [detail for detail in details if CANARY in detail]


def test_no_error_holds_a_secret(guarded_site: Site) -> None:
    site = guarded_site
    uri = site.mongo_uri
    ways = (
        {"OPSCTL_MONGO_URI": uri.replace("127.0.0.1:", "127.0.0.1:9")},
        {"OPSCTL_MONGO_URI": uri.replace(QUOTED, PASSWORD)},
        {"OPSCTL_MONGO_URI": uri.replace("migrator:", "nobody:")},
        {"OPSCTL_MONGO_URI": uri.partition("@")[0]},
        {"OPSCTL_MONGO_URI": f"{uri}&noSuchOption={QUOTED}"},
        {"OPSCTL_MONGO_COLLECTION": f"{COLLECTION}s"},
        {"OPSCTL_S3_ACCESS_KEY_ID": "UNKNOWN"},
        {"OPSCTL_S3_BUCKET": "no-such-bucket"},
        {"OPSCTL_S3_ENDPOINT_URL": f"http://user:{CANARY}@127.0.0.1:9"},
        {"OPSCTL_IMAGES_WORKERS": "many"},
    )
    answers = [site.run_here("migrate", "images", "--yes", "-vv", "-o", "json", **settings) for settings in ways]
    answers += [site.run_here("config", "show", "-o", "json", **settings) for settings in ways]
    check_clean(site, answers)
    assert [answer.exit_code for answer in answers[: len(ways)]] == [
        5 if False else code for code in (2, 2, 6, 2, 4, 7, 6, 7, 5, 2)
    ]


def check_clean(site: Site, answers: list[Answer]) -> None:
    for answer in answers:
        for secret in (PASSWORD, QUOTED, CANARY, site.target.secret_access_key):
            for line in (answer.stdout + answer.stderr).splitlines():
                assert secret not in line, (secret, line)
