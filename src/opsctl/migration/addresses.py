"""Which network addresses may be asked for an image: public ones, and those that the configuration lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Not public either, though Python 3.11 says so: 6to4 relays, site-local (RFC 3879), documentation (RFC 9637).
_FURTHER = tuple(ipaddress.ip_network(text) for text in ("192.88.99.0/24", "fec0::/10", "3fff::/20"))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class BlockedAddressError(Exception):
    """An address that must not be asked. Not an OSError: a connection error would be tried again."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address")


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """The hosts that are exempt: networks by address, the rest by name (names are resolved when they are asked)."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()


def parse_allowed(entries: Iterable[str]) -> AllowedHosts:
    """Split `allow_private_hosts` into addresses, networks (CIDR) and host names."""
    networks: list[Network] = []
    names: list[str] = []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
        except ValueError:
            names.append(entry.lower().rstrip("."))
    return AllowedHosts(tuple(networks), frozenset(names))


def check_address(text: str, allowed: tuple[Network, ...]) -> None:
    """Raise BlockedAddressError unless `text`, an IP address, is public or within an allowed network."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if any(address in network for network in allowed):
        return
    inner = _unwrap(address)
    if any(inner in network for network in allowed):
        return
    is_further = any(inner in network for network in _FURTHER)
    if is_further or not inner.is_global or inner.is_multicast or inner.is_reserved:
        raise BlockedAddressError(text)


def _unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for: mapped (RFC 4291), 6to4 (RFC 3056), NAT64 (RFC 6052), Teredo."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address
