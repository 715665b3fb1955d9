"""Consent on the wire: the cookies that the application and the browser get for each answer of the visitor."""

import pytest

from tests.support.client import ask
from tests.support.proxy import Start

POLICY = """
version: 1
consent: {cookie: answer, format: list}
categories:
  functional: {basis: needed}
  analytics: {consent: required, gpc: deny}
cookies:
  - {name: answer, category: functional, set_by: both}
  - {name: sid, category: functional}
  - {name: visits, category: analytics}
"""
ANSWER = (
    b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1\r\nX: y\r\nSet-Cookie: visits=CANARY2\r\n%bContent-Length: 2\r\n\r\nok"
)


@pytest.mark.parametrize(
    ("cookies", "gpc", "forwarded", "set_again", "kept"),
    [
        ("sid=CANARY1; visits=CANARY2", "", "sid=CANARY1", "", False),
        ("answer=analytics; visits=CANARY2", "", "answer=analytics; visits=CANARY2", "", True),
        ("answer=analytics; visits=CANARY2", "SEC-gpc:  1 \r\n", "answer=analytics", "", False),
        ("answer=analytics; visits=CANARY2", "Sec-GPC: 0\r\n", "answer=analytics; visits=CANARY2", "", True),
        ("answer=; visits=CANARY2", "", "answer=", "", False),
        # withdrawn by this response
        ("answer=analytics", "", "answer=analytics", "Set-Cookie: answer=\r\n", False),
    ],
)
def test_cookies_without_consent_pass_in_neither_direction(
    start: Start, cookies: str, gpc: str, forwarded: str, set_again: str, kept: bool
) -> None:
    proxy, origin = start(ANSWER % set_again.encode(), POLICY)
    request = f"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{gpc}Cookie: {cookies}\r\n\r\n".encode()
    for _ in range(3):  # not remembered, and remembered
        answer = ask(proxy.port, request)
        assert b"Set-Cookie: sid=CANARY1" in answer
        assert (b"Set-Cookie: visits=CANARY2" in answer) == kept
    for head in origin.requests:
        assert f"\r\nCookie: {forwarded}\r\n".encode() in head
