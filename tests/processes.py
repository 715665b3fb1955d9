"""The command as a process of its own: to start it, to find a port for it, to ask whether it is ready."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request


def command(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "cookiewarden", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ready(admin: int) -> int:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz").status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
