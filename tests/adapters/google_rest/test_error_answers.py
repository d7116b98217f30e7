"""What answers mean: recorded texts of the services and what is made of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.adapters.google_rest.error_answers import MAX_MESSAGE_CHARACTERS, read_error_answer, translate
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError

LOGIN = "Sign in again: gcloud auth login"
SQL_DISABLED = (
    "Cloud SQL Admin API has not been used in project 123456789012 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/sqladmin.googleapis.com/overview?project=123456789012 then retry."
)


def read(
    status: int, message: str, reason: str = "", *, host: str = "run.googleapis.com", **metadata: str
) -> OpsctlError:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}
    body = {"error": {"code": status, "message": message, "details": [detail] if reason else []}}
    return read_body(status, json.dumps(body).encode(), host=host)


def read_body(status: int, body: bytes, *, host: str = "run.googleapis.com") -> OpsctlError:
    return translate(read_error_answer(host, status, body), permission="asked.for.this", login_hint=LOGIN)


def denied(error: OpsctlError) -> AccessDeniedError:
    assert isinstance(error, AccessDeniedError)
    return error


def test_a_permission_that_may_be_about_something_absent() -> None:
    message = (
        "Permission 'run.executions.get' denied on resource 'namespaces/p/executions/e' (or resource may not exist)."
    )
    for error in (
        denied(read(403, message)),
        denied(read(403, message, "IAM_PERMISSION_DENIED", permission="run.executions.get")),
    ):
        assert (error.code, error.permission) == ("denied-or-absent", "run.executions.get")
        assert message in error.message


@pytest.mark.parametrize(
    ("message", "permission"),
    [
        ("Permission denied for all log views", "asked.for.this"),
        ("The caller does not have permission", "asked.for.this"),
        ("The client is not authorized to make this request.", "asked.for.this"),
        (
            "boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing permission "
            "cloudsql.instances.get on resource instances/o4o-platform-db.",
            "cloudsql.instances.get",
        ),
        ("Permission 'secretmanager.versions.get' denied for resource 'projects/p'.", "secretmanager.versions.get"),
        ('Required "compute.instances.get" permission for "projects/p"', "compute.instances.get"),
        ("Permission `iam.serviceAccounts.get` is required", "iam.serviceAccounts.get"),
    ],
)
def test_the_missing_permission_is_the_one_that_is_named_else_the_one_that_was_needed(
    message: str, permission: str
) -> None:
    error = denied(read(403, message))
    assert (error.code, error.permission) == ("denied", permission)


def test_an_api_that_is_off() -> None:
    error = denied(
        read(403, SQL_DISABLED, "SERVICE_DISABLED", service="sqladmin.googleapis.com", consumer="projects/12")
    )
    assert error.code == "api-disabled"
    assert error.hint == "gcloud services enable sqladmin.googleapis.com --project=12"


@pytest.mark.parametrize("number", ["764086051850", "32555940559"])
def test_an_api_that_is_off_in_the_project_of_gcloud_itself_wants_a_project_to_charge(number: str) -> None:
    message = f"Policy Troubleshooter API has not been used in project {number} before or it is disabled."
    for metadata in ({}, {"service": "policytroubleshooter.googleapis.com", "consumer": f"projects/{number}"}):
        error = denied(read(403, message, "SERVICE_DISABLED", **metadata))
        assert error.code == "denied"
        assert "set-quota-project" in str(error.hint)


def test_an_api_that_is_off_is_told_from_the_text_too() -> None:
    error = denied(read(403, SQL_DISABLED, host="sqladmin.googleapis.com"))
    assert error.code == "api-disabled"
    assert error.hint == "gcloud services enable sqladmin.googleapis.com --project=123456789012"


def test_the_older_form_of_errors() -> None:
    body = {"error": {"code": 403, "message": "Off.", "errors": [{"reason": "accessNotConfigured", "message": "Off."}]}}
    error = denied(read_body(403, json.dumps(body).encode(), host="sqladmin.googleapis.com"))
    assert error.code == "api-disabled"
    assert error.hint == "gcloud services enable sqladmin.googleapis.com --project=PROJECT"


def test_a_command_in_a_hint_holds_no_text_of_the_answer_that_is_no_word() -> None:
    error = denied(read(403, "Off.", "SERVICE_DISABLED", service="x; rm -rf ~", consumer="projects/$(id)"))
    assert error.hint == "gcloud services enable run.googleapis.com --project=PROJECT"


def test_a_token_without_the_scope() -> None:
    error = denied(
        read(403, "Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", service="x")
    )
    assert (error.code, error.permission) == ("denied", None)
    assert "cloud-platform" in str(error.hint)
    assert LOGIN in str(error.hint)


def test_a_quota_project_that_may_not_be_used() -> None:
    error = denied(read(403, "Caller does not have required permission to use project x.", "USER_PROJECT_DENIED"))
    assert error.permission == "serviceusage.services.use"
    assert "set-quota-project" in str(error.hint)


def test_a_perimeter() -> None:
    message = "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: abc"
    error = denied(read(403, message, "SECURITY_POLICY_VIOLATED"))
    assert error.permission is None
    assert "VPC Service Controls" in str(error.hint)
    assert "abc" in error.message


@pytest.mark.parametrize(
    ("reason", "code"), [("ACCESS_TOKEN_EXPIRED", "expired-credentials"), ("CREDENTIALS_MISSING", "no-credentials")]
)
def test_credentials_that_are_not_accepted(reason: str, code: str) -> None:
    error = denied(read(401, "Request had invalid authentication credentials.", reason))
    assert (error.code, error.hint) == (code, LOGIN)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, ""), (429, "RATE_LIMIT_EXCEEDED"), (403, "RATE_LIMIT_EXCEEDED"), (403, "rateLimitExceeded")],
)
def test_too_many_requests(status: int, reason: str) -> None:
    error = read(status, "Quota exceeded for quota metric 'Read requests'", reason)
    assert isinstance(error, UnavailableError)
    assert error.code == "throttled"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, DataError, "data"),
        (404, NotFoundError, "not-found"),
        (409, DataError, "data"),
        (500, UnavailableError, "unavailable"),
        (501, NotFoundError, "region-unsupported"),
        (503, UnavailableError, "unavailable"),
        (504, UnavailableError, "timeout"),
    ],
)
def test_other_statuses(status: int, kind: type[OpsctlError], code: str) -> None:
    error = read(status, "What the service says.")
    assert (type(error), error.code) == (kind, code)
    assert error.message == "run.googleapis.com: What the service says."


def test_a_region_without_the_product_may_answer_without_a_word() -> None:
    assert read_body(501, b"").code == "region-unsupported"


@pytest.mark.parametrize(("status", "kind"), [(403, UnavailableError), (407, UnavailableError), (404, DataError)])
def test_a_page_of_a_proxy_is_no_answer_of_the_service(status: int, kind: type[OpsctlError]) -> None:
    error = read_body(status, b"<html><title>Blocked: secret-of-the-proxy</title></html>")
    assert isinstance(error, kind)
    assert "secret" not in error.message
    assert "proxy" in str(error.hint)


def test_a_page_of_a_gateway_is_a_failure_of_the_service() -> None:
    error = read_body(502, b"<html>Bad Gateway</html>")
    assert (type(error), error.message) == (UnavailableError, "run.googleapis.com: failed (502)")


def test_a_list_of_one_error_is_read() -> None:
    error = read_body(404, json.dumps([{"error": {"code": 404, "message": "No."}}]).encode())
    assert (type(error), error.message) == (NotFoundError, "run.googleapis.com: No.")


def test_messages_are_one_line_bounded_and_hold_no_token() -> None:
    hostile = "ya29.a0Af_canary Bearer canary2 eyJhbGciOiJSUzI1.canary3 \x1b[2J\r\n" + "x" * 5000
    message = read(404, hostile).message
    assert "canary" not in message
    assert message.isprintable()
    assert len(message) <= MAX_MESSAGE_CHARACTERS + len("run.googleapis.com: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "details", "errors", "reason", "metadata", "x"]), inner)
    ),
    max_leaves=20,
)


@given(status=st.integers(300, 599), document=JSON)
def test_any_answer_is_translated(status: int, document: object) -> None:
    error = read_body(status, json.dumps(document).encode())
    assert isinstance(error, AccessDeniedError | NotFoundError | UnavailableError | DataError)
    assert error.message.isprintable()
    assert len(error.message) <= MAX_MESSAGE_CHARACTERS + 100


@given(status=st.integers(300, 599), body=st.binary(max_size=200))
def test_any_bytes_are_translated(status: int, body: bytes) -> None:
    assert read_body(status, body).message.startswith("run.googleapis.com")
