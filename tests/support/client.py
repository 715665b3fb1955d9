"""A raw client that sends and receives bytes."""

import contextlib
import os
import re
import socket

from tests.support.wait import PATIENCE

CLOSE = b"Connection: close"


class Client:
    """A raw client connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send one byte per segment."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(data)):
            self.socket.sendall(data[i : i + 1])
            os.sched_yield()  # sleep(0) takes 50 µs

    def read_until(self, end: bytes) -> bytes:
        data = b""
        while end not in data:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(data)
            data += more
        return data

    def read_response(self) -> tuple[bytes, bytes]:
        """Return head and body of one response with a length, and read no further."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = self.socket.recv(1)
            if not more:
                raise EOFError(head)
            head += more
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        body = b""
        while length and len(body) < int(length[1]):
            more = self.socket.recv(int(length[1]) - len(body))
            if not more:
                raise EOFError(head + body)
            body += more
        return head, body

    def read_all(self, seconds: float = PATIENCE) -> bytes:
        """Return all bytes until the proxy closes or resets the connection."""
        self.socket.settimeout(seconds)
        data = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while more := self.socket.recv(65536):
                data += more
        return bytes(data)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def get(
    path: bytes = b"/", *fields: bytes, method: bytes = b"GET", version: bytes = b"1.1", body: bytes = b""
) -> bytes:
    lines = [method + b" " + path + b" HTTP/" + version, b"Host: shop.example", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def get_once(*fields: bytes, path: bytes = b"/", method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    """Return a request with `Connection: close`."""
    return get(path, CLOSE, *fields, method=method, version=version)


def ask(port: int, request: bytes) -> bytes:
    """Send and read until the proxy closes."""
    with Client(port) as client:
        client.send(request)
        return client.read_all()


def status_of(answer: bytes) -> int:
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
