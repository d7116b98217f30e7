"""What came of trying one service."""

from dataclasses import dataclass
from enum import StrEnum

from opsctl.errors import AccessDeniedError, ConfigError, NotFoundError, OpsctlError, UnavailableError, UsageError


class CheckState(StrEnum):
    """Four different ways of not working, and none of them reads as healthy."""

    OK = "ok"
    NOT_CONFIGURED = "not_configured"
    NOT_TRIED = "not_tried"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """A service by name (`mongo`), its state, what was found or what went wrong, and what to do about it."""

    name: str
    state: CheckState
    detail: str | None = None
    hint: str | None = None


# Worst first: what stays wrong however often one tries comes before what may pass.
SEVERITY: tuple[tuple[CheckState, type[OpsctlError]], ...] = (
    (CheckState.INVALID, ConfigError),
    (CheckState.ERROR, OpsctlError),
    (CheckState.DENIED, AccessDeniedError),
    (CheckState.NOT_FOUND, NotFoundError),
    (CheckState.UNAVAILABLE, UnavailableError),
)


def check_from_error(name: str, error: OpsctlError) -> ServiceCheck:
    """The check of a service that answered with an error, or of a section that is wrong."""
    return ServiceCheck(name, _state_of(error), error.message, error.hint)


def worst_error(checks: tuple[ServiceCheck, ...]) -> OpsctlError | None:
    """The error to end with: the worst of the states; None when everything that is configured works."""
    for state, kind in SEVERITY:
        for check in checks:
            if check.state is state:
                return kind(f"{check.name}: {check.detail}", hint=check.hint)
    return None


def _state_of(error: OpsctlError) -> CheckState:
    if isinstance(error, UsageError):
        return CheckState.INVALID
    found = (state for state, kind in SEVERITY if kind is not OpsctlError and isinstance(error, kind))
    return next(found, CheckState.ERROR)
