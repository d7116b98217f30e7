"""Walks JSON and says of each value what it is there: of a variable, an argument, a label, a field, or plain text.

Iterative: JSON of any depth is walked. The original is not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from opsctl.diagnosis.redact_arguments import find_in_arguments
from opsctl.diagnosis.redact_values import Role, Secret, find_in_value

JsonValue = Any

_ROLES = {
    **dict.fromkeys(("env", "Env", "environment"), Role.ENV),
    **dict.fromkeys(("args", "command", "Cmd", "Entrypoint", "cmd", "entrypoint"), Role.ARGUMENT),
    **dict.fromkeys(("labels", "annotations", "Labels", "userLabels", "user_labels"), Role.LABEL),
}
# Inside of these a secret of Secret Manager is named, no value given.
_REFERENCES = frozenset({"secretKeyRef", "secret", "secrets"})


class Place(NamedTuple):
    """Where a value stands. `secrets` are its secret parts when what stands around it tells them, otherwise None."""

    pointer: str
    role: Role
    name: str = ""
    secrets: tuple[Secret, ...] | None = None


Change = Callable[[Place, JsonValue], JsonValue]


class _Node(NamedTuple):
    holder: Any
    key: Any
    place: Place
    has_fields: bool


def rewrite(data: JsonValue, change: Change, *, pointer: str = "", has_fields: bool = False) -> JsonValue:
    """A copy of `data`, every text and number of it replaced by `change(place, value)`, in the order of the document.

    With `has_fields` all keys name fields, as in a log line of JSON; otherwise the structure is Google's own, where
    `secret` and `key` name a secret and are none.
    """
    root: list[JsonValue] = [data]
    pending = [_Node(root, 0, Place(pointer, Role.TEXT), has_fields)]
    while pending:
        node = pending.pop()
        value = node.holder[node.key]
        if isinstance(value, Mapping):
            pending.extend(_open_object(node, value))
        elif isinstance(value, (list, tuple)):
            pending.extend(_open_list(node, value))
        elif value is not None and not isinstance(value, bool):
            node.holder[node.key] = change(node.place, value)
    return root[0]


def point(pointer: str, key: str | int) -> str:
    """The pointer of a member (RFC 6901)."""
    return f"{pointer}/{key}" if isinstance(key, int) else f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


def _open_object(node: _Node, value: Mapping[str, Any]) -> Iterator[_Node]:
    """The members, last first: the caller takes them from the end."""
    copy = dict(value)
    node.holder[node.key] = copy
    name = value.get("name")
    named = name if isinstance(name, str) else None
    for key in reversed(list(copy)):
        pointer = point(node.place.pointer, key)
        role, said = _role_of(node, key, named)
        if role is Role.ARGUMENT:
            said = _program_of(value)
        yield _Node(copy, key, Place(pointer, role, said), node.has_fields)


def _role_of(node: _Node, key: str, named: str | None) -> tuple[Role, str]:
    """What the member `key` is, and the name that says something of its value. `named` is the object's own `name`."""
    parent = node.place.role
    if parent is Role.LABEL or (parent is Role.ENV and named is None):
        return parent, key
    if key == "value" and named is not None:
        return (Role.ENV if parent is Role.ENV else Role.FIELD), named
    if (role := _ROLES.get(key)) is not None:
        return role, ""
    is_reference = key in _REFERENCES or key == "key" or node.place.pointer.rpartition("/")[2] in _REFERENCES
    return (Role.TEXT, "") if is_reference and not node.has_fields else (Role.FIELD, key)


def _open_list(node: _Node, value: list[Any] | tuple[Any, ...]) -> Iterator[_Node]:
    copy = list(value)
    node.holder[node.key] = copy
    place = node.place
    is_arguments = place.role is Role.ARGUMENT and all(isinstance(item, str) for item in copy)
    secrets = find_in_arguments(copy, place.name) if is_arguments else []
    for number in reversed(range(len(copy))):
        item = place._replace(pointer=point(place.pointer, number))
        if is_arguments:
            item = item._replace(secrets=secrets[number])
        elif place.role is Role.ENV and isinstance(copy[number], str):
            item = _assignment(item, copy[number])
        yield _Node(copy, number, item, node.has_fields)


def _assignment(place: Place, text: str) -> Place:
    """The place of an image's `NAME=value`; its secrets are counted from the start of the text."""
    name, equals, value = text.partition("=")
    offset = len(name) + len(equals)
    found = find_in_value(name, value, Role.ENV)
    shifted = tuple(secret._replace(start=secret.start + offset, end=secret.end + offset) for secret in found)
    return place._replace(name=name, secrets=shifted)


def _program_of(value: Mapping[str, Any]) -> str:
    """The text of command and arguments: some options mean a password only with some programs."""
    words: list[str] = []
    for key in ("command", "Entrypoint", "entrypoint", "args", "Cmd", "cmd"):
        items = value.get(key)
        if isinstance(items, (list, tuple)):
            words += [item for item in items if isinstance(item, str)]
    return " ".join(words)[:4000]
