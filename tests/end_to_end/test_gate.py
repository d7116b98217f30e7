"""The gate lets through as many as it is told to, in the order in which they came."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.gate import Gate, gate_before
from tests.servers.kube_cluster import wait_for


@pytest.fixture
def gate(image_host: str) -> Iterator[Gate]:
    with gate_before(image_host) as opened:
        yield opened


class Asking(threading.Thread):
    """Asks for one image."""

    def __init__(self, gate: Gate, name: str) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection(urlsplit(gate.base_url).netloc, timeout=120)
        self._name = name
        self.status: int | None = None
        self.start()

    def run(self) -> None:
        self._connection.request("GET", f"/img/gate-{self._name}.jpg")
        self.status = self._connection.getresponse().status
        self._connection.close()

    def check(self) -> None:
        self.join(120)
        assert self.status == 200


def test_an_open_gate_holds_nothing_up(gate: Gate) -> None:
    Asking(gate, "open").check()
    assert not gate.is_reached()


def test_those_that_wait_pass_first_and_one_by_one(gate: Gate) -> None:
    gate.close_after(1)
    Asking(gate, "first").check()
    assert not gate.is_reached()
    second = Asking(gate, "second")
    wait_for(lambda: gate.is_reached() or None, "the second to wait")
    gate.let_in_who_waits()
    second.check()
    third = Asking(gate, "third")
    wait_for(lambda: gate.is_reached() or None, "the third to wait")
    gate.close_after(1)
    third.check()
    fourth = Asking(gate, "fourth")
    wait_for(lambda: gate.is_reached() or None, "the fourth to wait")
    gate.open()
    fourth.check()
    assert not gate.is_reached()
