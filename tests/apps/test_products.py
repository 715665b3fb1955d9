"""Real applications by the commands of the policy guide: record, learn, check, test, run, forecast, enforce.

The forecast is held to its word: applications that it calls safe work after enforcement, and it announces every
cookie whose loss stops one."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.apps.products import PRODUCTS
from tests.apps.products.product import Product
from tests.apps.recipe import commands, proxy, run
from tests.support.chromium import chromium
from tests.support.process import scrape

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.apps


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as found:
        yield found


def visit(
    browser: "Browser", product: Product, url: str, har: Path | None = None, patience: float = 15_000
) -> list[dict[str, Any]]:
    """Do the clicks in a new browser context, and return the cookies that it held before the person left."""
    context = browser.new_context(record_har_path=har, **product.context)
    context.set_default_timeout(patience)
    try:
        page = context.new_page()
        product.clicks(page, url)
        held = context.cookies()
        product.leave(page, url)
        return held
    finally:
        context.close()


def works(browser: "Browser", product: Product, url: str) -> bool:
    """Check whether the clicks succeed."""
    from playwright.sync_api import Error

    try:
        visit(browser, product, url, patience=5_000)
    except (AssertionError, Error):
        return False
    return True


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name.replace(" ", "-"))
def test_applications_work_if_the_forecast_is_safe_and_the_forecast_announces_each_break(
    product: Product, browser: "Browser", tmp_path: Path
) -> None:
    learn, check, test, *_ = commands()
    policy, application = tmp_path / "my.yaml", tmp_path / "application"
    application.mkdir()
    with product.start(application) as port:
        visit(browser, product, f"http://127.0.0.1:{port}", tmp_path / "site.har")
        code, told = run(learn, tmp_path)
        assert code == 0 and "drafted" in told, told
        draft = policy.read_text()
        assert set(product.entries) <= set(re.findall(r'(?m)^  - name: "?([^"\n]+)', draft)), draft
        code, told = run(check, tmp_path)
        assert code == 0, told
        code, told = run(test, tmp_path)
        assert code == 0 and re.search(r"(\d+) of \1 cases passed, (\d+) of \2 entr(y|ies) covered", told), told

        with proxy(tmp_path, port) as front:
            visit(browser, product, front.url)
            code, told = front.forecast()
            assert (code, front.unsafe()) == (0, {}), f"{told}\n{draft}"
            front.enforce()
            held = [cookie["name"] for cookie in visit(browser, product, front.url)]
            assert all(any(fnmatchcase(name, glob) for name in held) for glob in product.cookies), held
            if front.harden():
                assert (front.forecast()[0], front.unsafe()) == (0, {})
                visit(browser, product, front.url)
            samples = {name: value for name, value in scrape(front.admin).items() if value}
            assert not any(
                'action="block"' in name or 'action="strip"' in name for name in samples if "cookies_total" in name
            )
            # A browser that leaves a page cancels its requests, which are errors of the client.
            assert [name for name in samples if "errors_total" in name and "client_errors" not in name] == []

        if product.stricter is None:
            return
        policy.write_text(re.sub(*product.stricter, draft))
        assert policy.read_text() != draft
        code, told = run(["cookiewarden", "key", "new", "seal.key"], tmp_path)
        assert code == 0, told
        with proxy(tmp_path, port, "--seal-key-file", "seal.key") as front:
            visit(browser, product, front.url)  # in report mode everything works
            code, told = front.forecast()
            announced = [one for name, one in front.unsafe().items() if fnmatchcase(name, product.announced)]
            assert code == 1 and announced and all(product.announced_as in one["advice"] for one in announced), told
            front.enforce()
            assert not works(browser, product, front.url), f"announced, but it works: {told}"
