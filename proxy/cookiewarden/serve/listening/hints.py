"""Log lines that traffic causes: as often as they help, however often it does."""

import asyncio
import ipaddress
import logging

MAX_NETWORKS = 64
"""Networks of peers for which hints are logged."""
QUIET_SECONDS = 10.0
"""How long one reason for a failure is not logged again."""

log = logging.getLogger("cookiewarden")


class Hints:
    """What one worker has logged. One event loop, no locks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._given: set[tuple[str, str]] = set()
        self._quiet_until: dict[str, float] = {}

    def give(self, peer: bytes, hint: str) -> None:
        """Log once for a peer's network which flag would change what it meets. `hint` has two places for the
        network."""
        address = ip_address_of(peer)
        if address is None or len(self._given) >= MAX_NETWORKS:
            return
        network = str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))
        if (network, hint) not in self._given:
            self._given.add((network, hint))
            log.warning(hint, network, network)

    def is_due(self, reason: str) -> bool:
        """Whether a failure for this reason is to be logged now: once in QUIET_SECONDS."""
        now = self._loop.time()
        if now < self._quiet_until.get(reason, 0.0):
            return False
        self._quiet_until[reason] = now + QUIET_SECONDS
        return True


def ip_address_of(peer: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of a peer; an IPv4 one that came in IPv6's clothes as itself. None for a unix socket's."""
    try:
        address = ipaddress.ip_address(peer.decode().partition("%")[0])
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address
