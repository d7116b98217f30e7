"""Logins that docker and podman keep: `auths`, `credHelpers` and `credsStore` of their configuration files.

Formats: `docker login` reference (config.json, credential helpers), containers-auth.json(5).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsctl.adapters.registry.credential_program import ask_credential_program
from opsctl.errors import DataError

DOCKER_HUB = "docker.io"

_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_IDENTITY_TOKEN_USER = "<token>"  # noqa: S105  # the name that stands for one
_MAX_FILE_BYTES = 1 << 20
_HELPER_SECONDS = 15.0
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Login:
    """What a registry is told. An identity token is an OAuth2 refresh token and has no user name."""

    username: str
    password: str = field(repr=False)
    is_identity_token: bool = False


class DockerLogins:
    """Finds logins in the files of docker, then of podman. They are read when a registry asks, not before."""

    def __init__(self, environ: Mapping[str, str], *, home: Path | None = None) -> None:
        self._environ = environ
        self._home = home

    def find(self, registry: str, repository: str) -> Login | None:
        """The login for a repository, None when no file has one.

        Raises `DataError`, which names the file, when one cannot be understood or its credential program fails.
        """
        for path in self._files():
            content = _read_object(path)
            if content is not None:
                login = self._find_in(content, path, registry, repository)
                if login is not None:
                    return login
        return None

    def _files(self) -> Iterator[Path]:
        home = self._home or Path.home()
        docker = self._environ.get("DOCKER_CONFIG")
        yield (Path(docker) if docker else home / ".docker") / "config.json"
        if self._environ.get("REGISTRY_AUTH_FILE"):
            yield Path(self._environ["REGISTRY_AUTH_FILE"])
        if self._environ.get("XDG_RUNTIME_DIR"):
            yield Path(self._environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json"
        config = self._environ.get("XDG_CONFIG_HOME")
        yield (Path(config) if config else home / ".config") / "containers" / "auth.json"

    def _find_in(self, content: Mapping[str, Any], path: Path, registry: str, repository: str) -> Login | None:
        helpers = _table(content, "credHelpers", path)
        store = content.get("credsStore")
        name = next((helpers[key] for key in _server_names(registry) if helpers.get(key)), store)
        if name:
            login = self._ask_program(name, _server_names(registry)[0], path)
            if login is not None:
                return login
        return _find_plain(_table(content, "auths", path), path, registry, repository)

    def _ask_program(self, name: object, server: str, path: Path) -> Login | None:
        if not isinstance(name, str) or not _HELPER_NAME.fullmatch(name):
            raise DataError(f"{path}: names a credential helper that cannot be a program")
        answer = ask_credential_program(
            f"docker-credential-{name}", server, environ=self._environ, timeout_seconds=_HELPER_SECONDS
        )
        if answer is None:
            return None
        if answer.username == _IDENTITY_TOKEN_USER:
            return Login("", answer.secret, is_identity_token=True)
        return Login(answer.username, answer.secret)


def _server_names(registry: str) -> tuple[str, ...]:
    """How credential programs know the registry; the first is what they are asked for."""
    return (_DOCKER_HUB_KEY, *sorted(_DOCKER_HUB_NAMES)) if registry in _DOCKER_HUB_NAMES else (registry,)


def _keys(registry: str, repository: str) -> Iterator[str]:
    """Under which a file may hold the login, the narrowest first."""
    registry = _plain_key(registry)
    parts = repository.split("/")
    for count in range(len(parts), -1, -1):
        yield "/".join((registry, *parts[:count]))


def _find_plain(auths: Mapping[str, Any], path: Path, registry: str, repository: str) -> Login | None:
    by_key = {_plain_key(key): value for key, value in auths.items()}
    for key in _keys(registry, repository):
        entry = by_key.get(key)
        if isinstance(entry, dict):
            login = _decode(entry, path, key)
            if login is not None:
                return login
    return None


def _plain_key(key: str) -> str:
    """`https://HOST/v1/` and `https://HOST` are old ways of writing HOST."""
    key = re.sub(r"^https?://", "", key)
    key = re.sub(r"/(?:v[12]/?)?$", "", key)
    return DOCKER_HUB if key in _DOCKER_HUB_NAMES else key


def _decode(entry: Mapping[str, Any], path: Path, key: str) -> Login | None:
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Login("", token, is_identity_token=True)
    auth = entry.get("auth")
    if isinstance(auth, str) and auth:
        return _decode_basic(auth, f"{path}: the login for {key}")
    user, password = entry.get("username"), entry.get("password")
    return Login(user, password) if isinstance(user, str) and isinstance(password, str) else None


def _decode_basic(auth: str, what: str) -> Login:
    try:
        user, colon, password = base64.b64decode(auth, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user, colon, password = "", "", ""
    if not colon:
        raise DataError(f"{what} is not the base64 of USER:PASSWORD", hint="log in again")
    return Login(user, password.rstrip("\0"))


def _read_object(path: Path) -> Mapping[str, Any] | None:
    """The JSON object in a file, None when there is no such file."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > _MAX_FILE_BYTES:
        raise DataError(f"{path}: is larger than {_MAX_FILE_BYTES} bytes")
    try:
        # podman and docker both take an empty file for one without logins.
        found = json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError):
        # The text of the error would quote the line, and with it a password.
        raise DataError(f"{path}: is not JSON") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: is not a JSON object")
    return found


def _table(content: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
    value = content.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DataError(f"{path}: {key} is not a JSON object")
    return value
