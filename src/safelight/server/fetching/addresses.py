"""Which addresses are somebody's on the public Internet, and so may be connected to.

The rule says what is allowed, not what is forbidden: the special ranges are many, and new ones are made.
"""

from __future__ import annotations

import ipaddress
from typing import Final, TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""The only IPv6 range handed out for unicast (RFC 4291 §2.4). Mapped and NAT64 addresses lie outside."""
_CARRY_IPV4: Final = (
    ipaddress.IPv6Network("2002::/16"),  # 6to4, RFC 3056
    ipaddress.IPv6Network("2001::/32"),  # Teredo, RFC 4380
)
"""An address within these stands for an IPv4 address, which could be anything."""


def is_public(address: Address) -> bool:
    """Whether it is a unicast address that is routed on the public Internet."""
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in _GLOBAL_UNICAST and not any(address in network for network in _CARRY_IPV4)


def parsed(text: str) -> Address | None:
    """An address as a resolver writes it; None for one with a zone, which no public address has."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    scoped = isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None
    return None if scoped else address
