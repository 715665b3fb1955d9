"""Shared state of all connections of a worker that answers Envoy."""

import logging
import sys
from collections.abc import Mapping

from cookiewarden.core.cookies.scope import canonical_host
from cookiewarden.serve.extproc.call import CallFailed
from cookiewarden.serve.extproc.metadata import Metadata
from cookiewarden.serve.listening.connections import Connections
from cookiewarden.serve.listening.hints import Hints
from cookiewarden.serve.observe.access import AccessLog
from cookiewarden.serve.observe.metrics import Metrics
from cookiewarden.serve.own_pages.in_force import InForce
from cookiewarden.serve.settings import Settings

log = logging.getLogger("cookiewarden")

NOT_HTTP2 = "connections from %s are not valid gRPC; let only Envoy connect to --extproc, not clients in %s"


class ProcessorContext:
    """Settings, policies, counters and owners. One event loop, no locks."""

    def __init__(
        self,
        settings: Settings,
        in_force: InForce,
        named: Mapping[str, InForce],
        metrics: Metrics,
        connections: Connections,
    ) -> None:
        self.settings = settings
        self.in_force = in_force
        """The policy for calls without a name."""
        self._named = {name.encode(): found for name, found in named.items()}
        self._hosts = {host.encode(): name.encode() for host, name in settings.extproc_host}
        self.metrics = metrics
        self.connections = connections
        self.loop = connections.loop
        self.hints = Hints(connections.loop)
        self.access = AccessLog(settings.access_log)
        self.max_cookies = settings.max_cookies or sys.maxsize
        self.https = settings.scheme == "https"
        """The scheme of browsers if neither X-Forwarded-Proto nor `:scheme` states it."""
        self.metadata = Metadata(metrics)

    def selected(self, name: bytes, host: bytes) -> InForce | None:
        """Return the policy that a call selects by name, or else by the host of the request. None: the name is
        unknown."""
        if not name and self._hosts:
            name = self._name_of(canonical_host(host))
        if not name:
            return self.in_force
        found = self._named.get(name)
        if found is None and self.hints.is_due("name"):
            log.error("a call of Envoy selects an unknown policy; on_error of the first policy applies")
        return found

    def _name_of(self, host: bytes) -> bytes:
        """Return the name for a host: by the host itself, or by the nearest domain above it, as `*.DOMAIN`."""
        found = self._hosts.get(host)
        while found is None and host:
            host = host.partition(b".")[2]
            found = self._hosts.get(b"*." + host)
        return found or b""

    def call_failed(self, failed: CallFailed) -> None:
        """Log a call that failed, at most once in QUIET_SECONDS. Envoy then acts by its failure_mode_allow."""
        if self.hints.is_due(failed.reason):
            log.error("a call of Envoy failed with status %s: %s", failed.status.name, failed.reason)
