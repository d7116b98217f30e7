"""The rights that the commands need, and no others: Roles and RoleBindings for people, none for the pods.

`status`, `migrate logs` and `migrate restart` work with the Role of the Job's namespace; so does `migrate manifest
--apply` once the ServiceAccount and the Roles are there, because it writes only what differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsctl.errors import UsageError
from opsctl.migration.kubernetes.manifest.models import Document, Grant, ManifestSettings, Note, Operator
from opsctl.migration.kubernetes.models import JobKey, Kind

RBAC_GROUP = "rbac.authorization.k8s.io"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
# Pods of a StatefulSet are numbered; other pods have names that nobody writes into a profile.
_NUMBERED_POD = re.compile(r".*-\d+")
_OPERATOR_HINT = "write User:NAME, Group:NAME or ServiceAccount:NAMESPACE/NAME"


def build_roles(
    settings: ManifestSettings, service_account: str | None, labels: Mapping[str, str]
) -> tuple[Document, ...]:
    """A Role and its binding for the Job's namespace, and for every further namespace that a command reaches into.
    `service_account` is the one that the manifest creates, if it does."""
    namespace = settings.job.namespace
    near = tuple(rule for grant in settings.grants if grant.namespace == namespace for rule in grant.rules)
    own = Grant(namespace, _role_name(settings.job), (*_job_rules(settings, service_account), *near))
    far = tuple(grant for grant in settings.grants if grant.namespace != namespace)
    documents = (_role_and_binding(grant, settings.operators, labels) for grant in (own, *far))
    return tuple(document for pair in documents for document in pair)


def parse_operator(text: str) -> Operator:
    """`User:alice`, `Group:on-call`, `ServiceAccount:namespace/name`. Raises UsageError."""
    word, _, name = text.partition(":")
    kind = {"user": "User", "group": "Group", "serviceaccount": "ServiceAccount", "sa": "ServiceAccount"}.get(
        word.strip().lower()
    )
    name = name.strip()
    if kind is None or not name:
        raise UsageError(f"--operator {text!r} cannot be read", hint=_OPERATOR_HINT)
    if kind != "ServiceAccount":
        return Operator(kind, name)
    namespace, slash, account = name.partition("/")
    if not slash or not re.fullmatch(_LABEL, namespace) or not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", account):
        raise UsageError(f"--operator {text!r} names no ServiceAccount", hint=_OPERATOR_HINT)
    return Operator(kind, account, namespace)


def forward_grant(job: JobKey, namespace: str, target: str) -> Grant:
    """To reach `pod/NAME`, `service/NAME` or a bare `NAME` of another namespace through a port-forward.

    A Service is resolved to one of its pods, whose name is not known before. A bare name may be that of either; one
    with a number is taken for a pod, because all pods of a namespace are not given away on a guess.
    """
    kind, _, name = target.rpartition("/")
    is_pod = kind in ("po", "pod", "pods") or (not kind and _NUMBERED_POD.fullmatch(name) is not None)
    # WebSockets are asked for with GET, the older protocol with POST: RBAC calls them get and create.
    verbs = ["get", "create"]
    rules: list[Mapping[str, Any]] = []
    if is_pod or not kind:
        rules.append(_rule("", ["pods"], ["get"], [name]))
    if is_pod:
        rules.append(_rule("", ["pods/portforward"], verbs, [name]))
    else:
        rules.append(_rule("", ["services"], ["get"], [name]))
        rules.append(_rule("", ["pods"], ["list"]))
        rules.append(_rule("", ["pods/portforward"], verbs))
    return Grant(namespace, f"{_role_name(job)}-forward", tuple(rules))


def secret_grant(job: JobKey, namespace: str, names: tuple[str, ...]) -> Grant:
    """To read Secrets that the profile refers to."""
    rule = _rule("", ["secrets"], ["get"], sorted(names))
    return Grant(namespace, f"{_role_name(job)}-secrets", (rule,))


def _role_name(job: JobKey) -> str:
    return f"{job.name}-operator"


def _job_rules(settings: ManifestSettings, service_account: str | None) -> Iterator[Mapping[str, Any]]:
    job, takeover = settings.job, settings.takeover
    yield _rule("batch", ["jobs"], ["get", "patch", "delete"], [job.name])
    if takeover and takeover.source.namespace == job.namespace and takeover.source != job:
        # `--from-job` reads it again.
        yield _rule("batch", ["jobs"], ["get"], [takeover.source.name])
    # Neither a creation nor a list can be bound to a name.
    yield _rule("batch", ["jobs"], ["create", "list"])
    yield _rule("", ["pods"], ["list", "delete"])
    yield _rule("", ["pods/log"], ["get"])
    yield _rule("", ["events"], ["list"])
    if service_account is not None:
        yield _rule("", ["serviceaccounts"], ["get"], [service_account])


def _role_and_binding(grant: Grant, operators: tuple[Operator, ...], labels: Mapping[str, str]) -> Iterator[Document]:
    metadata = {"name": grant.name, "namespace": grant.namespace, "labels": dict(labels)}
    # Compared with the manifest before it is applied again.
    own_rule = _rule(RBAC_GROUP, ["roles", "rolebindings"], ["get"], [grant.name])
    role = {
        "apiVersion": Kind.ROLE.api_version,
        "kind": Kind.ROLE.kind,
        "metadata": metadata,
        "rules": [dict(rule) for rule in (*grant.rules, own_rule)],
    }
    yield Document(Kind.ROLE, grant.namespace, grant.name, role, (Note(("rules",), "note_rules"),))
    binding = {
        "apiVersion": Kind.ROLE_BINDING.api_version,
        "kind": Kind.ROLE_BINDING.kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": Kind.ROLE.kind, "name": grant.name},
        "subjects": [_subject(operator) for operator in operators],
    }
    notes = () if operators else (Note(("subjects",), "note_no_operators"),)
    yield Document(Kind.ROLE_BINDING, grant.namespace, grant.name, binding, notes)


def _subject(operator: Operator) -> dict[str, str]:
    if operator.kind == "ServiceAccount":
        return {"kind": operator.kind, "name": operator.name, "namespace": operator.namespace or "default"}
    return {"kind": operator.kind, "apiGroup": RBAC_GROUP, "name": operator.name}


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> Mapping[str, Any]:
    rule: dict[str, Any] = {"apiGroups": [group], "resources": resources, "verbs": verbs}
    return {**rule, "resourceNames": names} if names else rule
