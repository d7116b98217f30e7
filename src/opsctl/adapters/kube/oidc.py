"""OpenID Connect tokens that a kubeconfig keeps: `users[].user.auth-provider` of name `oidc`.

kubectl writes a renewed token back into the file. We only read it: some issuers give each refresh token out once, and
whoever uses it without writing back what came in its place signs kubectl out. What kubectl has renewed meanwhile is
found, so that a command that goes on for hours need not end with its first token.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from datetime import UTC, datetime

from opsctl.adapters.kube.exec_plugin import Credential
from opsctl.adapters.kube.kubeconfig import Access, read_user_again
from opsctl.adapters.kube.sign_in import oidc_settings, sign_in_hint
from opsctl.errors import AccessDeniedError, ConfigError


async def find_oidc_token(access: Access, *, now: float) -> Credential:
    """The token that the file holds now, while it is valid. `now` is seconds since 1970.

    Raises ConfigError for another provider, AccessDeniedError when the token has run out or there is none.
    """
    _check_provider(access)
    token = oidc_settings(await asyncio.to_thread(read_user_again, access.user)).text("id-token")
    if token is None:
        raise AccessDeniedError(f"{access.origin} holds no id-token.", code="no-credentials", hint=sign_in_hint(access))
    expires_at = _expiry(token)
    if expires_at is not None and expires_at <= now:
        raise AccessDeniedError(
            f"The id-token of {access.origin} has expired{_moment(expires_at)}.",
            code="expired-credentials",
            hint=sign_in_hint(access),
        )
    return Credential(token=token, expires_at=expires_at)


def _check_provider(access: Access) -> None:
    provider = access.user.values.get("auth-provider")
    name = provider.get("name") if isinstance(provider, dict) else None
    if name != "oidc":
        raise ConfigError(
            f"kubeconfig: user {access.user.name!r} signs in through auth-provider {name}, which kubectl has given up.",
            hint="Write the kubeconfig anew with the program of your cloud: it uses exec today.",
        )


def _expiry(token: str) -> float | None:
    """`exp` of a JSON Web Token (RFC 7519); None when it cannot be told."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        expiry = claims.get("exp") if isinstance(claims, dict) else None
        return float(expiry) if isinstance(expiry, int | float) else None
    except (binascii.Error, ValueError, RecursionError, OverflowError):
        return None


def _moment(expiry: float) -> str:
    try:
        return f" at {datetime.fromtimestamp(expiry, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return ""
