"""Which parts of command lines are secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from opsctl.diagnosis.redact_values import Role, Secret, find_in_value, is_secret_by_name, without_overlaps
from opsctl.reporting.redact import is_masked

_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)")
_ASSIGNED = re.compile(r"(--?[A-Za-z][\w.-]*|[A-Za-z_]\w*)=(.*)", re.DOTALL)
_FLAG_IN_SHELL = re.compile(r"(?:^|\s)--?([A-Za-z][\w-]{1,60})\s{1,9}([\"']?)([^\s\"'-][^\s\"']*)")
# `-pS3cret` of a program that is not known: `-p` and something that no word and no number looks like.
_ATTACHED_PASSWORD = re.compile(r"-p(?=[^a-z]*[a-z])(?=\D*\d)(?=[^A-Z!@#$%^&*]*[A-Z!@#$%^&*])[^=\s]{6,}")
# Programs whose short option is a password: the option, and whether the value is the next argument.
_SHORT_OPTIONS = {
    "mysql": ("-p", False),
    "mariadb": ("-p", False),
    "sshpass": ("-p", True),
    "redis-cli": ("-a", True),
    "sqlcmd": ("-P", True),
    "bcp": ("-P", True),
    "curl": ("-u", True),
}


def find_in_arguments(arguments: Sequence[str], program: str) -> list[tuple[Secret, ...]]:
    """For each argument its secret parts. `program` is the text of command and arguments together."""
    options = [
        option
        for name, option in _SHORT_OPTIONS.items()
        if name in program and re.search(rf"(?:\A|[\s/]){name}[\w-]*(?:\s|\Z)", program)
    ]
    found = []
    before = ""
    for argument in arguments:
        secrets = without_overlaps(_find(argument, before, options)) if argument.strip() else ()
        found.append(tuple(secret for secret in secrets if not is_masked(argument[secret.start : secret.end])))
        before = argument
    return found


def _find(argument: str, before: str, options: Iterable[tuple[str, bool]]) -> Iterator[Secret]:
    yield from _after_flag(argument, before, options)
    assigned = _ASSIGNED.fullmatch(argument)
    if assigned is not None:
        offset = assigned.start(2)
        for secret in find_in_value(assigned[1].lstrip("-"), assigned[2], Role.ARGUMENT):
            yield secret._replace(start=offset + secret.start, end=offset + secret.end)
        return
    if _ATTACHED_PASSWORD.fullmatch(argument):
        yield Secret(2, len(argument), Role.ARGUMENT.value)
    for match in _FLAG_IN_SHELL.finditer(argument):
        if is_secret_by_name(match[1], match[3], Role.ARGUMENT) and not is_masked(match[3]):
            yield Secret(*match.span(3), Role.ARGUMENT.value)
    yield from find_in_value("", argument, Role.ARGUMENT)


def _after_flag(argument: str, before: str, options: Iterable[tuple[str, bool]]) -> Iterator[Secret]:
    """`--password`, `hunter2`; `-phunter2` of a program for which that is a password."""
    whole = Secret(0, len(argument), Role.ARGUMENT.value)
    flag = _FLAG.fullmatch(before)
    if flag is not None and not argument.startswith("-") and is_secret_by_name(flag[1], argument, Role.ARGUMENT):
        yield whole
    for option, is_next in options:
        if is_next and before == option:
            # curl's -u takes user:password.
            yield whole._replace(start=argument.find(":") + 1)
        elif not is_next and argument.startswith(option) and len(argument) > len(option):
            yield whole._replace(start=len(option))
