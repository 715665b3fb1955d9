"""A command as a process, whose output must hold no value and no traceback."""

import subprocess
import sys
from pathlib import Path


def quietly(command: str, *arguments: object, cwd: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    ran = subprocess.run(
        [sys.executable, "-m", "cookiewarden", command, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
    )
    assert "Traceback" not in ran.stderr and "CANARY" not in ran.stdout + ran.stderr
    return ran.returncode, ran.stdout, ran.stderr
