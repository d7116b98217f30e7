"""Which API server, and who we are there: kubeconfig files as kubectl reads them, and the service account of a pod.

Format and rules: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ and "Organizing Cluster Access Using
kubeconfig Files". The official client reads the same, at 1.4 s for its import; the whole of it is a few keys.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from opsctl.errors import ConfigError

SERVICE_ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_MAX_BYTES = 8 << 20
_SIGN_IN_HINT = "Name a file with kubernetes.kubeconfig or KUBECONFIG, or sign in to the cluster so that kubectl works."


@dataclass(frozen=True, slots=True)
class Entry:
    """A named table of a kubeconfig file. `folder` is where its relative paths begin."""

    name: str
    values: Mapping[str, Any] = field(repr=False)
    folder: Path
    file: Path | None = None

    def text(self, key: str) -> str | None:
        """A text that is not empty, or None. Raises ConfigError when it is something else."""
        value = self.values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise ConfigError(f"kubeconfig: {key} of {self.name!r} must be text.")
        return value

    def bytes_of(self, key: str) -> bytes | None:
        """The content of `KEY-data` (base64), else of the file that `KEY` names."""
        encoded = self.text(f"{key}-data")
        if encoded is not None:
            try:
                return base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError) as error:
                raise ConfigError(f"kubeconfig: {key}-data of {self.name!r} is not base64.") from error
        path = self.text(key)
        return None if path is None else _read(self.path(path), f"{key} of {self.name!r}")

    def path(self, text: str) -> Path:
        """A path of this entry."""
        return self.folder / Path(text).expanduser()


@dataclass(frozen=True, slots=True)
class Access:
    """One context: where the API server is and with which `user` to sign in. `origin` says it for people. Inside a pod
    without a kubeconfig, `context` is empty."""

    context: str
    origin: str
    server: str
    namespace: str
    cluster: Entry
    user: Entry
    kubeconfig: Path | None = None
    """The file, where it is not the one that kubectl would take by itself."""

    @property
    def kubectl(self) -> str:
        """The beginning of a command that asks the same server in the same name."""
        if self.is_inside_pod:
            return "kubectl"
        file = f" --kubeconfig {shlex.quote(str(self.kubeconfig))}" if self.kubeconfig is not None else ""
        return f"kubectl{file} --context {shlex.quote(self.context)}"

    @property
    def is_inside_pod(self) -> bool:
        """Whether it is the service account of a pod."""
        return not self.context

    @property
    def host(self) -> str:
        """`host:port` of the API server."""
        return urlsplit(self.server).netloc.rpartition("@")[2]


def find_access(
    environ: Mapping[str, str],
    *,
    context: str | None = None,
    kubeconfig: Path | None = None,
    service_account: Path = SERVICE_ACCOUNT_FOLDER,
) -> Access:
    """`kubeconfig`, else the files of KUBECONFIG, else ~/.kube/config, else the service account of this pod.

    Raises ConfigError when there is none of them, or what is there cannot be used.
    """
    paths, origin = _list_paths(environ, kubeconfig)
    files = [(path, _load(path)) for path in paths if kubeconfig is not None or path.exists()]
    if any(tables for _, tables in files):
        return replace(_choose(_Merged(files, origin), context), kubeconfig=kubeconfig)
    if context is None and kubeconfig is None:
        inside = _read_service_account(environ, service_account)
        if inside is not None:
            return inside
    looked = ", ".join(map(str, paths))
    if files:
        raise ConfigError(f"The kubeconfig is empty: {looked}.", hint=_SIGN_IN_HINT)
    raise ConfigError(f"There is no kubeconfig: looked for {looked} ({origin}).", hint=_SIGN_IN_HINT)


def read_user_again(user: Entry) -> Entry:
    """The user as its file holds it now: another program may have renewed its token. As it was, when the file cannot be
    read or does not name it any more."""
    if user.file is None:
        return user
    try:
        return _Merged([(user.file, _load(user.file))], "").entries("users", "user").get(user.name, user)
    except ConfigError:
        # It may be written at this very moment.
        return user


class _Merged:
    """Several files as one: of what is named twice the first counts."""

    def __init__(self, files: list[tuple[Path, Mapping[str, Any]]], origin: str) -> None:
        self.origin = ", ".join(str(path) for path, _ in files)
        self._files = files
        self.how = origin

    def current_context(self) -> str | None:
        for _, tables in self._files:
            if isinstance(name := tables.get("current-context"), str) and name:
                return name
        return None

    def entries(self, listed: str, inner: str) -> dict[str, Entry]:
        """Of `contexts`, `clusters` or `users`, by name."""
        found: dict[str, Entry] = {}
        for path, tables in self._files:
            rows = tables.get(listed) or []
            if not isinstance(rows, list):
                raise ConfigError(f"{path}: {listed} must be a list.")
            for row in rows:
                if not isinstance(row, dict) or not isinstance(row.get("name"), str):
                    raise ConfigError(f"{path}: an entry of {listed} has no name.")
                values = row.get(inner) or {}
                if not isinstance(values, dict):
                    raise ConfigError(f"{path}: {inner} of {row['name']!r} must be a table.")
                found.setdefault(row["name"], Entry(row["name"], values, path.absolute().parent, path))
        return found


def _choose(merged: _Merged, asked: str | None) -> Access:
    contexts = merged.entries("contexts", "context")
    name = asked or merged.current_context()
    if name is None:
        raise ConfigError(
            f"No context is chosen in {merged.origin}.",
            hint=f"Set kubernetes.context to one of: {', '.join(contexts) or '(there are none)'}",
        )
    if name not in contexts:
        _refuse_name("context", name, contexts, merged, "kubernetes.context" if asked else "current-context")
    chosen = contexts[name]
    cluster = _referred(merged, chosen, "clusters", "cluster")
    user = _referred(merged, chosen, "users", "user") if chosen.text("user") else Entry("", {}, chosen.folder)
    server = cluster.text("server")
    if server is None or urlsplit(server).scheme not in ("http", "https") or not urlsplit(server).hostname:
        raise ConfigError(f"kubeconfig: server of cluster {cluster.name!r} is not an http or https address.")
    return Access(
        context=name,
        origin=f"context {name} of {merged.origin}",
        server=server.rstrip("/"),
        namespace=chosen.text("namespace") or "default",
        cluster=cluster,
        user=user,
    )


def _referred(merged: _Merged, context: Entry, listed: str, inner: str) -> Entry:
    name, known = context.text(inner), merged.entries(listed, inner)
    if name is None:
        raise ConfigError(f"kubeconfig: context {context.name!r} names no {inner}.")
    if name not in known:
        _refuse_name(inner, name, known, merged, f"context {context.name}")
    return known[name]


def _refuse_name(what: str, name: str, known: Mapping[str, Entry], merged: _Merged, source: str) -> NoReturn:
    close = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(known) or "(there are none)"
    hint = f"Did you mean {close[0]}? " if close else ""
    raise ConfigError(
        f"There is no {what} {name!r} in {merged.origin} (named by {source}).", hint=f"{hint}There: {listed}"
    )


def _list_paths(environ: Mapping[str, str], named: Path | None) -> tuple[list[Path], str]:
    if named is not None:
        return [named], "kubernetes.kubeconfig"
    listed = [Path(part) for part in environ.get("KUBECONFIG", "").split(":") if part]
    if listed:
        return listed, "KUBECONFIG"
    home = environ.get("HOME")
    return [(Path(home) if home else Path.home()) / ".kube" / "config"], "kubectl's own place"


def _load(path: Path) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415

    content = _read(path, "kubeconfig", hint=_SIGN_IN_HINT)
    try:
        tables = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # The text of the error may repeat the line, token included.
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"The kubeconfig {path} is not YAML{place}.") from None
    if tables is None:
        return {}
    if not isinstance(tables, dict):
        raise ConfigError(f"The kubeconfig {path} is not a table.")
    return tables


def _read(path: Path, what: str, *, hint: str | None = None) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"{what}: there is no file {path}.", hint=hint) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise ConfigError(f"{what}: {path} cannot be read: {reason}.") from error
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{what}: {path} is larger than {_MAX_BYTES >> 20} MiB.")
    return content


def _read_service_account(environ: Mapping[str, str], folder: Path) -> Access | None:
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT") or "443"
    token = folder / "token"
    if not host or not token.exists():
        return None
    namespace = folder / "namespace"
    cluster = Entry("in-cluster", {"certificate-authority": "ca.crt"}, folder)
    return Access(
        context="",
        origin=f"the service account of this pod, {folder}",
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=(namespace.read_text(encoding="utf-8").strip() if namespace.exists() else "") or "default",
        cluster=cluster,
        user=Entry("service account", {"tokenFile": str(token)}, folder),
    )
