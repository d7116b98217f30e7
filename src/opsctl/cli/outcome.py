"""What a command returns. It prints nothing itself: the boundary writes an outcome in the format that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from opsctl.errors import ExitCode, OpsctlError

if TYPE_CHECKING:
    from opsctl.reporting.view import ReportView, Texts

Status = Literal["ok", "findings", "partial", "error"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a command.

    `report`: a dataclass; becomes `data` of the JSON envelope. None when there is nothing to tell.
    `view`: turns the report into what a person reads; called only for the formats that need it.
    `exit_code`: what the process ends with, unless `error` is given: then the code of the error.
    `error`: what stopped the run although there is a report (`data` and `errors` are both filled).
    `items`: the rows of a list, dataclasses; written by `-o csv` and `-o ndjson`, one after the other, so a generator
    may be large.
    `item_type`: the dataclass of the items, so that `-o csv` has its header without any item as well.
    `names`: the bare identifiers for `-o name`.
    `lines`: what `-o text` writes, a line each; without them it writes what `-o table` would.
    `emitted`: the command has written everything through `context.stream`; nothing more is to be written.
    """

    report: object | None = None
    view: Callable[[Texts], ReportView] | None = None
    exit_code: ExitCode = ExitCode.OK
    error: OpsctlError | None = None
    items: Iterable[object] | None = None
    item_type: type | None = None
    names: Iterable[str] | None = None
    lines: Iterable[str] | None = None
    emitted: bool = False

    def final_exit_code(self, *, exit_zero: bool = False) -> ExitCode:
        """The code of the process. `--exit-zero` turns findings, partial and pending into 0; an interruption outranks
        an error."""
        code = self.exit_code
        if self.error is not None and code not in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
            code = self.error.exit_code
        if exit_zero and code in (ExitCode.FINDINGS, ExitCode.PARTIAL, ExitCode.PENDING):
            return ExitCode.OK
        return code


def status_of(code: ExitCode) -> Status:
    """The word of the envelope for an exit code (before `--exit-zero`): pending is ok, interrupted is partial, busy is
    error."""
    if code in (ExitCode.OK, ExitCode.PENDING):
        return "ok"
    if code is ExitCode.FINDINGS:
        return "findings"
    if code in (ExitCode.PARTIAL, ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        return "partial"
    return "error"
