"""What a body really is, told from its first bytes; declared types are not believed.

Sources: JPEG ITU T.81, PNG RFC 2083, GIF89a, RIFF/WebP container, ISO BMFF brands (AVIF, HEIC), BMP, TIFF 6.0, ICO.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageKind:
    """A format: the extension of its objects' keys and its media type."""

    extension: str
    content_type: str


JPEG = ImageKind("jpg", "image/jpeg")
PNG = ImageKind("png", "image/png")
GIF = ImageKind("gif", "image/gif")
WEBP = ImageKind("webp", "image/webp")
AVIF = ImageKind("avif", "image/avif")
HEIC = ImageKind("heic", "image/heic")
BMP = ImageKind("bmp", "image/bmp")
TIFF = ImageKind("tif", "image/tiff")
ICO = ImageKind("ico", "image/x-icon")
SVG = ImageKind("svg", "image/svg+xml")

_STARTS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"\x00\x00\x01\x00", ICO),
)
_BRANDS = {b"avif": AVIF, b"avis": AVIF, b"heic": HEIC, b"heix": HEIC, b"heif": HEIC, b"mif1": HEIC, b"msf1": HEIC}
# A comment ends where it first can: any other reading would let a page of comments keep the matcher busy for ever.
_SVG = re.compile(
    rb"\s*(<\?xml[^>]*\?>\s*)?(<!--((?!-->).)*-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]", re.DOTALL | re.IGNORECASE
)


def identify(body: bytes) -> ImageKind | None:
    """The kind of image, or None for anything else (HTML, text, an empty body)."""
    for start, kind in _STARTS:
        if body.startswith(start):
            return kind
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return WEBP
    if body[4:8] == b"ftyp":
        return _identify_brand(body)
    if body[:2] == b"BM" and len(body) > 26 and body[6:10] == b"\0\0\0\0":
        return BMP
    return SVG if _SVG.match(body[:2048].removeprefix(b"\xef\xbb\xbf")) else None


def is_complete(kind: ImageKind, body: bytes) -> bool:
    """Whether the end of the image is there; asked only where the transfer itself could not tell."""
    tail = body[-4096:]
    if kind is JPEG:
        return b"\xff\xd9" in tail
    if kind is PNG:
        return b"IEND" in tail
    if kind is GIF:
        return body.rstrip(b"\0").endswith(b"\x3b")
    if kind is WEBP:
        return len(body) >= int.from_bytes(body[4:8], "little") + 8
    if kind is SVG:
        return b"</svg" in tail
    return True


def _identify_brand(body: bytes) -> ImageKind | None:
    """AVIF and HEIC share `mif1` as a major brand, so the compatible brands decide."""
    end = min(int.from_bytes(body[:4], "big"), len(body), 256)
    brands = [body[8:12], *(body[at : at + 4] for at in range(16, end, 4))]
    kinds = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    return AVIF if AVIF in kinds else (kinds[0] if kinds else None)
