from __future__ import annotations

from contextlib import ExitStack

import pytest

from opsctl.lab.host_traffic import Traffic


def test_requests_are_counted_by_address_and_by_host() -> None:
    traffic = Traffic()
    for host, target in (("a:1", "/x"), ("a:1", "/x"), ("b:1", "/y")):
        with traffic.count(host=host, target=target, at_seconds=0.0):
            pass
    assert traffic.requests == {"/x": 2, "/y": 1}
    assert traffic.summarise() == {
        "requests": 3,
        "hosts": {
            "a:1": {"requests": 2, "inFlight": 0, "maxInFlight": 1, "maxInOneSecond": 2},
            "b:1": {"requests": 1, "inFlight": 0, "maxInFlight": 1, "maxInOneSecond": 1},
        },
        "paths": {"/x": 2, "/y": 1},
    }


def test_the_largest_number_in_flight_is_that_of_one_host() -> None:
    traffic = Traffic()
    with ExitStack() as requests:
        for host in ("a", "a", "a", "b", "b"):
            requests.enter_context(traffic.count(host=host, target="/", at_seconds=0.0))
        assert traffic.hosts["a"].in_flight == 3
    assert traffic.max_in_flight == 3
    assert traffic.hosts["a"].in_flight == 0


def test_a_request_that_fails_is_in_flight_no_more() -> None:
    traffic = Traffic()
    with pytest.raises(RuntimeError), traffic.count(host="a", target="/", at_seconds=0.0):
        raise RuntimeError
    assert traffic.hosts["a"].in_flight == 0


def test_the_busiest_second_is_a_sliding_one() -> None:
    traffic = Traffic()
    for at_seconds in (0.0, 0.6, 0.7, 1.4, 1.5, 1.6, 3.0):
        with traffic.count(host="a", target="/", at_seconds=at_seconds):
            pass
    # 0.7 to 1.6; exactly one second apart is no longer the same second.
    assert traffic.hosts["a"].max_in_one_second == 4
