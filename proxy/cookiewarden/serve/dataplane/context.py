"""Shared state of all connections of a worker. Changing parts have their own owners."""

import sys

from cookiewarden.serve.listening.connections import Connections
from cookiewarden.serve.listening.hints import Hints, ip_address_of
from cookiewarden.serve.listening.tls import upstream_context
from cookiewarden.serve.observe.access import AccessLog
from cookiewarden.serve.observe.metrics import Metrics
from cookiewarden.serve.own_pages.in_force import InForce
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.wire.forwarded import Browser, browser_of
from cookiewarden.serve.wire.head import Limits
from cookiewarden.serve.wire.request_head import RequestHead
from cookiewarden.serve.wire.response_head import ResponseReader

MAX_HOST = 255
"""Octets of a host that is remembered; names are not longer (RFC 1035 2.3.4)."""
MAX_BROWSERS = 256
"""Maximum number of pairs of a peer and a host that are remembered."""


class Context:
    """Settings, policies, counters and owners. One event loop, no locks."""

    def __init__(self, settings: Settings, in_force: InForce, metrics: Metrics, connections: Connections) -> None:
        """Build the context. Raises BadTLS."""
        if settings.upstream is None:
            raise ValueError("an upstream is required")
        self.settings = settings
        self.in_force = in_force
        self.policies = in_force.policies
        self.metrics = metrics
        self.connections = connections
        self.loop = connections.loop
        self.hints = Hints(connections.loop)
        self.access = AccessLog(settings.access_log)
        max_cookies = settings.max_cookies or sys.maxsize
        self.limits = Limits(settings.max_head, settings.max_field, settings.max_fields, max_cookies)
        self.responses = ResponseReader(self.limits)
        self.last: RequestHead | None = None
        """The last head that began a connection, without its first line and cookies. Probes and clients that open a
        connection for each request repeat it."""
        self.https = settings.scheme == "https" or settings.tls_cert != ""
        self._browsers: dict[tuple[bytes, bytes], Browser] = {}
        self.via = b"\r\nVia: 1.1 " + settings.via.encode() if settings.via else b""
        self.upgrade_protocols = frozenset(protocol.encode() for protocol in settings.upgrade_protocols)
        self.upstream = settings.upstream
        self.upstream_authority = settings.upstream.authority.encode()
        self.upstream_host = settings.upstream_host.encode()
        self.upstream_tls = upstream_context(settings)
        self.upstream_server_name = settings.upstream_server_name or (
            settings.upstream.address.host if settings.upstream.address else ""
        )

    def browser(self, peer: bytes, host: bytes) -> Browser:
        """Return the browser of a request without trusted fields of an ingress. Connections of one peer share it."""
        known = self._browsers.get((peer, host))
        if known is None:
            known = browser_of(peer, host, None, False, self.https)
            if len(host) <= MAX_HOST:
                if len(self._browsers) >= MAX_BROWSERS:
                    self._browsers.clear()
                self._browsers[peer, host] = known
        return known

    def trusts(self, peer: bytes) -> bool:
        """Check whether the X-Forwarded fields of a peer are trusted."""
        networks = self.settings.trust_forwarded
        address = ip_address_of(peer) if networks else None
        return address is not None and any(address in network for network in networks)
