"""The clients' connections: which are open, which wait for a request, whether there is room for one more, and the tick.

Deadlines are an attribute of each connection, `due`, that is looked at once a tick: setting one costs a store where a
timer costs a heap, and a look at 10,000 connections takes 0.4 ms."""

import asyncio
import os
import resource
from collections.abc import Callable

NEVER = float("inf")
TICK = 0.1
"""Seconds between two looks at the deadlines: the precision of every timeout but `connect_timeout`."""


class Client(asyncio.Protocol):
    """A client's connection, whatever it carries."""

    due = NEVER
    """When the client is late, on the loop's clock."""

    def late(self) -> None:
        """`due` has passed."""
        raise NotImplementedError

    def close(self) -> None:
        """Close once what was written is read."""
        raise NotImplementedError

    def abort(self) -> None:
        """Close at once."""
        raise NotImplementedError


class Connections:
    """The clients of one worker. One event loop, no locks."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        """`most`: clients at a time; 0: as many as there are descriptors for."""
        self.loop = loop
        self.most = most or _most_by_descriptors()
        self.open: set[Client] = set()
        self.idle: dict[Client, None] = {}
        """Clients between two requests, the one that has waited longest first."""
        self.draining = False
        """No client is to send another request."""
        self._ticker: asyncio.TimerHandle | None = None

    def start(self, tick: Callable[[float], None]) -> None:
        """Look at the deadlines from now on. `tick`: what else is done then, with the moment on the loop's clock."""
        self._ticker = self.loop.call_later(TICK, self._tick, tick)

    def _tick(self, tick: Callable[[float], None]) -> None:
        # First of all: whatever fails in one turn, every timeout hangs on the next.
        self._ticker = self.loop.call_later(TICK, self._tick, tick)
        now = self.loop.time()
        for client in [client for client in self.open if client.due <= now]:
            client.due = NEVER
            client.late()
        tick(now)

    def has_room(self, arriving: int = 0) -> bool:
        """Whether one more client is within the limit, beside those that are arriving. At the limit the one that has
        been idle for longest goes."""
        if len(self.open) + arriving < self.most:
            return True
        idle = next(iter(self.idle), None)
        if idle is None:
            return False
        self.idle.pop(idle)
        idle.close()  # it is open, and may be late, until what was written is read
        return True

    def close_idle(self) -> None:
        """Close every client that waits between two requests."""
        for client in list(self.idle):
            self.idle.pop(client)
            client.close()

    def abort_all(self) -> None:
        """End every client at once."""
        for client in list(self.open):
            client.abort()

    def stop(self) -> None:
        """Look at no deadline any more."""
        if self._ticker is not None:
            self._ticker.cancel()


def _most_by_descriptors() -> int:
    """Two descriptors for each client, and some for the rest (RLIMIT_NOFILE is the soft one)."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = os.sysconf("SC_OPEN_MAX")
    return max(16, (soft - 64) // 2)
