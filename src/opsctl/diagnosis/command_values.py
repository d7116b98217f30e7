"""What the commands of a report name: taken from the evidence of the finding, else from the execution.

Commands of rules have placeholders (`{job}`) and words in capitals for what a person has to put in (`VERSION`). Both
are filled where the evidence tells the value. The secret that the error names comes before the first one of the job,
the instance whose socket failed before the one that is attached.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from opsctl.diagnosis.facts.model import EnvVar, Facts
from opsctl.diagnosis.gather import Piece
from opsctl.diagnosis.rule import Remedy
from opsctl.diagnosis.smallest_roles import SMALLEST_ROLES

LAST_GOOD_IMAGE = ("IMAGE_OF_THE_LAST_SUCCESS", "IMAGE@sha256:LAST_GOOD_DIGEST")
# Nothing of this means anything to a shell, inside of quotes or outside.
_PLAIN = re.compile(r"[\w@%+=:,./-]+")
_QUOTED_OR_NOT = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|[^'\"]+|['\"]")
_CONNECTION_NAME = re.compile(r"(?<![\w/.-])(?:/cloudsql/)?((?:[\w.-]+:)?[a-z][\w-]+:[a-z]+-[a-z]+\d+:[a-z][\w-]*)")
_SECRET = re.compile(r"\bprojects/[^/\s]+/secrets/([\w-]+)(?:/versions/([\w-]+))?")
_ACCOUNT = re.compile(r"\b[\w.-]+@[\w.-]+\.gserviceaccount\.com\b")
_SERVICE_AGENT = re.compile(r"\bservice-(\d+)@serverless-robot-prod\.iam\.gserviceaccount\.com")
_ROLE = re.compile(r"\broles/[a-z]\w+(?:\.\w+)+")
_PERMISSION = re.compile(r"\b(?!www\.)[a-z][a-z]+\.[a-zA-Z]+\.[a-zA-Z]+\b")
# Only where a text says that an API is off: addresses of services stand in many others.
_SERVICE = re.compile(
    r"\b([a-z][a-z0-9-]+)\.googleapis\.com\b(?=.*(?:disabled|not been (?:used|enabled)))"
    r"|(?:disabled|not been (?:used|enabled)).*?\b([a-z][a-z0-9-]+)\.googleapis\.com\b",
    re.IGNORECASE | re.DOTALL,
)
_USER = re.compile(r"(?:for |by |to |^|\s)(?:user|role|login)[ =:]+[\"'`]?([A-Za-z_][\w.-]*)[\"'`@]", re.IGNORECASE)
_TABLE = re.compile(r"\b(?:relation|table)\s+(?:\S*\.)?[\"'`]([A-Za-z_][\w.]*)[\"'`]", re.IGNORECASE)
_MIGRATION = re.compile(r"(?<![\w/])(\d{10,14}[_-][\w-]+)(?:`|'|\"|\b)")
_CLOUDSQL = re.compile(r"cloud ?sql|NOT_AUTHORIZED", re.IGNORECASE)
_PASSWORD_NAME = re.compile(r"pass|pwd", re.IGNORECASE)

_TOOLS = {
    "prisma": r"^npx prisma",
    "knex": r"^npx knex",
    "flyway": r"^flyway ",
    "liquibase": r"^liquibase ",
    "alembic": r"^alembic ",
    "django": r"^python manage\.py",
    "golang-migrate": r"^migrate -path",
    "mysql": r"^mysql ",
    "postgres": r"^(?:psql|pg_dump) ",
}
_TRACES = {
    "prisma": r"prisma|\bP\d{4}\b",
    "knex": r"\bknex",
    "flyway": r"flyway",
    "liquibase": r"liquibase|databasechangelog",
    "alembic": r"alembic",
    "django": r"django|manage\.py",
    "golang-migrate": r"golang-migrate|dirty database version|schema_migrations",
    "mysql": r"mysql|mariadb|innodb|:3306\b|ER_[A-Z]{2}|duplicate entry '.*' for key",
    "postgres": r"postgres|psql|psycopg|\bpg_|\bpg\b|:5432\b|relation \"",
}
_DATABASES = frozenset({"mysql", "postgres"})


@dataclass(frozen=True, slots=True)
class CommandValues:
    """`placeholders` by name, `words` by the word in capitals that they replace. None of them is quoted."""

    placeholders: Mapping[str, str]
    words: Mapping[str, str]
    tools: frozenset[str] = frozenset()


def command_values(facts: Facts, support: Iterable[Piece] = ()) -> CommandValues:
    """What is known for the commands of one finding, its own evidence first."""
    pieces = tuple(support)
    texts = tuple(_texts(pieces))
    # Facts also name what was before and what is held; only a message names what is missing.
    said = tuple(place.excerpt for piece in pieces for place in piece.pointers if place.section == "logs")
    execution = facts.execution
    variable = _variable(facts, pieces)
    secret, version = _secret(facts, texts, variable)
    instance = _instance(facts, texts)
    placeholders = {
        "project": execution.name.project,
        "region": execution.name.location,
        "job": execution.name.job,
        "execution": execution.name.execution,
        "service_account": _first(_ACCOUNT, said) or facts.identity.email or execution.service_account,
        "image": execution.image,
        "folder": (facts.image.working_folder or "/app").rstrip("/") or "/",
        "secret": secret,
        "instance": instance,
    }
    owner = variable or next((item for item in execution.env if secret and item.secret == secret), None)
    role, permission, service = _right(texts, said, pieces)
    words = {
        "INSTANCE": instance.rpartition(":")[2],
        "ROLE": role,
        "PERMISSION": permission,
        "SERVICE": service,
        "DB_USER": _first(_USER, said),
        "TABLE": _first(_TABLE, said).rpartition(".")[2],
        "MIGRATION": _first(_MIGRATION, said),
        "NAME": _missing_name(pieces),
        "VARIABLE": owner.name if owner else "",
        "DB_PASSWORD": owner.name if owner else "",
        "BAD_VERSION": version,
        "PROJECT_NUMBER": _first(_SERVICE_AGENT, texts),
        **_repository(execution.image or ""),
        **dict.fromkeys(LAST_GOOD_IMAGE, _last_good_image(facts)),
    }
    return CommandValues(_usable(placeholders), _usable(words), _tools(facts, texts, pieces))


def fill(command: str, values: CommandValues) -> str:
    """A command with its placeholders and known words filled, quoted for a shell.

    What is not known stays a word in capitals, and so does what would need quotes where quotes are already.
    """
    # Without it gcloud looks at the last day only, and older executions seem to have no log.
    if command.startswith("gcloud logging read") and "--freshness" not in command:
        command += " --freshness=30d"
    pattern = _pattern(values.words)
    return "".join(_fill_part(part, pattern, values) for part in _QUOTED_OR_NOT.findall(command))


def commands_of(remedy: Remedy, values: CommandValues) -> tuple[str, ...]:
    """The commands of a remedy that fit: where the evidence names a tool, those of the others are left out."""
    commands = [adapted for command in remedy.commands if (adapted := _for_database(command, values)) is not None]
    by_command = {command: _tool_of(command) for command in commands}
    named = {tool for tool in by_command.values() if tool in values.tools}
    kept = [command for command, tool in by_command.items() if not named or tool is None or tool in named]
    return tuple(fill(_for_remedy(command, remedy), values) for command in kept)


def is_possible(remedy: Remedy, facts: Facts) -> bool:
    """Whether a remedy can help here: going back to an image that is the one that failed cannot."""
    goes_back = any(word in command for word in LAST_GOOD_IMAGE for command in remedy.commands)
    return not (goes_back and facts.baseline.changes is not None and not facts.baseline.changed("image"))


def _tool_of(command: str) -> str | None:
    return next((tool for tool, pattern in _TOOLS.items() if re.search(pattern, command)), None)


def _for_database(command: str, values: CommandValues) -> str | None:
    """A query for the database that is there; None when it speaks of what only another one has."""
    is_mysql = "mysql" in values.tools and "postgres" not in values.tools
    if not is_mysql or _tool_of(command) != "postgres":
        return command
    if re.search(r"pg_|\\d", command):
        return None
    return re.sub(r'^psql (?:"\$DATABASE_URL" )?-c ', "mysql -e ", command)


def _for_remedy(command: str, remedy: Remedy) -> str:
    # The version in the error is the one to enable, and the one not to pin.
    return command.replace(" VERSION ", " BAD_VERSION ") if remedy.id == "enable_version" else command


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Braces, doubled ones (which are literal) first, or a known word."""
    named = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or "(?!)"
    return re.compile(rf"\{{\{{|\}}\}}|\{{(\w+)\}}|(?<!\w)(?:{named})(?![\w-])")


