"""The two clocks that decide when something is due. They are parameters, so that tests can set them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that includes the time in which the machine was suspended, if the system has one."""


def elapsed() -> float:
    """Return the seconds since a fixed moment, by a clock that cannot be set."""
    return time.clock_gettime(_ELAPSED)


@dataclass(frozen=True, slots=True)
class Clock:
    """The clocks. `wall` returns seconds since the epoch and may be set. `elapsed` measures durations."""

    wall: Callable[[], float] = time.time
    elapsed: Callable[[], float] = elapsed
