"""What carries bytes between clients and the application, as a listener and a worker know it."""

from cookiewarden.serve.listening.connections import Client, Connections
from cookiewarden.serve.listening.hints import Hints
from cookiewarden.serve.observe.metrics import Metrics
from cookiewarden.serve.settings import Settings


class Driver:
    """One worker's carrier. Has begun once `start` was called."""

    settings: Settings
    metrics: Metrics
    connections: Connections
    hints: Hints

    def client(self, peer: bytes | None) -> Client:
        """A protocol for a connection that was accepted. `peer`: the client's address, where a balancer has said it."""
        raise NotImplementedError

    def start(self) -> None:
        """Connections may come."""
        raise NotImplementedError

    def stop(self) -> None:
        """End what is open towards the application."""
        raise NotImplementedError

    def count_connections(self) -> None:
        """Put open connections, by side and state, among the counts."""
        raise NotImplementedError
