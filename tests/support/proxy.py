"""The proxy between a raw client and a scripted origin: in a thread of the tests, or as a separate process.

Only a process can show signals, kills, limits from outside, and its output.
"""

import asyncio
import contextlib
import dataclasses
import json
import re
import resource
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from cookiewarden.files import PolicyFiles, SeveralPolicyFiles
from cookiewarden.serve.address import Address, Upstream
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.dataplane.driver import DataPlane
from cookiewarden.serve.listening.worker import Worker
from cookiewarden.serve.processes.in_process import InProcess, plane
from cookiewarden.serve.settings import Settings
from tests.support.origin import OK, Origin, OriginConnection, answering
from tests.support.process import children, free_port, ready, scrape, start_process
from tests.support.wait import PATIENCE, eventually

POLICY = """
version: 1
policy: test
defaults: {secure: true}
cookies:
  - {name: sid, purpose: x, lifetime: 1h}
  - {name: seen, purpose: x, lifetime: 1h, forward: false}
"""

CANARY = "CANARY"
"""Part of every cookie value in the suite; the proxy must never print it."""
TOKEN = "CANARY-of-the-admin-token"


class Proxy:
    """A worker in a thread, with its port and its counters."""

    def __init__(self, policy: Path, upstream: Upstream, clock: Clock | None = None, **settings: Any) -> None:
        self.clock = clock
        anywhere = Address("127.0.0.1", 0)
        self.settings = dataclasses.replace(
            Settings(policy=str(policy), upstream=upstream, listen=anywhere, admin=anywhere), **settings
        )
        self.policy = policy
        named = dict(self.settings.extproc_policy)
        self.files = SeveralPolicyFiles(str(policy), named) if named else PolicyFiles(str(policy))
        self.started = threading.Event()
        self.thread = threading.Thread(target=lambda: uvloop.run(self._live()), daemon=True)
        self.failure: BaseException | None = None
        self.thread.start()
        assert self.started.wait(PATIENCE) and self.failure is None, self.failure

    async def _live(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda loop, context: self.unexpected.append(context))
        self.unexpected: list[dict] = []
        self.plane = plane(self.settings, self.files, self.clock)
        self.done = asyncio.Event()
        await self.plane.start(self.files.load())
        name = self.workers.listening.getsockname()
        self.port: int = name[1] if isinstance(name, tuple) else 0  # a unix socket has none
        watching = self.plane.watch()
        self.started.set()
        await self.done.wait()
        for task in watching:
            task.cancel()
        await self.plane.stop()

    @property
    def workers(self) -> InProcess:
        assert isinstance(self.plane.workers, InProcess)
        return self.plane.workers

    @property
    def worker(self) -> Worker:
        return self.workers.worker

    @property
    def driver(self) -> DataPlane:
        """The driver for browsers."""
        assert isinstance(self.worker.driver, DataPlane)
        return self.worker.driver

    @property
    def admin(self) -> str:
        return f"http://{self.plane.admin.address}"

    @property
    def metrics(self) -> Any:
        return self.workers.metrics

    def scrape(self) -> str:
        with urllib.request.urlopen(f"{self.admin}/metrics", timeout=PATIENCE) as answer:
            return answer.read().decode()

    def sample(self, name: str, **labels: str) -> float:
        """Return one sample of a scrape; 0 if the series does not exist."""
        for line in self.scrape().splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2] or "")) == labels:
                return float(found[3])
        return 0.0

    def reload(self) -> None:
        asyncio.run_coroutine_threadsafe(self.plane.reloader.reload(), self.loop).result(PATIENCE)

    def close(self) -> None:
        assert CANARY not in self.scrape()
        self.loop.call_soon_threadsafe(self.done.set)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


Start = Callable[..., tuple[Proxy, Origin]]


@contextlib.contextmanager
def starter(folder: Path) -> Iterator[Start]:
    """Yields a function that starts an origin and a proxy. Both end with the test, without unexpected errors."""
    started: list[tuple[Proxy, Origin]] = []

    def start(
        script: Callable[[OriginConnection], None] | bytes = OK,
        policy: str = POLICY,
        unix: Path | None = None,
        path: Path | None = None,
        **settings: Any,
    ) -> tuple[Proxy, Origin]:
        if path is None:
            path = folder / f"policy{len(started)}.yaml"
            path.write_text(policy)
        origin = Origin(answering(script) if isinstance(script, bytes) else script, unix)
        proxy = Proxy(path, settings.pop("upstream", origin.upstream), **settings)
        started.append((proxy, origin))
        return proxy, origin

    try:
        yield start
    finally:
        for proxy, origin in started:
            proxy.close()
            origin.close()
        for proxy, _ in started:
            assert proxy.unexpected == []


def tell(admin: str, path: str, body: bytes = b"", token: str = TOKEN, **headers: str) -> tuple[int, bytes]:
    """Send a POST to the admin listener. Return status and body."""
    request = urllib.request.Request(f"{admin}{path}", body, {"Authorization": f"Bearer {token}"} | headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def mode_of(proxy: Proxy) -> str:
    return json.loads(urllib.request.urlopen(f"{proxy.admin}/policy", timeout=PATIENCE).read())["mode"]


@dataclass
class Running:
    process: subprocess.Popen
    port: int
    admin: int
    policy: Path
    origin: Origin
    log: Path

    @property
    def told(self) -> str:
        """Return its output so far."""
        return self.log.read_text()

    def scrape(self) -> dict[str, float]:
        return scrape(self.admin)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def children(self) -> list[int]:
        """Return the process ids of its workers."""
        return children(self.process.pid)

    def descriptors(self, pid: int = 0) -> int:
        return len(list(Path(f"/proc/{pid or self.process.pid}/fd").iterdir()))

    def rss(self, pid: int = 0) -> int:
        """Return the resident memory in octets."""
        pages = int(Path(f"/proc/{pid or self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def limit_descriptors(self, soft: int) -> None:
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def running(
    *flags: str,
    script: Callable[[OriginConnection], None] | bytes = OK,
    policy: str = POLICY,
    origin: Origin | None = None,
    environment: Mapping[str, str] | None = None,
    folder: str | None = None,
    before: str = "",
) -> Iterator[Running]:
    """Start a process that is ready. It must end itself or on SIGTERM, with exit code 0."""
    with tempfile.TemporaryDirectory(dir=folder) as folder:
        path, log = Path(folder) / "policy.yaml", Path(folder) / "log"
        path.write_text(policy)
        origin = origin or Origin(answering(script) if isinstance(script, bytes) else script)
        listen, admin = free_port(), free_port()
        arguments = (
            "run", "--policy", str(path), "--upstream", origin.upstream.url, "--listen", str(listen),
            "--admin", str(admin), *flags,
        )  # fmt: skip
        with log.open("w") as output:
            process = start_process(*arguments, output=output, environment=environment, before=before)
        try:
            assert eventually(lambda: ready(admin) == 200 or process.poll() is not None) and process.poll() is None, (
                log.read_text()
            )
            yield Running(process, listen, admin, path, origin, log)
            process.terminate()
            assert process.wait(PATIENCE) == 0, log.read_text()
        finally:
            process.kill()
            process.wait(PATIENCE)
            origin.close()
            assert CANARY not in log.read_text()


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True
