"""A peer of the bench: bytes between sockets of uvloop, without HTTP. It is the least that a Python proxy can cost.

python -m tests.bench.relay LISTEN ORIGIN

It serves one request per connection of a client, and keeps its connections to the origin."""

import asyncio
import sys
from typing import cast

import uvloop


class Client(asyncio.Protocol):
    def __init__(self, origins: list["Origin"]) -> None:
        self.origins = origins

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        request = data.replace(b"Connection: close\r\n", b"")
        if self.origins:
            self.origins.pop().send(self, request)
        else:
            asyncio.get_running_loop().create_task(self._open(request))

    async def _open(self, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        _, origin = await loop.create_connection(lambda: Origin(self.origins), "127.0.0.1", int(sys.argv[2]))
        origin.send(self, request)


class Origin(asyncio.Protocol):
    client: Client | None = None

    def __init__(self, origins: list["Origin"]) -> None:
        self.origins = origins

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, client: Client, request: bytes) -> None:
        self.client = client
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self.client is not None:  # a small response comes in one piece
            self.client.transport.write(data.replace(b"Connection: keep-alive", b"Connection: close"))
            self.client.transport.close()
            self.client = None
            self.origins.append(self)


async def main() -> None:
    origins: list[Origin] = []
    server = await asyncio.get_running_loop().create_server(lambda: Client(origins), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
