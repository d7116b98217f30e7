"""What a person can do about credentials that the API server does not accept, or that have run out."""

from __future__ import annotations

from opsctl.adapters.kube.kubeconfig import Access, Entry

_GIVEN = {
    "token": "token",
    "client-certificate-data": "client certificate",
    "client-certificate": "client certificate",
    "username": "password",
}


def sign_in_hint(access: Access) -> str:
    """What to do, for the way in which the user of the context signs in."""
    user, tried = access.user, f"{access.kubectl} get namespaces"
    if "exec" in user.values:
        return f"Sign in again; this tries the same: {tried}"
    if "auth-provider" in user.values:
        return _oidc_hint(access, tried)
    if access.is_inside_pod:
        return "Does the ServiceAccount of this pod still exist? A new pod gets a new token."
    if "tokenFile" in user.values:
        return f"Write a new token to {user.values['tokenFile']}; this tries the same: {tried}"
    given = next((word for key, word in _GIVEN.items() if key in user.values), None)
    if given is None:
        return f"User {user.name!r} holds no credentials; this tries the same: {tried}"
    return f"Its {given} may have expired, or been withdrawn: get a new kubeconfig. This tries the same: {tried}"


def oidc_settings(user: Entry) -> Entry:
    """`auth-provider.config` of the user."""
    provider = user.values.get("auth-provider")
    settings = provider.get("config") if isinstance(provider, dict) else None
    return Entry(user.name, settings if isinstance(settings, dict) else {}, user.folder)


def _oidc_hint(access: Access, tried: str) -> str:
    """kubectl renews a token when it holds a refresh-token; whoever runs it writes the new one into the file."""
    settings = oidc_settings(access.user)
    issuer = settings.values.get("idp-issuer-url")
    again = f"sign in again{f' at {issuer}' if isinstance(issuer, str) and issuer else ''}"
    file = f" into {access.user.file}" if access.user.file is not None else ""
    if settings.values.get("refresh-token"):
        return f"Let kubectl renew it: {tried}. Where it cannot, {again} with the program that wrote the token{file}."
    return f"kubectl cannot renew it without a refresh-token: {again} with the program that wrote the token{file}."
