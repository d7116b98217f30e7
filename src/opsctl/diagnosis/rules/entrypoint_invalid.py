"""The command or its arguments cannot be executed

What is wrong
-------------
The container could not carry out the command of the job as it is configured: the program is not in the search path, the
file is not executable or not readable, its interpreter does not exist (often because of Windows line ends), the whole
command line was written as one word, or the program runs and does not know the sub-command, script or option it was
given. In Cloud Run `command` replaces the image's ENTRYPOINT and `args` its CMD; every word is one element of the list.

How it is recognised
--------------------
- Cloud Run: "error finding executable ... in PATH", "failed to load ...: permission denied", "invalid mode",
  "Application exec likely failed".
- Shells and starters: "command not found", "Permission denied", "bad interpreter", "exec ... failed" of tini, exit
  codes 126 (not executable) and 127 (not found).
- Runtimes: a script path with a blank in it ("/app/manage.py migrate"), npm "Missing script", "Unknown command",
  "unrecognized arguments", "unknown flag", "Don't know how to build task".
- The configuration: one element that holds a whole command line; a path that a Windows shell turned into "C:/...";
  in the image a script without the executable bit or with Windows line ends in its first line.

Look-alikes
-----------
- The command starts a runtime and the script it is given is not in the image, or a script asks for another file:
  image-file-missing. A script that is a word of the command and that the shell does not find belongs here.
- "exec format error" is another architecture: runtime-incompatible.
- "sh: 1: tsx: not found" below an npm script is a package that is not installed: module-not-found.
- "cannot open shared object file" ends with exit code 127, too: runtime-incompatible.

Remedy
------
Give the command and each argument as an element of its own, with the path as it is in the image; make scripts
executable and save them with Unix line ends.

Sources
-------
Cloud Run documentation on container commands and troubleshooting; opencontainers/runc; krallin/tini; buildpacks
lifecycle; bash, dash and BusyBox; npm, yarn, pnpm; argparse, click, commander, cobra, clap, Symfony Console, rake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.entrypoint_invalid_signs import SIGNS_START
from opsctl.diagnosis.rules.entrypoint_invalid_signs_arguments import SIGNS_ARGUMENTS
from opsctl.diagnosis.rules.program_mentions import missing_scripts, runs_npm_script

_PROGRAMS = re.compile(
    r"^(?:\S*/)?(?:node|npm|npx|yarn|pnpm|bun|deno|python3?|pip|java|ruby|bundle|rake|rails|php|dotnet|go|sh|bash"
    r"|alembic"
    r"|flask|gunicorn|uvicorn|manage\.py|prisma|knex|typeorm|tsx|ts-node|psql|mysql|flyway|liquibase|goose|dbmate"
    r"|atlas|mix)"
    r" \S"
)
_WINDOWS = re.compile(r"^[A-Za-z]:[/\\]")
_CONTAINER = "/template/containers/0"


def look(facts: Facts) -> Iterator[Clue]:
    """The shape of the command and its arguments, the file that it names, and the exit codes of shells."""
    yield from _joined(facts)
    yield from _windows_path(facts)
    yield from _shell_exit_code(facts)
    yield from _script_of_command(facts)
    if facts.seen("image"):
        first_line = tuple(_first_line(facts))
        yield from first_line
        yield from (clue for clue in _program_file(facts) if clue.supports or not first_line)


def _joined(facts: Facts) -> Iterator[Clue]:
    command, args = facts.execution.command, facts.execution.args
    if command and " " in command[0].strip():
        place = Pointer("execution", f"{_CONTAINER}/command/0", command[0])
        yield Clue("joined_command", Weight.DECISIVE, (place,), values={"words": command[0]})
        return
    starts_shell = any(word in ("-c", "-lc", "-ec", "-xc") for word in (*command, *args, *facts.image.entrypoint))
    if len(args) == 1 and not starts_shell and _PROGRAMS.search(args[0]):
        place = Pointer("execution", f"{_CONTAINER}/args/0", args[0])
        yield Clue("joined_arguments", Weight.STRONG, (place,), values={"words": args[0]})


def _windows_path(facts: Facts) -> Iterator[Clue]:
    for word in (*facts.execution.command, *facts.execution.args):
        if _WINDOWS.search(word):
            yield Clue(
                "windows_path", Weight.DECISIVE, (Pointer("execution", _CONTAINER, word),), values={"path": word}
            )
            return


def _script_of_command(facts: Facts) -> Iterator[Clue]:
    """The script that the shell does not find is a word of the command."""
    elements = (*facts.execution.command, *facts.execution.args) or (*facts.image.entrypoint, *facts.image.command)
    words = {word.strip("'\"").removeprefix("./") for element in elements for word in element.split()}
    for mention in missing_scripts(facts):
        if mention.name.removeprefix("./") in words:
            yield Clue("script_of_command", Weight.DECISIVE, (mention.pointer,), values={"path": mention.name})
            return


def _shell_exit_code(facts: Facts) -> Iterator[Clue]:
    for attempt in facts.attempts:
        if attempt.exit_code == 126:
            yield Clue("exit_126", Weight.STRONG, attempt.pointers)
            return
        if attempt.exit_code == 127 and not runs_npm_script(facts):
            # A missing library ends with this code, too, and says so.
            yield Clue("exit_127", Weight.MODERATE if facts.logs.has_output else Weight.STRONG, attempt.pointers)
            return


def _program_file(facts: Facts) -> Iterator[Clue]:
    command = facts.execution.command or facts.image.entrypoint
    program = command[0] if command else ""
    if not program.startswith("/") or " " in program:
        return
    mode = facts.image.files.get(program)
    values = {"path": program}
    if facts.image.has(program) is False:
        yield Clue("program_absent", Weight.STRONG, (Pointer("image", "/absent", program),), values=values)
    elif mode and _is_octal(mode):
        place = (Pointer("image", "/files", f"{program} {mode}"),)
        if int(mode, 8) & 0o111 == 0:
            yield Clue("not_executable", Weight.DECISIVE, place, values=values)
        else:
            yield Clue("program_executable", Weight.MODERATE, place, supports=False, values=values)


def _first_line(facts: Facts) -> Iterator[Clue]:
    """Windows line ends, or an interpreter that is not there, in the first line of a script that is started."""
    words = (*facts.execution.command, *facts.execution.args, *facts.image.entrypoint, *facts.image.command)
    for path, text in facts.image.texts.items():
        first, _, _ = text.partition("\n")
        is_started = any(path == word or path.endswith("/" + word.removeprefix("./")) for word in words)
        if not is_started or not first.startswith("#!"):
            continue
        interpreter = first[2:].split()[0] if first[2:].split() else ""
        place = (Pointer("image", f"/texts/{path.replace('~', '~0').replace('/', '~1')}", first.strip()),)
        if first.endswith("\r"):
            yield Clue("windows_line_ends", Weight.DECISIVE, place, values={"path": path})
        elif facts.image.has(interpreter) is False:
            yield Clue("interpreter_absent", Weight.STRONG, place, values={"path": path, "interpreter": interpreter})


def _is_octal(mode: str) -> bool:
    return re.fullmatch(r"(?:0o)?[0-7]+", mode) is not None


RULE = Rule(
    cause="entrypoint-invalid",
    family="program",
    stage=Stage.START,
    signs=(*SIGNS_START, *SIGNS_ARGUMENTS),
    look=look,
    yields_to=("runtime-incompatible", "module-not-found"),
    remedies=(
        Remedy(
            "see_command",
            Risk.READ_ONLY,
            (
                "gcloud run jobs executions describe {execution} --project={project} --region={region} "
                "--format='yaml(spec.template.spec.containers[0].command,spec.template.spec.containers[0].args)'",
            ),
        ),
        Remedy(
            "correct_command",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --project={project} --region={region} --command=PROGRAM "
                "--args=FIRST_ARGUMENT,SECOND_ARGUMENT",
            ),
        ),
        Remedy(
            "make_executable",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --project={project} --region={region} --image=REBUILT_IMAGE",),
        ),
        Remedy(
            "start_through_shell",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --project={project} --region={region} --command=/bin/sh "
                "--args='^@^-c@WHOLE COMMAND LINE'",
            ),
            is_workaround=True,
        ),
    ),
    check=Check("image", "opsctl cloudrun image ls {image} {folder}"),
)
