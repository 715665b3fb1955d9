"""Real Envoy with the processor, by the configuration that `cookiewarden envoy` prints."""

import contextlib
import dataclasses
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cookiewarden.core.policy.policy import Policy
from cookiewarden.tools.envoy.hosts import Wish, configuration
from cookiewarden.tools.envoy.names import Host
from cookiewarden.tools.envoy.processor import Processor
from tests.support.process import free_port, ready, scrape, start_process
from tests.support.wait import PATIENCE, eventually

VENV = Path(sys.executable).parent.parent
ENVOYS = {"1.40": VENV / "bin" / "envoy", "1.37": VENV / "envoy-1.37" / "bin" / "envoy"}
"""The newest Envoy and the oldest supported one."""
Edit = Callable[[dict[str, Any]], None]


@dataclass
class Running:
    """Envoy in front of an application, with the processor."""

    version: str
    port: int
    admin: int
    """Envoy's admin port."""
    processor_admin: int
    envoy: subprocess.Popen
    processor: subprocess.Popen
    folder: Path
    arguments: tuple[str, ...]
    """The command line of the processor."""

    def stats(self, containing: str = "ext_proc") -> dict[str, int]:
        """Return Envoy's counters whose name has a text and whose value is not 0."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/stats?usedonly", timeout=PATIENCE).read().decode()
        lines = (line.rpartition(": ") for line in text.splitlines() if containing in line)
        return {name.rpartition(".")[2]: int(value) for name, _, value in lines if value.isdigit() and value != "0"}

    def metrics(self) -> dict[str, float]:
        """Return the processor's metrics."""
        return scrape(self.processor_admin)

    @property
    def told(self) -> str:
        return (self.folder / "processor.log").read_text()

    @property
    def access_log(self) -> str:
        return (self.folder / "envoy.out").read_text()

    def reload_envoy(self) -> None:
        """Start a new Envoy that takes over the sockets of the running one, and wait for the end of that one."""
        more = (*_base(self.port), "--restart-epoch", "1")
        with (self.folder / "envoy.out").open("a") as out:
            started = subprocess.Popen(command(self.version, self.folder / "envoy.yaml", *more), stdout=out, stderr=out)
        self.envoy.wait(PATIENCE)
        self.envoy = started

    def restart_processor(self) -> None:
        self.processor = _processor(self.folder, self.arguments, self.processor_admin)


def wanted(policy: Policy, folder: Path, upstream: int, observe: bool = False, port: int = 0) -> tuple[Wish, int]:
    """Return the configuration's wish for this machine, and the port of Envoy."""
    port = port or free_port()
    socket = Processor(socket=str(folder / "s"))
    return Wish(policy, socket, ("127.0.0.1", port), ("127.0.0.1", upstream), observe=observe), port


@contextlib.contextmanager
def running(
    version: str,
    policy: Policy,
    path: Path,
    folder: Path,
    upstream: int,
    *flags: str,
    observe: bool = False,
    edit: Edit | None = None,
    processor: Processor | None = None,
    before: str = "",
) -> Iterator[Running]:
    """Start the processor and Envoy, and wait until both are ready. `edit` changes Envoy's configuration."""
    wish, port = wanted(policy, folder, upstream, observe)
    if processor is not None:
        wish = dataclasses.replace(wish, processor=processor)
    admin, processor_admin = free_port(), free_port()
    address = f"unix:{wish.processor.socket}" if wish.processor.socket else f"127.0.0.1:{wish.processor.port}"
    arguments = ("run", "--extproc", address, "--policy", str(path), "--admin", f"127.0.0.1:{processor_admin}", *flags)
    config = yaml.safe_load(configuration(Host.ENVOY, wish))
    config["admin"] = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin}}}
    if edit is not None:
        edit(config)
    (folder / "envoy.yaml").write_text(yaml.safe_dump(config))
    judging = _processor(folder, arguments, processor_admin, before)
    with (folder / "envoy.out").open("w") as out, (folder / "envoy.err").open("w") as err:
        envoy = subprocess.Popen(command(version, folder / "envoy.yaml", *_base(port)), stdout=out, stderr=err)
    found = Running(version, port, admin, processor_admin, envoy, judging, folder, arguments)
    try:
        assert eventually(lambda: _is_live(admin) or envoy.poll() is not None) and envoy.poll() is None, (
            folder / "envoy.err"
        ).read_text()[-2000:]
        yield found
    finally:
        for process in (found.envoy, found.processor):
            process.terminate()
        for process in (found.envoy, found.processor):
            process.wait(PATIENCE)
    assert "CANARY" not in found.told


def command(version: str, config: Path, *more: str) -> list[str]:
    binary = ENVOYS[version]
    assert binary.exists(), f"{binary} is missing; run make test-envoy, which installs it"
    return [
        str(binary),
        "-c",
        str(config),
        "--concurrency",
        "1",
        "--log-level",
        "error",
        *more,
    ]


def _base(port: int) -> list[str]:
    """Return the options that let a new Envoy take over from a running one."""
    return [
        "--base-id",
        str(port),
        "--drain-strategy",
        "immediate",
        "--drain-time-s",
        "1",
        "--parent-shutdown-time-s",
        "3",
    ]


def _processor(folder: Path, arguments: tuple[str, ...], admin: int, before: str = "") -> subprocess.Popen:
    with (folder / "processor.log").open("a") as log:
        process = start_process(*arguments, output=log, before=before)
    assert eventually(lambda: ready(admin) == 200 or process.poll() is not None) and process.poll() is None, (
        folder / "processor.log"
    ).read_text()
    return process


def _is_live(admin: int) -> bool:
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{admin}/ready", timeout=2).status == 200
    return False


def manager(config: dict[str, Any]) -> dict[str, Any]:
    """Return the connection manager of a configuration."""
    found: dict[str, Any] = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def ext_proc(config: dict[str, Any]) -> dict[str, Any]:
    """Return the filter of a configuration."""
    found: dict[str, Any] = manager(config)["http_filters"][0]["typed_config"]
    return found
