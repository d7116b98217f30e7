"""Which code wins."""

import pytest

from opsctl.cli.outcome import Outcome, status_of
from opsctl.errors import BusyError, ExitCode, UnavailableError


@pytest.mark.parametrize(
    ("outcome", "exit_zero", "expected"),
    [
        (Outcome(), False, 0),
        (Outcome(exit_code=ExitCode.FINDINGS), False, 3),
        (Outcome(exit_code=ExitCode.FINDINGS), True, 0),
        (Outcome(exit_code=ExitCode.PENDING), True, 0),
        (Outcome(exit_code=ExitCode.PARTIAL), True, 0),
        (Outcome(exit_code=ExitCode.FINDINGS, error=UnavailableError("x")), False, 5),
        (Outcome(exit_code=ExitCode.FINDINGS, error=UnavailableError("x")), True, 5),
        (Outcome(exit_code=ExitCode.INTERRUPTED, error=UnavailableError("x")), False, 130),
        (Outcome(exit_code=ExitCode.TERMINATED, error=BusyError("x")), True, 143),
    ],
)
def test_final_exit_code(outcome: Outcome, exit_zero: bool, expected: int) -> None:
    assert outcome.final_exit_code(exit_zero=exit_zero) == expected


def test_every_code_has_a_status() -> None:
    assert {code.name: status_of(code) for code in ExitCode} == {
        "OK": "ok",
        "ERROR": "error",
        "USAGE": "error",
        "FINDINGS": "findings",
        "PARTIAL": "partial",
        "UNAVAILABLE": "error",
        "DENIED": "error",
        "NOT_FOUND": "error",
        "PENDING": "ok",
        "BUSY": "error",
        "INTERRUPTED": "partial",
        "CLOSED_PIPE": "error",
        "TERMINATED": "partial",
    }
