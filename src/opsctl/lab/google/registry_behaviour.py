"""What registries do differently, as a test wants it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Challenge(Enum):
    """What a registry answers to a request without credentials."""

    BEARER = auto()
    """A token from a realm, with service and scope."""
    BEARER_WITHOUT_SERVICE = auto()
    """A realm, and nothing else."""
    BEARER_OF_ANOTHER_HOST = auto()
    """A realm on another host, which must not be given anybody's credentials."""
    BASIC = auto()
    """User and password with every request."""
    OPEN = auto()
    """Nothing: everybody may read."""


class Redirect(Enum):
    """Where the bytes of a blob come from."""

    RELATIVE = auto()
    """A path on the same host, as Artifact Registry has it."""
    ABSOLUTE = auto()
    """A URL on the same host."""
    ANOTHER_HOST = auto()
    """A URL on another host, which must not be given the token."""
    NONE = auto()
    """The address of the blob itself."""


class Ranges(Enum):
    """What becomes of a request for a part of a blob."""

    YES = auto()
    """206 and that part."""
    NO = auto()
    """200 and all of it; nothing was promised."""
    IGNORED = auto()
    """200 and all of it, although `Accept-Ranges: bytes` was said."""


@dataclass(slots=True)
class RegistryBehaviour:
    """May be changed while the registry answers.

    `takes_google_token`: Google's own token is good enough, without a token of the registry. `token_field`: its name in
    the answer, `access_token` elsewhere. `damages_blobs`: one bit is wrong, the length right. `damages_manifests`: a
    manifest says the same in other bytes. `cut_after_bytes`: a download ends there although more was announced,
    `cut_times` times (None: always).
    """

    challenge: Challenge = Challenge.BEARER
    redirect: Redirect = Redirect.RELATIVE
    redirect_status: int = 302
    ranges: Ranges = Ranges.YES
    takes_google_token: bool = True
    token_field: str = "token"  # noqa: S105
    damages_blobs: bool = False
    damages_manifests: bool = False
    cut_after_bytes: int | None = None
    cut_times: int | None = None

    def take_cut(self) -> int | None:
        """After how many bytes the next download ends; None when it is whole."""
        if self.cut_after_bytes is None or self.cut_times == 0:
            return None
        if self.cut_times is not None:
            self.cut_times -= 1
        return self.cut_after_bytes


def damage(stored: bytes) -> bytes:
    """The same number of bytes, the last one wrong."""
    return stored[:-1] + bytes([stored[-1] ^ 1]) if stored else stored
