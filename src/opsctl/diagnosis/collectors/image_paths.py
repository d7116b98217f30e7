"""Which paths of an image matter to a failed run: what it was to start, what its tool reads, what its log names.

Paths are looked for in every layer, since "it is not there" is an answer; texts are small files whose content decides
something (the type of a package, the imports of an entry file); folders are listed.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsctl.diagnosis.collectors.references import References
from opsctl.diagnosis.facts.reading import as_object, as_text, as_texts
from opsctl.image.models import Wanted

MOST_PATHS = 60
_CODE = (".js", ".mjs", ".cjs", ".ts", ".mts", ".py", ".sh", ".rb", ".php", ".jar", ".pl", ".ex", ".exs", ".sql")
_NODE = (".js", ".mjs", ".cjs", ".ts", ".mts")
_ENDINGS = (".js", ".mjs", ".cjs", ".json", ".ts", "/index.js", ".rb")
_SHELLS = frozenset(("sh", "bash", "ash", "dash", "source", "."))
_RUNNERS = frozenset(("npm", "yarn", "pnpm", "npx", "bunx"))
# Folders of the platform itself: a path there says nothing about what was put into the image.
_FOREIGN = ("/proc/", "/sys/", "/dev/", "/tmp/", "/cloudsql/", "/var/run/", "/run/", "/secrets/")  # noqa: S108
# Absolute paths in quotes, in brackets or after a space; not the paths of URLs.
_NAMED = re.compile(r"(?<![\w:/.~-])(/(?:[\w.@+-]+/)*[\w.@+-]+\.?[\w-]*)(?![\w/])")
_MISSING = re.compile(
    r"ENOENT|no such file|cannot find|can't open|not found|does not exist|ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND|"
    r"No migrations? (?:were )?found|couldn't find|could not find|unable to locate|EACCES|permission denied",
    re.IGNORECASE,
)
_INTERPRETER = re.compile(r"#![ \t]*(/[\w./+-]+)")
# Node's words for a package that is not installed; the name of a package begins with a letter or @.
_PACKAGE = re.compile(r"Cannot find (?:module|package) '((?:@[\w.-]+/)?[A-Za-z][\w.-]*)")
_LONGEST_CODE = 65_536
_QUOTED = re.compile(r"""["'`]([\w@./*+-]{1,120})["'`]""")
_JOIN = re.compile(r"""\b(?:join|resolve)\(([^'"`\n]{0,120})((?:["'`][\w./-]{1,80}["'`][,\s]*){1,8})\)""")
_VARIABLE = re.compile(r"\s*([A-Za-z_$][\w$]*)\s*,\s*")
_IS_WORKING_FOLDER = re.compile(r"process\.cwd\(|os\.getcwd\(|Dir\.pwd")
_IS_BESIDE = re.compile(r"__dirname|__file__|import\.meta|dirname\(")
_MIGRATIONS = re.compile(r"(?:^|/)migrations?(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Tool:
    """What a tool reads by its own convention, relative to the folder that it runs in."""

    words: tuple[str, ...]
    paths: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    options: tuple[str, ...] = ()  # options of the command line whose value is a path


_TOOLS = (
    _Tool(("prisma",), ("prisma/schema.prisma",), ("prisma/migrations",), ("--schema",)),
    _Tool(("alembic",), ("alembic.ini",), ("alembic/versions", "migrations/versions"), ("-c", "--config")),
    _Tool(("knex",), ("knexfile.js", "knexfile.ts"), ("migrations",), ("--knexfile", "--migrations-directory")),
    _Tool(("sequelize", "sequelize-cli"), (".sequelizerc",), ("migrations",), ("--config", "--migrations-path")),
    _Tool(("typeorm", "typeorm-ts-node-commonjs", "typeorm-ts-node-esm"), (), (), ("-d", "--dataSource")),
    _Tool(("drizzle-kit",), ("drizzle.config.ts", "drizzle.config.js"), ("drizzle",), ("--config",)),
    _Tool(("migrate", "golang-migrate"), (), (), ("-path", "--path")),
    _Tool(
        ("goose", "dbmate", "atlas"), (), ("db/migrations", "migrations"), ("-dir", "--dir", "--migrations-dir", "-d")
    ),
    _Tool(("flyway",), (), ("/flyway/sql",), ("-configFiles", "-locations")),
    _Tool(("liquibase",), ("liquibase.properties",), (), ("--changelog-file", "--changeLogFile", "--defaults-file")),
    _Tool(("manage.py",), ("manage.py",)),
    _Tool(("rails", "rake"), ("Rakefile", "config/database.yml"), ("db/migrate",)),
    _Tool(("artisan",), ("artisan",), ("database/migrations",)),
)


@dataclass(slots=True)
class _Found:
    paths: dict[str, None] = field(default_factory=dict)
    folders: dict[str, None] = field(default_factory=dict)
    texts: dict[str, None] = field(default_factory=dict)
    optional: dict[str, None] = field(default_factory=dict)

    def freeze(self) -> Wanted:
        paths = list(self.paths)[:MOST_PATHS]
        optional = set(list(self.optional)[: 4 * MOST_PATHS]) - set(paths)
        return Wanted(frozenset(paths), frozenset(list(self.folders)[:8]), frozenset(self.texts), frozenset(optional))


def first_look(references: References, config: Mapping[str, Any], messages: Iterable[str]) -> Wanted:
    """What to look for before any file was read. `config` is the OCI image config, `messages` are log lines."""
    settings = as_object(config.get("config"))
    folder = references.working_folder or as_text(settings.get("WorkingDir")) or "/"
    words = command_of(references, config)
    found = _Found()
    for path in start_files(words, folder):
        found.paths[path] = None
        if path.endswith(_CODE):
            found.texts[path] = None
    for place in _package_folders(words, folder, found.paths):
        found.texts[posixpath.join(place, "package.json")] = None
    _add_tools(found, words, folder)
    _add_named(found, messages, folder)
    _add_settings(found, references.env, folder)
    return found.freeze()


@dataclass(frozen=True, slots=True)
class Further:
    """What files that were read lead to; `named_by`: a path that a program names for certain -> the program."""

    wanted: Wanted
    named_by: Mapping[str, str]


def second_look(references: References, config: Mapping[str, Any], texts: Mapping[str, str]) -> Further:
    """What the files that were read lead to: the script that a package names, the folders that an entry file names."""
    named_by: dict[str, str] = {}
    settings = as_object(config.get("config"))
    folder = references.working_folder or as_text(settings.get("WorkingDir")) or "/"
    words = command_of(references, config)
    found = _Found()
    for path, text in texts.items():
        if path.endswith("/package.json"):
            script = _script(text, words)
            for start in start_files(script, posixpath.dirname(path)):
                found.paths[start] = None
                if start.endswith(_CODE):
                    found.texts[start] = None
            _add_tools(found, script, posixpath.dirname(path))
        else:
            interpreter = _INTERPRETER.match(text)
            if interpreter:
                found.paths[interpreter[1]] = None
            for place, is_certain in _named_in_code(text, posixpath.dirname(path), folder):
                if is_certain:
                    found.paths[place] = None
                    found.folders[place] = None
                    named_by[place] = path
                else:
                    found.optional[place] = None
    return Further(found.freeze(), named_by)


def _named_in_code(text: str, beside: str, folder: str) -> Iterator[tuple[str, bool]]:
    """Folders of migrations that a program names, and whether it is certain where they are: joined from parts, or as
    one path with a folder in it. A path in a program is relative to the working folder, unless it says that it is to
    the file."""
    for call in _JOIN.finditer(text[:_LONGEST_CODE]):
        parts = _QUOTED.findall(call[2])
        bases = _bases_of(call[1], text, beside, folder)
        for base in bases if parts else ():
            place = _inside(base, posixpath.join(*parts))
            if place is not None and _MIGRATIONS.search(place.removeprefix(base)):
                yield place, len(bases) == 1
    for match in _QUOTED.finditer(_JOIN.sub("", text[:_LONGEST_CODE])):
        path = match[1].partition("*")[0].rstrip("/")
        if "/" in path and _MIGRATIONS.search(path):
            before = text[max(0, text.find(match[0]) - 60) : text.find(match[0])]
            is_beside = path.startswith("../") or _IS_BESIDE.search(before)
            place = _inside(beside if is_beside else folder, path)
            if place is not None:
                yield place, True


def _bases_of(before: str, text: str, beside: str, folder: str) -> tuple[str, ...]:
    """The folder that the first arguments of a join mean; both candidates when that cannot be told."""
    named = _VARIABLE.fullmatch(before)
    if named:
        value = re.search(rf"\b{re.escape(named[1])}\s*=([^\n;]*)", text)
        before = value[1] if value else before
    if _IS_BESIDE.search(before):
        return (beside,)
    return (folder,) if not before.strip() or _IS_WORKING_FOLDER.search(before) else (beside, folder)


def command_of(references: References, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The words that the container starts with: `command` replaces ENTRYPOINT and, alone, CMD too; `args` CMD."""
    settings = as_object(config.get("config"))
    if references.command:
        return (*references.command, *references.args)
    return (*as_texts(settings.get("Entrypoint")), *(references.args or as_texts(settings.get("Cmd"))))


def start_files(words: Sequence[str], folder: str) -> list[str]:
    """Files that a command line names, absolute: those with a folder in them or an extension of code."""
    found, before = [], ""
    for number, word in enumerate(_split_shell(words)):
        path = _inside(folder, word) if _is_file(word, before, is_first=not number) else None
        if path is not None and not path.startswith(_FOREIGN):
            found.append(path)
        before = posixpath.basename(word)
    return list(dict.fromkeys(found))


def _is_file(word: str, before: str, *, is_first: bool) -> bool:
    """Whether a word of a command line names a file. A program without a folder is searched for in PATH, not here."""
    if word.startswith(("-", "@")) or "://" in word or "=" in word:
        return False
    if "/" in word:
        return True
    is_program = is_first or (word.endswith(".sh") and before not in _SHELLS)
    return word.endswith(_CODE) and not is_program


def _split_shell(words: Sequence[str]) -> Iterator[str]:
    """The words, and those inside of one that a shell is to read (`sh -c "node a.js && node b.js"`)."""
    for word in words:
        if " " in word:
            yield from (part.strip("\"'`;&|()") for part in word.split() if part.strip("\"'`;&|()"))
        else:
            yield word


def _inside(folder: str, path: str) -> str | None:
    """The path below the root; None for one that means nothing there."""
    joined = posixpath.normpath(posixpath.join("/", folder, path))
    return joined if joined != "/" and not any(letter in joined for letter in "*?$\0{}") else None


def _package_folders(words: Sequence[str], folder: str, paths: Iterable[str]) -> list[str]:
    """Where a package.json decides: the working folder, and the folder of each file that node starts."""
    names = {posixpath.basename(word) for word in _split_shell(words)}
    is_node = bool(names & (_RUNNERS | {"node", "nodejs", "bun"})) or any(path.endswith(_NODE) for path in paths)
    if not is_node:
        return []
    starts = [posixpath.dirname(path) for path in paths if path.endswith(_NODE)]
    # The nearest one above the file holds; in practice that is where the file's top folder is.
    return list(dict.fromkeys([folder, *(start for start in starts if not start.startswith(folder.rstrip("/") + "/"))]))


def _add_tools(found: _Found, words: Sequence[str], folder: str) -> None:
    split = list(_split_shell(words))
    names = {posixpath.basename(word) for word in split}
    for tool in _TOOLS:
        if not names.intersection(tool.words):
            continue
        given = list(_option_values(split, tool.options))
        for value in given:
            place = _inside(folder, value)
            if place is not None:
                found.paths[place] = None
        # Where a tool looks unless it is told otherwise, and it may be told in a file: finding nothing says nothing.
        for path in () if given else (*tool.paths, *tool.folders):
            found.optional[posixpath.join(folder, path)] = None


def _option_values(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in options:
            value = value if equals else words[place + 1] if place + 1 < len(words) else ""
            value = value.removeprefix("file://").removeprefix("filesystem:")
            if value and not value.startswith("-"):
                yield value


def _add_named(found: _Found, messages: Iterable[str], folder: str) -> None:
    """Paths and packages in lines that say that something is missing."""
    for message in messages:
        if len(found.paths) >= MOST_PATHS:
            return
        if not _MISSING.search(message):
            continue
        for match in _PACKAGE.finditer(message[:4_000]):
            found.paths[posixpath.join(folder, "node_modules", match[1])] = None
        for match in _NAMED.finditer(message[:4_000]):
            path = posixpath.normpath(match[1])
            if path.count("/") > 1 and not path.startswith(_FOREIGN) and "/node_modules/" not in path:
                found.paths[path] = None
                if not posixpath.splitext(path)[1]:
                    found.folders[path] = None
                    # A module may be named without its ending.
                    found.optional.update(dict.fromkeys(path + ending for ending in _ENDINGS))


def _add_settings(found: _Found, env: Mapping[str, str], folder: str) -> None:
    """Folders that variables name (`MIGRATIONS_DIR=dist/migrations`)."""
    for name, value in env.items():
        if re.search(r"MIGRAT|SCHEMA_PATH|ALEMBIC", name) and re.search(r"DIR|PATH|FOLDER|CONFIG", name) and value:
            place = _inside(folder, value)
            if place is not None and not place.startswith(_FOREIGN):
                found.paths[place] = None
                found.folders[place] = None


def _script(text: str, words: Sequence[str]) -> tuple[str, ...]:
    """The script of a package.json that the command line runs (`npm run migrate`)."""
    names = [posixpath.basename(word) for word in words]
    if not _RUNNERS.intersection(names):
        return ()
    try:
        scripts = as_object(as_object(json.loads(text)).get("scripts"))
    except ValueError:
        return ()
    chosen = [as_text(scripts.get(word)) for word in words if word in scripts]
    return tuple(chosen[0].split()) if chosen else ()
