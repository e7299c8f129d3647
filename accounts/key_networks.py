"""The addresses from which a key may be used: CIDR networks of IPv4 and IPv6."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

MOST = 20  # networks of one key
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def clean(texts: Iterable[str]) -> list[str]:
    """Networks as they are kept: `203.0.113.7/32`, `2001:db8::/32`, each once. Raises ValueError with what is wrong."""
    found = dict.fromkeys(str(_network(text)) for text in texts)
    if len(found) > MOST:
        raise ValueError(f"must be at most {MOST} networks")
    return list(found)


def allows(networks: Sequence[str], address: str | None) -> bool:
    """Whether a request from this address may pass; without networks every one may, without an address none."""
    if not networks:
        return True
    if address is None:
        return False
    caller = ipaddress.ip_address(address)
    return any(caller in ipaddress.ip_network(network) for network in networks)


def _network(text: str) -> Network:
    text = text.strip()
    shown = f"“{text[:50]}”"
    try:
        if "%" in text:
            raise ValueError("a zone")
        loose = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{shown} is not an address such as 203.0.113.7 or a network such as 203.0.113.0/24") from None
    if str(loose.network_address) != str(ipaddress.ip_address(text.partition("/")[0])):
        raise ValueError(f"{shown} names a single address in a network; write {loose} for all of it")
    network = _unwrapped(loose)
    if network.prefixlen == 0:
        raise ValueError(f"{shown} is every address; leave the list empty for that")
    return network


def _unwrapped(network: Network) -> Network:
    """IPv4 in IPv6 clothes as IPv4: that is how a caller's address is told (project.origin)."""
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        inner = network.network_address.ipv4_mapped
        if inner is not None:
            return ipaddress.ip_network((inner, network.prefixlen - 96))
    return network
