"""The HTTP server of the admin listener: framing, persistence, limits and ends."""

import json
import socket
import time

import pytest

from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.admin.listener import MAX_HEAD, MAX_WAITING
from cookiewarden.serve.admin.messages import MAX_BODY
from tests.support.client import Client, ask
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
        (LIVEZ.replace(b"\r\n\r\n", b"\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), [200]),
        (LIVEZ.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"), [100, 200]),
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
        (b"GET /policy HTTP/1.1\r\n\r\n", [403]),
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


def test_a_client_that_does_not_end_the_connection_is_closed(start: Start) -> None:
    proxy, _ = start()
    with Client(proxy.plane.admin.address.port) as client:
        client.send(b"GET /livez\r\n\r\n")
        began = time.monotonic()
        client.read_all()
        client.send(b"a")
        assert time.monotonic() - began < 30
