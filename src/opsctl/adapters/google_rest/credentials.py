"""Where an access token comes from: the first source that is there, refreshed when it has to be.

Order: the configuration; CLOUDSDK_AUTH_ACCESS_TOKEN; CLOUDSDK_AUTH_ACCESS_TOKEN_FILE; GOOGLE_APPLICATION_CREDENTIALS;
the application default credentials of gcloud; gcloud's own login; the metadata server of the machine.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from opsctl.adapters.google_rest.gcloud_settings import find_gcloud_folder
from opsctl.adapters.google_rest.transport import Transport
from opsctl.errors import AccessDeniedError

LOGIN = "gcloud auth login"
APPLICATION_DEFAULT_LOGIN = "gcloud auth application-default login"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the credentials come from. `renewal` is what to do when they are refused.

    `account` is an IAM member (`user:...`, `serviceAccount:...`), None when it is not known without asking.
    """

    name: str
    renewal: str
    account: str | None = None


class TokenSource(Protocol):
    """One kind of credentials."""

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        ...

    @property
    def quota_project(self) -> str | None:
        """The project that the credentials say requests are charged to."""
        ...

    def token(self) -> str:
        """A token that is valid as far as can be told here. Blocks, within a bound. Raises `AccessDeniedError` or
        `UnavailableError`."""
        ...

    def renew(self) -> bool:
        """Forgets the token, since the service refused it. Whether another can be had at all."""
        ...

    def close(self) -> None:
        """Ends what was started for a token. From any thread, also while another waits for it."""
        ...


class Credentials:
    """The credentials of whoever runs the command. They are looked for on first use. Safe to share by threads; one
    refresh at a time."""

    def __init__(
        self,
        access_token: str | None = None,
        *,
        environment: Mapping[str, str] = os.environ,
        transport: Transport | None = None,
    ) -> None:
        self._configured = access_token
        self._environment = environment
        self._transport = transport or Transport(connections=2)
        self._lock = threading.Lock()
        self._found: TokenSource | None = None

    def __repr__(self) -> str:
        return f"Credentials({self._found.origin.name if self._found else 'not looked for'})"

    def origin(self) -> Origin:
        """Where they come from. May block for a second. Raises `AccessDeniedError` when there are none."""
        return self._look().origin

    def quota_project(self) -> str | None:
        """The project that requests are charged to, where the credentials say so."""
        return self._environment.get("GOOGLE_CLOUD_QUOTA_PROJECT") or self._look().quota_project

    def token(self) -> str:
        """A valid access token. Blocks; raises `AccessDeniedError` or `UnavailableError`."""
        with self._lock:
            return self._source().token()

    def renew(self, refused: str) -> bool:
        """Tells that a service refused this token. Whether asking with `token()` again is worth while."""
        with self._lock:
            source = self._source()
            # Another thread may have been told so before, and have a new one already.
            return source.token() != refused or source.renew()

    def close(self) -> None:
        """Ends what was started for a token; does not wait for it."""
        if self._found is not None:
            self._found.close()

    def _look(self) -> TokenSource:
        """As `_source`, without waiting for a refresh that goes on elsewhere."""
        if self._found is not None:
            return self._found
        with self._lock:
            return self._source()

    def _source(self) -> TokenSource:
        if self._found is None:
            self._found = self._find()
        return self._found

    def _find(self) -> TokenSource:
        for look in (self._fixed, self._files, self._gcloud, self._metadata):
            if (source := look()) is not None:
                return source
        raise AccessDeniedError(
            "no Google Cloud credentials were found on this machine",
            code="no-credentials",
            hint=f"Sign in with `{LOGIN}` or `{APPLICATION_DEFAULT_LOGIN}`, or set GOOGLE_APPLICATION_CREDENTIALS.",
        )

    def _fixed(self) -> TokenSource | None:
        fresh = f"A token lasts an hour; a new one: gcloud auth print-access-token (after `{LOGIN}`)."
        if self._configured:
            return FixedToken(Origin("cloudrun.access_token of the configuration", fresh), self._configured)
        if token := self._environment.get("CLOUDSDK_AUTH_ACCESS_TOKEN"):
            return FixedToken(Origin("CLOUDSDK_AUTH_ACCESS_TOKEN", fresh), token)
        if path := self._environment.get("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"):
            return TokenFile(Origin(f"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE ({path})", fresh), Path(path))
        return None

    def _files(self) -> TokenSource | None:
        for path, name, renewal in self._file_places():
            from opsctl.adapters.google_rest.credential_files import load_credential_file  # noqa: PLC0415

            return load_credential_file(path, name, renewal, self._transport)
        return None

    def _file_places(self) -> Iterator[tuple[Path, str, str]]:
        login = f"Sign in again: {APPLICATION_DEFAULT_LOGIN}"
        default = find_gcloud_folder(self._environment) / "application_default_credentials.json"
        if named := self._environment.get("GOOGLE_APPLICATION_CREDENTIALS"):
            renewal = login if Path(named) == default else f"Is the file that {named} names still valid? Or: {login}"
            yield Path(named), f"GOOGLE_APPLICATION_CREDENTIALS ({named})", renewal
        elif default.is_file():
            yield default, "the application default credentials of gcloud", login

    def _gcloud(self) -> TokenSource | None:
        from opsctl.adapters.google_rest.gcloud_login import find_gcloud_login  # noqa: PLC0415

        return find_gcloud_login(self._environment)

    def _metadata(self) -> TokenSource | None:
        from opsctl.adapters.google_rest.metadata_server import find_metadata_server  # noqa: PLC0415

        return find_metadata_server(self._environment, self._transport)


class FixedToken:
    """A token that was given as it is."""

    quota_project = None

    def __init__(self, origin: Origin, token: str) -> None:
        self.origin = origin
        self._token = check_token(token, origin)

    def token(self) -> str:
        return self._token

    def renew(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing was started."""


class TokenFile:
    """A file that holds a token and nothing else; something outside may renew it."""

    quota_project = None

    def __init__(self, origin: Origin, path: Path) -> None:
        self.origin = origin
        self._path = path
        self._token: str | None = None

    def token(self) -> str:
        if self._token is None:
            try:
                text = self._path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise unusable(self.origin, "cannot be read") from error
            self._token = check_token(text, self.origin)
        return self._token

    def renew(self) -> bool:
        refused, self._token = self._token, None
        return self.token() != refused

    def close(self) -> None:
        """Nothing was started."""


def check_token(text: str, origin: Origin) -> str:
    """The token without the white space around it. Raises `AccessDeniedError` for what cannot stand in a header."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise unusable(origin, "holds no access token")
    return token


def unusable(origin: Origin, what: str) -> AccessDeniedError:
    """Credentials that are there and cannot be used."""
    return AccessDeniedError(f"{origin.name} {what}", code="no-credentials", hint=origin.renewal)
