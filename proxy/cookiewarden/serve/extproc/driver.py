"""The driver that answers Envoy's questions about cookies."""

from collections.abc import Mapping

from cookiewarden.serve.extproc.connection import GrpcConnection
from cookiewarden.serve.extproc.context import ProcessorContext
from cookiewarden.serve.listening.connections import Connections
from cookiewarden.serve.listening.driver import Driver
from cookiewarden.serve.observe.metrics import CALLS, CONNECTIONS_AT, Metrics
from cookiewarden.serve.own_pages.in_force import InForce
from cookiewarden.serve.settings import Settings


class ExternalProcessor(Driver):
    """The driver for Envoy. It needs a running event loop."""

    _away_at = 0.0
    """Time on the event loop's clock at which connections begin to end; 0 before a drain."""

    def __init__(
        self,
        settings: Settings,
        in_force: InForce,
        named: Mapping[str, InForce],
        metrics: Metrics,
        connections: Connections,
    ) -> None:
        """Create the driver. `named`: further policies, which calls select by name or by host."""
        self.settings = settings
        self.metrics = metrics
        self.connections = connections
        self.context = ProcessorContext(settings, in_force, named, metrics, connections)
        self.hints = self.context.hints

    def client(self, peer: bytes | None) -> GrpcConnection:
        return GrpcConnection(self.context, peer)

    def start(self) -> None:
        self.connections.start(self._tick)

    def _tick(self, now: float) -> None:
        connections = self.connections
        if connections.draining:
            # Until the delay has passed, Envoy would connect again at once.
            self._away_at = self._away_at or now + self.settings.drain_delay
            if now >= self._away_at:
                for client in list(connections.open):
                    if isinstance(client, GrpcConnection):
                        client.go_away()
        self.count_connections()

    def count_connections(self) -> None:
        counts, clients = self.metrics.counts, self.connections
        counts[CONNECTIONS_AT["client", "active"]] = len(clients.open) - len(clients.idle)
        counts[CONNECTIONS_AT["client", "idle"]] = len(clients.idle)
        counts[CALLS] = sum(client.calls for client in clients.open if isinstance(client, GrpcConnection))

    def stop(self) -> None:
        """Envoy keeps the connections to the application."""
