"""Finds and reads the configuration file."""

from __future__ import annotations

import stat
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from opsctl.config.toml_lines import find_line
from opsctl.config.values import Origin
from opsctl.errors import ConfigError

FILE_NAME = "opsctl.toml"
MAX_FILE_BYTES = 1 << 20
TOP_LEVEL_KEYS = ("default_profile", "profiles")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file as read: its profiles are tables of sections, not checked further."""

    path: Path
    text: str = field(repr=False)
    default_profile: str | None
    profiles: Mapping[str, Mapping[str, object]] = field(repr=False)
    is_readable_by_others: bool = False

    def origin(self, *path: str) -> Origin:
        """The origin of the value at `path`, with its line where it can be told."""
        return Origin("file", str(self.path), find_line(self.text, path))


def find_config_file(explicit: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """`--config`, else `OPSCTL_CONFIG`, else the nearest `opsctl.toml` from `folder` upwards, else the user's; None
    when there is none."""
    if explicit is not None:
        return explicit.expanduser()
    named = environ.get("OPSCTL_CONFIG")
    if named:
        return Path(named).expanduser()
    for candidate_folder in (folder, *folder.parents):
        candidate = candidate_folder / FILE_NAME
        if candidate.is_file():
            return candidate
    return next((path for path in user_config_files(environ) if path.is_file()), None)


def user_config_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the user's own file may be: `$XDG_CONFIG_HOME/opsctl`, else `~/.config/opsctl`; on macOS the Library
    folder too.

    Read from `environ` alone, so that a process without a home has none.
    """
    home, xdg = environ.get("HOME"), environ.get("XDG_CONFIG_HOME")
    if xdg:
        return (Path(xdg) / "opsctl" / FILE_NAME,)
    if not home:
        return ()
    library = (Path(home, "Library", "Application Support", "opsctl", FILE_NAME),) if sys.platform == "darwin" else ()
    return (*library, Path(home, ".config", "opsctl", FILE_NAME))


def read_config_file(path: Path) -> ConfigFile:
    """Reads and parses the file.

    Raises `ConfigError` when it cannot be read, is not TOML, or has unknown keys at the top.
    """
    text, mode = _read_text(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}", hint="Fix the file, or start anew with: opsctl config init"
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{path} is not valid TOML: it is nested too deeply") from error
    _refuse_unknown(path, text, document)
    default_profile = document.get("default_profile")
    if default_profile is not None and not (isinstance(default_profile, str) and default_profile):
        origin = Origin("file", str(path), find_line(text, ("default_profile",)))
        raise ConfigError(f"default_profile must be the name of a profile ({origin}).")
    return ConfigFile(
        path=path,
        text=text,
        default_profile=default_profile,
        profiles=_profiles(path, text, document.get("profiles", {})),
        is_readable_by_others=bool(mode & (stat.S_IRGRP | stat.S_IROTH)),
    )


def suggest(word: str, known: tuple[str, ...] | list[str]) -> str:
    """` Did you mean 'x'?` for a near miss, else the list of what is known."""
    near = get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}."


def _read_text(path: Path) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(
            f"There is no configuration file {path}.", hint=f"Create it with: opsctl config init --config {path}"
        ) from error
    except IsADirectoryError as error:
        raise ConfigError(f"{path} is a folder; name the file in it, for instance {path / FILE_NAME}.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint="Check who may read it: ls -l") from error
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_FILE_BYTES} bytes; this is not a configuration file.")
    try:
        return content.decode("utf-8-sig"), mode
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path} is not UTF-8 text (line {line}).", hint="Save it as UTF-8.") from error


def _refuse_unknown(path: Path, text: str, document: Mapping[str, object]) -> None:
    for key in document:
        if key not in TOP_LEVEL_KEYS:
            origin = Origin("file", str(path), find_line(text, (key,)))
            raise ConfigError(
                f"Unknown key {key!r} ({origin}).",
                hint=suggest(key, TOP_LEVEL_KEYS) + " Sections belong under [profiles.NAME.SECTION].",
            )


def _profiles(path: Path, text: str, tables: object) -> Mapping[str, Mapping[str, object]]:
    if not isinstance(tables, dict):
        raise ConfigError(
            f"profiles must be tables ({Origin('file', str(path), find_line(text, ('profiles',)))}).",
            hint="Write [profiles.NAME.SECTION].",
        )
    for name, table in tables.items():
        if not isinstance(table, dict):
            origin = Origin("file", str(path), find_line(text, ("profiles", name)))
            raise ConfigError(f"Profile {name!r} must be a table ({origin}).", hint=f"Write [profiles.{name}.mongo].")
    return tables
