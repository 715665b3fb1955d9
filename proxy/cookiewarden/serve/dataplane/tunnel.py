"""After a 101: bytes both ways, untouched, with back-pressure. WebSocket and any other protocol allowed."""

import asyncio

from cookiewarden.serve.dataplane.roles import ClientRole, OriginRole, TunnelRole


class Tunnel(TunnelRole):
    """Joins a client's connection and an origin's. Neither side's bytes are looked at."""

    def __init__(self, client: ClientRole, origin: OriginRole) -> None:
        self.client = client
        self.origin = origin
        self.ended = 0
        """How many sides have said that they send no more."""
        origin.await_nothing()
        client.await_tunnel()

    def from_client(self, data: bytes) -> None:
        self.client.await_tunnel()
        self.origin.transport.write(data)

    def from_origin(self, data: bytes) -> None:
        self.client.await_tunnel()
        self.client.transport.write(data)

    def client_ended(self) -> bool:
        """A half-closed side stays readable: the other may still have something to say. TLS has no such half."""
        return self._ended(self.client.transport, self.origin.transport)

    def origin_ended(self) -> bool:
        return self._ended(self.origin.transport, self.client.transport)

    def _ended(self, ended: asyncio.Transport, other: asyncio.Transport) -> bool:
        """Pass the end on; whether the side that ended stays open."""
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
        """What was written to the other side is flushed, then it goes too."""
        self.client.close()
        self.origin.await_answer()
        self.origin.transport.close()
