"""Commands that cannot be executed as configured: not found, not executable, joined, unknown to the program."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.calibration import DEFAULT
from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.rules.entrypoint_invalid import RULE
from tests.diagnosis.runs import diagnose_run, facts_of, failed_run, find_cause, first_cause

CAUSE = RULE.cause


def clues(found: object) -> set[str]:
    return {piece.id for piece in getattr(found, "support", ())}


def image(mode: str = "0755", text: str = "#!/bin/sh\nexec node x\n", absent: tuple[str, ...] = ()) -> dict[str, Any]:
    files = [{"path": "/app/run.sh", "type": "file", "mode": mode}]
    return {
        "image": {
            "config": {"config": {"WorkingDir": "/app"}},
            "files": files,
            "absent": list(absent),
            "texts": {"/app/run.sh": text},
        }
    }


@pytest.mark.parametrize(
    ("line", "exit_code"),
    [
        (
            "terminated: Application failed to start: failed to resolve binary path: error finding executable "
            '"uvicorn" in PATH [/bin]: no such file or directory',
            1,
        ),
        ('terminated: Application failed to start: "npm run migrate" not found (PATH=/usr/local/bin:/usr/bin)', 1),
        ("terminated: Application failed to start: failed to load /app/entrypoint.sh: permission denied", 1),
        ('exec: "migrate up": executable file not found in $PATH', 127),
        ("/bin/sh: 1: ./start.sh: Permission denied", 126),
        ("/app/entrypoint.sh: /bin/bash^M: bad interpreter: No such file or directory", 126),
        ("env: can't execute 'bash': No such file or directory", 127),
        ("/usr/bin/env: ‘bash\\r’: No such file or directory", 127),
        ("bash: line 1: gunicorn: command not found", 127),
        ("[FATAL tini (7)] exec nodee failed: No such file or directory", 127),
        ("ERROR: failed to launch: determine start command: when there is no default process a command is required", 1),
        ('npm ERR! Missing script: "db:migrate"', 1),
        ("python: can't open file '/app/manage.py migrate --noinput': [Errno 2] No such file or directory", 2),
        ("Error: Cannot find module '/app/node dist/migrate.js'", 1),
        ("job.py: error: unrecognized arguments: --since=1", 2),
        ('Error: unknown command "migrat" for "app"', 1),
        ("error: unexpected argument '--dry' found", 2),
        ("Don't know how to build task 'db:migrat' (See the list of available tasks with `rake --tasks`)", 1),
        ("python: can't open file '/app/m.py': [Errno 13] Permission denied", 2),
    ],
)
def test_fires(line: str, exit_code: int) -> None:
    assert first_cause(failed_run([line], exit_code=exit_code)) == CAUSE


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (
            ["terminated: Application failed to start: failed to load /bin/sh: exec format error"],
            "runtime-incompatible",
        ),
        (["python: can't open file '/app/m.py': [Errno 2] No such file or directory"], "image-file-missing"),
        (["> app@1.0.0 start", "> tsx src/main.ts", "", "sh: 1: tsx: not found"], "module-not-found"),
        (
            ["./app: error while loading shared libraries: libpq.so.5: cannot open shared object file"],
            "runtime-incompatible",
        ),
    ],
)
def test_look_alikes(lines: list[str], cause: str) -> None:
    assert first_cause(failed_run(lines, exit_code=127)) == cause


@pytest.mark.parametrize(
    "line", ["husky: command not found", "Usage: app [options]", "user not found", "page not found: /x"]
)
def test_other_things_that_are_not_found(line: str) -> None:
    found = find_cause(diagnose_run(failed_run([line])), CAUSE)
    assert found is None or found.probability < 0.5


@pytest.mark.parametrize(
    ("container", "clue"),
    [
        ({"command": ["npm run migrate"]}, "joined_command"),
        ({"args": ["node dist/migrate.js"]}, "joined_arguments"),
        ({"command": ["C:/Program Files/Git/app/migrate"]}, "joined_command"),
        ({"args": ["D:/Git/app/migrate"]}, "windows_path"),
    ],
)
def test_shape_of_the_command(container: dict[str, Any], clue: str) -> None:
    assert clue in clues(find_cause(diagnose_run(failed_run([], container=container)), CAUSE))


def test_a_shell_takes_its_command_line_as_one_word() -> None:
    container = {"command": ["/bin/sh", "-c"], "args": ["node dist/migrate.js"]}
    assert find_cause(diagnose_run(failed_run(["x"], container=container)), CAUSE) is None


@pytest.mark.parametrize(
    ("sections", "clue"),
    [
        (image(mode="0644"), "not_executable"),
        (image(text="#!/bin/sh\r\nexec node x\r\n"), "windows_line_ends"),
        (image(text="#!/bin/bash\n", absent=("/bin/bash",)), "interpreter_absent"),
    ],
)
def test_the_script_in_the_image(sections: dict[str, Any], clue: str) -> None:
    facts = facts_of(failed_run([], container={"command": ["/app/run.sh"]}, sections=sections))
    assert {found.id for found in RULE.look(facts)} == {clue}


def test_an_executable_script_speaks_against_it() -> None:
    evidence = failed_run(["Application exec likely failed"], container={"command": ["/app/run.sh"]}, sections=image())
    found = find_cause(diagnose_run(evidence), CAUSE)
    assert found is not None
    assert [piece.id for piece in found.against] == ["program_executable"]


def test_an_unusual_mode_says_nothing() -> None:
    evidence = failed_run(
        ["Application exec likely failed"], container={"command": ["/app/run.sh"]}, sections=image(mode="rwx")
    )
    found = find_cause(diagnose_run(evidence), CAUSE)
    assert found is not None
    assert not found.against


def test_not_checked_without_logs() -> None:
    found = find_cause(diagnose_run(failed_run(["x"], without=["logs"])), CAUSE)
    assert found is not None
    assert found.verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    ("line", "command", "args"),
    [
        ("sh: 0: cannot open entrypoint.sh: No such file", ["sh"], ["entrypoint.sh"]),
        ("/bin/sh: 0: Can't open ./dump.sh", ["/bin/sh", "./dump.sh"], []),
        ("/bin/bash: /app/run-migrations.sh: No such file or directory", ["/bin/bash"], ["/app/run-migrations.sh"]),
        ("bash: line 1: ./bin/job: No such file or directory", ["bash", "-c"], ["./bin/job --once"]),
    ],
)
def test_the_script_of_the_command_is_not_found(line: str, command: list[str], args: list[str]) -> None:
    found = diagnose_run(failed_run([line], exit_code=2, container={"command": command, "args": args})).findings[0]
    assert found.rule.cause == CAUSE
    assert "script_of_command" in clues(found)


def test_a_script_that_the_command_does_not_name() -> None:
    container = {"command": ["/app/run.sh"]}
    found = diagnose_run(failed_run(["sh: 0: cannot open lib/env.sh: No such file"], container=container)).findings[0]
    assert found.rule.cause == "image-file-missing"
    assert "script_of_command" not in clues(find_cause(diagnose_run(failed_run([], container=container)), CAUSE))


@pytest.mark.parametrize(
    ("lines", "exit_code"),
    [
        (["unable to start container process: exec: python file.py: executable file not found in $PATH: unknown"], 1),
        (["int.sh: 6: /entrypoint.sh: crontab: not found"], 127),
        ([], 127),
        ([], 126),
    ],
)
def test_more_ways_not_to_be_found(lines: list[str], exit_code: int) -> None:
    assert first_cause(failed_run(lines, exit_code=exit_code)) == CAUSE


def test_an_exit_code_alone_is_never_sure() -> None:
    for exit_code in (126, 127, 132, 134, 137, 139, 143):
        assert all(
            found.probability <= DEFAULT.cap for found in diagnose_run(failed_run([], exit_code=exit_code)).findings
        )
