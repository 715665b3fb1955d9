"""The command as a separate process: functions to start it, find a port, and read its readiness and metrics.

A process takes half a second to start, and more on a busy machine: `tests.support.command` runs a command without one.
"""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from tests.support.wait import PATIENCE


def start_process(
    *arguments: str,
    output: IO[str] | None = None,
    environment: Mapping[str, str] | None = None,
    before: str = "",
    **options: Any,
) -> subprocess.Popen:
    """Start `cookiewarden ARGUMENTS`. Its output goes to pipes, or to `output`. `environment` is added to the
    environment of the tests. `before` is a statement that runs first, for example to shorten a fixed time."""
    program = ["-c", f"{before}\nfrom cookiewarden.start import main\nmain()"] if before else ["-m", "cookiewarden"]
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdout=output or subprocess.PIPE,
        stderr=output or subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        **options,
    )


def ended(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, and return its output. Callers give a reason for the process in a comment, because our
    own commands can usually run without one."""
    streams = {} if {"stdout", "stderr"} & options.keys() else {"capture_output": True}
    return subprocess.run(list(map(str, words)), **{"text": True, "timeout": PATIENCE, **streams, **options})


def free_port() -> int:
    """Find a port that stays free for a minute and that the kernel does not assign again.

    The kernel may assign a port that was only bound to another connection or test. It does not assign a port in
    TIME_WAIT, but a process that sets SO_REUSEADDR can still listen at it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            listening.accept()[0].close()  # the side that closes first is in TIME_WAIT
    return port


def ready(admin: int) -> int:
    """Return the status of /readyz; 0 without an answer, for example while the proxy waits for its workers."""
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz", timeout=2).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def children(pid: int) -> list[int]:
    """Return the ids of the processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def scrape(admin: int) -> dict[str, float]:
    """Return every sample of a scrape."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=PATIENCE).read().decode()
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}
