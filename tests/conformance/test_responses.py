"""Valid and invalid responses of an origin: for an invalid one, clients get a 502 or a visibly incomplete message."""

import gzip
import random
import re
import time
import zlib

import pytest

from tests.conformance.cases import Case
from tests.conformance.wire import Wire, expect, last_status
from tests.support.client import CLOSE, get
from tests.support.origin import OriginConnection

BAD = frozenset({502})
PASSES = frozenset({200})


def ok(*lines: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"HTTP/" + version + b" 200 OK", *lines]) + b"\r\n\r\n" + body


EMPTY = b"Content-Length: 0"

RESPONSES = [
    Case("an ordinary response passes", "9112 4", ok(EMPTY), PASSES),
    Case("a response without a reason phrase passes", "9112 4", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", PASSES),
    Case("a response of HTTP/1.0 passes", "9112 2.3", ok(EMPTY, version=b"1.0"), PASSES),
    Case("a value in Latin-1 passes", "9110 5.5", ok(b"X: \xe9", EMPTY), PASSES),
    Case("an unknown status passes", "9110 15", b"HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n", frozenset({299})),
    Case("a status above 599 passes", "9110 15", b"HTTP/1.1 999 Request denied\r\nContent-Length: 0\r\n\r\n", frozenset({999})),
    Case("a response that is not HTTP is a bad gateway", "9112 4", b"garbage\r\n\r\n", BAD),
    Case("a response of HTTP/2.0 is a bad gateway", "9112 2.3", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", BAD, why="the framing rules apply to HTTP/1.x only; the others take any version as HTTP/1.1"),
    Case("a status of two digits is a bad gateway", "9112 4", b"HTTP/1.1 99 Odd\r\nContent-Length: 0\r\n\r\n", BAD, why="the client should see that the fault is the origin's; the others close the connection without a response"),
    Case("a status below 100 is a bad gateway", "9110 15", b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", BAD, why="RFC 9110 15: an invalid status is a fault of the server; the others forward it or close without a response"),
    Case("a status of four digits is a bad gateway", "9112 4", b"HTTP/1.1 2000 Odd\r\nContent-Length: 0\r\n\r\n", BAD, why="RFC 9110 15: an invalid status is a fault of the server; the others forward it or close without a response"),
    Case("an unrequested 101 is a bad gateway", "9110 15.2.2", b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", BAD),
    Case("a blank before the colon is a bad gateway", "9112 5.1", ok(b"X : y", EMPTY), frozenset({502, 200})),
    Case("a folded line is a bad gateway", "9112 5.2", ok(b"X: y", b" z", EMPTY), frozenset({502, 200})),
    Case("a NUL in a value is a bad gateway", "9110 5.5", ok(b"X: \x00", EMPTY), BAD),
    Case("a control character in a value is a bad gateway", "9110 5.5", ok(b"X: \x01", EMPTY), BAD, why="RFC 9110 5.5: control characters are invalid like CR, LF and NUL; nginx and HAProxy forward them"),
    Case("a bare LF in a head is a bad gateway", "9112 2.2", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", BAD, why="parsers that end lines differently see different fields, for example Set-Cookie"),
    Case("a line without a colon is a bad gateway", "9112 5", ok(b"X", EMPTY), BAD),
    Case("two different lengths are a bad gateway", "9112 6.3", ok(b"Content-Length: 1", b"Content-Length: 2", body=b"a"), BAD),
    Case("a length that is not a number is a bad gateway", "9110 8.6", ok(b"Content-Length: x"), BAD),
    Case("a length and chunks are a bad gateway", "9112 6.3", ok(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), frozenset({502, 200})),
    Case("a coding before chunked is a bad gateway", "9112 6.1", ok(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), BAD),
    Case("chunks in HTTP/1.0 are a bad gateway", "9112 6.1", ok(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n", version=b"1.0"), BAD, why="RFC 9112 6.1: such a message has faulty framing; the others accept it"),
    Case("a first chunk without a size is a bad gateway", "9112 7.1", ok(b"Transfer-Encoding: chunked", body=b"x\r\n"), BAD, why="the client has no response yet, so it can get a 502; Envoy has sent the 200 and truncates it", whole=True),
    Case("a head above 32 KiB is a bad gateway", "6585 5", ok(*[b"X: " + b"x" * 4000] * 9, EMPTY), frozenset({502, 503})),
    Case("129 fields are a bad gateway", "6585 5", ok(*[b"X: y"] * 129, EMPTY), BAD),
]  # fmt: skip


@pytest.mark.parametrize("case", [pytest.param(case, id=case.sentence) for case in RESPONSES])
@pytest.mark.parametrize("drip", [False, True], ids=["whole", "one octet per segment"])
def test_response(wire: Wire, case: Case, drip: bool) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        for piece in [case.sent[i : i + 1] for i in range(len(case.sent))] if drip else [case.sent]:
            connection.send(piece)
        connection.read_head()

    drip = drip and not case.whole and len(case.sent) < 2000
    wire.behind(script)
    status = last_status(wire.ask(get(b"/", CLOSE)))
    expect(status in case.answers, status)


def complete(answer: bytes, reset: bool) -> bool:
    """Return whether a client takes the message as complete (RFC 9112 8)."""
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(length[1]) if length else not reset


def bodies() -> dict[str, bytes]:
    text = bytes(random.Random(4).choices(b"abcdefgh", k=3000))
    packed = gzip.compress(text)
    chunks = b"".join(b"%x\r\n%b\r\n" % (300, text[i : i + 300]) for i in range(0, 3000, 300)) + b"0\r\n\r\n"
    return {
        "length": ok(b"Content-Length: 3000", body=text),
        "chunked": ok(b"Transfer-Encoding: chunked", body=chunks),
        "gzip": ok(b"Content-Encoding: gzip", b"Content-Length: %d" % len(packed), body=packed),
        "until close": ok(b"Connection: close", body=text),
    }


@pytest.mark.row(4)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"], ids=["1.1", "1.0"])
@pytest.mark.parametrize("kind", bodies())
def test_a_response_that_is_cut_anywhere_is_seen_to_be_incomplete(wire: Wire, kind: str, version: bytes) -> None:
    """Reset the connection where the length is unknown to an HTTP/1.0 client. A normal close would look like a complete
    message; the other proxies close normally."""
    whole = bodies()[kind]
    begins = whole.index(b"\r\n\r\n") + 4
    for cut in random.Random(f"{kind}{version!r}").sample(range(begins + 1, len(whole) - 1), 10):

        def script(connection: OriginConnection, cut: int = cut) -> None:
            connection.read_head()
            connection.send(whole[:cut])
            # without a length, a clean close is a complete body: only a reset is a truncation
            connection.reset() if kind == "until close" else None

        wire.behind(script)
        with wire.client() as client:
            client.send(get(b"/", CLOSE, version=version))
            answer, reset = bytearray(), False
            client.socket.settimeout(3)
            try:
                while more := client.socket.recv(65536):
                    answer += more
            except ConnectionResetError:
                reset = True
            except TimeoutError:
                expect(False, "left open")
        if last_status(bytes(answer)) == 200:
            expect(not complete(bytes(answer), reset), "seemed complete")


@pytest.mark.row(32)
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_compressed_body_passes_untouched(wire: Wire, coding: str) -> None:
    body = {
        "gzip": gzip.compress(b"x" * 5000),
        "deflate": zlib.compress(b"x" * 5000),
        "br": bytes(range(256)) * 9,
    }[coding]
    wire.behind(ok(b"Content-Encoding: " + coding.encode(), b"Content-Length: %d" % len(body), body=body))
    head, _, got = wire.ask(get(b"/", CLOSE, b"Accept-Encoding: " + coding.encode())).partition(b"\r\n\r\n")
    expect(got == body and b"content-encoding: " + coding.encode() in head.lower(), "changed")


@pytest.mark.row(17)
@pytest.mark.parametrize(
    ("method", "answer", "kept", "gone"),
    [
        (b"HEAD", ok(b"Content-Length: 6"), b"content-length: 6", b"transfer-encoding"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\nETag: x\r\n\r\n", b"content-length: 6", b"transfer-encoding"),
        (b"GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b"204", b"content-length"),
    ],
    ids=["HEAD keeps its length", "304 keeps its length", "204 has none"],
)  # fmt: skip
def test_a_response_without_a_body_keeps_the_connection_in_step(
    wire: Wire, method: bytes, answer: bytes, kept: bytes, gone: bytes
) -> None:
    """Drop Content-Length from a 204 (RFC 9110 8.6: a server must not send it, and so neither a proxy)."""

    def script(connection: OriginConnection) -> None:
        while True:
            connection.send(answer if b"/first" in connection.read_head() else ok(b"Content-Length: 2", body=b"ok"))

    wire.behind(script)
    with wire.client() as client:
        client.send(get(b"/first", method=method))
        head = client.read_until(b"\r\n\r\n")
        expect(head.endswith(b"\r\n\r\n") and kept in head.lower(), "length")
        expect(gone not in head.lower(), gone.decode())
        client.send(get(b"/second", CLOSE))
        expect(client.read_response()[1] == b"ok", "out of step")


@pytest.mark.row(33)
@pytest.mark.parametrize(
    "answer",
    [
        ok(b"Content-Length: 2", body=b"ok") + ok(b"Content-Length: 6", body=b"SECRET"),
        ok(b"Content-Length: 2", body=b"okSECRET"),
        b"HTTP/1.1 204 No Content\r\n\r\nSECRET",
        b"HTTP/1.1 304 Not Modified\r\n\r\nSECRET",
        ok(b"Transfer-Encoding: chunked", body=b"0\r\n\r\nSECRET"),
    ],
    ids=[
        "a second response",
        "octets after a length",
        "a body of a 204",
        "a body of a 304",
        "octets after the last chunk",
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["in one segment", "a moment later"])
def test_bytes_after_a_response_reach_no_client(wire: Wire, answer: bytes, late: bool) -> None:
    at = (
        answer.index(b"HTTP/1.1 200 OK\r\nContent-Length: 6") if answer.count(b"HTTP/") > 1 else answer.index(b"SECRET")
    )

    def script(connection: OriginConnection) -> None:
        if b"/first" in connection.read_head():
            connection.send(answer[: at if late else None])
            time.sleep(0.1)
            connection.send(answer[at if late else len(answer) :])
            connection.read_head()
        connection.send(ok(b"Content-Length: 2", body=b"ok"))

    wire.behind(script)
    with wire.client() as client:
        client.send(get(b"/first"))
        seen = client.read_until(b"\r\n\r\n")
        time.sleep(0.3)
    expect(b"SECRET" not in seen, "SECRET")
    answer_to_another = wire.ask(get(b"/second", CLOSE))
    expect(b"SECRET" not in answer_to_another and last_status(answer_to_another) in (200, 502), answer_to_another)
