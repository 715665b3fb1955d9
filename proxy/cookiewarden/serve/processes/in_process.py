"""A single process with data plane, admin listener and policy files on one event loop."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any

import uvloop

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import keyring
from cookiewarden.serve.address import Address
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.control.plane import ControlPlane
from cookiewarden.serve.control.reload import Revision
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.offload import beside_traffic
from cookiewarden.serve.own_pages.in_force import Prepared, prepared, prepared_first, with_named
from cookiewarden.serve.processes.plane import CountingWorkers, plane_of, tell_where
from cookiewarden.serve.processes.serving import Serving
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.sockets import open_sockets, told

log = logging.getLogger("cookiewarden")


def run(settings: Settings, files: PolicyFiles, loaded: Loaded) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotStart."""
    life = plane(settings, files).live(loaded)
    del loaded  # otherwise the first policy stays in memory
    uvloop.run(life)


def plane(settings: Settings, files: PolicyFiles, clock: Clock | None = None) -> ControlPlane:
    """Create the control plane of a single process."""
    return plane_of(settings, files, InProcess(settings), clock)


class InProcess(CountingWorkers):
    """The only worker, in this process."""

    listening: socket.socket

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics(Labels(settings.metrics_max_entries, settings.shadow != ""))
        self.labels = self.metrics.labels
        self.serving = Serving(settings, self.metrics)
        self.worker = self.serving.worker
        self.stopping = self.worker.stopping

    def open(self) -> None:
        flag, address = self.settings.listener
        (self.listening,) = open_sockets(address, 1, flag)

    async def start(self, revision: Revision) -> bool:
        self.metrics.declare(_names(revision))
        order = self.serving.order = self.order_of(Role.IN_FORCE)
        made = await _prepared(revision, order, prepared_first)
        await self.serving.start(made, None, self.listening)
        return True

    async def put(self, revision: Revision, role: Role) -> list[object]:
        order = self.order_of(role)
        if role is Role.SHADOW:
            engine = await _engine(revision, order)
            self.metrics.declare(_names(revision), role)
            self.serving.expect(self.order_of(role), shadow=True)
            return self.serving.replace_shadow(engine)
        made = await _prepared(revision, order, prepared)
        self.metrics.declare(_names(revision))
        self.observe(self.serving.take())  # later observations have decisions of the new policy
        self.serving.expect(self.order_of(role))
        return self.serving.replace(made)

    def turn(self, order: Order, role: Role) -> set[asyncio.Task[None]]:
        self.observe(self.serving.take())
        self.serving.turn(order, shadow=role is Role.SHADOW)
        return set()

    async def settle(self) -> str:
        return ""

    def reload_certificates(self) -> None:
        self.worker.reload_certificate()

    def replace_all(self) -> None:
        log.warning("SIGUSR2 is ignored: it replaces workers one at a time, and there is only one")

    def ask_to_stop(self) -> None:
        self.worker.ask_to_stop()

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        return [self.worker.watch_certificate()]

    def tell_where(self, admin: Address) -> None:
        tell_where(self.settings, self.listening, admin)

    def address(self) -> str:
        return told(self.listening)

    def take(self) -> Observed:
        return self.serving.take()

    def counts(self) -> Sequence[int] | memoryview:
        self.serving.count_connections()
        return self.metrics.counts

    def unready(self) -> str:
        return "draining" if self.serving.is_draining else ""

    async def drain(self) -> None:
        await self.worker.drain()

    async def stop(self) -> None:
        await self.serving.stop()


def _names(revision: Revision) -> Iterator[str]:
    return (entry.name for policy in revision.policies for entry in policy.entries)


async def _prepared(
    revision: Revision, order: Order, prepare: Callable[[Engine, Order], Awaitable[Prepared]]
) -> Prepared:
    async def one(policy: Revision) -> Prepared:
        return await prepare(await _engine(policy, order), order)

    return await with_named(revision, revision.named, one)


async def _engine(revision: Revision, order: Order) -> Engine:
    return await beside_traffic(lambda: Engine(revision.policy, order.mode, order.now, keyring(revision.keys)))
