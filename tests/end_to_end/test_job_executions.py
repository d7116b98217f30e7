"""A Job starts an index again after the whole run has ended; a Job that is made anew begins another run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId

from tests.end_to_end.conftest import Document, Site
from tests.end_to_end.gate import Gate
from tests.end_to_end.job_site import JobSite, open_job_site
from tests.servers.kube_cluster import KubeCluster, KubeRequestError, wait_for

pytestmark = [
    pytest.mark.servers,
    pytest.mark.parametrize(("mongo_uri", "s3_target"), [("mongo-java-server", "versitygw")], indirect=True),
]
FIRST, LAST = ObjectId("0" * 24), ObjectId("f" * 24)


@pytest.fixture
def here(cluster: KubeCluster, slow_site: Site) -> Iterator[JobSite]:
    with open_job_site(cluster, slow_site) as opened:
        yield opened


def test_a_retry_after_the_end_begins_no_other_run_and_the_next_job_does(here: JobSite, gate: Gate) -> None:
    """The machine of a pod is lost after its process has done everything, and before Kubernetes has heard of it."""
    here.site.seed_plain(40)
    gate.close_after(0)
    here.apply(shards=2)
    lost = here.runner.pod(index=1)
    lost.is_attended = False
    gate.open()
    wait_for(lambda: lost.exit_code is not None or None, "the lost process to end")
    assert lost.exit_code == 0, lost.stderr
    wait_for(lambda: here.site.run_record()["state"] == "complete" or None, "the run to be complete")
    here.site.collection.insert_many([new_document(here.site, identifier) for identifier in (FIRST, LAST)])
    here.runner.lose(lost)

    job = here.wait_for_condition("Complete")
    assert here.runner.pod(index=1, attempt=2).exit_code == 0
    [record] = read_records(here)
    assert (record["state"], record["execution"]) == ("complete", job["metadata"]["uid"])
    assert [record["shards"][index]["starts"] for index in ("0", "1")] == [1, 2]
    assert [is_processed(here, identifier) for identifier in (FIRST, LAST)] == [False, True], "its own range only"

    make_anew(here, shards=2)
    again = here.wait_for_condition("Complete")
    assert again["metadata"]["uid"] != job["metadata"]["uid"]
    first, second = read_records(here)
    assert first == record
    assert (second["state"], second["execution"]) == ("complete", again["metadata"]["uid"])
    assert here.site.count_processed() == 42
    assert here.status().data["state"] == "complete"
    assert here.site.call("migrate", "verify", "-q").exit_code == 0


def new_document(site: Site, identifier: ObjectId) -> Document:
    return {"_id": identifier, "vehicle_name": "새 차", "main_image": f"{site.base_url}/img/{identifier}.jpg"}


def is_processed(here: JobSite, identifier: ObjectId) -> bool:
    return here.site.collection.find_one({"_id": identifier, "s3_images_metadata": {"$exists": True}}) is not None


def read_records(here: JobSite) -> list[dict[str, Any]]:
    return list(here.site.collection.database["opsctl_runs"].find(sort=[("sequence", 1)]))


def make_anew(here: JobSite, *, shards: int) -> None:
    """The same Job, deleted and applied again."""
    here.cluster.request("DELETE", here.path, {"propagationPolicy": "Background"})

    def is_gone() -> bool | None:
        try:
            here.read()
        except KubeRequestError as error:
            if error.status != 404:
                raise
            return True
        return None

    wait_for(is_gone, "the Job to be gone")
    here.apply(shards=shards)
