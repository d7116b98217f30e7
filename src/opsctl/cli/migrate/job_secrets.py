"""Secrets that stand in a Job in plain text, so that they are masked wherever its pods print them.

What its Secrets hold is not asked for: to see a log, nobody should need the right to read Secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from opsctl.migration.kubernetes.manifest.secrets import flags_of
from opsctl.reporting.redact import MASK, Secrecy, is_generated, replace_secrets, secrecy_of
from opsctl.reporting.secret_assignments import is_stand_in


def find_job_secrets(job: Mapping[str, Any]) -> frozenset[str]:
    """The secret texts among the variables and arguments of all containers of a Job, `batch/v1`."""
    found: set[str] = set()
    for container in _containers(job):
        for item in _items(container, "env"):
            name, value = item.get("name"), item.get("value")
            if isinstance(name, str) and isinstance(value, str):
                found.update((*_by_form(value), *_named(name, value)))
        for words in (_texts(container, "command"), _texts(container, "args")):
            for word in words:
                # `sh -c "tool --password ..."` is one word.
                found.update((*_by_form(word), *_behind_flags(word.split())))
            found.update(_behind_flags(words))
    return frozenset(text for text in found if text)


def _by_form(text: str) -> set[str]:
    found: set[str] = set()

    def keep(kind: str, secret: str) -> str:
        if kind == "private-key":
            found.update((secret, *_generated_lines(secret)) if "PRIVATE KEY" in secret else ())
            return MASK
        # Of `user:password` in front of a host only the password: the user's name is an ordinary word.
        part = secret.partition(":")[2] if kind == "uri-user-info" else secret
        found.update({part, unquote(part)})
        return MASK

    replace_secrets(text, keep)
    return found


def _named(name: str, value: str) -> Iterator[str]:
    """A value whose name says secret; `true`, a path or `$(OTHER)` is none. Of several lines each may be logged by
    itself."""
    text = value.strip()
    secrecy = secrecy_of(name) if name and not is_stand_in(text) else Secrecy.NONE
    if secrecy is Secrecy.STRONG:
        yield text
        yield from _generated_lines(text)
    elif secrecy is Secrecy.WEAK and is_generated(text):
        yield text


def _generated_lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines()[1:-1] if is_generated(line.strip()))


def _behind_flags(words: list[str]) -> Iterator[str]:
    for word, flag in zip(words, flags_of(words), strict=True):
        yield from _named(flag, word.strip("'\""))


def _containers(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    spec: Any = job
    for step in ("spec", "template", "spec"):
        spec = spec.get(step) if isinstance(spec, Mapping) else None
    if isinstance(spec, Mapping):
        yield from (*_items(spec, "initContainers"), *_items(spec, "containers"))


def _items(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    items = value.get(key)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list | tuple) else []


def _texts(value: Mapping[str, Any], key: str) -> list[str]:
    items = value.get(key)
    return [item for item in items if isinstance(item, str)] if isinstance(items, list | tuple) else []
