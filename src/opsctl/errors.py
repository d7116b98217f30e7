"""The error tree and the exit codes; the one place that gives them numbers.

    OpsctlError            1   unexpected, or an answer that cannot be read
    ├── UsageError         2   wrong call
    ├── ConfigError        2   wrong configuration
    ├── DataError          1   an answer or a file that cannot be read
    ├── UnavailableError   5   a service could not be reached, timed out or throttled
    ├── AccessDeniedError  6   credentials missing, wrong or not sufficient
    ├── NotFoundError      7   no such bucket, collection, execution, job, profile
    └── BusyError          9   another run holds the lease

Adapters translate the errors of their SDK into these at the edge; nothing below the command line prints or exits.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process ends with. Scripts rely on the numbers: they never change."""

    OK = 0
    ERROR = 1
    USAGE = 2
    FINDINGS = 3
    PARTIAL = 4
    UNAVAILABLE = 5
    DENIED = 6
    NOT_FOUND = 7
    PENDING = 8
    BUSY = 9
    INTERRUPTED = 130
    CLOSED_PIPE = 141
    TERMINATED = 143


class OpsctlError(Exception):
    """A failure of the whole command, told to a person: what happened, and what to do about it.

    `message` and `hint` hold no secret. `code` is the stable word that scripts match on, in the JSON envelope too.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR
    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code


class UsageError(OpsctlError):
    """The command was called wrongly."""

    exit_code = ExitCode.USAGE
    default_code = "usage"


class ConfigError(OpsctlError):
    """The configuration is missing something, or says something that cannot be."""

    exit_code = ExitCode.USAGE
    default_code = "config"


class DataError(OpsctlError):
    """A file or an answer that cannot be understood."""

    default_code = "data"


class UnavailableError(OpsctlError):
    """A service cannot be reached, timed out, or throttled us until the retries ran out."""

    exit_code = ExitCode.UNAVAILABLE
    default_code = "unavailable"


class AccessDeniedError(OpsctlError):
    """A service refused the credentials, or they do not allow what was asked.

    `permission` is the one that is missing, as the service or its documentation names it. Some services answer in the
    same way for what does not exist: then `code` is "denied-or-absent".
    """

    exit_code = ExitCode.DENIED
    default_code = "denied"

    def __init__(
        self, message: str, *, hint: str | None = None, code: str | None = None, permission: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.permission = permission


class NotFoundError(OpsctlError):
    """A named thing does not exist."""

    exit_code = ExitCode.NOT_FOUND
    default_code = "not-found"


class BusyError(OpsctlError):
    """Another run holds the lease on the same work."""

    exit_code = ExitCode.BUSY
    default_code = "busy"
