"""Timeouts of one length for many connections: an insertion-ordered dict and one tick, no timer per request.

Because all deadlines of one queue have the same length and the newest goes to the end, the first one is always
the first due, and a tick stops at the first that is not.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

TICK = 0.1
"""Seconds between two looks at the deadlines: the precision of every timeout but `connect_timeout`."""


class Deadlines(Generic[T]):
    """Calls `expire(thing)` once `timeout` seconds have passed since `start` or the last `touch`."""

    __slots__ = ("_due", "expire", "timeout")

    def __init__(self, timeout: float, expire: Callable[[T], None]) -> None:
        self.timeout = timeout
        self.expire = expire
        self._due: dict[T, float] = {}

    def start(self, thing: T, now: float) -> None:
        self._due.pop(thing, None)
        self._due[thing] = now + self.timeout

    def touch(self, thing: T, now: float) -> None:
        """Start anew what is running; leave alone what is not."""
        if self._due.pop(thing, None) is not None:
            self._due[thing] = now + self.timeout

    def stop(self, thing: T) -> None:
        self._due.pop(thing, None)

    def first(self) -> T | None:
        """The one that has waited longest."""
        return next(iter(self._due), None)

    def all(self) -> list[T]:
        return list(self._due)

    def __contains__(self, thing: T) -> bool:
        return thing in self._due

    def __len__(self) -> int:
        return len(self._due)

    def tick(self, now: float) -> None:
        while self._due:
            thing, due = next(iter(self._due.items()))
            if due > now:
                return
            del self._due[thing]
            self.expire(thing)
