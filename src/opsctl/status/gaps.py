"""A question without an answer, as the gap that is in the answer's place."""

from __future__ import annotations

from opsctl.errors import AccessDeniedError, ConfigError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.status.answers import Gap

_STATES: tuple[tuple[type[OpsctlError], str], ...] = (
    (UnavailableError, "unavailable"),
    (AccessDeniedError, "denied"),
    (NotFoundError, "not_found"),
    (DataError, "unreadable"),
    (ConfigError, "misconfigured"),
)


def gap_of(source: str, error: OpsctlError) -> Gap:
    """What an error leaves unknown. A missing permission is named, with what grants it."""
    named = next((state for kind, state in _STATES if isinstance(error, kind)), "unavailable")
    reason = error.message
    permission = error.permission if isinstance(error, AccessDeniedError) else None
    if permission and permission not in reason:
        reason = f"{reason} (missing: {permission})"
    return Gap(source, named, reason, error.hint if permission else None)


def silence_of(source: str, seconds: float | None, what: str | None = None) -> Gap:
    """No answer in time: to all of it, or to `what`."""
    prefix = f"{what}: no" if what else "No"
    return Gap(source, "timeout", f"{prefix} answer within {seconds or 0:g} s.")
