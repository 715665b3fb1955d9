"""A worker process under a supervisor: `python -m cookiewarden.serve.child NUMBER SOCKET CHANNEL COUNTS`, the last three
descriptors that it was born with. It serves until it is told to stop, or until its supervisor is gone."""

import asyncio
import mmap
import os
import signal
import socket
import sys

import uvloop

from cookiewarden.core.document import Unread, load
from cookiewarden.core.engine import Engine
from cookiewarden.core.problem import Code
from cookiewarden.serve import log
from cookiewarden.serve.channel import Begin, Channel, Done, PolicyFilesRead, Put
from cookiewarden.serve.listener import CannotStart
from cookiewarden.serve.metrics import Labels, Metrics
from cookiewarden.serve.reload import beside_traffic
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.worker import Worker


async def main(listening: int, channel: int, counts: int) -> None:
    told = await Channel.over(socket.socket(fileno=channel))
    begin: Begin | None = await told.receive()
    if begin is None:
        return
    memory = mmap.mmap(counts, os.fstat(counts).st_size)
    metrics = Metrics(Labels(begin.settings.metrics_max_entries), memoryview(memory).cast("q"))
    worker = Worker(begin.settings, metrics)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.ask_to_stop)
    try:
        engine = await prepared(begin.policy, begin.settings, metrics)
        await worker.start(engine, socket.socket(fileno=listening))
    except CannotStart as error:
        await told.send(Done(str(error)))
        return
    await told.send(Done())
    hearing = asyncio.create_task(hear(told, worker))
    watching = asyncio.create_task(worker.watch_certificate())
    await worker.stopping.wait()
    await worker.drain()
    watching.cancel()
    hearing.cancel()
    await worker.stop()
    told.close()


async def hear(told: Channel, worker: Worker) -> None:
    """Do what the supervisor says. Without it, nobody would replace this worker or tell what it counts: stop."""
    while (message := await told.receive()) is not None:
        failure = ""
        if isinstance(message, Put):
            try:
                await worker.replace(await prepared(message.policy, worker.settings, worker.metrics))
            except Exception as error:  # our own fault: the old policy stays, and the supervisor says so
                failure = f"{type(error).__name__} in a worker, a bug to report"
        else:
            worker.reload_certificate()
        await told.send(Done(failure))
    worker.ask_to_stop()


async def prepared(read: PolicyFilesRead, settings: Settings, metrics: Metrics) -> Engine:
    """The engine of a policy that a supervisor has read, from the very bytes that it validated."""

    def build() -> Engine:
        missing = Unread(Code.INCLUDE_MISSING, "not among what the supervisor read")
        loaded = load(read.path, lambda name: read.files.get(name, missing))
        if loaded.policy is None:
            raise ValueError("what was valid no longer is")
        for source in loaded.sources.values():
            source.clear()
        return Engine(loaded.policy, settings.mode)

    engine = await beside_traffic(build)
    metrics.labels.numbers = dict(read.labels)
    metrics.declare(())
    return engine


if __name__ == "__main__":
    log.set_up(int(sys.argv[1]))
    uvloop.run(main(*map(int, sys.argv[2:5])))
