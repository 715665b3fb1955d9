"""Waits of the tests, much longer than usual, because the machine may be busy."""

import time
from collections.abc import Callable

PATIENCE = 100.0
"""Seconds; below the timeout of a whole test, so that a failure names the wait."""


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Return whether the condition becomes true within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def at_rest(value: Callable[[], int], seconds: float = 0.7) -> int:
    """Return a number once it has not changed for some time."""
    until = time.monotonic() + PATIENCE
    seen, since = value(), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.05)
        if (now := value()) != seen:
            seen, since = now, time.monotonic()
            assert since < until, "it never comes to rest"
    return seen
