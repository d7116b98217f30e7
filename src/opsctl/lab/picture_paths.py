"""Which picture an address of the image host stands for: a pure function of the request target.

Host and sample data share it, so that what the host will serve is known without asking it. A target is what stands in
the request line: percent-encoded path, and the query string when there is one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from opsctl.lab.pictures import CONTENT_TYPES, Colour, ImageFormat, draw_vehicle, mark_picture

# Drawing costs 10 to 20 ms: a few drawings of each format, marked with their address, make any number of files.
DRAWINGS_PER_FORMAT: Final = 24
DRAWINGS_PER_COLOUR: Final = 3
_WIDTHS_PX: Final = (240, 320, 480, 640)
_SIGNATURE_PARAMETER: Final = "&X-Amz-Signature="
_FORMAT_OF_SUFFIX: Final[dict[str, ImageFormat]] = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".png": "png",
    ".webp": "webp",
    ".avif": "avif",
}
_PAINT = re.compile(r"/paint-([0-9a-f]{6})/")
_ENCODED_BYTE = re.compile(r"%[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class Picture:
    """One file of the image host."""

    image_format: ImageFormat
    body: bytes
    etag: str

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.image_format]


def picture_at(target: str, image_format: ImageFormat | None = None) -> Picture:
    """Return the picture that `target` stands for; two targets never have the same bytes.

    The suffix of the path decides the format (without one: the `format` parameter, else JPEG), `/paint-rrggbb/` in the
    path the colour of the car, the parameter `w` the width in pixels. `image_format` overrules the address.
    """
    digest = hashlib.sha256(target.encode("ascii")).hexdigest()
    image_format = image_format or format_of(target)
    colour = _colour_of(target)
    drawings = DRAWINGS_PER_FORMAT if colour is None else DRAWINGS_PER_COLOUR
    drawing = draw_vehicle(int(digest[:8], 16) % drawings, image_format, colour, width_px=_width_of(target))
    return Picture(image_format, mark_picture(drawing, image_format, digest[:32]), f'"{digest[:16]}"')


def format_of(target: str) -> ImageFormat:
    """Return the format of the picture at `target`."""
    parts = urlsplit(target)
    suffix = PurePosixPath(unquote(parts.path)).suffix.lower()
    asked = parse_qs(parts.query).get("format", [""])[0]
    return _FORMAT_OF_SUFFIX.get(suffix) or _FORMAT_OF_SUFFIX.get(f".{asked}", "jpeg")


def is_well_encoded(target: str) -> bool:
    """Tell whether `target` is encoded exactly once: pure ASCII, and no percent sequence left after decoding."""
    return target.isascii() and not _ENCODED_BYTE.search(unquote(urlsplit(target).path))


def sign_target(target: str, *, secret: str) -> str:
    """Append a signature that holds for exactly these characters, as the signed addresses of a CDN do.

    `secret` becomes the readable front part of the signature: a test looks for it wherever it must not appear.
    """
    return f"{target}{_SIGNATURE_PARAMETER}{secret}-{_signature_of(target)}"


def has_valid_signature(target: str) -> bool:
    """Tell whether `target` ends with a signature made by `sign_target` for what stands before it, to the letter."""
    signed, _, signature = target.rpartition(_SIGNATURE_PARAMETER)
    return bool(signed) and signature.rpartition("-")[2] == _signature_of(signed)


def _signature_of(target: str) -> str:
    return hashlib.sha256(f"signed:{target}".encode()).hexdigest()[:24]


def _colour_of(target: str) -> Colour | None:
    match = _PAINT.search(target)
    if match is None:
        return None
    red, green, blue = bytes.fromhex(match.group(1))
    return (red, green, blue)


def _width_of(target: str) -> int | None:
    """Fold the wanted width to one of four, so that the number of drawings stays small."""
    wanted = parse_qs(urlsplit(target).query).get("w", [""])[0]
    if not wanted.isascii() or not wanted.isdigit():
        return None
    return min(_WIDTHS_PX, key=lambda width: abs(width - int(wanted[:6])))
