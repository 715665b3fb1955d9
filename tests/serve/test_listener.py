"""Where clients arrive: nothing that was accepted by the kernel is lost, and running out of descriptors is survived."""

import socket
import time

import pytest

from cookiewarden.serve.listener import CannotStart, open_sockets
from cookiewarden.serve.settings import Address
from tests.serve.harness import CLOSE, Client, Start, eventually, get
from tests.serve.running import running


@pytest.mark.row(10)
@pytest.mark.parametrize("proxy_protocol", [False, True])
def test_what_waits_in_the_accept_queue_is_served_before_the_listener_closes(
    start: Start, proxy_protocol: bool
) -> None:
    import ipaddress

    settings = {"proxy_protocol": (ipaddress.ip_network("127.0.0.0/8"),)} if proxy_protocol else {}
    first = b"PROXY UNKNOWN\r\n" if proxy_protocol else b""
    proxy, _ = start(**settings)
    clients: list[Client] = []

    def arrive_and_close() -> None:
        """While the loop is busy here, nothing is accepted: the clients wait in the kernel."""
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
@pytest.mark.parametrize(
    "flags", [(), ("--proxy-protocol", "192.0.2.0/24")], ids=["the loop accepts", "we accept"]
)
def test_out_of_descriptors_new_clients_are_shed_and_open_ones_go_on(flags: tuple[str, ...]) -> None:
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
        assert eventually(lambda: _served(proxy.port), 10)
        assert "Traceback" not in proxy.told


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
