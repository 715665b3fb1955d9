"""Clients of Envoy: HTTP/1.1 by a raw socket, and HTTP/2 by h2."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

from tests.support.wait import PATIENCE

Fields = list[tuple[bytes, bytes]]


@dataclass
class Answer:
    status: int = 0
    fields: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    interim: list[int] = field(default_factory=list)
    """Statuses of 1xx responses."""
    is_complete: bool = False

    def all(self, name: bytes) -> list[bytes]:
        return [value for found, value in self.fields if found == name]


class Http2:
    """A connection with prior knowledge. It sends each Cookie field unchanged."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = h2.config.H2Configuration(header_encoding=None, validate_inbound_headers=False, validate_outbound_headers=False, normalize_outbound_headers=False)  # fmt: skip
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def ask(
        self,
        path: bytes,
        fields: Sequence[tuple[bytes, bytes]] = (),
        method: bytes = b"GET",
        host: bytes = b"shop.example",
        body: bytes = b"",
    ) -> Answer:
        head = [(b":method", method), (b":scheme", b"http"), (b":authority", host), (b":path", path), *fields]
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, head, end_stream=not body)
        if body:
            self.h2.send_data(stream, body, end_stream=True)
        self.flush()
        return self.read(stream)

    def read(self, stream: int) -> Answer:
        answer = Answer()
        while not answer.is_complete:
            data = self.socket.recv(65536)
            if not data:
                break
            for event in self.h2.receive_data(data):
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, h2.events.ResponseReceived):
                    answer.fields = [(bytes(name), bytes(value)) for name, value in event.headers]
                    answer.status = int(answer.all(b":status")[0])
                elif isinstance(event, h2.events.InformationalResponseReceived):
                    answer.interim.append(int(dict(event.headers)[b":status"]))
                elif isinstance(event, h2.events.DataReceived):
                    answer.body += event.data
                    self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
                elif isinstance(event, h2.events.TrailersReceived):
                    answer.trailers = [(bytes(name), bytes(value)) for name, value in event.headers]
                elif isinstance(event, h2.events.StreamEnded):
                    answer.is_complete = True
                elif isinstance(event, h2.events.StreamReset):
                    return answer
            self.flush()
        return answer

    def close(self) -> None:
        self.socket.close()


class Http1:
    """A connection with HTTP/1.1."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""

    def ask(
        self,
        path: bytes,
        fields: Sequence[tuple[bytes, bytes]] = (),
        method: bytes = b"GET",
        host: bytes = b"shop.example",
        body: bytes = b"",
    ) -> Answer:
        lines = [b"%b %b HTTP/1.1" % (method, path), b"Host: " + host, *(b"%b: %b" % pair for pair in fields)]
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        self.socket.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        return self.read(method == b"HEAD")

    def read(self, to_head: bool = False) -> Answer:
        answer = Answer()
        while True:
            head = self._until(b"\r\n\r\n")
            if not head:
                return answer
            first, *lines = head.split(b"\r\n")[:-2]
            answer.status = int(first.split(b" ")[1])
            answer.fields = [(n.lower(), v.strip(b" \t")) for n, _, v in (line.partition(b":") for line in lines)]
            if answer.status >= 200 or answer.status == 101:
                break
            answer.interim.append(answer.status)
        if to_head or answer.status in (204, 304, 101):
            answer.is_complete = True
        elif b"chunked" in answer.all(b"transfer-encoding"):
            self._chunks(answer)
        else:
            octets = int((answer.all(b"content-length") or [b"0"])[0])
            answer.body = self._exactly(octets)
            answer.is_complete = len(answer.body) == octets
        return answer

    def _chunks(self, answer: Answer) -> None:
        while line := self._until(b"\r\n"):
            octets = int(line.split(b";")[0], 16)
            if octets == 0:
                answer.is_complete = self._until(b"\r\n") == b"\r\n"
                return
            answer.body += self._exactly(octets)
            self._exactly(2)

    def _until(self, end: bytes) -> bytes:
        while end not in self.held:
            data = self.socket.recv(65536)
            if not data:
                return b""
            self.held += data
        found, self.held = self.held[: self.held.index(end) + len(end)], self.held[self.held.index(end) + len(end) :]
        return found

    def _exactly(self, octets: int) -> bytes:
        while len(self.held) < octets:
            data = self.socket.recv(65536)
            if not data:
                break
            self.held += data
        found, self.held = self.held[:octets], self.held[octets:]
        return found

    def close(self) -> None:
        self.socket.close()