def _fill_part(part: str, pattern: re.Pattern[str], values: CommandValues) -> str:
    is_quoted = part[0] in "'\""

    def show(match: re.Match[str]) -> str:
        found = match[0]
        if found in ("{{", "}}"):
            return found[0]
        value = values.placeholders.get(match[1]) if match[1] else values.words[found]
        if value is None or (is_quoted and not _PLAIN.fullmatch(value)):
            return match[1].upper() if match[1] else found.replace("BAD_VERSION", "VERSION")
        return value if is_quoted else shlex.quote(value)

    return pattern.sub(show, part).replace("BAD_VERSION", "VERSION")


def _usable(values: Mapping[str, str | None]) -> dict[str, str]:
    """Without what is not known, what is masked (a token in a command would be taken for a value), and what would be
    taken for an option."""
    return {name: value for name, value in values.items() if value and "***" not in value and not value.startswith("-")}


def _texts(pieces: Iterable[Piece]) -> Iterator[str]:
    for piece in pieces:
        if piece.clue is not None:
            yield from piece.clue.values.values()
        yield from (pointer.excerpt for pointer in piece.pointers)


def _first(pattern: re.Pattern[str], texts: Iterable[str]) -> str:
    for text in texts:
        match = pattern.search(text)
        if match:
            return match[match.lastindex or 0]
    return ""


