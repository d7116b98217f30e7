"""Which addresses may be asked: every special range, in every disguise."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.addresses import AllowedHosts, BlockedAddressError, check_address, parse_allowed

SPECIAL_V4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
)
SPECIAL_V6 = (
    "::/128",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "2001:db8::/32",
    "3fff::/20",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
PUBLIC = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1")


def ends_of(network: str) -> list[str]:
    parsed = ipaddress.ip_network(network)
    middle = parsed.network_address + parsed.num_addresses // 2
    return [str(parsed.network_address), str(middle), str(parsed.broadcast_address)]


def disguises(text: str) -> list[str]:
    """The IPv6 addresses that stand for an IPv4 one: mapped, NAT64, 6to4, Teredo (the client, inverted)."""
    number = int(ipaddress.IPv4Address(text))
    mapped = (0xFFFF << 32) | number
    nat64 = (0x0064FF9B << 96) | number
    six_to_four = (0x2002 << 112) | (number << 80)
    teredo = (0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)
    return [str(ipaddress.IPv6Address(value)) for value in (mapped, nat64, six_to_four, teredo)]


@pytest.mark.parametrize("network", SPECIAL_V4 + SPECIAL_V6)
def test_special_ranges_are_blocked(network: str) -> None:
    for text in ends_of(network):
        with pytest.raises(BlockedAddressError, match="is not a public address"):
            check_address(text, ())


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_pass(text: str) -> None:
    check_address(text, ())
    if "." in text:
        for disguise in disguises(text):
            check_address(disguise, ())


@pytest.mark.parametrize("network", SPECIAL_V4)
def test_disguises_are_seen_through(network: str) -> None:
    for text in ends_of(network):
        for disguise in disguises(text):
            with pytest.raises(BlockedAddressError):
                check_address(disguise, ())


def test_compatible_and_translated_forms_are_blocked() -> None:
    for text in ("::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1", "fe80::1%eth0"):
        with pytest.raises(BlockedAddressError):
            check_address(text, ())


def test_allowed_networks_by_address_and_in_disguise() -> None:
    allowed = parse_allowed(["10.1.0.0/16", "[::1]", "192.168.1.7"]).networks
    for text in ("10.1.2.3", "::1", "192.168.1.7", *disguises("10.1.2.3")):
        check_address(text, allowed)
    for text in ("10.2.0.1", "192.168.1.8", "127.0.0.1", *disguises("10.2.0.1")):
        with pytest.raises(BlockedAddressError):
            check_address(text, allowed)


def test_entries_are_networks_addresses_or_names() -> None:
    parsed = parse_allowed(["10.1.2.3/16", "Intern.Example.COM.", "::1"])
    assert [str(network) for network in parsed.networks] == ["10.1.0.0/16", "::1/128"]
    assert parsed.names == frozenset({"intern.example.com"})
    assert parse_allowed([]) == AllowedHosts()


@given(st.ip_addresses())
def test_nothing_that_is_not_global_passes(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    try:
        check_address(str(address), ())
    except BlockedAddressError:
        return
    assert not (address.is_private and address.version == 4)
    assert not any((address.is_loopback, address.is_link_local, address.is_multicast, address.is_unspecified))


@given(st.ip_addresses())
def test_what_is_allowed_passes(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    check_address(str(address), parse_allowed([str(address)]).networks)


def test_the_error_is_none_that_would_be_tried_again() -> None:
    assert not issubclass(BlockedAddressError, OSError)
