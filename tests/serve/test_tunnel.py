"""WebSockets through the proxy, with a real WebSocket library on both sides."""

import asyncio
import os
import threading
import time

import aiohttp
import pytest
from aiohttp import web

from cookiewarden.serve.address import Address, Upstream
from tests.support.client import Client, get, status_of
from tests.support.origin import OriginConnection
from tests.support.proxy import Start
from tests.support.wait import eventually

UPGRADE = (
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=64 << 20, compress=True)
    socket.headers.add("Set-Cookie", "sid=CANARY")
    socket.headers.add("Set-Cookie", "tracker=CANARY")
    await socket.prepare(request)
    async for message in socket:
        if message.data == "close":
            await socket.close(code=4001, message=b"bye")
        elif message.type is aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket


async def _send(ws: aiohttp.ClientWebSocketResponse, frames: int) -> None:
    for number in range(frames):
        await ws.send_str(f"frame {number}")


@pytest.mark.row(19)
async def test_a_websocket_works_through_the_proxy_and_its_cookies_are_policed(start: Start) -> None:
    app = web.Application()
    app.add_routes([web.get("/ws", echo)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    proxy, _ = start(upstream=Upstream("x", Address("127.0.0.1", port)))
    big = os.urandom(16 << 20)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{proxy.port}/ws", max_msg_size=64 << 20, compress=15) as ws,
    ):
        assert ws._response.headers.getall("Set-Cookie") == ["sid=CANARY; Secure"]
        sending = asyncio.create_task(_send(ws, 10_000))
        assert [(await ws.receive()).data for _ in range(10_000)] == [f"frame {n}" for n in range(10_000)]
        await sending
        await ws.send_bytes(big)
        assert (await ws.receive()).data == big
        await ws.send_str("close")
        closing = await ws.receive()
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 4001)
    driver = proxy.driver
    for _ in range(100):
        if not driver.connections.open and driver.pool.open == 0:
            break
        await asyncio.sleep(0.02)
    assert not driver.connections.open and driver.pool.open == 0
    assert proxy.metrics.requests[b"GET", 1] == 1
    await runner.cleanup()


@pytest.mark.row(19)
def test_a_message_in_fragments_arrives_in_fragments(start: Start) -> None:
    """Forward raw frames (RFC 6455 5.4) without joining or splitting them."""
    fragments = b"\x01\x82\0\0\0\0he" + b"\x89\x80\0\0\0\0" + b"\x80\x83\0\0\0\0llo"

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(SWITCHED)
        connection.send(connection.read(len(fragments)))

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        client.send(get(b"/ws", *UPGRADE) + fragments[:5])
        client.read_until(b"\r\n\r\n")
        client.drip(fragments[5:])
        assert client.read_until(b"llo") == fragments


@pytest.mark.row(10)
def test_a_drain_leaves_tunnels_their_time_and_then_ends_them(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(SWITCHED)
        while True:
            connection.send(connection.read(1))

    proxy, _ = start(script, drain_timeout=1.5)
    with Client(proxy.port) as client:
        client.send(get(b"/ws", *UPGRADE))
        client.read_until(b"\r\n\r\n")
        draining = asyncio.run_coroutine_threadsafe(proxy.worker.drain(), proxy.loop)
        time.sleep(1.2)  # longer than the timeout of idle connections
        client.send(b"x")
        assert client.read_until(b"x") == b"x" and not draining.done()
        draining.result(3)


def test_a_refused_upgrade_is_an_ordinary_answer_and_later_bytes_are_the_next_request(start: Start) -> None:
    proxy, origin = start(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
    with Client(proxy.port) as client:
        client.send(get(b"/ws", *UPGRADE) + get(b"/next"))
        assert status_of(client.read_response()[0]) == 426
        assert client.read_response()[1] == b"no"
    assert [request.split(b" ")[1] for request in origin.requests] == [b"/ws", b"/next"]


@pytest.mark.parametrize("protocol", [b"h2c", b"foo"])
def test_other_upgrades_are_not_forwarded_and_never_hide_a_body(start: Start, protocol: bytes) -> None:
    def script(connection: OriginConnection) -> None:
        while True:
            head = connection.read_head()
            body = connection.read(5) if b"Content-Length: 5" in head else b""
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    proxy, origin = start(script)
    fields = (
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: " + protocol,
        b"HTTP2-Settings: x",
        b"Content-Length: 5",
    )
    with Client(proxy.port) as client:
        client.send(get(b"/a", *fields, method=b"POST", body=b"GET /") + get(b"/b", *fields[:3]))
        assert client.read_response()[1] == b"GET /"
        assert client.read_response()[1] == b""
    assert [request.split(b" ")[1] for request in origin.requests] == [b"/a", b"/b"]
    assert not any(b"upgrade" in request.lower() or b"HTTP2" in request for request in origin.requests)


def test_an_unrequested_101_is_a_502(start: Start) -> None:
    proxy, _ = start(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
    with Client(proxy.port) as client:
        client.send(get(b"/", *UPGRADE))
        assert status_of(client.read_response()[0]) == 502


def test_a_half_closed_tunnel_stays_open_the_other_way_and_an_idle_one_ends(start: Start) -> None:
    heard = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\nhello")
        while connection.socket.recv(100):
            pass
        heard.set()
        connection.send(b"after")

    proxy, _ = start(script, tunnel_timeout=0.5)
    with Client(proxy.port) as client:
        client.send(get(b"/", *UPGRADE) + b"early")
        assert client.read_until(b"hello").startswith(b"HTTP/1.1 101")
        client.socket.shutdown(1)
        assert client.read_all() == b"after" and heard.is_set()
    with Client(proxy.port) as idle:
        idle.send(get(b"/", *UPGRADE))
        idle.read_until(b"hello")
        assert idle.read_all() == b""


def test_a_client_that_closed_its_side_before_the_switch_ends_the_tunnel_with_it(start: Start) -> None:
    def script(connection: OriginConnection) -> None:
        connection.read_head()
        time.sleep(0.1)
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert connection.socket.recv(100) == b""
        connection.send(b"bye")

    proxy, _ = start(script)
    with Client(proxy.port) as client:
        client.send(get(b"/", *UPGRADE))
        client.socket.shutdown(1)
        assert client.read_all().endswith(b"\r\n\r\nbye")
    driver = proxy.driver
    assert eventually(lambda: not driver.connections.open and driver.pool.open == 0)
