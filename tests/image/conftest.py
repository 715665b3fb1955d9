"""The image, built from the Dockerfile once for all tests. A missing program fails the tests with its package."""

import os
import shutil
from pathlib import Path

import pytest

from tests.image.containers import Containers

ROOT = Path(__file__).parents[2]
BASE = "python:3.13-slim"
IMAGE = "localhost/cookiewarden"
PACKAGES = {
    "buildah": "Debian's buildah",
    "debootstrap": "Debian's debootstrap",
    "podman": "Debian's podman, netavark and aardvark-dns",
    "podman-compose": "Debian's podman-compose",
    "prometheus": "Debian's prometheus",
    "runc": "Debian's runc",
}


@pytest.fixture(scope="session")
def containers() -> Containers:
    for program, package in PACKAGES.items():
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not installed: {package}")
    return Containers(ROOT / ".venv" / "containers")


@pytest.fixture(scope="session")
def base(containers: Containers) -> str:
    """The base image: the public one, or one of its name from Debian's packages."""
    name = f"docker.io/library/{BASE}"
    if not containers.has(name) and containers.ended("podman", "pull", "--quiet", name).returncode:
        print(containers.run(str(ROOT / "tests" / "image" / "base.sh"), BASE))
    return name


@pytest.fixture(scope="session")
def image(containers: Containers, base: str) -> str:
    """The image as `make image` builds it. The build uses the host's network and certificate authorities."""
    flags = "--network host --isolation chroot"
    if os.path.isdir("/etc/ssl/certs"):
        flags += " --volume /etc/ssl/certs:/etc/ssl/certs:ro"
    containers.run("make", "image", f"IMAGE={IMAGE}", f"IMAGE_FLAGS={flags}", cwd=ROOT)
    return IMAGE


@pytest.fixture(scope="session")
def bridge(containers: Containers, image: str) -> None:
    """Skip the test, with podman's error, on a machine whose kernel has no networks for containers."""
    containers.ended("podman", "network", "create", "cookiewarden-try")
    ran = containers.ended("podman", "run", "--rm", "--network", "cookiewarden-try", image, "--version")
    containers.ended("podman", "network", "rm", "--force", "cookiewarden-try")
    if ran.returncode:
        pytest.skip(f"networks of containers do not work here: {ran.stderr.strip()[-300:]}")


@pytest.fixture(scope="session")
def prometheus_image(containers: Containers, base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image that compose names, made from Debian's package unless it can be pulled."""
    name = "docker.io/prom/prometheus:v3.5.0"
    if not containers.has(name) and containers.ended("podman", "pull", "--quiet", name).returncode:
        folder = tmp_path_factory.mktemp("prometheus")
        shutil.copy(shutil.which("prometheus") or "", folder / "prometheus")
        dockerfile = str(ROOT / "tests" / "image" / "Prometheus.Dockerfile")
        containers.run(
            "buildah", "build", "--quiet", "--isolation", "chroot", "-f", dockerfile, "-t", name, str(folder)
        )
    return name
