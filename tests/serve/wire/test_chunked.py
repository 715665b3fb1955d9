"""The chunked coding: accepted input and the end of a body, with llhttp as the oracle."""

import contextlib

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.serve.wire.body import Fault
from cookiewarden.serve.wire.chunked import MAX_LINE, ChunkedBody, chunk, last_chunk

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def decode(pieces: list[bytes], max_trailers: int = 1000) -> tuple[bytes, ChunkedBody]:
    """Feed the pieces one after the other; `rest` has the octets after the end."""
    decoder, body = ChunkedBody(max_trailers), b""
    for at, piece in enumerate(pieces):
        body += decoder.feed(piece)
        if decoder.ended:
            decoder.rest += b"".join(pieces[at + 1 :])
        if decoder.ended or decoder.fault is not None:
            break
    return body, decoder


def split(data: bytes, every: int) -> list[bytes]:
    return [data[i : i + every] for i in range(0, len(data), every)]


class Oracle:
    """The body that llhttp finds, and whether it found the end."""

    def __init__(self, data: bytes) -> None:
        self.body = b""
        self.complete = False
        with contextlib.suppress(httptools.HttpParserError):
            httptools.HttpRequestParser(self).feed_data(HEAD + data)

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


@pytest.mark.parametrize("every", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("data", "body", "trailers"),
    [
        (b"0\r\n\r\n", b"", []),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc", []),
        (b"003\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n", b"abc0123456789", []),
        (b'3;name=value;other="x"\r\nabc\r\n0;last\r\n\r\n', b"abc", []),
        (b"3 ;name\r\nabc\r\n0\r\n\r\n", b"abc", []),
        (b"2\r\n\r\n\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", b"\r\n", [b"X-Sum: 1", b"Y:"]),
    ],
)
def test_a_body_ends_where_its_last_chunk_ends(data: bytes, body: bytes, trailers: list[bytes], every: int) -> None:
    decoded, decoder = decode(split(data + b"GET / HTTP/1.1\r\n", every))
    assert (decoded, decoder.trailers, decoder.rest) == (body, trailers, b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize("every", [1, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"g\r\n", b"\r\n", b"-1\r\na\r\n", b"+1\r\na\r\n", b"0x1\r\na\r\n", b" 1\r\na\r\n", b"1 \r\na\r\n", b"1\n\r\na\r\n",
        b"1\r\nab\r\n", b"1\r\na\n\r\n", b"1\r\na\rb", b"1;\x00\r\na\r\n", b"1;\n0\r\n\r\n", b"F" * 16 + b"\r\n", b"1_0\r\n",
        b"0\r\nno colon\r\n\r\n", b"0\r\nX : 1\r\n\r\n", b"0\r\n: 1\r\n\r\n", b"0\r\nX: a\n b\r\n\r\n", b"0\r\nX: \x00\r\n\r\n",
    ],
)  # fmt: skip
def test_bytes_outside_the_coding_are_a_fault(data: bytes, every: int) -> None:
    _, decoder = decode(split(data, every))
    assert decoder.fault is Fault.GRAMMAR and not decoder.ended


@pytest.mark.parametrize("every", [1000, 100_000])
@pytest.mark.parametrize(
    "data",
    [b"1" * 9999, b"1;" + b"x" * 9999 + b"\r\n", b"0\r\nX: " + b"y" * 9999 + b"\r\n\r\n", b"0\r\nX: " + b"y" * 9999],
)  # fmt: skip
def test_endless_lines_are_a_fault_before_they_fill_memory(data: bytes, every: int) -> None:
    _, decoder = decode(split(data, every))
    assert decoder.fault is Fault.SIZE


def test_data_before_a_fault_is_forwarded() -> None:
    assert decode([b"3\r\nabc\r\nzz\r\n"])[0] == b"abc"


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 30), st.binary(max_size=20))
def test_encoded_data_is_decoded_in_any_segments(pieces: list[bytes], every: int, rest: bytes) -> None:
    data = b"".join(map(chunk, pieces)) + last_chunk([b"X: 1"]) + rest
    body, decoder = decode(split(data, every))
    assert (body, decoder.trailers, decoder.rest) == (b"".join(pieces), [b"X: 1"], rest)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"3\r\nabc\r\n", 3), (b"a\r\n0123456789\r\n", 3), (b"10\r\n" + b"x" * 16 + b"\r\n", 4), (b"2\r\n\r\n\r\n", 3),
        (b"4000\r\n" + b"x" * 16384 + b"\r\n", 6),
        (b"", 0), (b"\r\n", 0), (b"3\r\nabc", 0), (b"3\r\nabc\r", 0), (b"3\r\nab\r\n", 0), (b"3\r\nabcd\r\n", 0), (b"0\r\n\r\n", 0), (b"0\r\n", 0),
        (b"03\r\nabc\r\n", 0), (b"A\r\n0123456789\r\n", 0), (b"3;x\r\nabc\r\n", 0), (b"3 \r\nabc\r\n", 0), (b"+3\r\nabc\r\n", 0),
        (b"1\r\na\r\n1\r\nb\r\n", 0), (b"1\r\na\r\n0\r\n\r\n", 0), (b"-1\r\n\r\n", 0),
        (b"5\rZZ\r\nhello\r\n", 0), (b"2\r\r\nal\r\n", 0), (b"5\nZZ\r\nhello\r\n", 0),
    ],
)  # fmt: skip
def test_a_chunk_that_the_proxy_would_encode_alike_is_recognized(data: bytes, line: int) -> None:
    assert ChunkedBody(1000).whole_chunk(data) == line


