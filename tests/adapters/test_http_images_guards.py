"""What must not be asked or believed: private addresses, names that are not there, certificates."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opsctl.adapters.http_images import HttpImages, open_http_images
from opsctl.lab.image_host import ImageHost, serve_images
from opsctl.migration.models import (
    Download,
    FailureClass,
)
from tests.adapters.image_hosts import SETTINGS, fail
from tests.adapters.raw_host import serve_raw


@pytest.fixture
async def host() -> AsyncIterator[ImageHost]:
    async with serve_images(trickle_seconds=4.0) as running:
        yield running


@pytest.fixture
async def source() -> AsyncIterator[HttpImages]:
    async with open_http_images(SETTINGS) as opened:
        yield opened


async def classify(url: str, *allowed: str) -> FailureClass:
    async with open_http_images(replace(SETTINGS, allow_private_hosts=allowed)) as source:
        return (await fail(source, url)).failure_class


class TestAddressGuard:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:{port}/img/x.jpg",
            "http://localhost:{port}/img/x.jpg",
            "http://0x7f.1:{port}/img/x.jpg",
            "http://0.0.0.0:{port}/img/x.jpg",
            "http://[::1]:{port}/img/x.jpg",
            "http://[::ffff:127.0.0.1]:{port}/img/x.jpg",
            "http://10.0.0.1/x",
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00::1]/x",
        ],
    )
    async def test_by_address_and_by_name(self, host: ImageHost, url: str) -> None:
        port = host.base_url.rpartition(":")[2]
        assert await classify(url.format(port=port)) is FailureClass.BLOCKED_ADDRESS
        assert sum(host.requests.values()) == 0, "nothing was sent"

    @pytest.mark.parametrize("name", ["127.1", "2130706433", "017700000001", "0x7f000001"])
    async def test_by_a_number_in_another_notation(self, host: ImageHost, name: str) -> None:
        url = host.base_url.replace("127.0.0.1", name)
        assert await classify(f"{url}/img/x.jpg") in (FailureClass.BLOCKED_ADDRESS, FailureClass.BAD_URL)
        assert sum(host.requests.values()) == 0, "nothing was sent"

    @pytest.mark.parametrize("name", ["redirect-private", "redirect-metadata", "redirect-mapped"])
    async def test_by_redirect(self, host: ImageHost, source: HttpImages, name: str) -> None:
        failure = await fail(source, f"{host.base_url}/fault/{name}/x.jpg")
        assert failure.failure_class is FailureClass.BLOCKED_ADDRESS
        assert failure.detail.endswith("is not a public address")

    async def test_a_redirect_to_an_allowed_address_by_another_name(self, host: ImageHost) -> None:
        port = host.base_url.rpartition(":")[2]
        url = f"http://localhost:{port}/fault/redirect-302/x.jpg"
        async with open_http_images(replace(SETTINGS, allow_private_hosts=("localhost",))) as source:
            assert isinstance(await source.fetch(url), Download)

    async def test_allowed_by_network(self, host: ImageHost) -> None:
        async with open_http_images(replace(SETTINGS, allow_private_hosts=("127.0.0.0/8",))) as source:
            assert isinstance(await source.fetch(f"{host.base_url}/img/x.jpg"), Download)

    async def test_no_proxy_of_the_environment_stands_between(
        self, host: ImageHost, source: HttpImages, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert isinstance(await source.fetch(f"{host.base_url}/img/x.jpg"), Download)


class TestNames:
    async def test_a_name_that_does_not_exist_while_dns_is_not_known_to_work(self, source: HttpImages) -> None:
        failure = await fail(source, "http://no-such-host.invalid/x.jpg")
        assert (failure.failure_class, failure.detail) == (FailureClass.OURS, "the host name could not be looked up")

    async def test_a_name_that_does_not_exist_while_dns_works(self, host: ImageHost) -> None:
        port = host.base_url.rpartition(":")[2]
        async with open_http_images(replace(SETTINGS, allow_private_hosts=("localhost",))) as source:
            assert isinstance(await source.fetch(f"http://localhost:{port}/img/x.jpg"), Download)
            failure = await fail(source, "http://no-such-host.invalid/x.jpg")
        # A machine without any DNS answers "try again" even now, and that is ours.
        assert failure.failure_class in (FailureClass.GONE, FailureClass.OURS)

    @pytest.mark.parametrize("url", ["http://../x", "http://a..b/x", f"http://{'a' * 64}.example/x"])
    async def test_names_that_cannot_be(self, source: HttpImages, url: str) -> None:
        assert (await fail(source, url)).failure_class in (FailureClass.BAD_URL, FailureClass.OURS)


class TestTls:
    async def test_a_certificate_that_is_not_accepted_may_be_renewed_later(
        self, source: HttpImages, tmp_path: Path
    ) -> None:
        async with serve_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", self_signed(tmp_path)) as raw:
            failure = await fail(source, f"https://127.0.0.1:{raw.port}/x")
        assert (failure.failure_class, failure.detail) == (
            FailureClass.LATER,
            "the host's certificate is not accepted",
        )
        assert raw.requests == []

    async def test_https_to_a_host_that_speaks_http(self, host: ImageHost, source: HttpImages) -> None:
        failure = await fail(source, host.base_url.replace("http:", "https:") + "/img/x.jpg")
        assert failure.failure_class is FailureClass.LATER


def self_signed(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
