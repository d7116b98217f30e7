"""Vehicle pictures, drawn from a seed: the same seed gives the same picture, in any of four formats.

Nothing is downloaded: shapes, a grain that gives a picture the weight of a photograph, and Pillow's small bitmap font.
"""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache
from random import Random
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont, ImageOps

ImageFormat = Literal["jpeg", "png", "webp", "avif"]
Colour = tuple[int, int, int]

CONTENT_TYPES: Final[dict[ImageFormat, str]] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
}

# Encoders differ in cost and result: a lossless picture must be small to stay below 120 kB.
_SIZES: Final[dict[ImageFormat, tuple[tuple[int, int], ...]]] = {
    "jpeg": ((320, 240), (400, 300), (480, 360), (640, 480), (800, 533), (960, 540)),
    "png": ((240, 160), (300, 200), (320, 240), (360, 240)),
    "webp": ((320, 240), (480, 320), (640, 480), (800, 533)),
    "avif": ((320, 240), (400, 300), (480, 320)),
}
_PAINTS: Final[tuple[Colour, ...]] = (
    (238, 238, 232),
    (24, 24, 28),
    (120, 126, 132),
    (28, 58, 122),
    (158, 22, 34),
    (196, 160, 92),
    (46, 92, 66),
    (88, 66, 52),
)
# Outlines of the upper body in units of the car's length and height, from the rear to the front.
_BODIES: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "SEDAN": ((0.0, 0.45), (0.12, 0.40), (0.28, 0.05), (0.60, 0.0), (0.76, 0.38), (0.98, 0.48)),
    "SUV": ((0.0, 0.35), (0.06, 0.02), (0.30, -0.08), (0.64, -0.06), (0.78, 0.30), (0.99, 0.38)),
    "HATCHBACK": ((0.0, 0.42), (0.08, 0.10), (0.30, 0.0), (0.58, 0.0), (0.78, 0.36), (0.97, 0.46)),
    "VAN": ((0.0, 0.30), (0.02, -0.12), (0.30, -0.16), (0.74, -0.14), (0.90, 0.22), (1.0, 0.34)),
    "COUPE": ((0.0, 0.46), (0.20, 0.34), (0.40, 0.10), (0.56, 0.08), (0.72, 0.38), (1.0, 0.50)),
    "TRUCK": ((0.0, 0.34), (0.42, 0.34), (0.44, -0.06), (0.66, -0.06), (0.78, 0.28), (1.0, 0.34)),
}


