"""The command as a process of its own: to start it, to find a port for it, to ask whether it is ready and what it counts."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO


def command(
    *arguments: str, output: IO[str] | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen:
    """What it prints goes to pipes, or all of it to `output`. `environment` is added to that of the tests."""
    return subprocess.Popen(
        [sys.executable, "-m", "cookiewarden", *arguments],
        stdout=output or subprocess.PIPE,
        stderr=output or subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ready(admin: int) -> int:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz", timeout=2).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def scrape(admin: int) -> dict[str, float]:
    """Every sample of a scrape."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=20).read().decode()
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}
