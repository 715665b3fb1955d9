"""Properties that need several messages: time, retries, interim answers, hop-by-hop fields, upgrades, early ends."""

import contextlib
import hashlib
import os
import re
import socket
import threading
import time

import pytest

from tests.conformance.peers import HEADER, KEEPALIVE, READ
from tests.conformance.wire import BUSY, Wire, answers_after_the_body, expect, last_status
from tests.support.client import CLOSE, Client, get
from tests.support.origin import OK, Offer, OriginConnection
from tests.support.wait import PATIENCE, eventually

ok_close = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@pytest.mark.row(2)
def test_a_silent_origin_is_a_504_at_the_read_timeout(wire: Wire) -> None:
    wire.behind(lambda connection: connection.read_head() and connection.read_head() and None)
    began = time.monotonic()
    status = wire.status(get(b"/", CLOSE))
    taken = time.monotonic() - began
    expect(status == 504, status)
    expect(READ * 0.9 < taken < READ * 1.6 + BUSY, f"{taken:.1f} s")


@pytest.mark.row(2)
def test_an_event_stream_outlives_the_read_timeout(wire: Wire) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(6):
            time.sleep(READ / 2)
            connection.send(b"data: %d\n\n" % number)

    wire.behind(script)
    answer = wire.ask(get(b"/", CLOSE))
    expect(answer.count(b"data: ") == 6, answer.count(b"data: "))


@pytest.mark.row(3)
@pytest.mark.parametrize(("method", "status", "times"), [(b"GET", 200, 2), (b"POST", 502, 1)], ids=["GET", "POST"])
def test_only_a_safe_request_on_a_stale_connection_is_sent_again(
    wire: Wire, method: bytes, status: int, times: int
) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(OK)
        # The origin closes on the next request of the connection, and answers it on a new one.
        connection.read_head()

    origin = wire.behind(script)
    expect(wire.status(get(b"/warm", CLOSE)) == 200, "no answer")
    seen = wire.status(get(b"/stale", CLOSE, b"Content-Length: 0", method=method))
    asked = sum(b"/stale" in request for request in origin.requests)
    expect(seen == status, seen)
    expect(asked == times, f"asked {asked}x")


@pytest.mark.row(3)
@pytest.mark.parametrize("method", [b"GET", b"POST"], ids=["GET", "POST"])
def test_a_request_is_sent_once_if_the_origin_closes_a_new_connection(wire: Wire, method: bytes) -> None:
    origin = wire.behind(lambda connection: connection.read_head() and None)
    status = wire.status(get(b"/", CLOSE, b"Content-Length: 0", method=method))
    expect(status in (502, 503), status)
    expect(len(origin.requests) == 1, f"asked {len(origin.requests)}x")


@pytest.mark.row(5)
def test_a_slow_head_is_a_408_however_it_drips(wire: Wire) -> None:
    wire.behind(OK)
    with wire.client() as client:
        client.socket.settimeout(0.25)
        began, answer = time.monotonic(), b""
        head = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100
        for at in range(len(head)):
            try:
                client.send(head[at : at + 1])
                answer = client.socket.recv(1000)
                break
            except TimeoutError:
                continue
            except OSError:
                break
        taken = time.monotonic() - began
    expect(last_status(answer) == 408, last_status(answer))
    expect(HEADER * 0.9 < taken < HEADER + 1.5 + BUSY, f"{taken:.1f} s")


@pytest.mark.row(5)
def test_an_unused_connection_is_closed_without_a_response(wire: Wire) -> None:
    """Close without a response, which the client would take for the answer to a later request."""
    with wire.client() as client:
        client.socket.settimeout(KEEPALIVE + BUSY)
        said = client.socket.recv(1000)
    expect(said == b"", last_status(said))


@pytest.mark.row(6)
def test_a_body_may_be_slow_but_not_stand_still(wire: Wire) -> None:
    wire.behind(answers_after_the_body)
    body = b"x" * 6
    with wire.client() as client:
        client.send(get(b"/slow", b"Content-Length: 6", CLOSE, method=b"POST"))
        for at in range(6):
            time.sleep(HEADER / 4)
            client.send(body[at : at + 1])
        status = last_status(client.read_until(b"\r\n\r\n"))
        expect(status == 200, status)
    with wire.client() as client:
        client.send(get(b"/stalled", b"Content-Length: 6", method=b"POST", body=b"x"))
        client.socket.settimeout(HEADER + BUSY)
        status = last_status(client.socket.recv(1000))
        expect(status == 408, status)


