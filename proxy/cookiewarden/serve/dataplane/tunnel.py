"""After a 101: bytes both ways, untouched, with back-pressure. WebSocket and any other protocol allowed."""

import asyncio
from typing import TYPE_CHECKING

from cookiewarden.serve.dataplane.context import NEVER, Gateway

if TYPE_CHECKING:
    from cookiewarden.serve.dataplane.client import Downstream
    from cookiewarden.serve.dataplane.origin import Origin


class Tunnel:
    """Joins a client's connection and an origin's. Neither side's bytes are looked at."""

    def __init__(self, gateway: Gateway, client: "Downstream", origin: "Origin") -> None:
        self.gateway = gateway
        self.client = client
        self.origin = origin
        self.ended = 0
        """How many sides have said that they send no more."""
        origin.due = NEVER
        self._lives()

    def _lives(self) -> None:
        self.client.due = self.gateway.loop.time() + self.gateway.settings.tunnel_timeout

    def from_client(self, data: bytes) -> None:
        self._lives()
        self.origin.transport.write(data)

    def from_origin(self, data: bytes) -> None:
        self._lives()
        self.client.transport.write(data)

    def client_ended(self) -> bool:
        """A half-closed side stays readable: the other may still have something to say. TLS has no such half."""
        return self._ended(self.client.transport, self.origin.transport)

    def origin_ended(self) -> bool:
        """The same from the other side."""
        return self._ended(self.origin.transport, self.client.transport)

    def _ended(self, ended: asyncio.Transport, other: asyncio.Transport) -> bool:
        """Pass the end on; whether the side that ended stays open."""
        self.ended += 1
        if self.ended == 2 or not (ended.can_write_eof() and other.can_write_eof()):
            self.close()
            return False
        other.write_eof()
        return True

    def pause_client(self) -> None:
        self.client.transport.pause_reading()

    def resume_client(self) -> None:
        self.client.transport.resume_reading()

    def pause_origin(self) -> None:
        self.origin.pause_reading()

    def resume_origin(self) -> None:
        self.origin.resume_reading()

    def close(self) -> None:
        """One side is gone: what was written to the other is flushed, then it goes too."""
        self.client.close()
        self.origin.due = self.gateway.loop.time() + self.gateway.settings.read_timeout
        self.origin.transport.close()
