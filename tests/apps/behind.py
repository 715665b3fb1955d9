"""A real application and the proxy in front of it, each a separate process."""

import contextlib
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def program(name: str, package: str) -> str:
    """Return the path of a program or file; without it, the test fails and names the package that has it."""
    found = shutil.which(name) or (name if Path(name).exists() else None)
    if found is None:
        pytest.fail(f"no {name}: install {package} (make test-apps needs it)")
    return found


@contextlib.contextmanager
def running(command: list[str], cwd: Path, url: str, **environment: str) -> Iterator[None]:
    """Start an application, wait until it answers, and end it with its children."""
    with (cwd / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=cwd, stdout=log, stderr=log, env={**os.environ, **environment}, start_new_session=True
        )
    try:
        # answers() is not asked of a process that has ended, because another process may have got its port.
        assert eventually(lambda: process.poll() is not None or answers(url)), (cwd / "log").read_text()
        assert process.poll() is None, (cwd / "log").read_text()
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(PATIENCE / 10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
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
