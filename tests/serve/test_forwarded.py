"""Trust in the fields and headers that give the source of a request."""

import ipaddress
import threading

import pytest

from cookiewarden.serve.dataplane.client import REPLACED
from cookiewarden.serve.ingress import INGRESS_FIELDS
from tests.support.client import CLOSE, Client, ask, get
from tests.support.proxy import POLICY, Start

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
ELSEWHERE = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::/0"))
SETS = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1\r\nContent-Length: 2\r\n\r\nok"
SECURE_BY_HTTPS = POLICY.replace("secure: true", "secure: https")
CAME = (
    b"X-Forwarded-For: 203.0.113.7, 10.1.1.1", b"X-Forwarded-Proto: https", b"x-forwarded-host: shop.example:8443", b"Forwarded: for=evil",
)  # fmt: skip


def forwarded(request: bytes) -> list[bytes]:
    return [line for line in request.split(b"\r\n") if b"forwarded" in line.lower()]


@pytest.mark.row(22)
def test_fields_of_a_trusted_peer_are_kept_and_its_address_is_added(start: Start) -> None:
    proxy, origin = start(SETS, policy=SECURE_BY_HTTPS, trust_forwarded=LOOPBACK)
    assert b"Set-Cookie: sid=CANARY1; Secure\r\n" in ask(proxy.port, get(b"/", *CAME, CLOSE))
    assert forwarded(origin.requests[0]) == [
        b"X-Forwarded-For: 203.0.113.7, 10.1.1.1, 127.0.0.1",
        b"X-Forwarded-Host: shop.example:8443",
        b"X-Forwarded-Proto: https",
    ]
    assert proxy.sample("cookiewarden_forwarded_replaced_total") == 0


