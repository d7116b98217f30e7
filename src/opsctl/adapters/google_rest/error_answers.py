"""What an answer of a Google API that is no success means.

Format: google.rpc.Status with google.rpc.ErrorInfo in `details` (AIP-193), and the older form of the Cloud SQL Admin
API, which has its reasons in `errors`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError

MAX_MESSAGE_CHARACTERS = 400

_PERMISSION = re.compile(r"[Pp]ermission:? [\"'`]?([a-zA-Z]+(?:\.[a-zA-Z]+){2,})\b")
_REQUIRED_PERMISSION = re.compile(r"[\"'`]([a-zA-Z]+(?:\.[a-zA-Z]+){2,})[\"'`] permission")
_NOT_ENABLED = re.compile(
    r"has not been used in project \S+ before or it is disabled|is not enabled for (?:the )?project"
)
_API_IN_TEXT = re.compile(r"\b([a-z][a-z0-9-]*\.googleapis\.com)\b")
_PROJECT_IN_TEXT = re.compile(r"[?&]project=([\w.:-]+)|in project (\S+) before")
_ABSENT_IN_TEXT = re.compile(r"\bor (?:the )?(?:\w+ )?(?:it )?may not exist\b", re.IGNORECASE)
_TOKEN_IN_TEXT = re.compile(r"\bya29\.[\w.-]+|\bBearer\s+[^\s\"']+|\beyJ[\w-]{10,}\.[\w.-]+")
# The owners of the OAuth clients of `gcloud auth application-default login` and `gcloud auth login`.
_PROJECTS_OF_GCLOUD = {"764086051850", "32555940559"}
_THROTTLED_REASONS = {"RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """A refusal. `message` is empty when the answer was no google.rpc.Status: `is_status` tells."""

    host: str
    status: int
    is_status: bool = False
    message: str = ""
    reasons: frozenset[str] = frozenset()
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def is_throttled(self) -> bool:
        """Asked too often."""
        return self.status == 429 or (self.status == 403 and bool(self.reasons & _THROTTLED_REASONS))

    @property
    def is_transient(self) -> bool:
        """Whether asking again may help."""
        return self.is_throttled or self.status in (500, 502, 503, 504)

    @property
    def wants_quota_project(self) -> bool:
        """The API charges requests of users to a project, and none was named: some say so, some say that they are not
        enabled in the project of gcloud itself."""
        asks = "requires a quota project" in self.message or self.consumer in _PROJECTS_OF_GCLOUD
        return self.status == 403 and asks

    @property
    def consumer(self) -> str:
        """The project, mostly its number, that the request was charged to; empty when it is not told."""
        if named := self.metadata.get("consumer"):
            return named.removeprefix("projects/")
        found = _PROJECT_IN_TEXT.search(self.message)
        return (found[1] or found[2]) if found else ""


def read_error_answer(host: str, status: int, body: bytes) -> ErrorAnswer:
    """Any body is fine. `host` is the API's own name, for the message."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ErrorAnswer(host, status)
    # `entries:list` and a few others answer with a list of one.
    document = document[0] if isinstance(document, list) and document else document
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return ErrorAnswer(host, status)
    reasons, metadata = _read_details(error)
    return ErrorAnswer(host, status, True, _one_line(error.get("message")), frozenset(reasons), metadata)


def translate(answer: ErrorAnswer, *, permission: str | None, login_hint: str) -> OpsctlError:
    """The error to raise. `permission` is named when the answer names none; `login_hint` says how to sign in again."""
    if answer.status == 401:
        return _unauthenticated(answer, login_hint)
    if answer.is_throttled:
        return UnavailableError(
            _say(answer, "too many requests"), code="throttled", hint="Wait a minute and run the command again."
        )
    if not answer.is_status and answer.status < 500:
        return _no_status(answer)
    if answer.status == 403:
        return _forbidden(answer, permission, login_hint)
    return _failed(answer)


def _failed(answer: ErrorAnswer) -> OpsctlError:
    if answer.status == 404:
        return NotFoundError(_say(answer, "not found"))
    if answer.status == 501:
        return NotFoundError(
            _say(answer, "not offered there"), code="region-unsupported", hint="Is the region spelled right?"
        )
    if answer.status >= 500:
        return UnavailableError(_say(answer, "failed"), code="timeout" if answer.status == 504 else "unavailable")
    return DataError(_say(answer, "the request was called wrong"))


