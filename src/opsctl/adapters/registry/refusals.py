"""What a registry means by an answer that is not what was asked for, in opsctl's own errors.

Codes: OCI distribution specification, "Error Codes". Texts of Google's registries are looked at, never repeated.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from opsctl.adapters.registry.addresses import is_google_registry
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError

DOWNLOAD_PERMISSION = "artifactregistry.repositories.downloadArtifacts"

_CODE = re.compile(r"[A-Z][A-Z_]{1,39}")
_UNDECIDED = ("or it may not exist", "or the resource may not exist", "or the repository does not exist")
_API_OFF = ("it is disabled", "api has not been used", "service_disabled")
_NO_CREDENTIALS = ("unauthenticated request",)


@dataclass(frozen=True, slots=True)
class Repository:
    """Where images are: `registry` as it stands in a reference, `name` the path below it."""

    registry: str
    name: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a status that is no success. `body` is its beginning; `has_login` whether one was shown."""

    status: int
    body: bytes
    has_login: bool


def explain_refusal(refusal: Refusal, repository: Repository, what: str) -> OpsctlError:
    """The error for a refusal; `what` is what was asked for, `image eu.gcr.io/p/app:1`."""
    codes, text = _read_errors(refusal.body)
    if refusal.status in (401, 403):
        return _explain_denied(refusal, repository, what, text)
    if refusal.status in (404, 410):
        return _explain_missing(repository, what, codes)
    told = f"HTTP {refusal.status}" + (f", {codes[0]}" if codes else "")
    if refusal.status == 429:
        return UnavailableError(
            f"{what}: {repository.registry} asks for fewer requests ({told})", code="throttled", hint="try again later"
        )
    if refusal.status >= 500:
        return UnavailableError(f"{what}: {repository.registry} failed ({told})", hint="try again later")
    return DataError(f"{what}: {repository.registry} refused the request ({told})")


def _explain_denied(refusal: Refusal, repository: Repository, what: str, text: str) -> AccessDeniedError:
    is_google = is_google_registry(repository.registry)
    permission = DOWNLOAD_PERMISSION if is_google else None
    told = f"{what}: {repository.registry}"
    if is_google and any(sign in text for sign in _API_OFF):
        project = repository.name.split("/", 1)[0]
        return AccessDeniedError(
            f"{told} says that the Artifact Registry API is off in the project",
            code="api-disabled",
            hint=f"gcloud services enable artifactregistry.googleapis.com --project {project}",
        )
    if not refusal.has_login or any(sign in text for sign in _NO_CREDENTIALS):
        return AccessDeniedError(
            f"{told} wants a login, and there is none",
            code="no-credentials",
            permission=permission,
            hint="gcloud auth login" if is_google else f"docker login {repository.registry}",
        )
    if refusal.status == 401 and is_google:
        return AccessDeniedError(
            f"{told} does not accept the credentials",
            code="expired-credentials",
            permission=permission,
            hint="gcloud auth login",
        )
    # Other registries answer in the same way for what does not exist, and few say so.
    is_undecided = not is_google or any(sign in text for sign in _UNDECIDED)
    return AccessDeniedError(
        f"{told} denies access, or there is no such repository" if is_undecided else f"{told} denies access",
        code="denied-or-absent" if is_undecided else "denied",
        permission=permission,
    )


def _explain_missing(repository: Repository, what: str, codes: list[str]) -> NotFoundError:
    if "NAME_UNKNOWN" in codes:
        return NotFoundError(
            f"{what}: {repository.registry} has no repository {repository.name}",
            code="image-not-found",
            hint="check project, repository and name",
        )
    if "MANIFEST_UNKNOWN" in codes:
        return NotFoundError(
            f"{what}: the repository has no such image", code="image-not-found", hint="it was deleted, or its tag moved"
        )
    if "BLOB_UNKNOWN" in codes:
        return NotFoundError(f"{what}: the registry has lost a part of the image", code="image-not-found")
    return NotFoundError(f"{what}: {repository.registry} does not have it", code="image-not-found")


def _read_errors(body: bytes) -> tuple[list[str], str]:
    """The codes that look like codes, and everything that is said, in lower case. The body is optional."""
    text = body.decode("utf-8", errors="replace")
    try:
        content = json.loads(text)
        errors = content.get("errors") if isinstance(content, dict) else None
    except (ValueError, RecursionError):
        errors = None
    codes = [error.get("code") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return [code for code in codes if isinstance(code, str) and _CODE.fullmatch(code)], text.lower()