@pytest.mark.row(22)
def test_fields_of_untrusted_peers_are_replaced_counted_and_logged_once(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    proxy, origin = start(SETS, policy=SECURE_BY_HTTPS, trust_forwarded=ELSEWHERE)
    for _ in range(3):
        assert b"Set-Cookie: sid=CANARY1\r\n" in ask(proxy.port, get(b"/", *CAME, CLOSE))
    assert forwarded(origin.requests[0]) == [
        b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Host: shop.example", b"X-Forwarded-Proto: http",
    ]  # fmt: skip
    assert proxy.sample("cookiewarden_forwarded_replaced_total") == 3
    assert caplog.text.count("if an ingress is there, give --trust-forwarded 127.0.0.0/24") == 1
    assert "203.0.113.7" not in caplog.text


def test_a_connection_may_carry_many_browsers(start: Start) -> None:
    proxy, origin = start(SETS, policy=SECURE_BY_HTTPS, trust_forwarded=LOOPBACK)
    with Client(proxy.port) as client:
        for number, scheme in enumerate((b"https", b"http", b"https", b"")):
            fields = (b"X-Forwarded-For: 192.0.2.%d" % number, b"X-Forwarded-Proto: " + scheme)
            client.send(get(b"/", *(fields if scheme else ())))
            assert (b"; Secure" in client.read_response()[0]) is (scheme == b"https")
    assert [forwarded(request)[0][17:] for request in origin.requests] == [
        b"192.0.2.0, 127.0.0.1", b"192.0.2.1, 127.0.0.1", b"192.0.2.2, 127.0.0.1", b"127.0.0.1",
    ]  # fmt: skip


@pytest.mark.row(37)
@pytest.mark.parametrize(
    ("fields", "otherwise", "scheme", "host"),
    [
        # holds
        ((b"X-Forwarded-Proto: HTTPS",), "http", b"https", b"shop.example"),
        ((b"X-FORWARDED-PROTO: http",), "https", b"http", b"shop.example"),
        ((b"X-Forwarded-Proto: http", b"Forwarded: proto=https;host=a.example"), "https", b"http", b"shop.example"),
        # schemes of a WebSocket
        ((b"X-Forwarded-Proto: wss",), "http", b"https", b"shop.example"),
        ((b"X-Forwarded-Proto: WS",), "https", b"http", b"shop.example"),
        # the first of a list
        ((b"X-Forwarded-Proto: https,http",), "http", b"https", b"shop.example"),
        ((b"X-Forwarded-Proto: http, https",), "https", b"http", b"shop.example"),
        ((b"X-Forwarded-Host: a.example,b.example",), "http", b"http", b"a.example"),
        ((b"X-Forwarded-Host: a.example, b.example",), "http", b"http", b"a.example"),
        # several fields are one list
        ((b"X-Forwarded-Proto: https", b"X-Forwarded-Proto: http"), "http", b"https", b"shop.example"),
        # RFC 7239, where no X-Forwarded field is present
        ((b"Forwarded: proto=https;host=a.example",), "http", b"https", b"a.example"),
        ((b'forwarded: For=192.0.2.1; Proto=HTTPS;Host="a.example:8443"',), "http", b"https", b"a.example:8443"),
        ((b"Forwarded: proto=https, proto=http",), "http", b"https", b"shop.example"),
        ((b"Forwarded: , ;proto=https;;host=a.example; ,",), "http", b"https", b"a.example"),
    ],
)  # fmt: skip
def test_the_headers_of_a_trusted_ingress_are_understood(
    start: Start, fields: tuple[bytes, ...], otherwise: str, scheme: bytes, host: bytes
) -> None:
    proxy, origin = start(SETS, policy=SECURE_BY_HTTPS, trust_forwarded=LOOPBACK, scheme=otherwise)
    answer = ask(proxy.port, get(b"/", *fields, CLOSE))
    assert forwarded(origin.requests[0])[1:] == [b"X-Forwarded-Host: " + host, b"X-Forwarded-Proto: " + scheme]
    assert (b"; Secure" in answer) is (scheme == b"https")


@pytest.mark.parametrize(
    "fields",
    [
        (b"X-Forwarded-Proto: gopher", b"X-Forwarded-Host: a b"),
        (b"X-Forwarded-Proto: ,", b"X-Forwarded-Host: ,"),
        (b"Forwarded: proto=gopher;host=\"a b\"",),
        (b"Forwarded: https",),
        (b"X-Forwarded-Proto: ", b"X-Forwarded-Host: \xff"),
    ],
)  # fmt: skip
def test_invalid_forwarded_values_are_never_trusted(start: Start, fields: tuple[bytes, ...]) -> None:
    proxy, origin = start(SETS, policy=SECURE_BY_HTTPS, trust_forwarded=LOOPBACK)
    ask(proxy.port, get(b"/", *fields, CLOSE))
    assert forwarded(origin.requests[0])[1:] == [
        b"X-Forwarded-Host: shop.example", b"X-Forwarded-Proto: http",
    ]  # fmt: skip


def test_the_host_that_the_browser_saw_is_the_one_that_scopes_look_at(start: Start) -> None:
    policy = POLICY.replace("name: sid", "name: sid, scope: {hosts: [browser.example]}")
    proxy, _ = start(SETS, policy=policy, trust_forwarded=LOOPBACK)
    assert b"Set-Cookie" not in ask(proxy.port, get(b"/", CLOSE))
    assert b"Set-Cookie: sid=CANARY1" in ask(proxy.port, get(b"/", b"X-Forwarded-Host: browser.example", CLOSE))


def test_an_ipv4_mapped_ipv6_address_is_ipv4(start: Start) -> None:
    proxy, _ = start(SETS, trust_forwarded=LOOPBACK)
    context = proxy.driver.context
    assert context.trusts(b"::ffff:127.0.0.1") and not context.trusts(b"::1") and not context.trusts(b"unknown")
    assert context.trusts(b"127.9.9.9") and not context.trusts(b"128.0.0.1") and not context.trusts(b"fe80::1%eth0")


def test_thousands_of_networks_are_logged_in_few_lines(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    proxy, _ = start(SETS)
    for number in range(1000):
        peer = b"10.%d.%d.1" % divmod(number, 250)
        proxy.loop.call_soon_threadsafe(proxy.driver.hints.give, peer, REPLACED)
    given = threading.Event()
    proxy.loop.call_soon_threadsafe(proxy.driver.hints.give, b"unknown", REPLACED)
    proxy.loop.call_soon_threadsafe(given.set)
    assert given.wait(60)
    assert caplog.text.count("if an ingress is there") == 64


@pytest.mark.row(37)
@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ((b"X-Forwarded-Proto: gopher",), "x-forwarded-proto"),
        ((b"X-Forwarded-Proto: https, http",), "x-forwarded-proto"),
        ((b"X-Forwarded-Host: a b",), "x-forwarded-host"),
        ((b"X-Forwarded-Host: a.example, b.example",), "x-forwarded-host"),
        ((b"Forwarded: https",), "forwarded"),
        ((b"Forwarded: proto=https" + b";x=y" * 600,), "forwarded"),
        ((b"Forwarded: proto=https, proto=http",), "forwarded"),
        ((b"X-Forwarded-Proto: https, wss", b"X-Forwarded-Host: A.example, a.example"), ""),
        ((b"Forwarded: for=unknown;proto=https, for=192.0.2.1",), ""),
    ],
)
def test_unclear_fields_of_a_trusted_ingress_are_counted_and_logged_once(
    start: Start, caplog: pytest.LogCaptureFixture, fields: tuple[bytes, ...], header: str
) -> None:
    proxy, _ = start(SETS, trust_forwarded=LOOPBACK)
    for _ in range(2):
        ask(proxy.port, get(b"/", *fields, CLOSE))
    counted = {name: count for name, count in proxy.driver.context.metrics.forwarded_unclear.items() if count}
    assert counted == ({header: 2} if header else {})
    assert caplog.text.count("127.0.0.0/24 are not valid, or their members disagree") == bool(header)


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (b"for=192.0.2.1", b"192.0.2.1"),
        (b'for="192.0.2.1:4711", For="[2001:db8::1]:4711"', b"192.0.2.1, 2001:db8::1"),
        (b'for=_hidden;by=x, for="a, b"', b"_hidden, unknown"),
        (b'by="a\\"b;c,d"', b""),
    ],
)
def test_the_addresses_of_forwarded_are_passed_on(start: Start, value: bytes, addresses: bytes) -> None:
    proxy, origin = start(SETS, trust_forwarded=LOOPBACK)
    ask(proxy.port, get(b"/", b"Forwarded: " + value, CLOSE))
    expected = addresses + b", 127.0.0.1" if addresses else b"127.0.0.1"
    assert forwarded(origin.requests[0])[0] == b"X-Forwarded-For: " + expected


