"""What a supervisor and a worker say to one another, over a pair of sockets that both were born with.

Signals are for the supervisor alone, which says everything here: a service manager that signals every process of a
group would else tell a worker twice.

Slow and urgent orders travel on one channel, in the order in which the supervisor decided. Three rules bring every
worker to the right state, however they interleave:

1. `Begin`, `Put` and `Turn` carry the newest order of the moment at which they are sent.
2. A worker's order is that of the last message that it received. It receives while it builds.
3. Whatever a worker puts in force, it puts in force in its order of that moment.

- `Turn` before `Put`: the policy of before turns, and the next one is built in the new order.
- `Turn` while the worker builds what a `Put` brought, or while that waits in the queue: the policy of before turns at
  once, and by rule 3 the next one is put in force in the new order.
- Two `Turn`s while it builds: the second counts.
- `Turn` to a worker that has not begun to serve: it serves in the new order from its first request on.
- `Turn` while the supervisor goes from worker to worker with a `Put`: it overtakes the `Put` where that was not sent
  yet, and that carries the new order by rule 1.
- A worker that dies: its replacement gets the newest policy and the newest order with `Begin`, and every message after
  that.
- `Put`s are worked on one after the other, so the last one wins.
"""

import asyncio
import contextlib
import pickle
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cookiewarden.core.engine.order import Order
from cookiewarden.serve.observe.metrics import Label
from cookiewarden.serve.settings import Settings

_LENGTH = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class PolicyFilesRead:
    """A policy as its supervisor read and validated it: the bytes of each file by name."""

    path: str
    files: Mapping[str, bytes]
    labels: dict[Label, int]
    """The labels of cookies with their numbers, this policy's among them."""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    """For the cookies that it seals."""


# To a worker


@dataclass(frozen=True, slots=True)
class Begin:
    """The first thing it hears. Answered."""

    settings: Settings
    policy: PolicyFilesRead
    order: Order
    shadow: PolicyFilesRead | None
    shadow_order: Order


@dataclass(frozen=True, slots=True)
class Put:
    """Put this policy in force. Answered by the same number, once it is."""

    number: int
    policy: PolicyFilesRead
    order: Order
    shadow: bool = False
    """It is the one to be tried."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Have the policy in force follow this order, at once: whatever `Put` is being worked on. Answered by the same
    number."""

    number: int
    order: Order
    shadow: bool = False
    """The policy that is tried."""


@dataclass(frozen=True, slots=True)
class ReloadCertificate:
    """Read the listener's certificate again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Drain and end; said again: end at once."""


# From a worker: `Observed`, what it observed since it last said so, and


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked is done, or why not. `Begin` is number 0."""

    number: int
    failure: str = ""


class Channel:
    """One end. Both ends are our own code, so that pickles are safe to read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        end.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, message: object) -> None:
        """Where the other end is gone, nothing happens: `receive` says so."""
        data = pickle.dumps(message)
        if not self.writer.is_closing():
            self.writer.write(_LENGTH.pack(len(data)) + data)

    async def receive(self) -> Any:
        """The next message; None where the other end is gone."""
        try:
            (length,) = _LENGTH.unpack(await self.reader.readexactly(_LENGTH.size))
            return pickle.loads(await self.reader.readexactly(length))  # noqa: S301 (from our own process)
        except (asyncio.IncompleteReadError, OSError):
            return None

    def close(self) -> None:
        self.writer.close()

    async def finish(self) -> None:
        """Close once the other end has been told everything."""
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
