"""Exchanges through the proxy: requests, responses, bodies, and their cookies."""

import hashlib
import re
import socket
import threading
import time

import pytest

from cookiewarden.core.cookies.date import parse_cookie_date
from tests.support.client import CLOSE, Client, ask, get, status_of
from tests.support.origin import OK, OriginConnection
from tests.support.proxy import Start


def response(*fields: bytes, status: bytes = b"200 OK", body: bytes = b"ok") -> bytes:
    lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_declared_cookies_pass_with_their_attributes_and_undeclared_ones_do_not(start: Start) -> None:
    proxy, _ = start(response(b"Set-Cookie: sid=CANARYv; Path=/", b"X-Kept: 1", b"set-cookie: tracker=CANARYv"))
    answer = ask(proxy.port, get(b"/", CLOSE))
    assert b"\r\nSet-Cookie: sid=CANARYv; Path=/; Secure\r\nX-Kept: 1\r\n" in answer
    assert b"tracker" not in answer
    assert proxy.sample("cookiewarden_cookies_total", direction="response", cookie="sid", action="rewrite") == 1
    assert (
        proxy.sample("cookiewarden_cookies_total", direction="response", cookie="__undeclared__", action="block") == 1
    )
    assert (
        proxy.sample("cookiewarden_violations_total", cookie="__undeclared__", reason="undeclared", enforced="true")
        == 1
    )


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        (b"sid=CANARY1; tracker=CANARY2", b"Cookie: sid=CANARY1"),
        (b"seen=CANARY1; sid=CANARY2", b"Cookie: sid=CANARY2"),
        (b"tracker=CANARY1; seen=CANARY2", None),
        (b'sid="CANARY b";x;  sid=CANARY\xff', b'Cookie: sid="CANARY b";  sid=CANARY\xff'),
    ],
)
def test_the_application_gets_only_declared_and_forwarded_cookies(
    start: Start, sent: bytes, forwarded: bytes | None
) -> None:
    proxy, origin = start()
    ask(proxy.port, get(b"/", b"Cookie: " + sent, CLOSE))
    lines = [line for line in origin.requests[0].split(b"\r\n") if line.lower().startswith(b"cookie")]
    assert lines == ([forwarded] if forwarded else [])


@pytest.mark.parametrize(
    "status", [b"302 Found", b"404 Not Found", b"500 Oops", b"304 Not Modified", b"204 No Content"]
)
def test_set_cookie_is_policed_on_every_status(start: Start, status: bytes) -> None:
    proxy, _ = start(response(b"Set-Cookie: tracker=CANARYv", b"Set-Cookie: sid=CANARYv", status=status, body=b""))
    answer = ask(proxy.port, get(b"/", CLOSE))
    assert b"\r\nSet-Cookie: sid=CANARYv; Secure\r\n" in answer and b"tracker" not in answer


def test_one_connection_serves_many_requests_and_the_origin_connection_is_reused(start: Start) -> None:
    proxy, origin = start()
    with Client(proxy.port) as client:
        for number in range(5):
            client.send(get(b"/%d" % number))
            assert client.read_response()[1] == b"ok"
    assert origin.connections == 1
    assert [request.split(b" ")[1] for request in origin.requests] == [b"/%d" % n for n in range(5)]


