"""Syncthing (Go): an AngularJS page reads a CSRF cookie whose name has the device, and sends it in a header."""

import contextlib
import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.apps.behind import program, running
from tests.apps.products.product import Product
from tests.support.process import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

USER, PASSWORD = "admin", "secret"
NUMBERS = itertools.count(1)


@contextlib.contextmanager
def syncthing(folder: Path) -> Iterator[int]:
    port, found = free_port(), program("syncthing", "Debian's syncthing")
    home = f"--home={folder}"
    subprocess.run(
        [found, "generate", home, "--no-default-folder", "--skip-port-probing", f"--gui-user={USER}", f"--gui-password={PASSWORD}"],
        check=True, capture_output=True,
    )  # fmt: skip
    config = folder / "config.xml"
    text = config.read_text().replace("<listenAddress>default", "<listenAddress>tcp://127.0.0.1:0")
    for name in ("globalAnnounce", "localAnnounce", "relays", "nat", "crashReporting"):  # it stays on this machine
        text = text.replace(f"<{name}Enabled>true", f"<{name}Enabled>false")
    config.write_text(text.replace("<urAccepted>0", "<urAccepted>-1"))
    command = [found, "serve", home, "--no-browser", "--no-restart", "--no-upgrade", f"--gui-address=http://127.0.0.1:{port}"]  # fmt: skip
    with running(command, folder, f"http://127.0.0.1:{port}/"):
        yield port


def clicks(page: "Page", url: str) -> None:
    name = f"folder-{next(NUMBERS)}"
    page.goto(url)
    page.click("button:has-text('Add Folder')")
    page.fill("#folderID", name)
    page.fill("#folderPath", "/nonexistent/for/tests")
    page.click("#editFolder button:has-text('Save')")
    page.wait_for_selector(f"#folders :text('{name}')")
    page.reload()
    page.wait_for_selector(f"#folders :text('{name}')")


def leave(page: "Page", url: str) -> None:
    """Do nothing, because the browser keeps the password of HTTP authentication."""


SYNCTHING = Product(
    "Syncthing", syncthing, clicks, leave, cookies=("sessionid-*", "CSRF-Token-*"), entries=(),
    context={"http_credentials": {"username": USER, "password": PASSWORD}},
    stricter=(r"(?m)^    http_only: keep.*\n", ""), announced="CSRF-Token-*", announced_as="HttpOnly added",
)  # fmt: skip
