"""What all connections of one worker share: settings, policy, counters, the pool and the deadlines."""

import asyncio
import os
import resource
from typing import TYPE_CHECKING

from cookiewarden.core.engine import Engine
from cookiewarden.serve.deadlines import TICK, Deadlines
from cookiewarden.serve.holder import Holder
from cookiewarden.serve.metrics import Metrics
from cookiewarden.serve.settings import Settings

if TYPE_CHECKING:
    from cookiewarden.serve.downstream import Downstream
    from cookiewarden.serve.upstream import Origin, Pool

LINGER_SECONDS = 2.0
"""How long an answered client that still sends is listened to, so that it reads the answer (RFC 9112 9.6)."""


class Gateway:
    """The data plane's shared state. One event loop, no locks."""

    pool: "Pool"

    def __init__(self, settings: Settings, holder: Holder, metrics: Metrics) -> None:
        self.settings = settings
        self.holder = holder
        self.metrics = metrics
        self.loop = asyncio.get_running_loop()
        self.draining = False
        self.clients: set[Downstream] = set()
        self.max_connections = settings.max_connections or _default_max_connections()
        if settings.upstream is None:
            raise ValueError("an upstream is required")
        self.upstream = settings.upstream
        self.upstream_authority = settings.upstream.authority.encode()
        self.upstream_host = settings.upstream_host.encode()
        self.header: Deadlines[Downstream] = Deadlines(settings.header_timeout, lambda c: c.header_late())
        self.keepalive: Deadlines[Downstream] = Deadlines(settings.keepalive_timeout, lambda c: c.idle_late())
        self.client: Deadlines[Downstream] = Deadlines(settings.client_timeout, lambda c: c.client_late())
        self.linger: Deadlines[Downstream] = Deadlines(LINGER_SECONDS, lambda c: c.close())
        self.tunnel: Deadlines[Downstream] = Deadlines(settings.tunnel_timeout, lambda c: c.close())
        self.read: Deadlines[Origin] = Deadlines(settings.read_timeout, lambda o: o.read_late())
        self.idle: Deadlines[Origin] = Deadlines(settings.upstream_idle_timeout, lambda o: o.close())
        self._queues: tuple[Deadlines[Downstream] | Deadlines[Origin], ...] = (
            self.header, self.keepalive, self.client, self.linger, self.tunnel, self.read, self.idle,
        )  # fmt: skip
        self._ticker = self.loop.call_later(TICK, self._tick)

    @property
    def engine(self) -> Engine:
        engine = self.holder.engine
        if engine is None:
            raise RuntimeError("no policy is in force")  # the worker loads one before it listens
        return engine

    def _tick(self) -> None:
        now = self.loop.time()
        for queue in self._queues:
            queue.tick(now)
        self.pool.tick(now)
        self._ticker = self.loop.call_later(TICK, self._tick)

    def stop(self) -> None:
        self._ticker.cancel()

    def connections(self) -> dict[tuple[str, str], int]:
        """Open connections by side and state, for the gauge."""
        idle = len(self.keepalive)
        pool = self.pool
        return {
            ("client", "active"): len(self.clients) - idle,
            ("client", "idle"): idle,
            ("upstream", "active"): pool.open - len(pool.idle),
            ("upstream", "idle"): len(pool.idle),
        }


def _default_max_connections() -> int:
    """Two descriptors for each client, and some for the rest (RLIMIT_NOFILE is the soft one)."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = os.sysconf("SC_OPEN_MAX")
    return max(16, (soft - 64) // 2)
