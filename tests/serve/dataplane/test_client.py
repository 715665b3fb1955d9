"""Clients that send ahead of their answers, or read behind them: early requests wait, and slow readers are waited for."""

import logging
import re
import ssl
import threading

import pytest

from cookiewarden.serve.dataplane.client import HELD, ClientConnection
from cookiewarden.serve.settings import Access
from tests.support.certificates import AUTHORITY
from tests.support.client import CLOSE, Client, ask, get, get_once, status_of
from tests.support.origin import OK, OriginConnection
from tests.support.proxy import Proxy, Start
from tests.support.wait import PATIENCE, eventually

BIG = 16 << 20
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
UPGRADE = (b"Connection: Upgrade", b"Upgrade: websocket")


def only(proxy: Proxy) -> ClientConnection:
    assert eventually(lambda: len(proxy.driver.connections.open) == 1)
    (connection,) = proxy.driver.connections.open
    assert isinstance(connection, ClientConnection)
    return connection


def test_requests_that_come_during_an_answer_wait_for_it_and_beyond_a_limit_are_not_read(start: Start) -> None:
    may_answer = threading.Event()

    def script(connection: OriginConnection) -> None:
        while True:
            connection.read_head()
            may_answer.wait(PATIENCE)
            connection.send(OK)

    proxy, origin = start(script)
    request = get(b"/" + b"x" * 8000)
    with Client(proxy.port) as client:
        client.send(request)
        assert eventually(lambda: len(origin.requests) == 1)
        client.send(request)
        assert eventually(lambda: len(only(proxy).held) == len(request))
        assert only(proxy).reading
        sending = threading.Thread(target=client.send, args=(request * 30,))
        sending.start()
        assert eventually(lambda: not only(proxy).reading)
        assert HELD < len(only(proxy).held) < 32 * len(request)
        may_answer.set()
        assert [client.read_response()[1] for _ in range(32)] == [b"ok"] * 32
        sending.join(PATIENCE)
    assert len(origin.requests) == 32


def test_half_a_request_behind_an_answer_is_none_once_the_client_has_closed_its_side(start: Start) -> None:
    may_answer = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        may_answer.wait(PATIENCE)
        connection.send(OK)

    proxy, origin = start(script)
    with Client(proxy.port) as client:
        client.send(get() + b"GET /half HT")
        client.socket.shutdown(1)
        assert eventually(lambda: len(origin.requests) == 1 and only(proxy).ended)
        may_answer.set()
        assert client.read_all().endswith(b"\r\n\r\nok")
    assert eventually(lambda: not proxy.driver.connections.open)


@pytest.mark.parametrize("reads_first", [True, False], ids=["reads, then sends", "sends, then reads"])
def test_a_client_that_sends_and_does_not_read_gets_all_of_an_early_answer(start: Start, reads_first: bool) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        sending = threading.Thread(target=connection.send, args=(b"x" * BIG,))
        sending.start()
        assert connection.read(100) == b"ab" * 50
        sending.join(PATIENCE)

    proxy, _ = start(script, client_timeout=PATIENCE)
    with Client(proxy.port) as client:
        client.send(get(b"/", b"Content-Length: 100", method=b"POST", body=b"ab" * 25))
        assert eventually(lambda: only(proxy).full)
        if not reads_first:
            client.send(b"ab" * 25)
            assert eventually(lambda: only(proxy).body is None)
        head = client.read_until(b"\r\n\r\n")
        left = BIG - len(head.partition(b"\r\n\r\n")[2])
        while left:
            if reads_first and left < BIG // 2:
                reads_first = False
                client.send(b"ab" * 25)
            left -= len(client.socket.recv(left))


def test_a_body_that_breaks_off_its_grammar_during_the_answer_cuts_the_answer(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        connection.read_head()

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        client.send(get(b"/", b"Transfer-Encoding: chunked", method=b"POST", body=b"2\r\nab\r\n"))
        client.read_until(b"half")
        client.send(b"nonsense\r\n")
        assert client.read_all() == b""
    assert proxy.metrics.client_errors["bad_request"] == 1


def test_a_refusal_by_tls_is_read_by_a_client_that_still_sends(start: Start, files: dict[str, str]) -> None:
    proxy, _ = start(tls_cert=files["cert"], tls_key=files["key"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    with Client(proxy.port) as client:
        client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
        client.send(b"GARBAGE\r\n\r\n")
        assert status_of(client.read_until(b"\r\n\r\n")) == 400
        client.send(b"x" * 1000)
        assert eventually(lambda: only(proxy).ignored == 1000)


@pytest.mark.parametrize("side", ["client", "origin"])
def test_a_side_of_a_tunnel_that_does_not_read_stops_the_other(start: Start, side: str) -> None:
    may_read = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(SWITCHED)
        if side == "client":
            connection.send(b"x" * BIG)
        else:
            may_read.wait(PATIENCE)
            connection.read(BIG)
            connection.send(b"all of it")

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        client.send(get(b"/", *UPGRADE))
        head = client.read_until(b"\r\n\r\n")
        if side == "client":
            assert eventually(lambda: only(proxy).full)
            left = BIG - len(head.partition(b"\r\n\r\n")[2])
            while left:
                left -= len(client.socket.recv(left))
        else:
            sending = threading.Thread(target=client.send, args=(b"x" * BIG,))
            sending.start()
            assert eventually(lambda: any(origin.write_paused for origin in proxy.driver.pool))
            may_read.set()
            assert client.read_until(b"all of it") == b"all of it"
            sending.join(PATIENCE)


def test_a_page_of_the_proxys_own_is_logged_as_any_request(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    proxy, _ = start(policy="version: 1\nstatement: {path: /cookies}\ncookies: []\n", access_log=Access.ON)
    assert status_of(ask(proxy.port, get_once(path=b"/cookies"))) == 200
    (record,) = [record for record in caplog.records if record.name == "cookiewarden.access"]
    assert (record.fields["path"], record.fields["status"]) == ("/cookies", 200)


@pytest.mark.parametrize("form", ["http://SHOP?a=1", "http://SHOP/?a=1"])
def test_a_target_in_absolute_form_reaches_the_application_in_origin_form(start: Start, form: str) -> None:
    proxy, origin = start()
    target = form.replace("SHOP", "shop.example").encode()
    assert ask(proxy.port, b"GET %b HTTP/1.1\r\nHost: other.example\r\n%b\r\n\r\n" % (target, CLOSE)).endswith(b"ok")
    assert origin.requests[0].startswith(b"GET /?a=1 HTTP/1.1\r\nHost: shop.example\r\n")


def test_clients_and_the_application_receive_the_via_name(start: Start) -> None:
    proxy, origin = start(via="edge-1")
    answer = ask(proxy.port, get(b"/", CLOSE))
    for head in (answer, origin.requests[0]):
        assert re.findall(rb"\r\nVia: ([^\r]*)", head) == [b"1.1 edge-1"]