@pytest.mark.row(8)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_large_bodies_arrive_intact_in_both_directions(wire: Wire, framing: str) -> None:
    body = os.urandom(8 << 20)
    seen: list[bytes] = []

    def script(connection: OriginConnection) -> None:
        head = connection.read_head()
        if b"/up" in head:
            while len(connection.buffer) < len(body) + (5 if framing == "chunked" else 0):
                connection._more()
                if framing == "chunked" and connection.buffer.endswith(b"\r\n0\r\n\r\n"):
                    break
            seen.append(bytes(connection.buffer))
            connection.send(ok_close)
        elif framing == "length":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(body), 65536):
                connection.send(b"%x\r\n%b\r\n" % (65536, body[at : at + 65536]))
            connection.send(b"0\r\n\r\n")

    wire.behind(script)
    down = wire.ask(get(b"/down", CLOSE)).partition(b"\r\n\r\n")[2]
    expect(digest(down, framing) == hashlib.sha256(body).digest(), "down")
    lines = [b"Content-Length: %d" % len(body)] if framing == "length" else [b"Transfer-Encoding: chunked"]
    sent = body if framing == "length" else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    expect(wire.status(get(b"/up", CLOSE, *lines, method=b"POST", body=sent)) == 200, "no answer")
    expect(digest(seen[0], framing) == hashlib.sha256(body).digest(), "up")


def digest(body: bytes, framing: str) -> bytes:
    found = hashlib.sha256()
    while framing == "chunked" and body:
        size, _, body = body.partition(b"\r\n")
        octets = int(size, 16)
        found.update(body[:octets])
        body = body[octets + 2 :] if octets else b""
    found.update(body)
    return found.digest()


@pytest.mark.row(9)
def test_an_origin_stalls_where_the_client_does_not_read(wire: Wire) -> None:
    offer = Offer(1 << 30)
    wire.behind(offer)
    with wire.client() as client:
        client.send(get())
        time.sleep(0.7)
        expect(0 < offer.sent < 64 << 20, f"{offer.sent >> 20} MiB")


@pytest.mark.row(15)
def test_hop_by_hop_fields_are_removed_in_both_directions(wire: Wire) -> None:
    """Remove the fields of RFC 9110 7.6.1, also those named by Connection, which the others forward."""
    origin = wire.behind(
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: gone\r\nKeep-Alive: timeout=5\r\nProxy-Connection: gone\r\n"
        b"X-Kept: kept\r\nContent-Length: 2\r\n\r\nok"
    )
    answer = wire.ask(
        get(b"/", b"Connection: close, X-Hop", b"X-Hop: gone", b"Keep-Alive: timeout=9", b"Proxy-Connection: gone", b"TE: gzip, deflate", b"X-Kept: kept")
    )  # fmt: skip
    for head in (origin.requests[0].lower(), answer.lower()):
        expect(b"x-kept: kept" in head, "lost")
        for name in (b"x-hop:", b"proxy-connection:", b"\r\nte: gzip", b"timeout="):
            expect(name not in head, name.strip().decode())


