"""What the program's messages name: modules, paths, variables, commands.

Rules compare these names with the configuration and the image.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from opsctl.diagnosis.facts.model import End, Facts, Level, Message, Pointer
from opsctl.diagnosis.rules.env_missing_signs import HARMLESS

MIN_RELEVANCE = 0.4
"""Below this a message does not speak about the failure."""

_MODULE = re.compile(
    r"Cannot find (?:module|package) ['\"](?P<node>(?!node:)[\w@][^'\"\n]*)['\"]"
    r"|No module named ['\"]?(?P<python>[A-Za-z_][\w.]*)"
    r"|cannot load such file -- (?P<ruby>[A-Za-z_][\w/.-]*)"
)
_PATH = re.compile(
    r"Cannot find module ['\"](?:file://)?(?P<node>/[^'\"\n]+)['\"]"
    r"|ENOENT: no such file or directory, \w+ ['\"](?P<enoent>[^'\"\n]+)['\"]"
    r"|can't open file ['\"](?P<python>[^'\"\n]+)['\"]"
    r"|No such file or directory: ['\"](?P<errno>[^'\"\n]+)['\"]"
    r"|Path doesn't exist: ['\"]?(?P<alembic>[^'\"\s]+?)['\"]?[.\s]"
    r"|cannot load such file -- (?P<ruby>/\S+)"
    r"|(?:open|stat|lstat) (?P<go>[^\s:'\"]+): no such file or directory"
    r"|(?<![\w./@-])(?P<shell>[\w./@-]{1,300}): No such file or directory"
    r"|Unable to access jarfile (?P<jar>\S+)"
    r"|Could not open input file: (?P<php>\S+)",
)
_NAME = r"[A-Z][A-Z0-9]*_[A-Z0-9_]+"
_VARIABLE = re.compile(
    rf"(?:[Ee]nvironment [Vv]ariable|[Ee]nv(?:ironment)? var|ENV)s?(?: not found)?:? ['\"`]?(?P<after>{_NAME})"
    rf"|['\"`]?\b(?P<before>{_NAME})['\"`]?:? (?:environment variable |env var )?(?:is |was |has |parameter )?"
    r"(?:(?:null or )?not (?:been )?(?:set|defined|found|configured|provided|present)"
    r"|must be (?:set|defined|provided|configured)|required|missing|undefined|unset|unbound variable|empty)\b"
    rf"|\b[Ss]et the (?P<django>{_NAME}) environment variable"
    rf"|(?:key not found: |KeyError: |[Kk]ey |placeholder )['\"](?P<key>{_NAME})['\"]"
    rf"|^(?P<field>{_NAME})\n\s+[Ff]ield required"
    rf"|\b(?:must|please|have to|needs? to|needs?) (?:set|specify|define|provide|export|supply)"
    rf"(?: the| an?| your)? ?['\"`$]{{0,2}}(?P<told>{_NAME})"
    rf"|\b(?:not declared|is missing|[Mm]issing(?: required)?(?: settings?| config\w*"
    rf"| values?)?):? ['\"`]?(?P<listed>{_NAME})",
    re.MULTILINE,
)
_HARMLESS = re.compile(rf"{HARMLESS}|\b(?:column|table|relation|constraint)\b", re.IGNORECASE)
# Names of error codes are written like variables, too; these are advice.
_NOT_VARIABLES = re.compile(
    r"^(?:NODE_OPTIONS|RUST_BACKTRACE)$"
    r"|^(?:NODE_TLS|DEBUG|ERR|ER|MODULE|NOT|NON|PERMISSION|HTTP|GLIBC|NODE_MODULE)_"
)
_COMMAND = re.compile(
    r"exec: \"(?P<docker>[^\"\n]+)\": (?:executable file not found|stat |permission denied)"
    r"|error finding executable \"(?P<platform>[^\"\n]+)\""
    r"|failed to load (?P<gvisor>/\S+): "
    r"|tini \(\d+\)\] exec (?P<tini>\S+) failed"
    r"|^(?:/[\w/]+/)?(?:sh|bash|ash|dash): (?:\d+: |line \d+: )?(?:exec: )?(?:line \d+: )?(?P<shell>[^\s:]+): "
    r"(?:command )?not found",
    re.MULTILINE,
)

_SCRIPT = re.compile(
    r"^(?:\S*/)?(?:sh|bash|ash|dash|zsh)(?:: (?:line )?\d+)?: (?:\d+: )?(?:[Cc]an(?:no|')t open |cannot open )?"
    r"['\"]?(?P<path>[\w./@-]{1,300})['\"]?(?:: No such file(?: or directory)?)?$",
    re.MULTILINE,
)
_SETTINGS = re.compile(r"validation errors? for \w*(?:Settings|Config|Env|Environment)\w*")
_BANNER = re.compile(r"^> [\w@/.-]+@\d\S* \S+|^npm (?:ERR!|error) |ELIFECYCLE", re.MULTILINE)


class Mention(NamedTuple):
    """A name that a message says is missing."""

    name: str
    pointer: Pointer


def missing_modules(facts: Facts) -> tuple[Mention, ...]:
    """Modules that an import did not find."""
    return _mentions(facts, _MODULE, ("annot find", "No module named", "cannot load such file"))


def missing_paths(facts: Facts) -> tuple[Mention, ...]:
    """Files and folders that were not found; sockets, secrets and temporary files are not the image's."""
    words = (
        "annot find module",
        "o such file",
        "can't open file",
        "Path doesn't",
        "cannot load",
        "jarfile",
        "input file",
    )
    outside = ("/cloudsql/", "/tmp/", "/secrets/", "/var/run/", "/run/", "/proc/", "/mnt/")  # noqa: S108
    found = _mentions(facts, _PATH, words)
    return tuple(
        mention for mention in found if not mention.name.startswith(outside) and re.search(r"[/.]", mention.name)
    )


