"""How the cost of work grows with the size of what it is given. No clock on the wall is asked, and no machine is too
slow."""

import time
from collections.abc import Callable

ROUNDS = 3
FACTOR = 8
LINEAR = FACTOR * 3.0
"""Below it is what costs the same for each octet, with room for noise; a square is at FACTOR * FACTOR."""


def growth(work: Callable[[int], object], size: int) -> float:
    """Return how many times the CPU time of `work(size)` that of `work(FACTOR * size)` is, each at its quickest."""
    times = 1
    while (small := _seconds(work, size, times)) < 0.002:
        times *= 2
    small, large = min(small, *(_seconds(work, size, times) for _ in range(ROUNDS))), float("inf")
    for _ in range(ROUNDS):
        large = min(large, _seconds(work, FACTOR * size, times))
        if large < LINEAR * small:
            break
    return large / small


def _seconds(work: Callable[[int], object], size: int, times: int) -> float:
    began = time.thread_time()
    for _ in range(times):
        work(size)
    return time.thread_time() - began
