"""Manifests: valid by the API's types, and saying what they should."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsctl.cli.migrate.shard_choice import choose_shard
from opsctl.errors import ExitCode, UsageError
from opsctl.migration.kubernetes.manifest.documents import build_manifest
from opsctl.migration.kubernetes.manifest.exit_policy import build_failure_policy
from opsctl.migration.kubernetes.manifest.models import Document, ManifestSettings, Operator, SecretKey, Variable
from opsctl.migration.kubernetes.manifest.roles import forward_grant, parse_operator, secret_grant
from opsctl.migration.kubernetes.manifest.takeover import take_over
from opsctl.migration.kubernetes.models import JobKey, Kind
from opsctl.migration.shards import MOST_SHARDS, ShardChoice
from tests.migration.kubernetes.api_types import check_document
from tests.migration.kubernetes.old_job import KEY, has_password, old_job
from tests.servers.pod_environment import expand

NEW = JobKey(KEY.namespace, "car-images")
PLAIN = ManifestSettings(
    NEW,
    "registry.example/opsctl:0.1",
    variables=(
        Variable("OPSCTL_MONGO_URI", secret=SecretKey("mongo", "uri")),
        Variable("OPSCTL_MONGO_DATABASE", "triple_db"),
    ),
)
SHARDED = replace(PLAIN, shards=4, parallelism=2)
OPERATORS = (Operator("User", "kim"), Operator("Group", "on-call"), Operator("ServiceAccount", "ops", "tools"))
FORWARD = forward_grant(NEW, "apc-db-ns", "mongodb-0")
TAKEN = replace(SHARDED, takeover=take_over(old_job(), has_password))
VARIANTS = {
    "plain": PLAIN,
    "sharded": SHARDED,
    "with people": replace(SHARDED, operators=OPERATORS),
    "with a forward": replace(SHARDED, grants=(FORWARD,)),
    "with a forward to a service": replace(SHARDED, grants=(forward_grant(NEW, "db", "service/mongodb"),)),
    "with secrets": replace(SHARDED, grants=(secret_grant(NEW, "apc-db-ns", ("mongo",)),)),
    "from the old job": TAKEN,
}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_is_of_the_apis_types(settings: ManifestSettings) -> None:
    documents = build_manifest(settings)
    for document in documents:
        check_document(json.loads(json.dumps(document.body)))
    assert documents[-1].kind is Kind.JOB
    assert len({(document.kind, document.namespace, document.name) for document in documents}) == len(documents)


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_every_note_leads_somewhere(settings: ManifestSettings) -> None:
    for document in build_manifest(settings):
        for note in document.notes:
            value: Any = document.body
            for step in note.path:
                value = value[step]


def test_shards_are_indexes_and_each_pod_is_told_its_own() -> None:
    spec = _job(SHARDED)["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 4, 2)
    assert _container(SHARDED)["args"][-2:] == ["--shard", "$(JOB_COMPLETION_INDEX)/4"]
    # A pod that has an index and does not know of how many refuses to start.
    assert _container(PLAIN)["args"][-2:] == ["--shard", "$(JOB_COMPLETION_INDEX)/1"]


def test_a_pod_is_told_of_which_job_it_is_so_that_a_retry_begins_no_other_run() -> None:
    [variable] = [entry for entry in _container(SHARDED)["env"] if entry["name"] == "OPSCTL_EXECUTION"]
    path = "metadata.labels['batch.kubernetes.io/controller-uid']"
    assert variable["valueFrom"] == {"fieldRef": {"fieldPath": path}}


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (ExitCode.USAGE, "FailIndex"),
        (ExitCode.DENIED, "FailIndex"),
        (ExitCode.NOT_FOUND, "FailIndex"),
        (ExitCode.BUSY, "Ignore"),
        (ExitCode.TERMINATED, "Ignore"),
        (ExitCode.PARTIAL, None),
        (ExitCode.UNAVAILABLE, None),
        (ExitCode.ERROR, None),
        (137, None),
    ],
)
def test_what_becomes_of_each_exit_code(code: int, action: str | None) -> None:
    rules = build_failure_policy("migrate")["rules"]
    matching = [rule["action"] for rule in rules if code in rule.get("onExitCodes", {}).get("values", ())]
    assert matching == ([action] if action else [])


def test_pods_are_not_root_and_write_to_tmp_only() -> None:
    pod, container = _job(PLAIN)["spec"]["template"]["spec"], _container(PLAIN)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]
    assert pod["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}]
    assert (pod["restartPolicy"], pod["automountServiceAccountToken"]) == ("Never", False)


@given(st.text(alphabet="a$()HOME", max_size=12))
@example("a$(HOME)b")
@example("$$")
def test_what_a_value_says_is_what_the_pod_is_told(value: str) -> None:
    settings = replace(PLAIN, variables=(Variable("OPSCTL_S3_PREFIX", value),))
    written = {variable["name"]: variable.get("value") for variable in _container(settings)["env"]}
    assert expand(written["OPSCTL_S3_PREFIX"], {"HOME": "/tmp"}) == value


def test_a_variable_may_repeat_one_of_the_old_job() -> None:
    settings = replace(TAKEN, variables=(Variable("OPSCTL_S3_REGION", repeats="AWS_REGION"),))
    names = [variable["name"] for variable in _container(settings)["env"]]
    assert names.index("AWS_REGION") < names.index("OPSCTL_S3_REGION")
    assert {"name": "OPSCTL_S3_REGION", "value": "$(AWS_REGION)"} in _container(settings)["env"]


def test_the_old_job_gives_what_its_pods_need_and_not_its_program() -> None:
    pod, container = _job(TAKEN)["spec"]["template"]["spec"], _container(TAKEN)
    assert pod["nodeSelector"] == {"pool": "batch"}
    assert pod["tolerations"] == [{"key": "batch", "operator": "Exists"}]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert {"name": "script", "mountPath": "/scripts"} in container["volumeMounts"]
    assert container["envFrom"] == [{"secretRef": {"name": "cloud-credentials"}}]
    assert container["command"] == ["opsctl"]
    assert not {"livenessProbe", "terminationMessagePath"} & set(container)
    assert not {"schedulerName", "dnsPolicy"} & set(pod)
    assert _job(TAKEN)["spec"]["template"]["metadata"]["labels"]["app"] == KEY.name
    assert TAKEN.takeover is not None
    assert TAKEN.takeover.dropped == ("containers/migrate/command", "containers/migrate/livenessProbe")


def test_a_password_of_the_old_job_is_not_written_again() -> None:
    documents = build_manifest(TAKEN)
    assert "hunter2" not in json.dumps([document.body for document in documents])
    assert "hunter2" not in repr(TAKEN)
    reference = {"secretKeyRef": {"name": "car-images-credentials", "key": "mongodb-uri"}}
    assert {"name": "MONGODB_URI", "valueFrom": reference} in _container(TAKEN)["env"]
    still_open = [note for note in documents[-1].notes if note.is_open]
    assert [dict(note.values)["name"] for note in still_open] == ["MONGODB_URI"]


def test_a_variable_of_ours_replaces_that_of_the_old_job() -> None:
    settings = replace(TAKEN, variables=(Variable("MONGODB_URI", secret=SecretKey("mongo", "uri")),))
    uris = [variable for variable in _container(settings)["env"] if variable["name"] == "MONGODB_URI"]
    assert uris == [{"name": "MONGODB_URI", "valueFrom": {"secretKeyRef": {"name": "mongo", "key": "uri"}}}]
    assert not [note for note in build_manifest(settings)[-1].notes if note.is_open]


def test_a_mount_at_tmp_and_a_volume_of_that_name_are_respected() -> None:
    job = old_job()
    pod = job["spec"]["template"]["spec"]
    pod["volumes"].append({"name": "tmp", "emptyDir": {}})
    own = _job(replace(TAKEN, takeover=take_over(job, has_password)))["spec"]["template"]["spec"]
    assert [volume["name"] for volume in own["volumes"]] == ["script", "tmp", "tmp-opsctl"]
    pod["containers"][0]["volumeMounts"].append({"name": "tmp", "mountPath": "/tmp/"})
    own = _job(replace(TAKEN, takeover=take_over(job, has_password)))["spec"]["template"]["spec"]
    assert [volume["name"] for volume in own["volumes"]] == ["script", "tmp"]


def test_root_of_the_old_job_becomes_a_plain_user_and_another_user_stays() -> None:
    for user, expected in ((0, 65532), (1000, 1000)):
        job = old_job()
        job["spec"]["template"]["spec"]["securityContext"] = {"runAsUser": user, "fsGroup": 7}
        security = _job(replace(TAKEN, takeover=take_over(job, has_password)))["spec"]["template"]["spec"]
        assert security["securityContext"]["runAsUser"] == expected
        assert (security["securityContext"]["fsGroup"], security["securityContext"]["runAsNonRoot"]) == (7, True)


def test_the_account_of_the_old_job_is_used_and_not_created() -> None:
    job = old_job()
    job["spec"]["template"]["spec"]["serviceAccountName"] = "uploader"
    documents = build_manifest(replace(TAKEN, takeover=take_over(job, has_password)))
    assert Kind.SERVICE_ACCOUNT not in {document.kind for document in documents}
    assert documents[-1].body["spec"]["template"]["spec"]["serviceAccountName"] == "uploader"


def test_a_job_with_two_containers_needs_a_choice() -> None:
    job = old_job()
    containers = job["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "proxy", "image": "proxy:1"})
    with pytest.raises(UsageError, match="2 containers: migrate, proxy"):
        take_over(job, has_password)
    with pytest.raises(UsageError, match="no container 'x'"):
        take_over(job, has_password, "x")
    assert take_over(job, has_password, "migrate").dropped[0] == "containers/proxy"


def test_roles_name_the_job_wherever_rbac_can() -> None:
    role = _find(SHARDED, Kind.ROLE).body
    rights = {
        (group, resource, verb): tuple(rule.get("resourceNames", ()))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert rights["batch", "jobs", "delete"] == (NEW.name,)
    assert rights["batch", "jobs", "create"] == ()
    assert not {verb for _, _, verb in rights} & {"*", "update", "watch", "bind", "escalate", "impersonate"}
    assert not {resource for _, resource, _ in rights} & {"*", "secrets", "pods/exec"}


def test_a_grant_in_another_namespace_is_a_role_of_its_own_and_one_here_is_added() -> None:
    roles = [d for d in build_manifest(VARIANTS["with a forward"]) if d.kind is Kind.ROLE]
    assert [(role.namespace, role.name) for role in roles] == [
        (NEW.namespace, "car-images-operator"),
        ("apc-db-ns", "car-images-operator-forward"),
    ]
    near = replace(PLAIN, grants=(forward_grant(NEW, NEW.namespace, "mongodb-0"),))
    assert len([d for d in build_manifest(near) if d.kind is Kind.ROLE]) == 1
    assert "pods/portforward" in json.dumps(_find(near, Kind.ROLE).body)


def test_each_role_may_be_read_by_whom_it_is_for() -> None:
    """Or the manifest could not be compared with what is there."""
    for settings in VARIANTS.values():
        for role in (document for document in build_manifest(settings) if document.kind is Kind.ROLE):
            mine = {"resources": ["roles", "rolebindings"], "verbs": ["get"], "resourceNames": [role.name]}
            assert {"apiGroups": ["rbac.authorization.k8s.io"], **mine} in role.body["rules"]


def test_the_job_that_is_taken_over_may_be_read_again() -> None:
    rule = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"], "resourceNames": [KEY.name]}
    assert rule in _find(TAKEN, Kind.ROLE).body["rules"]
    assert rule not in _find(replace(TAKEN, job=KEY), Kind.ROLE).body["rules"]
    assert rule not in _find(replace(TAKEN, job=JobKey("elsewhere", "j")), Kind.ROLE).body["rules"]


def test_an_image_that_may_not_hold_opsctl_is_to_be_decided() -> None:
    for settings in (replace(PLAIN, image_is_chosen=False), replace(TAKEN, image="python:3.11-slim")):
        unsure = replace(settings, image_is_chosen=False)
        still_open = [note for note in _find(unsure, Kind.JOB).notes if note.is_open and note.path[-1] == "image"]
        assert len(still_open) == 1
        sure = replace(settings, image_is_chosen=True)
        assert not [note for note in _find(sure, Kind.JOB).notes if note.is_open and note.path[-1] == "image"]


def test_secrets_elsewhere_in_the_old_job_are_masked_and_to_be_decided() -> None:
    job = old_job()
    template = job["spec"]["template"]
    template["metadata"]["annotations"] = {
        "note": "uses hunter2",
        "kubectl.kubernetes.io/last-applied-configuration": "x",
    }
    template["spec"]["initContainers"] = [
        {
            "name": "wait",
            "image": "hunter2",
            "command": ["mongosh", "mongodb://u:hunter2@db"],
            "env": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "PLAIN", "value": "y"}],
        }
    ]
    settings = replace(TAKEN, takeover=take_over(job, has_password))
    document = _find(settings, Kind.JOB)
    wait = document.body["spec"]["template"]["spec"]["initContainers"][0]
    assert wait["command"] == ["mongosh", "***"]
    assert wait["env"] == [{"name": "DB_PASSWORD", "value": "***"}, {"name": "PLAIN", "value": "y"}]
    assert document.body["spec"]["template"]["metadata"]["annotations"] == {"note": "***"}
    masked = [note for note in document.notes if note.text == "note_masked"]
    assert [note.path[-1] for note in masked] == [1, "value", "note"]
    assert all(note.is_open and _at(document.body, note.path) == "***" for note in masked)


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("User:kim@example.com", Operator("User", "kim@example.com")),
        ("group:oidc:on-call", Operator("Group", "oidc:on-call")),
        ("ServiceAccount:tools/ops", Operator("ServiceAccount", "ops", "tools")),
        ("sa: tools/ops", Operator("ServiceAccount", "ops", "tools")),
    ],
)
def test_operators(text: str, operator: Operator) -> None:
    assert parse_operator(text) == operator


@pytest.mark.parametrize(
    "text", ["", "kim", "User:", "Robot:x", "ServiceAccount:ops", "ServiceAccount:Tools/ops", "sa:/o"]
)
def test_no_operators(text: str) -> None:
    with pytest.raises(UsageError, match="--operator"):
        parse_operator(text)


def test_without_people_nobody_is_given_anything() -> None:
    assert _find(PLAIN, Kind.ROLE_BINDING).body["subjects"] == []
    assert len(_find(VARIANTS["with people"], Kind.ROLE_BINDING).body["subjects"]) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shards": 0, "parallelism": 1}, "0 shards"),
        ({"shards": MOST_SHARDS + 1}, "1 to 1024"),
        ({"shards": 2, "parallelism": 3}, "3 pods at once"),
        ({"job": JobKey("n", "Bad_Name")}, "cannot be the name"),
        ({"job": JobKey("n", "a" * 61), "shards": 11}, "too long: with 11 shards it may have 60"),
    ],
)
def test_what_kubernetes_does_not_take(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_manifest(replace(PLAIN, **changes))


def test_the_pods_take_as_many_shards_as_the_manifest_does() -> None:
    arguments = _container(replace(PLAIN, shards=MOST_SHARDS))["args"]
    shard = expand(arguments[arguments.index("--shard") + 1], {"JOB_COMPLETION_INDEX": str(MOST_SHARDS - 1)})
    assert choose_shard(shard, None, {}) == ShardChoice(MOST_SHARDS - 1, MOST_SHARDS)


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _find(settings: ManifestSettings, kind: Kind) -> Document:
    return next(document for document in build_manifest(settings) if document.kind is kind)


def _job(settings: ManifestSettings) -> Any:
    return _find(settings, Kind.JOB).body


def _container(settings: ManifestSettings) -> Any:
    return _job(settings)["spec"]["template"]["spec"]["containers"][0]
