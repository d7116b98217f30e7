"""Credential files of Google: keys, logins, workload identity federation, impersonation; all by google-auth.

Google's library is imported here and nowhere else, and only when there is such a file.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from google.auth import exceptions

from opsctl.adapters.google_rest.credentials import Origin, check_token, unusable
from opsctl.adapters.google_rest.transport import Answer, Transport, TransportError, is_loopback
from opsctl.errors import AccessDeniedError, UnavailableError

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_ENDPOINT = "https://oauth2.googleapis.com/token"  # noqa: S105
_REFRESH_SECONDS = 12.0
# Where machines of other clouds give out their own identity; no token of Google goes there.
_LINK_LOCAL = ("169.254.169.254", "fd00:ec2::254")


class FileCredentials:
    """Credentials of google-auth behind our own transport and errors."""

    def __init__(self, origin: Origin, loaded: Any, transport: Transport) -> None:
        self.origin = origin
        self.quota_project: str | None = loaded.quota_project_id
        self._loaded = loaded
        self._transport = transport

    def token(self) -> str:
        if not self._loaded.valid:
            self._refresh()
        return check_token(self._loaded.token or "", self.origin)

    def renew(self) -> bool:
        self._refresh()
        return True

    def close(self) -> None:
        """Nothing was started: a refresh ends by its own deadline."""

    def _refresh(self) -> None:
        try:
            self._loaded.refresh(_TokenRequest(self._transport, _REFRESH_SECONDS))
        except exceptions.TransportError as error:
            raise UnavailableError(
                f"no token could be had for {self.origin.name}: {_reason(error)}", hint=self.origin.renewal
            ) from error
        except exceptions.GoogleAuthError as error:
            if getattr(error, "retryable", False):
                raise UnavailableError(f"the token server failed for {self.origin.name}") from error
            raise AccessDeniedError(
                f"{self.origin.name}: the sign-in is no longer accepted ({_name_refusal(error)})",
                code="expired-credentials",
                hint=self.origin.renewal,
            ) from error
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise unusable(self.origin, f"cannot be used ({type(error).__name__})") from error


def load_credential_file(path: Path, name: str, renewal: str, transport: Transport) -> FileCredentials:
    """Reads a credential file; sends nothing. Raises `AccessDeniedError` with code `no-credentials` for a file that
    is none."""
    origin = Origin(name, renewal)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise unusable(origin, "cannot be read" if isinstance(error, OSError) else "is not JSON") from error
    if not isinstance(document, dict):
        raise unusable(origin, "is no credential file")
    try:
        loaded = _load(document)
    except (exceptions.GoogleAuthError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise unusable(origin, f"is no credential file ({type(error).__name__})") from error
    if loaded is None:
        raise unusable(origin, "is a credential file of an unknown type")
    return FileCredentials(Origin(name, renewal, _name_account(document)), loaded, transport)


def _load(document: dict[str, Any]) -> Any:
    match document.get("type"):
        case "authorized_user":
            return _load_login(document)
        case "service_account":
            from google.oauth2 import service_account  # noqa: PLC0415

            return service_account.Credentials.from_service_account_info(document, scopes=[SCOPE])  # type: ignore[no-untyped-call]
        case "external_account":
            return _load_federation(document)
        case "impersonated_service_account":
            from google.auth import impersonated_credentials as impersonated  # noqa: PLC0415

            load = impersonated.Credentials.from_impersonated_service_account_info
            return load(document, scopes=[SCOPE])  # type: ignore[no-untyped-call]
        case "external_account_authorized_user":
            from google.auth import external_account_authorized_user as workforce  # noqa: PLC0415

            return workforce.Credentials.from_info(document)  # type: ignore[no-untyped-call]
    return None


def _load_login(document: dict[str, Any]) -> Any:
    from google.oauth2 import credentials  # noqa: PLC0415

    # The scopes of a login are those that were given to it: asking for others makes the refresh fail.
    return credentials.Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=document["refresh_token"],
        token_uri=document.get("token_uri") or _TOKEN_ENDPOINT,
        client_id=document["client_id"],
        client_secret=document["client_secret"],
        quota_project_id=document.get("quota_project_id"),
        rapt_token=document.get("rapt_token"),
    )


def _load_federation(document: dict[str, Any]) -> Any:
    if "aws" in document.get("subject_token_type", ""):
        from google.auth import aws  # noqa: PLC0415

        return aws.Credentials.from_info(document, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    if document.get("credential_source", {}).get("executable") is not None:
        from google.auth import pluggable  # noqa: PLC0415

        return pluggable.Credentials.from_info(document, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    from google.auth import identity_pool  # noqa: PLC0415

    return identity_pool.Credentials.from_info(document, scopes=[SCOPE])  # type: ignore[no-untyped-call]


def _name_account(document: Mapping[str, Any]) -> str | None:
    url = document.get("service_account_impersonation_url")
    acting = re.search(r"/serviceAccounts/([\w.@-]+):", url) if isinstance(url, str) else None
    if acting:
        return f"serviceAccount:{acting[1]}"
    for key, kind in (("client_email", "serviceAccount"), ("account", "user")):
        if isinstance(value := document.get(key), str) and re.fullmatch(r"[\w.+-]+@[\w.-]+", value):
            return f"{kind}:{value}"
    return None


class _TokenRequest:
    """What google-auth sends its requests with: one deadline for all requests of a refresh, and no secret over a
    network in the clear."""

    def __init__(self, transport: Transport, timeout_seconds: float) -> None:
        self._transport = transport
        self._deadline = time.monotonic() + timeout_seconds

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_options: object,
    ) -> _TokenAnswer:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" and not is_loopback(host) and host not in _LINK_LOCAL:
            raise _untold(TransportError("the token server is not reached over https"))
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise _untold(TransportError("no complete answer in time"))
        content = body.encode() if isinstance(body, str) else body
        try:
            answer = self._transport.send(
                method, url, headers or {}, content, timeout_seconds=min(remaining, timeout or remaining)
            )
        except TransportError as error:
            raise _untold(error) from error
        return _TokenAnswer(answer)


class _TokenAnswer:
    """An answer under the names that google-auth reads."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.data = answer.body


def _untold(error: TransportError) -> exceptions.TransportError:
    return exceptions.TransportError(error)  # type: ignore[no-untyped-call, no-any-return, unused-ignore]


def _reason(error: exceptions.TransportError) -> str:
    """Our own words only: what google-auth says itself may repeat an answer."""
    own = error.args[0] if error.args else None
    return own.reason if isinstance(own, TransportError) else "the token server was not reached"


def _name_refusal(error: exceptions.GoogleAuthError) -> str:
    """The OAuth error code (`invalid_grant`); the rest of the answer may repeat what was sent."""
    found = re.search(r"\b(invalid_\w+|unauthorized_client|access_denied|rapt_required|account_\w+)\b", str(error))
    return found[1] if found else type(error).__name__
