"""Checks of the proxy's own pages: script errors, foreign resources, width, accessibility."""

from pathlib import Path

from playwright.sync_api import Browser, Page

AXE = Path(__file__).parents[2] / ".venv" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"wide": 1280, "narrow": 360}


def opened(browser: Browser, url: str, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Page:
    """Open a page; `page.wrong` lists its errors."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=scripts,
        bypass_csp=False,
    )
    page = context.new_page()
    page.wrong = []  # type: ignore[attr-defined]
    page.on(
        "console",
        lambda message: page.wrong.append(message.text) if message.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(url.rstrip("/")) or request.url.startswith("data:")
            else page.wrong.append(request.url)
        ),
    )
    page.goto(url)
    return page


def fits(page: Page) -> bool:
    """Return whether the page fits its width."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def violations(browser: Browser, url: str, width: int, scheme: str) -> list[str]:
    """Return the violations that axe finds, by its rules for WCAG 2.2 AA and for best practice."""
    assert AXE.exists(), "make test-browser installs axe-core from npm"
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(url)
    page.add_script_tag(content=AXE.read_text())
    found = page.evaluate("axe.run()")
    context.close()
    assert len(found["passes"]) > 15
    return [f"{v['id']}: {node['html'][:200]}" for v in found["violations"] for node in v["nodes"]]
