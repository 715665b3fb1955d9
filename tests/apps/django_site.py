"""A Django project with only its admin site, as a separate process."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.apps.behind import HERE, running
from tests.support.process import free_port

SITE = HERE / "site"
USER, PASSWORD = "admin", "secret"


@contextlib.contextmanager
def django_site(folder: Path) -> Iterator[int]:
    """Yields its port. Its database and its files are in `folder`."""
    port = free_port()
    environment = {
        "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(SITE), "SITE_FOLDER": str(folder),
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD, "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    for arguments in (("migrate", "--run-syncdb"), ("createsuperuser", "--noinput", "--username", USER, "--email", "a@example.org")):  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "django", *arguments], check=True, cwd=folder, env={**os.environ, **environment}, capture_output=True,
        )  # fmt: skip
    command = [sys.executable, "-m", "django", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with running(command, folder, f"http://127.0.0.1:{port}/tracked", **environment):
        yield port
