"""One proxy in front of several virtual hosts, each with its own entries."""

import pytest

from tests.support.client import ask
from tests.support.proxy import Start

POLICY = """
version: 1
undeclared: {evict: host}
cookies:
  - {name: sid, secure: keep}
  - {name: sid, http_only: true, scope: {hosts: [admin.shop.example]}}
  - {name: shop, scope: {hosts: ["*.shop.example"]}}
  - {name: deep, scope: {hosts: [www.shop.example], paths: [/app]}}
"""
PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: sid=CANARY1\r\nSet-Cookie: shop=CANARY2\r\n"
    b"Set-Cookie: deep=CANARY3\r\nContent-Length: 2\r\n\r\nok"
)
COOKIES = b"Cookie: sid=CANARY1; shop=CANARY2; deep=CANARY3; other=CANARY4\r\n"


def gone(path: str) -> list[str]:
    """Return the expiring lines of `other`, at each path with which a browser sends it."""
    return [f"other=; Path={at}; Max-Age=0" for at in dict.fromkeys(("/", path.partition("?")[0]))]


@pytest.mark.parametrize(
    ("host", "path", "set_cookies", "forwarded"),
    [
        ("www.shop.example", "/", ["sid=CANARY1", "shop=CANARY2"], "sid=CANARY1; shop=CANARY2; deep=CANARY3"),
        ("WWW.shop.example:8443", "/app?x=/y", ["sid=CANARY1", "shop=CANARY2", "deep=CANARY3"], "sid=CANARY1; shop=CANARY2; deep=CANARY3"),
        ("admin.shop.example", "/", ["sid=CANARY1; HttpOnly", "shop=CANARY2"], "sid=CANARY1; shop=CANARY2"),
        ("shop.example", "/app", ["sid=CANARY1"], "sid=CANARY1"),
    ],
)  # fmt: skip
def test_an_entry_applies_to_its_hosts_and_paths_and_cookies_of_other_hosts_are_not_expired(
    start: Start, host: str, path: str, set_cookies: list[str], forwarded: str
) -> None:
    proxy, origin = start(PAGE, POLICY)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n".encode()
        + COOKIES
        + b"\r\n"
    )
    for _ in range(3):  # not remembered, and remembered
        lines = ask(proxy.port, request).partition(b"\r\n\r\n")[0].decode().split("\r\n")
        found = [line.removeprefix("Set-Cookie: ") for line in lines if line.startswith("Set-Cookie: ")]
        assert found == [*gone(path), *set_cookies]
        assert f"\r\nCookie: {forwarded}\r\n".encode() in origin.requests[-1]
