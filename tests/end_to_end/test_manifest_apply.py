"""`opsctl migrate manifest --apply` on a real API server."""

from __future__ import annotations

import json
import shlex
import stat
from pathlib import Path

import pytest

from tests.end_to_end.manifest_site import PASSWORD, Json, ManifestSite, env_of, path_of
from tests.servers.kube_cluster import RESTRICTED_USER, KubeCluster, wait_for

pytestmark = pytest.mark.servers
IMAGE = ("--image", "registry.example/opsctl:1")
APPLY = ("--apply", "--yes", "-o", "json")


@pytest.fixture
def site(cluster: KubeCluster, tmp_path: Path) -> ManifestSite:
    return ManifestSite.create(cluster, tmp_path)


def states(data: Json) -> dict[str, str]:
    return {item["kind"]: item["state"] for item in data["objects"]}


def job_of(site: ManifestSite, name: str | None = None) -> Json:
    job = site.live("Job", name or site.job)
    assert job is not None
    return job


def test_all_of_it_is_created_once_and_then_nothing_differs(site: ManifestSite) -> None:
    words = (*IMAGE, "--shards", "3", "--parallelism", "2", "--operator", "User:kim")
    first = site.manifest(*words, *APPLY)
    assert first.exit_code == 0, first.stderr
    assert set(states(first.data).values()) == {"created"}
    assert job_of(site)["spec"]["completions"] == 3
    again = site.manifest(*words, *APPLY)
    assert (again.exit_code, again.data["outcome"]) == (0, "unchanged")
    assert set(states(again.data).values()) == {"unchanged"}
    assert "Nothing differs" in site.manifest(*words, "--apply", "--yes").stdout


def test_a_job_of_ours_that_is_taken_over_differs_in_nothing(site: ManifestSite) -> None:
    assert site.manifest(*IMAGE, "--shards", "3", *APPLY).exit_code == 0
    again = site.manifest(*IMAGE, "--shards", "3", "--from-job", site.job, *APPLY)
    assert (again.exit_code, again.data["outcome"]) == (0, "unchanged"), again.stdout
    # An account that somebody else made is used, and not ours to write.
    path = f"{path_of('ServiceAccount', site.namespace)}/{site.job}"
    patch = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "platform"}}}
    site.cluster.request("PATCH", path, patch, content_type="application/merge-patch+json")
    again = site.manifest(*IMAGE, "--shards", "3", "--from-job", site.job, "--only", "job", *APPLY)
    assert (again.exit_code, list(states(again.data))) == (0, ["Job"]), again.stdout


def test_what_kubectl_applied_differs_in_nothing(site: ManifestSite) -> None:
    words = (*IMAGE, "--shards", "4", "--operator", "ServiceAccount:tools/bot")
    told = site.kubectl("apply", "-f", "-", stdin=site.manifest(*words).stdout)
    assert told.returncode == 0, told.stderr
    assert site.manifest(*words, *APPLY).data["outcome"] == "unchanged"
    other = site.manifest(*words, "--parallelism", "1", *APPLY)
    assert other.exit_code == 1
    assert json.loads(other.stdout)["errors"][0]["code"] == "conflict"
    assert "kubectl apply -f -" in other.stderr
    assert job_of(site)["spec"]["parallelism"] == 4


def test_only_what_differs_is_changed(site: ManifestSite) -> None:
    words = (*IMAGE, "--shards", "4")
    assert site.manifest(*words, *APPLY).exit_code == 0
    changed = site.manifest(*words, "--parallelism", "2", "--operator", "User:kim", *APPLY)
    assert changed.exit_code == 0, changed.stderr
    assert states(changed.data) == {
        "ServiceAccount": "unchanged",
        "Role": "unchanged",
        "RoleBinding": "changed",
        "Job": "changed",
    }
    [change] = changed.data["objects"][-1]["changes"]
    assert change == {"path": "spec.parallelism", "before": 4, "after": 2}
    assert f"Profile prod, Job {site.namespace}/{site.job}" in changed.stderr
    assert job_of(site)["spec"]["parallelism"] == 2


def test_a_job_that_was_created_again_can_be_applied_to(site: ManifestSite) -> None:
    """A creation counts as another's: the name of who wrote a field is the same, the way is not."""
    words = (*IMAGE, "--shards", "4", "--only", "job")
    job = site.manifest(*words).documents[-1]
    site.cluster.request("POST", f"{path_of('Job', site.namespace)}?fieldManager=opsctl", job)
    changed = site.manifest(*words, "--parallelism", "2", *APPLY)
    assert changed.exit_code == 0, changed.stderr
    assert job_of(site)["spec"]["parallelism"] == 2


