"""Secrets that a cluster holds, and Mongo through a forwarded port, as the command line uses them."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pymongo.uri_parser import parse_uri

from opsctl.cli.kubernetes_access import KubeSecrets, forwarded_uri, kube_client
from opsctl.config import ImagesSection, MongoSection, Profile, S3Section
from opsctl.config.values import Given, Origin
from opsctl.errors import AccessDeniedError, ConfigError, DataError, NotFoundError, OpsctlError, UnavailableError
from tests.adapters.kube.api_server import ApiServer, api_server, json_answer, refusal

HERE = Origin("file", "opsctl.toml", 3)
URI = "mongodb://user:pass%2Fword@db/?authSource=admin"


def profile_of(kubeconfig: Path | None, environ: dict[str, str] | None = None, **mongo: object) -> Profile:
    values = {"uri": {"kube_secret": "ns/db/uri"}, "database": "d", "collection": "c", **mongo}
    kubernetes = {} if kubeconfig is None else {"kubeconfig": Given(kubeconfig.name, HERE, kubeconfig.parent)}
    sections = {"mongo": {key: Given(value, HERE) for key, value in values.items()}, "kubernetes": kubernetes}
    return Profile("p", None, sections, environ or {})


def kubeconfig_of(server: ApiServer, folder: Path) -> Path:
    path = folder / "config"
    cluster = {"server": f"http://127.0.0.1:{server.port}"}
    tables = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    path.write_text(yaml.safe_dump(tables), encoding="utf-8")
    return path


def secret(**values: bytes) -> Any:
    return json_answer({"data": {key: base64.b64encode(value).decode() for key, value in values.items()}})


def with_secrets(profile: Profile, learned: set[str]) -> Profile:
    return Profile(profile.name, None, profile.given, profile.environ, KubeSecrets(profile, learned.update))


async def test_a_uri_comes_from_a_secret_which_is_read_once_and_then_hidden(tmp_path: Path) -> None:
    learned: set[str] = set()
    async with api_server(secret(uri=URI.encode() + b"\n")) as server:
        profile = with_secrets(profile_of(kubeconfig_of(server, tmp_path)), learned)
        # What shows or hides the configuration asks nobody.
        assert profile.secrets() == frozenset()
        shown = {setting.key: setting for setting in profile.settings() if setting.section == "mongo"}["uri"]
        assert (shown.value, shown.problem, shown.reference) == (None, None, "kube_secret ns/db/uri")
        profile.section(ImagesSection)
        assert not server.requests
        for _ in range(2):
            section = await asyncio.to_thread(profile.section, MongoSection)
            assert section.uri == URI
    assert [request.path for request in server.requests] == ["/api/v1/namespaces/ns/secrets/db"]
    assert learned == {"pass%2Fword", "pass/word"}


async def test_keys_of_aws_come_from_a_secret(tmp_path: Path) -> None:
    learned: set[str] = set()
    async with api_server(secret(id=b"AKIA", key=b"very-secret")) as server:
        plain = profile_of(kubeconfig_of(server, tmp_path))
        s3 = {
            "bucket": Given("b", HERE),
            "access_key_id": Given({"kube_secret": "ns/aws/id"}, HERE),
            "secret_access_key": Given({"kube_secret": "ns/aws/key"}, HERE),
        }
        profile = with_secrets(Profile("p", None, {**plain.given, "s3": s3}, {}), learned)
        section = await asyncio.to_thread(profile.section, S3Section)
    assert (section.access_key_id, section.secret_access_key) == ("AKIA", "very-secret")
    assert "very-secret" in learned


FORBIDDEN = 'secrets "db" is forbidden: User "joe" cannot get resource "secrets" in API group "" in the namespace "ns"'


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (refusal(403, "Forbidden", FORBIDDEN), AccessDeniedError, "does not let joe get secrets in namespace ns"),
        (refusal(404, "NotFound", 'secrets "db" not found'), NotFoundError, 'secrets "db" not found'),
        (secret(other=b"x"), NotFoundError, "has no key uri"),
        (secret(uri=b"\xff\xfe"), DataError, "is not UTF-8 text"),
        (json_answer({"data": {"uri": "%"}}), DataError, "is not UTF-8 text"),
        (secret(uri=b"\n"), ConfigError, "which is empty"),
        (secret(uri=b"redis://x"), ConfigError, "must start with mongodb"),
    ],
)
async def test_secrets_that_cannot_be_used(tmp_path: Path, answer: Any, error: type[OpsctlError], words: str) -> None:
    async with api_server(answer) as server:
        profile = with_secrets(profile_of(kubeconfig_of(server, tmp_path)), set())
        for _ in range(2):
            with pytest.raises(error) as raised:
                await asyncio.to_thread(profile.section, MongoSection)
    assert words in raised.value.message
    assert raised.value.message.startswith("mongo.uri")
    assert raised.value.message.count("refers to") <= 1
    assert len(server.requests) == 1
    if isinstance(raised.value, AccessDeniedError):
        assert raised.value.permission == "get secrets in namespace ns"


async def test_a_server_that_is_away_is_not_asked_for_the_next_one(tmp_path: Path) -> None:
    learned: set[str] = set()
    async with api_server(refusal(500, "InternalError", "etcdserver: request timed out")) as server:
        read = KubeSecrets(profile_of(kubeconfig_of(server, tmp_path)), learned.update)
        with pytest.raises(UnavailableError):
            await asyncio.to_thread(read, "mongo.uri", "ns/db/uri")
        asked = len(server.requests)
        with pytest.raises(UnavailableError) as raised:
            await asyncio.to_thread(read, "s3.secret_access_key", "ns/aws/key")
        assert raised.value.message.startswith("s3.secret_access_key refers to the Kubernetes Secret ns/aws/key: ")
        assert len(server.requests) == asked


async def test_it_may_be_called_while_an_event_loop_runs(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"mongo\.uri refers to the Kubernetes Secret ns/db/uri: There is no kubeconfig"
    ):
        with_secrets(profile_of(None, {"HOME": str(tmp_path)}), set()).section(MongoSection)


async def test_the_kubeconfig_of_the_profile_is_relative_to_its_file(tmp_path: Path) -> None:
    async with api_server(json_answer({"gitVersion": "v1"})) as server:
        kubeconfig_of(server, tmp_path)
        client = kube_client(profile_of(tmp_path / "config"))
        try:
            assert await client.get("/version") == {"gitVersion": "v1"}
        finally:
            await client.close()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mongodb://db", "mongodb://127.0.0.1:5/?directConnection=true"),
        ("mongodb://a:1,b:2/base?replicaSet=rs0&w=1", "mongodb://127.0.0.1:5/base?w=1&directConnection=true"),
        ("mongodb://u:p%40x@db?tls=true", "mongodb://u:p%40x@127.0.0.1:5/?tls=true&directConnection=true"),
        ("mongodb://[::1]:1/?directConnection=false", "mongodb://127.0.0.1:5/?directConnection=true"),
    ],
)
def test_the_hosts_of_a_uri_become_the_forwarded_port(uri: str, expected: str) -> None:
    assert forwarded_uri(uri, 5) == expected


@pytest.mark.parametrize("uri", ["mongodb+srv://db", "mongodb://u:p/w@db/", "mongodb://u:p?w@db"])
def test_uris_that_cannot_be_forwarded(uri: str) -> None:
    with pytest.raises(ConfigError) as raised:
        forwarded_uri(uri, 5)
    assert "p/w" not in raised.value.message


_WORD = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=1, max_size=8)


@given(user=_WORD, password=st.text(min_size=1, max_size=10), source=_WORD)
def test_who_signs_in_stays_the_same(user: str, password: str, source: str) -> None:
    uri = f"mongodb://{quote_plus(user)}:{quote_plus(password)}@db:27017/?authSource={quote_plus(source)}&replicaSet=r"
    parsed = parse_uri(forwarded_uri(uri, 27018))
    assert (parsed["username"], parsed["password"], parsed["nodelist"]) == (user, password, [("127.0.0.1", 27018)])
    assert dict(parsed["options"]) == {"authSource": source, "directConnection": True}
