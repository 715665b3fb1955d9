"""Valid and invalid requests, with the answer to each: request line, fields, framing, chunks, limits.

Each row is sent whole and one octet per segment, and names the section that requires its answer. 200 stands for
«forwarded, and the origin saw one request».
"""

import pytest

from tests.conformance.cases import Case
from tests.conformance.wire import Wire, answers_after_the_body, expect

REFUSED = frozenset({400})
PASSES = frozenset({200})


def line(text: bytes, host: bytes = b"a") -> bytes:
    return text + b"\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"


def fields(*lines: bytes, body: bytes = b"", method: bytes = b"GET") -> bytes:
    return b"\r\n".join([method + b" / HTTP/1.1", b"Host: a", b"Connection: close", *lines]) + b"\r\n\r\n" + body


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return fields(*lines, body=body, method=b"POST")


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=body)


REQUEST_LINES = [
    Case("an ordinary request passes", "9112 3", line(b"GET / HTTP/1.1"), PASSES),
    Case("an empty line before a request is ignored", "9112 2.2", b"\r\n" + line(b"GET / HTTP/1.1"), PASSES),
    Case("a blank before the method is refused", "9112 3", line(b" GET / HTTP/1.1"), REFUSED),
    Case("two blanks after the method are refused", "9112 3", line(b"GET  / HTTP/1.1"), REFUSED, why="RFC 9112 3 allows one SP; a parser that splits at any number of blanks reads another target"),
    Case("two blanks before the version are refused", "9112 3", line(b"GET /  HTTP/1.1"), REFUSED, why="RFC 9112 3 allows one SP"),
    Case("a blank after the version is refused", "9112 3", line(b"GET / HTTP/1.1 "), REFUSED),
    Case("tabs do not separate the parts of a request line", "9112 3", line(b"GET\t/\tHTTP/1.1"), REFUSED),
    Case("a blank in the target is refused", "9112 3.2", line(b"GET /a b HTTP/1.1"), REFUSED),
    Case("a request line without a version is refused", "9112 3", line(b"GET /"), frozenset({400, 505})),
    Case("a version in lower case is refused", "9112 2.3", line(b"GET / http/1.1"), frozenset({400, 505})),
    Case("a version of two digits is refused", "9112 2.3", line(b"GET / HTTP/1.10"), frozenset({400, 505})),
    Case("the name of another protocol is refused", "9112 2.3", line(b"GET / HTTPS/1.1"), frozenset({400, 505})),
    Case("HTTP/2.0 is a version that is not supported", "9110 15.6.6", line(b"GET / HTTP/2.0"), frozenset({505, 400})),
    Case("the preface of HTTP/2 is refused", "9113 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", frozenset({505, 400, 0})),
    Case("HTTP/1.0 passes", "9112 2.3", b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", PASSES),
    Case("HTTP/1.0 without Host passes", "9112 3.2", b"GET / HTTP/1.0\r\n\r\n", PASSES),
    Case("an empty method is refused", "9112 3.1", line(b" / HTTP/1.1"), REFUSED),
    Case("a method that is not a token is refused", "9112 3.1", line(b"GE(T / HTTP/1.1"), REFUSED),
    Case("an unknown method passes or is not implemented", "9110 9.1", line(b"BREW / HTTP/1.1"), frozenset({200, 501})),
    Case("methods are case-sensitive", "9110 9.1", line(b"get / HTTP/1.1"), frozenset({200, 400, 501})),
    Case("CONNECT is refused", "9110 9.3.6", line(b"CONNECT a:1 HTTP/1.1"), frozenset({400, 403, 404, 405, 501})),
    Case("OPTIONS * passes", "9112 3.2.4", line(b"OPTIONS * HTTP/1.1"), PASSES),
    Case("GET * is refused", "9112 3.2.4", line(b"GET * HTTP/1.1"), REFUSED),
    Case("a target without a slash is refused", "9112 3.2", line(b"GET x HTTP/1.1"), REFUSED),
    Case("a target with a fragment is refused", "9112 3.2", line(b"GET /a#b HTTP/1.1"), REFUSED, why="a valid target never has a fragment, and origins disagree about its meaning; nginx forwards the request"),
    Case("an absolute target passes", "9112 3.2.2", line(b"GET http://a/ HTTP/1.1"), PASSES),
    Case("an absolute target of another scheme is refused", "9112 3.2.2", line(b"GET ftp://a/ HTTP/1.1"), REFUSED, why="the origin serves HTTP, so the target cannot be rewritten to origin-form"),
    Case("an absolute target with user information is refused", "9110 4.2.4", line(b"GET http://u:p@a/ HTTP/1.1"), REFUSED),
    Case("a NUL in the target is refused", "9112 3.2", line(b"GET /\x00 HTTP/1.1"), REFUSED),
    Case("a control character in the target is refused", "9112 3.2", line(b"GET /\x01 HTTP/1.1"), REFUSED),
    Case("a percent-encoded NUL may be left to the origin", "3986 2.1", line(b"GET /%00 HTTP/1.1"), frozenset({200, 400})),
    Case("TLS on a plain port is refused", "9112 3", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 32, frozenset({400, 0})),
    Case("a line that is not a request line is refused", "9112 3", b"GARBAGE\r\n\r\n", REFUSED),
]  # fmt: skip

FIELDS = [
    Case("a request without Host is refused", "9112 3.2", b"GET / HTTP/1.1\r\n\r\n", REFUSED),
    Case("two Host fields are refused", "9112 3.2", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", REFUSED),
    Case("a Host with a blank is refused", "9112 3.2", line(b"GET / HTTP/1.1", b"a b"), REFUSED),
    Case("a Host with a slash is refused", "9112 3.2", line(b"GET / HTTP/1.1", b"a/b"), REFUSED),
    Case("a Host with user information is refused", "9112 3.2", line(b"GET / HTTP/1.1", b"u@a"), REFUSED, why="RFC 9110 4.2.4: user information in a URI should be an error; it could select another virtual host at the origin"),
    Case("a Host with a port passes", "9112 3.2", line(b"GET / HTTP/1.1", b"a:80"), PASSES),
    Case("an IPv6 Host passes", "9112 3.2", line(b"GET / HTTP/1.1", b"[::1]:80"), PASSES),
    Case("a blank before the colon is refused", "9112 5.1", fields(b"X : y"), REFUSED),
    Case("a blank before the first name is refused", "9112 2.2", b"GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", REFUSED),
    Case("a folded line is refused", "9112 5.2", fields(b"X: y", b" z"), REFUSED),
    Case("a line without a colon is refused", "9112 5", fields(b"X"), REFUSED),
    Case("an empty name is refused", "9110 5.1", fields(b": y"), REFUSED),
    Case("a name that is not a token is refused", "9110 5.1", fields(b"X(): y"), REFUSED),
    Case("an empty value passes", "9110 5.5", fields(b"X:"), PASSES),
    Case("a value in Latin-1 passes", "9110 5.5", fields(b"X: \xe9"), PASSES),
    Case("a NUL in a value is refused", "9110 5.5", fields(b"X: \x00"), REFUSED),
    Case("a bare CR in a value is refused", "9112 2.2", fields(b"X: a\rb"), REFUSED),
    Case("a bare LF does not end a line", "9112 2.2", b"GET / HTTP/1.1\nHost: a\n\n", REFUSED, why="RFC 9112 2.2 permits it, but then two parsers can disagree about the end of a field"),
    Case("a bare LF does not end a field", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\nX: y\nConnection: close\r\n\r\n", REFUSED, why="RFC 9112 2.2 permits it, but then two parsers can disagree about the end of a field"),
    Case("a control character in a value is refused", "9110 5.5", fields(b"X: \x01"), REFUSED, why="RFC 9110 5.5: field values with such characters are invalid; nginx and HAProxy forward them"),
    Case("a protected name in Connection is refused", "9110 7.6.1", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, host\r\n\r\n", REFUSED, why="a recipient that obeys the field would drop fields that framing, routing or cookies need"),
    Case("fields named by Connection are removed", "9110 7.6.1", b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nConnection: close, X\r\n\r\n", PASSES),
]  # fmt: skip

FRAMING = [
    Case("a body with a length passes", "9112 6.2", post(b"Content-Length: 3", body=b"abc"), PASSES),
    Case("a length with a sign is refused", "9110 8.6", post(b"Content-Length: +3", body=b"abc"), REFUSED),
    Case("a negative length is refused", "9110 8.6", post(b"Content-Length: -1"), REFUSED),
    Case("a length in hexadecimals is refused", "9110 8.6", post(b"Content-Length: 0x3", body=b"abc"), REFUSED),
    Case("an empty length is refused", "9110 8.6", post(b"Content-Length:"), REFUSED),
    Case("a length with a blank in it is refused", "9110 8.6", post(b"Content-Length: 3 3", body=b"abc"), REFUSED),
    Case("a list of equal lengths is refused", "9112 6.3", post(b"Content-Length: 3, 3", body=b"abc"), frozenset({200, 400})),
    Case("a list of different lengths is refused", "9112 6.3", post(b"Content-Length: 3, 4", body=b"abc"), REFUSED),
    Case("two different lengths are refused", "9112 6.3", post(b"Content-Length: 3", b"Content-Length: 4", body=b"abc"), REFUSED),
    Case("a length beyond 64 bits is refused", "9110 8.6", post(b"Content-Length: 99999999999999999999"), frozenset({400, 413})),
    Case("a length and chunks are refused", "9112 6.1", post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), frozenset({200, 400})),
    Case("chunked in capitals is chunked", "9110 5.6.2", post(b"Transfer-Encoding: CHUNKED", body=b"0\r\n\r\n"), PASSES),
    Case("an unknown coding is refused", "9112 6.1", post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), frozenset({400, 501})),
    Case("chunked that is not last is refused", "9112 6.3", post(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n"), frozenset({400, 501})),
    Case("the coding identity is refused", "9112 6.1", post(b"Transfer-Encoding: identity", body=b"0\r\n\r\n"), frozenset({400, 501})),
    Case("chunked applied twice is refused", "9112 6.1", post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), frozenset({400, 501})),
    Case("an empty Transfer-Encoding is refused", "9112 6.1", post(b"Transfer-Encoding:", body=b"0\r\n\r\n"), frozenset({400, 501})),
    Case("a vertical tab before chunked is refused", "9110 5.5", post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), frozenset({400, 501})),
    Case("Transfer-Encoding in HTTP/1.0 is refused", "9112 6.1", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", REFUSED),
    Case("a body of a GET passes", "9110 9.3.1", fields(b"Content-Length: 3", body=b"abc"), PASSES),
]  # fmt: skip

CHUNKS = [
    Case("chunks pass", "9112 7.1", chunked(b"3\r\nabc\r\n0\r\n\r\n"), PASSES),
    Case("sizes in capitals and with zeros pass", "9112 7.1", chunked(b"00A\r\nabcdefghij\r\n000\r\n\r\n"), PASSES),
    Case("an extension passes", "9112 7.1.1", chunked(b"3;x=y\r\nabc\r\n0\r\n\r\n"), PASSES),
    Case("a quoted extension passes", "9112 7.1.1", chunked(b'3;x="y z"\r\nabc\r\n0\r\n\r\n'), PASSES),
    Case("trailers pass", "9112 7.1.2", chunked(b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"), PASSES),
    Case("a size that is not a number is refused", "9112 7.1", chunked(b"g\r\nabc\r\n0\r\n\r\n"), REFUSED),
    Case("an empty size is refused", "9112 7.1", chunked(b"\r\nabc\r\n0\r\n\r\n"), REFUSED),
    Case("a negative size is refused", "9112 7.1", chunked(b"-1\r\nabc\r\n0\r\n\r\n"), REFUSED),
    Case("a size with 0x is refused", "9112 7.1", chunked(b"0x3\r\nabc\r\n0\r\n\r\n"), REFUSED),
    Case("a size with an underscore is refused", "9112 7.1", chunked(b"1_0\r\nabc\r\n0\r\n\r\n"), REFUSED),
    Case("a blank before a size is refused", "9112 7.1", chunked(b" 3\r\nabc\r\n0\r\n\r\n"), REFUSED),
    Case("a size beyond all numbers is refused", "9112 7.1", chunked(b"FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"), frozenset({400, 413})),
    Case("a size line that ends in LF is refused", "9112 7.1", chunked(b"3\nabc\r\n0\r\n\r\n"), REFUSED, why="parsers that end lines differently disagree about the beginning of a chunk"),
    Case("a size line that ends in CR is refused", "9112 7.1", chunked(b"3\rabc\r\n0\r\n\r\n"), REFUSED),
    Case("an extension with a bare LF is refused", "9112 7.1.1", chunked(b"3;x\ny\r\nabc\r\n0\r\n\r\n"), REFUSED, why="parsers that end lines differently disagree about the beginning of a chunk (TERM.EXT and EXT.TERM smuggling)"),
    Case("an extension with a bare CR is refused", "9112 7.1.1", chunked(b"3;x\ry\r\nabc\r\n0\r\n\r\n"), REFUSED),
    Case("data longer than its size is refused", "9112 7.1", chunked(b"3\r\nabcd\r\n0\r\n\r\n"), REFUSED),
    Case("data without its line break is refused", "9112 7.1", chunked(b"3\r\nabc0\r\n\r\n"), REFUSED),
    Case("data that ends in LF is refused", "9112 7.1", chunked(b"3\r\nabc\n0\r\n\r\n"), REFUSED, why="parsers that end chunks differently disagree about the beginning of the next request"),
    Case("a trailer without a colon is refused", "9112 7.1.2", chunked(b"0\r\nX\r\n\r\n"), REFUSED),
    Case("a trailer with a blank before the colon is refused", "9112 7.1.2", chunked(b"0\r\nX : y\r\n\r\n"), REFUSED),
    Case("a folded trailer is refused", "9112 7.1.2", chunked(b"0\r\nX: y\r\n z\r\n\r\n"), REFUSED, why="RFC 9112 5.2: folding is obsolete, and a parser without support for it sees another field"),
]  # fmt: skip


def filled(size: int) -> bytes:
    """Return a request whose head has exactly `size` octets, in fields of at most 4 KiB."""
    head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    while (left := size - len(head) - 2) > 0:
        field = min(left, 4096) if left - min(left, 4096) not in range(1, 8) else left - 8
        head += b"X: " + b"x" * (field - 5) + b"\r\n"
    return head + b"\r\n"


LIMITS = [
    Case("a head one octet below 32 KiB passes", "6585 5", filled(32767), PASSES),
    Case("a head of 32 KiB passes", "6585 5", filled(32768), PASSES),
    Case("a head one octet above 32 KiB is too large", "6585 5", filled(32769), frozenset({431}), why="the limits differ: nginx has four buffers, HAProxy and Envoy round"),
    Case("a field one octet below 16 KiB passes", "6585 5", fields(b"X: " + b"x" * 16378), PASSES),
    Case("a field above 16 KiB is too large", "6585 5", fields(b"X: " + b"x" * 16380), frozenset({431}), why="one field must leave space for the others; Envoy and HAProxy have only one limit, and nginx answers 400"),
    Case("128 fields pass", "6585 5", fields(*[b"X: y"] * 126), PASSES),
    Case("129 fields are too many", "6585 5", fields(*[b"X: y"] * 127), frozenset({431})),
    Case("a target above 32 KiB is too long", "9110 15.5.15", line(b"GET /" + b"x" * 40_000 + b" HTTP/1.1"), frozenset({414, 431})),
    Case("trailers above 32 KiB are too large", "6585 5", chunked(b"0\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"), frozenset({431, 400, 413})),
    Case("an endless extension is refused", "9112 7.1.1", chunked(b"3;" + b"x" * 60_000), frozenset({431, 400, 413})),
]  # fmt: skip


def rows(*tables: list[Case]) -> list[pytest.ParameterSet]:
    return [pytest.param(case, id=case.sentence) for table in tables for case in table]


def judge(wire: Wire, case: Case, drip: bool) -> None:
    origin = wire.behind(answers_after_the_body)
    status = wire.status(case.sent, drip)
    expect(status in case.answers, status)
    expect(origin.answered == (status == 200), f"{status}, saw {origin.answered}")


@pytest.mark.row(7)
@pytest.mark.row(20)
@pytest.mark.parametrize("case", rows(REQUEST_LINES, FIELDS, FRAMING, CHUNKS, LIMITS))
def test_whole(wire: Wire, case: Case) -> None:
    judge(wire, case, drip=False)


@pytest.mark.parametrize("case", rows(REQUEST_LINES, FIELDS, FRAMING, CHUNKS))
def test_one_octet_per_segment(wire: Wire, case: Case) -> None:
    judge(wire, case, drip=True)
