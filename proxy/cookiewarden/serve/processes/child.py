"""A worker process: `python -m cookiewarden.serve.processes.child NUMBER SOCKET CHANNEL COUNTS`.

The last three arguments are inherited descriptors. The worker serves until the supervisor stops it or ends."""

import signal

NOT_OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
"""Signals that only the supervisor handles."""

if __name__ == "__main__":  # before the imports, which take 0.3 s
    for number in NOT_OURS:
        signal.signal(number, signal.SIG_IGN)

import asyncio
import contextlib
import mmap
import os
import socket
import sys
from collections.abc import Awaitable, Callable

import uvloop

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.loaded import Unread
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code
from cookiewarden.keys import keyring
from cookiewarden.parsing import ParserHere
from cookiewarden.serve import log
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.observe.inventory import TAKE_SECONDS
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.offload import beside_traffic, free
from cookiewarden.serve.own_pages.in_force import Prepared, prepared, prepared_first, with_named
from cookiewarden.serve.processes.channel import Begin, Channel, Done, PolicyFilesRead, Put, Stop, Turn
from cookiewarden.serve.processes.serving import Serving


class Preparer:
    """Builds engines from the policies, or from the bytes of large ones, that the supervisor has validated."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._parser = ParserHere()
        """The parser of large policies."""

    async def prepared(
        self, read: PolicyFilesRead, order: Order, prepare: Callable[[Engine, Order], Awaitable[Prepared]]
    ) -> Prepared:
        """Prepare a policy and the further ones with names."""

        async def one(policy: PolicyFilesRead) -> Prepared:
            return await prepare(await self.engine(policy, order), order)

        return await with_named(read, read.named, one)

    async def engine(self, read: PolicyFilesRead, order: Order) -> Engine:
        def build() -> Engine:
            return Engine(self._policy(read), order.mode, order.now, keyring(read.keys))

        engine = await beside_traffic(build)
        labels = self.metrics.labels
        labels.numbers = labels.numbers | read.labels  # numbers never change
        self.metrics.declare(())
        return engine

    def _policy(self, read: PolicyFilesRead) -> Policy:
        return read.policy if read.policy is not None else self._parsed(read)

    def _parsed(self, read: PolicyFilesRead) -> Policy:
        missing = Unread(Code.INCLUDE_MISSING, "not among the files that the supervisor has read")
        loaded = self._parser.load(read.path, lambda name: read.files.get(name, missing))
        if loaded.policy is None:
            raise ValueError("a policy that the supervisor validated is not valid")
        for source in loaded.sources.values():
            source.clear()
        return loaded.policy


async def main(listening: int, descriptor: int, counts: int) -> None:
    """Run the worker. The arguments are descriptors of the listening socket, the channel and the counts."""
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
    hearing = asyncio.create_task(hear(channel, serving, policies))  # before the start, because of Turn
    try:
        made = await preparer.prepared(begin.policy, begin.order, prepared_first)
        shadow = await preparer.engine(begin.shadow, begin.shadow_order) if begin.shadow is not None else None
        await serving.start(made, shadow, socket.socket(fileno=listening))
    except CannotStart as error:
        channel.send(Done(0, str(error)))
        await channel.finish()
        return
    del begin, made, shadow  # otherwise the first policy stays in memory
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
    """Handle the messages of the supervisor. Stop when it has ended, because then the worker is not supervised."""
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
    """Apply an order at once."""
    failure = ""
    send_observed(channel, serving)  # the supervisor may drop earlier decisions after this
    try:
        serving.turn(message.order, message.shadow)
    except Exception as error:  # a fault of the proxy: the previous order stays, and the supervisor logs it
        failure = f"{type(error).__name__} in the worker; this is a bug, please report it"
    channel.send(Done(message.number, failure))


async def put(channel: Channel, serving: Serving, policies: asyncio.Queue[Put], preparer: Preparer) -> None:
    """Put policies in force, in sequence."""
    while True:
        message = await policies.get()
        number, failure = message.number, ""
        try:
            await free(await _put(channel, serving, message, preparer))
        except Exception as error:  # a fault of the proxy: the previous policy stays, and the supervisor logs it
            failure = f"{type(error).__name__} in the worker; this is a bug, please report it"
        del message  # otherwise it keeps a policy in memory until the next message
        channel.send(Done(number, failure))


async def _put(channel: Channel, serving: Serving, message: Put, preparer: Preparer) -> list[object]:
    """Put a policy in force. Return the pieces of the previous one."""
    order = serving.shadow_order if message.shadow else serving.order
    if message.shadow:
        return serving.replace_shadow(await preparer.engine(message.policy, order))
    made = await preparer.prepared(message.policy, order, prepared)
    send_observed(channel, serving)  # the supervisor drops decisions of the previous policy after this
    return serving.replace(made)


async def send_observed_always(channel: Channel, serving: Serving) -> None:
    while True:
        await asyncio.sleep(TAKE_SECONDS)
        send_observed(channel, serving)


def send_observed(channel: Channel, serving: Serving) -> None:
    """Send new observations for the inventory."""
    observed = serving.take()
    if observed != Observed():
        channel.send(observed)


if __name__ == "__main__":
    with log.to_standard_error(int(sys.argv[1])), contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main(*map(int, sys.argv[2:5])))
