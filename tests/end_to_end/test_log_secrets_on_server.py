"""What `opsctl migrate logs` masks, on the real API server: what the Job's Secrets hold, keys printed line by line."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.end_to_end.kube_jobs import COMMAND_SECONDS, JobSite, open_job_site
from tests.end_to_end.test_logs_on_server import READING_RULES, Following, after
from tests.servers.kube_cluster import KubeCluster

pytestmark = pytest.mark.servers

SECRET = "vehicle-db"
FIRST, SECOND = "first one 1", "second one 2"


@pytest.fixture
def site(cluster: KubeCluster, tmp_path: Path) -> JobSite:
    return open_job_site(cluster, tmp_path)


@contextmanager
def following(site: JobSite) -> Iterator[Following]:
    started = Following(site.start("migrate", "logs", "--follow", "-o", "ndjson"))
    try:
        yield started
    finally:
        if started.child.poll() is None:
            started.child.kill()
            started.child.wait(timeout=COMMAND_SECONDS)


def secret_of(password: str) -> dict[str, Any]:
    return {"metadata": {"name": SECRET}, "stringData": {"value": password, "username": "migrator"}}


def create_job(site: JobSite) -> None:
    """Its password comes from a Secret."""
    path = f"/api/v1/namespaces/{site.namespace}/secrets"
    site.cluster.request("POST", path, secret_of(FIRST))
    reference = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": SECRET, "key": "value"}}}
    container = {"name": "migrate", "image": "example.com/opsctl:1", "env": [reference]}
    site.create_job(template={"spec": {"restartPolicy": "Never", "containers": [container]}})


def change_secret(site: JobSite) -> None:
    path = f"/api/v1/namespaces/{site.namespace}/secrets/{SECRET}"
    site.cluster.request("PATCH", path, secret_of(SECOND), content_type="application/merge-patch+json")


def test_a_new_pod_has_what_the_secret_holds_now_and_what_it_held_stays_masked(site: JobSite) -> None:
    create_job(site)
    first = site.pod(0)
    log, _ = site.cluster.pod_log(site.namespace, first)
    log.write(f"migrator logs in with {FIRST}", at=after(0))
    with following(site) as followed:
        followed.wait_for_text("migrator logs in with ***")
        change_secret(site)
        site.delete_pod(first)
        new, _ = site.cluster.pod_log(site.namespace, site.pod(0, other_than=first))
        new.write(f"not with {FIRST} but with {SECOND}")
        followed.wait_for_text("not with *** but with ***")
    assert not any("may not be read" in note for note in followed.notes)


def test_who_may_not_read_the_secrets_is_told_so_once(cluster: KubeCluster, tmp_path: Path) -> None:
    site = open_job_site(cluster, tmp_path, context="user")
    create_job(site)
    first = site.pod(0)
    log, _ = cluster.pod_log(site.namespace, first)
    log.write("zero", at=after(0))
    cluster.grant(site.namespace, *READING_RULES)
    with following(site) as followed:
        followed.wait_for_text("zero")
        site.delete_pod(first)
        new, _ = cluster.pod_log(site.namespace, site.pod(0, other_than=first))
        new.write("again")
        followed.wait_for_text("again")
        refusals = [note for note in followed.notes if "may not be read" in note]
    assert len(refusals) == 1
    assert f"get secrets in namespace {site.namespace}" in refusals[0]
    done = site.run("migrate", "logs", "-o", "text")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("may not be read") == 1


def test_keys_that_two_pods_print_at_the_same_time(site: JobSite) -> None:
    site.create_job()
    secrets: list[str] = []
    for index, (prefix, left_out) in enumerate((("INFO root: ", 0), ("", 3))):
        log, _ = site.cluster.pod_log(site.namespace, site.pod(index))
        body = textwrap.wrap(base64.b64encode(Random(index).randbytes(400)).decode(), 64)
        key = ["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----"][left_out:]
        secrets += [line for line in key if "-----" not in line]
        for number, line in enumerate(key):
            log.write(f"{prefix}{line}", at=after(number))
        log.write("the key is read", at=after(60))
    for words in (("-o", "text"), ("-o", "json"), ("-o", "table")):
        stdout = site.run("migrate", "logs", *words).stdout
        assert stdout.count("the key is read") == 2
        assert stdout.count("***") == len(secrets)
        assert not any(line in stdout for line in secrets)
    for index in range(2):
        site.cluster.finish_pod(site.namespace, site.pod(index), 0)
    stdout = site.run("migrate", "logs", "--follow", "-o", "text").stdout
    assert stdout.count("the key is read") == 2
    assert not any(line in stdout for line in secrets)
