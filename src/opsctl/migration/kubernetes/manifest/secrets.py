"""Secrets that stand in objects of the API in plain text, found and masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from opsctl.migration.kubernetes.manifest.models import Path

IsSecret = Callable[[str, str], bool]
"""Whether a text is, or holds, a secret. The name is that of its variable or flag, "" for a text without one."""

MASK = "***"
# What these fields hold cannot be a secret, and must stay as it is.
_NAMES = frozenset({"image", "name", "namespace", "mountPath"})


def mask_secrets(value: Any, is_secret: IsSecret) -> Any:
    """A copy of any JSON value with a mask in place of every text that is secret."""
    masked, _ = mask_and_tell(value, is_secret)
    return masked


def mask_and_tell(value: Any, is_secret: IsSecret) -> tuple[Any, tuple[Path, ...]]:
    """The same, and the paths of what was masked."""
    places: list[Path] = []
    return _mask(value, (), "", is_secret, places), tuple(places)


def flags_of(words: Sequence[Any]) -> Iterator[str]:
    """For each word of a command the flag that it is the value of, `--password` and then the password; "" for none.
    What begins with a hyphen itself is the next flag."""
    before: Any = ""
    for word in words:
        is_value = isinstance(word, str) and not word.startswith("-")
        yield before if is_value and before.startswith("-") and "=" not in before else ""
        before = word if isinstance(word, str) else ""


def _mask(value: Any, path: Path, name: str, is_secret: IsSecret, places: list[Path]) -> Any:
    if isinstance(value, str):
        if (path and path[-1] in _NAMES) or not is_secret(name, value):
            return value
        places.append(path)
        return MASK
    if isinstance(value, Mapping):
        return {
            key: _mask(item, (*path, key), _name_beside(value, key), is_secret, places) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            _mask(item, (*path, position), flag, is_secret, places)
            for position, (item, flag) in enumerate(zip(value, flags_of(value), strict=True))
        ]
    return value


def _name_beside(item: Mapping[str, Any], key: str) -> str:
    """Of a variable, `{name: PASSWORD, value: ...}`."""
    name = item.get("name")
    return name if key == "value" and isinstance(name, str) else ""
