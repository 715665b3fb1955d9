"""A browser for all tests of this folder, and a context without history for one test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support.chromium import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context without history and cookies."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context
    context.close()
