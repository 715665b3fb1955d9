"""Jupyter Server (Python): the port is a part of a cookie's name, and a CSRF cookie that scripts read."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.apps.behind import running
from tests.apps.products.product import Product
from tests.support.process import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOKEN = "token-for-tests"
MAKE = """async () => (await fetch("api/contents", {
  method: "POST", body: JSON.stringify({type: "directory"}),
  headers: {"X-XSRFToken": (document.cookie.match(/\\b_xsrf=([^;]*)/) || [])[1]},
})).status"""
"""Make a folder, with the header that JupyterLab's scripts send."""


@contextlib.contextmanager
def jupyter_server(folder: Path) -> Iterator[int]:
    """Yields its port. Its files are in `folder`."""
    port = free_port()
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    folders = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    with running(command, folder, f"http://127.0.0.1:{port}/api", **folders, PYTHONWARNINGS="ignore"):
        yield port


def clicks(page: "Page", url: str) -> None:
    page.goto(f"{url}/login?next=/api")
    page.fill("#password_input", TOKEN)
    page.click("#login_submit")
    page.wait_for_url(f"{url}/api")
    page.goto(f"{url}/api/contents")
    assert "writable" in page.inner_text("body")
    page.goto(f"{url}/login")  # scripts of /api cannot send requests
    assert page.evaluate(MAKE) == 201


def leave(page: "Page", url: str) -> None:
    page.goto(f"{url}/logout")
    page.goto(f"{url}/api/contents")
    assert "Forbidden" in page.inner_text("body")


JUPYTER = Product(
    "Jupyter Server", jupyter_server, clicks, leave, cookies=("username-*", "_xsrf"), entries=("username-*", "_xsrf"),
    stricter=(r"(?m)^    http_only: keep.*\n", ""), announced="_xsrf", announced_as="HttpOnly added",
)  # fmt: skip
