"""A worker process under a supervisor: `python -m cookiewarden.serve.processes.child NUMBER SOCKET CHANNEL COUNTS`, the
last three descriptors that it was born with. It serves until it is told to stop, or until its supervisor is gone."""

import signal

NOT_OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
"""Signals that are the supervisor's to act on."""

if __name__ == "__main__":  # before the imports, which take 0.3 s
    for number in NOT_OURS:
        signal.signal(number, signal.SIG_IGN)

import asyncio
import contextlib
import mmap
import os
import socket
import sys

import uvloop

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.includes import Unread
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code
from cookiewarden.keys import keyring
from cookiewarden.serve import log
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.observe.inventory import TAKE_SECONDS
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.offload import beside_traffic, free
from cookiewarden.serve.own_pages.in_force import prepared
from cookiewarden.serve.processes.channel import Begin, Channel, Done, PolicyFilesRead, Put, Stop, Turn
from cookiewarden.serve.processes.serving import Serving


class Preparer:
    """Makes engines of policies that a supervisor has read, from the very bytes that it validated."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    async def engine(self, read: PolicyFilesRead, order: Order) -> Engine:
        def build() -> Engine:
            return Engine(_policy(read), order.mode, order.now, keyring(read.keys))

        engine = await beside_traffic(build)
        labels = self.metrics.labels
        labels.numbers = labels.numbers | read.labels  # numbers never change
        self.metrics.declare(())
        return engine


def _policy(read: PolicyFilesRead) -> Policy:
    missing = Unread(Code.INCLUDE_MISSING, "not among what the supervisor read")
    loaded = load(read.path, lambda name: read.files.get(name, missing))
    if loaded.policy is None:
        raise ValueError("what was valid no longer is")
    for source in loaded.sources.values():
        source.clear()
    return loaded.policy


async def main(listening: int, descriptor: int, counts: int) -> None:
    """`descriptor`: of the channel to the supervisor."""
    channel = await Channel.over(socket.socket(fileno=descriptor))
    begin: Begin | None = await channel.receive()
    if begin is None:
        return
    memory = mmap.mmap(counts, os.fstat(counts).st_size)
    metrics = Metrics(Labels(begin.settings.metrics_max_entries), memoryview(memory).cast("q"))
    serving = Serving(begin.settings, metrics)
    serving.order, serving.shadow_order = begin.order, begin.shadow_order
    preparer = Preparer(metrics)
    policies: asyncio.Queue[Put] = asyncio.Queue()
    hearing = asyncio.create_task(hear(channel, serving, policies))  # from the first moment on: see Turn
    try:
        made = await prepared(await preparer.engine(begin.policy, begin.order), begin.order)
        shadow = await preparer.engine(begin.shadow, begin.shadow_order) if begin.shadow is not None else None
        await serving.start(made, shadow, socket.socket(fileno=listening))
    except CannotStart as error:
        channel.send(Done(0, str(error)))
        await channel.finish()
        return
    del begin, made, shadow  # or the first policy lives as long as the worker
    channel.send(Done(0))
    tasks = [
        hearing,
        asyncio.create_task(put(channel, serving, policies, preparer)),
        asyncio.create_task(serving.worker.watch_certificate()),
        asyncio.create_task(send_observed_always(channel, serving)),
    ]
    await serving.worker.stopping.wait()
    await serving.worker.drain()
    send_observed(channel, serving)
    for task in tasks:
        task.cancel()
    await serving.stop()
    await channel.finish()


async def hear(channel: Channel, serving: Serving, policies: asyncio.Queue[Put]) -> None:
    """Do what the supervisor says. Without it, nobody would replace this worker or tell what it counts: stop."""
    while (message := await channel.receive()) is not None:
        if isinstance(message, Put):
            serving.expect(message.order, message.shadow)
            policies.put_nowait(message)
        elif isinstance(message, Turn):
            turn(channel, serving, message)
        elif isinstance(message, Stop):
            serving.worker.ask_to_stop()
        else:
            serving.worker.reload_certificate()
    serving.worker.ask_to_stop()


def turn(channel: Channel, serving: Serving, message: Turn) -> None:
    """Follow an order at once."""
    failure = ""
    send_observed(channel, serving)  # the supervisor may forget what was decided before
    try:
        serving.turn(message.order, message.shadow)
    except Exception as error:  # our own fault: the order of before stays, and the supervisor says so
        failure = f"{type(error).__name__} in a worker, a bug to report"
    channel.send(Done(message.number, failure))


async def put(channel: Channel, serving: Serving, policies: asyncio.Queue[Put], preparer: Preparer) -> None:
    """Put policies in force, one after the other."""
    while True:
        message = await policies.get()
        number, failure = message.number, ""
        try:
            await free(await _put(channel, serving, message, preparer))
        except Exception as error:  # our own fault: the old policy stays, and the supervisor says so
            failure = f"{type(error).__name__} in a worker, a bug to report"
        del message  # or it holds a policy until the next one comes
        channel.send(Done(number, failure))


async def _put(channel: Channel, serving: Serving, message: Put, preparer: Preparer) -> list[object]:
    """Return the pieces of the policy before."""
    order = serving.shadow_order if message.shadow else serving.order
    engine = await preparer.engine(message.policy, order)
    if message.shadow:
        return serving.replace_shadow(engine)
    made = await prepared(engine, order)
    send_observed(channel, serving)  # the supervisor forgets what the policy before decided
    return serving.replace(made)


async def send_observed_always(channel: Channel, serving: Serving) -> None:
    while True:
        await asyncio.sleep(TAKE_SECONDS)
        send_observed(channel, serving)


def send_observed(channel: Channel, serving: Serving) -> None:
    """For the inventory."""
    observed = serving.take()
    if observed != Observed():
        channel.send(observed)


if __name__ == "__main__":
    with log.to_standard_error(int(sys.argv[1])), contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main(*map(int, sys.argv[2:5])))
