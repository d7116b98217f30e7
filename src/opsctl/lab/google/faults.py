"""Faults of the local Google: which calls go wrong, and how."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, fields
from enum import StrEnum


class Action(StrEnum):
    """What happens to a call instead of its answer, or with it."""

    DENY = "deny"
    """403 that says the caller lacks the permission."""
    DENY_OR_ABSENT = "deny-or-absent"
    """403 that leaves open whether the resource exists."""
    UNAUTHENTICATED = "unauthenticated"
    API_DISABLED = "api-disabled"
    NOT_FOUND = "not-found"
    EMPTY = "empty"
    """200 and nothing in it."""
    THROTTLE = "throttle"
    """429 RESOURCE_EXHAUSTED."""
    STATUS = "status"
    """The error `status` with `message`."""
    DELAY = "delay"
    """The right answer, `seconds` later."""
    DRIP = "drip"
    """The right answer, one byte every `seconds`."""
    HANG = "hang"
    """No answer at all until the client goes away."""
    CUT = "cut"
    """Half of the answer, then the connection ends."""
    RESET = "reset"
    """The connection ends before any answer."""
    GARBAGE = "garbage"
    """200 and a page of HTML, as a proxy in between would send."""
    EMPTY_PAGE = "empty-page"
    """A page of a list without any item, but with a token for more."""
    SHORT_PAGE = "short-page"
    """A page of a list with at most `size` items."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule. `api` is the host of the API or its first part (`run`), `registry` for the image registry; `path` is a
    pattern that is searched in the path with its query. Empty fields match everything; `times` is how often the rule
    holds, None for always."""

    action: Action
    api: str = ""
    method: str = ""
    path: str = ""
    times: int | None = None
    seconds: float = 0.0
    status: int = 503
    message: str = "The service is currently unavailable."
    size: int = 1
    retry_after: int = 0
    """Seconds in a header `Retry-After` of an error; 0 for none."""

    def matches(self, api: str, method: str, path: str) -> bool:
        """Whether the rule is about such a call."""
        about_api = not self.api or api == self.api or api.startswith(f"{self.api}.")
        return about_api and self.method.upper() in ("", method) and re.search(self.path, path) is not None


@dataclass(slots=True)
class _Rule:
    fault: Fault
    left: int | None


class Faults:
    """The rules in force, the oldest first. Safe to change from any thread."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a rule into force."""
        with self._lock:
            self._rules.append(_Rule(fault, fault.times))

    def clear(self) -> None:
        """Take all rules out of force."""
        with self._lock:
            self._rules.clear()

    def take(self, api: str, method: str, path: str) -> Fault | None:
        """The oldest rule for this call that still holds, counted as used; None when nothing goes wrong."""
        with self._lock:
            for rule in self._rules:
                if rule.left != 0 and rule.fault.matches(api, method, path):
                    if rule.left is not None:
                        rule.left -= 1
                    return rule.fault
        return None


def fault_from_json(document: object) -> Fault:
    """The rule in a JSON object with the fields of `Fault`. Raises ValueError for anything else."""
    if not isinstance(document, dict) or "action" not in document:
        raise ValueError("a fault is a JSON object with an action")
    known = {field.name for field in fields(Fault)}
    unknown = sorted(set(document) - known)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]}; known are {', '.join(sorted(known))}")
    for name, value in document.items():
        allowed = (
            (int, float)
            if name == "seconds"
            else (int,)
            if name in ("times", "status", "size", "retry_after")
            else (str,)
        )
        if not isinstance(value, allowed) and not (name == "times" and value is None):
            raise ValueError(f"{name} has the wrong type")
    re.compile(document.get("path", ""))
    return Fault(**{**document, "action": Action(document["action"])})
