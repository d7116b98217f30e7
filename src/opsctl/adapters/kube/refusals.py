"""What an answer of the API server that is no success means.

Format: `Status` of https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError

_MAX_MESSAGE = 1000
_CANNOT = re.compile(
    r'cannot (?P<verb>[\w*]+) (?:resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]+)")?|path "(?P<path>[^"]+)")'
)
_USER = re.compile(r'User "([^"]*)" cannot')
_IMPERSONATED = re.compile(
    r'"(?P<name>[^"]*)" is forbidden: User "[^"]*" cannot impersonate resource "(?P<resource>\w+)'
)
# Which key of a kubeconfig's user asks to be somebody else.
_IMPERSONATING_KEYS = {
    "users": "as",
    "serviceaccounts": "as",
    "groups": "as-groups",
    "uids": "as-uid",
    "userextras": "as-user-extra",
}
_TRANSIENT = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Right:
    """What a Role allows: `get` `jobs` of group `batch`; resource may hold a subresource, `pods/log`."""

    verb: str
    resource: str
    group: str = ""
    namespace: str | None = None

    def __str__(self) -> str:
        name, _, part = self.resource.partition("/")
        full = (f"{name}.{self.group}" if self.group else name) + (f"/{part}" if part else "")
        return f"{self.verb} {full}" + (f" in namespace {self.namespace}" if self.namespace else "")

    def rule(self, *more_verbs: str, name: str | None = None) -> str:
        """The rule that grants it, for objects of that name only if one is given, as YAML on one line."""
        kind = "Role" if self.namespace else "ClusterRole"
        where = f" of a Role in namespace {self.namespace}" if self.namespace else f" of a {kind}"
        verbs = ", ".join(f'"{verb}"' for verb in (self.verb, *more_verbs))
        names = f", resourceNames: [{json.dumps(name, ensure_ascii=False)}]" if name else ""
        rule = f'{{apiGroups: ["{self.group}"], resources: ["{self.resource}"], verbs: [{verbs}]{names}}}'
        return f"{rule} as a rule{where}"


def right_for(method: str, path: str, query: Sequence[tuple[str, str]] = ()) -> Right | None:
    """What a request needs, as the API server derives it; None for a path that is no resource."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, rest = "", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, rest = parts[1], parts[3:]
    else:
        return None
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource = rest[0] + (f"/{rest[2]}" if len(rest) > 2 else "")
    return Right(_verb(method, len(rest) > 1, ("watch", "true") in query), resource, group, namespace)


def _verb(method: str, is_named: bool, is_watched: bool) -> str:
    if method == "GET":
        return "watch" if is_watched else "get" if is_named else "list"
    if method == "DELETE":
        return "delete" if is_named else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(method, method.lower())


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success. `is_status` is False when it is none of a Kubernetes API."""

    status: int
    is_status: bool = False
    reason: str = ""
    message: str = ""
    continue_from: str | None = None
    """In the answer to an outdated `continue`: where to go on nevertheless."""

    @property
    def is_transient(self) -> bool:
        """Whether a read may succeed when it is sent again."""
        return self.status in _TRANSIENT

    @property
    def is_throttled(self) -> bool:
        """Refused before anything was done: a write may be sent again too."""
        return self.status == 429


def read_refusal(status: int, body: bytes) -> Refusal:
    """Any body is fine."""
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return Refusal(status)
    if not isinstance(answer, dict) or answer.get("kind") != "Status":
        return Refusal(status)
    metadata = answer.get("metadata")
    token = metadata.get("continue") if isinstance(metadata, dict) else None
    return Refusal(
        status,
        True,
        str(answer.get("reason") or ""),
        _one_line(answer.get("message")),
        token if isinstance(token, str) and token else None,
    )


def translate(refusal: Refusal, *, host: str, needed: Right | None, origin: str, sign_in: str) -> OpsctlError:
    """The error to raise. `origin` is the context in words, `sign_in` what to do about refused credentials."""
    if not refusal.is_status and refusal.status not in (401, 403, 404, 429):
        return _foreign(refusal, host)
    if refusal.status == 401:
        return AccessDeniedError(
            f"The Kubernetes API server {host} does not accept the credentials of {origin}.",
            code="expired-credentials",
            hint=sign_in,
        )
    if refusal.status == 403:
        return _forbidden(refusal, host, needed, origin, sign_in)
    if refusal.status == 404 and refusal.message.endswith(" not found") and needed is not None:
        return _missing(refusal, needed)
    return _failed(refusal, f"Kubernetes: {refusal.message or f'{host} answered {refusal.status}'}")


def _missing(refusal: Refusal, needed: Right) -> NotFoundError:
    """Who reads an object of a namespace that is not there is told that the object is not."""
    kind, namespace = needed.resource.partition("/")[0], needed.namespace
    if namespace is None or refusal.message.startswith("namespaces "):
        return NotFoundError(f"Kubernetes: {refusal.message}")
    return NotFoundError(
        f"Kubernetes: {refusal.message} in namespace {namespace}.",
        hint=f"Is it the right namespace, and the right cluster? What is there: kubectl get {kind} -n {namespace}",
    )


def _failed(refusal: Refusal, text: str) -> OpsctlError:
    if refusal.status == 404:
        return NotFoundError(text)
    if refusal.is_throttled:
        return UnavailableError(text, code="throttled", hint="Wait a minute and run the command again.")
    if refusal.status >= 500:
        return UnavailableError(text, code="timeout" if refusal.status == 504 else None)
    return DataError(text, code=_CODES.get(refusal.reason, "refused"))


_CODES = {"AlreadyExists": "already-exists", "Conflict": "conflict", "Invalid": "invalid", "Expired": "expired"}


def _foreign(refusal: Refusal, host: str) -> OpsctlError:
    text = f"{host} answered {refusal.status} with something that is not an answer of a Kubernetes API"
    hint = "Does a proxy, a firewall or another service stand at this address?"
    return UnavailableError(text, hint=hint) if refusal.status >= 500 else DataError(text, hint=hint)


def _forbidden(refusal: Refusal, host: str, needed: Right | None, origin: str, sign_in: str) -> OpsctlError:
    found = _CANNOT.search(refusal.message)
    if refusal.is_status and found is None:
        # An admission controller: quota, pod security, a policy of the house. No role helps.
        return AccessDeniedError(f"Kubernetes refuses it: {refusal.message or f'{host} answered 403'}", code="refused")
    named = _USER.search(refusal.message)
    user = named[1] if named else "the account"
    if user == "system:anonymous":
        return AccessDeniedError(
            f"The Kubernetes API server {host} does not know who asks: the context sends no credentials it accepts.",
            code="no-credentials",
            hint=sign_in,
        )
    right = needed
    if found is not None and found["resource"]:
        right = Right(found["verb"], found["resource"], found["group"], found["namespace"])
    if right is None:
        return AccessDeniedError(f"Kubernetes: {refusal.message or f'{host} answered 403'}")
    other = _IMPERSONATED.search(refusal.message)
    # The right to be anybody would be the right to do everything.
    hint = f"Grant it {right.rule(name=other['name'] if other else None)}."
    if other and (key := _IMPERSONATING_KEYS.get(other["resource"])):
        hint += f" It is {key} in {origin} that asks for it."
    return AccessDeniedError(f"Kubernetes does not let {user} {right}.", permission=str(right), hint=hint)


def _one_line(text: object) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split()) if isinstance(text, str) else ""
    return line if len(line) <= _MAX_MESSAGE else line[: _MAX_MESSAGE - 1] + "…"
