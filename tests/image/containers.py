"""podman and buildah in a storage folder of the tests, with settings that work inside a container without systemd."""

import contextlib
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONTAINERS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"

[network]
network_backend = "netavark"
"""
STORAGE = """
[storage]
driver = "vfs"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""
HARDENED = ("--read-only", "--cap-drop", "ALL", "--user", "65532")
TIMEOUT = 2000
"""Seconds that a command may take; a build takes four minutes on a quiet machine."""


class Failed(Exception):
    """A command of podman or buildah failed."""


class Containers:
    """Runs the programs of containers with one configuration."""

    def __init__(self, folder: Path) -> None:
        """`folder`: keeps images and containers between runs, so that the layers are built once."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "containers.conf").write_text(CONTAINERS)
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
        self.environment = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }

    def ended(self, *words: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, and return its exit code and output."""
        return subprocess.run(
            words, input=stdin, capture_output=True, text=True, cwd=cwd, env=self.environment, timeout=TIMEOUT
        )

    def run(self, *words: str, stdin: str = "", cwd: Path | None = None) -> str:
        """Run a program and return its output. Raises Failed unless it ends with code 0."""
        ran = self.ended(*words, stdin=stdin, cwd=cwd)
        if ran.returncode:
            raise Failed(f"{' '.join(words)} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
        return ran.stdout.strip()

    def has(self, image: str) -> bool:
        return self.ended("podman", "image", "exists", image).returncode == 0

    @contextlib.contextmanager
    def started(self, image: str, *options: str, command: tuple[str, ...] = ()) -> "Iterator[Container]":
        """Start a container, and remove it at the end."""
        name = f"cookiewarden-{uuid.uuid4().hex[:12]}"
        self.run("podman", "run", "--detach", "--name", name, *options, image, *command)
        try:
            yield Container(self, name)
        finally:
            self.ended("podman", "rm", "--force", "--time", "0", name)


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs, or has run."""

    containers: Containers
    name: str

    def inspect(self, template: str) -> str:
        """Return a fact of the container, such as `{{.State.Pid}}`."""
        return self.containers.run("podman", "inspect", "--format", template, self.name)

    def inside(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the container."""
        return self.containers.ended("podman", "exec", self.name, *words)

    def logs(self) -> str:
        ran = self.containers.ended("podman", "logs", self.name)
        return ran.stdout + ran.stderr
