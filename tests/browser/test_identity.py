"""A policy that moves a cookie that Chromium already holds: there is one session, and logout works."""

import re

import pytest
from playwright.sync_api import BrowserContext

from tests.support.origin import OriginConnection
from tests.support.proxy import Start

pytestmark = pytest.mark.browser


def policy(rules: str) -> str:
    return f"version: 1\ncookies:\n  - {{name: sid, {rules}}}\n"


def application(connection: OriginConnection) -> None:
    """Serve a login at /app/login, a logout at /app/logout, and the number of session cookies at /app."""
    while True:
        head = connection.read_head()
        target = head.split(b" ")[1]
        attributes = b"; Path=/app; Domain=shop.example"
        line = {
            b"/app/login": b"Set-Cookie: sid=CANARY%d" % len(head) + attributes + b"\r\n",
            b"/app/logout": b"Set-Cookie: sid=; Max-Age=0" + attributes + b"\r\n",
        }.get(target, b"")
        body = b"%d sessions" % len(re.findall(rb"sid=", head))
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + line + b"Content-Length: %d\r\n\r\n" % len(body) + body
        )


@pytest.mark.parametrize("rules", ["path: /", "domain: host-only", "path: /, domain: host-only"])
def test_a_session_from_before_the_policy_is_replaced_and_ended(
    start: Start, visitor: BrowserContext, rules: str
) -> None:
    before, _ = start(application, policy("path: keep"))
    after, _ = start(application, policy(rules))
    page = visitor.new_page()
    page.goto(f"http://www.shop.example:{before.port}/app/login")
    assert len(visitor.cookies()) == 1
    site = f"http://www.shop.example:{after.port}/app"
    page.goto(f"{site}/home")
    assert page.inner_text("body") == "1 sessions"  # the old session lives on
    page.goto(f"{site}/login")
    page.goto(f"{site}/home")
    assert page.inner_text("body") == "1 sessions"
    assert len(visitor.cookies()) == 1
    page.goto(f"{site}/logout")
    page.goto(f"{site}/home")
    assert page.inner_text("body") == "0 sessions"
    assert visitor.cookies() == []


def test_without_superseding_browsers_send_both(start: Start, visitor: BrowserContext) -> None:
    """Show the fault that the rule prevents."""
    before, _ = start(application, policy("path: keep"))
    after, _ = start(application, policy("path: /, supersede: false"))
    page = visitor.new_page()
    page.goto(f"http://www.shop.example:{before.port}/app/login")
    page.goto(f"http://www.shop.example:{after.port}/app/login")
    page.goto(f"http://www.shop.example:{after.port}/app/home")
    assert page.inner_text("body") == "2 sessions"


def plain(connection: OriginConnection) -> None:
    """Serve the same without attributes, at the root."""
    while True:
        head = connection.read_head()
        target = head.split(b" ")[1]
        line = {
            b"/login": b"Set-Cookie: sid=CANARY%d; Path=/\r\n" % len(head),
            b"/logout": b"Set-Cookie: sid=; Path=/; Max-Age=0\r\n",
        }.get(target, b"")
        body = b"%d sessions" % len(re.findall(rb"[ ;]sid=", head))
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + line + b"Content-Length: %d\r\n\r\n" % len(body) + body
        )


def test_an_old_application_gets_a_host_bound_session_without_a_change(start: Start, visitor: BrowserContext) -> None:
    before, _ = start(plain, policy("path: keep"))
    after, origin = start(plain, policy("rename_to: __Host-sid"))
    page = visitor.new_page()
    page.goto(f"http://localhost:{before.port}/login")
    assert [cookie["name"] for cookie in visitor.cookies()] == ["sid"]
    site = f"http://localhost:{after.port}"
    page.goto(f"{site}/home")
    assert page.inner_text("body") == "1 sessions"  # the old session lives on
    page.goto(f"{site}/login")
    (cookie,) = visitor.cookies()
    assert (cookie["name"], cookie["secure"], cookie["path"]) == ("__Host-sid", True, "/")
    page.goto(f"{site}/home")
    assert page.inner_text("body") == "1 sessions"
    assert all(b"__Host-" not in head for head in origin.requests)
    page.goto(f"{site}/logout")
    assert visitor.cookies() == []
    page.goto(f"{site}/home")
    assert page.inner_text("body") == "0 sessions"
