"""Write the pictures of the documents: the status page, the report and the statement, light and dark.

    make pictures

They show the demo after real traffic, in Chromium, with a Prometheus that scrapes it. Needs Debian's chromium and
prometheus."""

import argparse
import random
import shutil
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.deploy.server import prometheus
from tests.support.chromium import CHROMIUM, FLAGS
from tests.support.command import run
from tests.support.process import free_port, ready, start_process
from tests.support.wait import eventually

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "deploy" / "pictures"
SIZE = {"width": 960, "height": 720}
MARGIN = 16
"""Pixels above the part that a picture shows."""


def visit(site: str, seconds: float) -> None:
    """Go round the demo as visitors do, more of them in the middle of the time."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        for path in random.choices(["/home", "/tools", "/cookies", "/login"], [6, 2, 1, 1], k=3):
            request = urllib.request.Request(site + path, headers={"Cookie": "wosid=1; _ga=2; _fbp=3"})
            if path == "/login":
                request.data = b"user=demo"
            urllib.request.urlopen(request, timeout=10).read()
        time.sleep(0.02 + 0.3 * abs(2 * passed / seconds - 1) * random.random())


def shoot(browser: Browser, name: str, address: str, first: str, last: str) -> None:
    """Write a page's picture in both colour schemes, from one element to another, which selectors name."""
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme, viewport=SIZE, device_scale_factor=1)
        page = context.new_page()
        page.goto(address, wait_until="networkidle")
        path = PICTURES / f"{name}-{scheme}.png"
        begin, end = page.locator(first).bounding_box(), page.locator(last).bounding_box()
        assert begin and end, name
        top = max(0, begin["y"] - MARGIN)
        height = end["y"] + end["height"] - top
        page.screenshot(path=path, full_page=True, clip={"x": 0, "y": top, "width": SIZE["width"], "height": height})
        context.close()


def main(seconds: float) -> None:
    assert CHROMIUM and shutil.which("prometheus"), "needs Debian's chromium and prometheus"
    listen, admin, app = free_port(), free_port(), free_port()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as found:
        folder = Path(found)
        demo = start_process(
            "demo", "--listen", str(listen), "--admin", str(admin), "--app", str(app), output=(folder / "log").open("w")
        )
        try:
            assert eventually(lambda: ready(admin) == 200)
            with prometheus(folder / "prometheus", admin, "groups: []") as asked:
                visit(f"http://127.0.0.1:{listen}", seconds)
                report = folder / "report.html"
                policy = ROOT / "policies" / "carerix.yaml"
                code, _, errors = run(
                    "report", "--prometheus", asked.url, "--since", "10min", "--policy", policy,
                    "--inventory", f"http://127.0.0.1:{admin}", "--format", "html", "--output", report,
                )  # fmt: skip
                assert code == 0, errors
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                shoot(browser, "status", f"http://127.0.0.1:{admin}/", "h1", "section[aria-labelledby=broken] .scroll")
                statement = f"http://127.0.0.1:{listen}/cookie-statement"
                shoot(browser, "statement", statement, "#cookies", "section[aria-labelledby=cookies] tr >> nth=7")
                rows = "section[aria-labelledby=declared] tbody tr"
                shoot(browser, "report", report.as_uri(), "h1", f"{rows} >> nth=2")
                browser.close()
        finally:
            demo.terminate()
            demo.wait(20)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=150, help="how long the traffic lasts")
    main(parser.parse_args().seconds)