def _variable(facts: Facts, pieces: Iterable[Piece]) -> EnvVar | None:
    """The variable of the job that the evidence is about."""
    for piece in pieces:
        values = piece.clue.values if piece.clue else {}
        for name in (values.get("variable"), values.get("name")):
            variable = facts.execution.variable(name) if name else None
            if variable is not None:
                return variable
    return None


def _missing_name(pieces: Iterable[Piece]) -> str:
    values = (piece.clue.values.get("variable", "") for piece in pieces if piece.clue)
    return next((name for name in values if re.fullmatch(r"[A-Za-z_]\w*", name)), "")


def _secret(facts: Facts, texts: Iterable[str], variable: EnvVar | None) -> tuple[str, str]:
    """Name and version: as an error names them, else that of the variable in question, else one for a password."""
    texts = tuple(texts)
    for text in texts:
        match = _SECRET.search(text)
        if match:
            return match[1], match[2] or ""
    env = facts.execution.env
    known = [*(item.secret for item in env if item.secret), *facts.execution.secret_volumes]
    named = next((name for text in texts for name in known if _names(text, name)), "")
    about = (variable.secret or "") if variable else ""
    password = next((item.secret for item in env if item.secret and _PASSWORD_NAME.search(item.name)), "")
    return named or about or password or next(iter(known), ""), ""


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _instance(facts: Facts, texts: Iterable[str]) -> str:
    """A connection name: the one in the evidence, the attached one, one that was looked at."""
    attached = facts.execution.cloudsql_instances
    seen = tuple(instance.connection_name for instance in facts.cloudsql)
    return _first(_CONNECTION_NAME, texts) or next(iter((*attached, *seen)), "")


def _right(texts: Iterable[str], said: Iterable[str], pieces: Iterable[Piece]) -> tuple[str, str, str]:
    """Role, permission and service that a refusal names; the role that suffices for a permission when it names none."""
    texts = tuple(texts)
    clues = {piece.id for piece in pieces}
    permission = next((name for text in texts for name in _PERMISSION.findall(text) if name in SMALLEST_ROLES), "")
    is_sql = "cloudsql_role_absent" in clues or any(_CLOUDSQL.search(text) for text in texts)
    if not permission and is_sql:
        permission = "cloudsql.instances.connect"
    permission = permission or _first(re.compile(rf"permission\W+({_PERMISSION.pattern})", re.IGNORECASE), texts)
    role = _first(_ROLE, said) or SMALLEST_ROLES.get(permission, "")
    return role, permission, _first(_SERVICE, texts)


def _repository(image: str) -> dict[str, str]:
    """What an address of Artifact Registry says about its repository."""
    match = re.match(r"([a-z0-9-]+)-docker\.pkg\.dev/([\w.:-]+)/([\w.-]+)/", image)
    return dict(zip(("LOCATION", "IMAGE_PROJECT", "REPOSITORY"), match.groups(), strict=True)) if match else {}


def _last_good_image(facts: Facts) -> str:
    changed = facts.baseline.changed("image")
    return (changed[0].before or "") if changed else ""


def _tools(facts: Facts, texts: Iterable[str], pieces: Iterable[Piece]) -> frozenset[str]:
    words = "\n".join(
        (*texts, *(piece.id for piece in pieces), *facts.execution.command, *facts.execution.args, *facts.image.command)
    )
    found = _named_tools(words)
    said = "\n".join(message.text[:500] for message in facts.logs.messages[:200])
    # What the finding itself names is surer than what stands elsewhere in the log.
    for kind in (_DATABASES, _TRACES.keys() - _DATABASES):
        if not found & kind:
            found |= _named_tools(said) & kind
    return frozenset(found)


def _named_tools(text: str) -> set[str]:
    return {tool for tool, pattern in _TRACES.items() if re.search(pattern, text, re.IGNORECASE)}
