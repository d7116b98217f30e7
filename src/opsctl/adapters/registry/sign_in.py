"""Signing in to registries: the token flow, Basic, and Google's own token as a Bearer.

Source: "Token Authentication Specification" and "OAuth2 Token Authentication" of the distribution project; Artifact
Registry, "Set up authentication for Docker".
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode, urlsplit, urlunsplit

from opsctl.adapters.registry.addresses import is_google_registry, is_same_origin, parse_foreign_url
from opsctl.adapters.registry.challenge import Challenge, parse_challenges
from opsctl.adapters.registry.deadline import Clock, Deadline
from opsctl.adapters.registry.docker_login import Login
from opsctl.adapters.registry.refusals import Refusal, Repository, explain_refusal
from opsctl.adapters.registry.transport import Request, Transport, read_body
from opsctl.errors import AccessDeniedError, DataError, OpsctlError, UnavailableError

_GOOGLE_USER = "oauth2accesstoken"
_MAX_TOKEN_BYTES = 64 << 10
# What the specification says of a token that tells no lifetime, and a margin for clocks and slow answers.
_DEFAULT_TOKEN_SECONDS = 60.0
_MARGIN_SECONDS = 10.0
# A token endpoint that is none: the registry may take Google's token itself.
_NO_TOKEN_SERVICE = frozenset({400, 404, 405, 501})


class Logins(Protocol):
    """Where logins are kept."""

    def find(self, registry: str, repository: str) -> Login | None:
        """The login for a repository, None without one."""
        ...


@dataclass(frozen=True, slots=True)
class _Grant:
    """An Authorization header and until when it is good, on the clock; `is_direct` for Google's own token."""

    header: str
    end: float
    has_login: bool
    is_direct: bool = False


class SignIn:
    """Authorization headers, kept for each repository until they run out."""

    def __init__(
        self, transport: Transport, logins: Logins, google_token: Callable[[], str] | None, *, clock: Clock
    ) -> None:
        self._transport = transport
        self._logins = logins
        self._google_token = google_token
        self._clock = clock
        self._grants: dict[Repository, _Grant] = {}
        self._no_google: dict[Repository, OpsctlError] = {}
        self._lock = threading.Lock()

    def current(self, repository: Repository) -> str | None:
        """The header to send, None to ask without one."""
        grant = self._grants.get(repository)
        return grant.header if grant is not None and grant.end > self._clock.now() else None

    def has_login(self, repository: Repository) -> bool:
        """Whether the header that is sent stands for somebody; anonymous pulls have a token too."""
        grant = self._grants.get(repository)
        return grant is not None and grant.has_login

    def refusal(self, repository: Repository) -> OpsctlError | None:
        """Why Google's token could not be had, where that is why there was no login."""
        return None if self.has_login(repository) else self._no_google.get(repository)

    def renew(
        self,
        repository: Repository,
        challenges: Iterable[str],
        *,
        url: str,
        refused: str | None,
        is_second_try: bool,
        deadline: Deadline,
    ) -> bool:
        """Answers a 401 of `url` to the header `refused`. False when there is nothing else to try.

        `is_second_try`: the refused header was made for this very request. Raises `AccessDeniedError`,
        `UnavailableError`, `DataError`.
        """
        with self._lock:
            if not is_second_try and self.current(repository) not in (None, refused):
                # Another thread was quicker.
                return True
            if is_second_try:
                grant = self._grants.get(repository)
                renewed = None if grant is None or grant.is_direct else self._direct(repository)
            else:
                renewed = self._answer(repository, parse_challenges(challenges), url, deadline)
            if renewed is None:
                return False
            self._grants[repository] = renewed
            return True

    def _answer(
        self, repository: Repository, challenges: tuple[Challenge, ...], url: str, deadline: Deadline
    ) -> _Grant | None:
        bearer = next((found for found in challenges if found.scheme == "bearer" and "realm" in found.parameters), None)
        if bearer is not None:
            return self._ask_token(repository, bearer, url, deadline)
        login = self._find_login(repository)
        if login is None or login.is_identity_token:
            return None
        if any(found.scheme == "basic" for found in challenges):
            return _Grant(_basic(login), float("inf"), has_login=True)
        return self._direct(repository)

    def _ask_token(self, repository: Repository, bearer: Challenge, url: str, deadline: Deadline) -> _Grant | None:
        what = f"sign-in to {repository.registry}"
        realm = parse_foreign_url(bearer.parameters["realm"], asked_at=url, what=f"{what}: what the registry names")
        if is_google_registry(repository.registry) and not is_same_origin(realm, url):
            raise DataError(f"{what}: the registry names another host, which Google's token must not be sent to")
        login = self._find_login(repository)
        response = self._transport.ask(_token_request(what, realm, bearer, repository, login), deadline)
        status = response.status
        body = read_body(response, deadline, max_bytes=_MAX_TOKEN_BYTES, what=what)
        token = _read_token(body) if status == 200 else None
        if token is not None:
            return _Grant(f"Bearer {token[0]}", self._clock.now() + token[1], has_login=login is not None)
        direct = self._direct(repository) if status == 200 or status in _NO_TOKEN_SERVICE else None
        if direct is not None:
            return direct
        if status == 200:
            raise DataError(f"{what}: the answer holds no token")
        if status in (401, 403) and login is None and repository in self._no_google:
            raise self._no_google[repository]
        raise explain_refusal(Refusal(status, body, login is not None), repository, what)

    def _direct(self, repository: Repository) -> _Grant | None:
        if not is_google_registry(repository.registry) or self._google_token is None:
            return None
        login = self._find_login(repository)
        if login is None or login.username != _GOOGLE_USER:
            return None
        # The session behind the callable knows when its token ends; ask it again soon.
        end = self._clock.now() + _DEFAULT_TOKEN_SECONDS
        return _Grant(f"Bearer {login.password}", end, has_login=True, is_direct=True)

    def _find_login(self, repository: Repository) -> Login | None:
        if self._google_token is not None and is_google_registry(repository.registry):
            try:
                return Login(_GOOGLE_USER, self._google_token())
            except (AccessDeniedError, UnavailableError) as error:
                self._no_google[repository] = error
        return self._logins.find(repository.registry, repository.name)


def _token_request(what: str, realm: str, bearer: Challenge, repository: Repository, login: Login | None) -> Request:
    values = {"scope": bearer.parameters.get("scope") or f"repository:{repository.name}:pull"}
    if bearer.parameters.get("service"):
        values["service"] = bearer.parameters["service"]
    if login is not None and login.is_identity_token:
        form = {"grant_type": "refresh_token", "refresh_token": login.password, "client_id": "opsctl", **values}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(what, realm, headers, body=urlencode(form).encode())
    parts = urlsplit(realm)
    query = "&".join(part for part in (parts.query, urlencode(values)) if part)
    url = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    return Request(what, url, {} if login is None else {"Authorization": _basic(login)})


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _read_token(body: bytes) -> tuple[str, float] | None:
    """Token and how many seconds to use it."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    token = answer.get("token") or answer.get("access_token")
    # What has a line end or a space is no token, and would be another header.
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
        return None
    seconds = answer.get("expires_in")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        seconds = _DEFAULT_TOKEN_SECONDS
    return token, max(1.0, min(float(seconds), 3600.0) - _MARGIN_SECONDS)