def test_pipelined_requests_are_answered_in_order(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        while True:
            head = connection.read_head()
            if b"Content-Length" in head:
                assert connection.read(3) == b"abc"
            connection.send(response(body=head.split(b" ")[1]))

    proxy, _ = start(script)
    requests = [
        get(b"/a"),
        get(b"/b", b"Content-Length: 3", method=b"POST", body=b"abc"),
        get(b"/c"),
        get(b"/d" * 2000, CLOSE),
    ]
    answer = ask(proxy.port, b"".join(requests))
    assert re.findall(rb"\r\n\r\n(/[a-d/]+)", answer) == [b"/a", b"/b", b"/c", b"/d" * 2000]
    assert answer.count(b"HTTP/1.1 200") == 4


def test_hundreds_of_pipelined_requests_in_one_write_are_all_answered(start: Start) -> None:
    proxy, origin = start()
    with Client(proxy.port) as client:
        sender = threading.Thread(target=client.send, args=(get() * 3000 + get(b"/last", CLOSE),))
        sender.start()
        assert client.read_all().count(b"HTTP/1.1 200") == 3001
        sender.join()
    assert len(origin.requests) == 3001


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_large_body_arrives_intact_in_both_directions(start: Start, framing: str) -> None:
    body = hashlib.sha256(b"seed").digest() * 320_000  # 10 MB

    def script(connection: OriginConnection) -> None:
        head = connection.read_head()
        if framing == "length":
            received = connection.read(len(body))
        else:
            assert b"\r\nTransfer-Encoding: chunked\r\n" in head
            received = dechunk(connection.read_chunked())
        assert received == body
        if framing == "length":
            connection.send(response(body=body))
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body))

    proxy, origin = start(script)
    if framing == "length":
        request = get(b"/", b"Content-Length: %d" % len(body), CLOSE, method=b"PUT", body=body)
    else:
        request = get(b"/", b"Transfer-Encoding: chunked", CLOSE, method=b"PUT", body=chunked(body))
    with Client(proxy.port) as client:
        sender = threading.Thread(target=client.send, args=(request,))
        sender.start()
        head, _, answer = client.read_all().partition(b"\r\n\r\n")
        sender.join()
    assert status_of(head) == 200
    assert (answer if framing == "length" else dechunk(answer)) == body
    assert origin.errors == []


def chunked(body: bytes, size: int = 7919) -> bytes:
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def dechunk(data: bytes) -> bytes:
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        parts.append(data[:length])
        data = data[length + 2 :]
        if not length:
            assert data == b""
            break
    return b"".join(parts)


