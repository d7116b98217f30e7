"""SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side; the arithmetic is scramp's."""

from __future__ import annotations

from typing import Any, Final

from scramp import ScramException, ScramMechanism

from opsctl.lab.mongo_wire.errors import Code, CommandError

MECHANISM: Final = "SCRAM-SHA-256"
# MongoDB's default for new users.
_ITERATIONS: Final = 15_000


class Credentials:
    """The one user of the server. The password itself is not kept."""

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        self._mechanism = ScramMechanism(MECHANISM)
        self._stored = self._mechanism.make_auth_info(password, iteration_count=_ITERATIONS)

    def new_exchange(self) -> Any:
        """The server's half of one exchange of messages."""
        return self._mechanism.make_server(lambda name: self._stored if name == self.user else None)


class Conversation:
    """One authentication: `begin` with the client's first message, then `proceed` until it is done.

    Wrong user, wrong password and malformed messages are the same failure: `CommandError` (AuthenticationFailed).
    """

    number: Final = 1

    def __init__(self, credentials: Credentials, *, skips_last_exchange: bool) -> None:
        self.user = credentials.user
        self._skips_last_exchange = skips_last_exchange
        self._proved = False
        self._server = credentials.new_exchange()

    def begin(self, payload: bytes) -> bytes:
        """Answer the client's first message with salt and iterations."""
        try:
            self._server.set_client_first(payload.decode())
            return str(self._server.get_server_first()).encode()
        except (ScramException, UnicodeDecodeError) as error:
            raise _failed() from error

    def proceed(self, payload: bytes) -> tuple[bytes, bool]:
        """Check the client's proof; the answer is the server's own proof, and whether the exchange is over.

        Clients that do not skip it end with an empty exchange.
        """
        if self._proved:
            return b"", True
        try:
            self._server.set_client_final(payload.decode())
            answer = str(self._server.get_server_final()).encode()
        except (ScramException, UnicodeDecodeError) as error:
            raise _failed() from error
        self._proved = True
        return answer, self._skips_last_exchange


def _failed() -> CommandError:
    return CommandError(Code.AuthenticationFailed, "Authentication failed.")
