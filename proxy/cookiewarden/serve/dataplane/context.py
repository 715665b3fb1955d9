"""What all connections of one worker share: settings, policy, counters, the pool and the clock's tick."""

import asyncio
import ipaddress
import logging
import os
import resource
import sys
from typing import TYPE_CHECKING

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.problem import counted
from cookiewarden.serve.listening.tls import upstream_context
from cookiewarden.serve.observe.access import AccessLog
from cookiewarden.serve.observe.metrics import CONNECTIONS_AT, FORWARDED_REPLACED, Metrics
from cookiewarden.serve.observe.observations import Observations
from cookiewarden.serve.own_pages.guard import Guard
from cookiewarden.serve.own_pages.statement import StatementPages
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.wire.head import Limits
from cookiewarden.serve.wire.response_head import ResponseReader

if TYPE_CHECKING:
    from cookiewarden.serve.dataplane.client import Downstream
    from cookiewarden.serve.dataplane.origin import Pool
    from cookiewarden.serve.observe.tracing import Tracing

TICK = 0.1
"""Seconds between two looks at the deadlines: the precision of every timeout but `connect_timeout`."""
NEVER = float("inf")
QUIET_SECONDS = 10.0
"""How long one reason for a failure is not logged again."""

MAX_TOLD = 64
"""Networks of untrusted peers that are told in the log."""

log = logging.getLogger("cookiewarden")


class Gateway:
    """The data plane's shared state. One event loop, no locks.

    Deadlines are an attribute of each connection, `due`, that is looked at once a tick: setting one costs a store
    where a timer costs a heap, and a look at 10,000 connections takes 0.4 ms.
    """

    pool: "Pool"

    def __init__(self, settings: Settings, engine: Engine, metrics: Metrics) -> None:
        """Raises BadTLS."""
        self.settings = settings
        self.engine = engine
        """The policy in force. A request keeps the one that it began with."""
        self.shadow: Engine | None = None
        """A policy that is tried: it decides and changes nothing."""
        self.guard: Guard | None = None
        """Where the policy in force asks for one."""
        self.statement: StatementPages | None = None
        """Where the policy in force serves its own."""
        self.metrics = metrics
        self.sightings = Observations() if settings.inventory else None
        self.access = AccessLog(settings.access_log)
        self.tracing: Tracing | None = None
        max_cookies = settings.max_cookies or sys.maxsize
        self.limits = Limits(settings.max_head, settings.max_field, settings.max_fields, max_cookies)
        self.responses = ResponseReader(self.limits)
        self.loop = asyncio.get_running_loop()
        self.draining = False
        self.clients: set[Downstream] = set()
        self.idle: dict[Downstream, None] = {}
        """Clients between two requests, the one that has waited longest first."""
        self.max_connections = settings.max_connections or _default_max_connections()
        if settings.upstream is None:
            raise ValueError("an upstream is required")
        self.upstream = settings.upstream
        self.upstream_authority = settings.upstream.authority.encode()
        self.upstream_host = settings.upstream_host.encode()
        self.https = settings.scheme == "https" or settings.tls_cert != ""
        self.scheme = b"https" if self.https else b"http"
        self.via = b"\r\nVia: 1.1 " + settings.via.encode() if settings.via else b""
        self.upstream_tls = upstream_context(settings)
        self.upstream_server_name = settings.upstream_server_name or (
            settings.upstream.address.host if settings.upstream.address else ""
        )
        self.upgrade_protocols = frozenset(protocol.encode() for protocol in settings.upgrade_protocols)
        self._told: set[tuple[str, str]] = set()
        self._quiet_until: dict[str, float] = {}
        self._ticker: asyncio.TimerHandle | None = None

    def start(self, pool: "Pool") -> None:
        """Connections may come: look at their deadlines from now on."""
        self.pool = pool
        self._ticker = self.loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        # First of all: whatever fails in one turn, every timeout hangs on the next.
        self._ticker = self.loop.call_later(TICK, self._tick)
        now = self.loop.time()
        for client in [client for client in self.clients if client.due <= now]:
            client.due = NEVER
            client.late()
        self.pool.tick(now)
        self.count_connections()

    def has_room(self, arriving: int = 0) -> bool:
        """Whether one more client is within `max_connections`, beside those that are arriving. At the limit the one
        that has been idle for longest goes."""
        if len(self.clients) + arriving < self.max_connections:
            return True
        idle = next(iter(self.idle), None)
        if idle is None:
            return False
        self.idle.pop(idle)
        self.clients.discard(idle)
        idle.close()
        return True

    def trusts(self, peer: bytes) -> bool:
        """Whether a peer's X-Forwarded fields are believed."""
        networks = self.settings.trust_forwarded
        address = address_of(peer) if networks else None
        return address is not None and any(address in network for network in networks)

    def forwarded_replaced(self, peer: bytes) -> None:
        """Count fields of a peer that is not trusted."""
        self.metrics.counts[FORWARDED_REPLACED] += 1
        self.hint(
            peer,
            "X-Forwarded headers from %s are replaced; if that is your ingress, give --trust-forwarded %s",
        )

    def hint(self, peer: bytes, what: str) -> None:
        """Say once for a peer's network which flag would change what it meets."""
        address = address_of(peer)
        if address is None or len(self._told) >= MAX_TOLD:
            return
        network = str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))
        if (network, what) not in self._told:
            self._told.add((network, what))
            log.warning(what, network, network)

    def upstream_failed(self, reason: str, detail: str = "") -> None:
        """Count a failure of the application, and say so, once in ten seconds for each reason. `detail`: what the
        system said of it."""
        self.metrics.upstream_errors.add(reason)
        if self._may_say(reason):
            if reason == "pool":
                detail = "no connection to it was free within --pool-timeout"
            log.warning(
                "the application at %s failed: %s (%s since the start)",
                self.upstream, f"{reason}, {detail}" if detail else reason, counted(self.metrics.upstream_errors[reason], "time"),
            )  # fmt: skip

    def handshake_failed(self, detail: str) -> None:
        """Count a client with which TLS could not be spoken, and say so, once in ten seconds."""
        self.metrics.client_errors.add("tls")
        if self._may_say("handshake"):
            failed = counted(self.metrics.client_errors["tls"], "time")
            log.warning("a TLS handshake with a client failed: %s (%s since the start)", detail, failed)

    def _may_say(self, what: str) -> bool:
        now = self.loop.time()
        if now < self._quiet_until.get(what, 0.0):
            return False
        self._quiet_until[what] = now + QUIET_SECONDS
        return True

    def stop(self) -> None:
        if self._ticker is not None:
            self._ticker.cancel()

    def count_connections(self) -> None:
        """Put open connections, by side and state, among the counts."""
        counts, pool, idle = self.metrics.counts, self.pool, len(self.idle)
        counts[CONNECTIONS_AT["client", "active"]] = len(self.clients) - idle
        counts[CONNECTIONS_AT["client", "idle"]] = idle
        counts[CONNECTIONS_AT["upstream", "active"]] = pool.open - len(pool.idle)
        counts[CONNECTIONS_AT["upstream", "idle"]] = len(pool.idle)


def address_of(peer: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of a peer; an IPv4 one that came in IPv6's clothes as itself. None for a unix socket's."""
    try:
        address = ipaddress.ip_address(peer.decode().partition("%")[0])
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address


def _default_max_connections() -> int:
    """Two descriptors for each client, and some for the rest (RLIMIT_NOFILE is the soft one)."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = os.sysconf("SC_OPEN_MAX")
    return max(16, (soft - 64) // 2)
