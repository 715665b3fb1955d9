"""Properties for every sequence of octets. Each target takes one input and raises if a property does not hold."""

import contextlib

import httptools

from cookiewarden.serve.own_pages.injector import Injector
from cookiewarden.serve.wire.chunked import ChunkedBody, last_chunk
from cookiewarden.serve.wire.head import BadHead, Framing, Limits, error_response
from cookiewarden.serve.wire.proxy_protocol import BadProxyHeader, missing, source
from cookiewarden.serve.wire.request_head import build_request_head, read_again, read_request, refuse_early
from cookiewarden.serve.wire.response_head import may_begin_a_response, read_response, without_bad_cookies
from cookiewarden.serve.wire.validators import Conditions

LIMITS = Limits(32768, 16384, 128)
FORWARDED = b"\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: a\r\nX-Forwarded-Proto: http"
LAST = read_request(b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n", LIMITS)


class One:
    """A counter of the messages that llhttp finds in octets that should be one head."""

    def __init__(self) -> None:
        self.heads = 0

    def on_headers_complete(self) -> None:
        self.heads += 1


def one_head(parser: type, head: bytes) -> None:
    found = One()
    with contextlib.suppress(httptools.HttpParserUpgrade):
        parser(found).feed_data(head)
    assert found.heads == 1 and head.count(b"\r\n\r\n") == 1 and head.endswith(b"\r\n\r\n")


def request(data: bytes) -> None:
    """Check that a request is refused with a status, or forwarded as one head that reads back the same."""
    end = data.find(b"\r\n\r\n") + 4
    try:
        if end == 3:
            refuse_early(data, len(data) // 2, LIMITS)
            return
        read = read_request(data[:end], LIMITS)
        again = read_again(data[:end], LIMITS, LAST)
        assert again is None or (again.path, again.cookies, again.fields) == (
            read.path,
            read.cookies,
            read.fields,
        )
    except BadHead as bad:
        error_response(bad.status, keep_alive=False)
        return
    cookie = b"; ".join(read.cookies) if read.cookies else None
    upgrades = read.upgrade == b"websocket"
    built = build_request_head(read, read.fields, cookie, FORWARDED, read.host or b"a", upgrades)
    one_head(httptools.HttpRequestParser, built)
    again = read_request(built, LIMITS_FOR_BUILT)
    # The proxy forwards no TE with an upgrade.
    same = ("method", "path", "framing", "length", *(() if upgrades else ("takes_trailers",)))
    assert all(getattr(read, name) == getattr(again, name) for name in same)
    assert again.host == (read.host or b"a") and again.cookies == ([] if cookie is None else [cookie.rstrip(b" \t")])


LIMITS_FOR_BUILT = Limits(65536, 65536, 256)
"""Larger than the limits of a client, because the proxy adds fields."""


def response(data: bytes) -> None:
    """Check that a response is refused, or forwarded as one head with the same end of its body."""
    end = data.find(b"\r\n\r\n") + 4
    if end == 3:
        may_begin_a_response(data, len(data) // 2)
        return
    cleaned, _ = without_bad_cookies(data[:end])
    try:
        read = read_response(cleaned, LIMITS, to_head=False)
    except BadHead as bad:
        error_response(bad.status, keep_alive=True)
        return
    parts = read.parts + ([b"\r\nTransfer-Encoding: chunked"] if read.framing is Framing.CHUNKED else [])
    for at, lines in read.cookies:
        parts[at] = b"".join(lead + line for lead, line in lines)
    if read.status == 101:
        parts.append(b"\r\nConnection: Upgrade\r\nUpgrade: websocket")
    built = b"".join(parts) + b"\r\n\r\n"
    one_head(httptools.HttpResponseParser, built)
    again = read_response(built, LIMITS_FOR_BUILT, to_head=False)
    assert (read.status, read.framing, read.length) == (again.status, again.framing, again.length)
    assert [line for _, lines in read.cookies for line in lines] == [
        line for _, lines in again.cookies for line in lines
    ]


def chunks(data: bytes) -> None:
    """Check that a chunked body gives one result, wherever it is cut: a fault, complete or incomplete."""
    outcomes = []
    for step in (len(data) or 1, 1 if len(data) < 200 else 97):
        body, found = b"", ChunkedBody(4096)
        for at in range(0, len(data), step):
            body += found.feed(data[at : at + step])
            if found.fault is not None:
                break
            if found.ended:
                found.rest += data[at + step :]
                break
        outcomes.append((body if found.ended else None, found.fault, found.ended and found.rest))
        if found.ended:
            assert last_chunk(found.trailers).endswith(b"\r\n\r\n")
    if outcomes[0][2] is not False or outcomes[1][2] is not False:
        assert outcomes[0] == outcomes[1]


def balancer(data: bytes) -> None:
    """Check that a PROXY header is refused, incomplete, or read exactly to its end."""
    header = b""
    try:
        while octets := missing(header):
            piece = data[len(header) : len(header) + octets]
            if not piece:
                return
            header += piece
        source(header)
    except BadProxyHeader:
        return


TAG = b"<script src=guard></script>"
REVISION = b"0123456789abcdef"


def page(data: bytes) -> None:
    """Check that a page gets at most one tag, at the same place wherever it is cut, and keeps all other octets."""
    outcomes = []
    for step in (len(data) or 1, 1 if len(data) < 200 else 97):
        injector = Injector(TAG)
        pieces = (data[at : at + step] for at in range(0, len(data), step))
        outcomes.append(b"".join(map(injector.feed, pieces)) + injector.end())
    at = outcomes[0].find(TAG)
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] in (data, data[:at] + TAG + data[at:])


def conditions(data: bytes) -> None:
    """Check that any list of entity-tags leaves the other fields unchanged and adds no field."""
    value = data.translate(None, b"\r\n")
    for name in (b"If-None-Match", b"If-Match", b"If-Range"):
        for is_page in (False, True):
            fields = b"\r\nA: b\r\n" + name + b": " + value + b"\r\nC: d"
            edited = Conditions(REVISION, is_page).towards_application(fields)
            if edited is not None:
                assert edited.startswith(b"\r\nA: b") and edited.endswith(b"\r\nC: d")
                assert edited.count(b"\r\n") <= 3


TARGETS = {
    "request": request,
    "response": response,
    "chunks": chunks,
    "balancer": balancer,
    "page": page,
    "conditions": conditions,
}
