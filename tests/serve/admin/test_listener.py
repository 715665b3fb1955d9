"""The HTTP server of the admin listener: framing, persistence, limits and ends."""

import json
import socket
import time

import pytest

from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.admin.listener import MAX_HEAD, MAX_WAITING
from cookiewarden.serve.admin.messages import MAX_BODY
from tests.support.client import Client, ask, get
from tests.support.proxy import TOKEN, Start, mode_of

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
MODE = b"POST /mode HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n" % TOKEN.encode()
REPORT = b'{"mode": "report", "seconds": 60}'


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (LIVEZ, [200]),
        (LIVEZ * 3, [200, 200, 200]),
        (LIVEZ * (3 * MAX_WAITING), [200] * 3 * MAX_WAITING),
        (b"\r\n" + LIVEZ, [200]),
        (LIVEZ.replace(b"/livez", b"/livez?x=/none"), [200]),
        (LIVEZ.replace(b"\r\n\r\n", b"\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n") + LIVEZ, [200]),
        (LIVEZ.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"), [200]),
        (LIVEZ.replace(b"/livez", b"http://localhost/live%7a#x"), [200]),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"X:\r\n" * 200 + b"\r\n", [431]),
        (b"GET /policy HTTP/1.1\r\nHost: localhost \t\r\n\r\n", [200]),
        (LIVEZ.replace(b"1.1", b"1.0"), [200]),
        (LIVEZ + b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n" + LIVEZ, [200, 400]),
        (b"GET /livez\r\n\r\n" + LIVEZ, [400]),
        (b"GET /livez HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", [400]),
        (b"GET /livez HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", [400]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]),
        (b"GET /livez HTTP/1.1\r\nX: %b\r\n\r\n" % (b"a" * MAX_HEAD), [431]),
        (b"GET /%b HTTP/1.1\r\n\r\n" % (b"a" * MAX_HEAD), [431]),
        (b"GET /livez HTTP/1.1\r\nX: " + b"a" * 3 * MAX_HEAD, [431]),
        (b"GET /livez HTTP/1.1\r\n" + b"X: a\r\n" * MAX_HEAD, [431]),
        (b"GET /policy HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", [403]),
        (b"GET /policy HTTP/1.1\r\n\r\n", [400]),
    ],
)
def test_each_request_gets_its_response(start: Start, request_bytes: bytes, expected: list[int]) -> None:
    proxy, _ = start()
    with Client(proxy.plane.admin.address.port) as client:
        client.send(request_bytes)
        client.socket.shutdown(socket.SHUT_WR)
        assert statuses(client.read_all()) == expected


def test_a_connection_persists_unless_one_side_ends_it(start: Start) -> None:
    proxy, _ = start()
    with Client(proxy.plane.admin.address.port) as client:
        for _ in range(3):
            client.send(LIVEZ)
            answer = client.read_until(b"ok\n")
            assert (
                b"\r\nConnection:" not in answer and b"\r\nDate: " in answer and b"\r\nContent-Length: 3\r\n" in answer
            )
        client.send(LIVEZ.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert b"\r\nConnection: close\r\n" in client.read_all()


def test_the_response_to_a_head_request_has_no_body(start: Start) -> None:
    proxy, _ = start()
    answer = ask(
        proxy.plane.admin.address.port,
        LIVEZ.replace(b"GET", b"HEAD").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    )
    assert b"\r\nContent-Length: 3\r\n" in answer and answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: %d\r\n\r\n%b" % (len(REPORT), REPORT),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(REPORT), REPORT),
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n%b\r\n%x\r\n%b\r\n0\r\nX: 1\r\n\r\n"
        % (REPORT[:2], len(REPORT) - 2, REPORT[2:]),
    ],
)
@pytest.mark.parametrize("in_octets", [False, True])
def test_a_body_is_read_in_each_framing(start: Start, token: str, body: bytes, in_octets: bool) -> None:
    proxy, _ = start(admin_token_file=token)
    with Client(proxy.plane.admin.address.port) as client:
        (client.drip if in_octets else client.send)(MODE + body + LIVEZ)
        assert statuses(client.read_until(b"ok\n")) == [200, 200]
    assert mode_of(proxy) == "report"


@pytest.mark.parametrize("given", [MODE, MODE.replace(b"Bearer", b"Nobody"), MODE.replace(b"/mode", b"/none")])
def test_a_client_that_sends_a_large_body_reads_the_refusal(start: Start, token: str, given: bytes) -> None:
    proxy, _ = start(admin_token_file=token)
    body = b"a" * 200 * MAX_BODY
    with Client(proxy.plane.admin.address.port) as client:
        client.send(given + b"Content-Length: %d\r\n\r\n" % (2 * len(body)) + body)
        answer = client.read_all()
        assert statuses(answer)[0] in (400, 403, 404) and b"\r\nConnection: close\r\n" in answer
        assert ErrorCode(json.loads(answer.partition(b"\r\n\r\n")[2])["error"])
    assert mode_of(proxy) == "enforce"


