"""What can go wrong (or only look odd) with an image address, and what a correct migration makes of it.

A table of names and outcomes; `fault_answers` gives the answers of the host, the sample data spreads the names over its
documents. The address is `/fault/<name>/<anything>.<format>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from opsctl.lab.picture_paths import Picture, format_of, picture_at
from opsctl.lab.pictures import ImageFormat

# Above what a migration accepts for one image by default (32 MiB).
TOO_LARGE_BYTES: Final = 33 * 1024 * 1024
# Where redirects to places that no image host may point to lead.
PRIVATE_LOCATIONS: Final[dict[str, str]] = {
    "redirect-private": "http://10.0.0.1/vehicle.jpg",
    "redirect-metadata": "http://169.254.169.254/latest/meta-data/",
    "redirect-mapped": "http://[::ffff:127.0.0.2]/vehicle.jpg",
}


class Outcome(StrEnum):
    """What becomes of one image: stored, or a final failure class."""

    STORED = "stored"
    GONE = "gone"
    REFUSED = "refused"
    NOT_AN_IMAGE = "not-an-image"
    TOO_LARGE = "too-large"
    PLACEHOLDER = "placeholder"
    BLOCKED_ADDRESS = "blocked-address"
    BAD_URL = "bad-url"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which the host answers.

    `failures` is the number of requests for one address that fail before it answers with its picture; 0 for an answer
    that is always the same. `costly` ones take long or move many bytes, and are rarer in the sample data.
    """

    name: str
    outcome: Outcome
    failures: int = 0
    costly: bool = False

    @property
    def recovers(self) -> bool:
        return self.failures > 0

    @property
    def is_odd_only(self) -> bool:
        """Unusual, but the picture comes with the first try."""
        return self.outcome is Outcome.STORED and not self.recovers


def _recovering(name: str, failures: int, *, costly: bool = False) -> Fault:
    return Fault(name, Outcome.STORED, failures, costly)


FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault
    for fault in (
        # Odd, but right.
        Fault("redirect-301", Outcome.STORED),
        Fault("redirect-302", Outcome.STORED),
        Fault("redirect-303", Outcome.STORED),
        Fault("redirect-307", Outcome.STORED),
        Fault("redirect-308", Outcome.STORED),
        Fault("redirect-chain-3", Outcome.STORED),
        Fault("redirect-chain-5", Outcome.STORED),
        Fault("wrong-type", Outcome.STORED),
        Fault("html-type", Outcome.STORED),
        Fault("other-format", Outcome.STORED),
        Fault("gzip", Outcome.STORED),
        Fault("chunked", Outcome.STORED),
        Fault("unframed", Outcome.STORED),
        # Right after one or two more tries.
        _recovering("429-then-ok", 1),
        _recovering("429-date-then-ok", 1),
        _recovering("500-then-ok", 1),
        _recovering("502-then-ok", 2),
        _recovering("503-then-ok", 2),
        _recovering("504-then-ok", 1),
        _recovering("reset-then-ok", 1),
        _recovering("reset-midway-then-ok", 2),
        _recovering("hang-up-then-ok", 1),
        _recovering("cut-then-ok", 1),
        _recovering("cut-chunked-then-ok", 1),
        _recovering("unframed-cut-then-ok", 1),
        _recovering("trickle-then-ok", 1, costly=True),
        # Wrong for good.
        Fault("404", Outcome.GONE),
        Fault("410", Outcome.GONE),
        Fault("redirect-404", Outcome.GONE),
        Fault("400", Outcome.REFUSED),
        Fault("401", Outcome.REFUSED),
        Fault("403", Outcome.REFUSED),
        Fault("451", Outcome.REFUSED),
        Fault("redirect-loop", Outcome.REFUSED),
        Fault("redirect-chain-6", Outcome.REFUSED),
        Fault("html-200", Outcome.NOT_AN_IMAGE),
        Fault("html-as-image", Outcome.NOT_AN_IMAGE),
        Fault("json-200", Outcome.NOT_AN_IMAGE),
        Fault("empty", Outcome.NOT_AN_IMAGE),
        Fault("placeholder", Outcome.PLACEHOLDER),
        Fault("redirect-placeholder", Outcome.PLACEHOLDER),
        Fault("redirect-private", Outcome.BLOCKED_ADDRESS),
        Fault("redirect-metadata", Outcome.BLOCKED_ADDRESS),
        Fault("redirect-mapped", Outcome.BLOCKED_ADDRESS),
        Fault("too-large", Outcome.TOO_LARGE, costly=True),
        Fault("too-large-chunked", Outcome.TOO_LARGE, costly=True),
        Fault("gzip-bomb", Outcome.TOO_LARGE, costly=True),
    )
}
_SERVED_INSTEAD: Final[dict[ImageFormat, ImageFormat]] = {"jpeg": "webp", "png": "jpeg", "webp": "png", "avif": "jpeg"}


def split_fault(target: str) -> tuple[str, str] | None:
    """Split `/fault/<name>/<rest>` into name and rest; None for an address that has no fault."""
    path = target.partition("?")[0]
    _, _, tail = path.partition("/fault/")
    name, _, rest = tail.partition("/")
    return (name, rest) if path.startswith("/fault/") and rest else None


def picture_behind(target: str) -> Picture:
    """Return the picture that a patient client ends up with when it asks for `target`, whose outcome is `stored`."""
    split = split_fault(target)
    if split is None:
        return picture_at(target)
    name, rest = split
    if name.startswith("redirect-"):
        return picture_at(f"/img/{rest}")
    if name == "other-format":
        return picture_at(target, _SERVED_INSTEAD[format_of(target)])
    return picture_at(target)
