"""Heads of all kinds for the property tests, and llhttp as the oracle for their fields."""

import contextlib
from typing import Any

import httptools
from hypothesis import strategies as st

from cookiewarden.serve.wire.head import Limits

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
