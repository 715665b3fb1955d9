"""Redmine (Ruby on Rails): the whole session is in an encrypted cookie, which grows to almost 4096 bytes."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.apps.behind import program, running
from tests.apps.products.product import Product
from tests.support.process import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = "/usr/share/redmine"
FILTER = 1500
"""Characters of a filter in the list of issues. Rails encodes them twice, to about 3500 bytes."""


@contextlib.contextmanager
def redmine(folder: Path) -> Iterator[int]:
    port, ruby = free_port(), program("ruby", "Debian's redmine")
    program(f"{ROOT}/config.ru", "Debian's redmine")
    # A copy, because Debian's instance belongs to the web server's user. Its scripts are links to other packages.
    root = folder / "redmine"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("instances"))
    with (root / "Gemfile").open("a") as file:
        file.write('gem "webrick"\n')
    instance = root / "instances" / "default"
    for name in ("config", "files", "log", "tmp", "public"):
        (instance / name).mkdir(parents=True)
    database = instance / "db.sqlite3"
    (instance / "config" / "database.yml").write_text(f"production: {{adapter: sqlite3, database: {database}}}\n")
    (instance / "config" / "secret_key.txt").write_text("for tests only " * 8)
    environment = {"RAILS_ENV": "production", "REDMINE_LANG": "en"}
    subprocess.run([ruby, "bin/rake", "db:migrate", "redmine:load_default_data"], check=True, capture_output=True, cwd=root, env={**os.environ, **environment})  # fmt: skip
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE users SET must_change_passwd = 0 WHERE login = 'admin'")
    command = [ruby, "bin/rails", "server", "-u", "webrick", "-b", "127.0.0.1", "-p", str(port), "-P", str(folder / "pid")]  # fmt: skip
    with running(command, root, f"http://127.0.0.1:{port}/login", **environment):
        yield port


def clicks(page: "Page", url: str) -> None:
    page.goto(f"{url}/login")
    page.fill("#username", "admin")
    page.fill("#password", "admin")
    page.click("#login-submit")
    assert "admin" in page.inner_text("#loggedas")
    page.goto(f"{url}/issues?set_filter=1&f[]=subject&op[subject]=~&v[subject][]={'x' * FILTER}")
    page.goto(f"{url}/issues")
    assert len(page.input_value("#values_subject")) == FILTER, "the filter is lost"


def leave(page: "Page", url: str) -> None:
    page.click("a.logout")
    page.wait_for_selector("a.login")


REDMINE = Product(
    "Redmine", redmine, clicks, leave, cookies=("Redmine",), entries=("Redmine",),
    stricter=(r"(?m)^  - name: Redmine$", "  - name: Redmine\n    seal: true"), announced="Redmine",
    announced_as="sealed values have more than 4096 bytes",
)  # fmt: skip
