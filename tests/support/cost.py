"""The growth of the cost of work with the size of its input, independent of wall time and of the machine."""

import time
from collections.abc import Callable

ROUNDS = 3
FACTOR = 8
LINEAR = FACTOR * 3.0
"""The bar of linear cost, with room for noise; quadratic cost is at FACTOR * FACTOR."""


def growth(work: Callable[[int], object], size: int) -> float:
    """Return the CPU time of `work(FACTOR * size)` divided by the time of `work(size)`, each at its quickest."""
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
