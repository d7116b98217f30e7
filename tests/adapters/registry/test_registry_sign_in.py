from __future__ import annotations

import pytest

from opsctl.adapters.registry.client import RegistryClient
from opsctl.adapters.registry.docker_login import Login
from opsctl.adapters.registry.refusals import DOWNLOAD_PERMISSION, Repository
from opsctl.errors import AccessDeniedError, ConfigError, DataError, OpsctlError, UnavailableError
from tests.adapters.registry.registry_server import REPOSITORY, Registry, basic
from tests.adapters.registry.stopped_clock import GivenLogins, StoppedClock

GOOGLE = Repository("asia-northeast3-docker.pkg.dev", REPOSITORY)
GOOGLE_TOKEN = "ya29.google-canary"
CHALLENGE = 'Bearer realm="{base}/v2/token",service="registry.test",scope="repository:p/r/app:pull"'


def google_client(registry: Registry, clock: StoppedClock | None = None) -> RegistryClient:
    return RegistryClient(
        GivenLogins(), google_token=lambda: GOOGLE_TOKEN, google_endpoint=registry.base, clock=clock or StoppedClock()
    )


def own_client(registry: Registry, login: Login | None, clock: StoppedClock | None = None) -> RegistryClient:
    logins = GivenLogins({} if login is None else {registry.name: login})
    return RegistryClient(logins, google_token=lambda: GOOGLE_TOKEN, clock=clock or StoppedClock())


def get(client: RegistryClient, registry: Registry) -> None:
    client.get_manifest(Repository(registry.name, REPOSITORY), "1")


