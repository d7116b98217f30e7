"""Error answers in the shapes of Google's APIs: google.rpc.Status as JSON, with google.rpc.ErrorInfo if any.

Wordings are those that were seen in recorded answers of the services.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
TITLES = {
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "logging.googleapis.com": "Cloud Logging API",
    "policytroubleshooter.googleapis.com": "Policy Troubleshooter API",
    "run.googleapis.com": "Cloud Run Admin API",
    "secretmanager.googleapis.com": "Secret Manager API",
    "serviceusage.googleapis.com": "Service Usage API",
    "sqladmin.googleapis.com": "Cloud SQL Admin API",
}


class ApiError(Exception):
    """An answer that is an error. `body` replaces the usual one of google.rpc.Status."""

    def __init__(
        self, status: int, message: str, *, details: tuple[Json, ...] = (), body: Json | None = None, name: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        error: Json = {"code": status, "message": message, "status": name or _STATUS.get(status, "UNKNOWN")}
        self.body: Json = body or {"error": error | ({"details": list(details)} if details else {})}


def error_info(reason: str, domain: str, **metadata: str) -> Json:
    """google.rpc.ErrorInfo."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": domain, "metadata": metadata}


def invalid(message: str = "Request contains an invalid argument.") -> ApiError:
    """400 INVALID_ARGUMENT."""
    return ApiError(400, message)


def missing_credentials(method: str) -> ApiError:
    """401 for a request without a token."""
    message = (
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
        "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return ApiError(401, message, details=(error_info("CREDENTIALS_MISSING", "googleapis.com", method=method),))


def invalid_credentials() -> ApiError:
    """401 for a token that is wrong or has expired."""
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return ApiError(401, message)


def denied(permission: str, resource: str, message: str = "") -> ApiError:
    """403 that does not tell whether the resource exists."""
    text = message or f"Permission '{permission}' denied on resource '{resource}' (or resource may not exist)."
    info = error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", permission=permission, resource=resource)
    return ApiError(403, text, details=(info,))


def api_disabled(api: str, number: str) -> ApiError:
    """403 SERVICE_DISABLED: the API was never enabled in the project."""
    console = f"https://console.developers.google.com/apis/api/{api}/overview?project={number}"
    message = (
        f"{TITLES.get(api, api)} has not been used in project {number} before or it is disabled. Enable it by "
        f"visiting {console} then retry. If you enabled this API recently, wait a few minutes for the action to "
        "propagate to our systems and retry."
    )
    info = error_info("SERVICE_DISABLED", "googleapis.com", service=api, consumer=f"projects/{number}")
    return ApiError(403, message, details=(info,))


def not_found(message: str) -> ApiError:
    """404 NOT_FOUND."""
    return ApiError(404, message)


def exhausted(api: str, number: str) -> ApiError:
    """429: too many reads in a minute. Google sends no Retry-After with it."""
    message = (
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service "
        f"'{api}' for consumer 'project_number:{number}'."
    )
    info = error_info(
        "RATE_LIMIT_EXCEEDED",
        "googleapis.com",
        service=api,
        consumer=f"projects/{number}",
        quota_limit="ReadRequestsPerMinutePerProject",
    )
    return ApiError(429, message, details=(info,))


def sql_error(status: int, message: str, reason: str) -> ApiError:
    """An error of the Cloud SQL Admin API, which still has the older shape."""
    detail = {"message": message, "domain": "global", "reason": reason}
    return ApiError(status, message, body={"error": {"code": status, "message": message, "errors": [detail]}})
