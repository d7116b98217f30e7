"""`opsctl migrate restart` on the real API server when something comes in between."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import EMBEDDED_ONLY, Answer, Site, read_answer
from tests.end_to_end.restart_site import JOB, RestartSite, open_restart_site, without_server_fields
from tests.servers.kube_cluster import KubeCluster, wait_for

pytestmark = [pytest.mark.servers, EMBEDDED_ONLY]

# A pod of such a template stays on its way out until a test ends it: the Job is being deleted for as long.
HELD = {"kubetest/attended": "true"}
# In seconds: for a scheduler, or a controller, to say why there is no pod.
LONG_ENOUGH = "15"


@pytest.fixture
def here(cluster: KubeCluster, plain_site: Site, tmp_path: Path) -> Iterator[RestartSite]:
    with open_restart_site(cluster, plain_site, tmp_path) as opened:
        yield opened


def uid_of(job: dict[str, Any] | None) -> str:
    assert job is not None, "there is no Job"
    return str(job["metadata"]["uid"])


def check_nothing_runs(answer: Answer) -> None:
    """The new pod does nothing. On a busy machine it may not even run, or be there, after the second that is waited."""
    assert answer.exit_code == 3
    assert answer.data["whyNot"] in (("no-progress", "no-pod") if answer.data["newPods"] else ("no-pod",))


def step_states(answer: Answer) -> dict[str, str]:
    return {step["step"]["kind"]: step["state"] for step in answer.data["steps"]}


class TestBetweenDeletionAndCreation:
    def test_a_server_that_comes_back_gets_its_job_back(self, here: RestartSite) -> None:
        before = here.create_job(annotations=HELD)
        child = here.site.start("migrate", "restart", "--recreate", "--yes", "--wait", "1", "-o", "json")
        here.wait_until_ending()
        here.line.refuse()
        here.end_pods()
        here.wait_until_gone(uid_of(before))
        here.line.restore()
        answer = read_answer(child)
        after = here.job()
        assert without_server_fields(after or {}) == without_server_fields(before)
        assert (step_states(answer)["create-job"], here.kept) == ("done", [])
        # Nothing runs in the new pod, and that is all that is left to complain about.
        check_nothing_runs(answer)

    @pytest.mark.slow
    def test_a_server_that_stays_away_leaves_the_job_on_disk(self, here: RestartSite) -> None:
        before = here.create_job(annotations=HELD)
        child = here.site.start("migrate", "restart", "--recreate", "--yes", "-o", "json")
        here.wait_until_ending()
        here.line.refuse()
        here.end_pods()
        here.wait_until_gone(uid_of(before))
        answer = read_answer(child)
        assert (answer.exit_code, answer.data["outcome"]) == (5, "incomplete")
        assert here.job() is None
        (error,) = answer.envelope["errors"]
        assert f"kubectl create -f {here.kept[0]}" in error["hint"]
        assert answer.data["keptManifest"] == str(here.kept[0])
        assert here.kept[0].stat().st_mode & 0o077 == 0
        again = here.create_job(here.kept_job())
        assert without_server_fields(again) == without_server_fields(before)

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_being_stopped_does_not_leave_the_job_deleted(
        self, here: RestartSite, number: signal.Signals, code: int
    ) -> None:
        before = here.create_job(annotations=HELD)
        child = here.site.start("migrate", "restart", "--recreate", "--yes", "-o", "json")
        here.wait_until_ending()
        child.send_signal(number)
        here.end_pods()
        answer = read_answer(child)
        assert (answer.exit_code, answer.envelope["status"], answer.data["whyNot"]) == (code, "partial", "stopped")
        assert without_server_fields(here.job() or {}) == without_server_fields(before)
        assert (step_states(answer)["create-job"], here.kept) == ("done", [])

    def test_time_that_runs_out_tells_where_the_job_is(self, here: RestartSite) -> None:
        before = here.create_job(annotations=HELD)
        for seconds in ("4", "10", "30"):
            answer = here.restart("--recreate", "--yes", "--timeout", seconds, "-o", "json")
            if "deletionTimestamp" in (here.job() or before)["metadata"]:
                break
        assert (answer.exit_code, answer.data["outcome"]) == (5, "incomplete")
        (error,) = answer.envelope["errors"]
        assert (error["code"], str(here.kept[0]) in error["hint"]) == ("not-created", True)
        here.end_pods()
        here.wait_until_gone(uid_of(before))
        assert without_server_fields(here.create_job(here.kept_job())) == without_server_fields(before)

    def test_what_somebody_else_creates_is_left_alone(self, here: RestartSite) -> None:
        before = here.create_job(annotations=HELD)
        child = here.site.start("migrate", "restart", "--recreate", "--yes", "-o", "json")
        here.wait_until_ending()
        here.line.hold()
        here.end_pods()
        here.wait_until_gone(uid_of(before))
        other = here.create_job(backoffLimit=77)
        here.line.restore()
        answer = read_answer(child)
        assert (answer.exit_code, answer.envelope["errors"][0]["code"]) == (1, "recreated")
        assert uid_of(here.job()) == uid_of(other)
        assert here.kept_job()["spec"]["backoffLimit"] == before["spec"]["backoffLimit"]


class TestNothingHalfDone:
    def test_a_job_that_is_not_there(self, here: RestartSite) -> None:
        answer = here.restart("--yes", "-o", "json")
        assert (answer.exit_code, answer.envelope["errors"][0]["code"]) == (7, "not-found")
        assert JOB in answer.envelope["errors"][0]["message"]

    def test_a_server_that_is_down(self, here: RestartSite) -> None:
        here.line.refuse()
        answer = here.restart("--yes", "-o", "json")
        assert (answer.exit_code, "API server" in answer.stderr) == (5, True)

    def test_mongo_away_is_no_reason_to_leave_a_pod_that_is_named(self, here: RestartSite) -> None:
        here.create_job()
        (pod,) = here.pods()
        nowhere = {"OPSCTL_MONGO_URI": "mongodb://127.0.0.1:9/"}
        unnamed = here.restart("--yes", **nowhere)
        assert unnamed.exit_code == 5
        assert "--pod NAME" in unnamed.stderr
        assert uid_of(here.pods()[0]) == uid_of(pod)
        named = here.restart("--yes", "--pod", pod["metadata"]["name"], "--wait", "1", "-o", "json", **nowhere)
        assert (named.exit_code, named.data["whyNot"]) == (3, "unknown")
        assert "Mongo" in named.data["unknownBecause"]
        assert uid_of(here.wait_for_pod()) != uid_of(pod)

    def test_without_a_terminal_it_does_not_assume_a_yes(self, here: RestartSite) -> None:
        here.create_job()
        (pod,) = here.pods()
        answer = here.restart("--pod", pod["metadata"]["name"])
        assert (answer.exit_code, "--yes" in answer.stderr) == (2, True)
        assert uid_of(here.pods()[0]) == uid_of(pod)


class TestOtherHands:
    def test_a_cron_jobs_job_is_warned_of_and_stays_its_own(self, here: RestartSite) -> None:
        template = {
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "x", "image": "x"}]}}}
        }
        spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": template}
        path = here.jobs.replace("/jobs", "/cronjobs")
        cron = here.cluster.request("POST", path, {"metadata": {"name": "nightly"}, "spec": spec})
        owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": uid_of(cron)}
        references = [{**owner, "controller": True, "blockOwnerDeletion": True}]
        before = here.create_job(metadata={"ownerReferences": references})
        answer = here.restart("--recreate", "--yes", "--wait", "1", "-o", "json")
        assert "CronJob nightly" in answer.stderr
        assert answer.data["owners"] == [{"tool": "cronjob", "name": "CronJob nightly"}]
        after = here.job()
        assert uid_of(after) != uid_of(before)
        assert after is not None
        assert after["metadata"]["ownerReferences"] == references

    def test_pods_of_another_job_with_the_same_label_are_not_touched(self, here: RestartSite) -> None:
        here.create_job()
        other = here.create_job(metadata={"name": "another"})
        (alien,) = here.pods(other)
        refused = here.restart("--yes", "--pod", alien["metadata"]["name"])
        assert (refused.exit_code, "has no pod" in refused.stderr) == (7, True)
        answer = here.restart("--recreate", "--yes", "--wait", "1")
        assert answer.exit_code == 3
        assert [uid_of(pod) for pod in here.pods(other)] == [uid_of(alien)]

    def test_another_writer_is_waited_for_by_nobody_unless_told(self, here: RestartSite) -> None:
        documents = here.site.seed_wide(200, 4)
        assert documents
        here.create_job()
        (pod,) = here.pods()
        by_hand = here.site.start("migrate", "images", "--yes", "-q", OPSCTL_IMAGES_PER_HOST_RATE="4")
        try:
            wait_for(lambda: here.site.count_processed() or None, "the first document")
            words = ("--yes", "--pod", pod["metadata"]["name"], "--wait", "1", "-o", "json")
            refused = here.restart(*words)
            assert (refused.exit_code, refused.envelope["errors"][0]["code"]) == (9, "other-writer")
            assert uid_of(here.pods()[0]) == uid_of(pod)
            told = here.restart(*words, "--force")
            assert (told.exit_code, len(told.data["otherWriters"])) == (3, 1)
            assert uid_of(here.wait_for_pod()) != uid_of(pod)
        finally:
            by_hand.kill()
            by_hand.communicate()


class TestRights:
    RULES: tuple[dict[str, list[str]], ...] = (
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "create", "delete"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "delete"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
    )

    @pytest.fixture
    def user(self, cluster: KubeCluster, plain_site: Site, tmp_path: Path) -> Iterator[RestartSite]:
        with open_restart_site(cluster, plain_site, tmp_path, context="user") as opened:
            yield opened

    @pytest.mark.parametrize(
        ("resource", "verb", "option"),
        [
            ("jobs", "get", "--recreate"),
            ("jobs", "create", "--recreate"),
            ("jobs", "delete", "--recreate"),
            ("pods", "list", "--recreate"),
            ("pods", "delete", "--pod"),
        ],
    )
    def test_one_right_less_is_named_and_nothing_is_half_done(
        self, user: RestartSite, resource: str, verb: str, option: str
    ) -> None:
        job = user.create_job()
        (pod,) = user.pods()
        user.cluster.grant(user.namespace, *(self._without(rule, resource, verb) for rule in self.RULES))
        words = (option, *([pod["metadata"]["name"]] if option == "--pod" else []))
        answer = user.restart(*words, "--yes", "--wait", "1", "-o", "json")
        assert answer.exit_code == 6, answer.stderr
        full = "jobs.batch" if resource == "jobs" else resource
        assert f"{verb} {full} in namespace {user.namespace}" in answer.envelope["errors"][0]["message"]
        assert (uid_of(user.job()), [uid_of(one) for one in user.pods()]) == (uid_of(job), [uid_of(pod)])
        assert user.kept == []

    def test_with_all_of_them_it_works(self, user: RestartSite) -> None:
        job = user.create_job()
        user.cluster.grant(user.namespace, *self.RULES)
        answer = user.restart("--recreate", "--yes", "--wait", "1", "-o", "json")
        check_nothing_runs(answer)
        assert uid_of(user.job()) != uid_of(job)

    @staticmethod
    def _without(rule: dict[str, list[str]], resource: str, verb: str) -> dict[str, list[str]]:
        if rule["resources"] != [resource]:
            return rule
        return {**rule, "verbs": [one for one in rule["verbs"] if one != verb]}


class TestObstacles:
    def test_a_pod_that_no_node_takes(self, here: RestartSite) -> None:
        (node, *_) = here.cluster.items("/api/v1/nodes")
        path, label = f"/api/v1/nodes/{node['metadata']['name']}", f"test/{here.namespace}"
        patch = "application/merge-patch+json"
        here.cluster.request("PATCH", path, {"metadata": {"labels": {label: "yes"}}}, content_type=patch)
        here.create_job(pod_spec={"nodeSelector": {label: "yes"}})
        here.cluster.request("PATCH", path, {"metadata": {"labels": {label: None}}}, content_type=patch)
        (pod,) = here.pods()
        answer = here.restart("--pod", pod["metadata"]["name"], "--yes", "--wait", LONG_ENOUGH, "-o", "json")
        assert (answer.exit_code, answer.data["whyNot"]) == (3, "no-pod")
        (obstacle,) = answer.data["obstacles"]
        assert obstacle["trouble"] == "unschedulable"
        assert "node affinity/selector" in obstacle["detail"]

    def test_a_pod_that_cannot_even_be_made_is_explained_by_the_jobs_events(self, here: RestartSite) -> None:
        accounts = f"/api/v1/namespaces/{here.namespace}/serviceaccounts"
        here.cluster.request("POST", accounts, {"metadata": {"name": "migration"}})
        here.create_job(pod_spec={"serviceAccountName": "migration"})
        here.cluster.request("DELETE", f"{accounts}/migration")
        (pod,) = here.pods()
        answer = here.restart("--pod", pod["metadata"]["name"], "--yes", "--wait", LONG_ENOUGH, "-o", "json")
        assert (answer.exit_code, answer.data["whyNot"]) == (3, "no-pod")
        (obstacle,) = answer.data["obstacles"]
        assert (obstacle["trouble"], obstacle["pod"]) == ("no-pods", None)
        assert "FailedCreate" in obstacle["detail"]
        assert "migration" in obstacle["detail"]
