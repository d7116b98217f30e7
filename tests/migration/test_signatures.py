"""Telling images by their bytes: what Pillow writes, look-alikes, and bodies that end too early."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from opsctl.lab.pictures import draw_placeholder, draw_vehicle
from opsctl.migration import signatures
from opsctl.migration.signatures import ImageKind, identify, is_complete

KINDS = {
    "JPEG": signatures.JPEG,
    "PNG": signatures.PNG,
    "GIF": signatures.GIF,
    "WEBP": signatures.WEBP,
    "AVIF": signatures.AVIF,
    "BMP": signatures.BMP,
    "TIFF": signatures.TIFF,
    "ICO": signatures.ICO,
}
END_IS_TOLD = ("JPEG", "PNG", "GIF", "WEBP")


def write(image_format: str) -> bytes:
    body = io.BytesIO()
    Image.effect_noise((48, 32), 90).convert("RGB").save(body, image_format)
    return body.getvalue()


@pytest.mark.parametrize("image_format", KINDS)
def test_what_pillow_writes(image_format: str) -> None:
    body = write(image_format)
    assert identify(body) == KINDS[image_format]
    assert is_complete(KINDS[image_format], body)


@pytest.mark.parametrize("image_format", END_IS_TOLD)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_cut_body(image_format: str, share: float) -> None:
    body = write(image_format)
    cut = body[: int(len(body) * share)]
    assert identify(cut) == KINDS[image_format]
    assert not is_complete(KINDS[image_format], cut)


@pytest.mark.parametrize("image_format", ["jpeg", "png", "webp", "avif"])
def test_the_labs_pictures(image_format: str) -> None:
    body = draw_vehicle(1, image_format)
    kind = identify(body)
    assert kind is not None
    assert kind.content_type == f"image/{image_format}"
    assert identify(draw_placeholder()) is not None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', signatures.SVG),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a -->\n<!DOCTYPE svg PUBLIC "x">\n<SVG>', signatures.SVG),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", signatures.HEIC),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", signatures.AVIF),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1avif", signatures.HEIC),
    ],
)
def test_kinds_that_pillow_does_not_write(body: bytes, kind: ImageKind) -> None:
    assert identify(body) == kind


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xd8",
        b"GIF",
        b"BM is a car maker",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypisom\0\0\0\0mp42",
        b"<html><body><svg></svg></body></html>",
        b"<!DOCTYPE html><title>x</title>",
        b'{"image": "\\u0089PNG"}',
        b"%PDF-1.7",
        b"PK\x03\x04",
    ],
)
def test_what_is_no_image(body: bytes) -> None:
    assert identify(body) is None


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(body: bytes) -> None:
    kind = identify(body)
    if kind is not None:
        assert isinstance(is_complete(kind, body), bool)
        assert identify(body + b"x") == kind


def test_a_page_that_never_closes_its_comment_is_answered_quickly() -> None:
    assert identify(b"<!--" * 100_000) is None
    assert identify(b"<!-- -->" * 100_000) is None
