"""Etherpad (Node, Express): scripts set the cookies of the author and of the view, and read them at the next visit."""

import contextlib
import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.apps.behind import program, running
from tests.apps.products.product import Product
from tests.support.process import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODULES = Path(__file__).parents[3] / ".venv" / "npm-apps" / "node_modules"
USER, PASSWORD = "admin", "secret"
NUMBERS = itertools.count(1)


@contextlib.contextmanager
def etherpad(folder: Path) -> Iterator[int]:
    port, node = free_port(), program("node", "Debian's nodejs")
    package = program(str(MODULES / "ep_etherpad-lite"), "it from npm by make test-apps")
    # Etherpad requires the layout of its repository: itself below `src`, with its modules, and itself as a plugin.
    source = folder / "src"
    shutil.copytree(package, source, ignore=shutil.ignore_patterns("node_modules"))
    for modules in (folder / "node_modules", source / "node_modules"):
        modules.mkdir()
        (modules / "ep_etherpad-lite").symlink_to(source)
    for module in MODULES.iterdir():
        if module.name != "ep_etherpad-lite":
            (source / "node_modules" / module.name).symlink_to(module)
    settings = {
        "ip": "127.0.0.1", "port": port, "dbType": "dirty", "dbSettings": {"filename": str(folder / "db")}, "minify": False,
        "requireAuthentication": True, "users": {USER: {"password": PASSWORD, "is_admin": True}},
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    command = [node, "src/node/server.js", "--settings", str(folder / "settings.json")]
    with running(command, folder, f"http://127.0.0.1:{port}/", NODE_ENV="production"):
        yield port


def clicks(page: "Page", url: str) -> None:
    text = f"visit {next(NUMBERS)}"
    page.goto(f"{url}/p/{text.replace(' ', '-')}")
    inner = page.frame_locator("iframe[name=ace_outer]").frame_locator("iframe[name=ace_inner]")
    inner.locator("#innerdocbody").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.click("[data-key=settings]")
    page.click("label[for=options-linenoscheck]")
    author = inner.locator("span[class*=author]").first.get_attribute("class")
    page.wait_for_timeout(1500)  # changes are sent twice a second
    page.reload()
    inner.locator(f"span:has-text('{text}')").first.wait_for()
    assert inner.locator("span[class*=author]").first.get_attribute("class") == author
    assert not page.is_checked("#options-linenoscheck")


def leave(page: "Page", url: str) -> None:
    """Do nothing, because the browser keeps the password of HTTP authentication."""


ETHERPAD = Product(
    "Etherpad", etherpad, clicks, leave, cookies=("express_sid", "token", "prefsHttp"), entries=("express_sid", "token", "prefsHttp"),
    context={"http_credentials": {"username": USER, "password": PASSWORD}},
)  # fmt: skip
