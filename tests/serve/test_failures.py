"""Answers to clients after failures, and their metrics: statuses, limits, timeouts, lost connections."""

import asyncio
import contextlib
import re
import socket
import struct
import threading
import time
import types

import pytest

from cookiewarden.core.engine.engine import Engine
from cookiewarden.serve.address import Address, Upstream, parse_upstream
from cookiewarden.serve.dataplane import client as client_connection
from cookiewarden.serve.dataplane.phase import Phase
from cookiewarden.serve.dataplane.pool import Pool
from cookiewarden.serve.own_pages import in_force
from cookiewarden.serve.wire.request_head import read_again
from tests.support.client import CLOSE, Client, ask, get, status_of
from tests.support.origin import OK, Offer, OriginConnection, answering
from tests.support.proxy import POLICY, Proxy, Start
from tests.support.wait import PATIENCE, at_rest, eventually


def upstream_errors(proxy: Proxy) -> dict[str, int]:
    return {reason: count for reason, count in proxy.metrics.upstream_errors.items() if count}


def client_errors(proxy: Proxy) -> dict[str, int]:
    return {reason: count for reason, count in proxy.metrics.client_errors.items() if count}


# The origin


@pytest.mark.row(1)
def test_an_origin_that_is_down_is_a_502_at_once_without_its_address(start: Start) -> None:
    proxy, origin = start()
    origin.close()
    taken = []
    for _ in range(5):
        began = time.monotonic()
        answer = ask(proxy.port, get(b"/", CLOSE))
        taken.append(time.monotonic() - began)
        assert status_of(answer) == 502 and answer.endswith(b"\r\n\r\n502 Bad Gateway\n")
    assert min(taken) < 1
    assert upstream_errors(proxy) == {"connect": 5}


