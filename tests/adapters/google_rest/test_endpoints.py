"""Where requests go, and where a token may not go."""

from __future__ import annotations

import pytest
from msgspec import convert

from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.session import Api
from opsctl.config.sections import CloudRunSection
from opsctl.errors import ConfigError


def test_google_s_own_hosts_when_nothing_is_configured() -> None:
    endpoints = Endpoints()
    assert {endpoints.url(api) for api in Api} == {f"https://{api.value}" for api in Api}
    assert all(api.value.endswith(".googleapis.com") for api in Api)


def test_every_setting_of_the_section_is_used() -> None:
    settings = [key for key in CloudRunSection.__struct_fields__ if key.endswith("endpoint")]
    settings.remove("registry_endpoint")
    section = convert({key: f"https://{key}.example/base/" for key in settings}, CloudRunSection)
    endpoints = Endpoints.from_section(section)
    assert endpoints.url(Api.RUN) == "https://endpoint.example/base"
    assert {endpoints.url(api) for api in Api} == {f"https://{key}.example/base" for key in settings}


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.9.9.9"])
def test_plain_http_is_for_this_machine(host: str) -> None:
    assert Endpoints({Api.RUN: f"http://{host}/"}).url(Api.RUN) == f"http://{host}"


@pytest.mark.parametrize(
    "url",
    [
        "http://run.googleapis.com",
        "http://10.0.0.5:8080",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "https://user:word@example.com",
        "ftp://127.0.0.1",
        "https://",
        "http://[::1",
    ],
)
def test_a_token_goes_nowhere_else(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Endpoints({Api.LOGGING: url})
    assert "cloudrun.logging_endpoint" in caught.value.message
    assert url not in caught.value.message
