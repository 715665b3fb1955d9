"""A worker process under a supervisor: `python -m cookiewarden.serve.child NUMBER SOCKET CHANNEL COUNTS`, the last three
descriptors that it was born with. It serves until it is told to stop, or until its supervisor is gone."""

import asyncio
import contextlib
import mmap
import os
import signal
import socket
import sys
from collections.abc import Mapping

import uvloop

from cookiewarden.core.document import Unread, load
from cookiewarden.core.engine import Engine
from cookiewarden.core.policy import Policy
from cookiewarden.core.problem import Code
from cookiewarden.keys import keyring
from cookiewarden.serve import log
from cookiewarden.serve.beside import beside_traffic
from cookiewarden.serve.channel import Begin, Channel, Done, PolicyFilesRead, Put, Saw, Stop
from cookiewarden.serve.inventory import TAKE_SECONDS
from cookiewarden.serve.listener import CannotStart
from cookiewarden.serve.metrics import Labels, Metrics
from cookiewarden.serve.sightings import Sighted
from cookiewarden.serve.worker import Worker

NOT_OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
"""Signals that are the supervisor's to act on."""


class Preparer:
    """Makes engines of policies that a supervisor has read, from the very bytes that it validated. One whose bytes are those of before,
    as where the mode is switched, is not parsed again: that is most of the time."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._known: tuple[Mapping[str, bytes], Policy] | None = None

    async def engine(self, read: PolicyFilesRead) -> Engine:
        def build() -> Engine:
            return Engine(self._policy(read), read.mode, read.now, keyring(read.keys))

        engine = await beside_traffic(build)
        labels = self.metrics.labels
        labels.numbers = labels.numbers | read.labels  # numbers never change
        self.metrics.declare(())
        return engine

    def _policy(self, read: PolicyFilesRead) -> Policy:
        if self._known is None or self._known[0] != read.files:
            missing = Unread(Code.INCLUDE_MISSING, "not among what the supervisor read")
            loaded = load(read.path, lambda name: read.files.get(name, missing))
            if loaded.policy is None:
                raise ValueError("what was valid no longer is")
            for source in loaded.sources.values():
                source.clear()
            self._known = read.files, loaded.policy
        return self._known[1]


async def main(listening: int, channel: int, counts: int) -> None:
    told = await Channel.over(socket.socket(fileno=channel))
    begin: Begin | None = await told.receive()
    if begin is None:
        return
    memory = mmap.mmap(counts, os.fstat(counts).st_size)
    metrics = Metrics(Labels(begin.settings.metrics_max_entries), memoryview(memory).cast("q"))
    worker = Worker(begin.settings, metrics)
    in_force, shadow = Preparer(metrics), Preparer(metrics)
    try:
        engine = await in_force.engine(begin.policy)
        if begin.shadow is not None:
            worker.shadow = await shadow.engine(begin.shadow)
        await worker.start(engine, socket.socket(fileno=listening))
    except CannotStart as error:
        told.send(Done(0, str(error)))
        await told.finish()
        return
    told.send(Done(0))
    policies: asyncio.Queue[Put] = asyncio.Queue()
    tasks = [
        asyncio.create_task(hear(told, worker, policies)),
        asyncio.create_task(put(told, worker, policies, in_force, shadow)),
        asyncio.create_task(worker.watch_certificate()),
        asyncio.create_task(tell_always(told, worker)),
    ]
    await worker.stopping.wait()
    await worker.drain()
    tell_what_was_seen(told, worker)
    for task in tasks:
        task.cancel()
    await worker.stop()
    await told.finish()


async def hear(told: Channel, worker: Worker, policies: asyncio.Queue[Put]) -> None:
    """Do what the supervisor says. Without it, nobody would replace this worker or tell what it counts: stop."""
    while (message := await told.receive()) is not None:
        if isinstance(message, Put):
            policies.put_nowait(message)
        elif isinstance(message, Stop):
            worker.ask_to_stop()
        else:
            worker.reload_certificate()
    worker.ask_to_stop()


async def put(
    told: Channel, worker: Worker, policies: asyncio.Queue[Put], in_force: Preparer, shadow: Preparer
) -> None:
    """Put policies in force, one after the other."""
    while True:
        message = await policies.get()
        failure = ""
        tell_what_was_seen(told, worker)  # the supervisor forgets what the policy before decided
        try:
            engine = await (shadow if message.shadow else in_force).engine(message.policy)
            await (worker.replace_shadow(engine) if message.shadow else worker.replace(engine))
        except Exception as error:  # our own fault: the old policy stays, and the supervisor says so
            failure = f"{type(error).__name__} in a worker, a bug to report"
        told.send(Done(message.number, failure))


async def tell_always(told: Channel, worker: Worker) -> None:
    while True:
        await asyncio.sleep(TAKE_SECONDS)
        tell_what_was_seen(told, worker)


def tell_what_was_seen(told: Channel, worker: Worker) -> None:
    """For the inventory."""
    sightings = worker.gateway.sightings
    if sightings is not None and (sighted := sightings.take()) != Sighted():
        told.send(Saw(sighted))


if __name__ == "__main__":
    for number in NOT_OURS:
        signal.signal(number, signal.SIG_IGN)
    with log.to_standard_error(int(sys.argv[1])), contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main(*map(int, sys.argv[2:5])))
