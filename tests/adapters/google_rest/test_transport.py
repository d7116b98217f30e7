"""Requests over TLS and through proxies; what stays of a connection after a request."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opsctl.adapters.google_rest.transport import Interruption, Transport, TransportError
from tests.adapters.google_rest.local_google import Reply, serve

FOREVER_SECONDS = 240.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SLOW_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        signed.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@contextmanager
def tls_server(certificate: Path, *, drips: bool) -> Iterator[str]:
    """Answers one request of each connection; or sends it a byte now and then."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as stream:
                stream.recv(65536)
                stream.sendall(ANSWER if not drips else SLOW_ANSWER)
                while drips and not over.wait(0.02):
                    stream.sendall(b" ")
                stream.recv(1)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def test_a_certificate_that_nobody_vouches_for_ends_it_before_a_header_is_sent(certificate: Path) -> None:
    with tls_server(certificate, drips=False) as url, pytest.raises(TransportError, match="certificate") as caught:
        Transport().send("GET", f"{url}/x", {"Authorization": "Bearer t"}, None, timeout_seconds=FOREVER_SECONDS)
    assert not caught.value.may_retry


def test_a_certificate_of_the_machine_s_own_store(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_server(certificate, drips=False) as url:
        assert Transport().send("GET", f"{url}/x", {}, None, timeout_seconds=FOREVER_SECONDS).body == b"{}"


def test_the_deadline_holds_over_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_server(certificate, drips=True) as url:
        began = time.monotonic()
        with pytest.raises(TransportError) as caught:
            Transport().send("GET", f"{url}/x", {}, None, timeout_seconds=0.3)
    assert caught.value.timed_out
    assert not caught.value.may_retry
    assert time.monotonic() - began < FOREVER_SECONDS / 2


def test_the_proxy_of_the_environment_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve(Reply({"by": "proxy"})) as proxy, serve(Reply({"by": "itself"})) as local:
        monkeypatch.setenv("http_proxy", proxy.url)
        transport = Transport()
        far = transport.send("GET", "http://service.example/x", {}, None, timeout_seconds=FOREVER_SECONDS)
        near = transport.send("GET", f"{local.url}/x", {}, None, timeout_seconds=FOREVER_SECONDS)
        assert (far.body, near.body) == (b'{"by": "proxy"}', b'{"by": "itself"}')
        assert proxy.received[0].headers["host"] == "service.example"
        transport.close()


def test_a_request_that_is_over_cannot_be_interrupted_into_the_next_one() -> None:
    with serve(Reply({})) as server:
        transport = Transport(connections=1)
        for _ in range(3):
            interruption = Interruption()
            transport.send(
                "GET", f"{server.url}/x", {}, None, timeout_seconds=FOREVER_SECONDS, interruption=interruption
            )
            interruption.fire()
        assert len(server.received) == 3
        transport.close()


def test_an_interruption_before_the_request_ends_it() -> None:
    interruption = Interruption()
    interruption.fire()
    with serve(Reply({})) as server, pytest.raises(TransportError) as caught:
        Transport().send("GET", f"{server.url}/x", {}, None, timeout_seconds=FOREVER_SECONDS, interruption=interruption)
    assert caught.value.timed_out


def test_a_host_that_has_no_address() -> None:
    with pytest.raises(TransportError, match="could not be resolved"):
        Transport(environment_proxies=False).send(
            "GET", "https://no-such-host.invalid/x", {}, None, timeout_seconds=FOREVER_SECONDS
        )
