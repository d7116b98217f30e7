"""Values that stand elsewhere: `{ env = "NAME" }`, `{ file = "path" }`, `{ kube_secret = "namespace/name/key" }`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from opsctl.errors import ConfigError

REFERENCE_KINDS = ("env", "file", "kube_secret")
MAX_REFERENCED_BYTES = 1 << 20

SecretReader = Callable[[str, str], str]
"""From the key that refers (`mongo.uri`) and `namespace/name/key` to the text that the Kubernetes Secret holds."""


def is_reference(value: object) -> bool:
    """True for a table with exactly one key that names a kind of reference."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in REFERENCE_KINDS


def is_remote_reference(value: object) -> bool:
    """True for a reference that only a service can follow."""
    return isinstance(value, dict) and is_reference(value) and "kube_secret" in value


def describe_reference(value: object) -> str:
    """`env MONGODB_URI`: what is referred to, never the value."""
    if not isinstance(value, dict):
        return ""
    kind, target = next(iter(value.items()))
    return f"{kind} {target}"


def follow_reference(
    value: object,
    *,
    key: str,
    environ: Mapping[str, str],
    folder: Path | None,
    read_secret: SecretReader | None = None,
) -> str:
    """The text that a reference stands for.

    `key` (`mongo.uri`) is for the message of the `ConfigError` that is raised when the reference leads nowhere. Line
    ends at the end of a file or a Secret are cut: editors and `echo` add them, no secret ends with one on purpose.
    `read_secret` may raise any OpsctlError: Kubernetes refuses it, or cannot be reached.
    """
    if not isinstance(value, dict) or not is_reference(value):
        raise TypeError("not a reference")
    kind, target = next(iter(value.items()))
    if not isinstance(target, str) or not target:
        raise ConfigError(f"{key}: the reference {{ {kind} = ... }} must be text that is not empty.")
    if kind == "env":
        return _from_environment(target, key, environ)
    if kind == "file":
        return _from_file(target, key, folder)
    return _from_secret(target, key, read_secret)


def _from_environment(name: str, key: str, environ: Mapping[str, str]) -> str:
    found = environ.get(name)
    if not found:
        state = "is not set" if found is None else "is empty"
        raise ConfigError(
            f"{key} refers to the environment variable {name}, which {state}.", hint=f"Set it: export {name}=..."
        )
    return found


def _from_file(target: str, key: str, folder: Path | None) -> str:
    path = (folder or Path()) / Path(target).expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(MAX_REFERENCED_BYTES + 1)
        text = content.decode("utf-8").rstrip("\r\n")
    except FileNotFoundError as error:
        raise ConfigError(f"{key} refers to the file {path}, which does not exist.") from error
    except OSError as error:
        raise ConfigError(f"{key} refers to the file {path}, which cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{key} refers to the file {path}, which is not UTF-8 text.") from error
    if len(content) > MAX_REFERENCED_BYTES:
        raise ConfigError(f"{key} refers to the file {path}, which is larger than {MAX_REFERENCED_BYTES} bytes.")
    if not text:
        raise ConfigError(f"{key} refers to the file {path}, which is empty.")
    return text


def _from_secret(target: str, key: str, read_secret: SecretReader | None) -> str:
    if len(parts := target.split("/")) != 3 or not all(parts):
        raise ConfigError(f"{key}: a kube_secret reference must look like namespace/name/key.")
    if read_secret is None:
        raise ConfigError(f"{key} refers to the Kubernetes Secret {target}, which is not read here.")
    text = read_secret(key, target).rstrip("\r\n")
    if not text:
        raise ConfigError(f"{key} refers to the Kubernetes Secret {target}, which is empty.")
    return text
