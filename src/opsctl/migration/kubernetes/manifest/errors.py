"""What stands in the way of applying a manifest, told with the object it is about and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from opsctl.errors import AccessDeniedError, DataError, OpsctlError
from opsctl.migration.kubernetes.manifest.models import Document
from opsctl.migration.kubernetes.models import Kind

_MOST_FIELDS = 6


def immutable_job(document: Document, fields: list[str]) -> DataError:
    """A Job that would have to be replaced."""
    shown = ", ".join(fields[:_MOST_FIELDS])
    if len(fields) > _MOST_FIELDS:
        shown += f" and {len(fields) - _MOST_FIELDS} more"
    return DataError(
        f"Job {document.namespace}/{document.name} is there and cannot be changed: {shown or 'it has ended'}. "
        "Nothing was changed.",
        hint="Create it under another name with --name, or add --replace: that deletes the Job and creates it anew.",
        code="immutable",
    )


def ending_job(document: Document) -> DataError:
    """A Job that is going away."""
    return DataError(
        f"Job {document.namespace}/{document.name} is being deleted. Nothing was changed.",
        hint="Wait until it is gone, then run the command again: opsctl status shows it.",
        code="job-ending",
    )


def unreadable(error: AccessDeniedError, document: Document, roles: Iterable[Document]) -> AccessDeniedError:
    """An object that cannot be compared with the manifest."""
    others = "rights" if document.kind is Kind.JOB else "job"
    way_out = f" What does not need it: --only {others}. Nothing was changed." if error.permission else ""
    hint = f"{_hint_with_role(error, roles)}{way_out}".strip() or None
    return AccessDeniedError(error.message, hint=hint, code=error.code, permission=error.permission)


def explain(error: OpsctlError, document: Document, roles: Iterable[Document]) -> OpsctlError:
    """A change that the server refused. Names the Role of the manifest that grants a right, if one does."""
    if isinstance(error, AccessDeniedError):
        hint = _hint_with_role(error, roles) or None
        return AccessDeniedError(error.message, hint=hint, code=error.code, permission=error.permission)
    if error.code == "conflict":
        return DataError(
            f"{document.kind.kind} {document.namespace}/{document.name}: {error.message}",
            hint="Apply it with the tool that created it, for example: opsctl migrate manifest | kubectl apply -f -",
            code="conflict",
        )
    return error


def _hint_with_role(error: AccessDeniedError, roles: Iterable[Document]) -> str:
    named = next((role.name for role in roles if error.permission in set(_grants(role))), None)
    granted = f"Role {named} of this manifest grants it." if named else ""
    return f"{error.hint or ''} {granted}".strip()


def _grants(role: Document) -> Iterator[str]:
    """Rights as errors name them: `get jobs.batch in namespace n`."""
    if role.kind is not Kind.ROLE:
        return
    rules: Any = role.body["rules"]
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                name, slash, part = resource.partition("/")
                full = f"{name}.{group}{slash}{part}" if group else resource
                for verb in rule["verbs"]:
                    yield f"{verb} {full} in namespace {role.namespace}"
