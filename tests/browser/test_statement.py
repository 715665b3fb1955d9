"""The 17 cookies of the Carerix statement, each through a real Chromium in front of the demo application."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.expected import DAY, SCRIPTS, STATEMENT
from tests.support.chromium import CHROMIUM, FLAGS
from tests.support.process import free_port, ready, start_process
from tests.support.wait import eventually

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Demo:
    site: str
    direct: str
    """The URL of the application without the proxy."""


@pytest.fixture
def demo() -> Iterator[Demo]:
    listen, app, admin = free_port(), free_port(), free_port()
    running = start_process("demo", "--listen", str(listen), "--app", str(app), "--admin", str(admin))
    try:
        assert eventually(lambda: ready(admin) == 200, 20)
        yield Demo(f"http://localhost:{listen}", f"http://localhost:{app}")
    finally:
        running.terminate()
        running.communicate(timeout=10)


def test_each_cookie_of_the_statement_has_the_lifetime_of_the_policy(demo: Demo, visitor: BrowserContext) -> None:
    site = demo.site
    page = visitor.new_page()
    page.goto(site)
    page.click("button")  # logs in, and ends at /home
    assert page.url == f"{site}/home"
    page.goto(f"{site}/tools")
    answer = page.goto(f"{site}/cookies")
    assert answer is not None
    held = {cookie["name"]: cookie for cookie in visitor.cookies()}
    header = answer.request.all_headers()["cookie"]
    came = {pair.partition("=")[0] for pair in header.split("; ")}
    seen = set(json.loads(page.inner_text("body")))
    now = page.evaluate("Date.now() / 1000")
    page.goto(f"{site}/logout")
    left = {cookie["name"] for cookie in visitor.cookies()}

    print(f"\n{'cookie':<50}{'set':<5}{'HttpOnly':<10}{'Secure':<8}{'SameSite':<10}{'kept for':<14}{'sent':<6}{'seen':<6}after logout")  # fmt: skip
    for name in STATEMENT:
        cookie = held.get(name)
        assert cookie is not None, f"{name} was not set"
        kept = "session" if cookie["expires"] == -1 else f"{(cookie['expires'] - now) / DAY:.3f} days"
        print(
            f"{name:<50}{'yes':<5}{cookie['httpOnly']!s:<10}{cookie['secure']!s:<8}{cookie['sameSite']:<10}{kept:<12}"
            f"{'yes' if name in came else 'no':<6}{'yes' if name in seen else 'no':<6}{'there' if name in left else 'gone'}"
        )
    for name, expected in STATEMENT.items():
        cookie = held[name]
        assert (name, cookie["httpOnly"]) == (name, expected.http_only)
        assert (name, cookie["secure"]) == (name, name not in SCRIPTS)
        assert (name, cookie["sameSite"]) == (name, "Lax")
        if expected.days is None:
            assert (name, cookie["expires"]) == (name, -1)
        else:
            assert (name, (cookie["expires"] - now) / DAY) == (
                name,
                pytest.approx(expected.days, abs=20 / DAY),
            )
        assert (name, name in came, name in seen) == (name, True, expected.seen)
        assert (name, name in left) == (name, expected.after_logout)
    assert held["customerp"]["value"].startswith("s1.")  # browsers get the encoded password sealed
    # the statement names all of them
    assert set(held) == came == set(STATEMENT)


def test_with_cookies_switched_off_the_application_works_as_it_would_without_the_proxy(
    demo: Demo, browser: Browser, tmp_path: Path
) -> None:
    """Block all cookies, as the statement describes: pages still work, but a login does not last."""
    off = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(off))
    context = browser.browser_type.launch_persistent_context(tmp_path, executable_path=CHROMIUM, args=FLAGS)
    try:
        page = context.new_page()
        walks = []
        for site in (demo.site, demo.direct):
            shown = []
            for path in ("/", "/home", "/tools", "/cookies", "/logout"):
                answer = page.goto(site + path)
                shown.append(
                    (
                        path,
                        answer and answer.status,
                        page.inner_text("body"),
                        page.evaluate("document.cookie"),
                    )
                )
            page.goto(site)
            page.click("button")
            walks.append([*shown, (page.url.removeprefix(site), page.inner_text("body"))])
        assert walks[0] == walks[1]
        assert walks[0][-1] == ("/home", "Welcome. Cookies that arrived: none\n")
        assert context.cookies() == []
    finally:
        context.close()
