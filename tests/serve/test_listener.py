"""The listener serves all connections that the kernel accepted, and survives a lack of descriptors."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
import ssl
import time

import pytest

from cookiewarden.serve.address import Address
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.sockets import open_sockets
from tests.support.client import CLOSE, Client, ask, get
from tests.support.origin import OK, OriginConnection
from tests.support.proxy import Start, running
from tests.support.wait import PATIENCE, eventually

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.mark.row(10)
@pytest.mark.parametrize("proxy_protocol", [False, True])
def test_clients_in_the_accept_queue_are_served_before_the_listener_closes(start: Start, proxy_protocol: bool) -> None:
    settings = {"proxy_protocol": LOOPBACK} if proxy_protocol else {}
    first = b"PROXY UNKNOWN\r\n" if proxy_protocol else b""
    proxy, _ = start(**settings)
    clients: list[Client] = []

    def arrive_and_close() -> None:
        """Block the loop, so that the clients wait in the kernel, then close the listener."""
        for _ in range(100):
            client = Client(proxy.port)
            client.send(first + get(b"/", CLOSE))
            clients.append(client)
        proxy.worker.listener.close()

    proxy.loop.call_soon_threadsafe(arrive_and_close)
    assert eventually(lambda: len(clients) == 100)
    assert all(client.read_all().endswith(b"ok") for client in clients)
    for client in clients:
        client.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port))


@pytest.mark.row(13)
@pytest.mark.parametrize("flags", [(), ("--proxy-protocol", "192.0.2.0/24")], ids=["the loop accepts", "we accept"])
def test_out_of_descriptors_new_clients_are_shed_and_open_ones_continue(flags: tuple[str, ...]) -> None:
    with running(*flags) as proxy:
        with Client(proxy.port) as kept:
            kept.send(get())
            assert kept.read_response()[1] == b"ok"  # it and its origin connection are open
            proxy.limit_descriptors(proxy.descriptors() + 3)
            crowd = [socket.create_connection(("127.0.0.1", proxy.port), timeout=5) for _ in range(30)]
            time.sleep(0.5)
            for _ in range(20):
                kept.send(get())
                assert kept.read_response()[1] == b"ok"
            proxy.limit_descriptors(2000)
            for connection in crowd:
                connection.close()
        assert eventually(lambda: _served(proxy.port))
        assert "Traceback" not in proxy.told


@pytest.mark.row(13)
@pytest.mark.parametrize("first", [b"", b"PROXY TC"])
def test_connections_in_a_handshake_count_as_connections(start: Start, first: bytes) -> None:
    proxy, _ = start(proxy_protocol=LOOPBACK, max_connections=10, header_timeout=1)
    crowd = []
    for _ in range(30):
        client = Client(proxy.port)
        with contextlib.suppress(OSError):  # closed at once
            client.send(first)
        crowd.append(client)
    errors = proxy.metrics.client_errors
    assert eventually(lambda: errors["overload"] == 20)
    assert eventually(lambda: errors["header_timeout"] == 10)
    for client in crowd:
        client.close()

    def is_served() -> bool:
        return ask(proxy.port, b"PROXY UNKNOWN\r\n" + get(b"/", CLOSE)).endswith(b"ok")

    assert eventually(is_served)


@pytest.mark.row(13)
def test_the_proxy_drains_even_without_free_descriptors() -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        time.sleep(1)
        connection.send(OK)

    for flags in ((), ("--proxy-protocol", "127.0.0.0/8")):
        with running(*flags, script=script) as proxy, Client(proxy.port) as client:
            client.send((b"PROXY UNKNOWN\r\n" if flags else b"") + get(b"/", CLOSE))
            assert eventually(lambda: proxy.scrape()["cookiewarden_requests_in_flight"] == 1)
            proxy.limit_descriptors(proxy.descriptors())
            proxy.signal(signal.SIGTERM)
            assert client.read_all().endswith(b"ok")
            assert proxy.process.wait(PATIENCE) == 0 and "Traceback" not in proxy.told


@pytest.mark.row(10)
def test_a_handshake_that_has_begun_is_finished_during_a_drain(start: Start, files: dict[str, str]) -> None:
    proxy, _ = start(tls_cert=files["cert"], tls_key=files["key"])
    context = ssl.create_default_context(cafile=files["ca"])
    with Client(proxy.port) as client:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        handshake = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            handshake.do_handshake()
        client.send(outgoing.read())
        assert eventually(lambda: proxy.worker.listener.arriving)
        draining = asyncio.run_coroutine_threadsafe(proxy.worker.drain(), proxy.loop)
        time.sleep(0.2)
        client.socket.settimeout(PATIENCE)
        while True:
            try:
                handshake.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.send(outgoing.read())
                incoming.write(client.socket.recv(65536))
        handshake.write(get())
        client.send(outgoing.read())
        answer = b""
        while not answer.endswith(b"ok"):
            incoming.write(client.socket.recv(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                answer += handshake.read(65536)
        assert b"Connection: close" in answer
        draining.result(PATIENCE)


def _served(port: int) -> bool:
    try:
        with Client(port) as client:
            client.send(get(b"/", CLOSE))
            return client.read_all(2).endswith(b"ok")
    except OSError:
        return False


def test_a_socket_for_each_worker_listens_on_the_same_address() -> None:
    sockets = open_sockets(Address("127.0.0.1", 0), 3)
    try:
        assert len({listening.fileno() for listening in sockets}) == 3
        assert len({listening.getsockname() for listening in sockets}) == 1
        taken = Address("127.0.0.1", sockets[0].getsockname()[1])
        for count in (1, 2):
            with pytest.raises(CannotStart, match="address already in use"):
                open_sockets(taken, count)
    finally:
        for listening in sockets:
            listening.close()


@pytest.mark.parametrize(
    "pieces",
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),),  # realistic: the preface and an empty SETTINGS frame
        (b"PRI * HT", b"TP/2.0\r\n"),
    ],
)
def test_clients_that_speak_http_2_are_refused_and_named_once_per_network(
    start: Start, caplog: pytest.LogCaptureFixture, pieces: tuple[bytes, ...]
) -> None:
    proxy, origin = start()
    for _ in range(3):
        with Client(proxy.port) as client:
            for piece in pieces:
                client.send(piece)
                time.sleep(0.05)
            assert client.read_all().startswith(b"HTTP/1.1 505 ")
    assert caplog.text.count("clients in 127.0.0.0/24 speak HTTP/2 with prior knowledge") == 1
    assert "make 127.0.0.0/24 use HTTP/1.1" in caplog.text
    assert not origin.requests
