"""A fast origin as a separate process: `python -m tests.soak.origin PORT [IDLE_SECONDS]`.

/slow answers after a second, and /down/N sends N octets. POSTs are read to their end; /seen returns the count of each.
With IDLE_SECONDS, idle connections close after that time, without a Keep-Alive field that announces it."""

import asyncio
import collections
import re
import sys

import uvloop

SEEN: collections.Counter[bytes] = collections.Counter()
COOKIES = (
    b"Set-Cookie: sid=CANARY; Path=/\r\nSet-Cookie: tracker=CANARY; Max-Age=99999999\r\nSet-Cookie: seen=CANARY\r\n"
)
BLOCK = b"x" * 65536


class Origin(asyncio.Protocol):
    transport: asyncio.Transport
    held = b""
    left = 0
    in_chunks = False
    path = b""
    idle: asyncio.TimerHandle | None = None
    writable: asyncio.Event

    def __init__(self, idle_seconds: float) -> None:
        self.idle_seconds = idle_seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.writable = asyncio.Event()
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        if self.idle is not None:
            self.idle.cancel()
        if self.left:
            taken = min(self.left, len(data))
            self.left -= taken
            data = data[taken:]
            if not self.left:
                self.answer(b"ok")
        self.held += data
        self.skip_chunks()
        while not self.left and not self.in_chunks and (end := self.held.find(b"\r\n\r\n")) >= 0:
            head, self.held = self.held[:end], self.held[end + 4 :]
            self.request(head)
            self.skip_chunks()

    def skip_chunks(self) -> None:
        """Drop a body in chunks, up to its last one."""
        if self.in_chunks and (end := self.held.find(b"0\r\n\r\n")) >= 0:
            self.in_chunks, self.held = False, self.held[end + 5 :]

    def request(self, head: bytes) -> None:
        method, self.path, _ = head.split(b"\r\n", 1)[0].split(b" ")
        self.in_chunks = b"\r\nTransfer-Encoding: chunked" in head
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        if self.path == b"/early":
            self.transport.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.left = 1 << 60
            return
        if method == b"POST":
            SEEN[self.path] += 1
        if length and int(length[1]):
            self.left = max(0, int(length[1]) - len(self.held))
            self.held = self.held[int(length[1]) :]
            if self.left:
                return
        if self.path.startswith(b"/down/"):
            self.task = asyncio.ensure_future(self.send(int(self.path[6:])))
        elif self.path == b"/slow":
            asyncio.get_running_loop().call_later(1, self.answer, b"ok")
        elif self.path == b"/seen":
            self.answer(b"%d %d" % (len(SEEN), sum(SEEN.values())))
        else:
            self.answer(b"ok")

    def answer(self, body: bytes) -> None:
        if self.transport.is_closing():  # the client of a slow answer has left
            return
        self.transport.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (COOKIES, len(body), body))
        if self.idle_seconds:
            self.idle = asyncio.get_running_loop().call_later(self.idle_seconds, self.transport.close)

    async def send(self, octets: int) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % octets)
        while octets > 0 and not self.transport.is_closing():
            await self.writable.wait()
            self.transport.write(BLOCK[:octets])
            octets -= len(BLOCK)


async def main(port: int, idle_seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Origin(idle_seconds), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0))
