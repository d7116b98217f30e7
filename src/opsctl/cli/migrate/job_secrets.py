"""Secrets that stand in a Job in plain text, so that they are masked wherever its pods print them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from opsctl.reporting.redact import MASK, Secrecy, replace_secrets, secrecy_of


def find_job_secrets(job: Mapping[str, Any]) -> frozenset[str]:
    """The secret texts among the variables and arguments of all containers of a Job, `batch/v1`."""
    found: set[str] = set()

    def keep(kind: str, secret: str) -> str:
        # Of `user:password` in front of a host only the password: the user's name is an ordinary word.
        part = secret.partition(":")[2] if kind == "uri-user-info" else secret
        found.update({part, unquote(part)})
        return MASK

    for container in _containers(job):
        for item in _items(container, "env"):
            name, value = item.get("name"), item.get("value")
            if isinstance(name, str) and isinstance(value, str):
                replace_secrets(f"{name}={value}", keep)
                if secrecy_of(name) is Secrecy.STRONG:
                    found.add(value.strip())
        for word in (*_texts(container, "command"), *_texts(container, "args")):
            replace_secrets(word, keep)
    return frozenset(text for text in found if text)


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
