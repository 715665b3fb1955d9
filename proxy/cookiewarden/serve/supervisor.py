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
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import uvloop
from aiohttp import web

from cookiewarden.core.document import Loaded
from cookiewarden.core.policy import Policy
from cookiewarden.core.problem import counted
from cookiewarden.files import PolicyFiles
from cookiewarden.serve.admin import bound, start_admin
from cookiewarden.serve.channel import Begin, Channel, Done, PolicyFilesRead, Put, ReloadCertificate
from cookiewarden.serve.exposition import Exposition, PolicyStatus, Workers
from cookiewarden.serve.listener import CannotStart, open_sockets
from cookiewarden.serve.metrics import GAUGES, Labels
from cookiewarden.serve.reload import Reloader
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.single import say_where

log = logging.getLogger("cookiewarden")

START_SECONDS = 60.0
"""For a worker to come up."""
PUT_SECONDS = 60.0
"""For a worker to put a policy in force."""
TURN_SECONDS = 2.0
"""Before the next worker begins with a policy, where the one before has not said that it is done."""
GRACE_SECONDS = 5.0
"""For a worker to end, beyond the time that it has to drain."""
YOUNG_SECONDS = 5.0
"""A worker that dies younger than this is not replaced at once."""
DELAY_SECONDS = 0.5, 10.0
"""But after this at first, twice as long each time, and this at most."""


def run(settings: Settings, files: PolicyFiles, loaded: Loaded) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotStart."""
    uvloop.run(Supervisor(settings, files).live(loaded))


@dataclass(eq=False, slots=True)
class Child:
    """A worker process."""

    slot: int
    process: Process
    channel: Channel
    counts: memoryview
    born: float
    retired: bool = False
    """It was told to stop."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, message: object, seconds: float) -> str:
        """Have it do something; why it was not done, or nothing."""
        async with self.turn:
            try:
                async with asyncio.timeout(seconds):
                    await self.channel.send(message)
                    answer: Done | None = await self.channel.receive()
            except TimeoutError:
                return "a worker did not answer"
            except OSError:
                answer = None
        return answer.failure if answer is not None else "a worker died"

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


