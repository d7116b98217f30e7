"""Signing in to the API server: what the user of a context says, renewed when it runs out."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from opsctl.adapters.kube.exec_plugin import Credential, run_exec_plugin
from opsctl.adapters.kube.impersonation import impersonation_headers
from opsctl.adapters.kube.kubeconfig import Access
from opsctl.adapters.kube.oidc import find_oidc_token
from opsctl.errors import ConfigError

_CONTROL_SIGNS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# A token that ends while the request travels is as good as none.
_MARGIN_SECONDS = 30.0
# Kubernetes renews the token of a pod well before its end, in place.
_FILE_SECONDS = 60.0


class Credentials:
    """The credentials of one context. `clock` is seconds since 1970."""

    def __init__(self, access: Access, environ: Mapping[str, str], *, clock: Callable[[], float] = time.time) -> None:
        self._access = access
        self._environ = environ
        self._clock = clock
        self._current: Credential | None = None
        self._lock = asyncio.Lock()

    @property
    def can_renew(self) -> bool:
        """Whether a refused credential can be replaced without a person."""
        values = self._access.user.values
        return any(key in values for key in ("exec", "tokenFile", "auth-provider"))

    async def current(self) -> Credential:
        """What to sign in with. Raises ConfigError, AccessDeniedError."""
        async with self._lock:
            held = self._current
            if held is None or (held.expires_at is not None and held.expires_at - _MARGIN_SECONDS <= self._clock()):
                self._current = held = await self._find()
            return held

    def refused(self, credential: Credential) -> bool:
        """Forgets what the server refused; whether it is worth another try."""
        if self._current is credential:
            self._current = None
        return self.can_renew

    async def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and values: Authorization, and for whom to act."""
        credential, user = await self.current(), self._access.user
        authorization = f"Bearer {credential.token}" if credential.token else self._basic()
        signed = (("Authorization", authorization),) if authorization else ()
        headers = (*signed, *impersonation_headers(user))
        for name, value in headers:
            if _CONTROL_SIGNS.search(value):
                what = "the token" if name == "Authorization" else "what it acts as"
                raise ConfigError(f"kubeconfig: {what} of user {user.name!r} is not one line of text.")
        return headers

    def _basic(self) -> str | None:
        name, password = self._access.user.text("username"), self._access.user.text("password")
        if name is None or password is None:
            return None
        return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()

    async def _find(self) -> Credential:
        user = self._access.user
        if "exec" in user.values:
            return await run_exec_plugin(self._access, self._environ)
        if "auth-provider" in user.values:
            return await find_oidc_token(self._access, now=self._clock())
        certificate, key = user.bytes_of("client-certificate"), user.bytes_of("client-key")
        if (certificate is None) != (key is None):
            raise ConfigError(f"kubeconfig: client-certificate and client-key of {user.name!r} belong together.")
        if (named := user.text("tokenFile")) is None:
            return Credential(user.text("token"), certificate, key)
        token = self._token_from_file(user.path(named))
        return Credential(token, certificate, key, expires_at=self._clock() + _MARGIN_SECONDS + _FILE_SECONDS)

    def _token_from_file(self, path: Path) -> str:
        user = self._access.user
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"kubeconfig: tokenFile of {user.name!r}, {path}, cannot be read.") from error
        if not token:
            raise ConfigError(f"kubeconfig: tokenFile of {user.name!r}, {path}, is empty.")
        return token


def tls_context(access: Access, credential: Credential) -> ssl.SSLContext:
    """Verifies the server as the cluster entry says, shows the client certificate. Raises ConfigError."""
    authority = access.cluster.bytes_of("certificate-authority")
    # Not create_default_context: from Python 3.13 on it refuses the certificates that many clusters have.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if access.cluster.values.get("insecure-skip-tls-verify") is True:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority is None:
        context.load_default_certs()
    else:
        try:
            context.load_verify_locations(cadata=authority.decode("ascii"))
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(f"kubeconfig: certificate-authority of {access.cluster.name!r} is not PEM.") from error
    if credential.certificate is not None and credential.key is not None:
        _load_certificate(context, credential.certificate, credential.key, access)
    return context


def _load_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes, access: Access) -> None:
    """OpenSSL reads it from a file only; one that others cannot read and that is gone at once."""
    with tempfile.TemporaryDirectory(prefix="opsctl-kube-") as folder:
        file = Path(folder) / "client.pem"
        _write_private(file, certificate + b"\n" + key)
        try:
            context.load_cert_chain(file)
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(f"kubeconfig: certificate and key of {access.user.name!r} cannot be used.") from error


def _write_private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
