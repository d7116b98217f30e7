"""What runs the migration on Kubernetes: a ServiceAccount without rights, Roles for people, an Indexed Job.

One completion index is one shard. Kubernetes starts, retries and counts; what was done is in Mongo, so a new pod of an
index goes on where the last one stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsctl.errors import UsageError
from opsctl.migration.kubernetes.manifest.exit_policy import build_failure_policy
from opsctl.migration.kubernetes.manifest.models import Document, ManifestSettings, Note, Path, Takeover
from opsctl.migration.kubernetes.manifest.pod_template import CONTAINER, build_container, build_pod_spec, open_notes
from opsctl.migration.kubernetes.manifest.roles import build_roles
from opsctl.migration.kubernetes.models import Kind
from opsctl.migration.shards import MOST_SHARDS

RETRIES_OF_AN_INDEX = 6
# Limits of the API: an index stands in the host name of its pod, whose labels have 63 characters.
LONGEST_HOST_NAME = 63
TEMPLATE: Path = ("spec", "template")


def build_manifest(settings: ManifestSettings) -> tuple[Document, ...]:
    """Documents in the order in which they are to be created. Raises UsageError for numbers and names that Kubernetes
    does not take."""
    _check(settings)
    labels = _labels(settings)
    taken_account = settings.takeover.pod.get("serviceAccountName") if settings.takeover else None
    account = str(taken_account or settings.job.name)
    accounts = () if taken_account else (_service_account(settings, labels),)
    created = None if taken_account else account
    return (*accounts, *build_roles(settings, created, labels), _job(settings, account, labels))


def _check(settings: ManifestSettings) -> None:
    name, shards, parallelism = settings.job.name, settings.shards, settings.parallelism
    if not 1 <= shards <= MOST_SHARDS:
        # Kubernetes would take more of them, and every pod would refuse its own `--shard`.
        raise UsageError(f"{shards} shards: there must be 1 to {MOST_SHARDS}")
    if not 1 <= parallelism <= shards:
        raise UsageError(f"{parallelism} pods at once for {shards} shards: there must be 1 to {shards}")
    if not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name):
        raise UsageError(f"{name!r} cannot be the name of a Job", hint="lower-case letters, digits and hyphens")
    longest = LONGEST_HOST_NAME - len(f"-{shards - 1}")
    if len(name) > longest:
        raise UsageError(f"the name {name!r} is too long: with {shards} shards it may have {longest} characters")


def _labels(settings: ManifestSettings) -> dict[str, str]:
    return {
        "app": settings.job.name,
        "app.kubernetes.io/name": "opsctl",
        "app.kubernetes.io/component": "image-migration",
        "app.kubernetes.io/managed-by": "opsctl",
    }


def _service_account(settings: ManifestSettings, labels: Mapping[str, str]) -> Document:
    namespace, name = settings.job.namespace, settings.job.name
    body = {
        "apiVersion": Kind.SERVICE_ACCOUNT.api_version,
        "kind": Kind.SERVICE_ACCOUNT.kind,
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "automountServiceAccountToken": False,
    }
    return Document(
        Kind.SERVICE_ACCOUNT, namespace, name, body, (Note(("automountServiceAccountToken",), "note_no_token"),)
    )


def _job(settings: ManifestSettings, account: str, labels: Mapping[str, str]) -> Document:
    template_labels = {**(settings.takeover.labels if settings.takeover else {}), **labels}
    if settings.takeover and "app" in settings.takeover.labels:
        # Network policies may look at it.
        template_labels["app"] = settings.takeover.labels["app"]
    metadata: dict[str, Any] = {"labels": template_labels}
    if settings.takeover and settings.takeover.annotations:
        metadata["annotations"] = dict(settings.takeover.annotations)
    container = build_container(settings)
    body = {
        "apiVersion": Kind.JOB.api_version,
        "kind": Kind.JOB.kind,
        "metadata": {"name": settings.job.name, "namespace": settings.job.namespace, "labels": dict(labels)},
        "spec": {
            "completionMode": "Indexed",
            "completions": settings.shards,
            "parallelism": settings.parallelism,
            "backoffLimitPerIndex": RETRIES_OF_AN_INDEX,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": build_failure_policy(CONTAINER),
            "template": {"metadata": metadata, "spec": build_pod_spec(settings, account, container)},
        },
    }
    return Document(Kind.JOB, settings.job.namespace, settings.job.name, body, tuple(_notes(settings, container)))


def _notes(settings: ManifestSettings, container: Mapping[str, Any]) -> Iterator[Note]:
    yield Note(("spec", "completions"), "note_completions", (("shards", str(settings.shards)),))
    yield Note(("spec", "parallelism"), "note_parallelism")
    yield Note(("spec", "backoffLimitPerIndex"), "note_retries", (("retries", str(RETRIES_OF_AN_INDEX)),))
    yield Note(("spec", "podReplacementPolicy"), "note_replacement")
    for position, text in enumerate(("note_disrupted", "note_fail_at_once", "note_not_counted")):
        yield Note(("spec", "podFailurePolicy", "rules", position), text)
    pod: Path = (*TEMPLATE, "spec")
    yield Note((*pod, "terminationGracePeriodSeconds"), "note_grace")
    if "securityContext" not in (settings.takeover.pod if settings.takeover else {}):
        yield Note((*pod, "securityContext", "runAsUser"), "note_user")
    if settings.takeover:
        yield from _takeover_notes(settings, settings.takeover, (*pod, "containers"))
    elif not settings.image_is_chosen:
        yield Note((*pod, "containers", 0, "image"), "note_image_missing", is_open=True)
    yield from open_notes(settings, container, (*pod, "containers", 0))


def _takeover_notes(settings: ManifestSettings, takeover: Takeover, containers: Path) -> Iterator[Note]:
    source = (("job", str(takeover.source)),)
    yield Note(containers, "note_taken_over", source)
    if takeover.source.namespace != settings.job.namespace:
        yield Note(containers, "note_other_namespace", (("namespace", settings.job.namespace), *source))
    if takeover.image == settings.image:
        yield Note((*containers, 0, "image"), "note_image", source, is_open=not settings.image_is_chosen)
    if takeover.dropped:
        yield Note((*containers, 0), "note_dropped", (("fields", ", ".join(takeover.dropped)),))
    roots: dict[str, Path] = {
        "pod": containers[:-1],
        "container": (*containers, 0),
        "annotations": (*TEMPLATE, "metadata", "annotations"),
    }
    for root, *rest in takeover.masked:
        yield Note((*roots[str(root)], *rest), "note_masked", source, is_open=True)
