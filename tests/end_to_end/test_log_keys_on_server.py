"""What `opsctl migrate logs` masks, on the real API server: keys printed line by line."""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path
from random import Random

import pytest

from tests.end_to_end.kube_jobs import JobSite, open_job_site
from tests.end_to_end.test_logs_on_server import after
from tests.servers.kube_cluster import KubeCluster

pytestmark = pytest.mark.servers


@pytest.fixture
def site(cluster: KubeCluster, tmp_path: Path) -> JobSite:
    return open_job_site(cluster, tmp_path)


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
