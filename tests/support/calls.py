"""A client of the external processor on a raw socket: it sends any frames, and keeps the frames that arrive."""

import logging
import socket
import struct
from dataclasses import dataclass, field

from hpack import Decoder, Encoder

from cookiewarden.serve.wire import ext_proc, http2, protobuf
from tests.support.wait import PATIENCE

logging.getLogger("hpack").setLevel(logging.WARNING)

CALL = [
    (":method", "POST"), (":scheme", "http"), (":path", ext_proc.SERVICE.decode()), (":authority", "cookiewarden"), ("te", "trailers"),
    ("content-type", "application/grpc"),
]  # fmt: skip
REQUEST = [(b":method", b"GET"), (b":path", b"/"), (b":authority", b"shop.example"), (b":scheme", b"https")]


def head(headers: list[tuple[bytes, bytes]], end: bool = True) -> bytes:
    """Return an HttpHeaders message as Envoy sends it."""
    fields = [protobuf.field(1, protobuf.field(1, name) + protobuf.field(3, value)) for name, value in headers]
    return protobuf.field(1, b"".join(fields)) + (protobuf.number_field(3, 1) if end else b"")


def asks_request(*fields: tuple[bytes, bytes], end: bool = True, observed: bool = False, **pseudo: bytes) -> bytes:
    """Return a ProcessingRequest for the head of a request. `pseudo`: other values of `:path` and so on."""
    known = [(name, pseudo.get(name[1:].decode(), value)) for name, value in REQUEST]
    return protobuf.field(2, head([*known, *fields], end)) + (protobuf.number_field(10, 1) if observed else b"")


def asks_response(*fields: tuple[bytes, bytes], status: bytes = b"200", observed: bool = False) -> bytes:
    """Return a ProcessingRequest for the head of a response."""
    return protobuf.field(3, head([(b":status", status), *fields])) + (
        protobuf.number_field(10, 1) if observed else b""
    )


def set_cookies(*lines: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"set-cookie", line) for line in lines]


@dataclass
class Reply:
    """A ProcessingResponse."""

    part: int = 0
    sets: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Fields that are set, in order."""
    appends: list[bool] = field(default_factory=list)
    removes: list[bytes] = field(default_factory=list)
    status: int = 0
    """Of an immediate response."""
    body: bytes = b""
    metadata: bytes = b""

    @property
    def is_empty(self) -> bool:
        return not (self.sets or self.removes or self.status)


def reply_of(message: bytes) -> Reply:
    reply = Reply()
    for number, _, octets in protobuf.read_message(message):
        if number == 8:
            reply.metadata = octets
            continue
        reply.part = number
        if number == 7:
            inner = protobuf.read_message(octets)
            (status,) = protobuf.values(inner, 1)
            reply.status = protobuf.read_message(status)[0][1]
            reply.body = b"".join(protobuf.values(inner, 3))
            mutations = list(protobuf.values(inner, 2))
        else:
            common = list(protobuf.values(protobuf.read_message(octets), 1))
            mutations = [m for each in common for m in protobuf.values(protobuf.read_message(each), 2)]
        for mutation in mutations:
            _read_mutation(reply, mutation)
    return reply


def _read_mutation(reply: Reply, mutation: bytes) -> None:
    for number, _, octets in protobuf.read_message(mutation):
        if number == 2:
            reply.removes.append(octets)
            continue
        option = protobuf.read_message(octets)
        (header,) = protobuf.values(option, 1)
        inner = protobuf.read_message(header)
        reply.sets.append((b"".join(protobuf.values(inner, 1)), b"".join(protobuf.values(inner, 3))))
        reply.appends.append(any(protobuf.values(option, 2)))


@dataclass(frozen=True)
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes


class Peer:
    """A connection to the processor. It has sent the preface and its settings, unless it is `silent`."""

    def __init__(self, port: int, settings: dict[http2.Setting, int] | None = None, silent: bool = False) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = Encoder(), Decoder()
        self.confirms = True
        """True if the octets that arrive are confirmed, so that the window of the connection stays open."""
        self.data = b""
        self.next = 1
        self.messages: dict[int, bytes] = {}
        self.ends: dict[int, dict[str, str]] = {}
        """Trailers of the calls that have ended."""
        self.resets: dict[int, int] = {}
        self.away: list[tuple[int, int]] = []
        """Last stream and code of each GOAWAY."""
        self.frames: list[Frame] = []
        if not silent:
            self.write(http2.PREFACE + http2.settings_frame(settings or {}))

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def begin(self, fields: list[tuple[str, str]] = CALL, flags: int = 0) -> int:
        """Open a stream with the head of a call."""
        number, self.next = self.next, self.next + 2
        self.write(http2.frame(http2.HEADERS, http2.END_HEADERS | flags, number, self.encoder.encode(fields)))
        return number

    def send(self, number: int, message: bytes, end: bool = False) -> None:
        data = b"\0" + struct.pack(">I", len(message)) + message
        self.write(http2.data_frames(number, data, end))

    def ask(self, number: int, message: bytes) -> Reply:
        """Send a message and return its answer."""
        self.send(number, message)
        return self.reply(number)

    def reply(self, number: int) -> Reply:
        """Return the next message of a call."""
        return reply_of(self.message(number))

    def message(self, number: int) -> bytes:
        while True:
            held = self.messages.get(number, b"")
            if len(held) >= 5 and len(held) >= 5 + int.from_bytes(held[1:5], "big"):
                end = 5 + int.from_bytes(held[1:5], "big")
                self.messages[number] = held[end:]
                return held[5:end]
            assert number not in self.ends, self.ends[number]
            assert self.read() is not None, "the connection has ended"

    def end(self, number: int) -> dict[str, str]:
        """Return the trailers of a call."""
        while number not in self.ends:
            assert self.read() is not None, "the connection has ended"
        return self.ends[number]

    def until_closed(self) -> None:
        while self.read() is not None:
            pass

    def read(self) -> Frame | None:
        """Read a frame and store its content. Return None at the end of the connection."""
        while len(self.data) < 9 or len(self.data) < 9 + int.from_bytes(self.data[:3], "big"):
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.data += more
        length, kind, flags, stream = http2.frame_header(self.data, 0)
        got = Frame(kind, flags, stream, self.data[9 : 9 + length])
        self.data = self.data[9 + length :]
        self.frames.append(got)
        if kind == http2.DATA:
            self.messages[stream] = self.messages.get(stream, b"") + got.payload
            if self.confirms and length:
                self.write(http2.window_update(0, length))
        elif kind == http2.HEADERS:
            fields = dict(self.decoder.decode(got.payload))
            if flags & http2.END_STREAM:
                self.ends[stream] = fields
        elif kind == http2.RST_STREAM:
            self.resets[stream] = int.from_bytes(got.payload, "big")
        elif kind == http2.GOAWAY:
            self.away.append((int.from_bytes(got.payload[:4], "big"), int.from_bytes(got.payload[4:8], "big")))
        return got

    def close(self) -> None:
        self.socket.close()
