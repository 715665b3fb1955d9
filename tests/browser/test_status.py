"""The status page in a real Chromium: without scripts, by keyboard, narrow and dark, with hostile names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import SIZES, fits, opened, violations
from tests.support.client import CLOSE, ask, get
from tests.support.proxy import POLICY, Running, running
from tests.support.wait import eventually

pytestmark = pytest.mark.browser

SETS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=CANARY; Max-Age=7200\r\nSet-Cookie: tracker=CANARY; Path=/\r\n\r\nok"
HOSTILE = (
    "<script>document.title(1)</script>",
    "<img/src/onerror>",
    "\u202ereversed",
    "\"'>&amp;",
    "x" * 200,
)
LONG = "  - {name: an-entry-with-a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-for-ever, purpose: x}\n"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    token = tmp_path_factory.mktemp("admin") / "token"
    token.write_text("a-token-of-the-admin-listener")
    token.chmod(0o600)
    with running("--admin-token-file", str(token), script=SETS, policy=POLICY + LONG) as found:
        for _ in range(3):
            cookie = "; ".join(f"{name}=CANARY" for name in HOSTILE).encode()
            ask(found.port, get(b"/cart/17/a/very/long/path", b"Cookie: " + cookie, CLOSE))
        yield found


@pytest.fixture(scope="module")
def down() -> Iterator[Running]:
    """A proxy whose application has ended, after some traffic."""
    policy = POLICY + LONG + "  - {name: trackers, purpose: x, lifetime: 1h}\n"
    once = SETS.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)  # so that the proxy must connect again
    with running(script=once, policy=policy) as found:
        for _ in range(3):
            cookie = "; ".join(f"{name}=CANARY" for name in HOSTILE).encode()
            ask(found.port, get(b"/cart/17/a/very/long/path", b"Cookie: " + cookie, CLOSE))
        found.origin.close()
        for _ in range(40):
            ask(found.port, get(b"/", CLOSE))
        yield found


def url(proxy: Running) -> str:
    return f"http://127.0.0.1:{proxy.admin}/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_it_is_accessible_and_fits(browser: Browser, proxy: Running, size: str, scheme: str) -> None:
    assert violations(browser, url(proxy), SIZES[size], scheme) == []
    page = opened(browser, url(proxy), SIZES[size], scheme)
    assert fits(page) and page.wrong == []
    page.context.close()


def test_the_register_is_shown_as_cards_on_a_phone(browser: Browser, proxy: Running) -> None:
    page = opened(browser, url(proxy), 390)
    widest = (
        "Math.max(...[...document.querySelectorAll('.cards th, .cards td')].map(c => c.getBoundingClientRect().right))"
    )
    assert page.evaluate(widest) <= 390
    label = "getComputedStyle(document.querySelector('.cards td[data-label=Lifetime]'), '::before').content"
    assert "Lifetime" in page.evaluate(label)
    page.context.close()


CUT = """[...document.querySelectorAll('main *, header *, footer *')]
  .filter((e) => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1 && !e.closest('svg, .skip'))
  .map((e) => `${e.tagName}.${e.className}: ${e.scrollWidth} > ${e.clientWidth}`)"""


@pytest.mark.parametrize("width", [320, 390])
def test_the_page_fits_a_phone_without_scrolling_sideways(browser: Browser, down: Running, width: int) -> None:
    page = opened(browser, url(down), width)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    assert fits(page) and page.evaluate(CUT) == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_page_with_errors_is_accessible_and_fits(browser: Browser, down: Running, size: str, scheme: str) -> None:
    assert violations(browser, url(down), SIZES[size], scheme) == []
    page = opened(browser, url(down), SIZES[size], scheme)
    assert fits(page) and page.wrong == []
    page.context.close()


def test_the_title_and_an_alert_show_that_the_application_is_down(browser: Browser, down: Running) -> None:
    page = opened(browser, url(down), scripts=False)
    assert page.title() == "502: application down · test"
    assert "502: application down. 40 of 43 requests failed" in page.inner_text("[role=alert]")
    page.context.close()


def test_the_legend_shows_the_peak_of_each_line(browser: Browser, down: Running) -> None:
    page = opened(browser, url(down))
    page.wait_for_selector(".key >> text=/requests .*, peak [0-9.]+/", timeout=15_000)
    page.context.close()


def test_charts_show_the_value_of_their_top_line(browser: Browser, proxy: Running) -> None:
    page = opened(browser, url(proxy))
    assert [text.startswith("max ") and text.endswith(" /s") for text in page.locator(".top").all_inner_texts()] == [
        True
    ] * 3
    page.context.close()


def test_the_page_is_complete_without_scripts(browser: Browser, proxy: Running) -> None:
    page = opened(browser, url(proxy), scripts=False)
    text = page.inner_text("body")
    for told in (
        "enforced",
        "tracker",
        "blocked",
        "sid",
        "undeclared; add an entry",
        "\\u202ereversed",
        "Register",
        "Last reloads",
    ):
        assert told in text
    page.context.close()


def test_cookie_names_on_the_page_are_escaped(browser: Browser, proxy: Running) -> None:
    page = opened(browser, url(proxy))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.wait_for_timeout(300)
    assert page.title() == "test: enforce · cookiewarden" and page.locator("img").count() == 0
    assert "<script>document.title(1)</script>" in page.inner_text("body")
    page.context.close()


def test_it_is_read_by_keyboard(browser: Browser, proxy: Running) -> None:
    page = opened(browser, url(proxy))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.tagName")
        )
    assert {"Cookies, table", "Register, table", "SUMMARY", "BUTTON", "PRE"} <= reached
    page.context.close()


def test_an_open_group_stays_open_when_the_page_refreshes(browser: Browser, proxy: Running) -> None:
    page = opened(browser, url(proxy))
    closed = page.locator("#paste[open]").count()
    page.click("#paste summary")
    page.evaluate("document.activeElement.blur()")
    before = page.inner_text("time")
    good = proxy.policy.read_text()
    try:
        proxy.policy.write_text(good.replace("secure: true", "secur: true"))
        page.wait_for_selector("text=The policy could not be loaded", timeout=15_000)
    finally:
        proxy.policy.write_text(good)
    assert page.inner_text("time") != before and page.locator("#paste[open]").count() == 1 - closed
    assert 'did you mean "secure"' in page.inner_text(".banner")
    page.wait_for_selector("text=The policy could not be loaded", state="detached", timeout=15_000)
    assert page.wrong == []
    page.context.close()


def test_the_copy_button_copies_the_suggested_yaml(browser: Browser, proxy: Running) -> None:
    page = opened(browser, url(proxy))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#paste").evaluate("paste => { paste.open = true }")
    page.click("#paste button")
    page.wait_for_selector("text=Copied")
    assert "- name: tracker" in page.evaluate("navigator.clipboard.readText()")
    page.context.close()


def test_the_title_shows_that_the_proxy_is_gone(browser: Browser, tmp_path: Path) -> None:
    with running() as found:
        page = opened(browser, url(found))
    assert eventually(lambda: "no answer" in page.title() or bool(page.wait_for_timeout(200)), 15)
    page.context.close()
