"""Signing in: exec plugins, OIDC, token files, certificates."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.adapters.kube.credentials import Credentials, tls_context
from opsctl.adapters.kube.exec_plugin import Credential, run_exec_plugin
from opsctl.adapters.kube.kubeconfig import Access, Entry, find_access
from opsctl.adapters.kube.oidc import find_oidc_token
from opsctl.adapters.kube.sign_in import sign_in_hint
from opsctl.errors import AccessDeniedError, ConfigError, UnavailableError
from tests.adapters.kube.api_server import api_server, client_of, hanging_answer, json_answer, refusal
from tests.servers.kube_cluster import wait_for

V1 = "client.authentication.k8s.io/v1"


def access_of(user: dict[str, Any], folder: Path = Path("/"), cluster: dict[str, Any] | None = None) -> Access:
    return Access(
        context="test",
        origin="context test of /somewhere/config",
        server="https://127.0.0.1:1",
        namespace="default",
        cluster=Entry("c", {"server": "https://127.0.0.1:1", **(cluster or {})}, folder),
        user=Entry("u", user, folder),
    )


def plugin(folder: Path, script: str, **settings: Any) -> dict[str, Any]:
    """A user whose credentials come from a shell script."""
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)
    return {"exec": {"apiVersion": V1, "command": "./plugin", **settings}}


def answer(**status: str) -> str:
    return f"cat <<'END'\n{json.dumps({'apiVersion': V1, 'kind': 'ExecCredential', 'status': status})}\nEND"


ENVIRON = {"PATH": os.environ["PATH"]}


async def test_a_plugin_gets_its_arguments_and_variables_and_gives_a_token(tmp_path: Path) -> None:
    script = f'printf "%s|%s|%s" "$1" "$OWN" "$KUBERNETES_EXEC_INFO" >"$(dirname "$0")/seen"\n{answer(token="t1")}'
    user = plugin(tmp_path, script, args=["get-token"], env=[{"name": "OWN", "value": "mine"}], provideClusterInfo=True)
    credential = await run_exec_plugin(access_of(user, tmp_path), ENVIRON)
    assert credential == Credential(token="t1")
    argument, own, told = (tmp_path / "seen").read_text().split("|", 2)
    assert (argument, own) == ("get-token", "mine")
    assert json.loads(told)["spec"] == {"interactive": False, "cluster": {"server": "https://127.0.0.1:1"}}


async def test_a_plugin_is_told_the_authority_and_what_the_kubeconfig_keeps_for_it(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("the authority")
    kept = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "prod"}}
    cluster = {"certificate-authority": "ca.crt", "extensions": [{"name": "other", "extension": 1}, kept]}
    script = f'printf "%s" "$KUBERNETES_EXEC_INFO" >"$(dirname "$0")/seen"\n{answer(token="t1")}'
    await run_exec_plugin(access_of(plugin(tmp_path, script, provideClusterInfo=True), tmp_path, cluster), ENVIRON)
    assert json.loads((tmp_path / "seen").read_text())["spec"]["cluster"] == {
        "server": "https://127.0.0.1:1",
        "certificate-authority-data": base64.b64encode(b"the authority").decode(),
        "config": {"audience": "prod"},
    }


async def test_a_slow_plugin_takes_nothing_from_the_time_of_the_server(tmp_path: Path) -> None:
    """It takes longer than a request may; what is told is that the server hangs."""
    script = f'sleep 0.5; echo done >"$(dirname "$0")/end"\n{answer(token="t")}'
    async with api_server(hanging_answer(b"")) as server:
        access = replace(server.access(), user=Entry("u", plugin(tmp_path, script), tmp_path))
        async with client_of(access, environ=ENVIRON, seconds=0.2) as client:
            with pytest.raises(UnavailableError, match=r"gave no answer within 0\.2 seconds"):
                await client.get("/version")
    assert (tmp_path / "end").read_text() == "done\n"


async def test_what_a_plugin_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    """It holds the output open: there is no end of the answer to wait for."""
    script = 'sleep 1000 & echo "$$ $!" >"$(dirname "$0")/new"; mv "$(dirname "$0")/new" "$(dirname "$0")/pids"'
    running = asyncio.create_task(run_exec_plugin(access_of(plugin(tmp_path, script), tmp_path), ENVIRON))
    pids = tmp_path / "pids"
    await asyncio.to_thread(wait_for, lambda: pids.exists() or None, "the plug-in to have begun")
    itself, left = map(int, pids.read_text().split())
    await asyncio.to_thread(wait_for, lambda: has_ended(itself) or None, "the plug-in to have ended")
    assert not has_ended(left)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.to_thread(wait_for, lambda: has_ended(left) or None, "what it has left behind to end")


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_a_token_is_kept_until_it_runs_out(tmp_path: Path) -> None:
    script = f'echo x >>"$(dirname "$0")/calls"\n{answer(token="t", expirationTimestamp="2030-01-01T00:00:00Z")}'
    now = [1893456000.0 - 3600]
    credentials = Credentials(access_of(plugin(tmp_path, script), tmp_path), ENVIRON, clock=lambda: now[0])
    assert (await credentials.current()) is (await credentials.current())
    now[0] += 3590
    assert dict(await credentials.headers())["Authorization"] == "Bearer t"
    assert (tmp_path / "calls").read_text() == "x\nx\n"


async def test_a_refused_token_is_asked_for_once_more(tmp_path: Path) -> None:
    script = f'echo x >>"$(dirname "$0")/calls"\n{answer(token="t")}'
    async with api_server(refusal(401, "Unauthorized"), json_answer({"ok": 1})) as server:
        access = server.access()
        fresh = replace(access, user=Entry("u", plugin(tmp_path, script), tmp_path))
        async with client_of(fresh, environ=ENVIRON) as client:
            assert await client.get("/version") == {"ok": 1}
    assert (tmp_path / "calls").read_text() == "x\nx\n"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"command": "no-such-program-here"}, "no-such-program-here of context test .* is not installed"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "needs a command, and one of"),
        ({"interactiveMode": "Always"}, "wants a terminal"),
        ({"args": "x"}, "must be a list of texts"),
    ],
)
async def test_a_plugin_that_cannot_be_run(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    user = plugin(tmp_path, answer(token="t"), **{"installHint": "brew install\n it", **settings})
    with pytest.raises(ConfigError, match=words) as raised:
        await run_exec_plugin(access_of(user, tmp_path), ENVIRON)
    if "command" in settings:
        assert raised.value.hint == "brew install it"


@pytest.mark.parametrize(
    "script",
    ["echo hello", "echo '[]'", answer(), answer(clientCertificateData="x"), answer(token="t").replace("/v1", "/v9")],
)
async def test_a_plugin_that_answers_with_something_else(tmp_path: Path, script: str) -> None:
    with pytest.raises(ConfigError, match="did not answer with an ExecCredential"):
        await run_exec_plugin(access_of(plugin(tmp_path, script), tmp_path), ENVIRON)


async def test_a_plugin_that_fails_or_hangs(tmp_path: Path) -> None:
    failing = access_of(plugin(tmp_path, "echo context >&2; echo 'token has expired' >&2; exit 3"), tmp_path)
    with pytest.raises(AccessDeniedError, match=r"plugin failed \(3\): token has expired") as raised:
        await run_exec_plugin(failing, ENVIRON)
    assert raised.value.code == "expired-credentials"
    hanging = access_of(plugin(tmp_path, "sleep 1000 & wait"), tmp_path)
    started = time.monotonic()
    with pytest.raises(AccessDeniedError, match=r"gave no answer within 0\.2 seconds"):
        await run_exec_plugin(hanging, ENVIRON, timeout_seconds=0.2)
    assert time.monotonic() - started < 60


def oidc(expiry: float | None, name: str = "oidc", **config: str) -> dict[str, Any]:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expiry} if expiry else {}).encode()).decode().rstrip("=")
    return {"auth-provider": {"name": name, "config": {"id-token": f"head.{claims}.sign", **config}}}


async def test_an_oidc_token_is_used_while_it_holds() -> None:
    user = oidc(2000)
    credentials = Credentials(access_of(user), {}, clock=lambda: 1000)
    token = user["auth-provider"]["config"]["id-token"]
    assert dict(await credentials.headers())["Authorization"] == f"Bearer {token}"
    assert (await credentials.current()).expires_at == 2000
    assert (await Credentials(access_of(oidc(None)), {}).current()).expires_at is None


ISSUER = "https://login.example"


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        (
            {"refresh-token": "r-secret", "idp-issuer-url": ISSUER},
            "Let kubectl renew it: kubectl --context test get namespaces. Where it cannot, sign in again at "
            "https://login.example with the program that wrote the token.",
        ),
        (
            {"idp-issuer-url": ISSUER},
            "kubectl cannot renew it without a refresh-token: sign in again at https://login.example with the program "
            "that wrote the token.",
        ),
        ({}, "kubectl cannot renew it without a refresh-token: sign in again with the program that wrote the token."),
    ],
)
async def test_an_oidc_token_that_has_run_out_says_what_to_do(config: dict[str, str], hint: str) -> None:
    with pytest.raises(AccessDeniedError) as raised:
        await Credentials(access_of(oidc(2000, **config)), {}, clock=lambda: 3000).current()
    expected = "The id-token of context test of /somewhere/config has expired at 1970-01-01 00:33 UTC."
    assert (raised.value.message, raised.value.code, raised.value.hint) == (expected, "expired-credentials", hint)


async def test_an_oidc_token_that_the_server_does_not_accept_says_what_to_do() -> None:
    user = oidc(None, **{"refresh-token": "r", "idp-issuer-url": ISSUER})
    async with api_server(refusal(401, "Unauthorized")) as server, client_of(server.access(user)) as client:
        with pytest.raises(AccessDeniedError, match="does not accept the credentials") as raised:
            await client.get("/version")
    assert "Where it cannot, sign in again at https://login.example" in (raised.value.hint or "")


async def test_a_token_that_kubectl_has_renewed_meanwhile_is_found(tmp_path: Path) -> None:
    path, now = tmp_path / "config", [1000.0]

    def write(user: dict[str, Any]) -> str:
        tables = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": user}],
        }
        path.write_text(json.dumps(tables))
        return str(user["auth-provider"]["config"]["id-token"])

    first = write(oidc(2000))
    credentials = Credentials(find_access({}, kubeconfig=path), {}, clock=lambda: now[0])
    assert (await credentials.current()).token == first
    now[0] = 2000
    with pytest.raises(AccessDeniedError, match="has expired") as raised:
        await credentials.current()
    assert f"the program that wrote the token into {path}." in (raised.value.hint or "")
    second = write(oidc(3000))
    assert (await credentials.current()).token == second
    # Read in the moment in which kubectl writes it.
    path.write_text("users: [")
    now[0] = 3000
    with pytest.raises(AccessDeniedError, match="has expired"):
        await credentials.current()
    third = write(oidc(4000))
    assert (await credentials.current()).token == third


@given(st.floats() | st.integers() | st.text() | st.booleans() | st.sampled_from((None, [], {}, 10**400, -(10**17))))
async def test_any_time_of_expiry_is_a_token_or_has_run_out(expiry: object) -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expiry}).encode()).decode()
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": f"a.{payload}.b"}}}
    try:
        told = (await find_oidc_token(access_of(user), now=1000)).token
    except AccessDeniedError as error:
        told = error.code
    assert told in (f"a.{payload}.b", "expired-credentials")


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"token": "t"}, "Its token may have expired"),
        ({"client-certificate-data": "x", "client-key-data": "y"}, "Its client certificate may have expired"),
        ({"username": "u", "password": "p"}, "Its password may have expired"),
        ({"tokenFile": "/run/token"}, "Write a new token to /run/token"),
        ({"exec": {}}, "Sign in again; this tries the same: kubectl --context test get namespaces"),
        ({}, "User 'u' holds no credentials"),
    ],
)
def test_what_to_do_follows_from_how_the_user_signs_in(user: dict[str, Any], words: str) -> None:
    assert sign_in_hint(access_of(user)).startswith(words)


async def test_other_providers_and_no_token() -> None:
    with pytest.raises(ConfigError, match="auth-provider gcp"):
        await Credentials(access_of(oidc(None, "gcp")), {}).current()
    with pytest.raises(AccessDeniedError, match="holds no id-token"):
        await Credentials(access_of({"auth-provider": {"name": "oidc"}}), {}).current()


async def test_the_token_of_a_pod_is_read_again(tmp_path: Path) -> None:
    now, file = [0.0], tmp_path / "token"
    credentials = Credentials(access_of({"tokenFile": str(file)}), {}, clock=lambda: now[0])
    with pytest.raises(ConfigError, match="cannot be read"):
        await credentials.current()
    file.write_text("one\n")
    assert (await credentials.current()).token == "one"
    file.write_text("two\n")
    assert (await credentials.current()).token == "one"
    now[0] += 61
    assert (await credentials.current()).token == "two"
    file.write_text("")
    now[0] += 61
    with pytest.raises(ConfigError, match="is empty"):
        await credentials.current()


async def test_half_a_client_certificate() -> None:
    data = base64.b64encode(b"x").decode()
    with pytest.raises(ConfigError, match="belong together"):
        await Credentials(access_of({"client-certificate-data": data}), {}).current()
    with pytest.raises(ConfigError, match="cannot be used"):
        tls_context(access_of({}), Credential(certificate=b"x", key=b"y"))
    with pytest.raises(ConfigError, match="is not PEM"):
        tls_context(access_of({}, cluster={"certificate-authority-data": data}), Credential())