def test_the_end_of_a_body_that_is_missing_is_not_a_command(start: Start, token: str) -> None:
    proxy, _ = start(admin_token_file=token)
    with Client(proxy.plane.admin.address.port) as client:
        client.send(MODE + b"Content-Length: %d\r\n\r\n" % (len(REPORT) + 1) + REPORT)
        client.socket.shutdown(socket.SHUT_WR)
        assert statuses(client.read_all()) == [400]
    assert mode_of(proxy) == "enforce"


@pytest.mark.parametrize("path", [b"/mode", b"/reload"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"Content-Length: 99999\r\n\r\n" + REPORT + b" " * MAX_BODY, 400),
        (b"Content-Length: 99\r\n\r\n" + REPORT, 400),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 400),
    ],
)
def test_a_command_whose_body_is_not_valid_is_not_carried_out(
    start: Start, token: str, path: bytes, body: bytes, status: int
) -> None:
    proxy, _ = start(admin_token_file=token)
    with Client(proxy.plane.admin.address.port) as client:
        client.send(MODE.replace(b"/mode", path) + body)
        client.socket.shutdown(socket.SHUT_WR)
        assert statuses(client.read_all())[:1] == [status]
    assert mode_of(proxy) == "enforce" and proxy.plane.status.successes == 0


def test_trailers_are_not_fields_of_the_head(start: Start, token: str) -> None:
    proxy, _ = start(admin_token_file=token)
    chunks = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(REPORT), REPORT)
    authorization = b"Authorization: Bearer %b\r\n" % TOKEN.encode()
    for head, trailers, status in (
        (MODE.replace(authorization, b""), authorization, 403),
        (MODE.replace(b"Host: localhost\r\n", b"Host: evil\r\n"), b"Host: localhost\r\n", 403),
        (MODE, b"Host: evil\r\n", 200),
        (MODE, b"X:\r\n" * MAX_HEAD, 400),
    ):
        with Client(proxy.plane.admin.address.port) as client:
            client.send(head + chunks + trailers + b"\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            assert statuses(client.read_all())[-1] == status


def test_the_body_of_a_request_that_offers_another_protocol_is_read(start: Start, token: str) -> None:
    proxy, _ = start(admin_token_file=token)
    head = MODE + b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: %d\r\n\r\n" % len(REPORT)
    with Client(proxy.plane.admin.address.port) as client:
        client.send(head + REPORT[:9])
        time.sleep(0.05)
        client.send(REPORT[9:] + LIVEZ)
        answer = client.read_all()
        assert statuses(answer) == [200] and b"\r\nConnection: close\r\n" in answer
    assert mode_of(proxy) == "report"


def test_a_client_that_waits_before_its_body_gets_a_100(start: Start, token: str) -> None:
    proxy, _ = start(admin_token_file=token)
    head = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(REPORT)
    with Client(proxy.plane.admin.address.port) as client:
        client.send(LIVEZ + MODE + head)
        assert statuses(client.read_until(b"100 Continue\r\n\r\n")) == [200, 100]
        client.send(REPORT)
        assert statuses(client.read_until(b"}\n")) == [200]
    with Client(proxy.plane.admin.address.port) as client:
        client.send(MODE.replace(b"Bearer", b"Nobody") + head)
        assert statuses(client.read_until(b"}\n")) == [403]  # before it has sent its body


def test_many_requests_at_once_do_not_hold_up_the_traffic(start: Start) -> None:
    proxy, _ = start()
    with Client(proxy.plane.admin.address.port) as flood, Client(proxy.port) as client:
        flood.send(LIVEZ * 5000)
        before = flood.socket.recv(1)
        client.send(get(b"/"))
        client.read_until(b"\r\n\r\n")
        assert before and proxy.plane.admin.server.open  # the flood is not answered yet
        busy = next(iter(proxy.plane.admin.server.open))
        assert busy.serving is not None
        data = bytearray()
        while data.count(b"ok\n") < 5000:
            data += flood.socket.recv(1 << 16)


def test_a_client_that_does_not_end_the_connection_is_closed(start: Start) -> None:
    proxy, _ = start()
    with Client(proxy.plane.admin.address.port) as client:
        client.send(b"GET /livez\r\n\r\n")
        began = time.monotonic()
        client.read_all()
        client.send(b"a")
        assert time.monotonic() - began < 30
