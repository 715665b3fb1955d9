"""From report mode to an enforced policy, and a reload of a broken policy, in one story.

It uses the demo application, Chromium, the commands and a real Prometheus."""

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.pages import fits, opened, violations
from tests.deploy.server import prometheus
from tests.support.process import ended, free_port, ready, scrape, start_process
from tests.support.wait import eventually

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
COOKIEWARDEN = (sys.executable, "-m", "cookiewarden")
"""A process, because the driver of Chromium runs an event loop in this one."""
RULES = (ROOT / "deploy" / "prometheus" / "rules.yaml").read_text()


@dataclass(frozen=True)
class Shop:
    policy: Path
    site: str
    admin: int
    token: Path

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command against this proxy."""
        ran = ended(*COOKIEWARDEN, *arguments, "--token-file", self.token, f"127.0.0.1:{self.admin}")
        return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """The Carerix policy in report mode, in front of the demo application."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    policy = tmp_path / "policies" / "carerix.yaml"
    policy.write_text(policy.read_text().replace("\nmode: enforce", "\nmode: report"))
    token = tmp_path / "token"
    token.write_text("a-token-of-the-admin-listener")
    token.chmod(0o600)
    listen, app, admin = free_port(), free_port(), free_port()
    arguments = (
        "--listen",
        str(listen),
        "--app",
        str(app),
        "--admin",
        str(admin),
        "--admin-token-file",
        str(token),
    )
    process = start_process("demo", "--policy", str(policy), *arguments)
    try:
        assert eventually(lambda: ready(admin) == 200, 20)
        yield Shop(policy, f"http://localhost:{listen}", admin, token)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def works(visitor: BrowserContext, site: str) -> dict[str, dict]:
    """Log in, visit the pages, and return the browser's cookies."""
    page = visitor.new_page()
    page.goto(site)
    page.click("text=Log in")
    for path in ("/tools", "/home"):
        page.goto(site + path)
    assert "wosid" in page.inner_text("body")
    page.close()
    return {cookie["name"]: cookie for cookie in visitor.cookies()}


def test_from_report_to_enforcement_through_a_night_with_a_broken_policy(
    browser: Browser, shop: Shop, tmp_path: Path
) -> None:
    soon = re.sub(r"for: \d+m", "for: 1s", RULES)
    with prometheus(tmp_path / "prometheus", shop.admin, soon) as asked:
        # Report mode: everything works and the proxy changes nothing.
        visitor = browser.new_context()
        before = works(visitor, shop.site)
        assert not before["wosid"]["httpOnly"] and "_fbp" in before

        code, told = shop.run("forecast")
        assert code == 1 and "BREAKS" in told and "_fbp" in told and "visitor" in told

        # The suggestion of drift is pasted and loaded.
        code, told = shop.run("drift", "--only", "undeclared")
        assert code == 1
        pasted = told.partition('Paste this below "cookies:" and fill in the comments:\n\n')[2]
        register = shop.policy.read_text()
        shop.policy.write_text(register.replace("\ncookies:\n", f"\ncookies:\n{pasted}\n", 1))
        code, told = shop.run("reload")
        assert code == 0 and "mode report" in told
        code, told = shop.run("forecast")
        assert code == 0 and "No cookie seen so far would break." in told
        assert shop.run("drift", "--only", "undeclared")[0] == 0

        # The switch enforces the policy: the session continues, with the attributes of the policy.
        code, told = shop.run("mode", "enforce", "--for", "1h")
        assert code == 0 and "mode enforce (by an operator's switch" in told
        after = works(visitor, shop.site)
        assert after["wosid"]["httpOnly"] and after["wosid"]["sameSite"] == "Lax"
        assert eventually(lambda: "CookiewardenModeSwitched" in asked.firing(), 20)

        # Then the file enforces it.
        text = shop.policy.read_text().replace("\nmode: report", "\nmode: enforce")
        shop.policy.write_text(text)
        assert eventually(lambda: shop.run("mode", "policy")[1].endswith("mode enforce (by the policy)\n"), 10)
        assert eventually(lambda: "CookiewardenModeSwitched" not in asked.firing(), 20)

        # A broken policy: the previous one stays in force, and an alert fires.
        shop.policy.write_text(text.replace("cookies:\n", "cookies:\n  - nmae: oops\n", 1))
        assert eventually(lambda: "CookiewardenReloadFailed" in asked.firing(), 20)
        code, told = shop.run("reload")
        assert code == 1 and 'did you mean "name"' in told and "the previous policy stays in force" in told
        assert works(browser.new_context(), shop.site)["wosid"]["httpOnly"]
        page = opened(browser, f"http://127.0.0.1:{shop.admin}/")
        assert 'did you mean "name"' in page.inner_text("[role=alert]")
        page.context.close()

        # The policy is fixed.
        shop.policy.write_text(text)
        assert eventually(lambda: "CookiewardenReloadFailed" not in asked.firing(), 20)

        # The report for the privacy officer.
        page_file = tmp_path / "report.html"
        arguments = (
            "--prometheus",
            asked.url,
            "--since",
            "3min",
            "--policy",
            str(shop.policy),
            "--inventory",
            f"http://127.0.0.1:{shop.admin}",
        )
        counted = scrape(shop.admin)['cookiewarden_cookies_total{action="rewrite",cookie="wosid",direction="response"}']
        assert counted >= 2 and eventually(
            lambda: (
                (asked.value('cookiewarden_cookies_total{action="rewrite",cookie="wosid",direction="response"}') or 0)
                == counted
            ),
            5,
        )
        ran = ended(*COOKIEWARDEN, "report", *arguments, "--format", "html", "--output", page_file)
        assert ran.returncode == 0, ran.stderr
        for scheme in ("light", "dark"):
            for width in (1280, 360):
                assert violations(browser, page_file.as_uri(), width, scheme) == []
        page = opened(browser, page_file.as_uri())
        row = page.locator("#declared ~ .scroll tr", has_text="wosid")
        assert (
            fits(page) and page.wrong == [] and "session" in row.inner_text() and "http-only-added" in row.inner_text()
        )
        assert page.locator("svg.chart").count() == 2 and page.locator("svg .bar").count() > 5
        page.context.close()
