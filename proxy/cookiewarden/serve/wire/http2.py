"""HTTP/2 frames (RFC 9113): read from a connection's octets, and built."""

import struct
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""The first octets of a client (RFC 9113 3.4)."""

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
"""Types of frames (RFC 9113 6). They are plain numbers, because the memo of an enum costs more than a comparison."""

END_STREAM = 0x1
ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
WITH_PRIORITY = 0x20

HEADER_SIZE = 9
"""Octets of a frame's header."""
MAX_FRAME = 16384
"""Maximum payload of a frame until a peer allows more (RFC 9113 6.5.2), in octets. The proxy never allows more."""
MAX_WINDOW = (1 << 31) - 1
DEFAULT_WINDOW = 65535

_HEADER = struct.Struct(">HBBBI")
_SETTING = struct.Struct(">HI")


class Http2Code(IntEnum):
    """Codes of RST_STREAM and GOAWAY (RFC 9113 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


class Setting(IntEnum):
    """Parameters of SETTINGS (RFC 9113 6.5.2)."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class Http2Error(Exception):
    """An error that ends the connection. It has no octets of the peer."""

    def __init__(self, code: Http2Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def frame_header(data: bytes, at: int) -> tuple[int, int, int, int]:
    """Return the length, type, flags and stream of the frame at `at`. `data` must have its whole header."""
    high, low, kind, flags, stream = _HEADER.unpack_from(data, at)
    return high << 8 | low, kind, flags, stream & MAX_WINDOW


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    size = len(payload)
    return _HEADER.pack(size >> 8, size & 255, kind, flags, stream) + payload


def data_frames(stream: int, data: bytes, end: bool, max_frame: int = MAX_FRAME) -> bytes:
    """Build the DATA frames for `data`. `end`: the last one ends the stream."""
    if len(data) <= max_frame:
        return frame(DATA, END_STREAM if end else 0, stream, data)
    pieces = [data[at : at + max_frame] for at in range(0, len(data), max_frame)]
    last = len(pieces) - 1
    return b"".join(
        frame(DATA, END_STREAM if end and at == last else 0, stream, piece) for at, piece in enumerate(pieces)
    )


def settings_frame(values: dict[Setting, int]) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(name, value) for name, value in values.items()))


def window_update(stream: int, octets: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, octets.to_bytes(4, "big"))


def reset(stream: int, code: Http2Code) -> bytes:
    return frame(RST_STREAM, 0, stream, code.to_bytes(4, "big"))


def goaway(last_stream: int, code: Http2Code, reason: bytes = b"") -> bytes:
    return frame(GOAWAY, 0, 0, last_stream.to_bytes(4, "big") + code.to_bytes(4, "big") + reason)


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """Return the parameters and values of a SETTINGS frame, in order. Raises Http2Error for values that are not valid
    (RFC 9113 6.5.2)."""
    if len(payload) % _SETTING.size:
        raise Http2Error(Http2Code.FRAME_SIZE_ERROR, "a SETTINGS frame has an incomplete parameter")
    found: list[tuple[int, int]] = list(_SETTING.iter_unpack(payload))
    for name, value in found:
        if name == Setting.INITIAL_WINDOW_SIZE and value > MAX_WINDOW:
            raise Http2Error(Http2Code.FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE is too large")
        if name == Setting.MAX_FRAME_SIZE and not MAX_FRAME <= value < 1 << 24:
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE is out of range")
        if name == Setting.ENABLE_PUSH and value > 1:
            raise Http2Error(Http2Code.PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH is not 0 or 1")
    return found


def unpadded(payload: bytes, flags: int) -> bytes:
    """Remove the padding of a DATA or HEADERS frame, and the priority fields. Raises Http2Error."""
    begin, end = 0, len(payload)
    if flags & PADDED:
        if not payload:
            raise Http2Error(Http2Code.FRAME_SIZE_ERROR, "a padded frame has no length of its padding")
        begin, end = 1, end - payload[0]
    if flags & WITH_PRIORITY:
        begin += 5
    if begin > end:
        raise Http2Error(Http2Code.PROTOCOL_ERROR, "the padding of a frame is longer than its payload")
    return payload[begin:end]
