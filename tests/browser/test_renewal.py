"""`renew: false` in a real Chromium: visits do not extend the life of a cookie, by the application or by a script."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext

from tests.support.origin import OriginConnection
from tests.support.proxy import Start

pytestmark = pytest.mark.browser

POLICY = """
version: 1
inject_guard: true
cookies:
  - {name: once, renew: false, lifetime: 4s, http_only: false}
  - {name: sliding, lifetime: 4s}
  - {name: script, renew: false, set_by: script}
  - {name: free, set_by: script}
"""


def application(connection: OriginConnection) -> None:
    """Set the cookies of the query, or without a query two with the same value on each visit."""
    while True:
        target = connection.read_head().split(b" ")[1].decode()
        lines = re.findall(r"[?&]set=([^&]*)", target)
        if target == "/":
            lines = ["once=1@Max-Age=3600", "sliding=1@Max-Age=3600"]
        fields = "".join(f"Set-Cookie: {line.replace('@', '; ')}\r\n" for line in lines)
        connection.send(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n{fields}\r\n<html>".encode()
        )


def held(visitor: BrowserContext, name: str) -> list[tuple[str, str, float]]:
    """Return value, path and end of each cookie with a name."""
    return [(c["value"], c["path"], c["expires"]) for c in visitor.cookies() if c["name"] == name]


def test_a_cookie_that_each_visit_sets_again_ends_at_its_first_end(start: Start, visitor: BrowserContext) -> None:
    proxy, _ = start(application, POLICY)
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    ((_, _, first),), began = held(visitor, "once"), time.monotonic()
    while time.monotonic() - began < 3:
        page.goto(f"http://localhost:{proxy.port}/")
        time.sleep(0.5)
    ((_, _, end),) = held(visitor, "once")
    ((_, _, slid),) = held(visitor, "sliding")
    assert end == first and slid > first + 2
    time.sleep(max(0.0, first - time.time()) + 0.1)
    assert held(visitor, "once") == [] and held(visitor, "sliding") != []
    page.goto(f"http://localhost:{proxy.port}/")  # a new life
    assert held(visitor, "once")[0][2] > first


VISITS = [
    # paths and cookies that are set, one visit after the other; values and paths of the cookies `once` at the end
    (["/?set=once=1", "/?set=once=2"], {("2", "/")}),
    (["/?set=once=1", "/?set=once=@Max-Age=0"], set()),
    (["/?set=once=1", "/?set=once=@Max-Age=0&set=once=1"], set()),  # deleted, and not set again by the same response
    (["/?set=once=1@Path=/&set=once=1@Path=/a"], {("1", "/"), ("1", "/a")}),
    (["/?set=once=1@Path=/", "/?set=once=1@Path=/a"], {("1", "/")}),  # its value is held
    (["/a/?set=once=1@Path=/a", "/?set=once=1@Path=/"], {("1", "/a"), ("1", "/")}),  # it is not held at this path
    (["/a/?set=once=1@Path=/a&set=once=2@Path=/", "/a/?set=once=2@Path=/a"], {("1", "/a"), ("2", "/")}),
    (["/?set=once=1", "/?set=once=1@Domain=localhost"], {("1", "/")}),
]


@pytest.mark.parametrize(("targets", "expected"), VISITS)
def test_scopes_and_deletions(
    start: Start, visitor: BrowserContext, targets: list[str], expected: set[tuple[str, str]]
) -> None:
    proxy, _ = start(application, POLICY)
    page = visitor.new_page()
    for target in targets:
        page.goto(f"http://localhost:{proxy.port}{target}")
    assert {(value, path) for value, path, _ in held(visitor, "once")} == expected


@pytest.mark.parametrize("name", ["script", "free"])
def test_a_script_does_not_extend_a_life_either(start: Start, visitor: BrowserContext, name: str) -> None:
    proxy, _ = start(application, POLICY)
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    page.evaluate(f"document.cookie = '{name}=1; max-age=60'")
    ((_, _, first),) = held(visitor, name)
    page.evaluate(f"document.cookie = ' {name} = 1 ; max-age=3600'")
    page.evaluate(f"cookieStore.set({{name: '{name}', value: '1', maxAge: 3600}})")
    ((_, _, end),) = held(visitor, name)
    assert (end == first) == (name == "script")
    page.evaluate(f"document.cookie = '{name}=2; max-age=3600'")
    ((value, _, end),) = held(visitor, name)
    assert value == "2" and end > first + 60
    page.evaluate(f"document.cookie = '{name}=2; max-age=0'")
    assert held(visitor, name) == []
