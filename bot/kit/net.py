"""Whom a request is counted for."""

from __future__ import annotations

import ipaddress


def network_of(host: str, forwarded: str = "", *, trust_proxy: bool = False) -> str:
    """The address a request comes from; for IPv6 its /64, since one household owns all of it.

    `forwarded` is the header X-Forwarded-For: its last entry is what the proxy in front saw itself,
    and it is believed only where there is such a proxy.
    """
    seen = forwarded.split(",")[-1].strip() if trust_proxy else ""
    try:
        address = ipaddress.ip_address(seen or host)
    except ValueError:
        return seen or host or "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
