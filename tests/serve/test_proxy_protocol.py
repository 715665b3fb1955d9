"""The PROXY header of a balancer: its meaning, its exact end, and its refusal from other peers."""

import ipaddress
import ssl
import struct

import pytest

from cookiewarden.serve.wire.proxy_protocol import SIGNATURE, BadProxyHeader, missing, source
from tests.support.client import CLOSE, Client, ask, get, status_of
from tests.support.proxy import Start
from tests.support.wait import eventually

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def v2(family: int, addresses: bytes, command: int = 0x21, extra: bytes = b"") -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(addresses) + len(extra)) + addresses + extra


V4 = bytes([192, 0, 2, 7, 10, 0, 0, 1]) + struct.pack("!HH", 4711, 443)
V6 = ipaddress.ip_address("2001:db8::7").packed + ipaddress.ip_address("::1").packed + struct.pack("!HH", 4711, 443)

GOOD = [
    # realistic
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n", b"192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 ::1 4711 443\r\n", b"2001:db8::7"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", None),
    (v2(0x11, V4), b"192.0.2.7"),
    (v2(0x21, V6), b"2001:db8::7"),
    (v2(0x11, V4, extra=b"\x04\x00\x01\x00"), b"192.0.2.7"),
    (v2(0x00, b"", command=0x20), None),
    (v2(0x31, b"\0" * 216), None),
    # pathological
    (b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
     b"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    (v2(0x12, V4), None),
    (v2(0x11, V4, extra=b"\0" * 4084), b"192.0.2.7"),
]  # fmt: skip

BAD = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 99999\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 04711 443\r\n",
    b"PROXY TCP4 192.0.2.999 10.0.0.1 4711 443\r\n",
    b"PROXY TCP4 2001:db8::7 ::1 4711 443\r\n",
    b"PROXY TCP6 192.0.2.7 10.0.0.1 4711 443\r\n",
    b"PROXY TCP4  192.0.2.7 10.0.0.1 4711 443\r\n",
    b"PROXY TCP5 192.0.2.7 10.0.0.1 4711 443\r\n",
    b"proxy TCP4 192.0.2.7 10.0.0.1 4711 443\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\n" + b"x" * 100,
    b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n",
    v2(0x11, V4, command=0x22),
    v2(0x11, V4, command=0x11),
    v2(0x13, V4),
    v2(0x41, V4),
    v2(0x11, V4[:8]),
    v2(0x21, V4),
    v2(0x11, V4, extra=b"\0" * 5000),
    b"\r\n\r\n\0\r\nQUIT\r" + b"x" * 8,
]


def read(data: bytes) -> tuple[bytes, bytes]:
    """Return header and rest. Each read takes only octets that surely belong to the header."""
    header = b""
    while octets := missing(header):
        piece = data[len(header) : len(header) + octets]
        if not piece:
            raise EOFError
        header += piece
    return header, data[len(header) :]


