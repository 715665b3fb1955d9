"""HTTP/2 frames: built and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.serve.wire import http2
from cookiewarden.serve.wire.http2 import HEADER_SIZE, data_frames, frame, frame_header, unpadded


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 2**31 - 1), st.binary(max_size=300))
def test_a_frame_is_read_as_it_was_built(kind: int, flags: int, stream: int, payload: bytes) -> None:
    built = frame(kind, flags, stream, payload)
    assert frame_header(built, 0) == (len(payload), kind, flags, stream)
    assert built[HEADER_SIZE:] == payload


@given(st.binary(max_size=100), st.integers(1, 40), st.booleans())
def test_data_is_cut_into_frames_of_the_peers_size(data: bytes, size: int, end: bool) -> None:
    built, pieces, flags, at = data_frames(5, data, end, size), [], [], 0
    while at < len(built):
        length, kind, flag, stream = frame_header(built, at)
        assert kind == http2.DATA and stream == 5 and length <= size
        pieces.append(built[at + HEADER_SIZE : at + HEADER_SIZE + length])
        flags.append(flag)
        at += HEADER_SIZE + length
    assert b"".join(pieces) == data
    assert flags[-1] == int(end) and not any(flags[:-1])


def test_the_reserved_bit_of_a_stream_is_ignored() -> None:
    assert frame_header(b"\0\0\0\0\0\x80\0\0\x01", 0)[3] == 1


@pytest.mark.parametrize(
    ("payload", "flags", "rest"),
    [
        (b"\x00abc", http2.PADDED, b"abc"),
        (b"\x02abc\0\0", http2.PADDED, b"abc"),
        (b"\0\0\0\0\x10abc", http2.WITH_PRIORITY, b"abc"),
        (b"\x01\0\0\0\0\x10abc\0", http2.PADDED | http2.WITH_PRIORITY, b"abc"),
        (b"abc", 0, b"abc"),
    ],
)
def test_padding_is_removed(payload: bytes, flags: int, rest: bytes) -> None:
    assert unpadded(payload, flags) == rest
