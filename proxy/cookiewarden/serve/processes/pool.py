"""A supervisor over N workers: it owns the listening sockets, the counts, the admin listener and the policy's files.

Sockets outlive workers: one for each slot, so that connections that wait for a worker that died are taken by its
replacement. Counts are in memory of the supervisor's, one array for each worker; when a worker ends, they are added
to those of all that ended before, and so no counter ever goes back.
"""

import asyncio
import contextlib
import logging
import mmap
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvloop

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.compose import Loaded
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import counted
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import BadKeys, keys_for
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.exposition import Exposition, Workers
from cookiewarden.serve.admin.history import History
from cookiewarden.serve.admin.server import Admin
from cookiewarden.serve.control.mode import ModeSwitch
from cookiewarden.serve.control.reload import Reloader, Revision
from cookiewarden.serve.control.shadow import shadow_reloader
from cookiewarden.serve.control.status import PolicyStatus
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.notify import notify, watchdog
from cookiewarden.serve.observe.inventory import LiveInventory
from cookiewarden.serve.observe.metrics import GAUGES, Labels
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.processes.channel import (
    Begin,
    Channel,
    PolicyFilesRead,
    Put,
    ReloadCertificate,
    Stop,
    Turn,
)
from cookiewarden.serve.processes.in_process import say_where
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.sockets import open_sockets

log = logging.getLogger("cookiewarden")

START_SECONDS = 60.0
"""For a worker to come up."""
PUT_SECONDS = 30.0
"""For a worker to put a policy in force."""
TURN_SECONDS = 2.0
"""Before the next worker begins with a policy, where the one before has not said that it is done."""
SETTLE_SECONDS = 10.0
"""For all workers to take what an operator switches to, before it is said that some did not."""
GRACE_SECONDS = 5.0
"""For a worker to end, beyond the time that it has to drain."""
YOUNG_SECONDS = 5.0
"""A worker that dies younger than this is not replaced at once."""
DELAY_SECONDS = 0.5, 10.0
"""But after this at first, twice as long each time, and this at most."""


