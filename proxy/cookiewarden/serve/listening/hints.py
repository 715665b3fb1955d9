"""Warnings that traffic causes, limited in number."""

import asyncio
import ipaddress
import logging

MAX_NETWORKS = 64
"""Maximum number of networks of peers for which hints are logged."""
QUIET_SECONDS = 10.0
"""Seconds in which the same kind of failure is not logged again."""

log = logging.getLogger("cookiewarden")


class Hints:
    """Record of the warnings that one worker has logged. One event loop, no locks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._given: set[tuple[str, str]] = set()
        self._quiet_until: dict[str, float] = {}

    def give(self, peer: bytes, hint: str) -> None:
        """Log a hint once for each network of peers. `hint` has two places for the network."""
        address = ip_address_of(peer)
        if address is None or len(self._given) >= MAX_NETWORKS:
            return
        network = str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))
        if (network, hint) not in self._given:
            self._given.add((network, hint))
            log.warning(hint, network, network)

    def is_due(self, reason: str) -> bool:
        """Check whether a failure for this reason may be logged now: at most once in QUIET_SECONDS."""
        now = self._loop.time()
        if now < self._quiet_until.get(reason, 0.0):
            return False
        self._quiet_until[reason] = now + QUIET_SECONDS
        return True


def ip_address_of(peer: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address of a peer, IPv4-mapped IPv6 addresses as IPv4; None for a unix socket."""
    try:
        address = ipaddress.ip_address(peer.decode().partition("%")[0])
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address
