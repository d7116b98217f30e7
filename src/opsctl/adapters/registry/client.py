"""A client of the OCI distribution API that reads: manifests and blobs.

Source: OCI distribution specification 1.1, "Pull". Nothing is asked that is not needed: no ping of `/v2/`, no HEAD.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import urllib3

from opsctl.adapters.registry.addresses import check_endpoint, find_base_url, is_same_origin, resolve_redirect
from opsctl.adapters.registry.deadline import Clock, Deadline, Stop
from opsctl.adapters.registry.download import read_blob_pieces
from opsctl.adapters.registry.refusals import Refusal, Repository, explain_refusal
from opsctl.adapters.registry.sign_in import Logins, SignIn
from opsctl.adapters.registry.transport import RegistryCall, Request, Transport, read_beginning, read_body
from opsctl.errors import DataError, UnavailableError
from opsctl.image.manifest import ACCEPTED_TYPES, LARGEST_MANIFEST_BYTES, check_digest
from opsctl.image.models import Descriptor
from opsctl.image.reference import is_digest

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long answers are waited for. A blob has `answer_seconds` and what its size takes at the slowest rate."""

    answer_seconds: float = 30.0
    connect_seconds: float = 10.0
    idle_seconds: float = 20.0
    slowest_bytes_per_second: int = 512 << 10


@dataclass(frozen=True, slots=True)
class ManifestAnswer:
    """A manifest or index as it is stored. `digest` is that of `body`; `media_type` is the Content-Type, or empty."""

    media_type: str
    digest: str
    body: bytes


class RegistryClient:
    """Reads from any number of registries, on any number of threads.

    `google_token` gives an access token for Google's registries; `google_endpoint` is asked in their place. Every
    method raises what `opsctl.diagnosis.ports` names.
    """

    def __init__(
        self,
        logins: Logins,
        *,
        google_token: Callable[[], str] | None = None,
        google_endpoint: str | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._clock = clock or Clock()
        self._google_endpoint = check_endpoint(google_endpoint)
        self._transport = Transport(
            connect_seconds=self._patience.connect_seconds, idle_seconds=self._patience.idle_seconds
        )
        self._sign_in = SignIn(self._transport, logins, google_token, clock=self._clock)

    @property
    def calls(self) -> tuple[RegistryCall, ...]:
        """Every request so far."""
        return tuple(self._transport.calls)

    def get_manifest(self, repository: Repository, reference: str, *, stop: Stop | None = None) -> ManifestAnswer:
        """The manifest or index of a tag or digest; its bytes are checked against the digest."""
        is_by_digest = ":" in reference
        what = f"image {repository}{'@' if is_by_digest else ':'}{reference}"
        deadline = Deadline(what, self._patience.answer_seconds, clock=self._clock, stop=stop)
        response = self._open(
            repository, f"manifests/{quote(reference, safe=':')}", {"Accept": ", ".join(ACCEPTED_TYPES)}, what, deadline
        )
        body = read_body(response, deadline, max_bytes=LARGEST_MANIFEST_BYTES, what=what)
        expected = reference if is_by_digest else response.headers.get("Docker-Content-Digest", "")
        if is_by_digest or is_digest(expected):
            check_digest(body, expected)
        digest = expected if is_by_digest else f"sha256:{hashlib.sha256(body).hexdigest()}"
        return ManifestAnswer(response.headers.get("Content-Type", "").partition(";")[0].strip().lower(), digest, body)

    def read_blob(self, repository: Repository, blob: Descriptor, *, max_bytes: int, stop: Stop | None = None) -> bytes:
        """A small blob as a whole, size and digest checked."""
        what = f"{repository}@{blob.digest}"
        if blob.size_bytes > max_bytes:
            raise DataError(f"{what} is larger than {max_bytes} bytes")
        body = bytearray()
        with self.open_blob(repository, blob, stop=stop) as pieces:
            for piece in pieces:
                body += piece
                if len(body) > blob.size_bytes:
                    break
        if len(body) != blob.size_bytes:
            raise DataError(f"{what} is not the {blob.size_bytes} bytes that its manifest says", code="layer-truncated")
        check_digest(bytes(body), blob.digest, "blob")
        return bytes(body)

    @contextmanager
    def open_blob(
        self, repository: Repository, blob: Descriptor, *, stop: Stop | None = None
    ) -> Iterator[Iterator[bytes]]:
        """The stored bytes in pieces. A lost connection is taken up again; size and digest are not checked."""
        what = f"{repository}@{blob.digest}"
        if not is_digest(blob.digest):
            raise DataError(f"{repository}: a part of the image has no digest that can be asked for")
        seconds = self._patience.answer_seconds + blob.size_bytes / self._patience.slowest_bytes_per_second
        deadline = Deadline(what, seconds, clock=self._clock, stop=stop)

        def open_at(position: int) -> urllib3.BaseHTTPResponse:
            headers = {"Range": f"bytes={position}-"} if position else {}
            return self._open(repository, f"blobs/{blob.digest}", headers, what, deadline)

        pieces = read_blob_pieces(open_at, size_bytes=blob.size_bytes, what=what, deadline=deadline)
        with closing(pieces):
            yield pieces

    def _open(
        self, repository: Repository, path: str, headers: dict[str, str], what: str, deadline: Deadline
    ) -> urllib3.BaseHTTPResponse:
        """An answer with 200, or with 206 when a range was asked for. Signs in on the way."""
        url = f"{find_base_url(repository.registry, self._google_endpoint)}/v2/{repository.name}/{path}"
        # As it stands, with the header that ran out, with the answer to the challenge, with Google's token itself.
        is_second_try = False
        while True:
            authorization = self._sign_in.current(repository)
            sent = headers if authorization is None else {**headers, "Authorization": authorization}
            response, is_registry = self._follow(Request(what, url, sent), deadline)
            if response.status == 200 or (response.status == 206 and "Range" in headers):
                return response
            body = read_beginning(response, deadline)
            if not is_registry:
                # Whose words these are is not known, nor what they say of the image.
                raise UnavailableError(f"{what}: the registry's storage answered HTTP {response.status}")
            # Some registries answer whom they do not know as they answer whom they refuse.
            wants_sign_in = response.status == 401 or (response.status == 403 and authorization is None)
            if not wants_sign_in or not self._sign_in.renew(
                repository,
                response.headers.getlist("WWW-Authenticate"),
                url=url,
                refused=authorization,
                is_second_try=is_second_try,
                deadline=deadline,
            ):
                break
            is_second_try = True
        refusal = Refusal(response.status, body, self._sign_in.has_login(repository))
        cause = self._sign_in.refusal(repository) if response.status in (401, 403) else None
        raise cause or explain_refusal(refusal, repository, what)

    def _follow(self, request: Request, deadline: Deadline) -> tuple[urllib3.BaseHTTPResponse, bool]:
        """The answer after all redirects, and whether it is the registry's own. Authorization stays with the origin
        that it is for."""
        first_url = request.url
        for _ in range(_HOPS + 1):
            response = self._transport.ask(request, deadline)
            if response.status not in _REDIRECTS:
                return response, request.url == first_url
            location = response.headers.get("Location", "")
            read_beginning(response, deadline)
            if not location:
                raise DataError(f"{request.what}: a redirect that names no address")
            url = resolve_redirect(location, asked_at=request.url, what=f"{request.what}: where it redirects to")
            headers = dict(request.headers)
            if not is_same_origin(url, request.url):
                headers.pop("Authorization", None)
            request = Request(request.what, url, headers, path_is_secret=True)
        raise DataError(f"{request.what}: more than {_HOPS} redirects")