def test_a_unix_socket_that_is_not_there_is_a_502(start: Start, tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    proxy, _ = start(upstream=Upstream("unix:/x", socket=str(tmp_path / "none.sock")))
    assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 502
    assert "failed: connect, no such file or directory (1 time since the start)" in caplog.text


def test_an_unknown_host_name_is_a_502_and_is_logged(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    proxy, _ = start(upstream=Upstream("http://none.invalid", Address("none.invalid", 80)))
    assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 502
    assert re.search(r"failed: connect, .*(not known|no address|resolution)", caplog.text)


@pytest.mark.row(1)
def test_an_origin_that_does_not_accept_is_a_504_at_the_connect_timeout(start: Start) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        proxy, _ = start(upstream=Upstream("x", Address(*address)), connect_timeout=0.5)
        began = time.monotonic()
        assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 504
        assert time.monotonic() - began > 0.3
        assert upstream_errors(proxy) == {"connect_timeout": 1}
        for filler in fillers:
            filler.close()


def test_an_invalid_host_is_a_502_at_once(start: Start) -> None:
    """Handle the UnicodeError that uvloop raises here in place of an OSError."""
    proxy, _ = start(upstream=parse_upstream("http://a..b:80"))
    assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 502
    assert upstream_errors(proxy) == {"connect": 1} and proxy.driver.pool.open == 0


@pytest.mark.interpreted
def test_timeouts_hold_after_a_slow_start_and_after_a_failed_turn(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Block the loop for about 150 ms at the start, as a statement does: the timeouts' clock must run afterwards."""

    async def slow(engine: Engine) -> None:
        await asyncio.sleep(0.5)

    monkeypatch.setattr(in_force, "statement_of", slow)
    proxy, _ = start(lambda connection: connection.read_head() and time.sleep(5), read_timeout=0.5, header_timeout=0.5)
    assert proxy.unexpected == []
    tick = Pool.tick

    def fails(pool: Pool, now: float) -> None:
        monkeypatch.setattr(Pool, "tick", tick)
        raise ZeroDivisionError

    monkeypatch.setattr(Pool, "tick", fails)
    assert eventually(lambda: len(proxy.unexpected) == 1)
    assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 504
    with Client(proxy.port) as client:
        client.send(b"GET / HTTP/1.1\r\n")
        assert status_of(client.read_all()) == 408
    proxy.unexpected.clear()


def test_a_silent_origin_is_a_504_at_the_read_timeout_and_one_that_speaks_lives_on(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        if b"/silent" in connection.read_head():
            connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(5):
            time.sleep(0.5)
            connection.send(b"2\r\nok\r\n")
        connection.send(b"0\r\n\r\n")

    proxy, _ = start(script, read_timeout=2)
    began = time.monotonic()
    assert status_of(ask(proxy.port, get(b"/silent", CLOSE))) == 504
    assert time.monotonic() - began > 1.5
    assert ask(proxy.port, get(b"/", CLOSE)).count(b"ok") == 5
    assert upstream_errors(proxy) == {"read_timeout": 1}


def dying(connection: OriginConnection) -> None:
    """Answer once, and close on the next request of the same connection."""
    head = connection.read_head()
    connection.send(OK.removesuffix(b"ok") if head.startswith(b"HEAD") else OK)
    connection.read_head()


@pytest.mark.parametrize(
    ("method", "fields", "status", "connections"),
    [
        (b"GET", b"X: y", 200, 2),
        (b"HEAD", b"X: y", 200, 2),
        (b"POST", b"Content-Length: 0", 502, 1),
        (b"DELETE", b"X: y", 502, 1),
    ],
)
def test_only_a_safe_request_on_a_stale_connection_is_sent_again(
    start: Start, method: bytes, fields: bytes, status: int, connections: int
) -> None:
    proxy, origin = start(dying)
    assert ask(proxy.port, get(b"/", CLOSE)).endswith(b"ok")
    assert status_of(ask(proxy.port, get(b"/", fields, CLOSE, method=method))) == status
    assert origin.connections == connections
    assert upstream_errors(proxy) == ({} if status == 200 else {"stale": 1})


@pytest.mark.parametrize("method", [b"GET", b"POST", b"DELETE"])
def test_a_request_is_sent_once_if_the_origin_closes_a_new_connection(start: Start, method: bytes) -> None:
    proxy, origin = start(lambda connection: connection.read_head() and None)
    assert status_of(ask(proxy.port, get(b"/", b"Content-Length: 0", CLOSE, method=method))) == 502
    assert len(origin.requests) == 1
    assert upstream_errors(proxy) == {"closed": 1}


@pytest.mark.row(3)
def test_a_connection_is_not_reused_after_the_origin_announced_its_end(start: Start) -> None:
    proxy, origin = start(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok")
    for _ in range(2):
        ask(proxy.port, get(b"/", CLOSE))
    assert origin.connections == 2


@pytest.mark.row(3)
def test_an_idle_connection_is_closed_after_its_timeout(start: Start) -> None:
    proxy, _ = start(upstream_idle_timeout=0.2)
    ask(proxy.port, get(b"/", CLOSE))
    assert eventually(lambda: proxy.driver.pool.open == 0)


@pytest.mark.interpreted
@pytest.mark.row(3)
async def test_names_are_resolved_afresh_at_most_every_five_seconds() -> None:
    asked, now = 0, 0.0

    async def getaddrinfo(host: str, port: int, type: int) -> list:
        nonlocal asked
        asked += 1
        return [(None, None, None, None, (f"192.0.2.{asked}", port))]

    loop = types.SimpleNamespace(getaddrinfo=getaddrinfo, time=lambda: now)
    pool = Pool(types.SimpleNamespace(upstream=None, loop=loop))
    found = []
    for now in (0.0, 1.0, 4.9, 5.1, 9.0, 10.2):  # noqa: B007 (the loop reads it)
        found += await pool._resolve("app.internal", 80)
    assert found == ["192.0.2.1"] * 3 + ["192.0.2.2"] * 2 + ["192.0.2.3"]


CUTS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "inside a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nXX\r\n",
}


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("kind", CUTS)
def test_a_truncated_response_looks_truncated(start: Start, kind: str, version: bytes) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        head, end, body = CUTS[kind].partition(b"\r\n\r\n")
        connection.send(head + end)
        time.sleep(0.05)
        connection.send(body)
        if kind == "bad chunk":
            connection.read_head()

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        client.send(get(version=version))
        head = client.read_until(b"\r\n\r\n")
        if version == b"1.0" and kind != "length":
            with pytest.raises(ConnectionResetError):
                while client.socket.recv(100):
                    pass
        else:
            body = head.partition(b"\r\n\r\n")[2] + client.read_all()
            assert b"half" in body and not body.endswith(b"0\r\n\r\n")
    assert upstream_errors(proxy) == {"truncated": 1}


def test_an_until_close_response_that_is_reset_looks_truncated(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        time.sleep(0.2)
        connection.reset()

    proxy, _ = start(script)
    assert not ask(proxy.port, get(b"/", CLOSE)).endswith(b"0\r\n\r\n")
    assert upstream_errors(proxy) == {"truncated": 1}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"garbage\r\n\r\n", "bad_response"),
        (b"garbage", "bad_response"),
        (b"HTTP/1.1 200 OK\r\nX: \x01\r\nContent-Length: 0\r\n\r\n", "bad_response_header"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "bad_response_header"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "bad_response"),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad_response"),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "bad_response"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "bad_response_header"),
        (b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", "bad_response"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40000 + b"\r\n\r\n", "head_too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "head_too_large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40000, "head_too_large"),
        (CUTS["bad chunk"], "bad_response"),
    ],
)  # fmt: skip
def test_an_invalid_response_is_a_502(start: Start, answer: bytes, reason: str) -> None:
    proxy, _ = start(answer)
    assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 502
    assert upstream_errors(proxy) == {reason: 1}


@pytest.mark.parametrize("cut", range(0, 110, 7))
def test_an_unparsable_set_cookie_line_is_removed_and_the_rest_passes(start: Start, cut: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1\r\nset-cookie: sid=\x01CANARY\r\nX: y\r\nContent-Length: 2\r\n\r\nok"

    def script(connection: OriginConnection) -> None:
        while True:
            connection.read_head()
            connection.send(head[:cut])
            time.sleep(0.03)
            connection.send(head[cut:])

    proxy, origin = start(script)
    with Client(proxy.port) as client:
        for _ in range(2):
            client.send(get())
            assert client.read_response() == (
                b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1; Secure\r\nX: y\r\nContent-Length: 2\r\n\r\n", b"ok",
            )  # fmt: skip
    assert origin.connections == 1
    assert (
        proxy.sample("cookiewarden_violations_total", cookie="__undeclared__", reason="malformed", enforced="true") == 2
    )


@pytest.mark.parametrize("cut", [0, 40, 60])
def test_a_set_cookie_line_with_a_bare_line_feed_is_a_502_however_the_head_is_cut(start: Start, cut: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY\nX: y\r\nContent-Length: 2\r\n\r\nok"

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(head[:cut])
        time.sleep(0.03)
        connection.send(head[cut:])

    proxy, _ = start(script)
    assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 502


def test_a_bad_set_cookie_line_in_an_interim_response_goes_too(start: Start) -> None:
    proxy, _ = start(
        b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: a=\x02\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: b=\x02\r\nContent-Length: 2\r\n\r\nok"
    )
    answer = ask(proxy.port, get(b"/", CLOSE))
    assert (
        answer.startswith(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length")
        and b"Set-Cookie" not in answer
    )


@pytest.mark.row(33)
def test_a_body_in_answer_to_head_is_discarded(start: Start) -> None:
    proxy, origin = start(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET")
    with Client(proxy.port) as client:
        for _ in range(2):
            client.send(get(method=b"HEAD"))
            assert client.read_until(b"\r\n\r\n").endswith(b"\r\n\r\n")
    assert origin.connections == 2
    assert upstream_errors(proxy)["surplus"] == 2


@pytest.mark.row(33)
def test_a_late_body_of_a_304_is_discarded(start: Start) -> None:
    lengths = iter([0, 0, 0, 30])

    def script(connection: OriginConnection) -> None:
        while True:
            connection.read_head()
            length = next(lengths, None)
            if length is None:
                connection.send(OK)
                continue
            connection.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: %d\r\n\r\n" % length)
            if length:
                time.sleep(0.2)
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET")

    proxy, origin = start(script)
    for _ in range(4):
        assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 304
    assert ask(proxy.port, get(b"/", CLOSE)).endswith(b"\r\n\r\nok")
    assert origin.connections == 2


@pytest.mark.row(14)
def test_a_full_pool_waits_and_then_is_a_503(start: Start) -> None:
    release = threading.Event()

    def script(connection: OriginConnection) -> None:
        while True:
            connection.read_head()
            release.wait(PATIENCE)
            connection.send(OK)

    proxy, origin = start(script, max_upstream_connections=1, pool_timeout=0.4)
    with Client(proxy.port) as first, Client(proxy.port) as second:
        first.send(get())
        assert eventually(lambda: len(origin.requests) == 1)
        assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 503
        second.send(get())
        time.sleep(0.1)
        release.set()
        assert first.read_response()[1] == second.read_response()[1] == b"ok"
    assert upstream_errors(proxy) == {"pool": 1}
    assert origin.connections == 1


# The client


def test_garbage_behind_a_good_request_is_answered_after_it(start: Start) -> None:
    proxy, origin = start()
    answer = ask(proxy.port, get() + b"GARBAGE\r\n\r\n" + get(b"/never"))
    assert answer.startswith(OK[:15]) and answer.count(b"HTTP/1.1 ") == 2 and b"HTTP/1.1 400 " in answer
    assert len(origin.requests) == 1


def test_bytes_after_a_request_with_connection_close_are_dropped(start: Start) -> None:
    proxy, origin = start()
    assert ask(proxy.port, get(b"/", CLOSE) + get(b"/never")).count(b"HTTP/1.1 ") == 1
    assert len(origin.requests) == 1


@pytest.mark.row(34)
def test_a_client_that_sends_after_connection_close_still_gets_its_answer(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        time.sleep(0.1)
        connection.send(OK)
        time.sleep(0.5)

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        client.send(get(b"/", CLOSE) + b"\r\n")
        for _ in range(20):
            time.sleep(0.02)
            client.send(b"\r\n")
        assert client.read_all().endswith(b"\r\n\r\nok")


GUARDED = "version: 1\npolicy: test\ninject_guard: true\ncookies:\n  - {name: sid, purpose: x, lifetime: 1h}\n"


def test_requests_behind_one_that_the_proxy_answers_itself_are_served_though_the_client_has_closed_its_side(
    start: Start,
) -> None:
    proxy, origin = start(policy=GUARDED)
    own = get(b"/.well-known/cookiewarden/guard.js")
    with Client(proxy.port) as client:
        client.send(get(b"/first") + own + own + get(b"/last"))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_all().count(b"HTTP/1.1 200 OK\r\n") == 4
    assert [request.split(b" ")[1] for request in origin.requests] == [b"/first", b"/last"]


def test_a_body_that_ends_with_the_clients_side_behind_another_request_waits_for_nothing(start: Start) -> None:
    proxy, _ = start()
    with Client(proxy.port) as client:
        client.send(get() + get(b"/", b"Content-Length: 5", method=b"POST", body=b"abc"))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_all(5).endswith(b"\r\n\r\nok")
    assert eventually(lambda: client_errors(proxy) == {"abort": 1} and proxy.metrics.in_flight == 0)
    assert eventually(lambda: not proxy.driver.pool.open)


@pytest.mark.parametrize("pause", [0, 0.1])
def test_a_method_of_more_than_64_octets_is_a_400_however_the_head_is_cut(start: Start, pause: float) -> None:
    proxy, _ = start()
    request = get(method=b"X" * 65)
    with Client(proxy.port) as client:
        client.send(request[:66])
        time.sleep(pause)
        with contextlib.suppress(OSError):
            client.send(request[66:])
        assert status_of(client.read_all()) == 400


def test_a_head_in_single_octets_is_compared_with_the_one_before_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, _ = start()
    compared = []
    monkeypatch.setattr(client_connection, "read_again", lambda *args: compared.append(1) or read_again(*args))
    with Client(proxy.port) as client:
        client.send(get())
        client.read_response()
        client.drip(get(b"/" + b"x" * 300))
        client.read_response()
    assert len(compared) <= 3


@pytest.mark.parametrize(("octets", "is_kept"), [(7000, True), (9000, False)])
def test_an_idle_connection_keeps_no_large_head(start: Start, octets: int, is_kept: bool) -> None:
    proxy, _ = start()
    with Client(proxy.port) as client:
        client.send(get(b"/", b"X: " + b"x" * octets))
        client.read_response()
        (connection,) = proxy.driver.connections.open
        assert (connection.last is not None) is is_kept


@pytest.mark.parametrize(("octets", "is_kept"), [(200, True), (9000, False)])
def test_an_idle_connection_keeps_no_long_host(start: Start, octets: int, is_kept: bool) -> None:
    proxy, _ = start()
    with Client(proxy.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: " + b"x" * octets + b"\r\n\r\n")
        client.read_response()
        (connection,) = proxy.driver.connections.open
        assert (connection._browser is not None) is is_kept


@pytest.mark.row(7)
def test_an_endless_field_or_trailer_is_refused_before_it_fills_memory(start: Start) -> None:
    proxy, _ = start(lambda connection: connection.read_head() and connection.read_head() and None)
    for request in (
        b"GET /" + b"x" * 60_000,
        get(b"/", b"Transfer-Encoding: chunked", method=b"POST", body=b"0\r\nX: " + b"x" * 60_000),
    ):
        assert status_of(ask(proxy.port, request)) == 431


def test_the_limit_on_bodies_is_for_each_of_them(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        while True:
            connection.read_head()
            connection.read_chunked()
            connection.send(OK)

    proxy, _ = start(script, max_request_body=1000)
    request = get(b"/", b"Transfer-Encoding: chunked", method=b"POST", body=b"190\r\n" + b"x" * 400 + b"\r\n0\r\n\r\n")
    with Client(proxy.port) as client:
        for _ in range(5):
            client.send(request)
            assert client.read_response()[1] == b"ok"


def test_an_empty_line_after_a_body_is_not_a_request(start: Start) -> None:
    proxy, _ = start(header_timeout=0.3, keepalive_timeout=1)
    with Client(proxy.port) as client:
        client.send(get(b"/", b"Content-Length: 0", method=b"POST") + b"\r\n")
        assert client.read_response()[1] == b"ok"
        client.send(b"\r\n")
        assert client.read_all() == b""
    assert client_errors(proxy) == {}


def test_half_an_empty_line_leaves_the_connection_idle(start: Start) -> None:
    proxy, _ = start(header_timeout=0.3, keepalive_timeout=2)
    with Client(proxy.port) as client:
        client.send(get())
        assert client.read_response()[1] == b"ok"
        began = time.monotonic()
        for _ in range(4):  # no 408, and no extension of the timeout
            client.send(b"\r")
            time.sleep(0.2)
            client.send(b"\n")
            time.sleep(0.2)
        assert client.read_all() == b""
        assert time.monotonic() - began < 3.5  # 3.6 and more if the timeout was extended


def test_bytes_that_arrive_during_a_waiting_request_are_read_after_it(start: Start) -> None:
    """Send half an empty line after a body, and the other half in the loop turn that reads the first."""
    proxy, _ = start(header_timeout=0.3, keepalive_timeout=1)
    with Client(proxy.port) as client:
        client.send(get(b"/", b"Content-Length: 1", method=b"POST", body=b"a\r\n"))
        assert client.read_response()[1] == b"ok"
        (connection,) = proxy.driver.connections.open
        done = threading.Event()

        def in_one_turn() -> None:
            connection.phase, connection.held = Phase.NEXT, b"\r\n"
            connection.context.connections.idle.pop(connection, None)
            connection.data_received(b"\r\n")
            connection._next()
            done.set()

        proxy.loop.call_soon_threadsafe(in_one_turn)
        assert done.wait(PATIENCE)
        time.sleep(0.5)
        client.send(get(b"/", CLOSE))
        assert client.read_all().endswith(b"ok")
    assert client_errors(proxy) == {}


@pytest.mark.parametrize("status", [600, 999])
def test_a_status_outside_the_classes_is_counted_as_5xx_and_the_connection_is_kept(start: Start, status: int) -> None:
    proxy, _ = start(b"HTTP/1.1 %d Odd\r\nContent-Length: 2\r\n\r\nok" % status)
    with Client(proxy.port) as client:
        for _ in range(3):
            client.send(get())
            assert client.read_response()[1] == b"ok"
    assert proxy.metrics.requests[b"GET", 5] == 3 and proxy.metrics.in_flight == 0


def test_an_origin_that_does_not_read_has_its_own_time_and_not_the_clients(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        time.sleep(1)
        connection.read(20 << 20)
        connection.send(OK)

    proxy, _ = start(script, client_timeout=0.4, read_timeout=60)
    request = get(b"/", b"Content-Length: %d" % (20 << 20), CLOSE, method=b"POST", body=b"x" * (20 << 20))
    assert ask(proxy.port, request).endswith(b"ok")


def test_a_client_whose_body_filled_the_origin_is_heard_again_after_an_early_answer(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        while True:
            length = re.search(rb"Content-Length: ([0-9]+)", connection.read_head())
            time.sleep(0.03 if length else 0)
            connection.send(OK)
            connection.read(int(length[1]) if length else 0)

    proxy, _ = start(script)
    for size in range(2 << 20, 12 << 20, 130_000):
        with Client(proxy.port) as client:
            with contextlib.suppress(OSError):  # answered and closed before the request was complete
                client.send(get(b"/early", b"Content-Length: %d" % size, method=b"POST", body=b"x" * size))
            head, body = client.read_response()
            assert body == b"ok"
            if b"Connection: close" not in head:
                client.send(get(b"/next", CLOSE))
                assert client.read_all().endswith(b"ok")


def test_sixteen_megabytes_of_empty_lines_are_passed_over(start: Start) -> None:
    # A copy of the rest for each line would take half a minute, more than the client's ten seconds.
    proxy, _ = start()
    assert ask(proxy.port, b"\r\n" * (8 << 20) + get(b"/", CLOSE)).endswith(b"ok")


def test_half_an_empty_line_after_a_body_does_not_time_out_as_a_head(start: Start) -> None:
    proxy, _ = start(header_timeout=0.2, keepalive_timeout=0.6)
    with Client(proxy.port) as client:
        client.send(get(b"/", b"Content-Length: 1", method=b"POST", body=b"a\r"))
        assert client.read_response()[1] == b"ok"
        assert client.read_all() == b""
    assert client_errors(proxy) == {}


def test_a_slow_head_is_a_408_and_an_unused_connection_is_closed_without_a_response(start: Start) -> None:
    proxy, _ = start(header_timeout=1, keepalive_timeout=1.3)
    with Client(proxy.port) as slow, Client(proxy.port) as silent, Client(proxy.port) as used:
        used.send(get())
        used.read_response()
        slow.send(b"GET / HTTP/1.1\r\nX")
        time.sleep(0.3)
        slow.send(b": y\r\n")
        assert status_of(slow.read_all()) == 408
        assert silent.read_all() == used.read_all() == b""
    assert client_errors(proxy) == {"header_timeout": 1}


def test_a_stalled_body_is_a_408_and_its_origin_connection_is_closed(start: Start) -> None:
    gone = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        try:
            connection.read(100)
        finally:
            gone.set()

    proxy, _ = start(script, client_timeout=1.5)
    with Client(proxy.port) as client:
        client.send(get(b"/", b"Content-Length: 100", method=b"POST", body=b"half"))
        time.sleep(0.3)
        client.send(b"more")
        began = time.monotonic()
        assert status_of(client.read_until(b"\r\n\r\n")) == 408
        assert time.monotonic() - began > 1
    assert gone.wait(PATIENCE)
    assert client_errors(proxy) == {"client_timeout": 1}


@pytest.mark.row(8)
@pytest.mark.parametrize("framing", [b"Content-Length: 1048576", b"Transfer-Encoding: chunked"])
def test_a_body_over_the_limit_is_a_413_that_the_client_can_read(start: Start, framing: bytes) -> None:
    proxy, origin = start(
        lambda connection: connection.read_head() and connection.read(1 << 20) and None, max_request_body=1000
    )
    body = b"x" * (1 << 20) if b"Length" in framing else b"100000\r\n" + b"x" * (1 << 20) + b"\r\n0\r\n\r\n"
    with Client(proxy.port) as client:
        client.send(get(b"/", framing, method=b"POST", body=body))
        assert status_of(client.read_until(b"\r\n\r\n")) == 413
    assert client_errors(proxy) == {"body_too_large": 1}
    assert len(origin.requests) <= (0 if b"Length" in framing else 1)


@pytest.mark.row(34)
def test_an_early_answer_is_read_by_a_client_that_is_still_sending(start: Start) -> None:
    early = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(early)
        time.sleep(0.2)

    proxy, origin = start(script)
    for _ in range(10):
        with Client(proxy.port) as client:
            client.send(get(b"/", b"Content-Length: 10485760", method=b"POST"))
            stop = threading.Event()

            def push(client: Client = client, stop: threading.Event = stop) -> None:
                try:
                    for _ in range(160):
                        client.send(b"x" * 65536)
                except OSError:
                    stop.set()

            sender = threading.Thread(target=push)
            sender.start()
            head = client.read_until(b"\r\n\r\n")
            assert status_of(head) == 403 and b"Connection: close" in head
            sender.join(10)
            assert not sender.is_alive()
    assert origin.connections == 10


@pytest.mark.row(35)
def test_the_origin_connection_is_closed_when_its_client_leaves(start: Start) -> None:
    gone = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        if connection.socket.recv(1) == b"":
            gone.set()

    proxy, _ = start(script)
    client = Client(proxy.port)
    client.send(get())
    time.sleep(0.1)
    client.reset()
    assert gone.wait(PATIENCE)
    assert eventually(lambda: client_errors(proxy) == {"abort": 1} and not proxy.driver.connections.open)
    assert proxy.metrics.in_flight == 0


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_mid_body_leaks_nothing(start: Start, reset: bool) -> None:
    gone = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        try:
            connection.read(10_000)
        finally:
            gone.set()

    proxy, _ = start(script)
    client = Client(proxy.port)
    client.send(get(b"/", b"Content-Length: 10000", method=b"POST", body=b"half"))
    time.sleep(0.1)
    (client.reset if reset else client.close)()
    assert gone.wait(PATIENCE)
    driver = proxy.driver
    assert eventually(lambda: not driver.connections.open and driver.pool.open == 0)
    assert client_errors(proxy) == {"abort": 1}
    assert proxy.metrics.in_flight == 0


def test_a_client_that_does_not_read_stops_the_origin(start: Start) -> None:
    offer = Offer(1 << 30)
    proxy, _ = start(offer, read_timeout=0.5)
    with Client(proxy.port) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send(get())
        assert eventually(lambda: offer.sent > 0)
        stalled = at_rest(lambda: offer.sent)
        assert stalled < 64 << 20
        # the origin's timeout does not run while back-pressure stops it
        assert upstream_errors(proxy) == {}
        for _ in range(1000):
            client.socket.recv(65536)
        assert eventually(lambda: offer.sent > stalled)


def of_the_size_asked_for(connection: OriginConnection) -> None:
    while True:
        size = int(connection.read_head().split()[1][1:])
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)


def client_that_has_not_read_the_end(proxy: Proxy) -> Client:
    """Return a client whose complete response has reached the proxy, which still holds its end. The function tries
    sizes until the kernel's buffers are full."""
    clients = proxy.driver.connections.open
    for size in range(1 << 20, 16 << 20, 1 << 16):
        client = Client(proxy.port)
        client.send(get(b"/%d" % size))
        assert eventually(lambda: clients and (proxy.metrics.in_flight == 0 or any(c.full for c in clients)))
        time.sleep(0.01)
        if proxy.metrics.in_flight == 0 and any(connection.full for connection in clients):
            return client
        client.reset()
        assert eventually(lambda: not clients)
    raise AssertionError("no size left the end in the proxy")


@pytest.mark.parametrize("ending", [CLOSE, b"X: kept"])
def test_a_client_that_does_not_read_is_closed_after_its_timeout(start: Start, ending: bytes) -> None:
    proxy, _ = start(of_the_size_asked_for, client_timeout=0.5)
    clients = [Client(proxy.port) for _ in range(24)]
    for number, client in enumerate(clients):
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(get(b"/%d" % ((2 << 20) + number * 100_000), ending))
    assert eventually(lambda: any(client.full for client in proxy.driver.connections.open))
    assert eventually(lambda: not any(client.full for client in proxy.driver.connections.open))
    assert proxy.metrics.in_flight == 0
    for client in clients:
        client.close()


@pytest.mark.row(9)
def test_a_client_that_pipelines_and_reads_nothing_fills_no_memory(start: Start) -> None:
    asked = 0

    def script(connection: OriginConnection) -> None:
        nonlocal asked
        while True:
            connection.read_head()
            asked += 1
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)

    proxy, _ = start(script, client_timeout=60)
    with Client(proxy.port) as client:
        client.send(get() * 500)
        assert 1 < at_rest(lambda: asked) < 200
        (connection,) = proxy.driver.connections.open
        assert connection.transport.get_write_buffer_size() < 1 << 20
        seen = len(client.socket.recv(1 << 20))
        while seen < 500 * 100_000:
            seen += len(client.socket.recv(1 << 20))
    assert asked == 500


def test_a_client_that_does_not_read_the_end_does_not_hold_the_origin_connection(start: Start) -> None:
    proxy, _ = start(of_the_size_asked_for, max_upstream_connections=1)
    with client_that_has_not_read_the_end(proxy):
        assert ask(proxy.port, get(b"/1", CLOSE)).endswith(b"x")


def test_a_client_that_does_not_read_the_end_is_late_and_one_that_does_is_idle(start: Start) -> None:
    proxy, _ = start(of_the_size_asked_for, client_timeout=0.5, keepalive_timeout=0.8)
    errors = proxy.metrics.client_errors
    with client_that_has_not_read_the_end(proxy):
        assert errors["client_timeout"] == 0
        assert eventually(lambda: errors["client_timeout"] == 1)
    with client_that_has_not_read_the_end(proxy) as client:
        client.read_all()  # until the connection, idle again, is closed
    assert errors["client_timeout"] == 1


@pytest.mark.row(9)
def test_an_origin_that_does_not_read_stops_the_client(start: Start) -> None:
    release = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        release.wait(PATIENCE)
        connection.read(50 << 20)
        connection.send(OK)

    proxy, _ = start(script)
    sent = 0
    with Client(proxy.port) as client:

        def push() -> None:
            nonlocal sent
            client.send(get(b"/", b"Content-Length: %d" % (50 << 20), CLOSE, method=b"POST"))
            for _ in range(800):
                client.send(b"x" * 65536)
                sent += 65536

        sender = threading.Thread(target=push)
        sender.start()
        assert at_rest(lambda: sent) < 40 << 20
        release.set()
        assert client.read_all().endswith(b"ok")
        sender.join()


@pytest.mark.row(13)
def test_over_the_connection_limit_the_longest_idle_goes_and_else_it_is_a_503(start: Start) -> None:
    busy = threading.Event()

    def script(connection: OriginConnection) -> None:
        while True:
            if b"/busy" in connection.read_head():
                busy.wait(PATIENCE)
            connection.send(OK)

    proxy, _ = start(script, max_connections=2)
    with Client(proxy.port) as first, Client(proxy.port) as second, Client(proxy.port) as third:
        assert first.read_all() == b""  # closed to admit the third
        for client in (second, third):
            client.send(get(b"/busy"))
        assert eventually(lambda: proxy.metrics.in_flight == 2)
        assert status_of(ask(proxy.port, get())) == 503
        busy.set()
        assert second.read_response()[1] == third.read_response()[1] == b"ok"
    assert client_errors(proxy) == {"overload": 1}


# Internal faults


@pytest.mark.interpreted
@pytest.mark.row(30)
@pytest.mark.parametrize("on_error", ["", "on_error: closed\n", "on_error: open\n"])
def test_an_unjudged_cookie_is_counted_and_dropped_by_default(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, on_error: str
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("CANARY")

    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1\r\nContent-Length: 2\r\n\r\nok"
    proxy, origin = start(answer, policy=on_error + POLICY)
    monkeypatch.setattr(Engine, "on_set_cookie", fail)
    monkeypatch.setattr(Engine, "on_cookies", fail)
    answer = ask(proxy.port, get(b"/", b"Cookie: sid=CANARY1", CLOSE))
    passed = "open" in on_error
    assert status_of(answer) == 200 and (b"\r\nSet-Cookie: sid=CANARY1\r\n" in answer) is passed
    assert (b"\r\nCookie: sid=CANARY1\r\n" in origin.requests[0]) is passed
    assert proxy.sample("cookiewarden_policy_errors_total") == 2 and "CANARY" not in caplog.text
    label = {"cookie": "__undeclared__", "reason": "policy-error", "enforced": "false" if passed else "true"}
    assert proxy.sample("cookiewarden_violations_total", **label) == 2


def test_descriptors_return_to_where_they_were(start: Start) -> None:
    proxy, _ = start(answering(OK))
    ask(proxy.port, get(b"/", CLOSE))
    driver = proxy.driver
    for number in range(100):
        client = Client(proxy.port)
        client.send(get()[: 10 + number % 30] if number % 2 else get())
        if number % 3:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert ask(proxy.port, get(b"/", CLOSE)).endswith(b"ok")  # so all connections before it were accepted
    assert eventually(lambda: not driver.connections.open and proxy.metrics.in_flight == 0)
    assert eventually(lambda: len(driver.pool.idle) == driver.pool.open)
