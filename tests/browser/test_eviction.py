"""Eviction in a real Chromium: the next page removes undeclared cookies and keeps declared ones."""

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.expected import POLICY, application, names
from tests.support.proxy import Start

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("evict", "left"),
    [
        ("off", {"sid", "other", "deep", "parent", "theme"}),
        ("host", {"sid", "parent", "theme"}),
        ("domain", {"sid", "theme"}),
    ],
)
def test_an_undeclared_cookie_of_a_script_is_gone_after_two_navigations(
    start: Start, visitor: BrowserContext, evict: str, left: set[str]
) -> None:
    proxy, origin = start(application, POLICY % evict)
    page = visitor.new_page()
    site = f"http://www.shop.example:{proxy.port}"
    lines = [
        "other=CANARY; path=/",
        "deep=CANARY; path=/a/b",
        "parent=CANARY; path=/; domain=shop.example",
        "theme=CANARY; path=/",
    ]
    page.goto(f"{site}/a/b/c?" + "|".join(lines).replace("; ", "%3B"))
    assert names(visitor) == {"sid", "other", "deep", "parent", "theme"}
    for _ in range(2):
        page.goto(f"{site}/a/b/c")
    assert names(visitor) == left
    navigations = sum(head.startswith(b"GET /a/b/c") for head in origin.requests)
    assert navigations == 3  # no page reloads without end


def test_a_cookie_without_consent_goes_wherever_its_script_put_it_and_stays_once_granted(
    start: Start, visitor: BrowserContext
) -> None:
    proxy, _ = start(application, POLICY % "host")
    page = visitor.new_page()
    site = f"http://www.shop.example:{proxy.port}"
    ga = "_ga=CANARY%3B path=/%3B domain=shop.example"
    page.goto(f"{site}/?{ga}")
    assert "_ga" in names(visitor)
    page.goto(f"{site}/")
    assert "_ga" not in names(visitor)
    page.goto(f"{site}/?answer=analytics%3B path=/|{ga}")
    page.goto(f"{site}/")
    assert names(visitor) == {"sid", "answer", "_ga"}
    page.goto(f"{site}/?answer=none%3B path=/")
    page.goto(f"{site}/")
    assert names(visitor) == {"sid", "answer"}
