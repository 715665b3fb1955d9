"""The driver for HTTP/1.1 between clients and one application."""

from cookiewarden.serve.dataplane.client import ClientConnection
from cookiewarden.serve.dataplane.context import Context
from cookiewarden.serve.dataplane.pool import Pool
from cookiewarden.serve.listening.connections import Connections
from cookiewarden.serve.listening.driver import Driver
from cookiewarden.serve.observe.metrics import CONNECTIONS_AT, Metrics
from cookiewarden.serve.own_pages.in_force import InForce
from cookiewarden.serve.settings import Settings


class DataPlane(Driver):
    """The driver that forwards requests. It needs a running event loop."""

    def __init__(self, settings: Settings, in_force: InForce, metrics: Metrics, connections: Connections) -> None:
        """Create the driver. Raises BadTLS."""
        self.settings = settings
        self.metrics = metrics
        self.connections = connections
        self.context = Context(settings, in_force, metrics, connections)
        self.hints = self.context.hints
        self.pool = Pool(self.context)

    def client(self, peer: bytes | None) -> ClientConnection:
        return ClientConnection(self.context, self.pool, peer)

    def start(self) -> None:
        self.connections.start(self._tick)

    def _tick(self, now: float) -> None:
        self.pool.tick(now)
        self.count_connections()

    def count_connections(self) -> None:
        counts, pool, clients = self.metrics.counts, self.pool, self.connections
        counts[CONNECTIONS_AT["client", "active"]] = len(clients.open) - len(clients.idle)
        counts[CONNECTIONS_AT["client", "idle"]] = len(clients.idle)
        counts[CONNECTIONS_AT["upstream", "active"]] = pool.open - len(pool.idle)
        counts[CONNECTIONS_AT["upstream", "idle"]] = len(pool.idle)

    def stop(self) -> None:
        self.pool.close()
