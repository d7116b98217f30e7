"""Where the Google APIs are reached, and where a token may go."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from opsctl.adapters.google_rest.session import Api
from opsctl.adapters.google_rest.transport import is_loopback
from opsctl.config.sections import CloudRunSection
from opsctl.errors import ConfigError

_SETTINGS = MappingProxyType(
    {
        Api.RUN: "endpoint",
        Api.LOGGING: "logging_endpoint",
        Api.IAM: "iam_endpoint",
        Api.RESOURCE_MANAGER: "resource_manager_endpoint",
        Api.SECRET_MANAGER: "secret_manager_endpoint",
        Api.SQL: "sql_endpoint",
        Api.SERVICE_USAGE: "service_usage_endpoint",
        Api.POLICY_TROUBLESHOOTER: "policy_troubleshooter_endpoint",
        Api.ARTIFACT_REGISTRY: "artifact_registry_endpoint",
    }
)


class Endpoints:
    """The base URL of each API: Google's own host over https, or what the configuration names in its place.

    `run.googleapis.com` serves every location, so there is one address for all regions. Raises `ConfigError` for an
    address that a token must not be sent to: plain http is for this machine only.
    """

    def __init__(self, configured: Mapping[Api, str] = MappingProxyType({})) -> None:
        self._urls = {api: f"https://{api.value}" for api in Api}
        for api, url in configured.items():
            check_token_may_go(url, f"cloudrun.{_SETTINGS[api]}")
            self._urls[api] = url.rstrip("/")

    @classmethod
    def from_section(cls, section: CloudRunSection) -> Endpoints:
        """As the section `[cloudrun]` says."""
        named = {api: getattr(section, setting) for api, setting in _SETTINGS.items()}
        return cls({api: url for api, url in named.items() if url is not None})

    def url(self, api: Api) -> str:
        """Scheme, host and perhaps a path in front; no slash at the end."""
        return self._urls[api]


def check_token_may_go(url: str, setting: str) -> None:
    """Raises `ConfigError` unless `url` is https, or http to a loopback address. The text does not repeat the URL."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise ConfigError(f"{setting} is not a URL") from error
    if parts.scheme == "https" and host and parts.username is None:
        return
    if parts.scheme == "http" and is_loopback(host) and parts.username is None:
        return
    raise ConfigError(
        f"{setting}: an access token is sent there, so it must be https (plain http only to this machine)",
        hint=f"Set {setting} to an https:// address, or to http://127.0.0.1:PORT for a local stand-in.",
    )
