"""OpenID Connect tokens that a kubeconfig keeps: `users[].user.auth-provider` of name `oidc`.

kubectl writes a renewed token back into the file. We only read it: some issuers give each refresh token out once, and
whoever uses it without writing back what came in its place signs kubectl out.
"""

from __future__ import annotations

import base64
import binascii
import json

from opsctl.adapters.kube.exec_plugin import Credential
from opsctl.adapters.kube.kubeconfig import Access, Entry
from opsctl.errors import AccessDeniedError, ConfigError


async def find_oidc_token(access: Access, *, now: float) -> Credential:
    """The token of the file, while it holds. `now` is seconds since 1970.

    Raises ConfigError for another provider, AccessDeniedError when the token has run out or there is none.
    """
    provider = access.user.values.get("auth-provider")
    name = provider.get("name") if isinstance(provider, dict) else None
    if not isinstance(provider, dict) or name != "oidc":
        raise ConfigError(
            f"kubeconfig: user {access.user.name!r} signs in through auth-provider {name}, which kubectl has given up.",
            hint="Write the kubeconfig anew with the program of your cloud: it uses exec today.",
        )
    settings = provider.get("config")
    token = Entry(access.user.name, settings if isinstance(settings, dict) else {}, access.user.folder).text("id-token")
    hint = f"Let kubectl renew it: {access.kubectl} get namespaces"
    if token is None:
        raise AccessDeniedError(f"{access.origin} holds no id-token.", code="no-credentials", hint=hint)
    expires_at = _expiry(token)
    if expires_at is not None and expires_at <= now:
        raise AccessDeniedError(f"The id-token of {access.origin} has expired.", code="expired-credentials", hint=hint)
    return Credential(token=token, expires_at=expires_at)


def _expiry(token: str) -> float | None:
    """`exp` of a JSON Web Token (RFC 7519); None when it cannot be told."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    return float(expiry) if isinstance(expiry, int | float) else None
