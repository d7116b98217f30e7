"""Small layers come before their turn, and nothing else changes by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from opsctl.adapters.registry.read_ahead import MOST_LAYERS, ReadAhead
from opsctl.errors import UnavailableError
from opsctl.image.models import Descriptor, Layer

KIB, MIB = 1 << 10, 1 << 20


def layers(*sizes: int) -> tuple[Layer, ...]:
    """Layers of these sizes, the bottom one first."""
    blobs = [
        Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", f"sha256:{n:064x}", size)
        for n, size in enumerate(sizes)
    ]
    return tuple(Layer(number, blob, None) for number, blob in enumerate(blobs))


class Registry:
    """Both ways to a layer. What `lost` names cannot be read early."""

    def __init__(self, own: tuple[Layer, ...], known: tuple[int, ...] = (), lost: tuple[int, ...] = ()) -> None:
        self.layers = own
        self.early: set[int] = set()
        self.opened: list[int] = []
        self._known = {own[number].blob.digest for number in known}
        self._lost = lost

    def read(self, blob: Descriptor) -> bytes:
        number = int(blob.digest[7:], 16)
        self.early.add(number)
        if number in self._lost:
            raise UnavailableError("the connection was lost")
        return b"early %d" % number

    def open(self, blob: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
        number = int(blob.digest[7:], 16)
        self.opened.append(number)
        return nullcontext(iter((b"in turn ", b"%d" % number)))

    def ahead(self, most_bytes: int = 2 * MIB) -> ReadAhead:
        return ReadAhead(self, self.layers, self.read, self._known.__contains__, most_bytes=most_bytes)


def content(blobs: ReadAhead, layer: Layer) -> bytes:
    with blobs.open(layer.blob) as pieces:
        return b"".join(pieces)


def test_the_first_is_opened_and_the_small_ones_below_it_are_there() -> None:
    registry = Registry(layers(300 * KIB, 50 * MIB, 2 * KIB, 9 * KIB))
    with registry.ahead() as blobs:
        found = [content(blobs, layer) for layer in reversed(registry.layers)]
    assert found == [b"in turn 3", b"early 2", b"in turn 1", b"early 0"]
    assert registry.early == {0, 2}


def test_layers_above_the_first_are_not_asked_for() -> None:
    registry = Registry(layers(2 * KIB, 2 * KIB, 2 * KIB))
    with registry.ahead() as blobs:
        assert [content(blobs, registry.layers[number]) for number in (1, 0)] == [b"in turn 1", b"early 0"]
    assert registry.early == {0}


def test_of_known_layers_only_tiny_ones_are_asked_for() -> None:
    registry = Registry(layers(300 * KIB, 2 * KIB, 300 * KIB, 2 * KIB), known=(0, 1, 2, 3))
    with registry.ahead() as blobs:
        content(blobs, registry.layers[3])
        content(blobs, registry.layers[1])
    assert registry.early == {1}


def test_what_cannot_be_read_early_is_opened_in_its_turn() -> None:
    registry = Registry(layers(2 * KIB, 2 * KIB), lost=(0,))
    with registry.ahead() as blobs:
        assert [content(blobs, layer) for layer in reversed(registry.layers)] == [b"in turn 1", b"in turn 0"]


def test_a_layer_that_is_opened_again_is_asked_for_again() -> None:
    registry = Registry(layers(2 * KIB, 2 * KIB))
    with registry.ahead() as blobs:
        found = [content(blobs, registry.layers[number]) for number in (1, 0, 0)]
    assert found == [b"in turn 1", b"early 0", b"in turn 0"]


@pytest.mark.parametrize(("most_bytes", "early"), [(1500 * KIB, {1}), (1700 * KIB, {0, 1}), (0, set())])
def test_no_more_than_the_limit_is_asked_for(most_bytes: int, early: set[int]) -> None:
    registry = Registry(layers(200 * KIB, 900 * KIB, 600 * KIB))
    with registry.ahead(most_bytes) as blobs:
        for layer in reversed(registry.layers):
            content(blobs, layer)
    assert registry.early == early


def test_of_very_many_layers_only_a_few_are_asked_for() -> None:
    registry = Registry(layers(*[KIB] * 100))
    with registry.ahead() as blobs:
        for layer in reversed(registry.layers):
            content(blobs, layer)
    assert registry.early == set(range(99 - MOST_LAYERS, 99))


def test_a_blob_of_no_layer_is_only_opened() -> None:
    registry = Registry(layers(KIB, KIB))
    with registry.ahead() as blobs:
        assert content(blobs, layers(KIB, KIB, KIB)[2]) == b"in turn 2"
    assert registry.early == set()
