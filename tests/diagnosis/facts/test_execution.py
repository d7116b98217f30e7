"""The execution, its outcome and its template: v2, v1, the audit record's answer, or the job."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.facts.model import EnvVar, ExecutionFacts, Facts, Outcome, TemplateSource
from tests.diagnosis.runs import EXITED, NAME, START_NS, facts_of, failed_run, log_entry, to_evidence

START, END = "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"
FAILED = f"Task orders-migrate-x7k2p-task0 failed with exit code: 1 and message: {EXITED}"


def execution(sections: Any = None, entries: Any = (), **data: Any) -> ExecutionFacts:
    return all_facts(sections, entries, **data).execution


def all_facts(sections: Any = None, entries: Any = (), **data: Any) -> Facts:
    found = {**({"execution": {"name": NAME, **data}} if data else {}), "logs": {}, **(sections or {})}
    return facts_of(to_evidence(found, entries, ()))


def completed(state: str, message: str = "", **fields: Any) -> dict[str, Any]:
    return {"type": "Completed", "state": f"CONDITION_{state}", "message": message, **fields}


V1 = {
    "apiVersion": "run.googleapis.com/v1",
    "kind": "Execution",
    "metadata": {
        "name": "orders-migrate-x7k2p",
        "namespace": "123456",
        "creationTimestamp": START,
        "labels": {"run.googleapis.com/job": "orders-migrate"},
        "annotations": {"run.googleapis.com/creator": "ci@shop.iam"},
    },
    "spec": {
        "parallelism": 1,
        "taskCount": 1,
        "template": {
            "metadata": {
                "annotations": {
                    "run.googleapis.com/cloudsql-instances": "shop:europe-west1:main, shop:europe-west1:other",
                    "run.googleapis.com/execution-environment": "gen2",
                    "run.googleapis.com/vpc-access-connector": "c1",
                    "run.googleapis.com/vpc-access-egress": "all-traffic",
                    "run.googleapis.com/network-interfaces": '[{"network":"vpc1","subnetwork":"s"}]',
                }
            },
            "spec": {
                "containers": [
                    {
                        "image": "img@sha256:1",
                        "command": ["node"],
                        "args": ["migrate.js"],
                        "env": [
                            {"name": "DB_HOST", "value": "/cloudsql/shop:europe-west1:main"},
                            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db-pw", "key": "3"}}},
                        ],
                        "resources": {"limits": {"memory": "1Gi", "cpu": "1000m"}},
                        "volumeMounts": [{"name": "certs", "mountPath": "/certs"}],
                    }
                ],
                "volumes": [
                    {"name": "certs", "secret": {"secretName": "ca", "items": [{"key": "latest", "path": "ca.pem"}]}}
                ],
                "maxRetries": 3,
                "timeoutSeconds": "600",
                "serviceAccountName": "job@shop.iam.gserviceaccount.com",
            },
        },
    },
    "status": {
        "startTime": START,
        "completionTime": END,
        "failedCount": 1,
        "conditions": [
            {"type": "Completed", "status": "False", "reason": "NonZeroExitCode", "message": FAILED},
            {"type": "Started", "status": "True"},
            {"type": "Retry", "status": "True", "severity": "Info", "reason": "ImmediateRetry"},
        ],
    },
}
AUDIT = {
    "timestamp": END,
    "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fsystem_event",
    "protoPayload": {
        "methodName": "/Jobs.RunJob",
        "resourceName": "namespaces/123456/executions/orders-migrate-x7k2p",
        "status": {
            "code": 10,
            "message": "Execution orders-migrate-x7k2p has failed to complete, 0/1 tasks were a success.",
        },
        "response": V1,
    },
}


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        ({"conditions": [completed("FAILED", FAILED)]}, Outcome.FAILED),
        ({"conditions": [completed("SUCCEEDED")]}, Outcome.SUCCEEDED),
        ({"conditions": [completed("FAILED", reason="CANCELLED")]}, Outcome.CANCELLED),
        ({"conditions": [completed("FAILED", executionReason="CANCELLED")]}, Outcome.CANCELLED),
        ({"conditions": [completed("RECONCILING", executionReason="CANCELLING")]}, Outcome.RUNNING),
        ({"conditions": [completed("FAILED", executionReason="CANCELLING")], "completionTime": END}, Outcome.CANCELLED),
        ({"conditions": [completed("FAILED", "Execution was cancelled.")], "cancelledCount": 2}, Outcome.CANCELLED),
        ({"conditions": [completed("FAILED", "Execution x has failed to complete, 0/1 tasks were a success.")],
          "cancelledCount": 1}, Outcome.CANCELLED),
        # One task failed, the platform cancelled the others.
        ({"conditions": [completed("FAILED", FAILED)], "cancelledCount": 3}, Outcome.FAILED),
        ({"conditions": [completed("FAILED", "x")], "cancelledCount": 3, "failedCount": 1}, Outcome.FAILED),
        # A library's cancelled context is not a cancelled execution.
        ({"conditions": [completed("FAILED", "Failed to pull: context canceled")]}, Outcome.FAILED),
        ({"conditions": [completed("PENDING", "Waiting for execution to start.")]}, Outcome.RUNNING),
        ({"conditions": [completed("RECONCILING")], "startTime": START}, Outcome.RUNNING),
        ({"conditions": [{"type": "Completed", "status": "Unknown"}]}, Outcome.RUNNING),
        ({"runningCount": 1}, Outcome.RUNNING),
        ({"completionTime": END, "failedCount": 1, "succeededCount": 3}, Outcome.FAILED),
        ({"completionTime": END, "cancelledCount": 1}, Outcome.CANCELLED),
        ({"completionTime": END, "succeededCount": "2", "taskCount": 2}, Outcome.SUCCEEDED),
        ({"completionTime": END, "succeededCount": 1, "taskCount": 2}, Outcome.UNTOLD),
        ({"conditions": [{"type": "Completed", "state": "CONDITION_OF_TOMORROW"}]}, Outcome.UNTOLD),
        ({"conditions": [{"type": "Completed", "state": "CONDITION_OF_TOMORROW"}], "completionTime": END,
          "failedCount": 1}, Outcome.FAILED),
        ({"conditions": [{"type": "Retry", "state": "CONDITION_FAILED"}]}, Outcome.UNTOLD),
    ],
)  # fmt: skip
def test_outcomes(data: dict[str, Any], outcome: Outcome) -> None:
    assert execution(**data).outcome is outcome


def line(text: str, seconds: int, log: str = "varlog/system", attempt: int = 0) -> dict[str, Any]:
    return log_entry(text, START_NS + seconds * 1_000_000_000, log=log, attempt=attempt)


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ([line("Container called exit(1).", 5)], Outcome.FAILED),
        ([line("Container terminated on signal 9.", 5)], Outcome.FAILED),
        ([line("Container called exit(1).", 5), line("again", 9, "stdout", 1)], Outcome.UNTOLD),
        ([line("Container called exit(1).", 5), line("late words", 9, "stdout")], Outcome.FAILED),
        ([line("Container called exit(1).", 5), line("Container called exit(0).", 9, attempt=1)], Outcome.UNTOLD),
        ([line("Container called exit(0).", 5)], Outcome.UNTOLD),
        ([line("Container called exit(1).", 5, "stdout")], Outcome.UNTOLD),
        ([AUDIT], Outcome.FAILED),
        ([], Outcome.UNTOLD),
    ],
)
def test_outcome_without_the_execution(entries: list[Any], outcome: Outcome) -> None:
    assert execution(entries=entries).outcome is outcome


def test_outcome_from_tasks_alone() -> None:
    failing = {"lastAttemptResult": {"status": {"code": 10, "message": EXITED}}}
    assert execution({"tasks": {"tasks": [failing]}}).outcome is Outcome.FAILED
    assert execution({"tasks": {"tasks": [{"lastAttemptResult": {}}]}}).outcome is Outcome.UNTOLD


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("Execution x has completed successfully.", Outcome.SUCCEEDED),
        ("Execution completed successfully in 38.22s.", Outcome.SUCCEEDED),
        (FAILED, Outcome.FAILED),
        ("Task x-task0 failed with message: The configured timeout was reached.", Outcome.FAILED),
        ("Execution x was cancelled by user.", Outcome.CANCELLED),
        ("Ready condition status changed to True for Job x.", Outcome.UNTOLD),
    ],
)
def test_outcome_of_the_audit_record(message: str, outcome: Outcome) -> None:
    record = {**AUDIT, "protoPayload": {"status": {"message": message}}}
    assert execution(entries=[record]).outcome is outcome


@pytest.mark.parametrize(
    ("data", "entries", "has_started"),
    [
        ({"startTime": START}, [], True),
        ({"completionTime": END}, [], False),
        ({"completionTime": END}, [line("hello", 1, "stdout")], True),
        ({"completionTime": END}, [line("Container called exit(1).", 1)], True),
        ({"completionTime": END}, [line("Application exec likely failed", 1)], False),
        ({"completionTime": END, "conditions": [completed("FAILED", FAILED)]}, [], True),
        ({"completionTime": END, "conditions": [completed("FAILED", "Image 'i' not found.")]}, [], False),
        ({"conditions": [{"type": "Started", "state": "CONDITION_SUCCEEDED"}]}, [], True),
        ({"conditions": [{"type": "Started", "status": "False"}]}, [], False),
        ({"createTime": START}, [], None),
    ],
)  # fmt: skip
def test_whether_a_container_ran(data: dict[str, Any], entries: list[Any], has_started: bool | None) -> None:
    assert execution(entries=entries, **data).has_started is has_started


def test_the_shape_of_v1() -> None:
    check_v1(execution({"execution": V1}), TemplateSource.EXECUTION, "execution", "")


def test_the_answer_in_the_audit_record_stands_in_for_the_execution() -> None:
    found = execution(entries=[line("hello", 1, "stdout"), AUDIT])
    check_v1(found, TemplateSource.AUDIT, "logs", "/entries/1/protoPayload/response")


def check_v1(found: ExecutionFacts, source: TemplateSource, section: str, base: str) -> None:
    assert found.template_source is source
    assert found.outcome is Outcome.FAILED
    assert [(c.kind, c.state, c.reason) for c in found.conditions] == [
        ("Completed", "CONDITION_FAILED", "NON_ZERO_EXIT_CODE"),
        ("Started", "CONDITION_SUCCEEDED", ""),
    ]
    assert found.conditions[0].pointer[:2] == (section, f"{base}/status/conditions/0")
    assert found.cloudsql_instances == ("shop:europe-west1:main", "shop:europe-west1:other")
    assert (found.vpc_connector, found.vpc_network, found.vpc_egress) == ("c1", "vpc1", "ALL_TRAFFIC")
    assert found.execution_environment == "EXECUTION_ENVIRONMENT_GEN2"
    assert (found.command, found.args, found.image) == (("node",), ("migrate.js",), "img@sha256:1")
    assert (found.timeout_seconds, found.max_retries, found.memory_limit_bytes) == (600.0, 3, 1 << 30)
    assert found.service_account == "job@shop.iam.gserviceaccount.com"
    assert found.creator == "ci@shop.iam"
    password = found.variable("DB_PASSWORD")
    assert password is not None
    assert (password.secret, password.secret_version, password.value) == ("db-pw", "3", None)
    assert password.pointer[:2] == (section, f"{base}/spec/template/spec/containers/0/env/1")
    (mount,) = found.secret_mounts
    assert (mount.secret, mount.path, mount.items) == ("ca", "/certs", (("ca.pem", "latest"),))
    assert found.created_ns is not None
    assert found.started_ns is not None


JOB = {
    "updateTime": "2025-12-31T00:00:00Z",
    "template": {
        "template": {
            "containers": [{"image": "img:now", "env": [{"name": "A", "value": "1"}]}],
            "volumes": [{"name": "sql", "cloudSqlInstance": {"instances": ["p:r:i"]}}],
        }
    },
}


def test_the_job_stands_in_when_it_was_not_changed_since() -> None:
    found = execution({"job": JOB}, [line("hello", 1, "stdout")])
    assert (found.template_source, found.image) == (TemplateSource.JOB, "img:now")
    assert found.env[0].pointer[:2] == ("job", "/template/template/containers/0/env/0")
    assert found.cloudsql_instances == ("p:r:i",)


@pytest.mark.parametrize("updated", ["2026-06-01T00:00:00Z", None, "yesterday"])
def test_a_job_that_may_have_been_changed_tells_nothing(updated: str | None) -> None:
    found = all_facts({"job": {**JOB, "updateTime": updated}}, [line("hello", 1, "stdout")])
    assert (found.execution.template_source, found.execution.image, found.execution.env) == (None, None, ())
    assert found.job.cloudsql_instances == ("p:r:i",)


def test_the_execution_comes_before_the_job() -> None:
    evidence = failed_run(sections={"job": JOB}, container={"image": "img@sha256:ran"})
    assert facts_of(evidence).execution.image == "img@sha256:ran"


@pytest.mark.parametrize(
    "data",
    [
        {"template": {"volumes": [{"cloudSqlInstance": {"instances": ["p:r:i", "p:r:i"]}}]}},
        {"annotations": {"run.googleapis.com/cloudsql-instances": "p:r:i"}},
        {"template": {"annotations": {"run.googleapis.com/cloudsql-instances": " p:r:i ,"}}},
    ],
)
def test_attached_instances(data: dict[str, Any]) -> None:
    assert execution(**data).cloudsql_instances == ("p:r:i",)


def test_variables() -> None:
    env = [
        {"name": "EMPTY"},
        {"name": "PLAIN", "value": "x"},
        {"name": "MASKED", "value": "post***gres"},
        {
            "name": "ELSEWHERE",
            "valueSource": {"secretKeyRef": {"secret": "projects/9/secrets/pw", "version": "latest"}},
        },
        "?",
        {"name": "ODD", "value": 5},
    ]
    traits = {"section": "execution", "pointer": "/template/containers/0/env/1/value", "traits": ["empty", 7]}
    found = execution({"value_facts": {"facts": [traits]}}, template={"containers": [{"env": env}]})
    assert [(v.name, v.value, v.is_masked, v.secret) for v in found.env] == [
        ("EMPTY", "", False, None),
        ("PLAIN", "x", False, None),
        ("MASKED", "post***gres", True, None),
        ("ELSEWHERE", None, False, "pw"),
        ("ODD", "", False, None),
    ]
    plain = found.variable("PLAIN")
    assert isinstance(plain, EnvVar)
    assert plain.traits == {"empty"}


@pytest.mark.parametrize(
    ("containers", "image"),
    [
        ([{"image": "app"}, {"image": "proxy"}], "app"),
        ([{"name": "proxy", "image": "proxy"}, {"name": "app", "image": "app", "dependsOn": ["proxy"]}], "app"),
        ([{"name": "app", "image": "app", "dependsOn": ["proxy"]}, {"name": "proxy", "image": "proxy"}], "app"),
        # All wait for each other: not possible, and no reason to fail.
        (
            [{"name": "a", "image": "app", "dependsOn": ["b"]}, {"name": "b", "image": "proxy", "dependsOn": ["a"]}],
            "app",
        ),
    ],
)
def test_the_container_that_does_the_work(containers: list[Any], image: str) -> None:
    found = execution(template={"containers": containers})
    assert found.image == image
    assert found.sidecar_images == ("proxy",)


def test_secret_volumes() -> None:
    template = {
        "containers": [{"volumeMounts": [{"name": "a", "mountPath": "/etc/a"}]}],
        "volumes": [
            {"name": "a", "secret": {"secret": "projects/9/secrets/key", "items": [{"path": "k.pem"}]}},
            {"name": "b", "secret": {"secret": "unmounted"}},
            {"name": "c", "secret": None},
            {"name": "d", "emptyDir": {}},
        ],
    }
    found = execution(template=template)
    assert found.secret_volumes == ("key", "unmounted")
    assert [(m.path, m.items) for m in found.secret_mounts] == [("/etc/a", (("k.pem", "latest"),)), (None, ())]
    assert found.secret_mounts[0].pointer.pointer == "/template/volumes/0"


def test_other_executions_are_left_out_and_counted() -> None:
    other = log_entry("Error: of another", START_NS)
    other["labels"] = {**other["labels"], "run.googleapis.com/execution_name": "orders-migrate-aaaaa"}
    bare = {**log_entry("without labels", START_NS + 1), "labels": {}}
    found = all_facts(entries=[other, bare, line("own", 1, "stdout"), AUDIT])
    assert [m.text for m in found.logs.messages if m.origin.name.startswith("STD")] == ["without labels", "own"]
    assert (found.logs.foreign_count, found.logs.unlabelled_count, found.logs.line_count) == (1, 1, 3)


def test_a_record_of_another_execution_is_left_out() -> None:
    proto = {**AUDIT["protoPayload"], "resourceName": "namespaces/123456/executions/orders-migrate-aaaaa"}  # type: ignore[dict-item]
    found = all_facts(entries=[{**AUDIT, "protoPayload": proto}])
    assert found.logs.foreign_count == 1
    assert found.execution.template_source is None


@pytest.mark.parametrize("timeout", ["nans", "infs", "s", "10", 600, None])
def test_a_timeout_that_is_none(timeout: Any) -> None:
    assert execution(template={"timeout": timeout}).timeout_seconds is None
