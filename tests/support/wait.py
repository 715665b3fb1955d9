"""How long tests wait for anything that must come: much longer than it takes, for the machine may be busy."""

import time
from collections.abc import Callable

PATIENCE = 100.0
"""Seconds; below the timeout of a whole test, so that a failure says which wait it was."""


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Return whether it becomes true within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
