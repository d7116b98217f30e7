"""A profile: the values of one environment, with the origin of each, checked a section at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from opsctl.config.decoding import decode_section, decode_value, field_types, required_keys
from opsctl.config.file import FILE_NAME, ConfigFile, find_config_file, read_config_file, suggest, user_config_files
from opsctl.config.references import SecretReader, describe_reference, is_reference, is_remote_reference
from opsctl.config.sections import SECTIONS, ConfigSection, MongoSection
from opsctl.config.values import Given, Origin
from opsctl.errors import ConfigError, NotFoundError, UsageError

S = TypeVar("S", bound=ConfigSection)
_KINDS: Mapping[str, type[ConfigSection]] = {kind.SECTION: kind for kind in SECTIONS}
_PATH_KEYS = frozenset({"kubernetes.kubeconfig", "cloudrun.repository"})
_DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Setting:
    """One key as `config show` tells it. `problem` is set when the value cannot be used; then `value` is None.

    `reference` says what a reference points at (`env MONGODB_URI`). `is_secret` values must not be shown as they are.
    """

    section: str
    key: str
    value: object
    origin: Origin
    reference: str | None
    is_secret: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """The chosen profile. Sections are checked when asked for, so that a command needs only what it uses."""

    name: str
    file: ConfigFile | None
    given: Mapping[str, Mapping[str, Given]] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    read_secret: SecretReader | None = field(default=None, repr=False, compare=False)
    """How Kubernetes Secrets are read; without it a reference to one is an error."""

    def section(self, kind: type[S]) -> S:
        """The section, complete and checked.

        Raises `ConfigError` for an unknown key, a missing required key (naming the ways to set it) or a wrong value.
        """
        given = self.given.get(kind.SECTION, {})
        self._refuse_unknown(kind, given)
        for key in required_keys(kind):
            if key not in given:
                raise self._missing(kind, key)
        section = decode_section(kind, given, self.environ, self.read_secret)
        return self._with_absolute_paths(section, given)

    def value(self, kind: type[ConfigSection], key: str) -> object:
        """One key of a section that need not be complete; the default when it is not given. Raises `ConfigError`."""
        given = self.given.get(kind.SECTION, {}).get(key)
        if given is None:
            return _default_of(kind, key)
        value = decode_value(kind, key, given, self.environ, self.read_secret)
        if f"{kind.SECTION}.{key}" in _PATH_KEYS and isinstance(value, str):
            return _absolute(value, given)
        return value

    def is_configured(self, kind: type[ConfigSection]) -> bool:
        """True when anything of the section is given, be it wrong; defaults alone do not count."""
        return bool(self.given.get(kind.SECTION))

    def settings(self) -> tuple[Setting, ...]:
        """Every key that has a value, in the order of the reference, defaults included. Never raises for a wrong
        value, and asks no service: what a Kubernetes Secret holds is None."""
        return tuple(setting for kind in SECTIONS for setting in self._settings_of(kind))

    def warnings(self) -> tuple[str, ...]:
        """What should be said before the profile is used."""
        if self.file is None or not self.file.is_readable_by_others:
            return ()
        literal = [f"{section}.{key}" for section, key, value in self._literal_secrets() if value]
        if not literal:
            return ()
        return (
            f"{self.file.path} holds a password ({', '.join(literal)}) and can be read by others. "
            f"Run: chmod 600 {self.file.path} - or refer to it with {{ env = ... }} or {{ file = ... }}.",
        )

    def secrets(self) -> frozenset[str]:
        """Every secret text that can be told without asking a service, raw and percent-decoded: whatever is shown can
        be cleaned of them."""
        found: set[str] = set()
        for kind in SECTIONS:
            for key, given in self.given.get(kind.SECTION, {}).items():
                if key in kind.SECRETS:
                    found |= secret_texts(f"{kind.SECTION}.{key}", _value_or_none(kind, key, given, self.environ))
        return frozenset(found)

    def _settings_of(self, kind: type[ConfigSection]) -> list[Setting]:
        given = self.given.get(kind.SECTION, {})
        found: list[Setting] = []
        for key in (*field_types(kind), *(key for key in given if key not in field_types(kind))):
            if key in given:
                found.append(self._setting(kind, key, given[key]))
            elif key not in required_keys(kind):
                found.append(Setting(kind.SECTION, key, _default_of(kind, key), _DEFAULT, None, key in kind.SECRETS))
        return found

    def _setting(self, kind: type[ConfigSection], key: str, given: Given) -> Setting:
        reference = describe_reference(given.value) if is_reference(given.value) else None
        setting = Setting(kind.SECTION, key, None, given.origin, reference, key in kind.SECRETS)
        try:
            self._refuse_unknown(kind, {key: given})
            if is_remote_reference(given.value):
                return setting
            return replace(setting, value=decode_value(kind, key, given, self.environ))
        except ConfigError as error:
            return replace(setting, problem=error.message)

    def _literal_secrets(self) -> list[tuple[str, str, frozenset[str]]]:
        return [
            (kind.SECTION, key, secret_texts(f"{kind.SECTION}.{key}", given.value))
            for kind in SECTIONS
            for key, given in self.given.get(kind.SECTION, {}).items()
            if key in kind.SECRETS and given.origin.kind == "file" and not is_reference(given.value)
        ]

    def _refuse_unknown(self, kind: type[ConfigSection], given: Mapping[str, Given]) -> None:
        known = tuple(field_types(kind))
        for key, value in given.items():
            if key not in known:
                raise ConfigError(f"Unknown key {kind.SECTION}.{key} ({value.origin}).", hint=suggest(key, known))

    def _missing(self, kind: type[ConfigSection], key: str) -> ConfigError:
        section, name = kind.SECTION, f"{kind.SECTION}.{key}"
        variable = variable_name(section, key)
        if self.file is None:
            return ConfigError(
                f"{name} is not set: there is no configuration file, and {variable} is not in the environment.",
                hint=f"Set {variable}, or write {key} = ... under [profiles.{self.name}.{section}] in a file from "
                f'`opsctl config init`, or refer to it there with {key} = {{ env = "NAME" }}.',
            )
        return ConfigError(
            f"{name} is not set: profile {self.name!r} in {self.file.path} has no such key, "
            f"and {variable} is not in the environment.",
            hint=f"Write {key} = ... under [profiles.{self.name}.{section}], or refer to it there with "
            f'{key} = {{ env = "NAME" }} or {{ file = "path" }}, or set {variable}.',
        )

    def _with_absolute_paths(self, section: S, given: Mapping[str, Given]) -> S:
        changes = {
            key: _absolute(getattr(section, key), value)
            for key, value in given.items()
            if f"{section.SECTION}.{key}" in _PATH_KEYS and getattr(section, key) is not None
        }
        if not changes:
            return section
        return type(section)(**{**{key: getattr(section, key) for key in section.__struct_fields__}, **changes})


def load_profile(
    *,
    config_path: Path | None,
    profile_name: str | None,
    environ: Mapping[str, str],
    folder: Path,
    flags: Mapping[str, tuple[str, object]] | None = None,
) -> Profile:
    """Finds the file, chooses the profile and overlays environment and flags.

    `flags`: `"images.workers" -> ("--workers", 8)`; None as the value means that the flag was not given. Raises
    `ConfigError` for a file that cannot be used or a profile that cannot be chosen, `NotFoundError` for one that is
    not there.
    """
    path = find_config_file(config_path, environ, folder)
    file = read_config_file(path) if path is not None else None
    name = _choose_profile(file, profile_name, environ, folder)
    given = {kind.SECTION: dict(_from_file(file, name, kind.SECTION)) for kind in SECTIONS}
    if file is not None:
        _refuse_unknown_sections(file, name)
    for kind in SECTIONS:
        given[kind.SECTION].update(_from_environment(kind, environ))
    for key, (flag, value) in (flags or {}).items():
        section, _, short = key.partition(".")
        if short not in field_types(_KINDS[section]):
            raise UsageError(f"{flag} sets {key}, which does not exist.")
        if value is not None:
            given[section][short] = Given(value, Origin("flag", flag))
    return Profile(name=name, file=file, given=given, environ=environ)


def variable_name(section: str, key: str) -> str:
    """`OPSCTL_MONGO_URI` for `mongo.uri`."""
    return f"OPSCTL_{section}_{key}".upper()


def _absolute(path: str, given: Given) -> str:
    return str((given.folder or Path()) / Path(path).expanduser())


def _choose_profile(file: ConfigFile | None, asked: str | None, environ: Mapping[str, str], folder: Path) -> str:
    wanted, source = (asked, "--profile") if asked else (environ.get("OPSCTL_PROFILE") or None, "OPSCTL_PROFILE")
    if file is None:
        if wanted in (None, "default"):
            return "default"
        looked = ", ".join(str(path) for path in (folder / FILE_NAME, *user_config_files(environ)))
        raise NotFoundError(
            f"There is no profile {wanted!r} ({source}): no configuration file was found.",
            hint=f"Looked for {looked} and in the folders above. Create one with: opsctl config init",
        )
    if wanted is None and file.default_profile is not None:
        wanted, source = file.default_profile, str(file.origin("default_profile"))
    names = tuple(file.profiles)
    if wanted is None:
        if len(names) > 1:
            raise ConfigError(
                f"{file.path} has {len(names)} profiles and none is chosen.",
                hint=f"Add --profile with one of {', '.join(names)}, or set default_profile or OPSCTL_PROFILE.",
            )
        return names[0] if names else "default"
    if wanted not in file.profiles and (names or wanted != "default"):
        known = suggest(wanted, names) if names else "The file has no profiles."
        raise NotFoundError(f"There is no profile {wanted!r} in {file.path} (asked for by {source}).", hint=known)
    return wanted


def _refuse_unknown_sections(file: ConfigFile, profile: str) -> None:
    for section in file.profiles.get(profile, {}):
        if section not in _KINDS:
            raise ConfigError(
                f"Unknown section {section!r} in profile {profile!r} ({file.origin('profiles', profile, section)}).",
                hint=suggest(section, tuple(_KINDS)),
            )


def _from_file(file: ConfigFile | None, profile: str, section: str) -> list[tuple[str, Given]]:
    if file is None:
        return []
    table = file.profiles.get(profile, {}).get(section, {})
    if not isinstance(table, dict):
        origin = file.origin("profiles", profile, section)
        raise ConfigError(f"{section} must be a table ({origin}).", hint=f"Write [profiles.{profile}.{section}].")
    folder = file.path.absolute().parent
    return [(key, Given(value, file.origin("profiles", profile, section, key), folder)) for key, value in table.items()]


def _from_environment(kind: type[ConfigSection], environ: Mapping[str, str]) -> list[tuple[str, Given]]:
    """Only variables of known keys count (Kubernetes injects `OPSCTL_SERVICE_HOST` and the like); an empty one is as
    good as unset."""
    found = []
    for key in field_types(kind):
        name = variable_name(kind.SECTION, key)
        text = environ.get(name)
        if text:
            found.append((key, Given(text, Origin("environment", name))))
    return found


def _default_of(kind: type[ConfigSection], key: str) -> object:
    position = kind.__struct_fields__.index(key)
    defaults = kind.__struct_defaults__
    return defaults[position - (len(kind.__struct_fields__) - len(defaults))]


def _value_or_none(kind: type[ConfigSection], key: str, given: Given, environ: Mapping[str, str]) -> object:
    try:
        return decode_value(kind, key, given, environ)
    except ConfigError:
        return None


def secret_texts(name: str, value: object) -> frozenset[str]:
    """The secret parts of the value of a secret key (`mongo.uri`): of a URI only the password, else all of it."""
    if not isinstance(value, str) or not value:
        return frozenset()
    if name != f"{MongoSection.SECTION}.uri":
        return frozenset({value})
    user_info, at, _ = value.partition("://")[2].rpartition("@")
    password = user_info.partition(":")[2] if at else _password_without_host(value)
    return frozenset({password, unquote(password)}) if password else frozenset()


def _password_without_host(uri: str) -> str:
    """The password of a URI whose `@host` is missing: what stands where a port would, and is none."""
    port = re.split("[/?]", uri.partition("://")[2])[0].partition(":")[2]
    return port if re.search("[^0-9:,.]", port) and "]" not in port and "," not in port else ""
