"""Reading heads: llhttp as the oracle for what the fields are, and the short way against the long one."""

import contextlib
from typing import Any

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cookiewarden.serve.head import (
    BadHead,
    Framing,
    Limits,
    RequestHead,
    read_next_request,
    read_request,
    read_response,
    refuse_early,
    without_bad_cookies,
)

LIMITS = Limits(32768, 16384, 128)
CUT_FROM_REQUESTS = {
    b"connection", b"host", b"transfer-encoding", b"upgrade", b"cookie", b"te", b"keep-alive", b"forwarded",
    b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"proxy-connection", b"proxy-x", b"cookie2",
}  # fmt: skip
CUT_FROM_RESPONSES = {
    b"connection", b"set-cookie", b"transfer-encoding", b"keep-alive", b"upgrade", b"te", b"proxy-connection", b"proxy-x",
    b"set-cookie2",
}  # fmt: skip


class Fields:
    """The fields of a head as llhttp reports them."""

    def __init__(self, parser: Any, head: bytes) -> None:
        self.found: list[tuple[bytes, bytes]] = []
        self.heads = 0
        with contextlib.suppress(httptools.HttpParserUpgrade):
            parser(self).feed_data(head)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.found.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        self.heads += 1


def lines(fields: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    for line in fields.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        found.append((name, value.strip(b" \t")))
    return found


NAMES = st.sampled_from([
    b"Host", b"host", b"Cookie", b"COOKIE", b"Connection", b"Content-Length", b"Transfer-Encoding", b"TE", b"Upgrade",
    b"X-Forwarded-For", b"Forwarded", b"Proxy-Connection", b"proxy-x", b"Keep-Alive", b"Set-Cookie", b"Set-Cookie2",
    b"Accept", b"X", b"Hostx", b"XHost", b"Content-Lengths", b"Te-X", b"",
])  # fmt: skip
VALUES = st.sampled_from([
    b"a", b"", b" ", b"close", b"keep-alive", b"x, close", b"upgrade", b"websocket", b"0", b"5", b"chunked", b"gzip", b"a=1; b=2",
    b"\xff", b"\tx\t", b"a\rb", b"a\nHost: evil", b"a\r\n folded", b"\x00", b"a:b", b"x-named", b"timeout=5",
])  # fmt: skip
HARMLESS = st.sampled_from([
    b"Accept: */*", b"cookie: a=1; b=2", b"Cookie:c=3", b"Connection: keep-alive", b"connection: close", b"TE: trailers", b"X: \t y \t",
    b"X-Forwarded-For: evil", b"forwarded: x", b"Proxy-X: 1", b"Keep-Alive: timeout=5", b"Set-Cookie: a=1; Path=/", b"set-cookie:b", b"Empty:",
    b"Upgrade: websocket", b"Connection: upgrade", b"Content-Length: 5", b"Connection: accept, X",
])  # fmt: skip
FIELD = st.tuples(NAMES, st.sampled_from([b": ", b":", b" : ", b":\t"]), VALUES).map(b"".join)
ENDS = st.sampled_from([b"\r\n"] * 18 + [b"\n", b"\r"])
LINES = st.lists(st.tuples(st.one_of(*[HARMLESS] * 9, FIELD), ENDS), max_size=6).map(
    lambda found: [line + end for line, end in found]
)
FIRST = st.sampled_from([
    *[b"GET / HTTP/1.1", b"PUT /?q=%27 HTTP/1.1"] * 6, b"POST /a?b HTTP/1.1", b"GET / HTTP/1.0", b"OPTIONS * HTTP/1.1", b"GET http://b/ HTTP/1.1", b"GET  / HTTP/1.1",
    b"GET /\xe9 HTTP/1.1", b"GET /a#b HTTP/1.1", b"BREW / HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"GET / HTTP/2.0", b"get / HTTP/1.1", b"GET /",
])  # fmt: skip
HEADS = st.builds(
    lambda first, end, lines: first + end + b"Host: a\r\n" + b"".join(lines) + b"\r\n", FIRST, ENDS, LINES
).map(lambda head: head[: head.find(b"\r\n\r\n") + 4])  # fmt: skip


@given(HEADS)
@example(b"GET / HTTP/1.0\r\n\r\n")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n")
def test_a_request_that_is_read_has_the_fields_that_llhttp_finds(head: bytes) -> None:
    try:
        request = read_request(head, LIMITS)
    except BadHead:
        return
    assert head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n")
    oracle = Fields(httptools.HttpRequestParser, head)
    assert oracle.heads == 1
    assert request.cookies == [value for name, value in oracle.found if name.lower() == b"cookie"]
    kept = [(name, value) for name, value in oracle.found if name.lower() not in CUT_FROM_REQUESTS]
    if not any(name.lower() == b"connection" and b"x" in value.lower() for name, value in oracle.found):
        assert lines(request.fields) == kept


STATUS = st.sampled_from([
    b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 204", b"HTTP/1.1 103 Hints", b"HTTP/1.1 304 ", b"HTTP/1.1 099 x", b"HTTP/2.0 200 OK",
])  # fmt: skip
RESPONSES = st.builds(
    lambda first, lines: first + b"\r\n" + b"".join(lines) + b"\r\n", STATUS, LINES
).map(lambda head: head[: head.find(b"\r\n\r\n") + 4])  # fmt: skip


@given(RESPONSES)
def test_a_response_that_is_read_has_the_fields_that_llhttp_finds(head: bytes) -> None:
    try:
        response = read_response(head, LIMITS, to_head=False)
    except BadHead:
        return
    assert head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n")
    oracle = Fields(httptools.HttpResponseParser, head)
    assert oracle.heads == 1
    cookies = [(name, value) for name, value in oracle.found if name.lower() == b"set-cookie"]
    assert [response.parts[at].rstrip(b" \t") for at in response.cookies] == [value for _, value in cookies]
    for at in response.cookies:
        response.parts[at - 1] = response.parts[at] = b""
    cut = CUT_FROM_RESPONSES | ({b"content-length"} if response.status in (103, 204) else set())
    kept = [(name, value) for name, value in oracle.found if name.lower() not in cut]
    if not any(name.lower() == b"connection" and b"x" in value.lower() for name, value in oracle.found):
        assert lines(b"".join(response.parts)) == kept


@pytest.mark.parametrize("value", [b"chunked", b" chunked", b"\tchunked", b" \t chunked\t "])
def test_blanks_around_a_value_are_any_blanks(value: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost:\ta\t\r\nTransfer-Encoding:" + value + b"\r\n\r\n"
    request = read_request(head, LIMITS)
    assert (request.host, request.framing) == (b"a", Framing.CHUNKED)


def parts_of(request: RequestHead) -> dict[str, object]:
    return {slot: getattr(request, slot) for slot in RequestHead.__slots__}


@given(HEADS, FIRST)
@example(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", b"POST /b HTTP/1.1")
@example(b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1")
def test_the_same_fields_under_another_first_line_are_read_alike_the_short_way_and_the_long(
    head: bytes, first: bytes
) -> None:
    try:
        last = read_request(head, LIMITS)
    except BadHead:
        return
    again = first + head[head.find(b"\r\n") :]
    try:
        expected: object = parts_of(read_request(again, LIMITS))
    except BadHead as bad:
        expected = (bad.status, bad.reason)
    try:
        got: object = parts_of(read_next_request(again, LIMITS, last))
    except BadHead as bad:
        got = (bad.status, bad.reason)
    assert got == expected


def test_the_short_way_keeps_the_limit_on_the_whole_head() -> None:
    last = read_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", LIMITS)
    with pytest.raises(BadHead) as refused:
        read_next_request(b"GET /" + b"x" * 32768 + b" HTTP/1.1\r\nHost: a\r\n\r\n", LIMITS, last)
    assert refused.value.status == 431


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 0), (b"\r", 0), (b"G", 0), (b"GET", 0), (b"GET ", 0), (b"GET /", 0), (b"GET / HT", 0), (b"GET / HTTP/1.1\r", 0),
        (b"GET / HTTP/1.1\r\nHost", 0), (b"BREW / HTTP/1.1\r\n", 0),
        (b"\x16\x03\x01\x02\x00", 400), (b"GARBAGE\r\n", 400), (b"a b c d", 400), (b"GET / FTP/", 400), (b"\n", 400), (b"GET / HTTP/1.1\n", 400),
        (b"PRI * HTTP/2.0\r\n", 505), (b"CONNECT a:1 HTTP/1.1\r\n", 501), (b"G" * 70, 400), (b"GET /" + b"x" * 32768, 431),
    ],
)  # fmt: skip
def test_what_can_become_no_request_is_refused_before_its_end(data: bytes, status: int) -> None:
    if not status:
        refuse_early(data, 0, LIMITS)
        return
    with pytest.raises(BadHead) as refused:
        refuse_early(data, 0, LIMITS)
    assert refused.value.status == status
    with pytest.raises(BadHead) as refused:  # in single octets, each looked at once
        for octets in range(1, len(data) + 1):
            refuse_early(data[:octets], octets - 1, LIMITS)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("fields", "to_head", "framing", "keep_alive"),
    [
        (b"Content-Length: 5\r\n", False, Framing.LENGTH, True),
        (b"Content-Length: 5\r\n", True, Framing.NONE, False),
        (b"Content-Length: 0\r\n", True, Framing.NONE, True),
        (b"Transfer-Encoding: chunked\r\n", False, Framing.CHUNKED, True),
        (b"Transfer-Encoding: chunked\r\nConnection: close\r\n", False, Framing.CHUNKED, False),
        (b"", False, Framing.UNTIL_CLOSE, False),
        (b"", True, Framing.NONE, True),
    ],
)
def test_a_responses_end_is_known_from_its_head(
    fields: bytes, to_head: bool, framing: Framing, keep_alive: bool
) -> None:
    response = read_response(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n", LIMITS, to_head)
    assert (response.framing, response.keep_alive) == (framing, keep_alive)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 O\x00K\r\n\r\n",
        b"HTTP/1.1 200 O\x1bK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %b2\r\n\r\n" % (b"0" * 5000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_a_response_that_cannot_be_passed_on_is_refused(head: bytes) -> None:
    with pytest.raises(BadHead) as refused:
        read_response(head, LIMITS, to_head=False)
    assert refused.value.status == 502


def test_a_length_of_five_thousand_digits_is_a_bad_request() -> None:
    with pytest.raises(BadHead) as refused:
        read_request(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\n\r\n" % (b"0" * 5000), LIMITS)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", [b"Connection", b"TE"])
def test_blanks_without_end_in_a_list_are_read_in_one_pass(name: bytes) -> None:
    line = name + b": a" + b" " * 16_000 + b"b\r\n"
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n"
    for _ in range(50):  # 0.4 s each where every blank was a place to begin
        read_request(head, LIMITS)


def test_the_obsolete_cookie_fields_do_not_travel() -> None:
    request = read_request(b"GET / HTTP/1.1\r\nHost: a\r\nCookie2: $Version=1\r\n\r\n", LIMITS)
    response = read_response(b"HTTP/1.1 200 OK\r\nSet-Cookie2: a=1\r\n\r\n", LIMITS, to_head=False)
    assert b"ookie2" not in request.fields + b"".join(response.parts)


def test_only_set_cookie_lines_with_control_characters_are_taken_away() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=\x01\r\nSET-COOKIE: b\r\nX: \x01\r\n\r\n"
    assert without_bad_cookies(head) == (b"HTTP/1.1 200 OK\r\nSET-COOKIE: b\r\nX: \x01\r\n\r\n", 1)