def missing_variables(facts: Facts) -> tuple[Mention, ...]:
    """Environment variables that the program says it lacks."""
    found = _mentions(facts, _VARIABLE, ("_",), _HARMLESS)
    return tuple(mention for mention in found if not _NOT_VARIABLES.search(mention.name))


def missing_commands(facts: Facts) -> tuple[Mention, ...]:
    """Commands that were not found or could not be executed."""
    return _mentions(facts, _COMMAND, ("exec", "not found", "failed to load", "error finding"))


def missing_scripts(facts: Facts) -> tuple[Mention, ...]:
    """Scripts that a shell was given to run and did not find; not those that a script of its own asks for."""
    found = _mentions(facts, _SCRIPT, ("o such file", "an't open ", "annot open "))
    return tuple(mention for mention in found if re.search(r"[/.]", mention.name))


def last_error(facts: Facts) -> Message | None:
    """The last error that the program itself reported in the first failing attempt, when it then ended by itself."""
    first = facts.first_failure
    if first is None or first.end is not End.EXITED:
        return None
    owners = ((first.task, first.number), (-1, -1))
    return next(
        (
            message
            for message in reversed(facts.logs.messages)
            if message.level >= Level.ERROR
            and not message.origin.is_platform
            and message.relevance >= MIN_RELEVANCE
            and (message.task, message.attempt) in owners
        ),
        None,
    )


def absolute(facts: Facts, path: str) -> str:
    """A path as seen from the image's working folder."""
    path = path.removeprefix("./")
    if path.startswith("/"):
        return path
    return f"{(facts.image.working_folder or '/').rstrip('/')}/{path}"


def spoken(facts: Facts, *fragments: str) -> Iterator[Message]:
    """Relevant messages that hold one of the fragments, as written."""
    for message in facts.logs.messages:
        if message.relevance >= MIN_RELEVANCE and any(fragment in message.text for fragment in fragments):
            yield message


def _mentions(
    facts: Facts, pattern: re.Pattern[str], fragments: tuple[str, ...], harmless: re.Pattern[str] | None = None
) -> tuple[Mention, ...]:
    found: dict[str, Mention] = {}
    for message in spoken(facts, *fragments):
        for match in pattern.finditer(message.text[:20_000]):
            name = next((group for group in match.groups() if group), "").rstrip(".")
            if name and (harmless is None or not harmless.search(_line_of(match))):
                found.setdefault(name, Mention(name, message.pointer))
    return tuple(found.values())


def settings_complaint(facts: Facts, words: str) -> Pointer | None:
    """Where pydantic complains of a settings class in the given words (a pattern).

    The fields stand in lines of their own below "1 validation error for Settings".
    """
    pattern = re.compile(words)
    is_settings = False
    for message in spoken(facts, "validation error", "input_value", "Field required", "field required", "(type="):
        is_settings = is_settings or _SETTINGS.search(message.text) is not None
        if is_settings and pattern.search(message.text):
            return message.pointer
    return None


def runs_npm_script(facts: Facts) -> bool:
    """Whether npm, yarn or pnpm runs the command as a script: by the job's command, or by npm's banner in the log."""
    words = (*facts.execution.command, *facts.execution.args) or (*facts.image.entrypoint, *facts.image.command)
    if any(word.split("/")[-1].split(" ")[0] in ("npm", "npx", "yarn", "pnpm") for word in words):
        return True
    return any(_BANNER.search(message.text) for message in spoken(facts, "> ", "npm ", "ELIFECYCLE"))


def _line_of(match: re.Match[str]) -> str:
    begin = match.string.rfind("\n", 0, match.start()) + 1
    end = match.string.find("\n", match.end())
    return match.string[begin : end if end >= 0 else None]
