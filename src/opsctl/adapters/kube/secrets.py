"""One value of one Secret."""

from __future__ import annotations

import base64
import binascii

from opsctl.adapters.kube.client import KubeClient
from opsctl.errors import DataError, NotFoundError


async def read_secret(client: KubeClient, target: str) -> str:
    """The text behind `namespace/name/key`. Raises NotFoundError for a Secret or a key that is not there, DataError for
    what is no text, and what the client raises. No error holds the value."""
    namespace, name, key = target.split("/")
    secret = await client.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
    values = secret.get("data")
    values = values if isinstance(values, dict) else {}
    if key not in values:
        known = ", ".join(sorted(values)) or "(it has none)"
        raise NotFoundError(f"Secret {name} in namespace {namespace} has no key {key}.", hint=f"Its keys: {known}")
    try:
        return base64.b64decode(str(values[key]), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise DataError(f"Key {key} of Secret {name} in namespace {namespace} is not UTF-8 text.") from None