def test_a_registry_that_asks_for_nothing_gets_one_request_and_no_login_is_looked_for(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    logins = GivenLogins()
    get(RegistryClient(logins), registry)
    assert registry.paths == [f"/v2/{REPOSITORY}/manifests/1"]
    assert logins.asked == []
    assert registry.requests[0].authorization is None


def test_google_is_asked_for_a_registry_token_with_googles(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = CHALLENGE, {"Bearer registry-token"}
    client = google_client(registry)
    client.get_manifest(GOOGLE, "1")
    assert registry.paths == [f"/v2/{REPOSITORY}/manifests/1", "/v2/token", f"/v2/{REPOSITORY}/manifests/1"]
    token = registry.requests[1]
    assert token.authorization == basic("oauth2accesstoken", GOOGLE_TOKEN)
    assert token.query == {"service": ["registry.test"], "scope": ["repository:p/r/app:pull"]}
    assert [call.path for call in client.calls] == registry.paths
    assert [call.status for call in client.calls] == [401, 200, 200]


def test_a_token_is_kept_for_its_repository_until_it_runs_out(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = CHALLENGE, {"Bearer registry-token"}
    clock = StoppedClock()
    client = google_client(registry, clock)
    client.get_manifest(GOOGLE, "1")
    client.get_manifest(GOOGLE, "1")
    assert registry.paths.count("/v2/token") == 1
    clock.time += 300
    client.get_manifest(GOOGLE, "1")
    assert registry.paths.count("/v2/token") == 2


def test_a_token_that_is_refused_before_its_time_is_renewed_once(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = CHALLENGE, {"Bearer registry-token"}
    client = google_client(registry)
    client.get_manifest(GOOGLE, "1")
    registry.token_answer = (200, b'{"access_token":"newer"}')
    registry.accepted = {"Bearer newer"}
    client.get_manifest(GOOGLE, "1")
    assert [seen.authorization for seen in registry.requests][-2:] == [
        basic("oauth2accesstoken", GOOGLE_TOKEN),
        "Bearer newer",
    ]


@pytest.mark.parametrize("answer", [(404, b""), (200, b"<html>"), (200, b'{"token":"a b"}'), (200, b"[]")])
def test_google_takes_its_own_token_where_there_is_no_token_service(
    registry: Registry, answer: tuple[int, bytes]
) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = CHALLENGE, {f"Bearer {GOOGLE_TOKEN}"}
    registry.token_answer = answer
    google_client(registry).get_manifest(GOOGLE, "1")


@pytest.mark.parametrize("challenge", ["", "Negotiate", CHALLENGE])
def test_google_takes_its_own_token_where_the_registry_token_is_refused(registry: Registry, challenge: str) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = challenge, {f"Bearer {GOOGLE_TOKEN}"}
    google_client(registry).get_manifest(GOOGLE, "1")


def test_googles_token_stays_with_google_when_the_realm_is_elsewhere(
    registry: Registry, other_registry: Registry
) -> None:
    registry.add_manifest({}, "1")
    registry.challenge = f'Bearer realm="{other_registry.base}/v2/token",service="x"'
    with pytest.raises(DataError, match="another host"):
        google_client(registry).get_manifest(GOOGLE, "1")
    assert other_registry.requests == []


def test_googles_token_is_not_for_other_registries(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = CHALLENGE, {"Bearer registry-token"}
    get(own_client(registry, None), registry)
    assert all(GOOGLE_TOKEN not in (seen.authorization or "") for seen in registry.requests)
    assert registry.requests[1].authorization is None


@pytest.mark.parametrize("realm", ["http://auth.example.com/token", "ftp://x/", "https://u:p@auth.example.com/", "//"])
def test_a_realm_that_is_not_encrypted_is_not_asked(registry: Registry, realm: str) -> None:
    registry.challenge = f'Bearer realm="{realm}"'
    with pytest.raises(DataError, match="not an https address") as raised:
        get(own_client(registry, Login("u", "p")), registry)
    assert realm not in raised.value.message
    assert len(registry.requests) == 1


def test_a_realm_on_another_host_gets_the_login_of_the_registry(registry: Registry, other_registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge = f'Bearer realm="{other_registry.base}/v2/token"'
    registry.accepted = {"Bearer registry-token"}
    get(own_client(registry, Login("u", "secret")), registry)
    assert other_registry.requests[0].authorization == basic("u", "secret")
    assert other_registry.requests[0].query == {"scope": ["repository:p/r/app:pull"]}


def test_basic_is_answered_with_the_login(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = 'Basic realm="registry"', {basic("u", "secret")}
    get(own_client(registry, Login("u", "secret")), registry)
    assert len(registry.requests) == 2


def test_an_identity_token_is_exchanged_by_post(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = CHALLENGE, {"Bearer registry-token"}
    get(own_client(registry, Login("", "refresh-canary", is_identity_token=True)), registry)
    exchange = registry.requests[1]
    assert (exchange.method, exchange.authorization) == ("POST", None)
    assert b"grant_type=refresh_token&refresh_token=refresh-canary" in exchange.body
    assert "refresh-canary" not in str(exchange.query)


def test_a_refusal_ends_after_the_second_try(registry: Registry) -> None:
    registry.challenge = 'Basic realm="registry"'
    with pytest.raises(AccessDeniedError) as raised:
        get(own_client(registry, Login("u", "secret")), registry)
    assert (raised.value.code, raised.value.permission) == ("denied-or-absent", None)
    assert len(registry.requests) == 2
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, b"", "expired-credentials"),
        (403, b'{"errors":[{"code":"DENIED","message":"Permission denied"}]}', "denied"),
        (
            403,
            b'{"errors":[{"code":"DENIED","message":"denied on resource x (or it may not exist)"}]}',
            "denied-or-absent",
        ),
        (403, b'{"errors":[{"code":"DENIED","message":"Unauthenticated request. canary"}]}', "no-credentials"),
        (403, b"Artifact Registry API has not been used in project p before or it is disabled.", "api-disabled"),
    ],
)
def test_googles_refusals_at_the_token_service(registry: Registry, status: int, body: bytes, code: str) -> None:
    registry.challenge, registry.token_answer = CHALLENGE, (status, body)
    with pytest.raises(AccessDeniedError) as raised:
        google_client(registry).get_manifest(GOOGLE, "1")
    assert raised.value.code == code
    assert raised.value.permission == (None if code == "api-disabled" else DOWNLOAD_PERMISSION)
    assert "canary" not in f"{raised.value.message}{raised.value.hint}"


def test_an_api_that_is_off_comes_with_the_command_that_turns_it_on(registry: Registry) -> None:
    # Said to whom the registry does not know, and again to Google's token.
    answer: tuple[int, dict[str, str], bytes] = (403, {}, b"API has not been used in project p before or is disabled.")
    registry.first_answers = [answer, answer]
    with pytest.raises(AccessDeniedError) as raised:
        google_client(registry).get_manifest(GOOGLE, "1")
    assert raised.value.hint == "gcloud services enable artifactregistry.googleapis.com --project p"


def test_without_googles_credentials_dockers_login_is_used(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = CHALLENGE, {"Bearer registry-token"}
    logins = GivenLogins({GOOGLE.registry: Login("_json_key", "{}")})
    client = RegistryClient(logins, google_token=_no_token, google_endpoint=registry.base)
    client.get_manifest(GOOGLE, "1")
    assert registry.requests[1].authorization == basic("_json_key", "{}")


@pytest.mark.parametrize("status", [401, 403])
def test_without_any_login_the_reason_is_the_missing_one(registry: Registry, status: int) -> None:
    registry.challenge, registry.token_answer = CHALLENGE, (status, b"")
    client = RegistryClient(GivenLogins(), google_token=_no_token, google_endpoint=registry.base)
    with pytest.raises(AccessDeniedError, match="no credentials of Google were found"):
        client.get_manifest(GOOGLE, "1")


def test_a_public_image_needs_no_login(registry: Registry) -> None:
    registry.add_manifest({}, "1")
    registry.challenge, registry.accepted = CHALLENGE, {"Bearer registry-token"}
    RegistryClient(GivenLogins(), google_token=_no_token, google_endpoint=registry.base).get_manifest(GOOGLE, "1")
    assert registry.requests[1].authorization is None


@pytest.mark.parametrize("endpoint", ["http://registry.example.com", "https://u:p@host", "x", "ftp://127.0.0.1"])
def test_an_endpoint_that_a_token_must_not_be_sent_to_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="registry_endpoint"):
        RegistryClient(GivenLogins(), google_endpoint=endpoint)


def test_a_token_service_that_is_down_is_told(registry: Registry) -> None:
    registry.challenge, registry.token_answer = CHALLENGE, (503, b"")
    with pytest.raises(UnavailableError, match=r"sign-in to 127\.0\.0\.1"):
        get(own_client(registry, None), registry)


def _no_token() -> str:
    error: OpsctlError = AccessDeniedError("no credentials of Google were found", code="no-credentials")
    raise error
