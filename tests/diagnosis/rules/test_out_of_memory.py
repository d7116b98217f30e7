"""Memory limits of the container and of runtimes; other kills, other servers' memory."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.out_of_memory import RULE
from tests.diagnosis.runs import OUT_OF_MEMORY, TIMED_OUT, diagnose_run, failed_run, find_cause, first_cause


def test_what_the_platform_says_is_enough() -> None:
    found = diagnose_run(failed_run(["loading"], message=OUT_OF_MEMORY)).findings[0]
    assert found.rule is RULE
    assert found.verdict is Verdict.CONFIRMED


@pytest.mark.parametrize(
    ("lines", "exit_code"),
    [
        (["FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"], 134),
        (["Traceback (most recent call last):", '  File "/app/a.py", line 1, in <module>', "MemoryError"], 1),
        (["numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array with shape (10,)"], 1),
        (['Exception in thread "main" java.lang.OutOfMemoryError: Java heap space'], 1),
        (["Terminating due to java.lang.OutOfMemoryError: Metaspace"], 3),
        (
            ["PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 4096 bytes) in a"],
            255,
        ),
        (["fatal error: runtime: out of memory"], 2),
        (["memory allocation of 1073741824 bytes failed"], 134),
        (["Unhandled exception. System.OutOfMemoryException: Exception of type 'x' was thrown."], 134),
        (["[FATAL] failed to allocate memory"], 1),
        (["[ERROR] Worker (pid:7) was sent SIGKILL! Perhaps out of memory?"], 1),
        (["Error: spawn ENOMEM", "    at ChildProcess.spawn (node:internal/child_process:421:11)"], 1),
        (["/app/run.sh: line 12:    27 Killed                  python load.py"], 137),
        (["starting import"], 137),
    ],
)
def test_runtimes_and_kills_are_recognised(lines: list[str], exit_code: int) -> None:
    assert first_cause(failed_run(lines, exit_code=exit_code)) == "out-of-memory"


@pytest.mark.parametrize(
    ("line", "exit_code"),
    [
        ("ERROR:  out of shared memory", 1),
        ("OOM command not allowed when used memory > 'maxmemory'.", 1),
        ("Killed old lock holder 42", 1),
        ("WARNING Memory overcommit must be enabled! overcommit_memory is set to 0: cannot allocate memory", 1),
        ("Picked up JAVA_TOOL_OPTIONS: -XX:+ExitOnOutOfMemoryError -XX:+HeapDumpOnOutOfMemoryError", 1),
        ("Segmentation fault", 139),
    ],
)
def test_other_memory_and_other_signals_are_not_it(line: str, exit_code: int) -> None:
    found = find_cause(diagnose_run(failed_run([line], exit_code=exit_code)), "out-of-memory")
    assert found is None or found.probability < 0.1


def test_a_timeout_is_no_kill_for_memory() -> None:
    assert first_cause(failed_run(["working 1 of 9"], message=TIMED_OUT)) != "out-of-memory"


def test_a_container_that_never_started_used_no_memory() -> None:
    found = find_cause(diagnose_run(failed_run(message="Image 'a/b' not found.", started=False)), "out-of-memory")
    assert found is None or not found.support


def test_without_logs_the_condition_still_tells_it() -> None:
    found = diagnose_run(failed_run(message=OUT_OF_MEMORY, without=("logs",))).findings[0]
    assert found.rule is RULE


def test_without_logs_an_ordinary_exit_leaves_it_not_checked() -> None:
    found = find_cause(diagnose_run(failed_run(without=("logs",))), "out-of-memory")
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED
