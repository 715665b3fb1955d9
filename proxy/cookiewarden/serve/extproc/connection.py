"""A connection of Envoy: HTTP/2 with gRPC calls, one stream for each.

Each message is answered as it arrives, so a stream that is opened and reset leaves no work behind. Streams, heads and
messages have limits. While a peer does not read its answers, its frames are not read either.
"""

import asyncio
import socket
from collections import OrderedDict
from typing import cast

from hpack import Decoder
from hpack.exceptions import HPACKError, OversizedHeaderListError

from cookiewarden.serve.extproc.call import Call, CallFailed
from cookiewarden.serve.extproc.context import NOT_HTTP2, ProcessorContext
from cookiewarden.serve.extproc.exchange import ExternalExchange
from cookiewarden.serve.extproc.health import CHECK, HealthCheck
from cookiewarden.serve.listening.connections import NEVER, Client
from cookiewarden.serve.observe.metrics import CALL_RESETS, POLICY_ERRORS
from cookiewarden.serve.wire.ext_proc import SERVICE
from cookiewarden.serve.wire.grpc import OK_TRAILERS, PREFIX_SIZE, RESPONSE, Status, prefixed, trailers
from cookiewarden.serve.wire.http2 import (
    ACK,
    CONTINUATION,
    DATA,
    DEFAULT_WINDOW,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADER_SIZE,
    HEADERS,
    MAX_FRAME,
    MAX_WINDOW,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    Http2Code,
    Http2Error,
    Setting,
    data_frames,
    frame,
    frame_header,
    goaway,
    read_settings,
    reset,
    settings_frame,
    unpadded,
    window_update,
)

MAX_STREAMS = 16384
"""Maximum number of open streams on a connection; Envoy's circuit breaker allows 1,024 by default."""
MAX_BLOCK = 16384
"""Maximum octets of a header block, in all its frames."""
MAX_LIST = 16384
"""Maximum octets of the fields in a header block, as RFC 9113 6.5.2 counts them."""
MAX_MESSAGE = 1 << 20
"""Maximum octets of a message."""
STREAM_WINDOW = MAX_MESSAGE + (64 << 10)
CONNECTION_WINDOW = 16 << 20
"""Octets that the peer may send before the proxy has confirmed some."""
MAX_BLOCKS = 1024
"""Maximum number of header blocks whose meaning is kept."""
MAX_STORED = 32 << 20
"""Maximum octets of incomplete messages and of waiting answers on a connection."""
MAX_CHANGES = 100
"""Maximum number of changes of SETTINGS_INITIAL_WINDOW_SIZE, because each one changes all streams."""

PROBES = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 6}
"""Seconds without traffic before the first probe of a connection, seconds between probes, and their number (tcp(7)).
Calls have no deadline, so without probes the calls of a machine that has vanished would stay open."""

POLICY_NAME = b"cookiewarden-policy"
"""The initial metadata of a call that selects a policy. It comes from Envoy's configuration, not from browsers."""
_METHOD, _PATH, _TYPE = b":method", b":path", b"content-type"
_OPENING = settings_frame(
    {
        Setting.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
        Setting.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
        Setting.MAX_HEADER_LIST_SIZE: MAX_LIST,
    }
) + window_update(0, CONNECTION_WINDOW - DEFAULT_WINDOW)
_SETTINGS_ACK = frame(SETTINGS, ACK, 0)
_BEFORE_AWAY = b"cookiewd"
"""Octets of the PING whose answer shows that the peer knows of the drain (RFC 9113 6.8)."""


class _Overload(Exception):
    """The end of a stream for which the connection has no room."""


class Stream:
    """One stream with its call."""

    __slots__ = ("call", "has_answered", "held", "is_half_closed", "parked", "trailers", "unconfirmed", "window")

    def __init__(self, call: Call, window: int) -> None:
        self.call = call
        self.window = window
        """Octets that may be sent on the stream."""
        self.held = bytearray()
        """The beginning of a message."""
        self.unconfirmed = 0
        """Octets received since the last WINDOW_UPDATE."""
        self.has_answered = False
        """True if the head of the response has been sent."""
        self.is_half_closed = False
        """True if the peer sends nothing more."""
        self.parked = bytearray()
        """Answers that wait for a window."""
        self.trailers = b""
        """Header block that ends the call after them."""


class GrpcConnection(Client):
    """A connection that carries gRPC calls."""

    def __init__(self, context: ProcessorContext, peer: bytes | None = None) -> None:
        """Create a connection. `peer`: the client's address, if a load balancer sent it."""
        self.context = context
        self.peer = peer or b""
        self._held = b""
        self._has_preface = False
        self._has_settings = False
        self._streams: dict[int, Stream] = {}
        self._blocked: OrderedDict[int, None] = OrderedDict()
        """Streams with answers that wait for the window of the connection, in order."""
        self._stored = 0
        """Octets of incomplete messages and of waiting answers."""
        self._changes = 0
        self._last = 0
        """The last stream that has been handled."""
        self._decoder = Decoder(max_header_list_size=MAX_LIST)
        self._known: dict[bytes, tuple[type[Call] | None, bytes]] = {}
        """Calls, with the name of a policy, by header blocks that do not change the decoder, since its last change."""
        self._block: tuple[int, int, list[bytes]] | None = None
        """Stream, flags and fragments of a header block that is incomplete."""
        self._window = DEFAULT_WINDOW
        """Octets that may be sent on the connection."""
        self._initial_window = DEFAULT_WINDOW
        self._max_frame = MAX_FRAME
        self._unconfirmed = 0
        self._out: list[bytes] = []
        self._away = 0
        """Step of a drain: 1 if it is announced, 2 if further streams are refused, else 0."""
        self._is_closing = False

    @property
    def calls(self) -> int:
        """Number of open calls."""
        return len(self._streams)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's
        self.transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        if not self.peer and isinstance(name, tuple) and name:
            self.peer = str(name[0]).encode()
            _keep_alive(transport.get_extra_info("socket"))
        context = self.context
        if not context.connections.has_room():
            context.metrics.client_errors.add("overload")
            self._is_closing = True
            self.transport.close()
            return
        context.connections.open.add(self)
        self.due = context.loop.time() + context.settings.header_timeout
        self.transport.write(_OPENING)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        try:
            self._receive(self._held + data if self._held else data)
        except Http2Error as bad:
            self._fail(bad)
        if self._out:
            out, self._out = b"".join(self._out), []
            self.transport.write(out)
        if self._is_closing:
            self.transport.close()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = True
        connections = self.context.connections
        connections.open.discard(self)
        connections.idle.pop(self, None)
        self.due = NEVER
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.call.ended("abort")

    def pause_writing(self) -> None:
        """Stop reading while the peer does not read, because each frame may cause an answer."""
        self.transport.pause_reading()
        self.due = self.context.loop.time() + self.context.settings.client_timeout

    def resume_writing(self) -> None:
        self.due = NEVER
        self.transport.resume_reading()

    # listening.connections.Client

    def late(self) -> None:
        self.context.metrics.client_errors.add("client_timeout" if self._has_settings else "header_timeout")
        self.abort()

    def close(self) -> None:
        """Accept no more streams, and end with the last one."""
        if self._away < 2 and not self.transport.is_closing():
            self._away = 2
            self.transport.write(goaway(self._last, Http2Code.NO_ERROR))
        if not self._streams:
            self._is_closing = True
            self.transport.close()

    def abort(self) -> None:
        self._is_closing = True
        self.transport.abort()

    def go_away(self) -> None:
        """Begin to end the connection (RFC 9113 6.8): the peer learns of it, and opens its next streams elsewhere. When
        it has answered a PING, further streams are refused."""
        if self._away == 0 and self._has_settings:
            self._away = 1
            self.transport.write(goaway(MAX_WINDOW, Http2Code.NO_ERROR) + frame(PING, 0, 0, _BEFORE_AWAY))

    # Frames

    def _receive(self, data: bytes) -> None:
        at, size = 0, len(data)
        if not self._has_preface:
            if not data.startswith(PREFACE[:size]):
                raise Http2Error(Http2Code.PROTOCOL_ERROR, "the client does not speak HTTP/2")
            if size < len(PREFACE):
                self._held = data
                return
            self._has_preface = True
            at = len(PREFACE)
        while size - at >= HEADER_SIZE:
            length, kind, flags, number = frame_header(data, at)
            if length > MAX_FRAME:
                raise Http2Error(Http2Code.FRAME_SIZE_ERROR, "a frame is too large")
            end = at + HEADER_SIZE + length
            if end > size:
                break
            payload = data[at + HEADER_SIZE : end]
            at = end
            if kind == DATA and self._block is None:
                self._data(number, flags, payload)
            else:
                self._frame(kind, number, flags, payload)
            if self._is_closing:
                return
        self._held = data[at:]

    def _frame(self, kind: int, number: int, flags: int, payload: bytes) -> None:
        if not self._has_settings:
            if kind != SETTINGS or flags & ACK:
                raise Http2Error(Http2Code.PROTOCOL_ERROR, "the first frame is not SETTINGS")
            self._has_settings = True
            self.due = NEVER
            self.context.connections.idle[self] = None
        if self._block is not None and (kind != CONTINUATION or number != self._block[0]):
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "a header block is interrupted")
        if kind == HEADERS:
            self._headers(number, flags, payload)
        elif kind == RST_STREAM:
            self._reset(number, payload)
        elif kind == WINDOW_UPDATE:
            self._widen(number, payload)
        elif kind == SETTINGS:
            self._settings(number, flags, payload)
        elif kind == PING:
            self._ping(number, flags, payload)
        elif kind == CONTINUATION:
            self._continue(flags, payload)
        elif kind == PRIORITY:
            if not number:
                raise Http2Error(Http2Code.PROTOCOL_ERROR, "PRIORITY is on stream 0")
            if len(payload) != 5:
                self._out.append(reset(number, Http2Code.FRAME_SIZE_ERROR))
                self._end(number, "abort")
        elif kind == PUSH_PROMISE:
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "a client sent PUSH_PROMISE")
        elif kind == GOAWAY and number:
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "GOAWAY is on a stream")
        # RFC 9113 4.1: frames of unknown types are ignored

    def _settings(self, number: int, flags: int, payload: bytes) -> None:
        if number:
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "SETTINGS is on a stream")
        if flags & ACK:
            if payload:
                raise Http2Error(Http2Code.FRAME_SIZE_ERROR, "an acknowledgement of SETTINGS has a payload")
            return
        for name, value in read_settings(payload):
            if name == Setting.MAX_FRAME_SIZE:
                self._max_frame = value
            elif name == Setting.INITIAL_WINDOW_SIZE and value != self._initial_window:
                self._change_windows(value)
        self._out.append(_SETTINGS_ACK)

    def _change_windows(self, initial: int) -> None:
        """Change the windows of all streams (RFC 9113 6.9.2)."""
        self._changes += 1
        if self._changes > MAX_CHANGES:
            raise Http2Error(Http2Code.ENHANCE_YOUR_CALM, "too many changes of SETTINGS_INITIAL_WINDOW_SIZE")
        change, self._initial_window = initial - self._initial_window, initial
        for number, stream in list(self._streams.items()):
            stream.window += change  # it may become negative
            if stream.window > MAX_WINDOW:
                raise Http2Error(Http2Code.FLOW_CONTROL_ERROR, "a window is too large")
            if stream.parked:
                self._send_parked(number, stream)

    def _ping(self, number: int, flags: int, payload: bytes) -> None:
        if number or len(payload) != 8:
            code = Http2Code.PROTOCOL_ERROR if number else Http2Code.FRAME_SIZE_ERROR
            raise Http2Error(code, "a PING is not valid")
        if not flags & ACK:
            self._out.append(frame(PING, ACK, 0, payload))
        elif payload == _BEFORE_AWAY and self._away == 1:
            self._away = 2
            self._out.append(goaway(self._last, Http2Code.NO_ERROR))
            self._is_closing = not self._streams

    def _widen(self, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise Http2Error(Http2Code.FRAME_SIZE_ERROR, "a WINDOW_UPDATE is not valid")
        octets = int.from_bytes(payload, "big") & MAX_WINDOW
        stream = self._streams.get(number)
        if number == 0:
            self._window += octets
            if octets == 0 or self._window > MAX_WINDOW:
                raise Http2Error(Http2Code.FLOW_CONTROL_ERROR if octets else Http2Code.PROTOCOL_ERROR, "bad window")
            while self._blocked and self._window > 0:
                number, _ = self._blocked.popitem(last=False)
                self._send_parked(number, self._streams[number])
        elif stream is not None:
            stream.window += octets
            if octets == 0 or stream.window > MAX_WINDOW:
                code = Http2Code.FLOW_CONTROL_ERROR if octets else Http2Code.PROTOCOL_ERROR
                self._refuse(number, code)
            elif stream.parked:
                self._send_parked(number, stream)
        else:
            self._check_known(number)

    def _reset(self, number: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise Http2Error(Http2Code.FRAME_SIZE_ERROR, "an RST_STREAM is not valid")
        self._check_known(number)
        if number in self._streams:
            self.context.metrics.add(CALL_RESETS)
            self._end(number, "reset")

    def _check_known(self, number: int) -> None:
        """Check that a stream is open or has been. Raises Http2Error (RFC 9113 5.1)."""
        is_refused = self._away == 2 and number > self._last  # the peer sent it before it knew of the last GOAWAY
        if number % 2 == 0 or (number > self._last and not is_refused):
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "a frame is on an idle stream")

    # Heads

    def _headers(self, number: int, flags: int, payload: bytes) -> None:
        if flags & (PADDED | WITH_PRIORITY):
            payload = unpadded(payload, flags)
        if number % 2 == 0:
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "a client opened an even stream")
        if flags & END_HEADERS:
            self._head(number, flags, payload)
        else:
            self._block = (number, flags, [payload])

    def _continue(self, flags: int, payload: bytes) -> None:
        if self._block is None:
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "CONTINUATION does not continue anything")
        number, first, fragments = self._block
        fragments.append(payload)
        if sum(map(len, fragments)) > MAX_BLOCK or len(fragments) > MAX_BLOCK // 1024:
            raise Http2Error(Http2Code.ENHANCE_YOUR_CALM, "a header block is too large")
        if flags & END_HEADERS:
            self._block = None
            self._head(number, first, b"".join(fragments))

    def _head(self, number: int, flags: int, block: bytes) -> None:
        """Handle a complete header block: the beginning of a call, or its trailers."""
        stream = self._streams.get(number)
        call, name = self._called(block)
        if stream is not None:
            if not flags & END_STREAM:
                raise Http2Error(Http2Code.PROTOCOL_ERROR, "a second head does not end its stream")
            self._half_closed(number, stream)
            return
        if number <= self._last:
            raise Http2Error(Http2Code.STREAM_CLOSED, "a head is on a closed stream")
        if self._away == 2 or len(self._streams) >= MAX_STREAMS:
            if self._away != 2:  # after the last GOAWAY, the peer knows that the stream was not handled
                self._last = number
            self._out.append(reset(number, Http2Code.REFUSED_STREAM))
            return
        self._last = number
        if call is None or flags & END_STREAM:
            status = Status.UNIMPLEMENTED if call is None else Status.INVALID_ARGUMENT
            reason = b"unknown method" if call is None else b"the call has no message"
            self._out.append(frame(HEADERS, END_HEADERS | END_STREAM, number, RESPONSE + trailers(status, reason)))
            if not flags & END_STREAM:
                self._out.append(reset(number, Http2Code.NO_ERROR))
            return
        if not self._streams:
            self.context.connections.idle.pop(self, None)
        context = self.context
        made = ExternalExchange(context, self.peer, name) if call is ExternalExchange else HealthCheck(context)
        self._streams[number] = Stream(made, self._initial_window)

    def _called(self, block: bytes) -> tuple[type[Call] | None, bytes]:
        """Return the call that a header block begins, and the policy that it names. None: the service does not have the
        call, or it is not valid.

        Envoy begins each call with the same fields, so that only references to the decoder's table remain, which do not
        change it."""
        if block in self._known:
            return self._known[block]
        try:
            fields = self._decoder.decode(block, raw=True)
        except OversizedHeaderListError:
            raise Http2Error(Http2Code.ENHANCE_YOUR_CALM, "a header block is too large") from None
        except (HPACKError, ValueError, IndexError):
            raise Http2Error(Http2Code.COMPRESSION_ERROR, "a header block is not valid") from None
        by_name = {name: value for name, value in fields}
        call = _call_of(by_name), by_name.get(POLICY_NAME, b"")
        if not block or min(block) < 0x80:  # not only references (RFC 7541 6.1): the table may have changed
            self._known.clear()
        elif len(self._known) < MAX_BLOCKS:
            self._known[block] = call
        return call

    # Messages

    def _data(self, number: int, flags: int, payload: bytes) -> None:
        self._unconfirmed += len(payload)
        if self._unconfirmed > CONNECTION_WINDOW // 2:
            if self._unconfirmed > CONNECTION_WINDOW:
                raise Http2Error(Http2Code.FLOW_CONTROL_ERROR, "the peer exceeded the window")
            self._out.append(window_update(0, self._unconfirmed))
            self._unconfirmed = 0
        stream = self._streams.get(number)
        if stream is None or stream.is_half_closed:
            if not self._has_settings:
                raise Http2Error(Http2Code.PROTOCOL_ERROR, "the first frame is not SETTINGS")
            self._check_known(number)
            if stream is not None:
                self._refuse(number, Http2Code.STREAM_CLOSED)
            return  # frames may still arrive after the proxy has ended a stream
        stream.unconfirmed += len(payload)
        if stream.unconfirmed > STREAM_WINDOW:
            self._refuse(number, Http2Code.FLOW_CONTROL_ERROR)
            return
        if flags & PADDED:
            payload = unpadded(payload, PADDED)
        if stream.trailers != b"":
            return  # the call has ended, and its last answers wait for a window
        try:
            self._messages(number, stream, payload)
        except CallFailed as failed:
            self._failed(number, stream, failed)
            return
        except _Overload:
            self.context.metrics.client_errors.add("overload")
            self._refuse(number, Http2Code.ENHANCE_YOUR_CALM)
            return
        if stream.trailers:
            return
        if flags & END_STREAM:
            self._half_closed(number, stream)
        elif stream.unconfirmed > STREAM_WINDOW // 2:
            self._out.append(window_update(number, stream.unconfirmed))
            stream.unconfirmed = 0

    def _messages(self, number: int, stream: Stream, payload: bytes) -> None:
        """Answer the messages that are complete, and keep the rest. Raises CallFailed and _Overload."""
        data = payload
        if stream.held:
            held = stream.held
            held += payload
            self._stored += len(payload)
            if _is_beginning(held):  # to join the pieces once takes less time than to join each
                data = b""
            else:
                data, stream.held = bytes(held), bytearray()
                self._stored -= len(data)
        while len(data) >= PREFIX_SIZE:
            size = int.from_bytes(data[1:PREFIX_SIZE], "big")
            if data[0] != 0:
                raise CallFailed(Status.UNIMPLEMENTED, "messages must not be compressed")
            if size > MAX_MESSAGE:
                raise CallFailed(Status.RESOURCE_EXHAUSTED, "a message is too large")
            if len(data) < PREFIX_SIZE + size:
                break
            message, data = data[PREFIX_SIZE : PREFIX_SIZE + size], data[PREFIX_SIZE + size :]
            self._message(number, stream, message)
            if stream.trailers:
                return
        if data:
            stream.held += data
            self._stored += len(data)
        if self._stored > MAX_STORED:
            raise _Overload

    def _message(self, number: int, stream: Stream, message: bytes) -> None:
        """Answer a message. Raises CallFailed and _Overload."""
        try:
            reply = stream.call.message(message)
        except CallFailed:
            raise
        except Exception as fault:  # a fault of the proxy must not end the other calls
            self.context.metrics.add(POLICY_ERRORS)
            raise CallFailed(Status.INTERNAL, type(fault).__name__) from fault
        if reply:
            self._send(number, stream, prefixed(reply))
        if stream.call.is_unary:
            self._finish(number, stream, OK_TRAILERS)

    def _half_closed(self, number: int, stream: Stream) -> None:
        """End a call whose client sends nothing more."""
        stream.is_half_closed = True
        if stream.held:
            self._failed(number, stream, CallFailed(Status.INVALID_ARGUMENT, "a message is incomplete"))
        else:
            self._finish(number, stream, OK_TRAILERS)

    def _failed(self, number: int, stream: Stream, failed: CallFailed) -> None:
        self.context.call_failed(failed)
        self._finish(number, stream, trailers(failed.status, failed.reason.encode()))

    # Answers

    def _send(self, number: int, stream: Stream, data: bytes) -> None:
        out = self._out
        if not stream.has_answered:
            stream.has_answered = True
            out.append(frame(HEADERS, END_HEADERS, number, RESPONSE))
        size = len(data)
        if stream.parked or size > stream.window or size > self._window:
            self._stored += size
            stream.parked += data
            if self._stored > MAX_STORED:
                raise _Overload
            self._send_parked(number, stream)
            return
        stream.window -= size
        self._window -= size
        out.append(data_frames(number, data, end=False, max_frame=self._max_frame))

    def _send_parked(self, number: int, stream: Stream) -> None:
        """Send as much of a stream's waiting answers as the windows allow."""
        size = min(len(stream.parked), self._window, stream.window)
        if size > 0:
            data = bytes(stream.parked[:size])
            del stream.parked[:size]
            self._stored -= size
            stream.window -= size
            self._window -= size
            self._out.append(data_frames(number, data, end=False, max_frame=self._max_frame))
        if stream.parked:
            if stream.window > 0:
                self._blocked[number] = None
        elif stream.trailers:
            self._finish(number, stream, stream.trailers)

    def _finish(self, number: int, stream: Stream, block: bytes) -> None:
        """Send the trailers of a call after its answers."""
        stream.trailers = block
        if stream.parked:
            return
        block = block if stream.has_answered else RESPONSE + block
        self._out.append(frame(HEADERS, END_HEADERS | END_STREAM, number, block))
        if not stream.is_half_closed:
            self._out.append(reset(number, Http2Code.NO_ERROR))
        self._end(number, "")

    def _refuse(self, number: int, code: Http2Code) -> None:
        self._out.append(reset(number, code))
        self._end(number, "abort")

    def _end(self, number: int, why: str) -> None:
        """Forget a stream."""
        stream = self._streams.pop(number, None)
        if stream is None:
            return
        self._blocked.pop(number, None)
        self._stored -= len(stream.held) + len(stream.parked)
        stream.call.ended(why)
        if not self._streams:
            if self._away == 2:
                self._is_closing = True
            else:
                self.context.connections.idle[self] = None

    def _fail(self, bad: Http2Error) -> None:
        """End the connection with an error."""
        self.context.metrics.client_errors.add("bad_request")
        if not self._has_preface:
            self.context.hints.give(self.peer, NOT_HTTP2)
        self._out.append(goaway(self._last, bad.code, bad.reason.encode()))
        self._is_closing = True


def _keep_alive(connection: socket.socket | None) -> None:
    if connection is None:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in PROBES.items():
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _is_beginning(held: bytearray) -> bool:
    """Check whether octets are the beginning of a message that is acceptable."""
    if len(held) < PREFIX_SIZE or held[0] != 0:
        return len(held) < PREFIX_SIZE
    size = int.from_bytes(held[1:PREFIX_SIZE], "big")
    return len(held) - PREFIX_SIZE < size <= MAX_MESSAGE


def _call_of(fields: dict[bytes, bytes]) -> type[Call] | None:
    if fields.get(_METHOD) != b"POST" or not fields.get(_TYPE, b"").startswith(b"application/grpc"):
        return None
    path = fields.get(_PATH)
    return ExternalExchange if path == SERVICE else HealthCheck if path == CHECK else None
