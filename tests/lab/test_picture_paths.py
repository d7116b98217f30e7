from __future__ import annotations

import io
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from opsctl.lab.picture_paths import (
    format_of,
    has_valid_signature,
    is_well_encoded,
    picture_at,
    sign_target,
)


@pytest.mark.parametrize(
    ("target", "image_format"),
    [
        ("/img/a.jpg", "jpeg"),
        ("/img/a.JPEG", "jpeg"),
        ("/img/a.png?w=3", "png"),
        ("/img/%EC%95%84.webp", "webp"),
        ("/img/a%2Eavif", "avif"),
        ("/img?id=3&format=avif", "avif"),
        ("/img/a.png?format=webp", "png"),
        ("/img?id=3", "jpeg"),
        ("/img/a.txt", "jpeg"),
    ],
)
def test_the_address_decides_the_format(target: str, image_format: str) -> None:
    assert format_of(target) == image_format
    picture = picture_at(target)
    opened = Image.open(io.BytesIO(picture.body))
    assert opened.format == image_format.upper()
    assert picture.content_type == f"image/{image_format}"


def test_every_address_has_its_own_bytes_and_tag() -> None:
    pictures = [picture_at(f"/img/models/{number}.jpg") for number in range(300)]
    assert len({picture.body for picture in pictures}) == 300
    assert len({picture.etag for picture in pictures}) == 300


def test_the_query_string_is_part_of_the_address() -> None:
    wide, narrow = (Image.open(io.BytesIO(picture_at(f"/img?id=1&w={width}").body)) for width in (640, 300))
    assert (wide.width, narrow.width) == (640, 320)
    assert picture_at("/img?id=1").body != picture_at("/img?id=2").body


@pytest.mark.parametrize("width", ["", "-3", "x", "%EF%BC%93", "9" * 400])
def test_an_odd_width_is_no_reason_to_fail(width: str) -> None:
    assert Image.open(io.BytesIO(picture_at(f"/img?w={width}").body)).width <= 960


def test_the_paint_stands_in_the_path() -> None:
    red = Image.open(io.BytesIO(picture_at("/img/paint-c80a0a/1.png").body)).convert("RGB")
    assert red.getpixel((red.width // 2, int(red.height * 0.62))) == (200, 10, 10)


@given(st.text(st.characters(codec="utf-8", exclude_characters="%?#"), max_size=30))
def test_an_address_encoded_once_is_well_encoded(text: str) -> None:
    once = f"/img/{quote(text)}"
    assert is_well_encoded(once)
    assert is_well_encoded(quote(once)) == ("%" not in once)


def test_raw_letters_are_not_well_encoded() -> None:
    assert not is_well_encoded("/img/아반떼.jpg")
    assert is_well_encoded("/img/100%25/a.jpg")
    assert not is_well_encoded("/img/%25EC%2595%2584.jpg")


@given(target=st.text(st.characters(codec="ascii", exclude_characters="-"), min_size=1), at=st.integers(0, 200))
def test_a_signature_holds_for_every_letter(target: str, at: int) -> None:
    signed = sign_target(target, secret="s3cr3t")
    assert has_valid_signature(signed)
    at %= len(target)
    other = "b" if signed[at] != "b" else "c"
    assert not has_valid_signature(signed[:at] + other + signed[at + 1 :])
    assert not has_valid_signature(target)
