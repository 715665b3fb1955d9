"""Connections that are not yet clients: some leave, and some are open when the proxy ends."""

import asyncio
import ipaddress

from cookiewarden.serve.address import Address
from cookiewarden.serve.sockets import open_sockets
from tests.support.client import CLOSE, Client, ask, get
from tests.support.proxy import Start
from tests.support.wait import PATIENCE, eventually

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def test_a_balancer_that_leaves_amid_its_header_is_forgotten(start: Start) -> None:
    proxy, _ = start(proxy_protocol=LOOPBACK)
    listener = proxy.worker.listener
    with Client(proxy.port) as client:
        client.send(b"PROXY TC")
        assert eventually(lambda: listener.arriving)
    assert eventually(lambda: not listener.arriving)
    assert not any(proxy.metrics.client_errors.values())
    assert ask(proxy.port, b"PROXY UNKNOWN\r\n" + get(b"/", CLOSE)).endswith(b"ok")


def test_a_connection_that_is_not_yet_a_client_is_closed_when_the_proxy_ends(start: Start) -> None:
    proxy, _ = start(proxy_protocol=LOOPBACK)
    listener = proxy.worker.listener
    with Client(proxy.port) as client:
        client.send(b"PROXY TC")
        assert eventually(lambda: listener.arriving)
        asyncio.run_coroutine_threadsafe(proxy.workers.stop(), proxy.loop).result(PATIENCE)
        assert client.read_all() == b""
    proxy.loop.call_soon_threadsafe(listener.close)  # again: no effect


def test_an_address_of_ipv6_is_listened_at_for_ipv6_alone() -> None:
    (listening,) = open_sockets(Address("::1", 0), 1)
    with listening:
        address, port = listening.getsockname()[:2]
        assert address == "::1"
        (other,) = open_sockets(Address("127.0.0.1", port), 1)
        other.close()
