"""A real Chromium (Debian's package), driven by Playwright."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--host-resolver-rules=MAP * 127.0.0.1"]
"""CI runs as root, so that the sandbox is off. Every host resolves to this machine, because cookies need real names."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("no Chromium: install Debian's chromium (make test-browser needs it)")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context without history and cookies."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context
    context.close()
