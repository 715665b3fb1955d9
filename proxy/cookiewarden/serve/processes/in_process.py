"""One process that does everything: data plane, admin listener and the policy's files, on one event loop."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial

import uvloop

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.compose import Loaded
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import BadKeys, keyring, keys_for
from cookiewarden.serve.address import Address
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.exposition import Exposition
from cookiewarden.serve.admin.history import History
from cookiewarden.serve.admin.server import Admin
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.control.mode import ModeSwitch
from cookiewarden.serve.control.reload import Reloader, Revision
from cookiewarden.serve.control.shadow import shadow_reloader
from cookiewarden.serve.control.status import PolicyStatus
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.notify import notify, watchdog
from cookiewarden.serve.observe.inventory import LiveInventory
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.offload import beside_traffic
from cookiewarden.serve.own_pages.in_force import Prepared, prepared
from cookiewarden.serve.processes.serving import Serving
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.sockets import open_sockets, told

log = logging.getLogger("cookiewarden")


def run(settings: Settings, files: PolicyFiles, loaded: Loaded) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotStart."""
    life = Single(settings, files).live(loaded)
    del loaded  # or the first policy lives as long as the process
    uvloop.run(life)


class Single:
    admin: Admin
    listening: socket.socket

    def __init__(self, settings: Settings, files: PolicyFiles, clock: Clock | None = None) -> None:
        self.settings = settings
        self.status = PolicyStatus()
        self.metrics = Metrics(Labels(settings.metrics_max_entries, settings.shadow != ""))
        self.serving = Serving(settings, self.metrics)
        self.worker = self.serving.worker
        keys = partial(keys_for, path=settings.seal_key_file)
        switch = ModeSwitch(settings.mode)
        self.reloader = Reloader(files, switch, self.status, keys, self.put, self.turn, clock=clock)
        self.shadow = shadow_reloader(settings, self.status, self.put_shadow, self.turn_shadow, clock)
        self.operation = Operation(
            self.reloader,
            self.status,
            History(self.counts, self.metrics.labels),
            LiveInventory(settings.inventory_file) if settings.inventory else None,
            self.take,
            self.settle,
            self.shadow,
        )

    async def live(self, loaded: Loaded, started: Callable[[], None] | None = None) -> None:
        """`started` is called once traffic is accepted. Raises CannotStart."""
        self.handle_stop_signals()
        await self.start(loaded)
        del loaded
        self.handle_other_signals()
        watching = self.watch()
        notify("READY=1")
        try:
            if started is not None:
                started()
            await self.worker.stopping.wait()
            notify("STOPPING=1")
            await self.worker.drain()
        finally:
            for task in watching:
                task.cancel()
            await self.stop()

    def watch(self) -> list[asyncio.Task[None]]:
        """Look after every file that may change."""
        watches = [
            *self.reloader.watches(),
            self.worker.watch_certificate(),
            *self.operation.watches(),
            watchdog(),
        ]
        if self.shadow is not None:
            watches += self.shadow.watches()
        return [asyncio.create_task(watch) for watch in watches]

    async def start(self, loaded: Loaded) -> None:
        if loaded.policy is None:
            raise CannotStart("the policy has errors")
        self.metrics.declare(entry.name for entry in loaded.policy.entries)
        self.admin = Admin(self.settings)
        (self.listening,) = open_sockets(self.settings.listen, 1)
        try:
            revision = self.reloader.revision(loaded.policy)
        except BadKeys as bad:
            raise CannotStart(str(bad)) from None
        order = self.serving.order = self.reloader.order
        await self.serving.start(await _prepared(revision, order), None, self.listening)
        self.reloader.began(revision)
        self.operation.decides(revision.policy, order.now)
        if self.shadow is not None:
            await self.shadow.begin()
        exposition = Exposition(self.counts, self.metrics.labels, self.status)
        await self.admin.start(exposition, self.operation, self.unready)
        say_where(self.settings, self.listening, self.admin.address)

    def handle_stop_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.worker.ask_to_stop)

    def handle_other_signals(self) -> None:
        """Once it serves. What SIGHUP asks for before that is done by itself: a changed file is seen."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.ask_to_reload)
        loop.add_signal_handler(
            signal.SIGUSR2, log.warning, "SIGUSR2 replaces workers one after the other: there is only one"
        )

    def ask_to_reload(self) -> None:
        self.worker.reload_certificate()
        self.reloader.ask()
        if self.shadow is not None:
            self.shadow.ask()

    async def put(self, revision: Revision) -> list[object]:
        """Put a policy in force for the requests to come. Return the pieces of the one before."""
        made = await _prepared(revision, self.reloader.order)
        self.metrics.declare(entry.name for entry in revision.policy.entries)
        self.operation.gather()
        self.serving.expect(self.reloader.order)
        pieces = self.serving.replace(made)
        self.operation.decides(revision.policy, self.reloader.order.now)
        return pieces

    def turn(self) -> None:
        """Have the policy in force follow the order."""
        self.operation.gather()
        self.serving.turn(self.reloader.order)
        if self.reloader.policy is not None:
            self.operation.decides(self.reloader.policy, self.reloader.order.now)

    async def put_shadow(self, revision: Revision) -> list[object]:
        """Try a policy beside the one in force. Return the pieces of the one before."""
        if self.shadow is None:
            return []
        self.serving.expect(self.shadow.order, shadow=True)
        engine = await _engine(revision, self.shadow.order)
        self.metrics.declare((entry.name for entry in revision.policy.entries), Role.SHADOW)
        return self.serving.replace_shadow(engine)

    def turn_shadow(self) -> None:
        if self.shadow is not None:
            self.serving.turn(self.shadow.order, shadow=True)

    async def settle(self) -> str:
        """What is put in force is in force."""
        return ""

    def take(self) -> Observed:
        return self.serving.take()

    def counts(self) -> Sequence[int] | memoryview:
        self.serving.count_connections()
        return self.metrics.counts

    def unready(self) -> str:
        return "draining" if self.serving.is_draining else ""

    async def stop(self) -> None:
        await self.serving.stop()
        await self.operation.end()
        await self.admin.stop()


async def _engine(revision: Revision, order: Order) -> Engine:
    return await beside_traffic(
        lambda: Engine(revision.policy, order.mode, order.now, keyring(revision.keys))
    )


async def _prepared(revision: Revision, order: Order) -> Prepared:
    return await prepared(await _engine(revision, order), order)


def say_where(settings: Settings, listening: socket.socket, admin: Address) -> None:
    by_tls = " by TLS" if settings.tls_cert else ""
    log.info(
        "listening on %s%s for %s, admin on %s, pid %d",
        told(listening), by_tls, settings.upstream, admin, os.getpid(),
    )  # fmt: skip
