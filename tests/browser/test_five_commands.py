"""From a HAR of a real Chromium to an enforced policy for Django's admin, by the commands of the policy guide."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.apps.django_site import PASSWORD, USER, django_site
from tests.apps.recipe import commands, proxy, run

pytestmark = pytest.mark.browser


def logged_in(page: Page) -> None:
    expect(page.locator("body")).to_contain_text("Site administration")  # waits for the page that follows a click


def test_from_nothing_to_an_enforced_policy_with_the_session_unbroken(browser: Browser, tmp_path: Path) -> None:
    learn, check, test, *_ = commands()
    site = tmp_path / "site"
    site.mkdir()
    with django_site(site) as port:
        # a person at the application itself, with the developer tools open
        recorded = browser.new_context(record_har_path=tmp_path / "site.har")
        page = recorded.new_page()
        page.goto(f"http://127.0.0.1:{port}/admin/")
        page.fill("#id_username", USER)
        page.fill("#id_password", PASSWORD)
        page.click("input[type=submit]")
        logged_in(page)
        page.goto(f"http://127.0.0.1:{port}/admin/auth/user/")
        session = recorded.storage_state()
        recorded.close()

        code, told = run(learn, tmp_path)
        assert code == 0 and "entries drafted" in told, told
        policy = tmp_path / "my.yaml"
        assert {"- name: csrftoken", "- name: sessionid"} <= {line.strip() for line in policy.read_text().splitlines()}
        code, told = run(check, tmp_path)
        assert code == 0 and "no-purpose" in told, told
        code, told = run(test, tmp_path)
        assert code == 0 and re.search(r"(\d+) of \1 cases passed, (\d+) of \2 entries covered", told), told

        with proxy(tmp_path, port) as front:
            # the session from before the proxy
            visitor = browser.new_context(storage_state=session)
            page = visitor.new_page()
            page.goto(f"{front.url}/admin/")
            logged_in(page)
            page.goto(f"{front.url}/tracked")
            code, told = front.forecast()
            assert code == 1 and "BREAKS" in told and "tracker: block (undeclared)" in told
            assert "sessionid: block" not in told and "csrftoken: block" not in told

            front.enforce()
            visitor.clear_cookies(name="tracker")
            page.goto(f"{front.url}/tracked")
            page.goto(f"{front.url}/admin/")
            logged_in(page)
            held = {cookie["name"] for cookie in visitor.cookies()}
            assert "sessionid" in held and "tracker" not in held
            page.click("#logout-form button")
            expect(page.locator("body")).to_contain_text("Logged out")
            # a new session
            page.goto(f"{front.url}/admin/login/?next=/admin/")
            page.fill("#id_username", USER)
            page.fill("#id_password", PASSWORD)
            page.click("input[type=submit]")
            logged_in(page)
            (cookie,) = [c for c in visitor.cookies() if c["name"] == "sessionid"]
            assert cookie["secure"] and cookie["httpOnly"] and cookie["expires"] <= time.time() + 14 * 86400 + 60
            visitor.close()
