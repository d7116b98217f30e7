from __future__ import annotations

import pytest

from opsctl.adapters.registry.addresses import (
    find_base_url,
    is_google_registry,
    is_loopback,
    is_same_origin,
    parse_foreign_url,
    resolve_redirect,
)
from opsctl.errors import DataError


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        ("asia-northeast3-docker.pkg.dev", True),
        ("us-docker.pkg.dev", True),
        ("gcr.io", True),
        ("eu.gcr.io", True),
        ("docker.pkg.dev", False),
        ("evil-docker.pkg.dev.example.com", False),
        ("gcr.io.example.com", False),
        ("notgcr.io", False),
        ("a.b.gcr.io", False),
        ("gcr.io:443", False),
        ("us-docker.pkg.dev:5000", False),
        ("x@us-docker.pkg.dev", False),
        ("us-npm.pkg.dev", False),
    ],
)
def test_who_is_google(registry: str, expected: bool) -> None:
    assert is_google_registry(registry) is expected


@pytest.mark.parametrize(
    ("registry", "endpoint", "expected"),
    [
        ("eu.gcr.io", None, "https://eu.gcr.io"),
        ("eu.gcr.io", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("docker.io", "http://127.0.0.1:8080", "https://registry-1.docker.io"),
        ("ghcr.io", "http://127.0.0.1:8080", "https://ghcr.io"),
        ("localhost:5000", None, "http://localhost:5000"),
        ("127.0.0.1:5000", None, "http://127.0.0.1:5000"),
        ("[::1]:5000", None, "http://[::1]:5000"),
        ("10.0.0.1:5000", None, "https://10.0.0.1:5000"),
        ("registry.example.com:5000", None, "https://registry.example.com:5000"),
    ],
)
def test_where_a_registry_is_asked(registry: str, endpoint: str | None, expected: str) -> None:
    assert find_base_url(registry, endpoint) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("https://a/x", "https://a:443/y", True),
        ("http://a/x", "http://A:80/y", True),
        ("https://a", "http://a", False),
        ("https://a", "https://a:444", False),
        ("https://a", "https://b.a", False),
    ],
)
def test_origins(one: str, other: str, expected: bool) -> None:
    assert is_same_origin(one, other) is expected


@pytest.mark.parametrize("host", ["localhost", "x.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [None, "", "localhost.example.com", "128.0.0.1", "0.0.0.0", "10.0.0.1", "::2"])
def test_other_machines(host: str | None) -> None:
    assert not is_loopback(host)


def test_plain_http_is_for_a_registry_on_this_machine_alone() -> None:
    assert (
        parse_foreign_url("http://127.0.0.1:1/x", asked_at="http://127.0.0.1:2/", what="it") == "http://127.0.0.1:1/x"
    )
    for url in ("http://127.0.0.1:1/x", "http://169.254.169.254/x", "https://[", "https://a:99999/", "javascript:x"):
        with pytest.raises(DataError, match="it is not an https address"):
            parse_foreign_url(url, asked_at="https://r.example.com/", what="it")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/downloads/x", "https://r.example.com/downloads/x"),
        ("x?y=z", "https://r.example.com/v2/x?y=z"),
        ("//cdn.example.com/x", "https://cdn.example.com/x"),
        ("https://cdn.example.com/x", "https://cdn.example.com/x"),
    ],
)
def test_redirects(location: str, expected: str) -> None:
    assert resolve_redirect(location, asked_at="https://r.example.com/v2/a", what="it") == expected
