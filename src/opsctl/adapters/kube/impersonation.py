"""For whom a user of a kubeconfig acts: `as`, `as-uid`, `as-groups`, `as-user-extra`.

Headers: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from opsctl.adapters.kube.kubeconfig import Entry
from opsctl.errors import ConfigError

# What may stand in the name of a header (RFC 9110), but for the sign that quotes.
_HEADER_SIGNS = "!#$&'*+-.^_`|~"


def impersonation_headers(user: Entry) -> tuple[tuple[str, str], ...]:
    """Names and values, some names more than once; none when the user acts for itself.

    Raises ConfigError for tables that are none, and for groups and the like without a user: the server would refuse
    them, and leaving them out would act with other rights than the file says.
    """
    headers = tuple(_headers(user))
    if headers and headers[0][0] != "Impersonate-User":
        raise ConfigError(
            f"kubeconfig: user {user.name!r} is to act in the groups or with the uid of another one, whom it does not "
            "name.",
            hint="Add `as: NAME` beside as-groups, as-uid and as-user-extra, or take these away.",
        )
    return headers


def _headers(user: Entry) -> Iterator[tuple[str, str]]:
    if (name := user.text("as")) is not None:
        yield "Impersonate-User", name
    if (uid := user.text("as-uid")) is not None:
        yield "Impersonate-Uid", uid
    for group in _texts(user.values.get("as-groups"), user, "as-groups"):
        yield "Impersonate-Group", group
    extra = user.values.get("as-user-extra") or {}
    if not isinstance(extra, dict):
        raise ConfigError(f"kubeconfig: as-user-extra of {user.name!r} must be a table.")
    for key, values in extra.items():
        for value in _texts(values, user, "as-user-extra"):
            # The server reads names of headers without regard to case: two keys may be one.
            yield f"Impersonate-Extra-{quote(str(key).lower(), safe=_HEADER_SIGNS)}", value


def _texts(value: Any, user: Entry, key: str) -> list[str]:
    found = value or []
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ConfigError(f"kubeconfig: {key} of {user.name!r} must be a list of texts.")
    return found
