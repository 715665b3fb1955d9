"""Requests that wait for a connection to the application, and clients that do not wait for them."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from cookiewarden.serve.address import Address, Upstream
from cookiewarden.serve.dataplane.driver import DataPlane
from cookiewarden.serve.listening.connections import Connections
from cookiewarden.serve.settings import Settings
from tests.support.client import Client, get
from tests.support.origin import OK, OriginConnection
from tests.support.proxy import Start
from tests.support.wait import PATIENCE, eventually


@contextlib.contextmanager
def that_does_not_accept() -> Iterator[Upstream]:
    """An application whose queue of connections is full."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield Upstream("x", Address(*full.getsockname()))


def test_a_connection_that_fails_after_its_client_has_left_is_not_a_failed_request(start: Start) -> None:
    with that_does_not_accept() as upstream:
        proxy, _ = start(upstream=upstream, connect_timeout=0.3)
        client = Client(proxy.port)
        client.send(get())
        assert eventually(lambda: proxy.driver.pool.open == 1)
        client.reset()
        assert eventually(lambda: proxy.driver.pool.open == 0)
        assert not any(proxy.metrics.upstream_errors.values())
        assert proxy.metrics.client_errors["abort"] == 1 and proxy.metrics.in_flight == 0


def test_a_proxy_ends_while_it_connects_to_the_application(start: Start) -> None:
    with that_does_not_accept() as upstream:
        proxy, _ = start(upstream=upstream, connect_timeout=PATIENCE)
        with Client(proxy.port) as client:
            client.send(get())
            assert eventually(lambda: proxy.driver.pool.open == 1)
            asyncio.run_coroutine_threadsafe(proxy.workers.stop(), proxy.loop).result(PATIENCE)
            assert client.read_all() == b""
        assert eventually(lambda: not proxy.driver.pool._tasks)


def test_a_request_whose_client_left_the_line_is_passed_over(start: Start) -> None:
    may_answer = threading.Event()

    def script(connection: OriginConnection) -> None:
        while True:
            connection.read_head()
            may_answer.wait(PATIENCE)
            connection.send(OK)

    proxy, origin = start(script, max_upstream_connections=1, pool_timeout=PATIENCE)
    pool = proxy.driver.pool
    with Client(proxy.port) as first, Client(proxy.port) as last:
        first.send(get(b"/first"))
        assert eventually(lambda: len(origin.requests) == 1)
        gone = [Client(proxy.port) for _ in range(2)]
        for number, client in enumerate(gone):
            client.send(get(b"/gone"))
            assert eventually(lambda number=number: len(pool.waiting) == number + 1)
        last.send(get(b"/last"))
        assert eventually(lambda: len(pool.waiting) == 3)
        for client in reversed(gone):
            client.reset()
        assert eventually(lambda: proxy.metrics.in_flight == 2)
        may_answer.set()
        assert first.read_response()[1] == last.read_response()[1] == b"ok"
    assert [request.split()[1] for request in origin.requests] == [b"/first", b"/last"]
    assert origin.connections == 1


def test_a_request_that_waits_gets_a_new_connection_where_the_used_one_closes(start: Start) -> None:
    may_answer = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        may_answer.wait(PATIENCE)
        connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    proxy, origin = start(script, max_upstream_connections=1, pool_timeout=PATIENCE)
    with Client(proxy.port) as first, Client(proxy.port) as second:
        first.send(get())
        assert eventually(lambda: len(origin.requests) == 1)
        second.send(get())
        assert eventually(lambda: len(proxy.driver.pool.waiting) == 1)
        may_answer.set()
        assert first.read_response()[1] == second.read_response()[1] == b"ok"
    assert origin.connections == 2


@pytest.mark.interpreted
async def test_a_driver_without_an_application_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="an upstream is required"):
        DataPlane(Settings(), None, None, Connections(None, 1))  # type: ignore[arg-type]
