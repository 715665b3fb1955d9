"""Shared state of all connections of a worker that answers Envoy."""

import logging
import sys

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

    def __init__(self, settings: Settings, in_force: InForce, metrics: Metrics, connections: Connections) -> None:
        self.settings = settings
        self.in_force = in_force
        self.policies = in_force.policies
        self.metrics = metrics
        self.connections = connections
        self.loop = connections.loop
        self.hints = Hints(connections.loop)
        self.access = AccessLog(settings.access_log)
        self.max_cookies = settings.max_cookies or sys.maxsize
        self.https = settings.scheme == "https"
        """The scheme of browsers if neither X-Forwarded-Proto nor `:scheme` states it."""
        self.metadata = Metadata(metrics)

    def call_failed(self, failed: CallFailed) -> None:
        """Log a call that failed, at most once in QUIET_SECONDS. Envoy then acts by its failure_mode_allow."""
        if self.hints.is_due(failed.reason):
            log.error("a call of Envoy failed with status %s: %s", failed.status.name, failed.reason)
