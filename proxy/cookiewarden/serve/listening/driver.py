"""The interface of a driver, which moves bytes between clients and the application, for a listener and a worker."""

from cookiewarden.serve.listening.connections import Client, Connections
from cookiewarden.serve.listening.hints import Hints
from cookiewarden.serve.observe.metrics import Metrics
from cookiewarden.serve.settings import Settings


class Driver:
    """The driver of one worker. It runs after `start`."""

    settings: Settings
    metrics: Metrics
    connections: Connections
    hints: Hints

    def client(self, peer: bytes | None) -> Client:
        """Return a protocol for an accepted connection. `peer`: the client's address, if a balancer sent it."""
        raise NotImplementedError

    def start(self) -> None:
        """Prepare for connections."""
        raise NotImplementedError

    def stop(self) -> None:
        """Close the connections to the application."""
        raise NotImplementedError

    def count_connections(self) -> None:
        """Update the counts of open connections, by side and state."""
        raise NotImplementedError
