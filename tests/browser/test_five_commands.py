"""From a HAR of a real Chromium to an enforced policy for Django's admin, by the commands of the policy guide."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.apps.django_site import PASSWORD, USER, django_site
from tests.browser.conftest import CHROMIUM
from tests.support.process import ended, free_port, ready, scrape
from tests.support.wait import eventually

pytestmark = pytest.mark.browser

GUIDE = (Path(__file__).parents[2] / "policies" / "README.md").read_text()
BLOCK = re.search(r"Five commands lead from a recording.*?```sh\n(.*?)```", GUIDE, re.DOTALL)


def commands() -> list[list[str]]:
    """Return the commands of the guide, without their comments."""
    assert BLOCK is not None
    return [line.partition("#")[0].split() for line in BLOCK[1].splitlines()]


def run(arguments: list[str], folder: Path) -> tuple[int, str]:
    ran = ended(sys.executable, "-m", *arguments, cwd=folder)  # as a reader starts each
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout + ran.stderr


def is_logged_in(page: Page) -> bool:
    return "Site administration" in page.inner_text("body")


def test_from_nothing_to_an_enforced_policy_with_the_session_unbroken(browser: Browser, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    learn, check, test, proxy, forecast = commands()
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
        assert is_logged_in(page)
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

        listen, admin = free_port(), free_port()
        proxy = [word.replace("127.0.0.1:3000", f"127.0.0.1:{port}") for word in proxy]
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen([sys.executable, "-m", *proxy, "--listen", str(listen), "--admin", str(admin)], cwd=tmp_path, stdout=log, stderr=log)  # fmt: skip
        try:
            assert eventually(lambda: ready(admin) == 200, 20), (tmp_path / "log").read_text()
            behind = f"http://127.0.0.1:{listen}"
            # the session from before the proxy
            visitor = browser.new_context(storage_state=session)
            page = visitor.new_page()
            page.goto(f"{behind}/admin/")
            assert is_logged_in(page)
            page.goto(f"{behind}/tracked")
            code, told = run([*forecast, f"127.0.0.1:{admin}"], tmp_path)
            assert code == 1 and "BREAKS" in told and "tracker: block (undeclared)" in told
            assert "sessionid: block" not in told and "csrftoken: block" not in told

            policy.write_text(re.sub(r"mode: report.*", "mode: enforce", policy.read_text()))
            assert eventually(lambda: scrape(admin)["cookiewarden_policy_enforcing"] == 1, 10)
            visitor.clear_cookies(name="tracker")
            page.goto(f"{behind}/tracked")
            page.goto(f"{behind}/admin/")
            assert is_logged_in(page)
            held = {cookie["name"] for cookie in visitor.cookies()}
            assert "sessionid" in held and "tracker" not in held
            page.click("#logout-form button")
            assert "Logged out" in page.inner_text("body")
            # a new session
            page.goto(f"{behind}/admin/login/?next=/admin/")
            page.fill("#id_username", USER)
            page.fill("#id_password", PASSWORD)
            page.click("input[type=submit]")
            assert is_logged_in(page)
            (cookie,) = [c for c in visitor.cookies() if c["name"] == "sessionid"]
            assert cookie["secure"] and cookie["httpOnly"] and cookie["expires"] <= time.time() + 14 * 86400 + 60
            visitor.close()
        finally:
            process.terminate()
            assert process.wait(20) == 0