@given(
    st.lists(
        st.sampled_from(
            [
                b"1\r\na\r\n",
                b"2\r\n\r\n\r\n",
                b"1",
                b"\r\n",
                b"a",
                b"2;x\r\n",
                b"1\r\r\na\r\n",
                b"1\rx\r\na\r\n",
                b"0\r\n\r\n",
            ]
        ),
        max_size=8,
    )
)
def test_forwarding_whole_chunks_gives_the_same_body(pieces: list[bytes]) -> None:
    decoder, forwarded = ChunkedBody(1000), b""
    for piece in pieces:
        if line := decoder.whole_chunk(piece):
            assert piece == chunk(piece[line:-2])
            forwarded += piece[line:-2]
            continue
        forwarded += decoder.feed(piece)
        if decoder.ended or decoder.fault is not None:
            break
    plain, expected = decode(pieces)
    assert (forwarded, decoder.ended, decoder.fault) == (plain, expected.ended, expected.fault)


GRAMMAR = st.lists(
    st.sampled_from([b"0", b"1", b"3", b"a", b"\r\n", b"\r", b"\n", b";", b" ", b"X", b":", b"abc", b"\x00"]), max_size=14
)  # fmt: skip


@given(GRAMMAR.map(b"".join))
def test_where_it_finds_an_end_llhttp_finds_the_same_body(data: bytes) -> None:
    body, decoder = decode([data])
    if decoder.ended:
        oracle = Oracle(data)
        assert oracle.complete and oracle.body == body


@given(GRAMMAR.map(b"".join), st.integers(1, 5))
def test_the_result_is_the_same_for_any_segments(data: bytes, every: int) -> None:
    whole, pieces = decode([data]), decode(split(data, every))
    assert whole[0] == pieces[0] and whole[1].ended == pieces[1].ended
    assert whole[1].rest == pieces[1].rest and whole[1].fault == pieces[1].fault


def test_a_trailer_that_could_change_routing_framing_or_cookies_is_removed() -> None:
    lines = [
        b"X-Sum: 1", b"set-cookie: a=1", b"Content-Length: 3", b"HOST: b", b"Proxy-Any: x", b"Etag: y", b"Set-Cookie2: a", b"Cookie2: a", b"Sec-GPC: 1",
        b"Proxy: x", b"Alt-Svc: h3", b"X_Forwarded_Proto: https", b"Sec_GPC: 1", b"Content_Length: 1",
    ]  # fmt: skip
    assert last_chunk(lines) == b"0\r\nX-Sum: 1\r\nEtag: y\r\n\r\n"


@pytest.mark.parametrize("every", [1, 1000, 10_000])
@pytest.mark.parametrize(("over", "fault"), [(0, None), (1, Fault.SIZE)])
def test_a_size_with_its_extensions_has_a_limit(over: int, fault: Fault | None, every: int) -> None:
    line = b"3;" + b"x" * (MAX_LINE - 2 + over)
    body, decoder = decode(split(line + b"\r\nabc\r\n0\r\n\r\n", every))
    assert decoder.fault is fault and decoder.ended is (fault is None) and body == (b"abc" if fault is None else b"")


@pytest.mark.parametrize("every", [1, 1000, 10_000])
@pytest.mark.parametrize(("over", "fault"), [(0, None), (1, Fault.SIZE)])
def test_trailers_have_a_limit_behind_the_longest_line_too(over: int, fault: Fault | None, every: int) -> None:
    line, trailers = b"0;" + b"x" * (MAX_LINE - 2), b"\r\na: " + b"y" * (95 + over)
    _, decoder = decode(split(line + trailers + b"\r\n\r\n", every), len(trailers) - over)
    assert decoder.fault is fault and decoder.ended is (fault is None)