@pytest.mark.row(16)
def test_expect_100_continue_is_answered_by_the_origin(wire: Wire) -> None:
    """Leave the 100 to the origin, which may refuse the body; nginx and Envoy send it themselves."""
    arrived = threading.Event()

    def script(connection: OriginConnection) -> None:
        while True:
            head = connection.read_head()
            arrived.set()
            if b"/refused" in head:
                connection.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
                continue
            time.sleep(0.3)
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.read(3)
            connection.send(OK)

    wire.behind(script)
    expectation = (b"Expect: 100-continue", b"Content-Length: 3")
    with wire.client() as client:
        client.send(get(b"/", *expectation, method=b"POST"))
        expect(arrived.wait(PATIENCE), "origin not asked")
        client.socket.settimeout(0.15)
        with contextlib.suppress(TimeoutError):
            expect(client.socket.recv(1000) == b"", "its own 100")
        client.socket.settimeout(BUSY)
        expect(client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100"), "no 100")
        client.send(b"abc")
        expect(client.read_response()[1] == b"ok", "no answer")
    with wire.client() as client:
        client.send(get(b"/refused", *expectation, method=b"POST"))
        status = last_status(client.read_until(b"\r\n\r\n"))
        expect(status == 417, status)


@pytest.mark.row(16)
def test_interim_answers_reach_http_1_1_only_and_stay_in_step(wire: Wire) -> None:
    """Forward a 103 to HTTP/1.1 only (RFC 9110 15.2); Envoy drops it, and HAProxy sends it to HTTP/1.0."""

    def script(connection: OriginConnection) -> None:
        number = 0
        while True:
            connection.read_head()
            number += 1
            if number % 2:
                connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n%03d" % number)

    wire.behind(script)
    early = 0
    with wire.client() as client:
        for number in range(1, 201):
            client.send(get())
            head, body = client.read_response()
            if b" 103 " in head[:13]:
                early += 1
                head, body = client.read_response()
            expect(body == b"%03d" % number, "out of step")
    answer = wire.ask(get(version=b"1.0"))
    expect(b"103 Early" not in answer, "1xx to 1.0")
    expect(early == 100, f"{early} of 100")


@pytest.mark.row(18)
def test_trailers_are_forwarded_and_never_become_header_fields(wire: Wire) -> None:
    """Remove a Set-Cookie trailer, which browsers ignore; the others forward it, or drop all trailers (nginx)."""
    wire.behind(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: sid=CANARY\r\n\r\n"
    )
    head, _, body = wire.ask(get(b"/", CLOSE, b"TE: trailers")).partition(b"\r\n\r\n")
    expect(b"x-sum: 1" not in head.lower(), "in the head")
    expect(b"x-sum: 1" in body.lower(), "dropped")
    expect(b"set-cookie" not in body.lower(), "Set-Cookie")


@pytest.mark.row(19)
def test_an_upgrade_becomes_a_tunnel(wire: Wire) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        connection.send(connection.read(5))

    wire.behind(script)
    with wire.client() as client:
        client.send(
            get(
                b"/",
                b"Connection: Upgrade",
                b"Upgrade: websocket",
                b"Sec-WebSocket-Key: x",
                b"Sec-WebSocket-Version: 13",
            )
        )
        head = client.read_until(b"hello")
        expect(head.startswith(b"HTTP/1.1 101"), head[9:12])
        client.send(b"bytes")
        expect(client.read_until(b"bytes") == b"bytes", "no echo")


@pytest.mark.row(19)
@pytest.mark.parametrize("protocol", [b"h2c", b"TLS/1.0", b"foo"])
def test_an_upgrade_to_another_protocol_is_not_forwarded(wire: Wire, protocol: bytes) -> None:
    """Refuse h2c, a tunnel past every check (h2c smuggling); nginx and HAProxy forward the upgrade."""
    origin = wire.behind(OK)
    wire.ask(
        get(
            b"/",
            b"Connection: close, Upgrade, HTTP2-Settings",
            b"Upgrade: " + protocol,
            b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        )
    )
    expect(
        len(origin.requests) <= 1 and not any(b"\r\nupgrade:" in r.lower() for r in origin.requests),
        "forwarded",
    )


@pytest.mark.row(31)
@pytest.mark.parametrize(
    "path",
    [b"//a//b", b"/a/../b", b"/%2e%2e/x%2Fy", b"/a?q=%27&r='", b"/a;b=c", b"/?", b"/%C3%A9", b"/a%20b+c"],
)
def test_paths_are_forwarded_byte_for_byte(wire: Wire, path: bytes) -> None:
    origin = wire.behind(ok_close)
    wire.ask(get(path, CLOSE))
    expect(origin.requests[0].split(b" ")[1] == path, origin.requests[0].split(b" ")[1])


@pytest.mark.row(31)
def test_an_absolute_target_is_normalised_and_its_authority_is_the_host(wire: Wire) -> None:
    """Ignore the Host field of a request with an absolute target (RFC 9112 3.2.2)."""
    origin = wire.behind(ok_close)
    wire.ask(b"GET http://other.example/a?b HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
    expect(origin.requests[0].startswith(b"GET /a?b HTTP/1.1\r\n"), "not origin-form")
    expect(re.search(rb"(?i)\r\nhost: other.example\r\n", origin.requests[0]) is not None, "Host")


def push(client: Client) -> None:
    with contextlib.suppress(OSError):
        for _ in range(160):
            client.send(b"x" * 65536)


@pytest.mark.row(34)
def test_an_early_answer_is_read_while_ten_megabytes_are_on_their_way(wire: Wire) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.2)

    wire.behind(script)
    read = 0
    for _ in range(20):
        with wire.client() as client:
            client.send(get(b"/", b"Content-Length: 10485760", method=b"POST"))

            sender = threading.Thread(target=push, args=(client,))
            sender.start()
            with contextlib.suppress(OSError, EOFError):
                read += last_status(client.read_until(b"\r\n\r\n")) == 413
            sender.join(3)
            if sender.is_alive():  # the proxy neither reads nor closes
                client.socket.shutdown(socket.SHUT_RDWR)
                sender.join()
    expect(read == 20, f"{read} of 20")


@pytest.mark.row(35)
def test_the_origin_connection_is_closed_when_its_client_leaves(wire: Wire) -> None:
    gone = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.socket.settimeout(2)
        try:
            connection.socket.recv(1)
        except TimeoutError:
            return
        except OSError:
            pass
        gone.set()

    wire.behind(script)
    client = wire.client()
    client.send(get())
    eventually(lambda: len(wire.origin.requests) == 1)
    client.reset()
    expect(gone.wait(READ * 0.8), "kept")


@pytest.mark.row(35)
def test_a_client_that_ended_its_side_after_the_request_is_answered(wire: Wire) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        time.sleep(0.2)
        connection.send(OK)

    wire.behind(script)
    with wire.client() as client:
        client.send(get())
        client.socket.shutdown(socket.SHUT_WR)
        answer = client.read_all()
    expect(answer.endswith(b"ok"), last_status(answer))


@pytest.mark.row(16)
def test_no_hundred_is_sent_to_http_1_0(wire: Wire) -> None:
    wire.behind(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)
    answer = wire.ask(get(version=b"1.0"))
    expect(b" 100 " not in answer and last_status(answer) == 200, last_status(answer))