def test_an_empty_chunked_request_body_is_still_ended(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        assert connection.read_chunked() == b"0\r\n\r\n"
        connection.send(OK)

    proxy, _ = start(script)
    assert (
        status_of(ask(proxy.port, get(b"/", b"Transfer-Encoding: chunked", CLOSE, method=b"POST", body=b"0\r\n\r\n")))
        == 200
    )


def test_a_body_without_a_length_becomes_chunks_and_towards_http_1_0_the_end_of_the_connection(
    start: Start,
) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nfirst ")
        connection.send(b"second")

    proxy, _ = start(script)
    head, _, body = ask(proxy.port, get(b"/", CLOSE)).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head and dechunk(body) == b"first second"
    head, _, body = ask(proxy.port, get(version=b"1.0")).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head and b"Connection: close" in head and body == b"first second"


def test_http_1_0_gets_a_chunked_response_without_chunks(start: Start) -> None:
    proxy, _ = start(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
    head, _, body = ask(proxy.port, get(version=b"1.0")).partition(b"\r\n\r\n")
    assert (b"Transfer-Encoding" in head, body) == (False, b"ok")


def test_chunks_that_arrive_one_by_one_reach_http_1_1_and_1_0(start: Start) -> None:
    pieces = (b"2\r\nok\r\n", b"a\r\n0123456789\r\n", b"3;x=y\r\nabc\r\n", b"1\r\n", b"!\r\n", b"0\r\n\r\n")

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            time.sleep(0.02)
            connection.send(piece)

    proxy, _ = start(script)
    body = ask(proxy.port, get(b"/", CLOSE)).partition(b"\r\n\r\n")[2]
    assert dechunk(body) == b"ok0123456789abc!" and b"x=y" not in body
    assert ask(proxy.port, get(version=b"1.0")).partition(b"\r\n\r\n")[2] == b"ok0123456789abc!"


def test_http_1_0_keeps_the_connection_only_where_it_asks(start: Start) -> None:
    proxy, _ = start()
    with Client(proxy.port) as client:
        for _ in range(2):
            client.send(get(b"/", b"Connection: keep-alive", version=b"1.0"))
            assert b"Connection: keep-alive" in client.read_response()[0]
    assert ask(proxy.port, get(version=b"1.0")).endswith(b"ok")


@pytest.mark.parametrize(
    ("method", "answer", "kept", "gone"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", [b"Content-Length: 5"], []),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", [], [b"Transfer-Encoding"]),
        (
            b"GET",
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n",
            [b"Content-Length: 5", b"ETag: x"],
            [],
        ),
        (b"HEAD", b"HTTP/1.1 200 OK\r\n\r\n", [], []),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", [b"ETag: x"], []),
        (b"GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", [], [b"Content-Length"]),
        (
            b"GET",
            b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
            [],
            [b"Transfer-Encoding"],
        ),
    ],
)
def test_responses_without_a_body_keep_the_connection_in_step(
    start: Start, method: bytes, answer: bytes, kept: list[bytes], gone: list[bytes]
) -> None:
    answers = iter([answer, OK])

    def script(connection: OriginConnection) -> None:
        while True:
            connection.read_head()
            connection.send(next(answers))

    proxy, origin = start(script)
    with Client(proxy.port) as client:
        client.send(get(method=method))
        head = client.read_until(b"\r\n\r\n")
        assert head.endswith(b"\r\n\r\n")
        assert all(field in head for field in kept) and not any(field in head for field in gone)
        client.send(get())
        assert client.read_response()[1] == b"ok"
    # An origin that declares a body may still send it, so that its connection is not used again.
    declared = b"Content-Length: 5" in answer or b"Transfer-Encoding" in answer
    assert origin.connections == 1 + declared


@pytest.mark.row(16)
def test_interim_responses_are_forwarded_with_their_cookies_judged(start: Start) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nSet-Cookie: tracker=CANARYv\r\nSet-Cookie: sid=CANARYv\r\n\r\n"
    proxy, _ = start(early + early + OK)
    with Client(proxy.port) as client:
        for _ in range(3):
            client.send(get())
            for _ in range(2):
                assert (
                    client.read_response()[0]
                    == b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nSet-Cookie: sid=CANARYv; Secure\r\n\r\n"
                )
            assert client.read_response()[1] == b"ok"
    assert ask(proxy.port, get(version=b"1.0")).count(b"HTTP/1.1") == 1


@pytest.mark.row(16)
def test_expect_100_continue_is_between_the_client_and_the_origin(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        assert b"Expect: 100-continue" in connection.read_head()
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert connection.read(4) == b"body"
        connection.send(OK)

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        client.send(get(b"/", b"Content-Length: 4", b"Expect: 100-continue", method=b"POST"))
        assert client.read_response()[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"body")
        assert client.read_response()[1] == b"ok"


def test_an_origin_that_refuses_before_the_body_is_heard(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(response(status=b"417 Expectation Failed", body=b"no"))
        assert connection.socket.recv(10) == b""

    proxy, _ = start(script)
    answer = ask(proxy.port, get(b"/", b"Content-Length: 4", b"Expect: 100-continue", method=b"POST"))
    assert status_of(answer) == 417 and b"Connection: close" in answer and answer.endswith(b"no")


@pytest.mark.row(18)
def test_trailers_are_forwarded_except_cookies(start: Start) -> None:
    proxy, _ = start(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 5\r\nSet-Cookie: sid=CANARYv\r\n\r\n"
    )
    with Client(proxy.port) as client:
        client.send(get(b"/", CLOSE))
        assert client.read_all().endswith(b"\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 5\r\n\r\n")


def test_request_trailers_are_forwarded(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        while not connection.buffer.endswith(b"\r\n\r\n"):
            connection._more()
        assert connection.buffer == b"2\r\nok\r\n0\r\nX-Sum: 5\r\n\r\n"
        connection.send(OK)

    proxy, _ = start(script)
    body = b"2\r\nok\r\n0\r\nX-Sum: 5\r\nCookie: tracker=CANARY1\r\n\r\n"
    assert status_of(ask(proxy.port, get(b"/", b"Transfer-Encoding: chunked", CLOSE, method=b"POST", body=body))) == 200


def test_absolute_form_is_normalised_and_its_authority_replaces_host(start: Start) -> None:
    proxy, origin = start()
    ask(proxy.port, get(b"http://other.example:81/x?y", CLOSE))
    ask(proxy.port, get(b"http://other.example", CLOSE))
    ask(proxy.port, get(b"*", CLOSE, method=b"OPTIONS"))
    lines = [request.split(b"\r\n")[:2] for request in origin.requests]
    assert lines == [
        [b"GET /x?y HTTP/1.1", b"Host: other.example:81"],
        [b"GET / HTTP/1.1", b"Host: other.example"],
        [b"OPTIONS * HTTP/1.1", b"Host: shop.example"],
    ]


def test_hop_by_hop_fields_are_removed_and_forwarding_fields_replaced(start: Start) -> None:
    proxy, origin = start(
        response(
            b"Connection: X-Back",
            b"X-Back: 1",
            b"Keep-Alive: timeout=5",
            b"Proxy-Authenticate: x",
            b"X-Stay: 1",
        )
    )
    answer = ask(
        proxy.port,
        get(
            b"/", b"Connection: close, X-Named, keep-alive", b"X-Named: 1", b"x-kept: 1", b"Keep-Alive: 5", b"TE: trailers, gzip",
            b"Proxy-Connection: x", b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-Proto: https", b"Forwarded: for=6.6.6.6", b"Upgrade: h2c",
        ),
    )  # fmt: skip
    assert origin.requests[0] == (
        b"GET / HTTP/1.1\r\nHost: shop.example\r\nx-kept: 1\r\nTE: trailers\r\nConnection: TE\r\n"
        b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Proto: http\r\n\r\n"
    )
    head = answer.partition(b"\r\n\r\n")[0]
    assert head == b"HTTP/1.1 200 OK\r\nX-Stay: 1\r\nContent-Length: 2\r\nConnection: close"


@pytest.mark.row(15)
@pytest.mark.parametrize(
    "name",
    [
        b"Cookie",
        b"host",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Set-Cookie",
        b"close, Cookie",
        b"close\r\nConnection: Cookie",
    ],
)
def test_a_client_cannot_make_a_protected_field_vanish(start: Start, name: bytes) -> None:
    proxy, origin = start()
    assert status_of(ask(proxy.port, get(b"/", b"Connection: " + name))) == 400
    assert origin.requests == []


COLLIDING = [
    b"X_Forwarded_Proto: https", b"X-Forwarded_For: 192.0.2.1", b"x_forwarded-host: evil.example", b"X.Forwarded.Proto: https", b"X-Forwarded~Proto: https",
    b"Content_Length: 5", b"Content_Type: text/html", b"Transfer_Encoding: chunked", b"Sec_GPC: 1", b"If_None_Match: x", b"Proxy: http://evil.example",
    b"Proxy-Connection: close", b"Proxy_Authorization: x",
]  # fmt: skip


@pytest.mark.row(39)
@pytest.mark.parametrize("field", COLLIDING)
def test_a_field_that_cgi_would_take_for_another_does_not_reach_the_application(start: Start, field: bytes) -> None:
    """Drop fields that share a variable with another one (RFC 3875 4.1.18), such as HTTP_X_FORWARDED_PROTO. `Proxy`
    becomes HTTP_PROXY (httpoxy)."""
    proxy, origin = start()
    for _ in range(2):
        ask(proxy.port, get(b"/", field, b"X_Own_Field: 1", CLOSE))
    for request in origin.requests:
        assert field.partition(b":")[0] + b":" not in request
        assert b"\r\nX_Own_Field: 1\r\n" in request and request.count(b"X-Forwarded-Proto: http\r\n") == 1


@pytest.mark.row(39)
@pytest.mark.parametrize("keeps", [False, True])
def test_alt_svc_is_dropped_and_counted_unless_it_is_kept(start: Start, keeps: bool) -> None:
    """Drop Alt-Svc, which would lead browsers to a port without the proxy (RFC 7838)."""
    head = b'HTTP/1.1 200 OK\r\nalt-svc: h3=":443"; ma=3600\r\nX-Kept: 1\r\nAlt-Svc: h2=":8443"\r\nContent-Length: 2\r\n\r\nok'
    proxy, _ = start(head, keep_alt_svc=keeps)
    for _ in range(4):  # not remembered, and remembered
        answer = ask(proxy.port, get(b"/", CLOSE))
        assert answer.lower().count(b"\r\nalt-svc: ") == (2 if keeps else 0)
        assert b"\r\nX-Kept: 1\r\n" in answer and answer.endswith(b"ok")
    assert proxy.sample("cookiewarden_alt_svc_dropped_total") == (0 if keeps else 4)


def test_the_host_for_the_application_can_be_set(start: Start) -> None:
    proxy, origin = start(upstream_host="internal.example")
    ask(proxy.port, get(b"/", CLOSE))
    assert b"\r\nHost: internal.example\r\n" in origin.requests[0]
    assert b"\r\nX-Forwarded-Host: shop.example\r\n" in origin.requests[0]


def test_the_application_may_listen_on_a_unix_socket(start: Start, tmp_path) -> None:
    proxy, origin = start(unix=tmp_path / "app.sock")
    assert ask(proxy.port, get(b"/", CLOSE)).endswith(b"ok")
    assert b"Host: shop.example" in origin.requests[0]


def test_a_client_that_closes_its_side_after_the_request_is_still_answered(start: Start) -> None:
    proxy, _ = start()
    with Client(proxy.port) as client:
        client.send(get())
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_all().endswith(b"ok")


def test_one_byte_per_segment_changes_nothing(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            connection.read_head()
            assert dechunk(connection.read_chunked()) == b"hello"
            for byte in response(b"Set-Cookie: sid=CANARYv", b"Set-Cookie: t=CANARYv", body=b"slowly"):
                connection.send(bytes([byte]))

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        for _ in range(2):
            client.drip(get(b"/", b"Transfer-Encoding: chunked", method=b"POST", body=chunked(b"hello", 5)))
            head, body = client.read_response()
            assert body == b"slowly" and b"Set-Cookie: sid=CANARYv; Secure\r\n" in head and b"t=v" not in head


@pytest.mark.parametrize("status", [b"304 Not Modified", b"200 OK", b"302 Found"])
@pytest.mark.parametrize("head", [b"", b"Connection: date\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"])
def test_a_response_with_an_expires_has_a_date(start: Start, head: bytes, status: bytes) -> None:
    """Add Date (RFC 9110 6.6.1). Without it, browsers count an Expires from their own clock, which may be wrong. In a
    304, Chromium counts it from the Date of its stored page."""
    answer = (
        b"HTTP/1.1 "
        + status
        + b"\r\nContent-Length: 0\r\n"
        + head
        + b"Set-Cookie: sid=CANARY; Expires=Fri, 31 Dec 2038 23:59:59 GMT\r\n\r\n"
    )
    proxy, _ = start(answer)
    for _ in range(2):
        told = ask(proxy.port, get(b"/", CLOSE))
        dates = re.findall(rb"\r\nDate: ([^\r]*)", told)
        assert len(dates) == 1 and abs((parse_cookie_date(dates[0]) or 0) - time.time()) < 60


@pytest.mark.parametrize(
    "answer", [b"Set-Cookie: sid=CANARY; Path=/\r\n", b"", b"Set-Cookie: sid=CANARY; Expires=x\r\nDate: x\r\n"]
)
def test_a_date_is_added_only_for_an_expires_without_one(start: Start, answer: bytes) -> None:
    proxy, _ = start(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + answer + b"\r\n")
    for _ in range(2):
        assert ask(proxy.port, get(b"/", CLOSE)).count(b"Date: ") == answer.count(b"Date: ")
