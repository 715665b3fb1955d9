"""MediaWiki (PHP): each saved edit sets a cookie whose name has the number of the revision."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.apps.behind import program, running
from tests.apps.products.product import Product
from tests.support.process import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = "/usr/share/mediawiki"
USER, PASSWORD = "Admin", "correct-horse-battery"


@contextlib.contextmanager
def mediawiki(folder: Path) -> Iterator[int]:
    port, php = free_port(), program("php", "Debian's php-cli and php-sqlite3")
    installer = program(f"{ROOT}/maintenance/install.php", "Debian's mediawiki")
    subprocess.run(
        [php, installer, "--dbtype=sqlite", f"--dbpath={folder}", "--dbname=wiki", f"--confpath={folder}", "--scriptpath=",
         f"--server=http://127.0.0.1:{port}", f"--pass={PASSWORD}", "Wiki", USER],
        check=True, capture_output=True,
    )  # fmt: skip
    settings = folder / "LocalSettings.php"
    with settings.open("a") as file:
        file.write('\n$wgServer = "http://" . ($_SERVER["HTTP_HOST"] ?? "127.0.0.1");\n')  # as the browser names it
    command = [php, "-d", "opcache.enable_cli=1", "-S", f"127.0.0.1:{port}", "-t", ROOT]
    with running(
        command, folder, f"http://127.0.0.1:{port}/index.php?title=Special:Version", MW_CONFIG_FILE=str(settings)
    ):
        yield port


def clicks(page: "Page", url: str) -> None:
    page.goto(f"{url}/index.php?title=Special:UserLogin")
    page.fill("#wpName1", USER)
    page.fill("#wpPassword1", PASSWORD)
    page.check("#wpRemember")
    page.click("#wpLoginAttempt")
    page.wait_for_selector("#pt-logout")
    for number in range(3):
        page.goto(f"{url}/index.php?title=Diary&action=edit")
        page.fill("#wpTextbox1", f"entry {number} at {url}")
        page.click("#wpSave")
        page.wait_for_selector(".postedit, .mw-notification")  # by the cookie of the revision
        assert f"entry {number} at {url}" in page.inner_text("#mw-content-text")


def leave(page: "Page", url: str) -> None:
    page.goto(f"{url}/index.php?title=Special:UserLogout")
    page.click("#mw-content-text button[type=submit], #mw-content-text input[type=submit]")
    page.goto(f"{url}/index.php?title=Special:Watchlist")
    assert page.is_visible("#pt-login, #pt-login-2")


MEDIAWIKI = Product(
    "MediaWiki", mediawiki, clicks, leave, cookies=("wiki_session", "wikiUserID", "wikiUserName", "wikiToken"),
    entries=("wiki_session", "wikiPostEditRevision*"),
    stricter=(r'(?m)^  - name: "wikiPostEditRevision\*"\n(?:    .*\n)+', ""), announced="wikiPostEditRevision*",
    announced_as="undeclared",
)  # fmt: skip