def run(settings: Settings, files: PolicyFiles, loaded: Loaded) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotStart."""
    life = _run(settings, files, loaded)
    del loaded  # or the first policy lives as long as the process
    uvloop.run(life)


async def _run(settings: Settings, files: PolicyFiles, loaded: Loaded) -> None:
    life = Supervisor(settings, files).live(loaded)
    del loaded
    await life


@dataclass(eq=False, slots=True)
class Child:
    """A worker process."""

    slot: int
    process: Process
    channel: Channel
    counts: memoryview
    born: float
    gone: asyncio.Future[None]
    """Done when it has ended."""
    on_observed: Callable[[Observed], None]
    """Is handed what it observed."""
    retired: bool = False
    """It was told to stop."""
    silent: bool = False
    """Its channel has ended: nothing more will be answered."""
    answers: dict[int, asyncio.Future[str]] = field(default_factory=dict)
    """By the number of what was asked: why it was not done, or nothing."""

    async def ask(self, number: int, message: object, seconds: float) -> str:
        """Have it do something; why it was not done, or nothing."""
        if self.silent:
            return "a worker died"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.answers[number] = answer
        self.channel.send(message)
        try:
            async with asyncio.timeout(seconds):
                await answer
                return answer.result()
        except TimeoutError:
            return "a worker did not answer"
        finally:
            self.answers.pop(number, None)

    async def listen(self) -> None:
        """Hand answers to those who asked, and on what it observed, until the worker is gone."""
        while (message := await self.channel.receive()) is not None:
            if isinstance(message, Observed):
                self.on_observed(message)
            else:
                self._answer(message.number, message.failure)
        self.silent = True
        for number in list(self.answers):
            self._answer(number, "a worker died")

    def _answer(self, number: int, failure: str) -> None:
        answer = self.answers.get(number)
        if answer is not None and not answer.done():
            answer.set_result(failure)

    def stop(self) -> None:
        self.retired = True
        self.channel.send(Stop())

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()


class Supervisor:
    admin: Admin | None = None
    policy: PolicyFilesRead

    def __init__(self, settings: Settings, files: PolicyFiles) -> None:
        self.settings = settings
        self.sockets: list[socket.socket] = []
        self.status = PolicyStatus()
        self.labels = Labels(settings.metrics_max_entries, settings.shadow != "")
        self.workers = Workers([])
        keys = partial(keys_for, path=settings.seal_key_file)
        self.reloader = Reloader(files, ModeSwitch(settings.mode), self.status, keys, self.put, self.turn)
        inventory = LiveInventory(settings.inventory_file) if settings.inventory else None
        history = History(self.counts, self.labels)
        self.shadow = shadow_reloader(settings, self.status, self.put_shadow, self.turn_shadow)
        self.operation = Operation(
            self.reloader, self.status, history, inventory, Observed, self.settle, self.shadow
        )
        self.shadow_policy: PolicyFilesRead | None = None
        self.ended = [0] * self.labels.max_cells
        """The counts of all workers that ended."""
        self.current: dict[int, Child] = {}
        """The worker of each slot."""
        self.children: set[Child] = set()
        """All of them, those that are on their way out too."""
        self.stopping = asyncio.Event()
        self.hurry: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when a second signal has come."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._delays: dict[int, float] = {}
        """By slot: how long the replacement of a worker that died soon waits."""
        self._turns = [asyncio.Lock() for _ in range(settings.workers)]
        """By slot: one replacement at a time."""
        self._restarting: asyncio.Task[None] | None = None
        self._turning: set[asyncio.Task[None]] = set()
        """Orders that workers have not answered."""
        self._number = 0
        """Of the last message to be answered."""

    async def live(self, loaded: Loaded) -> None:
        """Raises CannotStart."""
        self.handle_stop_signals()
        try:
            serves = await self.start(loaded)
            del loaded
            if serves:
                self.handle_other_signals()
                reloaders = [self.reloader, *([self.shadow] if self.shadow else [])]
                watches = [
                    *(watch for reloader in reloaders for watch in reloader.watches()),
                    *self.operation.watches(),
                    watchdog(),
                ]
                watching = list(map(asyncio.create_task, watches))
                notify("READY=1")
                await self.stopping.wait()
                notify("STOPPING=1")
                for task in watching:
                    task.cancel()
                await self.drain()
        finally:
            await self.stop()

    # Start

    async def start(self, loaded: Loaded) -> bool:
        """Whether it serves; not where it was told to stop meanwhile. Raises CannotStart."""
        if loaded.policy is None:
            raise CannotStart("the policy has errors")
        self.admin = Admin(self.settings)
        self.sockets = open_sockets(self.settings.listen, self.settings.workers)
        try:
            revision = self.reloader.revision(loaded.policy)
        except BadKeys as bad:
            raise CannotStart(str(bad)) from None
        self.policy = self._for_workers(revision, Role.IN_FORCE)
        spawning: asyncio.Future[Any] = asyncio.gather(
            *map(self.spawn, range(self.settings.workers)), return_exceptions=True
        )
        stopping: asyncio.Future[Any] = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait({spawning, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not spawning.done():
            spawning.cancel()
            for child in self.children:
                child.kill()
            with contextlib.suppress(asyncio.CancelledError):
                await spawning
            return False
        for outcome in spawning.result():
            if isinstance(outcome, BaseException):
                raise outcome
        self.reloader.began(revision)
        self.operation.decides(revision.policy, self.reloader.order.now)
        if self.shadow is not None:
            await self.shadow.begin()
        exposition = Exposition(self.counts, self.labels, self.status, self.workers)
        await self.admin.start(exposition, self.operation, self.unready)
        say_where(self.settings, self.sockets[0], self.admin.address)
        return True

    def handle_stop_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask_to_stop)

    def handle_other_signals(self) -> None:
        """Once it serves. What SIGHUP asks for before that is done by itself: a changed file is seen."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.ask_to_reload)
        loop.add_signal_handler(signal.SIGUSR2, self.ask_to_restart)

    async def spawn(self, slot: int) -> Child:
        """A worker that serves, now the one of its slot. Raises CannotStart."""
        try:
            child = await self._launch(slot)
        except OSError as error:  # no descriptor, no memory, no process to be had
            raise CannotStart(
                f"a worker cannot be started: {(error.strerror or str(error)).lower()}"
            ) from error
        self.children.add(child)
        self.workers.pids.append(child.process.pid)
        self._begin(child.listen())
        self._begin(self._bury(child))
        shadow_order = self.shadow.order if self.shadow is not None else Order()
        begin = Begin(self.settings, self.policy, self.reloader.order, self.shadow_policy, shadow_order)
        failure = await child.ask(0, begin, START_SECONDS)
        if failure:
            child.retired = True
            child.kill()
            raise CannotStart(failure)
        self.current[slot] = child
        log.info("worker %d serves (pid %d)", slot, child.process.pid)
        return child

    async def _launch(self, slot: int) -> Child:
        """Raises OSError."""
        ours, theirs = socket.socketpair()
        memory = os.memfd_create("cookiewarden-counts")
        try:
            os.ftruncate(memory, 8 * self.labels.max_cells)
            counts = memoryview(mmap.mmap(memory, 8 * self.labels.max_cells)).cast("q")
            handed = (self.sockets[slot].fileno(), theirs.fileno(), memory)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cookiewarden.serve.processes.child", *map(str, (slot, *handed)),
                pass_fds=handed,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # a terminal's Ctrl-C is the supervisor's to hear, once
            )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(memory)
        loop = asyncio.get_running_loop()
        channel = await Channel.over(ours)
        return Child(slot, process, channel, counts, loop.time(), loop.create_future(), self.add_observed)

    def add_observed(self, observed: Observed) -> None:
        """Add what a worker observed to the inventory."""
        if self.operation.inventory is not None:
            self.operation.inventory.add(observed)

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Serve

    def ask_to_stop(self) -> None:
        """The first signal drains, the second ends at once."""
        if self.stopping.is_set() and not self.hurry.done():
            self.hurry.set_result(None)
        self.stopping.set()

    def ask_to_reload(self) -> None:
        for child in self.children:
            child.channel.send(ReloadCertificate())
        self.reloader.ask()
        if self.shadow is not None:
            self.shadow.ask()

    def ask_to_restart(self) -> None:
        if self._restarting is not None and not self._restarting.done():
            log.info("the workers are being replaced already")
        elif self.current:
            self._restarting = self._begin(self.restart())

    async def put(self, revision: Revision) -> list[object]:
        """Have every worker put a policy in force. One that does not is ended: what replaces it has the policy. Return the pieces of the
        one before: none, for the workers hold them."""
        self.policy = self._for_workers(revision, Role.IN_FORCE)
        await self._put_everywhere(self.reloader, self.policy, shadow=False)
        self.operation.decides(revision.policy, self.reloader.order.now)
        return []

    async def put_shadow(self, revision: Revision) -> list[object]:
        """Have every worker try a policy beside the one in force. Return as `put`."""
        if self.shadow is not None:
            self.shadow_policy = self._for_workers(revision, Role.SHADOW)
            await self._put_everywhere(self.shadow, self.shadow_policy, shadow=True)
        return []

    async def _put_everywhere(self, reloader: Reloader, policy: PolicyFilesRead, shadow: bool) -> None:
        for child in list(self.children):
            if child.retired or child not in self.children:  # by the time that it is its turn
                continue
            # One after the other, so that cores are left for traffic; but nobody waits long for one that is stuck.
            number = self._next_number()
            putting = self._begin(self._ask(child, number, Put(number, policy, reloader.order, shadow)))
            await asyncio.wait({putting}, timeout=TURN_SECONDS)

    def turn(self) -> None:
        """Have every worker follow the order. Nobody waits: `settle` does."""
        turning = self._turn_everywhere(self.reloader.order, shadow=False)
        policy = self.reloader.policy
        if policy is not None and turning:
            self._begin(self._decides(turning, policy, self.reloader.order.now))

    async def _decides(self, turning: set[asyncio.Task[None]], policy: Policy, now: float) -> None:
        """Once workers have said what they observed before they followed."""
        await asyncio.wait(turning)
        if policy is self.reloader.policy:
            self.operation.decides(policy, now)

    def turn_shadow(self) -> None:
        if self.shadow is not None:
            self._turn_everywhere(self.shadow.order, shadow=True)

    def _turn_everywhere(self, order: Order, shadow: bool) -> set[asyncio.Task[None]]:
        number = self._next_number()
        turning = {
            self._begin(self._ask(child, number, Turn(number, order, shadow)))
            for child in self.children
            if not child.retired
        }
        for task in turning:
            self._turning.add(task)
            task.add_done_callback(self._turning.discard)
        return turning

    async def settle(self) -> str:
        """Wait until every worker has followed its last order; who has not by then, or nothing."""
        if self._turning:
            await asyncio.wait(self._turning, timeout=SETTLE_SECONDS)
        late = len(self._turning)
        return (
            f"{counted(late, 'worker')} of {len(self.workers.pids)} did not take it yet, and will be replaced"
            if late
            else ""
        )

    async def _ask(self, child: Child, number: int, message: Put | Turn) -> None:
        failure = await child.ask(number, message, PUT_SECONDS)
        if failure and child in self.children and not child.retired:
            what = "policy" if isinstance(message, Put) else "mode"
            log.error("worker %d did not take the %s (%s); it is ended", child.slot, what, failure)
            child.kill()

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _for_workers(self, revision: Revision, role: Role) -> PolicyFilesRead:
        """The policy as it is sent to workers, with numbers for its labels."""
        self.labels.declare((entry.name for entry in revision.policy.entries), role)
        path = self.settings.shadow if role is Role.SHADOW else self.settings.policy
        return PolicyFilesRead(path, revision.files, dict(self.labels.numbers), revision.keys)

    def counts(self) -> list[int]:
        """What all workers have counted, those that ended too."""
        cells = self.labels.cells
        arrays = [self.ended[:cells], *(child.counts[:cells].tolist() for child in self.children)]
        return list(map(sum, zip(*arrays, strict=True)))

    def unready(self) -> str:
        if self.stopping.is_set():
            return "draining"
        return "" if self.workers.pids else "no worker"

    async def _bury(self, child: Child) -> None:
        """When a worker ends, keep what it counted, and replace it if nobody told it to end."""
        await child.process.wait()
        child.channel.close()
        for at, count in enumerate(child.counts):
            if count and at not in GAUGES:
                self.ended[at] += count
        self.children.discard(child)
        self.workers.pids.remove(child.process.pid)
        child.gone.set_result(None)
        if not child.retired and not self.stopping.is_set():
            self.workers.replaced += 1
            log.error("worker %d (pid %d) died: %s", child.slot, child.process.pid, _how(child.process))
            await self._replace(child)

    async def _replace(self, dead: Child) -> None:
        slot, loop = dead.slot, asyncio.get_running_loop()
        if loop.time() - dead.born > YOUNG_SECONDS:
            self._delays.pop(slot, None)
        first, most = DELAY_SECONDS
        async with self._turns[slot]:
            while self.current.get(slot) is dead and not self.stopping.is_set():
                await self._unless_stopping(self._delays.get(slot, 0.0))
                self._delays[slot] = min(self._delays.get(slot, first / 2) * 2, most)
                if not self.stopping.is_set():
                    await self._try(slot)

    async def _try(self, slot: int) -> bool:
        """Whether a new worker serves in this slot."""
        try:
            await self.spawn(slot)
        except CannotStart as error:
            log.error("worker %d did not start: %s", slot, error)
            return False
        return True

    async def restart(self) -> None:
        """Replace the workers one after the other: the new one serves before the old one is told to drain."""
        for slot in range(self.settings.workers):
            async with self._turns[slot]:
                old = self.current[slot]
                if self.stopping.is_set() or not await self._try(slot):
                    return
                old.stop()
            await self._ended({old})
        log.info("restarted: %s", counted(self.settings.workers, "worker"))

    async def _ended(self, children: set[Child]) -> None:
        """Wait for workers that were told to end. Those that do not in time are killed."""
        settings = self.settings
        seconds = settings.drain_delay + settings.drain_timeout + GRACE_SECONDS
        if not await self._gone(children, seconds, self.hurry):
            for child in children & self.children:
                child.stop()  # said again: at once
            await self._gone(children, GRACE_SECONDS)
        for child in children & self.children:
            child.kill()

    async def _gone(
        self, children: set[Child], seconds: float, hurry: asyncio.Future[None] | None = None
    ) -> bool:
        """Whether they ended within the time, or before `hurry` was done."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        first = {hurry} if hurry is not None else set()
        while left := {child.gone for child in children if not child.gone.done()}:
            await asyncio.wait(left | first, timeout=until - loop.time(), return_when=asyncio.FIRST_COMPLETED)
            if loop.time() >= until or (hurry is not None and hurry.done()):
                break
        return all(child.gone.done() for child in children)

    async def _unless_stopping(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    # Drain

    async def drain(self) -> None:
        """The workers drain; the sockets are theirs alone now, and closed when they close them."""
        log.info("draining: %s", counted(len(self.children), "worker"))
        for listening in self.sockets:
            listening.close()
        for child in self.children:
            child.stop()
        await self._ended(set(self.children))

    # Stop

    async def stop(self) -> None:
        self.stopping.set()
        for listening in self.sockets:
            listening.close()
        for child in self.children:
            if not child.retired:
                child.stop()
        if self.children and not await self._gone(set(self.children), GRACE_SECONDS):
            for child in self.children:
                child.kill()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
        await self.operation.end()
        if self.admin is not None:
            await self.admin.stop()
        log.info("stopped")


def _how(process: Process) -> str:
    code = process.returncode or 0
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"