@lru_cache(maxsize=512)
def draw_vehicle(
    seed: int, image_format: ImageFormat = "jpeg", colour: Colour | None = None, *, width_px: int | None = None
) -> bytes:
    """Draw the vehicle of `seed` and encode it: some 5 to 120 kB.

    `colour` paints the body (otherwise the seed decides); `width_px` replaces the width the seed would choose, keeping
    its proportions.
    """
    rng = Random(f"vehicle-{seed}")
    width, height = rng.choice(_SIZES[image_format])
    if width_px is not None:
        width, height = width_px, max(1, height * width_px // width)
    body = rng.choice(list(_BODIES))
    paint = colour or rng.choice(_PAINTS)
    picture = _draw_scene(rng, width, height, grain=0.05 if image_format == "png" else 0.22)
    pen = ImageDraw.Draw(picture)
    _draw_car(pen, _BODIES[body], width, height, paint)
    pen.text((8, 8), f"{body} {seed:06d}", fill=(16, 16, 16), font=ImageFont.load_default_imagefont())
    return _encode(picture, image_format)


@lru_cache(maxsize=1)
def draw_placeholder() -> bytes:
    """Draw the "no image" picture that a host answers for whatever it does not have: PNG, always the same bytes."""
    picture = Image.new("RGB", (300, 200), (224, 224, 224))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((90, 60, 210, 130), outline=(150, 150, 150), width=3)
    pen.ellipse((132, 77, 168, 113), outline=(150, 150, 150), width=3)
    pen.text((126, 145), "NO IMAGE", fill=(110, 110, 110), font=ImageFont.load_default_imagefont())
    return _encode(picture, "png")


def mark_picture(picture: bytes, image_format: ImageFormat, text: str) -> bytes:
    """Put an ASCII `text` of at most 200 characters into the picture's metadata; pixels and validity stay as they are.

    Makes any number of distinct files from one drawing: a JPEG comment segment (ITU T.81 B.2.4.5), a PNG tEXt chunk
    (before IEND), a RIFF chunk that WebP readers must ignore, a `free` box (ISO 14496-12 8.1.2) for AVIF.
    """
    note = text.encode("ascii")
    if image_format == "jpeg":
        return picture[:2] + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + picture[2:]
    if image_format == "png":
        chunk = b"tEXtComment\x00" + note
        framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return picture[:-12] + framed + picture[-12:]
    if image_format == "webp":
        padded = note + b" " * (len(note) % 2)
        grown = picture + b"NOTE" + struct.pack("<I", len(padded)) + padded
        return grown[:4] + struct.pack("<I", len(grown) - 8) + grown[8:]
    return picture + struct.pack(">I", len(note) + 8) + b"free" + note


def _draw_scene(rng: Random, width: int, height: int, *, grain: float) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((width, height))
    sky = tuple(rng.randrange(120, 220) for _ in range(3))
    scene = ImageOps.colorize(ramp, black=sky, white=(236, 236, 230))
    ImageDraw.Draw(scene).rectangle((0, int(height * 0.72), width, height), fill=(92, 92, 96))
    half = (width // 2, height // 2)
    noise = Image.frombytes("L", half, rng.randbytes(half[0] * half[1])).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    return Image.blend(scene, Image.merge("RGB", (noise, noise, noise)), grain)


def _draw_car(
    pen: ImageDraw.ImageDraw, outline: tuple[tuple[float, float], ...], width: int, height: int, paint: Colour
) -> None:
    left, length = width * 0.10, width * 0.80
    top, tall = height * 0.38, height * 0.40
    glass = tuple(channel // 3 + 60 for channel in paint)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * length, top + y * tall

    pen.polygon([at(x, y) for x, y in outline] + [at(1.0, 0.8), at(0.0, 0.8)], fill=paint, outline=(30, 30, 30))
    roof = outline[1:5] if len(outline) > 5 else outline
    middle_x = sum(x for x, _ in roof) / len(roof)
    window = [at(middle_x + (x - middle_x) * 0.8, y * 0.75 + 0.12) for x, y in roof]
    pen.polygon(window, fill=glass, outline=(30, 30, 30))
    radius = tall * 0.20
    for x in (0.2, 0.8):
        centre_x, centre_y = at(x, 0.82)
        pen.ellipse((centre_x - radius, centre_y - radius, centre_x + radius, centre_y + radius), fill=(20, 20, 20))
        hub = radius * 0.5
        pen.ellipse((centre_x - hub, centre_y - hub, centre_x + hub, centre_y + hub), fill=(170, 170, 176))
    pen.rectangle((*at(0.94, 0.50), *at(0.99, 0.58)), fill=(250, 240, 190))
    pen.rectangle((*at(0.0, 0.50), *at(0.03, 0.60)), fill=(190, 20, 20))


def _encode(picture: Image.Image, image_format: ImageFormat) -> bytes:
    sink = io.BytesIO()
    if image_format == "jpeg":
        picture.save(sink, "JPEG", quality=82)
    elif image_format == "png":
        picture.save(sink, "PNG", compress_level=6)
    elif image_format == "webp":
        # The empty XMP packet asks for the extended container, which may carry further chunks.
        picture.save(sink, "WEBP", quality=78, method=1, xmp=b"<x/>")
    else:
        picture.save(sink, "AVIF", quality=70, speed=10, max_threads=1)
    return sink.getvalue()
