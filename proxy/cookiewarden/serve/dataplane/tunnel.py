"""Tunnels after a 101 response, for WebSocket and other allowed protocols: unchanged bytes, with back-pressure."""

import asyncio

from cookiewarden.serve.dataplane.roles import ClientRole, OriginRole, TunnelRole


class Tunnel(TunnelRole):
    """Joins a client connection and an origin connection without inspecting their bytes."""

    def __init__(self, client: ClientRole, origin: OriginRole) -> None:
        self.client = client
        self.origin = origin
        self.ended = 0
        """Number of sides that have ended their data."""
        origin.await_nothing()
        client.await_tunnel()

    def from_client(self, data: bytes) -> None:
        self.client.await_tunnel()
        self.origin.transport.write(data)

    def from_origin(self, data: bytes) -> None:
        self.client.await_tunnel()
        self.client.transport.write(data)

    def client_ended(self) -> bool:
        """Keep a half-closed side open for reading, because the other may still send. TLS has no half-closed state."""
        return self._ended(self.client.transport, self.origin.transport)

    def origin_ended(self) -> bool:
        return self._ended(self.origin.transport, self.client.transport)

    def _ended(self, ended: asyncio.Transport, other: asyncio.Transport) -> bool:
        """Forward the end of the data. Return True if the side that ended stays open."""
        self.ended += 1
        if self.ended == 2 or not (ended.can_write_eof() and other.can_write_eof()):
            self.close()
            return False
        other.write_eof()
        return True

    def client_full(self) -> None:
        self.origin.pause_reading()

    def client_drained(self) -> None:
        self.origin.resume_reading()

    def origin_full(self) -> None:
        self.client.transport.pause_reading()

    def origin_drained(self) -> None:
        self.client.transport.resume_reading()

    def close(self) -> None:
        """Close both sides after the written data has been sent."""
        self.client.close()
        self.origin.await_answer()
        self.origin.transport.close()
