"""The statement that the proxy serves, in a real Chromium: both languages, wide and narrow, light, dark and on
paper."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from cookiewarden.files import PolicyFiles
from cookiewarden.tools.statement.published import read_page
from cookiewarden.tools.statement.stated import StatementFindingKind, compare
from tests.browser.pages import SIZES, fits, opened, violations
from tests.support.process import ended, free_port, ready, start_process
from tests.support.wait import eventually

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    listen, app, admin = free_port(), free_port(), free_port()
    demo = start_process("demo", "--listen", str(listen), "--app", str(app), "--admin", str(admin))
    assert eventually(lambda: ready(admin) == 200, 20)
    yield f"http://127.0.0.1:{listen}/cookie-statement"
    demo.terminate()
    demo.communicate(timeout=10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_it_is_accessible_and_fits(
    browser: Browser, url: str, language: str, size: str, scheme: str, tmp_path: Path
) -> None:
    asked = f"{url}?language={language}"
    assert violations(browser, asked, SIZES[size], scheme) == []
    page = opened(browser, asked, SIZES[size], scheme, scripts=False)
    assert page.locator("tbody tr").count() == 17 and page.wrong == []
    page.context.close()
    page = opened(browser, asked, SIZES[size], scheme)
    assert fits(page) and page.wrong == []
    page.screenshot(path=tmp_path / f"{language}-{size}-{scheme}.png", full_page=True)
    page.context.close()


def test_its_reader_chooses_the_language(browser: Browser, url: str) -> None:
    page = browser.new_context(locale="nl-NL").new_page()
    page.goto(url)
    assert page.locator("html").get_attribute("lang") == "nl"
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("heading", level=1).inner_text() == "Carerix 5 privacy statement"
    page.context.close()


def test_it_prints_on_a_few_sheets(browser: Browser, url: str) -> None:
    page = opened(browser, url)
    raw = page.pdf(format="A4")
    assert raw.startswith(b"%PDF") and 2 <= raw.count(b"/Type /Page\n") <= 6
    page.context.close()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_printed_statement_matches_the_policy(browser: Browser, url: str, language: str, tmp_path: Path) -> None:
    """Print the page, convert it to text with pdftotext, and compare it with the policy."""
    assert shutil.which("pdftotext"), "Debian's poppler-utils has it"
    page = opened(browser, f"{url}?language={language}")
    page.pdf(path=tmp_path / "s.pdf", format="A4")
    page.context.close()
    ended("pdftotext", "-layout", tmp_path / "s.pdf", tmp_path / "s.txt", check=True)  # it is not of ours
    policy = Path(__file__).parents[2] / "policies" / "carerix.yaml"
    found = compare(read_page((tmp_path / "s.txt").read_bytes()), PolicyFiles(str(policy)).load().policy, 0.0)
    assert [f for f in found if f.kind is not StatementFindingKind.WORDING] == []
