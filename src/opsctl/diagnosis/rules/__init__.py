"""The rules: one module a cause, named like it, with its page as docstring and one `RULE`."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from inspect import cleandoc

from opsctl.diagnosis.rule import Rule

# The public names of causes, in the order of the taxonomy: scripts rely on them.
CAUSES = (
    "db-connection-refused",
    "network-unreachable",
    "cloudsql-not-attached",
    "db-auth-failed",
    "db-tls-mismatch",
    "db-not-found",
    "db-connection-limit",
    "db-privilege-missing",
    "db-lock-contention",
    "schema-drift",
    "migration-sql-error",
    "migration-history-conflict",
    "migration-config-invalid",
    "module-not-found",
    "module-format-mismatch",
    "image-file-missing",
    "runtime-incompatible",
    "entrypoint-invalid",
    "image-unavailable",
    "iam-permission-denied",
    "secret-unavailable",
    "env-missing",
    "env-malformed",
    "out-of-memory",
    "task-timeout",
    "process-never-exits",
    "application-error",
    "quota-exhausted",
)
CONTROLS = ("no-failure", "cancelled", "running")


def load_rules(causes: Iterable[str] = (*CAUSES, *CONTROLS)) -> tuple[Rule, ...]:
    """The rules of the causes. Raises `KeyError` for a cause that does not exist."""
    return tuple(_load(cause) for cause in causes)


def read_page(cause: str) -> str:
    """The page of a cause for people. Raises `KeyError` for a cause that does not exist."""
    return cleandoc(import_module(_module(cause)).__doc__ or "")


def _load(cause: str) -> Rule:
    rule: Rule = import_module(_module(cause)).RULE
    return rule


def _module(cause: str) -> str:
    if cause not in CAUSES and cause not in CONTROLS:
        raise KeyError(cause)
    return f"{__name__}.{cause.replace('-', '_')}"
