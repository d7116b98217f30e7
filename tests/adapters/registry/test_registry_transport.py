from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
from pathlib import Path

import pytest

from opsctl.adapters.registry.client import Patience, RegistryClient
from opsctl.adapters.registry.deadline import Clock, Deadline, Stop
from opsctl.adapters.registry.refusals import Repository
from opsctl.adapters.registry.transport import RegistryCall
from opsctl.errors import UnavailableError
from tests.adapters.raw_host import serve_raw
from tests.adapters.registry.registry_server import Registry
from tests.adapters.registry.stopped_clock import GivenLogins, StoppedClock


def client() -> RegistryClient:
    return RegistryClient(GivenLogins(), clock=StoppedClock(), patience=Patience(idle_seconds=60))


async def get(port: int, registry: str = "127.0.0.1") -> UnavailableError:
    """The error of a request that fails; it waits on a thread for a host that is in this one."""
    with pytest.raises(UnavailableError) as raised:
        await asyncio.to_thread(client().get_manifest, Repository(f"{registry}:{port}", "a/b"), "1")
    return raised.value


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n"])
async def test_what_is_no_answer_is_a_connection_that_broke(answer: bytes) -> None:
    async with serve_raw(answer) as host:
        error = await get(host.port)
    assert error.code == "unavailable"
    assert error.__suppress_context__


async def test_a_body_that_ends_early_is_told() -> None:
    async with serve_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}") as host:
        error = await get(host.port)
    assert "the connection was lost" in error.message


async def test_a_proxy_of_the_environment_is_asked_and_its_password_not_told(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve_raw(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTP_PROXY", f"http://user:canary@127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        error = await get(443, "registry.invalid")
        assert proxy.requests[0].startswith(b"CONNECT registry.invalid:443 HTTP/1.")
        assert b"Proxy-Authorization: Basic" in proxy.requests[0] or b"proxy-authorization: Basic" in proxy.requests[0]
        asked = len(proxy.requests)
        registry.add_manifest({}, "1")
        client().get_manifest(Repository(registry.name, "p/r/app"), "1")
    assert "canary" not in f"{error.message}{error.hint}"
    assert len(proxy.requests) == asked


async def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(tmp_path: Path) -> None:
    async with serve_raw(b"HTTP/1.1 200 OK\r\n\r\n", _self_signed(tmp_path)) as host:
        # A name that is not this machine's would be needed for https; 127.0.0.1 is asked in plain http.
        endpoint = RegistryClient(
            GivenLogins(), google_endpoint=f"https://127.0.0.1:{host.port}", clock=(clock := StoppedClock())
        )
        with pytest.raises(UnavailableError, match="the certificate of") as raised:
            await asyncio.to_thread(endpoint.get_manifest, Repository("gcr.io", "a/b"), "1")
    assert host.requests == []
    assert clock.pauses == []
    assert raised.value.__suppress_context__


def test_connections_are_used_again(registry: Registry) -> None:
    """A refusal, a redirect and a body each leave a connection that serves the next request."""
    registry.add_manifest({}, "1")
    registry.first_answers = [(307, {"Location": "/v2/p/r/app/manifests/1"}, b"moved"), (503, {}, b"busy")]
    seen = client()
    for _ in range(3):
        seen.get_manifest(Repository(registry.name, "p/r/app"), "1")
    assert [call.status for call in seen.calls] == [307, 503, 200, 200, 200]
    assert [call.path for call in seen.calls] == ["/v2/p/r/app/manifests/1", "", "", *["/v2/p/r/app/manifests/1"] * 2]
    assert all(isinstance(call, RegistryCall) and call.host == registry.name for call in seen.calls)
    assert registry.connections == 1


def test_a_stop_breaks_off_what_was_begun_and_nothing_that_is_done() -> None:
    stop, broken = Stop(), []
    with stop.broken_off_by(lambda: broken.append("done")):
        pass
    with stop.broken_off_by(lambda: broken.append("begun")):
        stop.request()
    assert broken == ["begun"]


def test_a_deadline_is_passed_by_time_alone() -> None:
    clock = StoppedClock()
    deadline = Deadline("it", 10, clock=clock)
    assert deadline.pause(4)
    assert deadline.left() == 6
    assert not deadline.pause(6)
    clock.time += 6
    with pytest.raises(UnavailableError, match="it: not done within 10 s"):
        deadline.left()


def test_the_real_clock_wakes_up_when_stopped() -> None:
    event = threading.Event()
    event.set()
    before = Clock().now()
    Clock().wait(event, 60)
    assert Clock().now() - before < 30


def _self_signed(folder: Path) -> ssl.SSLContext:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
