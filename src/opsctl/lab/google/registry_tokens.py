"""Who may read from the local registry: tokens for repositories, given out for Google's access token.

Flow: https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiohttp import web

from opsctl.lab.google.registry_answers import RegistryError
from opsctl.lab.google.registry_behaviour import Challenge, RegistryBehaviour

FOREIGN_TOKEN_PATH = "/foreign-token"  # noqa: S105
TOKEN_PATH = "/v2/token"  # noqa: S105
_USER = "oauth2accesstoken"


@dataclass(slots=True)
class RegistryTokens:
    """`google_token` is the access token that users of the registry must have."""

    google_token: str
    behaviour: RegistryBehaviour
    _repositories: dict[str, frozenset[str]] = field(default_factory=dict)

    def issue(self, request: web.Request) -> dict[str, object]:
        """A token for the repositories that the scopes name. Raises RegistryError 401 without Google's token."""
        if not self._is_basic(request):
            raise RegistryError(401, "UNAUTHORIZED", "authentication failed")
        token = f"lab-registry-{secrets.token_urlsafe(24)}"
        self._repositories[token] = frozenset(_repositories(request.query.getall("scope", [])))
        return {self.behaviour.token_field: token, "expires_in": 3600, "issued_at": "2026-01-12T02:00:00Z"}

    def check(self, request: web.Request, repository: str | None) -> None:
        """Raises RegistryError 401, with the challenge, unless the request may read the repository. None stands for
        the registry as a whole."""
        kind, _, credential = request.headers.get("Authorization", "").partition(" ")
        challenge = self.behaviour.challenge
        if challenge is Challenge.OPEN or (challenge is Challenge.BASIC and self._is_basic(request)):
            return
        if kind.lower() == "bearer" and challenge is not Challenge.BASIC:
            if self.behaviour.takes_google_token and credential == self.google_token:
                return
            allowed = self._repositories.get(credential)
            if allowed is not None and (repository is None or repository in allowed):
                return
        message = "The request has missing or invalid credentials." if credential else "No credentials were given."
        header = {"WWW-Authenticate": self._challenge(request, repository)}
        raise RegistryError(401, "UNAUTHORIZED", message, header)

    def _challenge(self, request: web.Request, repository: str | None) -> str:
        host = request.host
        if self.behaviour.challenge is Challenge.BASIC:
            return f'Basic realm="http://{host}"'
        if self.behaviour.challenge is Challenge.BEARER_OF_ANOTHER_HOST:
            return f'Bearer realm="http://{other_host(host)}{FOREIGN_TOKEN_PATH}",service="{host}"'
        realm = f'Bearer realm="http://{host}{TOKEN_PATH}"'
        if self.behaviour.challenge is Challenge.BEARER_WITHOUT_SERVICE:
            return realm
        scope = f',scope="repository:{repository}:pull"' if repository else ""
        return f'{realm},service="{host}"{scope}'

    def _is_basic(self, request: web.Request) -> bool:
        kind, _, credential = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(credential, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return user == _USER and password == self.google_token


def other_host(host: str) -> str:
    """The same server under its other name: for a client, another host."""
    name, _, port = host.rpartition(":")
    return f"{'127.0.0.1' if name == 'localhost' else 'localhost'}:{port}"


def _repositories(scopes: Iterable[str]) -> Iterable[str]:
    """The names in `repository:NAME:pull`; several scopes may come in one parameter."""
    for scope in " ".join(scopes).split():
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        if kind == "repository" and "pull" in actions.split(","):
            yield name