class Supervisor:
    admin: web.AppRunner | None = None
    sockets: list[socket.socket]
    policy: PolicyFilesRead

    def __init__(self, settings: Settings, files: PolicyFiles) -> None:
        self.settings = settings
        self.files = files
        self.status = PolicyStatus()
        self.labels = Labels(settings.metrics_max_entries)
        self.workers = Workers([])
        self.reloader = Reloader(files, settings.mode, self.status, self.put)
        self.ended = [0] * self.labels.max_cells
        """The counts of all workers that ended."""
        self.current: dict[int, Child] = {}
        """The worker of each slot."""
        self.children: set[Child] = set()
        """All of them, those that are on their way out too."""
        self.stopping = asyncio.Event()
        self.hurry = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._delays: dict[int, float] = {}
        """By slot: how long the replacement of a worker that died soon waits."""
        self._turns = [asyncio.Lock() for _ in range(settings.workers)]
        """By slot: one replacement at a time."""
        self._restart = asyncio.Lock()

    async def live(self, loaded: Loaded) -> None:
        """Raises CannotStart."""
        self.handle_signals()
        await self.start(loaded)
        watching = asyncio.create_task(self.reloader.watch())
        try:
            await self.stopping.wait()
            await self.drain()
        finally:
            watching.cancel()
            await self.stop()

    # Start

    async def start(self, loaded: Loaded) -> None:
        if loaded.policy is None:
            raise CannotStart("the policy has errors")
        self.sockets = open_sockets(self.settings.listen, self.settings.workers)
        self._read(loaded.policy)
        started = await asyncio.gather(*map(self.spawn, range(self.settings.workers)), return_exceptions=True)
        failures = [failure for failure in started if isinstance(failure, BaseException)]
        if failures:
            await self.stop()
            raise failures[0]
        self.reloader.began(loaded.policy)
        exposition = Exposition(self.counts, self.labels, self.status, self.workers)
        try:
            self.admin = await start_admin(self.settings, exposition, self.unready)
        except CannotStart:
            await self.stop()
            raise
        say_where(self.settings, self.sockets[0], bound(self.admin))

    def handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self.ask_to_reload)
        loop.add_signal_handler(signal.SIGUSR2, lambda: self._begin(self.restart()))

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
        self._begin(self._bury(child))
        failure = await child.ask(Begin(self.settings, self.policy), START_SECONDS)
        if failure:
            child.retired = True
            child.signal(signal.SIGKILL)
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
                sys.executable, "-m", "cookiewarden.serve.child", *map(str, (slot, *handed)),
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
        return Child(slot, process, await Channel.over(ours), counts, asyncio.get_running_loop().time())

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Serve

    def ask_to_stop(self) -> None:
        """The first signal drains, the second ends at once."""
        if self.stopping.is_set():
            self.hurry.set()
        self.stopping.set()

    def ask_to_reload(self) -> None:
        for child in self.children:
            self._begin(self._reload_certificate(child))
        self.reloader.ask()

    async def _reload_certificate(self, child: Child) -> None:
        await child.ask(ReloadCertificate(), PUT_SECONDS)

    async def put(self, policy: Policy) -> None:
        """Have every worker put a policy in force. One that does not is ended: what replaces it has the policy."""
        self._read(policy)
        asked = []
        for child in [child for child in self.children if not child.retired]:
            asked.append(asyncio.ensure_future(self._put(child)))
            # One after the other, so that cores are left for traffic; but nobody waits for one that is stuck.
            await asyncio.wait(asked, timeout=TURN_SECONDS)
        await asyncio.gather(*asked)

    async def _put(self, child: Child) -> None:
        failure = await child.ask(Put(self.policy), PUT_SECONDS)
        if failure and child in self.children:
            log.error("worker %d did not take the policy (%s); it is ended", child.slot, failure)
            child.signal(signal.SIGKILL)

    def _read(self, policy: Policy) -> None:
        self.labels.declare(entry.name for entry in policy.entries)
        self.policy = PolicyFilesRead(self.files.path, self.files.raw, dict(self.labels.numbers))

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
        child.gone.set()
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
        async with self._restart:
            for slot in range(self.settings.workers):
                async with self._turns[slot]:
                    old = self.current[slot]
                    if self.stopping.is_set() or not await self._try(slot):
                        return
                    self.retire(old)
                await self._ended({old})
            log.info("restarted: %s", counted(self.settings.workers, "worker"))

    def retire(self, child: Child) -> None:
        child.retired = True
        child.signal(signal.SIGTERM)

    async def _ended(self, children: set[Child]) -> None:
        """Wait for workers that were told to end; those that do not in time are killed."""
        settings = self.settings
        seconds = settings.drain_delay + settings.drain_timeout + GRACE_SECONDS
        gone: asyncio.Future[Any] = asyncio.gather(*(child.gone.wait() for child in children))
        hurry: asyncio.Future[Any] = asyncio.ensure_future(self.hurry.wait())
        await asyncio.wait({gone, hurry}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for child in children & self.children:
            child.signal(signal.SIGTERM if self.hurry.is_set() else signal.SIGKILL)
        hurry.cancel()
        gone.cancel()

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
            self.retire(child)
        await self._ended(set(self.children))

    # Stop

    async def stop(self) -> None:
        self.stopping.set()
        for listening in self.sockets:
            listening.close()
        left = [asyncio.ensure_future(child.gone.wait()) for child in self.children]
        for child in self.children:
            if not child.retired:
                self.retire(child)
        if left:
            await asyncio.wait(left, timeout=GRACE_SECONDS)
        for child in self.children:
            child.signal(signal.SIGKILL)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
        if self.admin is not None:
            await self.admin.cleanup()
        log.info("stopped")


def _how(process: Process) -> str:
    code = process.returncode or 0
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
