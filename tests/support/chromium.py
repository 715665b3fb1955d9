"""A real Chromium (Debian's package), driven by Playwright."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--host-resolver-rules=MAP * 127.0.0.1"]
"""CI runs as root, so that the sandbox is off. Every host resolves to this machine, because cookies need real names."""


@contextlib.contextmanager
def chromium() -> Iterator["Browser"]:
    """Start Chromium. No event loop can run in this thread until it ends."""
    from playwright.sync_api import sync_playwright  # `make test` collects these tests without it

    if CHROMIUM is None:
        pytest.fail("no Chromium: install Debian's chromium (make test-browser and make test-apps need it)")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()