@pytest.mark.row(21)
@pytest.mark.parametrize(("header", "address"), GOOD)
@pytest.mark.parametrize("rest", [b"", b"\r\n", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01"])
def test_a_header_is_read_to_its_last_octet_and_no_further(header: bytes, address: bytes | None, rest: bytes) -> None:
    assert read(header + rest) == (header, rest)
    assert source(header) == address


@pytest.mark.parametrize("data", BAD)
def test_an_invalid_header_is_refused(data: bytes) -> None:
    with pytest.raises(BadProxyHeader):
        source(read(data)[0])


@pytest.mark.parametrize(("header", "address"), GOOD)
def test_a_header_that_is_cut_waits_for_more(header: bytes, address: bytes | None) -> None:
    for cut in range(len(header)):
        with pytest.raises(EOFError):
            read(header[:cut])


@pytest.mark.row(21)
@pytest.mark.parametrize(("header", "address"), [GOOD[0], GOOD[1], GOOD[4], GOOD[5]])
@pytest.mark.parametrize("drip", [False, True])
def test_the_address_in_the_header_of_a_balancer_is_the_clients(
    start: Start, header: bytes, address: bytes, drip: bool
) -> None:
    proxy, origin = start(proxy_protocol=LOOPBACK)
    with Client(proxy.port) as client:
        (client.drip if drip else client.send)(header + get(b"/", CLOSE))
        assert client.read_all().endswith(b"ok")
    assert b"\r\nX-Forwarded-For: " + address + b"\r\n" in origin.requests[0]


@pytest.mark.row(21)
@pytest.mark.parametrize("header", BAD[:3] + BAD[12:14])
def test_a_malformed_header_closes_the_connection_without_a_response(start: Start, header: bytes) -> None:
    proxy, origin = start(proxy_protocol=LOOPBACK)
    assert ask(proxy.port, header + get()) == b""
    assert origin.requests == [] and proxy.metrics.client_errors["proxy_protocol"] == 1


@pytest.mark.row(21)
def test_a_header_that_never_ends_is_late_like_any_head(start: Start) -> None:
    proxy, _ = start(proxy_protocol=LOOPBACK, header_timeout=0.3)
    with Client(proxy.port) as client:
        client.send(b"PROXY TCP4")
        assert client.read_all() == b""
    assert proxy.metrics.client_errors["header_timeout"] == 1
    assert eventually(lambda: not proxy.worker.listener.arriving)


@pytest.mark.row(21)
def test_only_named_balancers_may_give_the_address_of_the_client(start: Start) -> None:
    header = GOOD[0][0]
    for networks in ((), (ipaddress.ip_network("192.0.2.0/24"),)):
        proxy, origin = start(proxy_protocol=networks)
        assert status_of(ask(proxy.port, header + get())) == 400
        assert ask(proxy.port, get(b"/", CLOSE)).endswith(b"ok")
        assert b"\r\nX-Forwarded-For: 127.0.0.1\r\n" in origin.requests[0]


@pytest.mark.parametrize(
    ("named", "sent", "told"),
    [
        ((), GOOD[0][0] + get(), "begin with a PROXY protocol header; if a load balancer is there, give --proxy-protocol 127.0.0.0/24"),
        ((), GOOD[4][0] + get(), "begin with a PROXY protocol header; if a load balancer is there, give --proxy-protocol 127.0.0.0/24"),
        (LOOPBACK, get(), "remove 127.0.0.0/24 from --proxy-protocol"),
    ],
)  # fmt: skip
def test_a_mismatch_of_balancer_and_proxy_is_logged_once(
    start: Start, caplog: pytest.LogCaptureFixture, named: tuple, sent: bytes, told: str
) -> None:
    proxy, _ = start(proxy_protocol=named)
    for _ in range(3):
        ask(proxy.port, sent)
    assert caplog.text.count(told) == 1


def test_trust_in_forwarded_fields_depends_on_the_client_not_the_balancer(start: Start) -> None:
    request = get(b"/", b"X-Forwarded-For: 203.0.113.9", CLOSE)
    proxy, origin = start(proxy_protocol=LOOPBACK, trust_forwarded=(ipaddress.ip_network("192.0.2.0/24"),))
    ask(proxy.port, GOOD[0][0] + request)
    ask(proxy.port, b"PROXY UNKNOWN\r\n" + request)
    assert b"X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n" in origin.requests[0]
    assert b"X-Forwarded-For: 127.0.0.1\r\n" in origin.requests[1]


@pytest.mark.row(21)
def test_the_header_stands_before_the_tls_handshake(start: Start, files: dict[str, str]) -> None:
    proxy, origin = start(proxy_protocol=LOOPBACK, tls_cert=files["cert"], tls_key=files["key"])
    context = ssl.create_default_context(cafile=files["ca"])
    for header in (GOOD[0][0], GOOD[4][0]):
        client = Client(proxy.port)
        client.send(header)
        with context.wrap_socket(client.socket, server_hostname="localhost") as secured:
            secured.sendall(get(b"/", CLOSE))
            assert secured.recv(1000).startswith(b"HTTP/1.1 200")
    assert all(b"X-Forwarded-For: 192.0.2.7\r\n" in request for request in origin.requests)
    with Client(proxy.port) as bad:
        bad.send(GOOD[0][0] + b"no handshake")
        bad.read_all()
    assert eventually(lambda: not proxy.worker.listener.arriving)
