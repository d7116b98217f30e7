"""Secrets that a Job's containers are given, so that they are masked wherever its pods print them: those that stand in
the Job in plain text, and what the Secrets hold that its variables are taken from."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from opsctl.errors import AccessDeniedError, NotFoundError
from opsctl.migration.kubernetes.manifest.secrets import flags_of
from opsctl.migration.kubernetes.models import Kind
from opsctl.migration.kubernetes.ports import Cluster
from opsctl.reporting.redact import MASK, Secrecy, is_generated, looks_random, replace_secrets, secrecy_of
from opsctl.reporting.secret_assignments import is_stand_in


class JobSecrets:
    """Reads the secrets of a Job as they are now; `learn` keeps them, those of earlier readings too.

    A container has the values that a Secret held when it was started: they are read again for each start. A Secret that
    is not there is not needed; one that may not be read is told to `on_refusal`, the first time only.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        learn: Callable[[Iterable[str]], None],
        on_refusal: Callable[[AccessDeniedError], None],
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._learn = learn
        self._on_refusal = on_refusal
        self._has_refused = False

    async def read(self, job: Mapping[str, Any]) -> None:
        """Those of this Job, `batch/v1`. Raises UnavailableError: lines that come now could not be masked."""
        self._learn(find_job_secrets(job))
        for secret, names in find_secret_names(job).items():
            try:
                document = await self._cluster.get(Kind.SECRET, self._namespace, secret)
            except NotFoundError:
                continue
            except AccessDeniedError as error:
                self._refuse(error)
                continue
            self._learn(find_secret_values(document, names))

    def _refuse(self, error: AccessDeniedError) -> None:
        if not self._has_refused:
            self._has_refused = True
            self._on_refusal(error)


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


def find_secret_names(job: Mapping[str, Any]) -> dict[str, dict[str, set[str]]]:
    """The Secrets that a Job's variables and files come from: for each the keys that have other names there."""
    found: dict[str, dict[str, set[str]]] = {}
    for container in _containers(job):
        for item in _items(container, "env"):
            name, reference = item.get("name"), _part(_part(item, "valueFrom"), "secretKeyRef")
            secret, key = reference.get("name"), reference.get("key")
            if isinstance(secret, str) and isinstance(key, str):
                found.setdefault(secret, {}).setdefault(key, set()).add(str(name))
        for source in _items(container, "envFrom"):
            found.setdefault(str(_part(source, "secretRef").get("name") or ""), {})
    for volume in _items(_pod_spec(job), "volumes"):
        found.setdefault(str(_part(volume, "secret").get("secretName") or ""), {})
        for source in _items(_part(volume, "projected"), "sources"):
            found.setdefault(str(_part(source, "secret").get("name") or ""), {})
    return {secret: names for secret, names in found.items() if secret}


def find_secret_values(secret: Mapping[str, Any], names: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The secret texts among the values of a Secret, `v1`. A Secret holds names of hosts and users too, which are to be
    read in a log: a value is secret by its key, by one of its `names` in the Job, or by its form."""
    found: set[str] = set()
    for key, encoded in _part(secret, "data").items():
        value = _decode(encoded)
        if looks_random(value.strip()):
            found.add(value.strip())
        for name in {key, *names.get(key, ())}:
            found.update((*_by_form(value), *_named(name, value)))
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


def _decode(encoded: object) -> str:
    try:
        return base64.b64decode(str(encoded), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        # No text: nobody prints it as one.
        return ""


def _containers(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    spec = _pod_spec(job)
    yield from (*_items(spec, "initContainers"), *_items(spec, "containers"))


def _pod_spec(job: Mapping[str, Any]) -> Mapping[str, Any]:
    return _part(_part(_part(job, "spec"), "template"), "spec")


def _part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = value.get(key)
    return part if isinstance(part, Mapping) else {}


def _items(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    items = value.get(key)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list | tuple) else []


def _texts(value: Mapping[str, Any], key: str) -> list[str]:
    items = value.get(key)
    return [item for item in items if isinstance(item, str)] if isinstance(items, list | tuple) else []