def test_a_dry_run_asks_the_server_and_changes_nothing(site: ManifestSite) -> None:
    dry = site.manifest(*IMAGE, "--apply", "--dry-run", "-o", "json")
    assert (dry.exit_code, dry.data["outcome"]) == (0, "planned")
    assert set(states(dry.data).values()) == {"planned"}
    for kind in ("Job", "ServiceAccount"):
        assert site.live(kind, site.job) is None
    shown = site.manifest(*IMAGE, "--apply", "--dry-run")
    assert "would be created" in shown.stdout
    assert f"opsctl migrate manifest {shlex.join(IMAGE)} --apply" in shown.stdout


def test_without_a_terminal_it_asks_for_yes_and_changes_nothing(site: ManifestSite) -> None:
    asked = site.manifest(*IMAGE, "--apply")
    assert asked.exit_code == 2
    assert "--yes" in asked.stderr
    assert f"Job {site.namespace}/{site.job}: would be created" in asked.stderr
    assert site.live("Job", site.job) is None


def test_a_namespace_that_is_not_there_is_told_before_anything_is_changed(site: ManifestSite) -> None:
    site.write_profile(mongo='forward = "no-such-namespace/mongodb-0:27017"')
    refused = site.manifest(*IMAGE, *APPLY)
    assert refused.exit_code == 7
    assert "no-such-namespace" in refused.stderr
    assert site.live("Job", site.job) is None
    assert site.live("ServiceAccount", site.job) is None


def test_what_cannot_be_changed_is_named_and_replaced_when_asked(site: ManifestSite) -> None:
    assert site.manifest(*IMAGE, "--shards", "2", *APPLY).exit_code == 0
    before = job_of(site)
    refused = site.manifest(*IMAGE, "--shards", "3", *APPLY)
    assert refused.exit_code == 1
    error = json.loads(refused.stdout)["errors"][0]
    assert error["code"] == "immutable"
    assert "spec.completions" in error["message"]
    assert "--replace" in error["hint"]
    assert states(refused.data)["Job"] == "not-tried"
    assert job_of(site)["metadata"]["uid"] == before["metadata"]["uid"]

    # Mongo is out of reach: nobody can say who is at work.
    unsure = site.manifest(*IMAGE, "--shards", "3", "--replace", *APPLY)
    assert unsure.exit_code == 5, unsure.stdout
    assert "--force" in unsure.stderr
    assert job_of(site)["metadata"]["uid"] == before["metadata"]["uid"]

    # Who may not create it again is told so by a dry run.
    site.cluster.grant(
        site.namespace,
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "delete"]},
        {"apiGroups": [""], "resources": ["pods", "serviceaccounts"], "verbs": ["get", "list"]},
    )
    site.write_profile(context="user")
    tried = ("--only", "job", "--shards", "3", "--replace", "--force", *APPLY, "--dry-run")
    forbidden = site.manifest(*IMAGE, *tried)
    assert forbidden.exit_code == 6, forbidden.stdout
    assert "create jobs.batch" in json.loads(forbidden.stdout)["errors"][0]["message"]
    site.write_profile()
    assert site.manifest(*IMAGE, *tried).exit_code == 0
    assert job_of(site)["metadata"]["uid"] == before["metadata"]["uid"]

    replaced = site.manifest(*IMAGE, "--shards", "3", "--replace", "--force", *APPLY)
    assert replaced.exit_code == 0, replaced.stderr
    assert states(replaced.data)["Job"] == "replaced"
    after = job_of(site)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["completions"] == 3
    kept = Path(replaced.data["keptManifest"])
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["spec"]["completions"] == 2


