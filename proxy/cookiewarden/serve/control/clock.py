"""The two clocks that decide what is due. They are handed in, so that tests can set them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Where the system has it, the clock that also counts the time in which the machine was suspended."""


def elapsed() -> float:
    """Seconds since some moment: nobody can set them forward or back."""
    return time.clock_gettime(_ELAPSED)


@dataclass(frozen=True, slots=True)
class Clock:
    """`wall` says which day it is, in seconds since the epoch; it may be set. `elapsed` says how much time passes."""

    wall: Callable[[], float] = time.time
    elapsed: Callable[[], float] = elapsed
