"""Reading refusals of the API server."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.adapters.kube.refusals import Right, read_refusal, right_for, translate
from opsctl.errors import AccessDeniedError, OpsctlError


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/apis/batch/v1/namespaces/n/jobs/j", (), "get jobs.batch in namespace n"),
        ("GET", "/apis/batch/v1/namespaces/n/jobs", (), "list jobs.batch in namespace n"),
        ("GET", "/api/v1/namespaces/n/pods", (("watch", "true"),), "watch pods in namespace n"),
        ("GET", "/api/v1/namespaces/n/pods/p/log", (), "get pods/log in namespace n"),
        ("POST", "/apis/batch/v1/namespaces/n/jobs", (), "create jobs.batch in namespace n"),
        ("PATCH", "/apis/batch/v1/namespaces/n/jobs/j/status", (), "patch jobs.batch/status in namespace n"),
        ("DELETE", "/api/v1/namespaces/n/pods/p", (), "delete pods in namespace n"),
        ("DELETE", "/api/v1/namespaces/n/pods", (), "deletecollection pods in namespace n"),
        ("GET", "/api/v1/namespaces/n", (), "get namespaces"),
        ("GET", "/api/v1/nodes", (), "list nodes"),
        ("GET", "/version", (), "None"),
    ],
)
def test_what_a_request_needs(method: str, path: str, query: tuple[tuple[str, str], ...], expected: str) -> None:
    assert str(right_for(method, path, query)) == expected


def forbidden(message: str, needed: Right | None = None) -> OpsctlError:
    refusal = read_refusal(403, json.dumps({"kind": "Status", "reason": "Forbidden", "message": message}).encode())
    return translate(refusal, host="h", needed=needed, origin="context c", sign_in="sign in")


def test_the_server_knows_best_which_right_is_missing() -> None:
    error = forbidden(
        'pods "p" is forbidden: User "system:serviceaccount:n:sa" cannot create resource "pods/portforward" '
        'in API group "" in the namespace "n"',
        Right("get", "pods/portforward", "", "n"),
    )
    assert isinstance(error, AccessDeniedError)
    assert error.permission == "create pods/portforward in namespace n"
    assert error.hint == (
        'Grant it {apiGroups: [""], resources: ["pods/portforward"], verbs: ["create"]} as a rule of a Role in '
        "namespace n."
    )
    cluster = forbidden(
        'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope'
    )
    assert isinstance(cluster, AccessDeniedError)
    assert cluster.hint is not None
    assert cluster.hint.endswith("as a rule of a ClusterRole.")


@pytest.mark.parametrize(
    ("refused", "right", "rule", "key"),
    [
        (
            'users "jane" is forbidden: User "u" cannot impersonate resource "users" in API group "" at the cluster '
            "scope",
            "impersonate users",
            'apiGroups: [""], resources: ["users"], verbs: ["impersonate"], resourceNames: ["jane"]',
            "as",
        ),
        (
            'groups "a b" is forbidden: User "u" cannot impersonate resource "groups" in API group "" at the cluster '
            "scope",
            "impersonate groups",
            'resources: ["groups"], verbs: ["impersonate"], resourceNames: ["a b"]',
            "as-groups",
        ),
        (
            'userextras.authentication.k8s.io "view" is forbidden: User "u" cannot impersonate resource '
            '"userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
            "impersonate userextras.authentication.k8s.io/scopes",
            'resources: ["userextras/scopes"], verbs: ["impersonate"], resourceNames: ["view"]',
            "as-user-extra",
        ),
        (
            'serviceaccounts "sa" is forbidden: User "u" cannot impersonate resource "serviceaccounts" in API group "" '
            'in the namespace "n"',
            "impersonate serviceaccounts in namespace n",
            'verbs: ["impersonate"], resourceNames: ["sa"]} as a rule of a Role in namespace n',
            "as",
        ),
        # A newer server tries several ways, the one that every server knows last.
        (
            'pods "p" is forbidden: [User "u" cannot impersonate-on:user-info:get resource "pods" in API group "" in '
            'the namespace "n", users "jane" is forbidden: User "u" cannot impersonate resource "users" in API group '
            '"" at the cluster scope]',
            "impersonate users",
            'resources: ["users"], verbs: ["impersonate"], resourceNames: ["jane"]',
            "as",
        ),
    ],
)
def test_who_may_not_be_somebody_else(refused: str, right: str, rule: str, key: str) -> None:
    error = forbidden(refused, Right("get", "pods", "", "n"))
    assert isinstance(error, AccessDeniedError)
    assert (error.message, error.permission) == (f"Kubernetes does not let u {right}.", right)
    assert error.hint is not None
    assert rule in error.hint
    assert error.hint.endswith(f" It is {key} in context c that asks for it.")


@pytest.mark.parametrize(
    ("message", "told", "hint"),
    [
        ('jobs.batch "j" not found', 'Kubernetes: jobs.batch "j" not found in namespace n.', "kubectl get jobs -n n"),
        ('namespaces "n" not found', 'Kubernetes: namespaces "n" not found', None),
        ("the server could not find the requested resource", None, None),
    ],
)
def test_what_is_not_there_is_told_with_its_namespace(message: str, told: str | None, hint: str | None) -> None:
    refusal = read_refusal(404, json.dumps({"kind": "Status", "reason": "NotFound", "message": message}).encode())
    error = translate(refusal, host="h", needed=Right("get", "jobs", "batch", "n"), origin="context c", sign_in="s")
    assert error.message == (told or f"Kubernetes: {message}")
    assert (error.hint is None) if hint is None else (hint in (error.hint or ""))


def test_what_no_role_helps_against() -> None:
    quota = forbidden('pods "p" is forbidden: exceeded quota: q, requested: pods=1', Right("create", "pods", "", "n"))
    assert isinstance(quota, AccessDeniedError)
    assert (quota.code, quota.permission) == ("refused", None)
    assert "exceeded quota" in quota.message
    nobody = forbidden('jobs is forbidden: User "system:anonymous" cannot list resource "jobs" in API group "batch"')
    assert (nobody.code, nobody.hint) == ("no-credentials", "sign in")


@given(st.integers(300, 599), st.binary(max_size=200) | st.from_type(dict).map(lambda _: b'{"kind":"Status"}'))
def test_any_answer_becomes_an_error(status: int, body: bytes) -> None:
    error = translate(read_refusal(status, body), host="h", needed=None, origin="context c", sign_in="sign in")
    assert error.message
    assert error.code
