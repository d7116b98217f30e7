"""Where tokens come from: each source for real, against a token server on this machine."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.gcloud_login import GcloudLogin, find_gcloud_login
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.errors import AccessDeniedError, UnavailableError
from tests.adapters.google_rest.local_google import LocalGoogle, Received, Reply, refusal, serve

EMAIL = "diagnose@p.iam.gserviceaccount.com"
GENERATE = f"/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken"
EMPTY = {"NO_GCE_CHECK": "true", "PATH": ""}


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()


class Tokens:
    """A token server that gives another token each time."""

    def __init__(self, expires_in: int = 3600) -> None:
        self._lock = threading.Lock()
        self._expires_in = expires_in
        self.given = 0

    def __call__(self, request: Received) -> Reply:
        with self._lock:
            self.given += 1
            token = f"canary-{self.given}"
        return Reply({"access_token": token, "expires_in": self._expires_in, "token_type": "Bearer"})


@pytest.fixture
def tokens() -> Iterator[LocalGoogle]:
    with serve(respond=Tokens()) as server:
        yield server


def key_file(folder: Path, private_key: str, token_uri: str) -> Path:
    return write(
        folder / "key.json",
        {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "k",
            "private_key": private_key,
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": token_uri,
        },
    )


def login_file(folder: Path, token_uri: str, **more: str) -> Path:
    return write(
        folder / "application_default_credentials.json",
        {
            "type": "authorized_user",
            "client_id": "id",
            "client_secret": "canary-client-secret",
            "refresh_token": "canary-refresh",
            "token_uri": token_uri,
            **more,
        },
    )


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_the_configuration_comes_first(tmp_path: Path) -> None:
    credentials = Credentials("of-config", environment={**EMPTY, "CLOUDSDK_AUTH_ACCESS_TOKEN": "of-environment"})
    assert credentials.token() == "of-config"
    assert "cloudrun.access_token" in credentials.origin().name
    assert "of-config" not in repr(credentials)


def test_then_the_token_of_the_environment_then_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("of-file\n", encoding="utf-8")
    both = {**EMPTY, "CLOUDSDK_AUTH_ACCESS_TOKEN": "of-environment", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(path)}
    assert Credentials(environment=both).token() == "of-environment"
    del both["CLOUDSDK_AUTH_ACCESS_TOKEN"]
    credentials = Credentials(environment=both)
    assert credentials.token() == "of-file"
    assert not credentials.renew("of-file")
    path.write_text("renewed\n", encoding="utf-8")
    assert credentials.renew("of-file")
    assert credentials.token() == "renewed"


@pytest.mark.parametrize("text", ["", " \n", "two words", "line\nbreak", "헤더"])
def test_what_is_no_token_is_not_sent(text: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AccessDeniedError, match="holds no access token") as caught:
        Credentials(environment={**EMPTY, "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(path)}).token()
    assert caught.value.code == "no-credentials"


def test_without_any_the_hint_says_how_to_sign_in(tmp_path: Path) -> None:
    with pytest.raises(AccessDeniedError) as caught:
        Credentials(environment={**EMPTY, "CLOUDSDK_CONFIG": str(tmp_path)}).token()
    assert caught.value.code == "no-credentials"
    assert "gcloud auth login" in str(caught.value.hint)
    assert "gcloud auth application-default login" in str(caught.value.hint)


def test_a_service_account_key(tmp_path: Path, private_key: str, tokens: LocalGoogle) -> None:
    path = key_file(tmp_path, private_key, f"{tokens.url}/token")
    credentials = Credentials(environment={**EMPTY, "GOOGLE_APPLICATION_CREDENTIALS": str(path)})
    assert [credentials.token(), credentials.token()] == ["canary-1", "canary-1"]
    assert credentials.origin().account == f"serviceAccount:{EMAIL}"
    form = parse_qs(tokens.received[0].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert tokens.paths == ["/token"]
    assert "canary" not in repr(credentials)


def test_a_login_of_gcloud_for_applications(tmp_path: Path, tokens: LocalGoogle) -> None:
    login_file(tmp_path, f"{tokens.url}/token", quota_project_id="charged", account="me@example.com")
    credentials = Credentials(environment={**EMPTY, "CLOUDSDK_CONFIG": str(tmp_path)})
    assert credentials.token() == "canary-1"
    assert credentials.quota_project() == "charged"
    assert credentials.origin().account == "user:me@example.com"
    form = parse_qs(tokens.received[0].body.decode())
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["canary-refresh"])
    assert "scope" not in form


def test_a_login_that_was_withdrawn(tmp_path: Path) -> None:
    answer = Reply({"error": "invalid_grant", "error_description": "canary-refresh has been expired or revoked."}, 400)
    with serve(answer) as server:
        login_file(tmp_path, f"{server.url}/token")
        with pytest.raises(AccessDeniedError, match="invalid_grant") as caught:
            Credentials(environment={**EMPTY, "CLOUDSDK_CONFIG": str(tmp_path)}).token()
    assert caught.value.code == "expired-credentials"
    assert caught.value.hint == "Sign in again: gcloud auth application-default login"
    assert "canary" not in caught.value.message


def test_secrets_do_not_leave_the_machine_in_the_clear(tmp_path: Path) -> None:
    login_file(tmp_path, "http://tokens.example/token")
    with pytest.raises(UnavailableError) as caught:
        Credentials(environment={**EMPTY, "CLOUDSDK_CONFIG": str(tmp_path)}).token()
    assert "canary" not in caught.value.message


def test_workload_identity_federation_with_impersonation(tmp_path: Path) -> None:
    def respond(request: Received) -> Reply:
        if request.path == "/sts":
            return Reply(
                {"access_token": "federated", "expires_in": 3600, "issued_token_type": "x", "token_type": "Bearer"}
            )
        return Reply({"accessToken": "impersonated", "expireTime": "2099-01-01T00:00:00Z"})

    subject = tmp_path / "subject"
    subject.write_text("oidc-token", encoding="utf-8")
    with serve(respond=respond) as server:
        document = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/github",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{server.url}/sts",
            "credential_source": {"file": str(subject)},
            "service_account_impersonation_url": f"{server.url}{GENERATE}",
        }
        path = write(tmp_path / "federation.json", document)
        credentials = Credentials(environment={**EMPTY, "GOOGLE_APPLICATION_CREDENTIALS": str(path)})
        assert credentials.token() == "impersonated"
        assert credentials.origin().account == f"serviceAccount:{EMAIL}"
        assert server.paths == ["/sts", GENERATE]
        assert server.tokens[1] == "federated"


def test_an_impersonated_account_is_known_without_a_request(tmp_path: Path) -> None:
    source = {"type": "authorized_user", "client_id": "id", "client_secret": "s", "refresh_token": "r"}
    document = {
        "type": "impersonated_service_account",
        "source_credentials": source,
        "service_account_impersonation_url": f"https://iamcredentials.googleapis.com{GENERATE}",
    }
    path = write(tmp_path / "impersonated.json", document)
    credentials = Credentials(environment={**EMPTY, "GOOGLE_APPLICATION_CREDENTIALS": str(path)})
    assert credentials.origin().account == f"serviceAccount:{EMAIL}"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '"x"', "{}", '{"type": "strange"}', '{"type": "authorized_user"}', '{"type": "service_account"}',
     '{"type": "external_account"}', '{"type": "impersonated_service_account"}', '{"type": 5}'],
)  # fmt: skip
def test_a_file_that_holds_no_credentials(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AccessDeniedError) as caught:
        Credentials(environment={**EMPTY, "GOOGLE_APPLICATION_CREDENTIALS": str(path)}).token()
    assert caught.value.code == "no-credentials"
    assert "GOOGLE_APPLICATION_CREDENTIALS" in caught.value.message


def test_a_file_that_is_not_there_is_not_passed_over(tmp_path: Path) -> None:
    login_file(tmp_path, "https://oauth2.googleapis.com/token")
    environment = {**EMPTY, "CLOUDSDK_CONFIG": str(tmp_path), "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "gone")}
    with pytest.raises(AccessDeniedError, match="cannot be read"):
        Credentials(environment=environment).token()


def test_a_token_server_that_is_down(tmp_path: Path, private_key: str) -> None:
    path = key_file(tmp_path, private_key, "http://127.0.0.1:1/token")
    with pytest.raises(UnavailableError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        Credentials(environment={**EMPTY, "GOOGLE_APPLICATION_CREDENTIALS": str(path)}).token()


def metadata(request: Received) -> Reply:
    assert request.headers["metadata-flavor"] == "Google"
    headers = {"Metadata-Flavor": "Google"}
    account = "/computeMetadata/v1/instance/service-accounts/default"
    if request.path == f"{account}/email":
        return Reply(EMAIL.encode(), headers=headers)
    assert request.path == f"{account}/token"
    return Reply({"access_token": "of-metadata", "expires_in": 3599, "token_type": "Bearer"}, headers=headers)


def on_metadata(server: LocalGoogle, folder: Path) -> Credentials:
    host = server.url.removeprefix("http://")
    return Credentials(environment={"PATH": "", "CLOUDSDK_CONFIG": str(folder), "GCE_METADATA_HOST": host})


def test_the_metadata_server_of_the_machine(tmp_path: Path) -> None:
    with serve(respond=metadata) as server:
        credentials = on_metadata(server, tmp_path)
        assert [credentials.token(), credentials.token()] == ["of-metadata", "of-metadata"]
        assert credentials.origin().account == f"serviceAccount:{EMAIL}"
        assert len(server.received) == 2


def test_another_server_at_that_address_is_none(tmp_path: Path) -> None:
    with serve(Reply(b"<html>hotel</html>")) as server, pytest.raises(AccessDeniedError) as caught:
        on_metadata(server, tmp_path).token()
    assert caught.value.code == "no-credentials"


def test_a_machine_without_a_service_account(tmp_path: Path) -> None:
    bare = Reply(b"", 404, {"Metadata-Flavor": "Google"})
    with serve(bare) as server, pytest.raises(AccessDeniedError, match="no service account") as caught:
        on_metadata(server, tmp_path).token()
    assert caught.value.code == "no-credentials"


def gcloud(folder: Path, script: str) -> dict[str, str]:
    """An environment with a gcloud that runs `script`, signed in."""
    program = folder / "gcloud"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    (folder / "configurations").mkdir()
    (folder / "configurations" / "config_default").write_text("[core]\naccount = me@example.com\n", encoding="utf-8")
    return {"NO_GCE_CHECK": "true", "PATH": f"{folder}:/usr/bin:/bin", "CLOUDSDK_CONFIG": str(folder)}


def test_the_login_of_gcloud_itself(tmp_path: Path) -> None:
    environment = gcloud(tmp_path, f'echo "$@" >> {tmp_path}/asked; echo token-$(wc -l < {tmp_path}/asked)')
    credentials = Credentials(environment=environment)
    assert [credentials.token(), credentials.token()] == ["token-1", "token-1"]
    assert credentials.origin().account == "user:me@example.com"
    assert credentials.renew("token-1")
    assert credentials.token() == "token-2"
    assert (tmp_path / "asked").read_text(encoding="utf-8").splitlines() == ["auth print-access-token --quiet"] * 2


def test_a_login_of_gcloud_that_has_expired(tmp_path: Path) -> None:
    environment = gcloud(tmp_path, "echo canary-of-stderr >&2; exit 1")
    with pytest.raises(AccessDeniedError) as caught:
        Credentials(environment=environment).token()
    assert (caught.value.code, caught.value.hint) == ("expired-credentials", "Sign in again: gcloud auth login")
    assert "canary" not in caught.value.message


@pytest.mark.servers
def test_the_real_gcloud(tmp_path: Path) -> None:
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("gcloud is not on the PATH")
    (tmp_path / "token").write_text("of-gcloud", encoding="utf-8")
    (tmp_path / "active_config").write_text("default", encoding="utf-8")
    (tmp_path / "configurations").mkdir()
    properties = f"[core]\naccount = me@example.com\n[auth]\naccess_token_file = {tmp_path}/token\n"
    configuration = tmp_path / "configurations" / "config_default"
    configuration.write_text(properties, encoding="utf-8")
    environment = {"NO_GCE_CHECK": "true", "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    environment["CLOUDSDK_CONFIG"] = str(tmp_path)
    assert Credentials(environment=environment).token() == "of-gcloud"
    configuration.write_text(properties.partition("[auth]")[0], encoding="utf-8")
    with pytest.raises(AccessDeniedError) as caught:
        Credentials(environment=environment).token()
    assert caught.value.code == "expired-credentials"


def test_nobody_is_signed_in_with_gcloud(tmp_path: Path) -> None:
    environment = gcloud(tmp_path, "echo token")
    (tmp_path / "configurations" / "config_default").unlink()
    with pytest.raises(AccessDeniedError) as caught:
        Credentials(environment=environment).token()
    assert caught.value.code == "no-credentials"


def test_a_gcloud_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    found = find_gcloud_login(gcloud(tmp_path, "sleep 600; echo never"))
    assert found is not None
    began = time.monotonic()
    hanging = GcloudLogin(str(tmp_path / "gcloud"), found.origin, {"PATH": "/usr/bin:/bin"}, timeout_seconds=0.3)
    with pytest.raises(UnavailableError, match="in time"):
        hanging.token()
    assert time.monotonic() - began < 300


def test_many_threads_cause_one_refresh(tmp_path: Path, private_key: str, tokens: LocalGoogle) -> None:
    path = key_file(tmp_path, private_key, f"{tokens.url}/token")
    credentials = Credentials(environment={**EMPTY, "GOOGLE_APPLICATION_CREDENTIALS": str(path)})
    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(lambda _: credentials.token(), range(64))) == {"canary-1"}
        # All of them are told that it is refused; the first has renewed it by then.
        assert all(threads.map(lambda _: credentials.renew("canary-1"), range(64)))
    assert credentials.token() == "canary-2"
    assert len(tokens.received) == 2


async def test_a_token_that_is_refused_is_renewed_once(tmp_path: Path, private_key: str, tokens: LocalGoogle) -> None:
    def respond(request: Received) -> Reply:
        if request.headers["authorization"] == "Bearer canary-1":
            return refusal(401, "Request had invalid authentication credentials.", "ACCESS_TOKEN_EXPIRED")
        return Reply({"a": 1})

    path = key_file(tmp_path, private_key, f"{tokens.url}/token")
    with serve(respond=respond) as google:
        credentials = Credentials(environment={**EMPTY, "GOOGLE_APPLICATION_CREDENTIALS": str(path)})
        session = GoogleSession(credentials, Endpoints({Api.RUN: google.url}))
        assert await session.get(Api.RUN, "/v2/x") == {"a": 1}
        assert google.tokens == ["canary-1", "canary-2"]
        assert [call.status for call in session.calls] == [401, 200]
        session.close()


async def test_a_renewed_token_that_is_refused_again_is_the_end(
    tmp_path: Path, private_key: str, tokens: LocalGoogle
) -> None:
    path = key_file(tmp_path, private_key, f"{tokens.url}/token")
    with serve(refusal(401, "Request had invalid authentication credentials.")) as google:
        credentials = Credentials(environment={**EMPTY, "GOOGLE_APPLICATION_CREDENTIALS": str(path)})
        session = GoogleSession(credentials, Endpoints({Api.RUN: google.url}))
        with pytest.raises(AccessDeniedError) as caught:
            await session.get(Api.RUN, "/v2/x")
        session.close()
        assert len(google.received) == 2
    assert caught.value.code == "expired-credentials"


async def test_no_credentials_send_nothing(tmp_path: Path) -> None:
    with serve(Reply({})) as google:
        credentials = Credentials(environment={**EMPTY, "CLOUDSDK_CONFIG": str(tmp_path)})
        session = GoogleSession(credentials, Endpoints({Api.RUN: google.url}))
        with pytest.raises(AccessDeniedError):
            await session.get(Api.RUN, "/v2/x")
        session.close()
        assert google.received == []
        assert session.calls == []
