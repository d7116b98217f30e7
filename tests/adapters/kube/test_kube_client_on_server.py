"""The client on a real API server."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from opsctl.adapters.kube.client import KubeClient, open_kube
from opsctl.adapters.kube.credentials import Credentials
from opsctl.adapters.kube.kubeconfig import Entry, find_access
from opsctl.adapters.kube.secrets import read_secret
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, UnavailableError
from tests.adapters.kube.api_server import items_of
from tests.servers.kube_cluster import RESTRICTED_USER, KubeCluster, wait_for

pytestmark = pytest.mark.servers
_NAMESPACES = iter(range(1000))


@pytest.fixture
def namespace(cluster: KubeCluster) -> str:
    name = f"client-{next(_NAMESPACES)}"
    cluster.create_namespace(name)
    return name


@asynccontextmanager
async def client_in(cluster: KubeCluster, context: str = "admin", **user: Any) -> AsyncIterator[KubeClient]:
    """A client of the context; `user` takes the place of its user."""
    access = find_access({}, kubeconfig=cluster.kubeconfig, context=context)
    if user:
        access = replace(access, user=Entry("given", user, Path("/")))
    client = KubeClient(access, Credentials(access, {}))
    try:
        yield client
    finally:
        await client.close()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def test_objects_are_made_read_changed_and_deleted(cluster: KubeCluster, namespace: str) -> None:
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    async with client_in(cluster) as client:
        made = await client.send("POST", maps, config_map("a", x="1"))
        merge = "application/merge-patch+json"
        await client.send("PATCH", f"{maps}/a", {"data": {"y": "2"}}, content_type=merge)
        assert (await client.get(f"{maps}/a"))["data"] == {"x": "1", "y": "2"}
        with pytest.raises(DataError) as exists:
            await client.send("POST", maps, config_map("a"))
        with pytest.raises(DataError) as conflict:
            await client.send("PUT", f"{maps}/a", made)
        with pytest.raises(DataError, match="Invalid value") as invalid:
            await client.send("POST", maps, config_map("No Such Name"))
        dry = await client.send("POST", maps, config_map("b"), query=(("dryRun", "All"),))
        await client.send("DELETE", f"{maps}/a", None)
        for name in ("a", "b"):
            with pytest.raises(NotFoundError, match=f'configmaps "{name}" not found'):
                await client.get(f"{maps}/{name}")
    assert dry["metadata"]["name"] == "b"
    assert [error.value.code for error in (exists, conflict, invalid)] == ["already-exists", "conflict", "invalid"]


async def test_a_list_is_complete_whatever_the_size_of_its_pages(cluster: KubeCluster, namespace: str) -> None:
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    names = {f"item-{number}" for number in range(25)}
    async with client_in(cluster) as client:
        await asyncio.gather(*(client.send("POST", maps, config_map(name)) for name in names))
        for limit in ("1", "7", "500"):
            found = [item["metadata"]["name"] for item in await items_of(client, maps, (("limit", limit),))]
            assert len(found) == len(set(found))
            assert names <= set(found)


async def test_what_is_missing_is_named_and_granting_it_helps(cluster: KubeCluster, namespace: str) -> None:
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    async with client_in(cluster, "user") as client:
        for path, permission in ((f"{jobs}/j", "get jobs.batch"), (jobs, "list jobs.batch")):
            with pytest.raises(AccessDeniedError) as raised:
                await client.get(path)
            assert raised.value.permission == f"{permission} in namespace {namespace}"
        with pytest.raises(AccessDeniedError) as raised:
            await anext(client.stream(f"/api/v1/namespaces/{namespace}/pods/p/log"))
        assert raised.value.permission == f"get pods/log in namespace {namespace}"
        cluster.grant(namespace, {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list"]})
        assert await items_of(client, jobs) == []


async def test_wrong_and_missing_credentials(cluster: KubeCluster) -> None:
    async with client_in(cluster, token="no-such-token") as client:
        with pytest.raises(AccessDeniedError) as refused:
            await client.get("/api/v1/namespaces")
    async with client_in(cluster, username="") as client:
        with pytest.raises(AccessDeniedError) as nobody:
            await client.get("/api/v1/namespaces")
    assert (refused.value.code, nobody.value.code) == ("expired-credentials", "no-credentials")
    assert "no-such-token" not in refused.value.message


async def test_an_oidc_token_that_the_server_does_not_take(cluster: KubeCluster) -> None:
    claims = base64.urlsafe_b64encode(b'{"exp": 99999999999}').decode().rstrip("=")
    config = {"id-token": f"e30.{claims}.sign", "idp-issuer-url": "https://login.example"}
    provider: dict[str, Any] = {"auth-provider": {"name": "oidc", "config": config}}
    async with client_in(cluster, **provider) as client:
        with pytest.raises(AccessDeniedError) as refused:
            await client.get("/api/v1/namespaces")
    assert refused.value.code == "expired-credentials"
    assert "without a refresh-token: sign in again at https://login.example" in (refused.value.hint or "")


async def test_the_service_account_of_a_pod(cluster: KubeCluster, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(cluster.service_account_token(namespace))
    (tmp_path / "namespace").write_text(namespace)
    (tmp_path / "ca.crt").write_bytes(cluster.authority.read_bytes())
    environ = {
        "HOME": str(tmp_path),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(cluster.port),
    }
    access = find_access(environ, service_account=tmp_path)
    client = KubeClient(access, Credentials(access, environ))
    try:
        with pytest.raises(AccessDeniedError, match=f"system:serviceaccount:{namespace}:default get secrets"):
            await client.get(f"/api/v1/namespaces/{client.namespace}/secrets/x")
    finally:
        await client.close()


async def test_a_client_certificate_signs_in(cluster: KubeCluster) -> None:
    certificate, key = certificate_for("carol", cluster.authority)
    files = {"client-certificate-data": certificate, "client-key-data": key}
    async with client_in(cluster, **files) as client:
        with pytest.raises(AccessDeniedError, match="does not let carol list nodes"):
            await client.get("/api/v1/nodes")


def certificate_for(name: str, authority: Path) -> tuple[str, str]:
    """Certificate and key in base64, signed by the cluster's authority."""
    issuer = x509.load_pem_x509_certificate(authority.read_bytes())
    issuer_key = serialization.load_pem_private_key(authority.with_suffix(".key").read_bytes(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(usage, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    texts = certificate.public_bytes(serialization.Encoding.PEM), pem
    return base64.b64encode(texts[0]).decode(), base64.b64encode(texts[1]).decode()


async def test_a_certificate_that_is_not_the_servers(cluster: KubeCluster) -> None:
    access = find_access({}, kubeconfig=cluster.kubeconfig)
    without = {key: value for key, value in access.cluster.values.items() if key != "certificate-authority-data"}
    other_name = {**access.cluster.values, "tls-server-name": "elsewhere.example"}
    for values in (without, other_name):
        wrong = replace(access, cluster=Entry("c", values, Path("/")))
        client = KubeClient(wrong, Credentials(wrong, {}))
        try:
            with pytest.raises(UnavailableError, match="certificate"):
                await client.get("/version")
        finally:
            await client.close()
    for more in ({"tls-server-name": "kubernetes.default.svc"}, {"insecure-skip-tls-verify": True}):
        right = replace(access, cluster=Entry("c", {**without, **more}, Path("/")))
        if "tls-server-name" in more:
            right = replace(access, cluster=Entry("c", {**access.cluster.values, **more}, Path("/")))
        client = KubeClient(right, Credentials(right, {}))
        try:
            assert (await client.get("/version"))["major"] == "1"
        finally:
            await client.close()


async def test_a_log_is_followed_as_it_grows(cluster: KubeCluster, namespace: str) -> None:
    cluster.create_pod(namespace, "talker")
    current, previous = cluster.pod_log(namespace, "talker")
    previous.write("the end before")
    current.write("one", "둘")
    path = f"/api/v1/namespaces/{namespace}/pods/talker/log"
    async with client_in(cluster) as client:
        assert [line async for line in client.stream(path)] == [b"one", "둘".encode()]
        assert [line async for line in client.stream(path, (("previous", "true"),))] == [b"the end before"]
        following = client.stream(path, (("follow", "true"), ("tailLines", "1")))
        async with asyncio.timeout(60):
            assert await anext(following) == "둘".encode()
            current.write("three")
            assert await anext(following) == b"three"


async def test_a_log_of_a_pod_that_has_not_started(cluster: KubeCluster, namespace: str) -> None:
    body = {
        "metadata": {"name": "held", "annotations": {"kubetest/hold": ""}},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    }
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/pods", body)
    async with client_in(cluster) as client:
        with pytest.raises((DataError, NotFoundError, UnavailableError)):
            await anext(client.stream(f"/api/v1/namespaces/{namespace}/pods/held/log"))


async def test_a_secret(cluster: KubeCluster, namespace: str) -> None:
    cluster.create_secret(namespace, "db", {"uri": "mongodb://u:p@db/"})
    async with client_in(cluster) as client:
        assert await read_secret(client, f"{namespace}/db/uri") == "mongodb://u:p@db/"
        with pytest.raises(NotFoundError, match="has no key password") as raised:
            await read_secret(client, f"{namespace}/db/password")
    assert raised.value.hint == "Its keys: uri"


async def test_the_namespace_that_is_asked_for(cluster: KubeCluster) -> None:
    for asked, expected in ((None, "default"), ("team", "team")):
        client = open_kube({}, kubeconfig=cluster.kubeconfig, namespace=asked)
        assert client.namespace == expected
        await client.close()


REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


async def test_whoever_may_act_for_another_is_that_one_with_its_groups(cluster: KubeCluster) -> None:
    other: dict[str, Any] = {
        "as": "jane",
        "as-uid": "u-1",
        "as-groups": ["dev", "ops"],
        "as-user-extra": {"acme.com/Project": ["a"]},
    }
    async with client_in(cluster, token="admin-token", **other) as client:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        who = (await client.send("POST", REVIEW, body))["status"]["userInfo"]
        with pytest.raises(AccessDeniedError, match="does not let jane list secrets in namespace default"):
            await items_of(client, "/api/v1/namespaces/default/secrets")
    assert (who["username"], who["uid"], who["extra"]) == ("jane", "u-1", {"acme.com/project": ["a"]})
    assert who["groups"] == ["dev", "ops", "system:authenticated"]


async def test_each_right_to_act_for_another_is_named_and_granting_what_is_named_helps(
    cluster: KubeCluster, namespace: str
) -> None:
    """Rule by rule as the errors ask for them, until the other one's own rights are what counts."""
    restricted = find_access({}, kubeconfig=cluster.kubeconfig, context="user").user
    other: dict[str, Any] = {"as": "jane", "as-uid": "u-1", "as-groups": ["dev"], "as-user-extra": {"scopes": ["view"]}}
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    cluster.grant(namespace, {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}, user="jane")
    cluster.request("POST", maps, config_map("for-jane"))
    rules: list[dict[str, Any]] = []
    asked: list[str | None] = []
    found: list[Any] = []
    async with client_in(cluster, **restricted.values, **other) as client:
        while not found and len(asked) < 10:
            try:
                found = await items_of(client, maps)
            except AccessDeniedError as error:
                asked.append(error.permission)
                rule = re.search(r"\{.*?\}", error.hint or "")
                assert rule is not None
                rules.append(yaml.safe_load(rule[0]))
                await asyncio.to_thread(grant_everywhere, cluster, rules, error.permission)
    for kind in ("clusterrolebindings", "clusterroles"):
        cluster.request("DELETE", f"/apis/rbac.authorization.k8s.io/v1/{kind}/acting")
    assert "for-jane" in [item["metadata"]["name"] for item in found]
    assert asked == [
        "impersonate users",
        "impersonate groups",
        "impersonate userextras.authentication.k8s.io/scopes",
        "impersonate uids.authentication.k8s.io",
    ]
    assert [rule["resourceNames"] for rule in rules] == [["jane"], ["dev"], ["view"], ["u-1"]]


def grant_everywhere(cluster: KubeCluster, rules: list[dict[str, Any]], permission: str | None) -> None:
    """Gives RESTRICTED_USER the rules, in all namespaces; the last of them has taken effect when this returns."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    role = {"metadata": {"name": "acting"}, "rules": rules}
    if cluster.find(f"{rbac}/clusterroles/acting"):
        cluster.request("PUT", f"{rbac}/clusterroles/acting", role)
    else:
        cluster.request("POST", f"{rbac}/clusterroles", role)
        subject = {"kind": "User", "name": RESTRICTED_USER, "apiGroup": "rbac.authorization.k8s.io"}
        reference = {"kind": "ClusterRole", "name": "acting", "apiGroup": "rbac.authorization.k8s.io"}
        binding = {"metadata": {"name": "acting"}, "subjects": [subject], "roleRef": reference}
        cluster.request("POST", f"{rbac}/clusterrolebindings", binding)
    resource, _, part = rules[-1]["resources"][0].partition("/")
    wanted = {
        "verb": "impersonate",
        "group": rules[-1]["apiGroups"][0],
        "resource": resource,
        "subresource": part,
        "name": rules[-1]["resourceNames"][0],
    }
    review = {"spec": {"user": RESTRICTED_USER, "resourceAttributes": wanted}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    wait_for(lambda: cluster.request("POST", path, review)["status"]["allowed"] or None, f"{permission} to be granted")
