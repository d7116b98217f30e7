"""Sections out of answers and errors: missing, denied, not found, empty and broken are different things."""

from __future__ import annotations

from collections.abc import Iterable

from opsctl.diagnosis.models import JsonObject, Section, SectionStatus
from opsctl.errors import AccessDeniedError, NotFoundError, OpsctlError

LONGEST_REASON = 600
EMPTY_ANSWER = "the answer is empty"


def seen(data: JsonObject, source: str, reasons: Iterable[str | None] = ()) -> Section:
    """Data that were read: `ok`, or `partial` when there are reasons why something is missing."""
    told = _join(reasons)
    return Section(SectionStatus.PARTIAL if told else SectionStatus.OK, told, source, data)


def empty(reason: str, source: str) -> Section:
    """Asked and answered: there is nothing."""
    return Section(SectionStatus.NO_DATA, reason, source)


def skipped(reason: str) -> Section:
    """Not asked."""
    return Section(SectionStatus.SKIPPED, reason)


def failed(error: OpsctlError, source: str) -> Section:
    """What an error of a port means for the section."""
    return Section(status_of(error), reason_of(error), source)


def slow(seconds: float, source: str) -> Section:
    """No answer in time."""
    return Section(SectionStatus.ERROR, f"no answer within {seconds:g} s", source)


# Refusals that are nobody's missing permission.
_NO_REFUSALS = ("api-disabled", "no-credentials", "expired-credentials")


def status_of(error: OpsctlError) -> SectionStatus:
    """An API that is switched off, and credentials that are not accepted, are errors: no permission is missing."""
    if isinstance(error, AccessDeniedError) and error.code not in _NO_REFUSALS:
        return SectionStatus.DENIED
    return SectionStatus.NOT_FOUND if isinstance(error, NotFoundError) else SectionStatus.ERROR


def reason_of(error: OpsctlError) -> str:
    """What the service said, and the permission when it did not name it; where no role helps, what does."""
    message = " ".join(error.message.split())
    if isinstance(error, AccessDeniedError):
        permission = error.permission if status_of(error) is SectionStatus.DENIED else None
        if permission and permission not in message:
            word = "may be missing" if error.code == "denied-or-absent" else "is missing"
            message = f"{message.rstrip('.')} ({permission} {word})"
        if error.hint and error.code != "api-disabled":
            message = f"{message.rstrip('.')} ({' '.join(error.hint.split())})"
    return message if len(message) <= LONGEST_REASON else f"{message[: LONGEST_REASON - 3]}..."


def _join(reasons: Iterable[str | None]) -> str | None:
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason)) or None
