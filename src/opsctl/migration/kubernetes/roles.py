"""The rights that the commands need, and no others: Roles and RoleBindings for people, none for the pods.

`status`, `migrate logs` and `migrate restart` work with the Role of the Job's namespace; so does `migrate manifest
--apply` once the ServiceAccount and the Roles are there, because it writes only what differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from opsctl.migration.kubernetes.manifest_models import Document, Grant, ManifestSettings, Note, Operator
from opsctl.migration.kubernetes.models import JobKey, Kind

RBAC_GROUP = "rbac.authorization.k8s.io"


def build_roles(settings: ManifestSettings, service_account: str, labels: Mapping[str, str]) -> tuple[Document, ...]:
    """A Role and its binding for the Job's namespace, and for every further namespace that a command reaches into."""
    own = Grant(settings.job.namespace, _role_name(settings.job), ())
    extra = tuple(grant for grant in settings.grants if grant.namespace != settings.job.namespace)
    near = tuple(rule for grant in settings.grants if grant.namespace == own.namespace for rule in grant.rules)
    roles = tuple(role_names(settings.job, extra))
    rules = tuple(_job_rules(settings.job, service_account, [name for space, name in roles if space == own.namespace]))
    grants = (Grant(own.namespace, own.name, (*rules, *near)), *extra)
    return tuple(document for grant in grants for document in _role_and_binding(grant, settings.operators, labels))


def role_names(job: JobKey, grants: tuple[Grant, ...]) -> Iterator[tuple[str, str]]:
    """Namespace and name of each Role."""
    yield job.namespace, _role_name(job)
    for grant in grants:
        yield grant.namespace, grant.name


def forward_grant(job: JobKey, namespace: str, target: str) -> Grant:
    """To reach `pod` or `service/NAME` of another namespace through a port-forward.

    A Service is resolved to one of its pods, whose name is not known before.
    """
    kind, _, name = target.rpartition("/")
    rules: tuple[Mapping[str, Any], ...]
    if kind in ("service", "svc", "services"):
        rules = (
            _rule("", ["services"], ["get"], [name]),
            _rule("", ["pods"], ["get", "list"]),
            _rule("", ["pods/portforward"], ["get", "create"]),
        )
    else:
        # WebSockets are asked for with GET, the older protocol with POST: RBAC calls them get and create.
        rules = (_rule("", ["pods"], ["get"], [name]), _rule("", ["pods/portforward"], ["get", "create"], [name]))
    return Grant(namespace, f"{_role_name(job)}-forward", rules)


def secret_grant(job: JobKey, namespace: str, names: tuple[str, ...]) -> Grant:
    """To read Secrets that the profile refers to."""
    rule = _rule("", ["secrets"], ["get"], sorted(names))
    return Grant(namespace, f"{_role_name(job)}-secrets", (rule,))


def _role_name(job: JobKey) -> str:
    return f"{job.name}-operator"


def _job_rules(job: JobKey, service_account: str, roles: list[str]) -> Iterator[Mapping[str, Any]]:
    yield _rule("batch", ["jobs"], ["get", "patch", "delete"], [job.name])
    # Neither a creation nor a list can be bound to a name.
    yield _rule("batch", ["jobs"], ["create"])
    yield _rule("", ["pods"], ["get", "list", "delete"])
    yield _rule("", ["pods/log"], ["get"])
    yield _rule("", ["events"], ["list"])
    yield _rule("", ["serviceaccounts"], ["get"], [service_account])
    yield _rule(RBAC_GROUP, ["roles", "rolebindings"], ["get"], roles)


def _role_and_binding(grant: Grant, operators: tuple[Operator, ...], labels: Mapping[str, str]) -> Iterator[Document]:
    metadata = {"name": grant.name, "namespace": grant.namespace, "labels": dict(labels)}
    role = {
        "apiVersion": Kind.ROLE.api_version,
        "kind": Kind.ROLE.kind,
        "metadata": metadata,
        "rules": [dict(rule) for rule in grant.rules],
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
