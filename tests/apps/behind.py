"""A real application and the proxy in front of it, each a separate process."""

import contextlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.support.process import free_port, ready, start_process
from tests.support.wait import PATIENCE, eventually

HERE = Path(__file__).parent


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=PATIENCE)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@contextlib.contextmanager
def running(arguments: list[str], cwd: Path, url: str, **environment: str) -> Iterator[None]:
    """Start an application and wait until it answers."""
    with (cwd / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=cwd, stdout=log, stderr=log, env={**os.environ, **environment}
        )
    try:
        assert eventually(lambda: answers(url)), (cwd / "log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextlib.contextmanager
def proxied(policy: Path, port: int) -> Iterator[tuple[str, str]]:
    """Yields the URL of the proxy in front of the application on `port`, and the URL of its metrics."""
    listen, admin = free_port(), free_port()
    process = start_process(
        "run", "--policy", str(policy), "--upstream", f"http://127.0.0.1:{port}", "--listen", str(listen), "--admin", str(admin)
    )  # fmt: skip
    try:
        assert eventually(lambda: ready(admin) == 200)
        yield f"http://127.0.0.1:{listen}", f"http://127.0.0.1:{admin}/metrics"
    finally:
        process.terminate()
        _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and '"level": "error"' not in error, error


def counted(metrics: str) -> dict[str, float]:
    """Return every sample of a scrape that is not 0."""
    text = urllib.request.urlopen(metrics).read().decode()
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples if float(value)}
