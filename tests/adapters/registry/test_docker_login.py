from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from opsctl.adapters.registry.docker_login import DockerLogins, Login
from opsctl.errors import DataError, UnavailableError
from opsctl.lab.liveness import read_birth
from tests.servers.kube_cluster import wait_for

SECRET = "canary-password"
AUTH = base64.b64encode(f"user:{SECRET}".encode()).decode()
LOGIN = Login("user", SECRET)


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def program(folder: Path, name: str, script: str) -> dict[str, str]:
    """An environment in which `docker-credential-NAME` is a shell script; what it is told is kept in `asked`."""
    path = folder / "bin" / f"docker-credential-{name}"
    write(path, f"#!/bin/sh\ncat >'{folder}/asked'\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{path.parent}:{os.environ['PATH']}"}


def find(home: Path, registry: str, repository: str = "team/app", **environ: str) -> Login | None:
    return DockerLogins(environ, home=home).find(registry, repository)


@pytest.mark.parametrize(
    "key", ["r.example.com", "https://r.example.com", "https://r.example.com/v2/", "http://r.example.com/v1/"]
)
def test_auths_of_docker(tmp_path: Path, key: str) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {key: {"auth": AUTH}, "other": {}}})
    assert find(tmp_path, "r.example.com") == LOGIN
    assert find(tmp_path, "example.com") is None


@pytest.mark.parametrize("registry", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_a_key_of_its_own(tmp_path: Path, registry: str) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}})
    assert find(tmp_path, registry, "library/node") == LOGIN


def test_an_identity_token_comes_before_the_password(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"r": {"auth": AUTH, "identitytoken": "refresh"}}})
    assert find(tmp_path, "r") == Login("", "refresh", is_identity_token=True)


def test_a_login_shows_no_password() -> None:
    assert SECRET not in repr(LOGIN)


@pytest.mark.parametrize(
    ("variable", "file"),
    [
        ("DOCKER_CONFIG", "config.json"),
        ("XDG_RUNTIME_DIR", "containers/auth.json"),
        ("XDG_CONFIG_HOME", "containers/auth.json"),
    ],
)
def test_where_the_files_are(tmp_path: Path, variable: str, file: str) -> None:
    write(tmp_path / "elsewhere" / file, {"auths": {"r": {"auth": AUTH}}})
    assert find(tmp_path, "r") is None
    assert find(tmp_path, "r", **{variable: str(tmp_path / "elsewhere")}) == LOGIN


def test_podmans_file_may_be_named_itself(tmp_path: Path) -> None:
    write(tmp_path / "my-auth", {"auths": {"r": {"auth": AUTH}}})
    assert find(tmp_path, "r", REGISTRY_AUTH_FILE=str(tmp_path / "my-auth")) == LOGIN


def test_the_narrowest_namespace_wins(tmp_path: Path) -> None:
    narrow = base64.b64encode(b"narrow:secret").decode()
    write(tmp_path / ".config/containers/auth.json", {"auths": {"r": {"auth": AUTH}, "r/team": {"auth": narrow}}})
    assert find(tmp_path, "r", "team/app") == Login("narrow", "secret")
    assert find(tmp_path, "r", "teams/app") == LOGIN


def test_a_helper_for_one_registry_comes_before_the_store(tmp_path: Path) -> None:
    environ = program(tmp_path, "mine", f'echo \'{{"ServerURL":"r","Username":"user","Secret":"{SECRET}"}}\'')
    write(tmp_path / ".docker/config.json", {"credHelpers": {"r": "mine"}, "credsStore": "missing"})
    assert find(tmp_path, "r", **environ) == LOGIN
    assert (tmp_path / "asked").read_text() == "r"
    with pytest.raises(DataError, match="docker-credential-missing"):
        find(tmp_path, "other", **environ)


def test_the_store_is_asked_for_docker_hub_by_its_own_key(tmp_path: Path) -> None:
    environ = program(tmp_path, "store", 'echo \'{"Username":"<token>","Secret":"refresh"}\'')
    write(tmp_path / ".docker/config.json", {"credsStore": "store", "auths": {"https://index.docker.io/v1/": {}}})
    assert find(tmp_path, "docker.io", **environ) == Login("", "refresh", is_identity_token=True)
    assert (tmp_path / "asked").read_text() == "https://index.docker.io/v1/"


def test_a_store_that_knows_nothing_leaves_it_to_the_file(tmp_path: Path) -> None:
    environ = program(tmp_path, "store", "echo 'credentials not found in native keychain'; exit 1")
    write(tmp_path / ".docker/config.json", {"credsStore": "store", "auths": {"r": {"auth": AUTH}}})
    assert find(tmp_path, "r", **environ) == LOGIN


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"echo {SECRET}; echo {SECRET} >&2; exit 3", "failed with code 3"),
        (f"echo {SECRET}", "did not answer with a user name"),
        (f"echo '[\"{SECRET}\"]'", "did not answer with a user name"),
        ("head -c 100000 /dev/zero", "wrote more than 65536 bytes"),
    ],
)
def test_a_helper_that_fails_is_named_and_not_quoted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], script: str, words: str
) -> None:
    environ = program(tmp_path, "bad", script)
    write(tmp_path / ".docker/config.json", {"credsStore": "bad"})
    with pytest.raises(DataError, match=words) as raised:
        find(tmp_path, "r", **environ)
    assert SECRET not in f"{raised.value.message}{raised.value.hint}{capfd.readouterr()}"


def test_a_helper_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    from opsctl.adapters.registry.credential_program import ask_credential_program  # noqa: PLC0415

    child = tmp_path / "child"
    environ = program(tmp_path, "slow", f"sleep 600 & echo $! >'{child}.new'; mv '{child}.new' '{child}'; wait")
    # A machine may be too busy to let it come as far as its child.
    for seconds in (0.5, 5, 50):
        with pytest.raises(UnavailableError, match=rf"did not end within {seconds} s"):
            ask_credential_program("docker-credential-slow", "r", environ=environ, timeout_seconds=seconds)
        if child.exists():
            break
    pid = int(child.read_text())
    wait_for(lambda: read_birth(pid) is None or None, "the child to end")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'{{"auths": {{"r": "{SECRET}"', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a JSON object"),
        ({"auths": []}, "auths is not a JSON object"),
        ({"credHelpers": "x"}, "credHelpers is not a JSON object"),
        ({"credsStore": "../../bin/sh"}, "cannot be a program"),
        ({"credsStore": 5}, "cannot be a program"),
        ({"auths": {"r": {"auth": SECRET}}}, "not the base64 of USER:PASSWORD"),
        ({"auths": {"r": {"auth": base64.b64encode(b"nocolon").decode()}}}, "not the base64"),
        (" " * ((1 << 20) + 1), "is larger than"),
    ],
)
def test_a_wrong_file_is_named_and_not_quoted(tmp_path: Path, content: Any, words: str) -> None:
    path = tmp_path / ".docker/config.json"
    write(path, content)
    with pytest.raises(DataError, match=words) as raised:
        find(tmp_path, "r")
    assert raised.value.message.startswith(str(path))
    assert SECRET not in raised.value.message
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("content", ["", "  \n", {}, {"auths": {"r": {}}}, {"auths": {"r": None}}, {"HttpHeaders": {}}])
def test_a_file_without_logins_is_none(tmp_path: Path, content: Any) -> None:
    write(tmp_path / ".docker/config.json", content)
    assert find(tmp_path, "r") is None


def test_a_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / ".docker/config.json").mkdir(parents=True)
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        find(tmp_path, "r")