def test_the_old_job_is_replaced_under_its_own_name_and_its_password_is_never_seen(site: ManifestSite) -> None:
    old = site.create_old_job()
    words = (*IMAGE, "--from-job", "car-image-migration", "--name", "car-image-migration")
    undecided = site.manifest(*words, "--replace", *APPLY)
    assert undecided.exit_code == 2
    error = json.loads(undecided.stdout)["errors"][0]
    assert error["code"] == "undecided"
    assert "MONGODB_URI from key mongodb-uri of Secret" in error["message"]
    assert f"create secret generic car-image-migration-credentials --namespace {site.namespace}" in error["hint"]
    assert "***" not in error["hint"]
    values = {"mongodb-uri": f"mongodb://u:{PASSWORD}@db/"}
    site.cluster.create_secret(site.namespace, "car-image-migration-credentials", values)
    refused = site.manifest(*words, *APPLY)
    assert (refused.exit_code, json.loads(refused.stdout)["errors"][0]["code"]) == (1, "immutable")
    changes = {change["path"]: change for item in refused.data["objects"] for change in item["changes"]}
    [path] = [path for path in changes if path.endswith("env[MONGODB_URI].valueFrom")]
    assert changes[path]["before"] is None
    without_takeover = site.manifest(*IMAGE, "--name", "car-image-migration", *APPLY)
    before = [change["before"] for item in without_takeover.data["objects"] for change in item["changes"]]
    assert {"name": "MONGODB_URI", "value": "***"} in before
    replaced = site.manifest(*words, "--replace", "--force", *APPLY)
    assert replaced.exit_code == 0, replaced.stderr
    job = job_of(site, "car-image-migration")
    assert job["metadata"]["uid"] != old["metadata"]["uid"]
    assert "value" not in env_of(job)["MONGODB_URI"]
    assert PASSWORD in Path(replaced.data["keptManifest"]).read_text()


def test_an_image_that_may_not_hold_opsctl_is_not_applied(site: ManifestSite) -> None:
    refused = site.manifest("--apply", "--yes")
    assert refused.exit_code == 2
    assert "--image" in refused.stderr
    assert site.live("Job", site.job) is None


def test_a_job_that_others_look_after_and_one_that_has_ended(site: ManifestSite) -> None:
    document = site.manifest(*IMAGE, "--only", "job").documents[-1]
    document["metadata"]["annotations"] = {"meta.helm.sh/release-name": "cars"}
    site.cluster.request("POST", path_of("Job", site.namespace), document)
    told = site.manifest(*IMAGE, "--only", "job", *APPLY)
    assert [warning["code"] for warning in told.data["warnings"]] == ["owned"]
    pods = f"/api/v1/namespaces/{site.namespace}/pods"
    pod = wait_for(lambda: next(iter(site.cluster.items(pods)), None), "the pod")["metadata"]["name"]
    site.cluster.wait_for_phase(site.namespace, pod, "Running")
    site.cluster.finish_pod(site.namespace, pod, 0)
    wait_for(lambda: job_of(site)["status"].get("completionTime"), "the Job to be complete")
    told = site.manifest(*IMAGE, "--only", "job", *APPLY)
    assert "finished" in [warning["code"] for warning in told.data["warnings"]]
    assert told.data["outcome"] == "unchanged"
    before = job_of(site)["metadata"]["uid"]
    anew = site.manifest(*IMAGE, "--only", "job", "--replace", "--force", *APPLY)
    assert anew.exit_code == 0, anew.stderr
    assert job_of(site)["metadata"]["uid"] != before


def test_the_old_job_still_at_work_is_told(site: ManifestSite) -> None:
    site.create_old_job(nodeSelector={})
    wait_for(lambda: job_of(site, "car-image-migration")["status"].get("active"), "the old Job's pod")
    site.cluster.create_secret(site.namespace, f"{site.job}-credentials", {"mongodb-uri": "mongodb://db/"})
    printed = site.manifest(*IMAGE, "--from-job", "car-image-migration")
    assert "still at work (pods: 1)" in printed.stderr
    dry = site.manifest(*IMAGE, "--from-job", "car-image-migration", "--apply", "--dry-run", "-o", "json")
    assert dry.exit_code == 0, dry.stderr
    assert dry.data["warnings"] == [
        {"code": "source-active", "values": {"job": f"{site.namespace}/car-image-migration", "pods": "1"}}
    ]


def test_a_failure_in_the_middle_says_what_was_done_and_what_was_not(site: ManifestSite) -> None:
    """Nobody may give away rights that he does not have: the server says so for the Role."""
    site.write_profile(context="user")
    rules = [
        {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "patch", "create"]},
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "patch", "create"]},
        {
            "apiGroups": ["rbac.authorization.k8s.io"],
            "resources": ["roles", "rolebindings"],
            "verbs": ["get", "patch", "create"],
        },
    ]
    site.cluster.grant(site.namespace, *rules, user=RESTRICTED_USER)
    refused = site.manifest(*IMAGE, *APPLY)
    assert refused.exit_code == 6
    assert "RBAC" in refused.stderr or "rbac" in refused.stderr
    assert site.live("ServiceAccount", site.job) is None
    only = site.manifest(*IMAGE, "--only", "job", *APPLY)
    assert only.exit_code == 0, only.stderr
    assert states(only.data) == {"ServiceAccount": "created", "Job": "created"}
