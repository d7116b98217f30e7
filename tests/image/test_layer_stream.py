"""Stored layers: every compression, verified, bounded, and refused for the right reason."""

from __future__ import annotations

import gzip
import os

import pytest
from backports import zstd

from opsctl.errors import DataError
from opsctl.image.layer_stream import LayerStream, StreamLimits
from opsctl.image.models import Descriptor
from tests.image.layers import MEDIA_TYPES, compress, digest_of

CONTENT = os.urandom(300_000) + bytes(500_000)
SKIPPABLE = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
STORED = {
    "gzip": gzip.compress(CONTENT),
    "gzip members": gzip.compress(CONTENT[:100_000]) + gzip.compress(b"") + gzip.compress(CONTENT[100_000:]),
    "gzip padded": gzip.compress(CONTENT) + bytes(1_000),
    "zstd": zstd.compress(CONTENT),
    "zstd frames": zstd.compress(CONTENT[:100_000]) + SKIPPABLE + zstd.compress(CONTENT[100_000:]),
    "zstd skippable first": SKIPPABLE + zstd.compress(CONTENT),
    "plain": CONTENT,
}


def stream(
    stored: bytes,
    *,
    given: bytes | None = None,
    media_type: str = MEDIA_TYPES["gzip"],
    diff_id: str | None = None,
    limits: StreamLimits | None = None,
    piece_bytes: int = 70_001,
) -> LayerStream:
    """`given` is what the registry gives instead of `stored`."""
    sent = stored if given is None else given
    pieces = (sent[start : start + piece_bytes] for start in range(0, len(sent), piece_bytes))
    return LayerStream(Descriptor(media_type, digest_of(stored), len(stored)), pieces, diff_id=diff_id, limits=limits)


def fail(layer: LayerStream) -> str:
    with pytest.raises(DataError) as failure:
        for _ in layer:
            pass
    return failure.value.code


@pytest.mark.parametrize("form", STORED)
@pytest.mark.parametrize("piece_bytes", [997, 70_001, 10_000_000])
def test_gives_the_uncompressed_bytes(form: str, piece_bytes: int) -> None:
    layer = stream(STORED[form], diff_id=digest_of(CONTENT), piece_bytes=piece_bytes)
    assert b"".join(layer) == CONTENT
    assert layer.bytes_read == len(STORED[form])


def test_pieces_of_one_byte() -> None:
    for form in ("gzip", "zstd", "plain"):
        small = compress(b"abc" * 100, form)
        assert b"".join(stream(small, piece_bytes=1)) == b"abc" * 100


@pytest.mark.parametrize("form", STORED)
def test_a_cut_download_is_truncated(form: str) -> None:
    assert fail(stream(STORED[form], given=STORED[form][:-600])) == "layer-truncated"


@pytest.mark.parametrize("form", STORED)
def test_other_bytes_are_a_wrong_digest(form: str) -> None:
    changed = bytearray(STORED[form])
    changed[len(changed) // 2] ^= 0xFF
    assert fail(stream(STORED[form], given=bytes(changed))) == "layer-digest"


def test_more_bytes_than_the_manifest_says_are_refused_at_once() -> None:
    layer = stream(STORED["gzip"], given=STORED["gzip"] + bytes(1_000_000))
    assert fail(layer) == "layer-digest"
    assert layer.bytes_read <= len(STORED["gzip"]) + 70_001


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_layer_that_is_stored_cut_is_truncated(form: str) -> None:
    assert fail(stream(STORED[form][:-600])) == "layer-truncated"


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_layer_that_is_stored_damaged_is_unreadable(form: str) -> None:
    changed = bytearray(STORED[form])
    changed[1_000:1_100] = bytes(100)
    changed[-12:] = bytes(12)
    assert fail(stream(bytes(changed))) in {"layer-unreadable", "layer-truncated"}


def test_rubbish_after_a_gzip_member_is_unreadable() -> None:
    assert fail(stream(STORED["gzip"] + b"rubbish")) == "layer-unreadable"


def test_other_content_than_the_config_says_is_a_wrong_digest() -> None:
    assert fail(stream(STORED["zstd"], diff_id=digest_of(b"other"))) == "layer-digest"


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_bomb_is_stopped_soon(form: str) -> None:
    limits = StreamLimits(highest_ratio=100, ratio_from_bytes=1_000_000)
    bomb = stream(compress(bytes(50_000_000), form), limits=limits)
    assert fail(bomb) == "layer-bomb"
    assert bomb.bytes_read < 300_000


def test_the_size_of_a_layer_is_bounded() -> None:
    assert fail(stream(STORED["plain"], limits=StreamLimits(most_bytes=700_000))) == "layer-bomb"


@pytest.mark.parametrize(
    ("media_type", "word"),
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "foreign"),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "foreign"),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "type"),
        ("application/vnd.in-toto+json", "type"),
    ],
)
def test_what_is_no_layer_is_refused_with_a_word(media_type: str, word: str) -> None:
    with pytest.raises(DataError, match=word) as failure:
        stream(STORED["gzip"], media_type=media_type)
    assert failure.value.code == "layer-unreadable"
