"""Eviction on the wire: the page of a navigation expires cookies in the browser."""

import pytest

from cookiewarden.core.engine.engine import Engine
from tests.support.client import ask
from tests.support.proxy import Start

POLICY = """
version: 1
undeclared: {evict: host}
cookies:
  - {name: sid}
"""
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: y\r\nSet-Cookie: sid=CANARY1\r\nContent-Length: 2\r\n\r\nok"
GONE = b"Set-Cookie: other=; Path=/; Max-Age=0\r\n"


def request(*fields: bytes, method: bytes = b"GET", path: bytes = b"/") -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: shop.example", b"Connection: close", *fields]
    return b"\r\n".join([*lines, b"Cookie: other=CANARY2; sid=CANARY1", b"", b""])


@pytest.mark.parametrize(
    ("answer", "fields", "gone"),
    [
        (PAGE, [b"Sec-Fetch-Dest: document"], True),
        (PAGE, [b"accept:text/html"], True),
        (PAGE, [b"Accept: */*"], False),
        (PAGE, [b"Sec-Fetch-Dest: image", b"Accept: text/html"], False),
        (PAGE.replace(b"X: y", b"Cache-Control: public"), [b"Accept: text/html"], False),
        (PAGE.replace(b"text/html", b"text/plain"), [b"Accept: text/html"], False),
        (PAGE.replace(b"Set-Cookie: sid=CANARY1\r\n", b""), [b"Accept: text/html"], True),
    ],
)
def test_a_page_expires_what_is_undeclared_before_anything_else(
    start: Start, answer: bytes, fields: list[bytes], gone: bool
) -> None:
    proxy, origin = start(answer, POLICY)
    for _ in range(3):  # not remembered, and remembered
        head = ask(proxy.port, request(*fields)).partition(b"\r\n\r\n")[0] + b"\r\n"
        assert head.count(b"Max-Age=0") == (1 if gone else 0)
        assert (GONE in head) == gone
        if gone and b"sid=" in head:
            assert head.index(GONE) < head.index(b"Set-Cookie: sid=CANARY1")
    assert all(b"\r\nCookie: sid=CANARY1\r\n" in head for head in origin.requests)
    labels = {"action": "evict", "cookie": "__undeclared__", "direction": "response"}
    assert proxy.sample("cookiewarden_cookies_total", **labels) == (3 if gone else 0)


def test_interim_answers_expire_nothing(start: Start) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\n\r\n"
    proxy, _ = start(early + PAGE, POLICY)
    answer = ask(proxy.port, request(b"Accept: text/html"))
    assert answer.count(b"Max-Age=0") == 1
    assert answer.index(b"HTTP/1.1 200") < answer.index(GONE)


@pytest.mark.interpreted
def test_a_fault_of_eviction_only_skips_the_eviction(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("CANARY")

    monkeypatch.setattr(Engine, "evictions", fails)
    proxy, _ = start(PAGE, POLICY)
    answer = ask(proxy.port, request(b"Accept: text/html"))
    assert b"Set-Cookie: sid=CANARY1" in answer and answer.endswith(b"ok")
    assert proxy.sample("cookiewarden_policy_errors_total") == 1
