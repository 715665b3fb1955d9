"""Worker processes under a supervisor, which owns the listening sockets and the counts.

Each worker slot has a socket that outlives its worker. If a worker dies, its replacement accepts the waiting
connections. Counts are in the supervisor's memory, one array per worker. When a worker ends, its counts are added to
the counts of earlier workers, so counters never decrease.
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
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvloop

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.core.policy.problem import counted
from cookiewarden.files import PolicyFiles
from cookiewarden.parsing import MAX_ELSEWHERE
from cookiewarden.serve.address import Address
from cookiewarden.serve.control.reload import Revision
from cookiewarden.serve.control.status import WorkerProcesses
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.observe.metrics import GAUGES, Label, Labels
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
from cookiewarden.serve.sockets import open_sockets, told

log = logging.getLogger("cookiewarden")

START_SECONDS = 60.0
"""Seconds for a worker to start."""
PUT_SECONDS = 30.0
"""Seconds for a worker to put a policy in force."""
TURN_SECONDS = 2.0
"""Seconds to wait for a worker to apply a policy before the next worker gets it."""
SETTLE_SECONDS = 10.0
"""Seconds for all workers to apply a mode before an error is reported."""
GRACE_SECONDS = 5.0
"""Seconds for a worker to end, in addition to its time to drain."""
YOUNG_SECONDS = 5.0
"""Age in seconds below which the replacement of a dead worker is delayed."""
DELAY_SECONDS = 0.5, 10.0
"""First delay in seconds, and the maximum. The delay doubles at each attempt."""


def run(settings: Settings, files: PolicyFiles, loaded: Loaded) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotStart."""
    life = _run(settings, files, loaded)
    del loaded  # otherwise the first policy stays in memory
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
    """Done when the process has ended."""
    on_observed: Callable[[Observed], None]
    """Called with the worker's observations."""
    retired: bool = False
    """True if the worker was asked to stop."""
    silent: bool = False
    """True if the channel has closed, so that the worker will not answer."""
    answers: dict[int, asyncio.Future[str]] = field(default_factory=dict)
    """Answers by message number: the reason of a failure, or empty."""

    async def ask(self, number: int, message: object, seconds: float) -> str:
        """Send a request and wait for the answer. Return the reason of a failure, or an empty string."""
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
        """Process answers and observations until the worker has ended."""
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
    """The worker processes."""

    policy: PolicyFilesRead
    """The policy in force."""
    processes: WorkerProcesses

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sockets: list[socket.socket] = []
        self.labels = Labels(settings.metrics_max_entries, settings.shadow != "")
        self.processes = WorkerProcesses([])
        self.shadow_policy: PolicyFilesRead | None = None
        """The shadow policy."""
        self.ended = [0] * self.labels.max_cells
        """Counts of all workers that have ended."""
        self.current: dict[int, Child] = {}
        """The current worker of each slot."""
        self.children: set[Child] = set()
        """All workers, including those that are ending."""
        self.stopping = asyncio.Event()
        self.hurry: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when a second signal has arrived."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._delays: dict[int, float] = {}
        """Delays of the next replacement by slot, for workers that died early."""
        self._turns = [asyncio.Lock() for _ in range(settings.workers)]
        """Locks by slot: one replacement at a time."""
        self._restarting: asyncio.Task[None] | None = None
        self._turning: dict[asyncio.Task[None], Child] = {}
        """Orders that workers have not answered."""
        self._number = 0
        """Number of the last message that expects an answer."""

    # Start

    def open(self) -> None:
        flag, address = self.settings.listener
        self.sockets = open_sockets(address, self.settings.workers, flag)

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
        """Start a worker in a slot and wait until it serves. Raises CannotStart."""
        try:
            child = await self._launch(slot)
        except OSError as error:  # a lack of descriptors, memory or processes
            raise CannotStart(f"cannot start a worker: {(error.strerror or str(error)).lower()}") from error
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
        log.info("worker %d is serving (pid %d)", slot, child.process.pid)
        return child

    async def _launch(self, slot: int) -> Child:
        """Start a worker process with its channel and its counts. Raises OSError."""
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
                start_new_session=True,  # so that Ctrl-C in a terminal reaches only the supervisor
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
        """Begin to drain at the first signal, and stop immediately at the second."""
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

    def address(self) -> str:
        return told(self.sockets[0])

    def take(self) -> Observed:
        return Observed()  # workers send their observations themselves

    def replace_all(self) -> None:
        if self._restarting is not None and not self._restarting.done():
            log.info("the workers are already being replaced")
        elif self.current:
            self._restarting = self._begin(self.restart())

    async def put(self, revision: Revision, role: Role) -> list[object]:
        """Send a policy to the workers. A worker that does not apply it is replaced. The result is empty, because the
        workers hold the pieces."""
        policy = self._for_workers(revision, role)
        if role is Role.SHADOW:
            self.shadow_policy = policy
        else:
            self.policy = policy
        for child in list(self.children):
            if child.retired or child not in self.children:  # the loop waits, and workers end meanwhile
                continue
            # One at a time, so that cores are left for traffic. A stuck worker delays the next one only briefly.
            number = self._next_number()
            message = Put(number, policy, self.order_of(role), role is Role.SHADOW)
            putting = self._begin(self._ask(child, number, message))
            await asyncio.wait({putting}, timeout=TURN_SECONDS)
        return []

    def turn(self, order: Order, role: Role) -> set[asyncio.Task[None]]:
        """Send an order to the workers without waiting. `settle` waits."""
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
        """Wait until every worker has applied its last order. Return the number of late ones as text, or ""."""
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
            log.error("worker %d failed to apply the %s (%s); stopping it", child.slot, what, failure)
            child.kill()

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _for_workers(self, revision: Revision, role: Role) -> PolicyFilesRead:
        """Return the policy in the form for workers, with numbers for its labels."""
        self.labels.declare((entry.name for policy in revision.policies for entry in policy.entries), role)
        path = self.settings.shadow if role is Role.SHADOW else self.settings.policy
        paths = dict(self.settings.extproc_policy)
        labels = dict(self.labels.numbers)
        named = {
            name: _for_workers(paths[name], other, labels, revision.keys) for name, other in revision.named.items()
        }
        return _for_workers(path, revision, labels, revision.keys, named)

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
        """When a worker ends, keep its counts. Replace it unless it was asked to stop."""
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
        """Start a worker in this slot, and return whether it serves."""
        try:
            await self.spawn(slot)
        except CannotStart as error:
            log.error("worker %d failed to start: %s", slot, error)
            return False
        return True

    async def restart(self) -> None:
        """Replace the workers one at a time. The new worker serves before the old one drains."""
        for slot in range(self.settings.workers):
            async with self._turns[slot]:
                old = self.current[slot]
                if self.stopping.is_set() or not await self._try(slot):
                    return
                old.stop()
            await self._ended({old})
        log.info("replaced %s", counted(self.settings.workers, "worker"))

    async def _ended(self, children: set[Child]) -> None:
        """Wait for workers that were asked to stop, and kill those that are late."""
        settings = self.settings
        seconds = settings.drain_delay + settings.drain_timeout + GRACE_SECONDS
        if not await self._gone(children, seconds, self.hurry):
            for child in children & self.children:
                child.stop()  # the second request stops immediately
            await self._gone(children, GRACE_SECONDS)
        for child in children & self.children:
            child.kill()

    async def _gone(self, children: set[Child], seconds: float, hurry: asyncio.Future[None] | None = None) -> bool:
        """Wait for workers to end. Return False if the time is over, or `hurry` is done, before they have ended."""
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
        """Drain the workers. They hold the last copies of the listening sockets, and close them."""
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


def _for_workers(
    path: str,
    revision: Revision,
    labels: dict[Label, int],
    keys: tuple[bytes, ...],
    named: Mapping[str, PolicyFilesRead] | None = None,
) -> PolicyFilesRead:
    """Return the policy of a revision, or its files if it is large, so that workers parse only changed entries."""
    if sum(map(len, revision.files.values())) <= MAX_ELSEWHERE:
        return PolicyFilesRead(path, {}, labels, keys, named or {}, revision.policy)
    return PolicyFilesRead(path, revision.files, labels, keys, named or {})
