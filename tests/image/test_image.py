"""The image in podman: hardened, compiled, and with the habits that an orchestrator relies on."""

import contextlib
import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.containers import HARDENED, Container, Containers
from tests.support.client import Client
from tests.support.origin import Origin, OriginConnection
from tests.support.process import free_port, ready
from tests.support.wait import PATIENCE, eventually

pytestmark = [pytest.mark.image, pytest.mark.timeout(2400)]  # the first test builds the image

MAX_ADDED = 100_000_000
"""Octets that the image may add to its base; deploy/README.md states the size."""
POLICY = "version: 1\npolicy: {name}\ncookies:\n  - {{name: sid, purpose: x, lifetime: session, secure: true}}\n"


def answer(connection: OriginConnection) -> None:
    while True:
        head = connection.read_head()
        if head.startswith(b"GET /slow "):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            time.sleep(3)
            connection.send(b"cd")
            continue
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=1; Path=/\r\nSet-Cookie: tracker=1\r\n\r\nok"
        )


@pytest.fixture
def origin() -> Iterator[Origin]:
    found = Origin(answer)
    yield found
    found.close()


class Proxy:
    """The image in front of an origin, with ports of the host's network."""

    def __init__(self, container: Container, port: int, admin: int) -> None:
        self.container, self.port, self.admin = container, port, admin

    def get(self, path: str = "/") -> str:
        """Return the head of an answer."""
        client = Client(self.port)
        client.send(f"GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n".encode())
        with client.socket:
            return client.read_all().decode()

    def metrics(self) -> str:
        return read(self.admin, "/metrics")


def read(admin: int, path: str) -> str:
    """Return a page of an admin listener."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}{path}", timeout=PATIENCE) as answered:
        text: str = answered.read().decode()
    return text


@contextlib.contextmanager
def proxy_of(containers: Containers, image: str, origin: Origin, policy: Path, *options: str) -> Iterator[Proxy]:
    port, admin = free_port(), free_port()
    environment = {
        "COOKIEWARDEN_UPSTREAM": f"http://127.0.0.1:{origin.port}",
        "COOKIEWARDEN_LISTEN": f"127.0.0.1:{port}",
        "COOKIEWARDEN_ADMIN": f"127.0.0.1:{admin}",
        "COOKIEWARDEN_POLICY": "/etc/cookiewarden/policy.yaml",
    }
    given = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    mount = ("--volume", f"{policy}:/etc/cookiewarden:ro")
    with containers.started(image, "--network", "host", *HARDENED, *given, *mount, *options) as container:
        assert eventually(lambda: ready(admin) == 200), container.logs()
        yield Proxy(container, port, admin)


def written(folder: Path, name: str = "first") -> Path:
    """Write a policy as Kubernetes mounts a ConfigMap: a link to a link to a folder with a new name."""
    data = folder / f"..{name}"
    data.mkdir(parents=True)
    (data / "policy.yaml").write_text(POLICY.format(name=name))
    (folder / "..data.new").symlink_to(data.name)
    os.replace(folder / "..data.new", folder / "..data")
    if not (folder / "policy.yaml").is_symlink():
        (folder / "policy.yaml").symlink_to("..data/policy.yaml")
    folder.chmod(0o755)
    return folder


@pytest.fixture
def proxy(containers: Containers, image: str, origin: Origin, tmp_path: Path) -> Iterator[Proxy]:
    with proxy_of(containers, image, origin, written(tmp_path / "policy")) as found:
        yield found


def test_the_image_runs_machine_code(containers: Containers, image: str) -> None:
    version = containers.run("podman", "run", "--rm", "--network", "none", *HARDENED, image, "--version")
    assert version.startswith("cookiewarden, version ") and version.endswith(" (compiled)")


def test_the_image_adds_at_most_a_hundred_megabytes_to_its_base(containers: Containers, image: str, base: str) -> None:
    sizes = [int(containers.run("podman", "image", "inspect", "--format", "{{.Size}}", name)) for name in (image, base)]
    print(f"the image has {sizes[0] / 1e6:.0f} MB, its base {sizes[1] / 1e6:.0f} MB")
    assert 0 < sizes[0] - sizes[1] <= MAX_ADDED


def test_the_image_has_neither_compiler_nor_pip(containers: Containers, image: str) -> None:
    script = "command -v gcc cc make; ls /opt/cookiewarden/bin/pip* 2>/dev/null; true"
    run = ("podman", "run", "--rm", "--network", "none", *HARDENED, "--entrypoint", "/bin/sh", image, "-c", script)
    assert containers.run(*run) == ""


def test_the_proxy_enforces_without_capabilities_on_a_read_only_root(proxy: Proxy) -> None:
    head = proxy.get()
    assert "Set-Cookie: sid=1; Path=/; Secure\r\n" in head and "tracker" not in head
    assert 'cookiewarden_build_info{compiled="true"' in proxy.metrics()
    process = Path("/proc", proxy.container.inspect("{{.State.Pid}}"), "status").read_text()
    status = dict(line.split(":\t", 1) for line in process.splitlines() if ":\t" in line)
    assert status["Uid"].split() == ["65532"] * 4 and status["Gid"].split()[0] != "65532"
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert proxy.container.inside("touch", "/opt/cookiewarden/x").returncode != 0


def test_the_health_check_follows_readiness(proxy: Proxy, containers: Containers) -> None:
    assert containers.ended("podman", "healthcheck", "run", proxy.container.name).returncode == 0
    # A proxy elsewhere does not answer at this address.
    assert proxy.container.inside("cookiewarden", "health", f"127.0.0.1:{free_port()}").returncode != 0


def test_sigterm_ends_the_proxy_after_the_requests_that_it_serves(proxy: Proxy, containers: Containers) -> None:
    client = Client(proxy.port)
    client.send(b"GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    assert client.read_until(b"ab")
    containers.run("podman", "kill", "--signal", "TERM", proxy.container.name)
    with client.socket:
        assert client.read_all().endswith(b"cd")
    assert eventually(lambda: proxy.container.inspect("{{.State.Status}}") == "exited")
    assert proxy.container.inspect("{{.State.ExitCode}}") == "0", proxy.container.logs()


def test_a_changed_config_map_takes_effect_without_a_new_container(proxy: Proxy, tmp_path: Path) -> None:
    assert 'policy="first"' in proxy.metrics()
    written(tmp_path / "policy", "second")
    assert eventually(lambda: 'cookiewarden_policy_info{policy="second"' in proxy.metrics()), proxy.container.logs()


def test_an_inventory_in_a_volume_survives_its_container(
    containers: Containers, image: str, origin: Origin, tmp_path: Path
) -> None:
    folder = written(tmp_path / "policy")
    volume = containers.run("podman", "volume", "create")
    options = (
        "--volume", f"{volume}:/var/lib/cookiewarden",
        "--env", "COOKIEWARDEN_INVENTORY_FILE=/var/lib/cookiewarden/inventory.json",
    )  # fmt: skip
    try:
        with proxy_of(containers, image, origin, folder, *options) as first:
            first.get()
            containers.run("podman", "stop", "--time", "30", first.container.name)
        with proxy_of(containers, image, origin, folder, *options) as second:
            assert '"tracker"' in read(second.admin, "/inventory")
    finally:
        containers.run("podman", "volume", "rm", "--force", volume)