def _unauthenticated(answer: ErrorAnswer, login_hint: str) -> OpsctlError:
    code = "no-credentials" if "CREDENTIALS_MISSING" in answer.reasons else "expired-credentials"
    return AccessDeniedError(_say(answer, "the credentials were refused"), code=code, hint=login_hint)


def _no_status(answer: ErrorAnswer) -> OpsctlError:
    text = f"{answer.host} answered {answer.status} with something that is not an answer of that API"
    hint = "Does a proxy, a firewall or another service stand at this address?"
    if answer.status in (403, 407):
        return UnavailableError(text, hint=hint)
    return DataError(text, hint=hint)


def _forbidden(answer: ErrorAnswer, permission: str | None, login_hint: str) -> OpsctlError:
    message = _say(answer, "permission denied")
    text = answer.message
    if answer.wants_quota_project:
        return AccessDeniedError(
            message, hint="Name a project to charge: gcloud auth application-default set-quota-project PROJECT"
        )
    if answer.reasons & {"SERVICE_DISABLED", "accessNotConfigured"} or _NOT_ENABLED.search(text):
        return AccessDeniedError(message, code="api-disabled", hint=_enable_hint(answer))
    if "ACCESS_TOKEN_SCOPE_INSUFFICIENT" in answer.reasons or "insufficient authentication scopes" in text:
        return AccessDeniedError(message, hint=f"The token lacks the scope cloud-platform. {login_hint}")
    if "USER_PROJECT_DENIED" in answer.reasons:
        return AccessDeniedError(
            message,
            permission="serviceusage.services.use",
            hint="The requests are charged to the quota project of the credentials. Change it: "
            "gcloud auth application-default set-quota-project PROJECT",
        )
    if "SECURITY_POLICY_VIOLATED" in answer.reasons or "vpcServiceControls" in text:
        return AccessDeniedError(
            message,
            hint="A VPC Service Controls perimeter refuses it, not a missing role: run the command from inside the "
            "perimeter, or give the unique identifier to whoever keeps it.",
        )
    code = "denied-or-absent" if _ABSENT_IN_TEXT.search(text) else "denied"
    return AccessDeniedError(message, code=code, permission=_name_permission(answer) or permission)


def _enable_hint(answer: ErrorAnswer) -> str:
    in_text = _API_IN_TEXT.search(answer.message.replace("console.developers.google.com", ""))
    api = answer.metadata.get("service") or (in_text[1] if in_text else answer.host)
    return f"gcloud services enable {_word(api) or answer.host} --project={_word(answer.consumer) or 'PROJECT'}"


def _name_permission(answer: ErrorAnswer) -> str | None:
    named = answer.metadata.get("permission", "")
    if re.fullmatch(r"[\w.-]{3,100}", named):
        return named
    found = _PERMISSION.search(answer.message) or _REQUIRED_PERMISSION.search(answer.message)
    return found[1] if found else None


def _word(text: str) -> str:
    """What may stand in a command that a person copies."""
    return text if re.fullmatch(r"[\w.:-]{1,100}", text) else ""


def _read_details(error: dict[str, Any]) -> tuple[set[str], dict[str, str]]:
    reasons: set[str] = set()
    metadata: dict[str, str] = {}
    for place in ("details", "errors"):
        listed = error.get(place)
        for detail in listed if isinstance(listed, list) else ():
            if not isinstance(detail, dict):
                continue
            if isinstance(detail.get("reason"), str):
                reasons.add(detail["reason"])
            pairs = detail.get("metadata")
            if isinstance(pairs, dict):
                metadata.update({key: value for key, value in pairs.items() if isinstance(value, str)})
    return reasons, metadata


def _say(answer: ErrorAnswer, otherwise: str) -> str:
    return f"{answer.host}: {answer.message or f'{otherwise} ({answer.status})'}"


def _one_line(text: object) -> str:
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * MAX_MESSAGE_CHARACTERS]).split())
    line = _TOKEN_IN_TEXT.sub("***", line)
    return line if len(line) <= MAX_MESSAGE_CHARACTERS else line[: MAX_MESSAGE_CHARACTERS - 1] + "…"
