"""The metadata server of Google's machines: Compute Engine, Cloud Shell, Cloud Build, Cloud Run, GKE.

google-auth's own client of it is not used: it imports `requests`, and reads the environment when it is imported.
Source: cloud.google.com/compute/docs/metadata, cloud.google.com/compute/docs/access/authenticate-workloads.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping

from opsctl.adapters.google_rest.credentials import Origin, check_token, unusable
from opsctl.adapters.google_rest.transport import Answer, Transport, TransportError
from opsctl.errors import AccessDeniedError, UnavailableError

# The address, not the name: resolving an unknown name takes half a minute in some networks.
_ADDRESS = "169.254.169.254"
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"
_HEADERS = {"Metadata-Flavor": "Google"}
_PROBE_SECONDS = 1.0
_TOKEN_SECONDS = 5.0
# The server keeps a token until four minutes before its end.
_EARLY_SECONDS = 225.0


class MetadataToken:
    """The tokens of the service account that the machine runs as."""

    quota_project = None

    def __init__(self, origin: Origin, host: str, transport: Transport) -> None:
        self.origin = origin
        self._host = host
        self._transport = transport
        self._token = ""
        self._fresh_until = 0.0

    def token(self) -> str:
        if not self._token or time.monotonic() >= self._fresh_until:
            self._ask()
        return self._token

    def renew(self) -> bool:
        refused = self._token
        self._ask()
        return self._token != refused

    def close(self) -> None:
        """Nothing was started."""

    def _ask(self) -> None:
        asked_at = time.monotonic()
        try:
            answer = _get(self._transport, self._host, f"{_ACCOUNT}/token", _TOKEN_SECONDS)
        except TransportError as error:
            raise UnavailableError(f"{self.origin.name} gave no token: {error.reason}") from error
        if answer.status == 404:
            raise unusable(self.origin, "has no service account to sign in as")
        if answer.status != 200:
            raise UnavailableError(f"{self.origin.name} answered {answer.status} when asked for a token")
        try:
            document = json.loads(answer.body)
            self._token = check_token(document["access_token"], self.origin)
            self._fresh_until = asked_at + float(document.get("expires_in", 0)) - _EARLY_SECONDS
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AccessDeniedError(f"{self.origin.name} gave no access token", code="no-credentials") from error


def find_metadata_server(environment: Mapping[str, str], transport: Transport) -> MetadataToken | None:
    """None off Google's machines. Takes a second at most."""
    if environment.get("NO_GCE_CHECK", "").lower() == "true":
        return None
    host = environment.get("GCE_METADATA_HOST") or environment.get("GCE_METADATA_IP") or _ADDRESS
    try:
        answer = _get(transport, host, f"{_ACCOUNT}/email", _PROBE_SECONDS)
    except TransportError:
        return None
    if answer.headers.get("metadata-flavor") != "Google":
        return None
    renewal = "Does the machine run as a service account, with the scope cloud-platform?"
    email = answer.body.decode("utf-8", "replace").strip() if answer.status == 200 else ""
    return MetadataToken(Origin("the metadata server of this machine", renewal, name_member(email)), host, transport)


def name_member(email: str) -> str | None:
    """`user:...` or `serviceAccount:...` for an address; None for what is none."""
    if not re.fullmatch(r"[\w.+-]+@[\w.-]+", email):
        return None
    return f"{'serviceAccount' if email.endswith('.gserviceaccount.com') else 'user'}:{email}"


def _get(transport: Transport, host: str, path: str, timeout_seconds: float) -> Answer:
    return transport.send("GET", f"http://{host}{path}", _HEADERS, None, timeout_seconds=timeout_seconds)
