"""Messages between a supervisor and a worker, over a socket pair that is created with the worker.

Only the supervisor acts on signals and passes them on as messages. A service manager may signal all processes of a
group, and a worker would otherwise act twice.

Slow and urgent orders use one channel, in the order of the supervisor's decisions. Three rules bring each worker to the
correct state, however the messages interleave:

1. `Begin`, `Put` and `Turn` carry the newest order at the time of sending.
2. The order of a worker is the order in the last message that it received. It receives messages while it builds.
3. A worker puts a policy in force in its order at that moment.

- `Turn` before `Put`: the previous policy turns, and the next one is built in the new order.
- `Turn` while a `Put` is queued or its policy is being built: the previous policy turns at once. By rule 3, the next
  one is put in force in the new order.
- Two `Turn`s while it builds: the second one applies.
- `Turn` to a worker that does not serve yet: it serves in the new order from its first request.
- `Turn` while the supervisor sends a `Put` to one worker after another: `Turn` overtakes the `Put` where that is not
  sent yet. By rule 1, the `Put` then carries the new order.
- A worker that dies: its replacement gets the newest policy and order with `Begin`, and every later message.
- `Put`s are processed in sequence, so the last one wins.
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
from cookiewarden.core.policy.policy import Policy
from cookiewarden.serve.observe.metrics import Label
from cookiewarden.serve.settings import Settings

_LENGTH = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class PolicyFilesRead:
    """A policy that the supervisor has validated. `files`: the content of each file by name, if it is large."""

    path: str
    files: Mapping[str, bytes]
    labels: dict[Label, int]
    """Labels of cookies with their numbers, including this policy's."""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Keys for the cookies that the policies seal."""
    named: Mapping[str, "PolicyFilesRead"] = field(default_factory=dict)
    """Further policies by name."""
    policy: Policy | None = None
    """The policy itself; None if it is large. A worker then parses the files, and keeps entries that do not change."""


# Messages to a worker


@dataclass(frozen=True, slots=True)
class Begin:
    """The first message. It is answered."""

    settings: Settings
    policy: PolicyFilesRead
    order: Order
    shadow: PolicyFilesRead | None
    shadow_order: Order


@dataclass(frozen=True, slots=True)
class Put:
    """A request to put a policy in force. The answer has the same number and is sent when that is done."""

    number: int
    policy: PolicyFilesRead
    order: Order
    shadow: bool = False
    """True for the shadow policy."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A request to apply an order to the policy in force at once, even if a `Put` is in progress. The answer has the
    same number."""

    number: int
    order: Order
    shadow: bool = False
    """True for the shadow policy."""


@dataclass(frozen=True, slots=True)
class ReloadCertificate:
    """A request to read the listener's certificate again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A request to drain and end. A second one ends the worker immediately."""


# Messages from a worker: `Observed` (observations since the last message), and


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a request. `failure`: the reason, or empty for success. The number of `Begin` is 0."""

    number: int
    failure: str = ""


class Channel:
    """One end of the socket pair. Both ends are our own processes, so unpickling is safe."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        end.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, message: object) -> None:
        """Send a message. If the other end has closed, drop it; `receive` reports the end."""
        data = pickle.dumps(message)
        if not self.writer.is_closing():
            self.writer.write(_LENGTH.pack(len(data)) + data)

    async def receive(self) -> Any:
        """Return the next message; None if the other end has closed."""
        try:
            (length,) = _LENGTH.unpack(await self.reader.readexactly(_LENGTH.size))
            return pickle.loads(await self.reader.readexactly(length))  # noqa: S301 (from our own process)
        except (asyncio.IncompleteReadError, OSError):
            return None

    def close(self) -> None:
        self.writer.close()

    async def finish(self) -> None:
        """Close after all messages have been sent."""
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
