from __future__ import annotations

import hashlib
import io
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from opsctl.lab.pictures import CONTENT_TYPES, ImageFormat, draw_placeholder, draw_vehicle, mark_picture

FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)
every_format = pytest.mark.parametrize("image_format", FORMATS)


def open_picture(body: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(body))
    picture.load()
    return picture


@every_format
def test_a_picture_is_what_it_says(image_format: ImageFormat) -> None:
    picture = open_picture(draw_vehicle(3, image_format))
    assert picture.format == image_format.upper()
    assert Image.MIME[image_format.upper()] == CONTENT_TYPES[image_format]


@every_format
def test_the_same_seed_draws_the_same_bytes_again(image_format: ImageFormat) -> None:
    redraw = draw_vehicle.__wrapped__
    assert redraw(5, image_format) == redraw(5, image_format)
    assert redraw(5, image_format) != redraw(6, image_format)


@every_format
def test_pictures_weigh_5_to_120_kilobytes_and_vary_in_size(image_format: ImageFormat) -> None:
    pictures = [draw_vehicle(seed, image_format) for seed in range(16)]
    assert all(5_000 <= len(body) <= 120_000 for body in pictures)
    assert len({open_picture(body).size for body in pictures}) >= 3


def test_the_colour_paints_the_body() -> None:
    picture = open_picture(draw_vehicle(2, "png", (200, 10, 10))).convert("RGB")
    # The door, between the wheels.
    assert picture.getpixel((picture.width // 2, int(picture.height * 0.62))) == (200, 10, 10)
    assert draw_vehicle(2, "png", (200, 10, 10)) != draw_vehicle(2, "png")


def test_the_width_can_be_asked_for() -> None:
    as_drawn = open_picture(draw_vehicle(4, "jpeg"))
    narrow = open_picture(draw_vehicle(4, "jpeg", width_px=200))
    assert narrow.width == 200
    assert narrow.width / narrow.height == pytest.approx(as_drawn.width / as_drawn.height, rel=0.02)


@every_format
@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_a_mark_changes_the_file_and_not_the_picture(image_format: ImageFormat, text: str) -> None:
    plain = draw_vehicle(1, image_format)
    marked = mark_picture(plain, image_format, text)
    assert text.encode() in marked
    assert open_picture(marked).tobytes() == open_picture(plain).tobytes()


def test_the_webp_container_states_its_new_length() -> None:
    marked = mark_picture(draw_vehicle(1, "webp"), "webp", "odd")
    assert int.from_bytes(marked[4:8], "little") == len(marked) - 8


def test_the_placeholder_is_always_the_same_file() -> None:
    first = draw_placeholder.__wrapped__()
    assert hashlib.sha256(first).digest() == hashlib.sha256(draw_placeholder.__wrapped__()).digest()
    assert open_picture(first).size == (300, 200)
