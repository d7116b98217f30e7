"""Object keys and addresses: examples, and properties that hold for any text."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import pytest
from bson import Binary, Decimal128, Int64, ObjectId
from hypothesis import example, given
from hypothesis import strategies as st

from opsctl.migration.keys import (
    SEGMENT_BYTES,
    collection_prefix,
    document_prefix,
    document_segment,
    image_folder,
    image_hash,
    object_url,
    safe_segment,
)
from opsctl.migration.models import ImageRef, KeyLayout
from tests.fakes.world import LAYOUT

HEX24 = "507f1f77bcf86cd799439011"
ANY_TEXT = st.one_of(st.text(), st.text(min_size=100, max_size=300), st.text(alphabet="ab/\\. .\u0301e", max_size=6))


def assert_safe(segment: str) -> None:
    assert segment.strip() not in ("", ".", "..")
    assert 0 < len(segment.encode("utf-8")) <= SEGMENT_BYTES
    assert unicodedata.is_normalized("NFC", segment)
    assert not set(segment) & set("/\\")
    assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in segment)


@given(ANY_TEXT)
@example("")
@example("..")
@example(" . ")
@example("\ud800")
@example("가" * 10_000)
@example("a" * 120)
@example("a" * 121)
@example("\x1b[31m")
def test_any_text_makes_a_safe_segment(text: str) -> None:
    segment = safe_segment(text)
    assert_safe(segment)
    assert safe_segment(segment) == segment


@given(ANY_TEXT)
def test_normal_forms_share_a_segment(text: str) -> None:
    assert safe_segment(unicodedata.normalize("NFD", text)) == safe_segment(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("현대 투싼", "현대 투싼"),
        (unicodedata.normalize("NFD", "그랜저"), "그랜저"),
        ("E/클래스\\카브리올레", "E_클래스_카브리올레"),
        ("../../../etc/passwd", ".._.._.._etc_passwd"),
        ("K5\x00\x07\r\n\x7f\x85", "K5______"),
        (".", "_"),
        ("...", "..."),
        ("100% 할인 {doc_id}", "100% 할인 {doc_id}"),
    ],
)
def test_examples(text: str, segment: str) -> None:
    assert safe_segment(text) == segment


def test_long_names_that_begin_alike_stay_apart() -> None:
    first, second = (safe_segment("현대 쏘나타 디 엣지 " * 100 + end) for end in "ab")
    assert first != second
    assert first[:-8] == second[:-8]


@given(ANY_TEXT, ANY_TEXT)
@example("a/b", "a\\b")
@example("\u00e9", "e\u0301")
@example("..", ".")
@example("", "_")
@example("x" * 200, "x" * 201)
def test_two_string_ids_never_share_a_segment(first: str, second: str) -> None:
    assert_safe(document_segment(first))
    if first != second:
        assert document_segment(first) != document_segment(second)


@pytest.mark.parametrize(
    ("document_id", "segment"),
    [
        (ObjectId(HEX24), HEX24),
        (HEX24, f"str-{HEX24}"),
        (HEX24.upper(), f"str-{HEX24.upper()}"),
        ("ab-1", "ab-1"),
        ("현대-아반떼-2024", "현대-아반떼-2024"),
        (5, "int-5"),
        (5.5, "float-5.5"),
        (True, "bool-True"),
        (Int64(7), "int64-7"),
        (Decimal128("1.0"), "decimal128-1.0"),
    ],
)
def test_segments_of_ids(document_id: object, segment: str) -> None:
    assert document_segment(document_id) == segment


@pytest.mark.parametrize(
    ("document_id", "lookalike"),
    [
        (ObjectId(HEX24), HEX24),
        (HEX24, f"str-{HEX24}"),
        (5, "int-5"),
        (Int64(5), "int64-5"),
        (1.5, "float-1.5"),
        (True, "bool-True"),
        (datetime(2025, 1, 1, tzinfo=UTC), "datetime-2025-01-01 00:00:00+00:00"),
        (Binary(b"\0" * 16, 4), str(Binary(b"\0" * 16, 4))),
    ],
)
def test_ids_of_different_types_never_share_a_segment(document_id: object, lookalike: str) -> None:
    assert_safe(document_segment(document_id))
    assert_safe(document_segment(lookalike))
    assert document_segment(document_id) != document_segment(lookalike)


class TestLayout:
    REF = ImageRef("color", "흰색/무광", "https://img.example.com/1.jpg")

    def test_folder(self) -> None:
        folder = image_folder(LAYOUT, "ab", "현대 투싼", self.REF)
        assert folder == "images/vehicles/ab/현대 투싼/color/흰색_무광/"
        assert folder.startswith(document_prefix(LAYOUT, "ab"))

    def test_without_a_colour_there_is_no_colour_folder(self) -> None:
        assert image_folder(LAYOUT, "ab", "v", ImageRef("color", None, "u")) == "images/vehicles/ab/v/color/"
        assert image_folder(LAYOUT, "ab", "", ImageRef("basic", None, "u")) == "images/vehicles/ab/_/basic/"

    @pytest.mark.parametrize(("prefix", "expected"), [("", "vehicles/"), ("/a/b/", "a/b/vehicles/")])
    def test_prefixes(self, prefix: str, expected: str) -> None:
        layout = replace(LAYOUT, prefix=prefix)
        assert collection_prefix(layout) == expected
        assert image_folder(layout, "ab", "v", self.REF).startswith(f"{expected}ab/")

    @given(name=ANY_TEXT, color=st.none() | ANY_TEXT, document_id=ANY_TEXT)
    def test_every_key_is_below_its_document_and_short_enough_for_s3(
        self, name: str, color: str | None, document_id: str
    ) -> None:
        folder = image_folder(LAYOUT, document_id, name, ImageRef("color", color, "u"))
        assert folder.startswith(document_prefix(LAYOUT, document_id))
        assert folder.count("/") == (6 if color else 5)
        assert len(folder.encode()) + 32 + 5 <= 1024
        assert "//" not in folder

    def test_names_with_braces_are_no_templates(self) -> None:
        assert "{doc_id}" in image_folder(LAYOUT, "ab", "{doc_id}{0}{x!r}", self.REF)

    def test_hashes(self) -> None:
        by_url = hashlib.sha256(b"https://img.example.com/1.jpg").hexdigest()[:32]
        assert image_hash(LAYOUT, self.REF, None) == image_hash(LAYOUT, self.REF, "ab" * 32) == by_url
        assert image_hash(replace(LAYOUT, key_hash="content"), self.REF, "ab" * 32) == "ab" * 16


class TestObjectUrl:
    def test_virtual_hosted(self) -> None:
        url = object_url(LAYOUT, "images/현대 투싼/a+b%.jpg")
        assert url == (
            "https://pictures.s3.us-east-1.amazonaws.com/images/%ED%98%84%EB%8C%80%20%ED%88%AC%EC%8B%BC/a%2Bb%25.jpg"
        )

    def test_path_style_below_an_endpoint(self) -> None:
        layout = KeyLayout("b", "p", "c", "r", endpoint_url="http://127.0.0.1:9000/")
        assert object_url(layout, "p/x y.jpg") == "http://127.0.0.1:9000/b/p/x%20y.jpg"

    @given(st.lists(ANY_TEXT.map(safe_segment), min_size=1, max_size=5).map("/".join))
    def test_leads_back_to_the_key(self, key: str) -> None:
        parts = urlsplit(object_url(LAYOUT, key))
        assert parts.path.isascii()
        assert (parts.query, parts.fragment) == ("", "")
        assert unquote(parts.path[1:]) == key
