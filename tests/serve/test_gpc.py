"""Global Privacy Control on the wire: the objection, its count, and the resource /.well-known/gpc.json."""

import json

import pytest

from tests.support.client import Client, ask, get_once, status_of
from tests.support.origin import OK
from tests.support.proxy import Start, tell

POLICY = """
version: 1
statement: {edited: 2026-11-01}
categories:
  functional: {basis: needed}
  ads: {consent: opt-out, gpc: deny}
cookies:
  - {name: sid, category: functional}
  - {name: banner, category: ads}
"""
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nSet-Cookie: sid=CANARY1\r\n%b\r\n%b"
LONG = b"Content-Length: 200000\r\n", b"x" * 200_000
PATH = b"/.well-known/gpc.json"


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 2\r\n", b"no"),
        LONG,
        (b"Transfer-Encoding: chunked\r\n", b"2\r\nno\r\n0\r\n\r\n"),
        (b"Connection: close\r\n", b"no"),
    ],
)
def test_the_404_of_the_application_is_replaced(start: Start, framing: bytes, body: bytes) -> None:
    proxy, origin = start(NOT_FOUND % (framing, body), POLICY)
    with Client(proxy.port) as client:
        for _ in range(3):  # the connection stays in order
            client.send(b"GET " + PATH + b" HTTP/1.1\r\nHost: shop.example\r\n\r\n")
            head, said = client.read_response()
            assert status_of(head) == 200 and b"\r\nContent-Type: application/json\r\n" in head
            assert json.loads(said) == {"gpc": True, "lastUpdate": "2026-11-01"} and b"Set-Cookie" not in head
    assert len(origin.requests) == 3
    assert proxy.sample("cookiewarden_requests_total", method="GET", code_class="2xx") == 3


def test_a_request_for_the_head_gets_the_head(start: Start) -> None:
    proxy, _ = start(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n", POLICY)
    answer = ask(proxy.port, get_once(method=b"HEAD", path=PATH))
    assert status_of(answer) == 200 and b"\r\nContent-Length: 42\r\n" in answer and body_of(answer) == b""


@pytest.mark.parametrize(
    ("answer", "method", "path"),
    [
        (OK, b"GET", PATH),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nok", b"GET", PATH),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nok", b"GET", b"/.well-known/gpc"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nok", b"POST", PATH),
    ],
)
def test_every_other_answer_is_the_applications(start: Start, answer: bytes, method: bytes, path: bytes) -> None:
    proxy, _ = start(answer, POLICY)
    lines = (b"Content-Length: 0",) if method == b"POST" else ()
    got = ask(proxy.port, get_once(*lines, method=method, path=path))
    assert status_of(got) == status_of(answer) and got.endswith(b"ok")


@pytest.mark.parametrize(
    "policy",
    [
        POLICY.replace("gpc: deny", "gpc: default"),
        POLICY.replace("gpc: deny", "gpc: ignore").replace("version: 1", "version: 1\nconsent: {cookie: sid}"),
        POLICY.replace("version: 1", "version: 1\nmode: report"),
        POLICY.replace("category: ads}", "category: ads, stage: report}"),
        POLICY.replace("version: 1", "version: 1\ngpc_json: off"),
        POLICY.replace("category: ads}", "category: ads, set_by: script}"),
    ],
    ids=["default", "ignore", "report mode", "stage report", "off", "script"],
)
def test_a_policy_that_does_not_respect_the_signal_does_not_state_it(start: Start, policy: str) -> None:
    policy = policy.replace("statement:", "consent: {cookie: sid}\nstatement:") if "gpc: default" in policy else policy
    proxy, _ = start(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", policy)
    assert status_of(ask(proxy.port, get_once(path=PATH))) == 404


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ("gpc_json: 2026-10-05", {"gpc": True, "lastUpdate": "2026-10-05"}),
        ("statement: {publisher: x}", {"gpc": True}),
    ],
)
def test_the_day_of_the_last_change_comes_from_the_policy(start: Start, top: str, said: dict[str, object]) -> None:
    proxy, _ = start(
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", POLICY.replace("statement: {edited: 2026-11-01}", top)
    )
    assert json.loads(body_of(ask(proxy.port, get_once(path=PATH)))) == said


def test_the_resource_follows_the_mode(start: Start, token: str) -> None:
    proxy, _ = start(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", POLICY, admin_token_file=token)
    for mode, status in ((b"report", 404), (b"enforce", 200)):
        assert tell(proxy.admin, "/mode", b'{"mode": "%b"}' % mode)[0] == 200
        assert status_of(ask(proxy.port, get_once(path=PATH))) == status


def test_requests_are_counted_by_the_signal_where_it_matters(start: Start) -> None:
    proxy, _ = start(OK, POLICY)
    for lines in ((), (b"Sec-GPC: 1",), (b"Sec-GPC: 1", b"Cookie: banner=CANARY1"), (b"Sec-GPC: 0",)):
        ask(proxy.port, get_once(*lines))
    assert proxy.sample("cookiewarden_gpc_requests_total", gpc="true") == 2
    assert proxy.sample("cookiewarden_gpc_requests_total", gpc="false") == 2


def test_requests_are_not_counted_where_the_signal_does_not_matter(start: Start) -> None:
    proxy, _ = start(OK, "version: 1\ncookies: [{name: sid}]\n")
    ask(proxy.port, get_once(b"Sec-GPC: 1"))
    assert proxy.sample("cookiewarden_gpc_requests_total", gpc="true") == 0


def test_the_signal_objects_in_both_directions(start: Start) -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: banner=CANARY2\r\nContent-Length: 2\r\n\r\nok"
    proxy, origin = start(answer, POLICY)
    for lines, passes in (((), True), ((b"Sec-GPC: 1",), False)):
        got = ask(proxy.port, get_once(*lines, b"Cookie: banner=CANARY1"))
        assert (b"Set-Cookie: banner=CANARY2" in got) == passes
        assert (b"banner=CANARY1" in origin.requests[-1]) == passes
    assert proxy.sample("cookiewarden_violations_total", cookie="banner", reason="gpc", enforced="true") == 2