INGRESS_LINES = tuple(name.title().encode() + b": 1" for name in INGRESS_FIELDS)


def lines_of_ingress(request: bytes) -> set[str]:
    names = {line.partition(b":")[0].lower().decode() for line in request.split(b"\r\n")}
    return names & set(INGRESS_FIELDS)


@pytest.mark.row(39)
def test_headers_of_an_ingress_are_removed_from_untrusted_clients_and_counted(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    proxy, origin = start(SETS, keep_client_header=("x-real-ip",))
    with Client(proxy.port) as client:
        for fields in (INGRESS_LINES, INGRESS_LINES, (b"X_Forwarded_Prefix: /x",), (b"X-Other: 1",)):
            client.send(get(b"/", *fields))
            client.read_response()
    assert [lines_of_ingress(request) for request in origin.requests] == [{"x-real-ip"}, {"x-real-ip"}, set(), set()]
    assert b"X_Forwarded_Prefix" not in origin.requests[2] and b"X-Other: 1" in origin.requests[3]
    counted = {key: count for key, count in proxy.driver.context.metrics.ingress_fields.items() if count}
    assert counted == {(name, True): 2 for name in INGRESS_FIELDS if name != "x-real-ip"}
    assert caplog.text.count("give --trust-forwarded 127.0.0.0/24, or keep single headers") == 1


def test_in_report_mode_headers_of_an_ingress_are_only_counted(start: Start) -> None:
    proxy, origin = start(SETS, policy=POLICY + "mode: report\n")
    ask(proxy.port, get(b"/", *INGRESS_LINES, CLOSE))
    assert lines_of_ingress(origin.requests[0]) == set(INGRESS_FIELDS)
    counted = {key: count for key, count in proxy.driver.context.metrics.ingress_fields.items() if count}
    assert counted == {(name, False): 1 for name in INGRESS_FIELDS}


def test_headers_of_a_trusted_ingress_reach_the_application(start: Start) -> None:
    proxy, origin = start(SETS, trust_forwarded=LOOPBACK)
    ask(proxy.port, get(b"/", *INGRESS_LINES, CLOSE))
    assert lines_of_ingress(origin.requests[0]) == set(INGRESS_FIELDS)
    assert not any(proxy.driver.context.metrics.ingress_fields.values())
