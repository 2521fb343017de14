"""Where a request comes from: the peer's own address, or what a proxy says that we have named.

``X-Forwarded-For`` is a header like any other: whoever sends it writes what he likes into it. Only
the entries that named proxies have added count, read from the right.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def caller_of(request: HttpRequest) -> str:
    """The caller's address, of IPv6 the net of it that one household has; '' for this machine."""
    peer = _read(str(request.META.get("REMOTE_ADDR", "")))
    if peer is None:
        return ""
    told = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))[-400:].split(",")
    while _is_named(peer) and told:
        before = _read(told.pop())
        if before is None:
            break
        peer = before
    if peer.is_loopback:
        return ""
    return str(ip_network((peer, 64), strict=False)) if peer.version == 6 else str(peer)


def _read(text: str) -> Address | None:
    """An address as it is written in a header, with a port or an old address in a new one."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_named(peer: Address) -> bool:
    return any(peer in ip_network(net) for net in settings.PROXIES)
