"""Worker processes under a supervisor, which owns the listening sockets and the counts.

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
from typing import Any

import uvloop

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.compose import Loaded
from cookiewarden.core.policy.problem import counted
from cookiewarden.files import PolicyFiles
from cookiewarden.serve.address import Address
from cookiewarden.serve.control.reload import Revision
from cookiewarden.serve.control.status import WorkerProcesses
from cookiewarden.serve.errors import CannotStart
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
from cookiewarden.serve.processes.plane import CountingWorkers, plane_of, tell_where
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
    life = plane_of(settings, files, WorkerPool(settings)).live(loaded)
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


class WorkerPool(CountingWorkers):
    """Worker processes."""

    policy: PolicyFilesRead
    """In force."""
    processes: WorkerProcesses

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sockets: list[socket.socket] = []
        self.labels = Labels(settings.metrics_max_entries, settings.shadow != "")
        self.processes = WorkerProcesses([])
        self.shadow_policy: PolicyFilesRead | None = None
        """Tried."""
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
        self._turning: dict[asyncio.Task[None], Child] = {}
        """Orders that workers have not answered."""
        self._number = 0
        """Of the last message to be answered."""

    # Start

    def open(self) -> None:
        self.sockets = open_sockets(self.settings.listen, self.settings.workers)

    async def start(self, revision: Revision) -> bool:
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
        return True

    async def spawn(self, slot: int) -> Child:
        """A worker that serves, now the one of its slot. Raises CannotStart."""
        try:
            child = await self._launch(slot)
        except OSError as error:  # no descriptor, no memory, no process to be had
            raise CannotStart(f"a worker cannot be started: {(error.strerror or str(error)).lower()}") from error
        self.children.add(child)
        self.processes.pids.append(child.process.pid)
        self._begin(child.listen())
        self._begin(self._bury(child))
        order, shadow_order = self.order_of(Role.IN_FORCE), self.order_of(Role.SHADOW)
        begin = Begin(self.settings, self.policy, order, self.shadow_policy, shadow_order)
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
                sys.executable,
                "-m",
                "cookiewarden.serve.processes.child",
                *map(str, (slot, *handed)),
                pass_fds=handed,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # a terminal's Ctrl-C is the supervisor's to hear, once
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(memory)
        loop = asyncio.get_running_loop()
        channel = await Channel.over(ours)
        return Child(slot, process, channel, counts, loop.time(), loop.create_future(), self.observe)

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

    def reload_certificates(self) -> None:
        for child in self.children:
            child.channel.send(ReloadCertificate())

    def tell_where(self, admin: Address) -> None:
        tell_where(self.settings, self.sockets[0], admin)

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        return []

    def take(self) -> Observed:
        return Observed()  # workers send what they observe

    def replace_all(self) -> None:
        if self._restarting is not None and not self._restarting.done():
            log.info("the workers are being replaced already")
        elif self.current:
            self._restarting = self._begin(self.restart())

    async def put(self, revision: Revision, role: Role) -> list[object]:
        """A worker that does not take it is ended: what replaces it has the policy. No pieces: the workers hold
        them."""
        policy = self._for_workers(revision, role)
        if role is Role.SHADOW:
            self.shadow_policy = policy
        else:
            self.policy = policy
        for child in list(self.children):
            if child.retired or child not in self.children:  # by the time that it is its turn
                continue
            # One after the other, so that cores are left for traffic; but nobody waits long for one that is stuck.
            number = self._next_number()
            message = Put(number, policy, self.order_of(role), role is Role.SHADOW)
            putting = self._begin(self._ask(child, number, message))
            await asyncio.wait({putting}, timeout=TURN_SECONDS)
        return []

    def turn(self, order: Order, role: Role) -> set[asyncio.Task[None]]:
        """Nobody waits: `settle` does."""
        number = self._next_number()
        turning = {
            self._begin(self._ask(child, number, Turn(number, order, role is Role.SHADOW))): child
            for child in self.children
            if not child.retired
        }
        self._turning |= turning
        for task in turning:
            task.add_done_callback(self._turning.pop)
        return set(turning)

    async def settle(self) -> str:
        """Wait until every worker has followed its last order; who has not by then, or nothing."""
        if self._turning:
            await asyncio.wait(self._turning, timeout=SETTLE_SECONDS)
        late = len(set(self._turning.values()))
        return (
            f"{counted(late, 'worker')} of {len(self.processes.pids)}; workers that do not apply it are replaced"
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
        cells = self.labels.cells
        arrays = [self.ended[:cells], *(child.counts[:cells].tolist() for child in self.children)]
        return list(map(sum, zip(*arrays, strict=True)))

    def unready(self) -> str:
        if self.stopping.is_set():
            return "draining"
        serves = any(self.current.get(child.slot) is child for child in self.children)
        return "" if serves else "no worker"

    async def _bury(self, child: Child) -> None:
        """When a worker ends, keep what it counted, and replace it if nobody told it to end."""
        await child.process.wait()
        child.channel.close()
        for at, count in enumerate(child.counts):
            if count and at not in GAUGES:
                self.ended[at] += count
        self.children.discard(child)
        self.processes.pids.remove(child.process.pid)
        child.gone.set_result(None)
        if not child.retired and not self.stopping.is_set():
            self.processes.replaced += 1
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

    async def _gone(self, children: set[Child], seconds: float, hurry: asyncio.Future[None] | None = None) -> bool:
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
        log.info("stopped")


def _how(process: Process) -> str:
    code = process.returncode or 0
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"
